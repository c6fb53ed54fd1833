"""Row-level security with two users and an admin: owners see their rows, and no one else's."""

from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from tests.support.conversations import Database
from tests.support.media.database import MediaDatabase

pytestmark = pytest.mark.process

# Tables, and what a row of them holds besides its owner.
OWNED: dict[str, dict[str, Any]] = {
    "projects": {"title": "p"},
    "user_collections": {"name": "c"},
    "conversations": {"title": "t"},
    "usage_logs": {"action": "a"},
    "user_activity_log": {"action": "a"},
    "user_roles": {"role": "guest"},
    "workspace_assets": {},
    "user_library": {},
    "jobs": {},
}
ADMIN_SEES = {"jobs", "workspace_assets", "user_library", "usage_logs", "user_activity_log",
              "user_roles"}  # fmt: skip
ADMIN_ONLY: dict[str, dict[str, Any]] = {
    "prompt_templates": {
        "template_name": "t", "enhancer_model": "e", "use_case": "u", "job_type": "chat",
        "system_prompt": "s",
    },
    "negative_prompts": {"negative_prompt": "n"},
    "workers": {"worker_type": "chat", "base_url": "http://w"},
    "api_providers": {"name": "x", "display_name": "x"},
}  # fmt: skip


@pytest.fixture
def admin(media: MediaDatabase) -> str:
    admin = media.add_user()
    media.connection.execute(
        "insert into public.user_roles (user_id, role) values (%s, 'admin')", (admin,)
    )
    return admin


@pytest.fixture
def users(media: MediaDatabase) -> Database:
    """Connections as each user."""
    info = media.connection.info
    dsn = f"{info.dsn} password={info.password}" if info.password else info.dsn
    return Database(dsn, media.user_id, media.add_user())


def insert(connection: Any, table: str, row: dict[str, Any]) -> str:
    names = ", ".join(row)
    values = ", ".join(["%s"] * len(row))
    query = f"insert into public.{table} ({names}) values ({values}) returning id"
    found = connection.execute(query.encode(), list(row.values())).fetchone()
    assert found
    return str(found[0])


def add_row(media: MediaDatabase, table: str, owner: str) -> str:
    if table == "jobs":
        return media.enqueue(owner)["job_id"]
    file = {"asset_type": "image", "file_size_bytes": 1, "mime_type": "image/png",
            "original_prompt": "p", "model_used": "m"}  # fmt: skip
    if table == "workspace_assets":
        job_id = media.enqueue(owner)["job_id"]
        row = {**file, "job_id": job_id, "temp_storage_path": f"{owner}/{job_id}/0.png",
               "generation_seed": 1}  # fmt: skip
    elif table == "user_library":
        row = {**file, "storage_path": f"{owner}/{uuid4()}.png"}
    else:
        row = OWNED[table]
    return insert(media.connection, table, {"user_id": owner, **row})


def count(connection: Any, table: str, row_id: str) -> int:
    query = f"select count(*) from public.{table} where id::text = %s".encode()
    return connection.execute(query, (row_id,)).fetchone()[0]


def change(connection: Any, query: LiteralString | bytes, *values: object) -> int:
    """Return the number of changed rows; 0 if it is refused."""
    try:
        with connection.transaction():
            return connection.execute(query, values).rowcount
    except psycopg.errors.InsufficientPrivilege:
        return 0


@pytest.mark.parametrize("table", OWNED)
def test_rows_are_read_by_their_owner(
    media: MediaDatabase, users: Database, admin: str, table: str
) -> None:
    row_id = add_row(media, table, users.ann)

    with users.as_user(users.ann) as own, users.as_user(users.bob) as other:
        assert (count(own, table, row_id), count(other, table, row_id)) == (1, 0)
    with users.as_user(admin) as connection:
        assert count(connection, table, row_id) == (table in ADMIN_SEES)
    with users.as_anon() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        count(connection, table, row_id)


