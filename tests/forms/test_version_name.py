"""Another version for a form, byte for byte the same otherwise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.problem import Problem
from forms.version_name import with_version
from forms.xform import parse_xform
from tests.forms import hand_written

TAGS = (
    '<data id="a"><x/></data>',
    '<data id="a" version="1"><x/></data>',
    "<data version='é > 1' id='a'><x/></data>",
    '<data\n id="a" orx:version="1"\n><x/></data>',
    '<orx:data id="a" ><version>1</version><x version="3"/></orx:data>',
)


@pytest.mark.parametrize("tag", TAGS)
@settings(max_examples=20)
@given(version=st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=20))
def test_any_version_is_read_back_and_nothing_else_changes(tag: str, version: str) -> None:
    plain = hand_written(tag)
    changed = with_version(plain, version)
    assert parse_xform(changed).version == version
    before, after = parse_xform(plain), parse_xform(changed)
    assert (before.fields, before.title, before.xml_form_id) == (after.fields, after.title, after.xml_form_id)
    assert with_version(changed, "1") == with_version(plain, "1")


def test_what_is_no_form_gets_no_version() -> None:
    for content in (b"", b"<a/>", b"<html><head><model><instance/></model></head></html>", b"<html"):
        with pytest.raises(Problem) as caught:
            with_version(content, "1")
        assert caught.value.code == 400.1
