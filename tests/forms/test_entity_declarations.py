"""What a form says it will do with entities, judged as ODK Central judges it."""

import pytest

from config.problem import Problem
from forms.entity_declarations import EntityList
from forms.xform import parse_xform

FORM = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head><h:title>A</h:title>'
    '<model{version}><instance><data id="a">{body}</data></instance>{binds}</model></h:head>'
    "<h:body>{controls}</h:body></h:html>"
)
ENTITY = '<meta><entity dataset="posts" create="1" id=""><label/></entity></meta>'


def form(
    body: str = f"<name/>{ENTITY}",
    version: str | None = "2024.1.0",
    binds: str = '<bind nodeset="/data/name" type="string" entities:saveto="full_name"/>',
    repeat: str = "",
) -> bytes:
    said = "" if version is None else f' entities:entities-version="{version}"'
    controls = f'<repeat nodeset="{repeat}"/>' if repeat else ""
    return FORM.format(version=said, body=body, binds=binds, controls=controls).encode()


def reason(content: bytes) -> str:
    with pytest.raises(Problem) as caught:
        parse_xform(content)
    assert caught.value.code == 400.25
    said: str = caught.value.details["reason"]
    assert caught.value.message == f"The entity definition within the form is invalid. {said}"
    return said


def test_the_list_its_actions_and_its_properties_are_known() -> None:
    entities = parse_xform(form()).entities
    assert entities is not None
    assert entities.lists == (EntityList("posts", ("create",), "", False, (("/name", "full_name"),)),)
    assert not entities.too_old_for_phones


def test_lists_of_the_form_and_of_a_repeat_each_take_their_own_questions() -> None:
    body = f"<name/><child><first/>{ENTITY.replace('posts', 'people')}</child>{ENTITY}"
    binds = (
        '<bind nodeset="/data/name" type="string" entities:saveto="full_name"/>'
        '<bind nodeset="/data/child/first" type="string" entities:saveto="first"/>'
    )
    entities = parse_xform(form(body, "2025.1.0", binds, "/data/child")).entities
    assert entities is not None
    assert [(each.name, each.path, each.in_repeat, each.properties) for each in entities.lists] == [
        ("people", "/child", True, (("/child/first", "first"),)),
        ("posts", "", False, (("/name", "full_name"),)),
    ]
    assert "not compatible with entities from repeats" in reason(form(body, "2024.1.0", binds, "/data/child"))


def test_versions_before_phones_made_entities_offline_are_told_apart() -> None:
    for version, old in (("2022.1.0", True), ("2023.1.0", True), ("2024.1.1", False), ("2025.1.9", False)):
        entities = parse_xform(form(version=version)).entities
        assert entities is not None
        assert entities.too_old_for_phones is old


@pytest.mark.parametrize("version", ["2021.1.0", "2025.2.0", "2024.1", "", "x"])
def test_a_version_central_does_not_know_is_refused(version: str) -> None:
    assert reason(form(version=version)) == f"Entities specification version [{version}] is not supported."


def test_each_mistake_has_its_reason() -> None:
    assert reason(form(version=None)) == "Entities specification version is missing."
    assert reason(form(ENTITY.replace(' dataset="posts"', ""))) == "Dataset name is missing."
    for name in ("", "a.b", "__x", "1a", "a b"):
        assert reason(form(ENTITY.replace("posts", name))) == "Invalid dataset name."
    assert "at least one entity action" in reason(form(ENTITY.replace('create="1" ', "")))
    for name in ("name", "Label", "__x", "a b", "1"):
        assert reason(form(binds=f'<bind nodeset="/data/name" entities:saveto="{name}"/>')) == (
            "Invalid entity property name."
        )
    in_repeat = '<bind nodeset="/data/child/first" type="string" entities:saveto="first"/>'
    assert reason(form(f"<child><first/></child>{ENTITY}", "2025.1.0", in_repeat, "/data/child")) == (
        "Cannot save properties from a repeat on an entity outside of a repeat."
    )


def test_an_encrypted_form_makes_no_entities() -> None:
    content = form(version=None).replace(b"<instance>", b'<submission base64RsaPublicKey="MIB"/><instance>')
    assert parse_xform(content).entities is None
