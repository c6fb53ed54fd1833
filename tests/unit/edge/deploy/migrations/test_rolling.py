"""The order of migrations around a deployment, and the SQL functions that bundles call."""

import pytest

from edge.deploy.migrations.calls import Calls, find_calls
from edge.deploy.migrations.rolling import Bundles, File, plan_order
from edge.deploy.migrations.routines import Signature, apply_statement
from edge.errors import DeployError

V1 = "create function price_v1(item text) returns int language sql as 'select 1'"
V2 = "create function price_v2(item text, day date) returns int language sql as 'select 1'"
DROP = "drop function price_v1(text)"
WIDER = "create function price_v1(item text, day date default now()) returns int language sql as ''"
OTHER = "create function price_v1(item text, day date) returns int language sql as ''"


def calls(**given: str) -> Calls:
    return frozenset((name, frozenset(names.split())) for name, names in given.items())


OLD = calls(price_v1="item")
NEW = calls(price_v2="item day")
BOTH = calls(price_v1="item day")
APPLIED = [File("0.sql", (V1,))]


def test_what_adds_comes_first_and_what_removes_last() -> None:
    pending = [File("1.sql", (V2,)), File("2.sql", (DROP,)), File("3.sql", ("drop table t",))]

    order = plan_order(APPLIED, pending, Bundles({"shop": NEW}, {"shop": OLD}))

    assert (order.before, order.after) == (("1.sql",), ("2.sql", "3.sql"))
    assert order.removals["2.sql"][0].why == "function price_v1 goes"


def test_replacing_by_a_wider_signature_needs_nothing_of_the_order() -> None:
    pending = [File("1.sql", (DROP, WIDER))]
    new = calls(price_v1="item day")

    assert plan_order(APPLIED, pending, Bundles({"a": new}, {"a": OLD})).before == ("1.sql",)
    assert plan_order(APPLIED, pending, Bundles({"a": new}, {"a": None})).before == ("1.sql",)


def test_before_the_first_deployment_nothing_is_missed() -> None:
    pending = [File("1.sql", ("drop table t",)), File("2.sql", (V2,))]

    assert plan_order(APPLIED, pending, Bundles({"shop": NEW})).after == ()


@pytest.mark.parametrize(
    ("statements", "new", "old", "staying", "said"),
    [
        # the deployed bundle calls what goes first
        (
            [(DROP, OTHER)],
            {"a": calls(price_v1="item day")},
            {"a": OLD},
            {},
            "a, which is deployed, calls price_v1(item)",
        ),
        ([(DROP, OTHER)], {"a": calls(price_v1="item day")}, {"a": None}, {}, "may call"),
        # an overload that a call fits as well
        (
            [(WIDER,)],
            {"a": OLD},
            {"a": OLD},
            {},
            "a calls price_v1(item): there is not one that fits",
        ),
        # the new bundle calls what goes, what is not there yet, what never is
        ([(DROP,)], {"a": OLD}, {"a": OLD}, {}, "price_v1(item), which 1.sql takes away"),
        ([("drop table t", V2)], {"a": NEW}, {"a": OLD}, {}, "it comes with 1.sql only"),
        ([(V2,)], {"a": calls(price_v2="item")}, {}, {}, "there is not one that fits"),
        # another function calls what goes
        ([(DROP,)], {"a": NEW}, {}, {"b": OLD}, "b is not deployed now and calls price_v1(item)"),
        # adding after removing
        ([("drop table t",), ("create table u (a int)",)], {}, {"a": OLD}, {}, "2.sql would come"),
    ],
)
def test_what_no_order_makes_right_is_refused(
    statements: list[tuple[str, ...]],
    new: dict[str, Calls],
    old: dict[str, Calls | None],
    staying: dict[str, Calls],
    said: str,
) -> None:
    pending = [File(f"{n}.sql", each) for n, each in enumerate(statements, 1)]

    with pytest.raises(DeployError) as refused:
        plan_order(APPLIED, pending, Bundles(new, old, staying))

    assert said in refused.value.message
    assert "_v2" in (refused.value.cure or "")


@pytest.mark.parametrize(
    ("statement", "names", "required"),
    [
        ("create function f(a int, b text default 'x,y')", "a b", "a"),
        ('CREATE OR REPLACE FUNCTION public."f"(A int, out c int, inout b int = 1)', "a b", "a"),
        ("create function f(a numeric(10, 2), b double precision)", "a b", "a b"),
        ("create function f(variadic a int[])", "a", ""),
        ("create function f()", "", ""),
        ("-- f(x)\ncreate function f(a int /* , b */) returns table (z int)", "a", "a"),
    ],
)
def test_a_signature_is_read(statement: str, names: str, required: str) -> None:
    (found,) = apply_statement({}, statement)["f"]

    assert found.names == tuple(names.split())
    assert found.required == frozenset(required.split())


@pytest.mark.parametrize(
    "drop",
    [
        "drop function f(int, double precision)",
        "drop function if exists public.f(a integer, float8) cascade;",
        "drop function f",
        "drop routine g(text), f(int4, double precision)",
        "alter function f(int, float8) rename to h",
        "alter function f set schema private",
    ],
)
def test_a_function_goes(drop: str) -> None:
    before = apply_statement({}, "create function f(a int, b double precision) returns int")

    assert apply_statement(before, drop).get("f", ()) == ()


def test_another_overload_stays() -> None:
    before = apply_statement({}, "create function f(a int) returns int")

    after = apply_statement(before, "drop function f(text)")

    assert after["f"] == (Signature(("a",), frozenset("a"), ("integer",)),)


def test_calls_are_read_from_the_source() -> None:
    source = b"""
async def main(ctx):
    await ctx.admin.rpc("with_names", {"a": 1, "b": 2}).execute()
    await ctx.admin.rpc("without").execute()
    await ctx.admin.rpc("by_keyword", params={"c": 3})
    await ctx.admin.rpc("unclear", values)
    await run("known_one", a=1)
    print("unknown_one")
"""

    found = find_calls({"main.py": source, "a.txt": b"known_two"}, frozenset(("known_one",)))

    assert found == {
        ("with_names", frozenset("ab")),
        ("without", frozenset()),
        ("by_keyword", frozenset("c")),
        ("unclear", None),
        ("known_one", None),
    }