@pytest.mark.parametrize("table", OWNED)
def test_rows_are_not_changed_by_others(media: MediaDatabase, users: Database, table: str) -> None:
    row_id = add_row(media, table, users.ann)

    with users.as_user(users.bob) as other:
        column = {"jobs": "status = 'cancelled'"}.get(table, "user_id = user_id")
        update = f"update public.{table} set {column} where id::text = %s"
        remove = f"delete from public.{table} where id::text = %s"
        assert change(other, update.encode(), row_id) == 0
        assert change(other, remove.encode(), row_id) == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            insert(other, table, {"user_id": users.ann, **OWNED[table]})


@pytest.mark.parametrize("table", ["projects", "user_collections", "conversations"])
def test_owners_write_what_is_theirs(users: Database, table: str) -> None:
    with users.as_user(users.ann) as own:
        row_id = insert(own, table, {"user_id": users.ann, **OWNED[table]})
        (name,) = OWNED[table]
        update = f"update public.{table} set {name} = 'new' where id::text = %s".encode()
        assert change(own, update, row_id) == 1
        remove = f"delete from public.{table} where id::text = %s".encode()
        assert change(own, remove, row_id) == 1


@pytest.mark.parametrize("table", ADMIN_ONLY)
def test_settings_are_an_admin_s(users: Database, admin: str, table: str) -> None:
    with (
        users.as_user(users.ann) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        insert(connection, table, ADMIN_ONLY[table])
    with users.as_user(admin) as connection:
        row_id = insert(connection, table, ADMIN_ONLY[table])
        (name,) = list(ADMIN_ONLY[table])[:1]
        update = f"update public.{table} set {name} = {name} where id::text = %s".encode()
        assert change(connection, update, row_id) == 1
        remove = f"delete from public.{table} where id::text = %s".encode()
        assert change(connection, remove, row_id) == 1


def test_the_settings_row_is_an_admin_s(users: Database, admin: str) -> None:
    update = "update public.system_config set config = config"
    for user, seen in ((users.ann, 0), (admin, 1)):
        with users.as_user(user) as connection:
            assert count(connection, "system_config", "1") == seen
            assert change(connection, update) == seen


def test_models_are_read_while_they_are_active(
    media: MediaDatabase, users: Database, admin: str
) -> None:
    provider = insert(media.connection, "api_providers", {"name": "p", "display_name": "p"})
    row = {"provider_id": provider, "model_key": "m", "display_name": "m", "modality": "image",
           "task": "t"}  # fmt: skip
    active = insert(media.connection, "api_models", row)
    off = insert(media.connection, "api_models", {**row, "model_key": "n", "is_active": False})

    with users.as_user(users.ann) as connection:
        seen = [count(connection, "api_models", each) for each in (active, off)]
        assert seen == [1, 0]
        remove = "delete from public.api_models where id::text = %s"
        assert change(connection, remove, active) == 0
    with users.as_user(admin) as connection:
        assert count(connection, "api_models", off) == 1


def test_messages_belong_to_the_conversation_s_owner(media: MediaDatabase, users: Database) -> None:
    talk = add_row(media, "conversations", users.ann)
    row = {"conversation_id": talk, "sender": "user", "content": "hi"}

    with users.as_user(users.bob) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        insert(other, "messages", row)
    with users.as_user(users.ann) as own, pytest.raises(psycopg.errors.InsufficientPrivilege):
        insert(own, "messages", {**row, "sender": "assistant"})
    message = insert(media.connection, "messages", row)
    with users.as_user(users.ann) as own, users.as_user(users.bob) as other:
        assert (count(own, "messages", message), count(other, "messages", message)) == (1, 0)


def test_a_conversation_refers_to_what_its_owner_sees(
    media: MediaDatabase, users: Database
) -> None:
    project = add_row(media, "projects", users.ann)
    hidden = insert(media.connection, "characters", {"user_id": users.ann, "name": "h",
                                                     "is_public": False})  # fmt: skip

    for row in ({"project_id": project}, {"character_id": hidden}):
        with users.as_user(users.bob) as other, pytest.raises(psycopg.Error):
            insert(other, "conversations", {"user_id": users.bob, **row})
        with users.as_user(users.ann) as own:
            assert insert(own, "conversations", {"user_id": users.ann, **row})


def test_characters_are_public_or_their_owner_s(media: MediaDatabase, users: Database) -> None:
    row = {"user_id": users.ann, "name": "c"}
    public = insert(media.connection, "characters", row)
    hidden = insert(media.connection, "characters", {**row, "is_public": False})

    with users.as_user(users.bob) as other:
        assert [count(other, "characters", each) for each in (public, hidden)] == [1, 0]
        for query in (b"update public.characters set name = 'x' where id::text = %s",
                      b"delete from public.characters where id::text = %s"):  # fmt: skip
            assert change(other, query, public) == 0


def test_a_public_library_row_is_read_and_not_changed(
    media: MediaDatabase, users: Database
) -> None:
    row_id = add_row(media, "user_library", users.ann)
    publish = "update public.user_library set visibility = 'public' where id::text = %s"
    with users.as_user(users.ann) as own:
        assert change(own, publish, row_id) == 1
        assert change(own, "update public.user_library set storage_path = 'x'") == 0
    with users.as_user(users.bob) as other:
        assert count(other, "user_library", row_id) == 1
        assert change(other, publish, row_id) == 0


@pytest.mark.parametrize("column", ["token_balance = 9", "age_verified = true", "role = 'admin'"])
def test_a_profile_s_owner_changes_its_name_alone(
    media: MediaDatabase, users: Database, column: str
) -> None:
    with users.as_user(users.ann) as own:
        insert(own, "profiles", {"id": users.ann, "username": "ann"})
        assert change(own, "update public.profiles set username = 'anne'") == 1
        assert change(own, f"update public.profiles set {column}".encode()) == 0
    insert(media.connection, "profiles", {"id": users.bob, "username": "bob"})
    with users.as_user(users.ann) as own:
        assert count(own, "profiles", users.bob) == 0


BUCKETS = ["workspace-temp", "user-library", "reference_images", "avatars", "videos"]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_files_are_written_by_the_owner_of_their_folder(users: Database, bucket: str) -> None:
    put = "insert into storage.objects (bucket_id, name) values (%s, %s)"
    path = f"{users.ann}/a.png"
    is_public = bucket in ("avatars", "videos")

    with users.as_user(users.bob) as other:
        assert change(other, put, bucket, path) == 0
    with users.as_user(users.ann) as own:
        assert change(own, put, bucket, path) == 1
    see = "select count(*) from storage.objects where bucket_id = %s and name = %s"
    for user, seen in ((users.ann, 1), (users.bob, int(is_public))):
        with users.as_user(user) as connection:
            row = connection.execute(see, (bucket, path)).fetchone()
            assert row == (seen,)
    move = "update storage.objects set name = %s where bucket_id = %s and name = %s"
    with users.as_user(users.bob) as other:
        assert change(other, move, f"{users.bob}/a.png", bucket, path) == 0


def test_system_assets_are_written_by_admins(users: Database, admin: str) -> None:
    put = "insert into storage.objects (bucket_id, name) values ('system_assets', %s)"
    for user, count_ in ((users.ann, 0), (admin, 1)):
        with users.as_user(user) as connection:
            assert change(connection, put, f"{user}/a.png") == count_


def test_changes_are_published_with_whole_rows(media: MediaDatabase) -> None:
    published = media.connection.execute(
        "select tablename, relreplident::text from pg_publication_tables"
        " join pg_class on relname = tablename and relnamespace = 'public'::regnamespace"
        " where pubname = 'supabase_realtime' and schemaname = 'public'"
    ).fetchall()

    expected = {"jobs", "workspace_assets", "user_library", "system_config", "characters",
                "messages"}  # fmt: skip
    assert expected <= {table for table, _ in published}
    assert all(identity == "f" for table, identity in published if table in expected)
