"""Frozen values that are quick to make: they are compared, hashed and shown as dataclasses are."""

from dataclasses import dataclass, field

from edge.emulator.rest.record import record


@record
class _Point:
    x: int
    y: tuple[str, ...] = ()
    hidden: int = field(default=0, repr=False)


@record
class _Other:
    """Says what it is."""

    x: int
    version: object = field(default_factory=object, compare=False)


@dataclass(frozen=True, slots=True)
class _Same:
    x: int
    y: tuple[str, ...] = ()
    hidden: int = field(default=0, repr=False)


def test_a_record_is_shown_as_a_dataclass_is() -> None:
    expected = repr(_Same(1, ("a",))).replace("_Same", "_Point")

    assert repr(_Point(1, ("a",))) == expected == "_Point(x=1, y=('a',))"


def test_records_are_equal_by_their_fields() -> None:
    assert _Point(1) == _Point(1)
    assert hash(_Point(1)) == hash(_Point(1))
    assert _Point(1) != _Point(2)
    assert _Point(1) != _Other(1)
    assert _Other(1) == _Other(1)
    assert hash(_Other(1)) == hash(_Other(1))


def test_records_share_what_compares_and_hashes_them() -> None:
    assert _Point.__eq__.__code__ is _Other.__eq__.__code__
    assert _Point.__hash__.__code__ is _Other.__hash__.__code__
