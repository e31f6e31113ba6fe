"""Which files a form asks for. C… are the numbers of docs/collect-contract.md."""

import pytest

from forms.xform import Slot, parse_xform
from tests.forms import hand_written


def test_files_beside_the_form_are_slots() -> None:
    head = (
        '<instance id="a" src="jr://file-csv/a.csv"/><instance id="b" src="jr://file/b.geojson"/>'
        '<instance id="again" src="jr://file-csv/a.csv"/><instance id="c" src="jr://file/c.xml"/>'
    )
    assert parse_xform(hand_written('<data id="a"/>', head=head)).slots == (
        Slot("a.csv", "file"),
        Slot("b.geojson", "file"),
        Slot("c.xml", "file"),
    )


def test_the_last_saved_instance_is_no_slot_c31() -> None:
    head = '<instance id="__last-saved" src="jr://instance/last-saved"/>'
    assert parse_xform(hand_written('<data id="a"/>', head=head)).slots == ()


def test_media_of_every_translation_are_slots_once() -> None:
    head = """<itext>
        <translation lang="fr"><text id="q"><value>Q</value><value form="image">jr://images/q.png</value>
            <value form="audio">jr://audio/fr.mp3</value></text></translation>
        <translation lang="en"><text id="q"><value>Q</value><value form="big-image">jr://images/big.png</value>
            <value form="image">jr://images/q.png</value><value form="video"> jr://video/en.mp4 </value>
            <value form="guidance">jr://images/no.png</value></text></translation></itext>"""
    assert parse_xform(hand_written('<data id="a"/>', head=head)).slots == (
        Slot("q.png", "image"),
        Slot("fr.mp3", "audio"),
        Slot("big.png", "image"),
        Slot("en.mp4", "video"),
    )


def test_default_images_and_choice_images_are_slots() -> None:
    content = hand_written(
        '<data id="a"><x>jr://images/plan.png</x><y>jr://audio/no.mp3</y></data>',
        head='<instance id="c"><root><item><image>jr://images/c.png</image></item></root></instance>',
    )
    assert parse_xform(content).slots == (Slot("plan.png", "image"), Slot("c.png", "image"))


def test_select_one_external_asks_for_itemsets_csv() -> None:
    body = '<group><input ref="/data/x" query="instance(\'cities\')/root/item[state=/data/y]"/></group>'
    slots = parse_xform(hand_written('<data id="a"><x/></data>', body=body)).slots
    assert slots == (Slot("itemsets.csv", "file"),)


@pytest.mark.parametrize(
    ("appearance", "name"),
    [
        ("search('posts')", "posts.csv"),
        ("minimal search( &quot;posts.csv&quot;, 'matches', 'region', /data/y)", "posts.csv"),
        ("search(' posts')", None),
        ("search(/data/y)", None),
        ("minimal", None),
    ],
)
def test_search_appearances_ask_for_their_csv(appearance: str, name: str | None) -> None:
    body = f'<select1 ref="/data/x" appearance="{appearance}"/>'
    slots = parse_xform(hand_written('<data id="a"><x/></data>', body=body)).slots
    assert slots == ((Slot(name, "file"),) if name else ())


@pytest.mark.parametrize("source", ["jr://file-csv/a/b.csv", "jr://file-csv/", "https://x.example.org/a.csv", "a.csv"])
def test_references_that_are_no_plain_file_name_are_no_slot_c23(source: str) -> None:
    content = hand_written('<data id="a"/>', head=f'<instance id="a" src="{source}"/>')
    assert parse_xform(content).slots == ()
