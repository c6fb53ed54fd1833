"""The closest known name is suggested."""

from edge.emulator.rest.schema.suggest import edit_distance, suggest_name


def test_edit_distance_counts_changed_letters():
    assert edit_distance("kitten", "sitting") == 3


def test_nothing_is_suggested_for_a_name_like_no_other():
    assert suggest_name("zzz", ["videos", "channels"], at_least=0.75) is None
