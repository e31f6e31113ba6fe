"""What phones could not download or open never becomes a form. C… are the numbers of docs/collect-contract.md."""

import time

import pytest

from config.problem import Problem
from forms.names import check_title
from forms.xform import parse_xform
from tests.forms import hand_written


def refused(content: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        parse_xform(content)
    assert 400 <= caught.value.status < 500
    assert caught.value.fr
    assert caught.value.fr != caught.value.en
    return caught.value


class TestEntities:
    ENTITY = '<data id="a"><meta><entity dataset="posts" create="1" id="">{}</entity></meta></data>'

    def with_version(self, version: str, inside: str = "") -> bytes:
        content = hand_written(self.ENTITY.format(inside))
        return content.replace(b"<model>", f'<model entities:entities-version="{version}">'.encode())

    def test_the_entity_list_of_a_form_is_known(self) -> None:
        assert parse_xform(self.with_version("2024.1.0", "<label/>")).entity_dataset == "posts"

    def test_a_form_without_entities_has_none(self) -> None:
        assert parse_xform(hand_written('<data id="a"/>')).entity_dataset is None

    def test_an_entity_without_label_is_still_a_structure(self) -> None:
        fields = parse_xform(self.with_version("2023.1.0")).fields
        assert [(field.path, field.type) for field in fields][-1] == ("/meta/entity", "structure")

    @pytest.mark.parametrize("version", ["2031.1.0", "1", ""])
    def test_entities_phones_do_not_know_are_refused_c36(self, version: str) -> None:
        assert refused(self.with_version(version)).code == 400.25

    def test_an_entity_without_list_is_refused(self) -> None:
        content = self.with_version("2024.1.0").replace(b'dataset="posts"', b"")
        assert refused(content).code == 400.25


class TestRefusals:
    GOOD = hand_written('<data id="a"><x/></data>')

    def test_two_questions_of_one_name_are_refused_and_a_repeat_is_none(self) -> None:
        twice = '<data id="a"><g><x/><x/></g></data>'
        problem = refused(hand_written(twice))
        assert (problem.code, problem.details["values"]) == (409.3, ["0", "/g/x"])
        repeat = '<group ref="/data/g/x"><repeat nodeset="/data/g/x"/></group>'
        assert [each.type for each in parse_xform(hand_written(twice, body=repeat)).fields][-1] == "repeat"

    @pytest.mark.parametrize(
        ("old", "new", "part"),
        [
            (b"model>", b"mode>", "model"),
            (b"instance>", b"inst>", "instance"),
            (b'<data id="a"><x/></data>', b"", "instance"),
            (b' id="a"', b"", "id"),
            (b' id="a"', b' id=" "', "id"),
            (b' id="a"', b' xmlns="http://x.example.org/form"', "id"),
        ],
    )
    def test_a_form_phones_cannot_download_is_refused_c33(self, old: bytes, new: bytes, part: str) -> None:
        problem = refused(self.GOOD.replace(old, new))
        assert problem.code == 400.2
        assert part in problem.en

    @pytest.mark.parametrize(("old", "new"), [(b"<h:title>A form</h:title>", b""), (b"A form", b"  ")])
    def test_a_form_without_title_is_read_but_not_published_from_a_file_c33(self, old: bytes, new: bytes) -> None:
        definition = parse_xform(self.GOOD.replace(old, new))
        assert definition.title == ""
        with pytest.raises(Problem) as caught:
            check_title(definition)
        assert (caught.value.code, "title" in caught.value.en) == (400.2, True)

    def test_a_form_that_asks_nothing_is_a_form(self) -> None:
        assert parse_xform(self.GOOD.replace(b"<h:body/>", b"")).xml_form_id == "a"

    def test_the_first_instance_must_be_the_only_bare_one_c33(self) -> None:
        assert refused(self.GOOD.replace(b"<instance>", b'<instance id="main">')).code == 400.1
        assert refused(self.GOOD.replace(b"</instance>", b"</instance><instance><b/></instance>")).code == 400.1

    @pytest.mark.parametrize(
        "content", [b"", b"   ", b"not xml", b"<a><b></a>", b"<a/>", b"<html><head/></html>", b"\0"]
    )
    def test_what_is_no_xform_is_refused(self, content: bytes) -> None:
        refused(content)

    @pytest.mark.parametrize(
        "content",
        [
            b"\xef\xbb\xbf" + GOOD,
            GOOD.decode().encode("utf-16"),
            b"<?xml version='1.0' encoding='ISO-8859-1'?>" + GOOD.replace(b"A form", "été".encode()),
            b"<?xml version='1.0' encoding='ISO-8859-1'?>" + GOOD.replace(b"A form", "été".encode("latin-1")),
        ],
    )
    def test_only_plain_utf8_is_accepted_c8(self, content: bytes) -> None:
        assert "UTF-8" in refused(content).en

    def test_blanks_before_the_declaration_are_refused_c8(self) -> None:
        assert refused(b"\n<?xml version='1.0'?>" + self.GOOD).code == 400.1

    def test_an_ascii_form_may_declare_another_encoding(self) -> None:
        parse_xform(b"<?xml version='1.0' encoding='ISO-8859-1'?>" + self.GOOD)

    def test_the_sentence_names_the_line_of_broken_xml(self) -> None:
        assert "line 3" in refused(b"<a>\n<b>\n</a>").en

    @pytest.mark.parametrize(
        "doctype",
        [
            b"<!DOCTYPE html>",
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
        ],
    )
    def test_a_doctype_is_refused(self, doctype: bytes) -> None:
        assert "DOCTYPE" in refused(doctype + self.GOOD).en

    def test_an_entity_bomb_is_refused_at_once(self) -> None:
        lines = b"".join(b'<!ENTITY b%d "%s">' % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 12))
        bomb = b'<!DOCTYPE a [<!ENTITY b0 "boom">' + lines + b"]>" + self.GOOD.replace(b"A form", b"&b11;")
        started = time.perf_counter()
        refused(bomb)
        assert time.perf_counter() - started < 1

    def test_endless_nesting_is_refused(self) -> None:
        refused(hand_written(f'<data id="a">{"<g>" * 5000}{"</g>" * 5000}</data>'))

    @pytest.mark.parametrize("form_id", ["form.xls", "form.xlsx", "form.xml", " a", "a "])
    def test_ids_that_break_addresses_or_updates_are_refused_c15(self, form_id: str) -> None:
        problem = refused(hand_written(f'<data id="{form_id}"/>'))
        assert problem.code == 400.8
        assert form_id in problem.fr
