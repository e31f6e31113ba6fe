"""A form's name, version, languages, submission settings and the hash of its fields."""

import pytest

from forms.xform import parse_xform
from tests.forms import hand_written, xform

SURVEY = "| survey |\n| | type | name | label |\n"


class TestIdentity:
    def test_id_version_and_title_are_those_of_the_form(self) -> None:
        definition = parse_xform(hand_written('<data id="my form" version=" 2 "/>', title="  Été &amp; hiver "))
        assert (definition.xml_form_id, definition.version, definition.title) == ("my form", " 2 ", "Été & hiver")
        assert definition.root_name == "data"

    def test_a_form_without_version_has_an_empty_one(self) -> None:
        assert parse_xform(hand_written('<data id="a"/>')).version == ""

    def test_the_version_may_carry_a_namespace(self) -> None:
        assert parse_xform(hand_written('<data id="a" orx:version="7"/>')).version == "7"

    def test_the_root_may_have_any_name(self) -> None:
        definition = parse_xform(
            hand_written('<household id="a"><x/></household>', '<bind nodeset="/household/x" type="int"/>')
        )
        assert definition.root_name == "household"
        assert [(field.path, field.type) for field in definition.fields] == [("/x", "int")]

    def test_submission_settings_are_read(self) -> None:
        definition = parse_xform(
            hand_written(
                '<data id="a"/>',
                head='<submission action="https://x.example.org" base64RsaPublicKey="MIB" orx:client-editable="true"/>',
            )
        )
        assert definition.public_key == "MIB"
        assert definition.client_editable
        assert definition.submission_url == "https://x.example.org"

    def test_without_submission_settings_nothing_is_assumed(self) -> None:
        definition = parse_xform(hand_written('<data id="a"/>', head='<submission orx:auto-send="true"/>'))
        assert (definition.public_key, definition.client_editable, definition.submission_url) == (None, False, None)

    def test_languages_begin_with_the_default(self) -> None:
        head = '<itext><translation lang="English (en)"/><translation lang="Français (fr)" default="true()"/></itext>'
        assert parse_xform(hand_written('<data id="a"/>', head=head)).languages == ("Français (fr)", "English (en)")

    def test_texts_without_a_language_name_make_no_language(self) -> None:
        head = '<itext><translation lang="default"/></itext>'
        assert parse_xform(hand_written('<data id="a"/>', head=head)).languages == ()


class TestSchemaHash:
    PLAIN = SURVEY + "| | text | a | A |\n| | integer | b | B |\n"

    def test_other_words_and_versions_keep_the_schema(self) -> None:
        reworded = SURVEY + "| | text | a | Z |\n| | integer | b | B |\n| settings |\n| | version |\n| | 9 |\n"
        assert parse_xform(xform(self.PLAIN)).schema_sha256 == parse_xform(xform(reworded)).schema_sha256

    @pytest.mark.parametrize(
        "rows",
        [
            "| | text | b | B |\n| | integer | a | A |\n",
            "| | text | a | A |\n| | text | b | B |\n",
            "| | text | a | A |\n| | integer | b | B |\n| | text | c | C |\n",
        ],
    )
    def test_other_fields_make_another_schema(self, rows: str) -> None:
        assert parse_xform(xform(self.PLAIN)).schema_sha256 != parse_xform(xform(SURVEY + rows)).schema_sha256
