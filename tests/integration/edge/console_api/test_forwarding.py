"""The stack's services through the API: with the secret key, as somebody, audited."""

from uuid import uuid4

import pytest

from tests.integration.edge.console_api.client import Console

pytestmark = [pytest.mark.e2e]


def test_users_are_created_banned_and_deleted_and_that_is_audited(console: Console) -> None:
    email = f"{uuid4().hex}@example.com"
    path = "/services/auth/admin/users"
    created = console.request(
        "POST", path, json={"email": email, "password": "long enough", "email_confirm": True}
    ).json()
    found = console.get("/users", q=email)["data"]
    banned = console.request("PUT", f"{path}/{created['id']}", json={"ban_duration": "24h"})
    shown = console.get(f"/users/{created['id']}")
    deleted = console.request("DELETE", f"{path}/{created['id']}")

    assert [each["email"] for each in found] == [email]
    assert banned.status_code == deleted.status_code == 200
    assert shown["banned_until"]
    assert console.get("/users", q=email)["data"] == []
    assert set(console.audited(created["id"])) == {"auth.put", "auth.delete"}


def test_files_are_stored_and_read_byte_by_byte(console: Console) -> None:
    bucket = f"b{uuid4().hex[:10]}"
    data = bytes(range(256)) * 4096
    storage = "/services/storage"
    assert console.request(
        "POST", f"{storage}/bucket", json={"name": bucket, "id": bucket}
    ).is_success

    stored = console.request(
        "POST",
        f"{storage}/object/{bucket}/folder/a%20b.bin",
        content=data,
        **{"files": None},
    )
    read = console.request("GET", f"{storage}/object/{bucket}/folder/a%20b.bin")
    listed = console.request("POST", f"{storage}/object/list/{bucket}", json={"prefix": "folder"})
    refused = console.request("POST", f"{storage}/object/list/{bucket}", json={"prefix": ""})
    console.request("POST", f"{storage}/bucket/{bucket}/empty")
    removed = console.request("DELETE", f"{storage}/bucket/{bucket}")

    assert stored.is_success, stored.text
    assert read.content == data
    assert [each["name"] for each in listed.json()] == ["a b.bin"]
    assert refused.is_success
    assert removed.is_success, removed.text
    assert not any("list" in action for action in console.audited(bucket))


def test_services_answer_as_somebody(console: Console) -> None:
    alice, _ = console.users
    path = f"/services/rest/{console.table}"

    def texts(as_: str) -> list[str]:
        url = f"{console.stack.url}/console/api{path}"
        headers = {"authorization": f"Bearer {console.stack.console_token}", "x-console-as": as_}
        import httpx

        return [row["text"] for row in httpx.get(url, headers=headers).json()]

    assert texts(alice) == ["row 0"]
    assert texts("anon") == []
    assert len(texts("service_role")) == 2


@pytest.mark.parametrize("path", ["/services/nothing/x", "/services/auth/../rest/v1/x"])
def test_other_paths_are_not_reached(console: Console, path: str) -> None:
    assert console.request("GET", path).status_code == 404


def test_mails_and_errors_come_as_the_services_send_them(console: Console) -> None:
    mails = console.get("/services/mail/api/v1/messages")
    error = console.request("GET", "/services/auth/admin/users/none")

    assert "messages" in mails
    assert error.status_code == 404


def test_what_a_page_of_the_project_is_about_to_change_is_audited(console: Console) -> None:
    path = f"/rest/v1/{console.table}"
    done = console.request("POST", "/audit", json={"method": "PATCH", "path": f"{path}?id=eq.1"})
    refused = [
        console.request("POST", "/audit", json={"method": method, "path": path_})
        for method, path_ in (("GET", path), ("PATCH", "/metrics"), ("PUT", "rest/v1/"))
    ]

    assert done.status_code == 204
    assert console.audited(path) == ["rest.patch"]
    assert {answer.status_code for answer in refused} == {400}


@pytest.mark.usefixtures("project")
def test_a_database_that_takes_the_place_of_another_gets_the_audit_table(console: Console) -> None:
    change = {"method": "PATCH", "path": "/rest/v1/notes?id=eq.2"}
    before = console.request("POST", "/audit", json=change)

    console.stack.database.swap()
    after = console.request("POST", "/audit", json=change)

    assert (before.status_code, after.status_code) == (204, 204)
    assert console.audited("/rest/v1/notes") == ["rest.patch"]
