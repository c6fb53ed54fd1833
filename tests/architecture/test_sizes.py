"""Hard limits of size: a file or a function that grows past them wants to be two."""

from tests.support.source_code import list_files, read_source

LONGEST_FILE = 500
LONGEST_TEST_FILE = 700
LONGEST_MAIN = 120
LONGEST_FUNCTION = 60
OURS = ("functions", "shared", "backend", "workers", "edge", "bench")


def longer_than(limit: int, *folders: str) -> list[tuple[str, int]]:
    sources = map(read_source, list_files(*folders))
    return [(source.name, source.lines) for source in sources if source.lines > limit]


def test_no_file_is_too_long() -> None:
    assert longer_than(LONGEST_FILE, *OURS) + longer_than(LONGEST_TEST_FILE, "tests") == []


def test_a_functions_main_fits_on_a_screen_or_two() -> None:
    too_long = longer_than(LONGEST_MAIN, "functions")

    assert [name for name, _ in too_long if name.endswith(".main")] == []


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{source.name}:{function.line} {function.name}"
        for source in map(read_source, list_files(*OURS, "tests"))
        for function in source.functions
        if function.lines > LONGEST_FUNCTION
    ]

    assert too_long == []
