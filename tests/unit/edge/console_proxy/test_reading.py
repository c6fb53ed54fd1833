"""Which calls of a project's services only read."""

import pytest

from edge.console_proxy.reading import has_dots, only_reads


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rest/v1/notes"),
        ("HEAD", "/storage/v1/object/pictures/a.png"),
        ("POST", "/storage/v1/object/list/pictures"),
        ("POST", "/storage/v1/object/list-v2/my%20pictures"),
    ],
)
def test_reads_and_lists_of_files_only_read(method: str, path: str) -> None:
    assert only_reads(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/functions/v1/hello"),
        ("POST", "/rest/v1/rpc/search"),
        # A bucket may have the name "list":
        ("DELETE", "/storage/v1/object/list/a.png"),
        ("PUT", "/storage/v1/object/list/a.png"),
        ("POST", "/storage/v1/object/list/folder/a.png"),
        ("POST", "/storage/v1/object/list/folder%2Fa.png"),
        ("POST", "/storage/v1/object/list-v2/folder/a.png"),
        ("POST", "/storage/v1/object/list/"),
        ("get", "/rest/v1/notes"),
    ],
)
def test_what_may_change_something_is_no_read(method: str, path: str) -> None:
    assert not only_reads(method, path)


@pytest.mark.parametrize(
    "path",
    ["/a/../b", "/a/%2e%2E/b", "/a/.%2e", "/a/..%2fb", "/a/%2e/b", "/a/..%5cb", "/a\\..\\b"],
)
def test_parts_of_dots_are_found_however_they_are_written(path: str) -> None:
    assert has_dots(path)


@pytest.mark.parametrize("path", ["/a/b.c", "/a/...", "/a/..b", "/.env", "/a%20b/c"])
def test_dots_in_names_are_fine(path: str) -> None:
    assert not has_dots(path)
