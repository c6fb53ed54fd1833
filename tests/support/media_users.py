"""Users of the media functions, with their tokens and roles."""

from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from tests.conftest import RunningStack


@dataclass(frozen=True, slots=True)
class MediaUser:
    """A signed-in user of the stack."""

    stack: RunningStack
    id: str
    token: str

    def call(self, slug: str, body: object) -> httpx.Response:
        return self.stack.call(slug, body, self.token)

    def call_without_body(self, slug: str) -> httpx.Response:
        with self.stack.client(self.token) as client:
            return client.post(f"/functions/v1/{slug}")

    def rows(self, query: str, *arguments: object) -> list[Any]:
        with psycopg.connect(self.stack.dsn) as connection:
            return connection.execute(query, arguments).fetchall()


def create_media_user(stack: RunningStack, *, role: str | None = None) -> MediaUser:
    """Create a user, with a role of user_roles if one is given."""
    user = MediaUser(stack, *stack.create_user())
    if role:
        with psycopg.connect(stack.dsn) as connection:
            connection.execute(
                "insert into user_roles (user_id, role) values (%s, %s)", (user.id, role)
            )
    return user
