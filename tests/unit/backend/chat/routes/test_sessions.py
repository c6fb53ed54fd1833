"""What is said of a session that cannot be deleted."""

import httpx

from backend.chat.app import make_app
from backend.chat.settings import Settings


async def test_a_session_that_was_not_deleted_is_said_to_be_whole() -> None:
    """The database is not open: the application has not started."""
    app = make_app(Settings("http://127.0.0.1:9", "key", "sqlite:///unused.db"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.delete("/session/s")
    assert answer.status_code == 503
    assert "Neither the session nor its messages" in answer.json()["message"]
    assert "Try again" in answer.json()["message"]
