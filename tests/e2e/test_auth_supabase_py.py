"""Signing in with supabase-py against the whole stack."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import pytest
from supabase import Client, ClientOptions, create_client
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError
from supabase_auth.types import AuthResponse

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore:The .* parameter is deprecated"),  # raised inside the client
]
PASSWORD = "correct horse"
Connect = Callable[[str], Client]


@pytest.fixture
def connect(stack: RunningStack) -> Iterator[Connect]:
    """Makes clients, and closes their connections at the end."""
    with ExitStack() as exits:

        def make(key: str) -> Client:
            session = exits.enter_context(httpx.Client(timeout=PATIENCE))
            return create_client(
                stack.url, key, ClientOptions(httpx_client=session, auto_refresh_token=False)
            )

        yield make


@pytest.fixture
def client(stack: RunningStack, connect: Connect) -> Client:
    """A visitor with the publishable key."""
    return connect(stack.publishable_key)


def sign_up(client: Client) -> AuthResponse:
    email = f"{uuid4()}@example.com"
    return client.auth.sign_up(
        {"email": email, "password": PASSWORD, "options": {"data": {"name": "Ann"}}}
    )


def test_a_new_user_has_a_session_and_sees_only_their_rows(client: Client) -> None:
    user = sign_up(client).user
    assert user is not None

    rows = client.table("funnel_projects").insert({"name": "Mine"}).execute().data

    assert user.user_metadata["name"] == "Ann"
    assert rows[0]["user_id"] == user.id


def test_signing_in_again_finds_the_same_user(client: Client, connect: Connect) -> None:
    user = sign_up(client).user
    assert user is not None
    assert user.email is not None
    other = connect(client.supabase_key)

    other.auth.sign_in_with_password({"email": user.email, "password": PASSWORD})

    found = other.auth.get_user()
    assert found is not None
    assert found.user.id == user.id
    assert found.user.identities is not None
    assert found.user.identities[0].provider == "email"


def test_refusals_have_gotrues_codes(client: Client) -> None:
    with pytest.raises(AuthApiError) as wrong:
        client.auth.sign_in_with_password({"email": "unknown@example.com", "password": PASSWORD})
    with pytest.raises(AuthWeakPasswordError) as weak:
        client.auth.sign_up({"email": f"{uuid4()}@example.com", "password": "short"})

    assert (wrong.value.status, wrong.value.code) == (400, "invalid_credentials")
    assert weak.value.reasons == ["length"]


def test_a_session_is_refreshed_and_changed(client: Client) -> None:
    before = sign_up(client).session
    after = client.auth.refresh_session().session
    assert before is not None
    assert after is not None

    changed = client.auth.update_user({"data": {"team": "red"}})

    assert after.refresh_token != before.refresh_token
    assert changed.user.user_metadata["team"] == "red"
    claims = client.auth.get_claims()
    assert claims is not None
    assert claims["claims"]["session_id"]


def test_signing_out_ends_the_session(client: Client) -> None:
    session = sign_up(client).session
    assert session is not None

    client.auth.sign_out()

    with pytest.raises(AuthApiError) as ended:
        client.auth.refresh_session(session.refresh_token)
    assert ended.value.code == "refresh_token_not_found"


def test_the_secret_key_manages_users(
    stack: RunningStack, client: Client, connect: Connect
) -> None:
    admin = connect(stack.secret_key).auth.admin
    email = f"{uuid4()}@example.com"
    created = admin.create_user({"email": email, "password": PASSWORD, "email_confirm": True}).user

    signed_in = client.auth.sign_in_with_password({"email": email, "password": PASSWORD}).user

    assert signed_in is not None
    assert signed_in.id == created.id
    assert admin.get_user_by_id(created.id).user.email == email
    assert created.id in {user.id for user in admin.list_users(page=1, per_page=50)}
    admin.delete_user(created.id)
    with pytest.raises(AuthApiError) as gone:
        admin.get_user_by_id(created.id)
    assert gone.value.code == "user_not_found"
