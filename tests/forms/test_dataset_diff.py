"""What publishing a form would do to entity lists: nothing yet."""

from tests.forms.central import code, form, person
from tests.installation import Installation


def test_no_entity_lists_would_change_and_who_may_not_know_is_told_so(post_node: Installation) -> None:
    manager = person(post_node, "manager", "manager")
    manager.create(form())
    viewer = person(post_node, "viewer", "viewer")
    assert manager.json("/forms/simple/draft/dataset-diff") == []
    code(manager("GET", "/forms/simple/dataset-diff"), 404, 404.1)
    code(viewer("GET", "/forms/simple/draft/dataset-diff"), 403, 403.1)
    manager("POST", "/forms/simple/draft/publish")
    assert viewer.json("/forms/simple/dataset-diff") == []
    code(person(post_node, "stranger")("GET", "/forms/simple/dataset-diff"), 403, 403.1)
