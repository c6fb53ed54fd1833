"""Function calls are resolved to one overload."""

from edge.emulator.rest.plan.routines import find_routine
from edge.emulator.rest.schema.model import Identifier, SchemaCache

JSON = "application/json"


def public(name: str) -> Identifier:
    return Identifier("public", name)


def test_a_function_is_chosen_by_the_names_of_its_arguments(cache: SchemaCache):
    found = find_routine(cache, public("add"), frozenset({"a", "b"}), None)

    assert found.return_type == "integer"


def test_a_whole_body_goes_to_a_nameless_json_parameter(cache: SchemaCache):
    found = find_routine(cache, public("whole"), frozenset({"anything"}), JSON)

    assert found.parameters[0].name == ""
