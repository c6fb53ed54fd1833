"""Signing in with supabase-py against the whole stack, each test with a database of its own."""

import pytest
from supabase import Client
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError
from supabase_auth.types import AuthResponse

from edge.pytest_fixtures import AsUser, Project

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore:The .* parameter is deprecated"),  # raised inside the client
]
PASSWORD = "correct horse"
EMAIL = "ann@example.com"


@pytest.fixture
def client(project: Project) -> Client:
    """A visitor with the publishable key."""
    return project.connect(project.stack.publishable_key)


def sign_up(client: Client) -> AuthResponse:
    return client.auth.sign_up(
        {"email": EMAIL, "password": PASSWORD, "options": {"data": {"name": "Ann"}}}
    )


def test_a_new_user_has_a_session_and_sees_only_their_rows(
    client: Client, as_user: AsUser, service: Client
) -> None:
    user = sign_up(client).user
    assert user is not None

    rows = client.table("funnel_projects").insert({"name": "Mine"}).execute().data

    assert user.user_metadata["name"] == "Ann"
    assert [row["user_id"] for row in rows] == [user.id]
    assert as_user("bob@example.com").table("funnel_projects").select("*").execute().data == []
    assert service.table("funnel_projects").select("*").execute().data == rows


def test_signing_in_again_finds_the_same_user(client: Client, project: Project) -> None:
    user = sign_up(client).user
    assert user is not None
    other = project.connect(project.stack.publishable_key)

    other.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})

    found = other.auth.get_user()
    assert found is not None
    assert found.user.id == user.id
    assert found.user.identities is not None
    assert found.user.identities[0].provider == "email"
    assert project.sql("select email from auth.users") == [(EMAIL,)]


def test_refusals_have_gotrues_codes(client: Client) -> None:
    with pytest.raises(AuthApiError) as wrong:
        client.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})
    with pytest.raises(AuthWeakPasswordError) as weak:
        client.auth.sign_up({"email": EMAIL, "password": "short"})

    assert (wrong.value.status, wrong.value.code) == (400, "invalid_credentials")
    assert weak.value.reasons == ["length"]


def test_a_session_is_refreshed_and_changed(as_user: AsUser) -> None:
    client = as_user(EMAIL)
    before = client.auth.get_session()
    after = client.auth.refresh_session().session
    assert before is not None
    assert after is not None

    changed = client.auth.update_user({"data": {"team": "red"}})

    assert after.refresh_token != before.refresh_token
    assert changed.user.user_metadata["team"] == "red"
    claims = client.auth.get_claims()
    assert claims is not None
    assert claims["claims"]["session_id"]


def test_signing_out_ends_the_session(as_user: AsUser) -> None:
    client = as_user(EMAIL)
    session = client.auth.get_session()
    assert session is not None

    client.auth.sign_out()

    with pytest.raises(AuthApiError) as ended:
        client.auth.refresh_session(session.refresh_token)
    assert ended.value.code == "refresh_token_not_found"


def test_the_secret_key_manages_users(client: Client, project: Project) -> None:
    admin = project.connect(project.stack.secret_key).auth.admin
    created = admin.create_user({"email": EMAIL, "password": PASSWORD, "email_confirm": True}).user

    signed_in = client.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD}).user

    assert signed_in is not None
    assert signed_in.id == created.id
    assert admin.get_user_by_id(created.id).user.email == EMAIL
    assert [user.id for user in admin.list_users(page=1, per_page=50)] == [created.id]
    admin.delete_user(created.id)
    assert admin.list_users() == []
    with pytest.raises(AuthApiError) as gone:
        admin.get_user_by_id(created.id)
    assert gone.value.code == "user_not_found"
