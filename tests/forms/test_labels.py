"""A submission's answers are shown with the form's own words."""

import pytest
from pyxform.xls2xform import convert

from config.problem import Problem
from forms.labels import Labels, parse_labels
from forms.languages import best_language, code_of
from tests.forms import DEFINITIONS, hand_written, xform

BILINGUAL = """
| survey |
| | type            | name  | label::Français (fr)         | label::English (en)       |
| | begin group     | g     | Foyer                        | Household                 |
| | text            | chief | Nom du chef                  | Name of the head          |
| | note            | hello | Bonjour ${chief}, bienvenue  | Hello ${chief}, welcome   |
| | select_one yn   | well  | Un puits ?                   | A well?                   |
| | select_multiple yn | both | Les deux                   | Both                      |
| | rank yn         | order | Ordre                        | Order                     |
| | end group       |       |                              |                           |
| | begin repeat    | kid   | Enfant                       | Child                     |
| | integer         | age   | Âge                          |                           |
| | end repeat      |       |                              |                           |
| choices |
| | list_name | name | label::Français (fr) | label::English (en) |
| | yn        | y    | Oui                  | Yes                 |
| | yn        | n    | Non                  | No                  |
"""


@pytest.fixture(scope="module")
def labels() -> Labels:
    return parse_labels(xform(BILINGUAL))


def one_select(itemset: str, head: str = "") -> Labels:
    body = f'<select1 ref="/data/g/x"><label>X</label>{itemset}</select1>'
    return parse_labels(hand_written('<data id="a"><g><x/></g></data>', head=head, body=body))


class TestQuestions:
    def test_a_question_is_shown_in_the_wanted_language(self, labels: Labels) -> None:
        assert labels.question("/g/chief", "fr") == "Nom du chef"
        assert labels.question("/g/chief", "en") == "Name of the head"
        assert labels.question("/g/chief", "English (en)") == "Name of the head"

    def test_groups_and_repeats_have_names_too(self, labels: Labels) -> None:
        assert labels.question("/g", "en") == "Household"
        assert labels.question("/kid", "en") == "Child"

    def test_an_unknown_language_gets_the_default(self, labels: Labels) -> None:
        assert labels.languages == ("Français (fr)", "English (en)")
        assert labels.question("/g/chief", "ha") == "Nom du chef"

    def test_a_missing_translation_gets_the_default(self, labels: Labels) -> None:
        assert labels.question("/kid/age", "en") == "Âge"

    def test_answers_inside_a_question_stand_in_braces(self, labels: Labels) -> None:
        assert labels.question("/g/hello", "fr") == "Bonjour {chief}, bienvenue"

    def test_an_expression_inside_a_question_is_left_out(self) -> None:
        body = '<input ref="/data/x"><label>Sum: <output value="/data/y + 1"/> <b>!</b></label></input>'
        labels = parse_labels(hand_written('<data id="a"><x/></data>', body=body))
        assert labels.question("/x", "en") == "Sum: … !"

    def test_what_nobody_asked_has_no_question(self, labels: Labels) -> None:
        assert labels.question("/meta/instanceID", "fr") is None
        assert labels.question("/nowhere", "fr") is None

    def test_inline_words_serve_every_language(self) -> None:
        labels = parse_labels(xform("| survey |\n| | type | name | label |\n| | text | a | Just so |\n"))
        assert labels.languages == ()
        assert labels.question("/a", "fr") == "Just so"

    def test_pictures_and_guidance_are_no_words(self) -> None:
        head = """<itext><translation lang="fr"><text id="q"><value form="image">jr://images/q.png</value>
            <value form="guidance">Lire</value><value form="short">Court</value></text></translation></itext>"""
        body = """<input ref="/data/x"><label ref="jr:itext('q')"/></input>"""
        assert (
            parse_labels(hand_written('<data id="a"><x/></data>', head=head, body=body)).question("/x", "fr") == "Court"
        )

    def test_a_text_without_words_is_no_question(self) -> None:
        body = """<input ref="/data/x"><label ref="jr:itext('absent')"/></input>"""
        assert parse_labels(hand_written('<data id="a"><x/></data>', body=body)).question("/x", "fr") is None

    def test_what_is_no_form_is_refused(self) -> None:
        with pytest.raises(Problem):
            parse_labels(b"<a/>")


class TestChoices:
    def test_a_choice_is_shown_in_the_wanted_language(self, labels: Labels) -> None:
        assert labels.choice("/g/well", "y", "fr") == "Oui"
        assert labels.choice("/g/well", "y", "en") == "Yes"

    def test_several_choices_are_joined(self, labels: Labels) -> None:
        assert labels.choice("/g/both", "y n", "en") == "Yes, No"
        assert labels.choice("/g/order", "n y", "fr") == "Non, Oui"
        assert labels.choice("/g/both", "", "fr") == ""

    def test_a_value_no_list_knows_is_shown_as_it_is(self, labels: Labels) -> None:
        assert labels.choice("/g/well", "perhaps", "fr") == "perhaps"
        assert labels.choice("/g/chief", "two words", "fr") == "two words"

    def test_choices_may_stand_in_the_question(self) -> None:
        items = "<item><label>Yes</label><value>1</value></item><item><value>2</value></item>"
        labels = one_select(items)
        assert labels.choice("/g/x", "1", "fr") == "Yes"
        assert labels.choice("/g/x", "2", "fr") == "2"

    def test_a_list_in_the_form_may_have_a_label_column(self) -> None:
        labels = one_select(
            """<itemset nodeset="randomize(instance('c')/root/item[k='1'], 42)"><value ref="id"/>
            <label ref="words"/></itemset>""",
            '<instance id="c"><root><item><id>7</id><words>Seven</words></item></root></instance>',
        )
        assert labels.choice("/g/x", "7", "en") == "Seven"

    def test_a_translated_list_in_the_form_is_followed(self) -> None:
        labels = one_select(
            """<itemset nodeset="instance('c')/root/item"><value ref="name"/>
            <label ref="jr:itext(itextId)"/></itemset>""",
            """<itext><translation lang="fr"><text id="c-0"><value>Sept</value></text></translation></itext>
            <instance id="c"><root><item><name>7</name><itextId>c-0</itextId></item>
            <item><name>8</name><itextId>c-1</itextId></item></root></instance>""",
        )
        assert labels.choice("/g/x", "7", "fr") == "Sept"
        assert labels.choice("/g/x", "8", "fr") == "8"

    def test_choices_from_a_repeat_are_their_own_words(self) -> None:
        labels = one_select('<itemset nodeset="/data/kid[age>3]"><value ref="n"/><label ref="n"/></itemset>')
        assert labels.choice("/g/x", "Awa", "fr") == "Awa"


class TestChoicesFromFiles:
    def labels(self, source: str, value: str = "name", label: str = "label") -> Labels:
        return one_select(
            f"""<itemset nodeset="instance('c')/root/item"><value ref="{value}"/><label ref="{label}"/></itemset>""",
            f'<instance id="c" src="{source}"/>',
        )

    def test_a_csv_gives_its_labels(self) -> None:
        labels = self.labels("jr://file-csv/c.csv", "code", "title")
        files = {"c.csv": '\ufeffcode,title\n1,"Un, deux"\n1,Again\n2,\n'.encode()}
        assert labels.choice("/g/x", "1", "fr", files) == "Un, deux"
        assert labels.choice("/g/x", "2", "fr", files) == "2"
        assert labels.choice("/g/x", "3", "fr", files) == "3"

    def test_a_csv_may_use_semicolons(self) -> None:
        files = {"c.csv": b"name;label\n1;Un\n"}
        assert self.labels("jr://file-csv/c.csv").choice("/g/x", "1", "fr", files) == "Un"

    def test_a_new_file_of_the_same_name_is_read_anew(self) -> None:
        labels = self.labels("jr://file-csv/c.csv")
        assert labels.choice("/g/x", "1", "fr", {"c.csv": b"name,label\n1,Old\n"}) == "Old"
        assert labels.choice("/g/x", "1", "fr", {"c.csv": b"name,label\n1,New\n"}) == "New"

    def test_a_geojson_gives_its_titles(self) -> None:
        files = {"c.geojson": b'{"features": [{"id": "w1", "properties": {"title": "Well"}}, {"properties": null}]}'}
        labels = self.labels("jr://file/c.geojson", "id", "title")
        assert labels.choice("/g/x", "w1", "fr", files) == "Well"

    def test_an_xml_gives_its_items(self) -> None:
        files = {"c.xml": b"<root><item><name>1</name><label>One</label></item></root>"}
        assert self.labels("jr://file/c.xml").choice("/g/x", "1", "fr", files) == "One"

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\xfe\x00", b"{", b"<root>", b'{"features": 3}', b"a,b\n", b"\x00,\x00"]
    )
    @pytest.mark.parametrize("name", ["c.csv", "c.geojson", "c.xml"])
    def test_a_broken_or_absent_file_leaves_the_name(self, name: str, content: bytes) -> None:
        labels = self.labels(f"jr://file/{name}")
        assert labels.choice("/g/x", "1", "fr", {name: content}) == "1"
        assert labels.choice("/g/x", "1", "fr") == "1"

    def test_itemsets_csv_is_read_by_list_and_language(self) -> None:
        labels = parse_labels(
            xform(
                "| survey |\n| | type | name | label::fr | choice_filter |\n"
                "| | select_one_external town | x | Ville | state='n' |\n"
                "| external_choices |\n| | list_name | name | label::fr |\n| | town | 1 | Niamey |\n"
            )
        )
        content = b'"list_name","name","label::fr","label::en"\n"other","1","Faux","No"\n"town","1","Niamey","Naimey"\n'
        assert labels.choice("/x", "1", "fr", {"itemsets.csv": content}) == "Niamey"

    def test_search_reads_the_columns_its_item_names(self) -> None:
        body = """<select1 ref="/data/x" appearance="minimal search('posts')"><label>X</label>
            <item><label>label, region</label><value>code</value></item>
            <item><label>None of them</label><value>0</value></item></select1>"""
        labels = parse_labels(hand_written('<data id="a"><x/></data>', body=body))
        files = {"posts.csv": b"code,label,region\n7,Makalondi,Tillaberi\n"}
        assert labels.choice("/x", "7", "fr", files) == "Makalondi, Tillaberi"
        assert labels.choice("/x", "0", "fr", files) == "None of them"


class TestLanguageNames:
    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("Français (fr)", "fr"),
            ("French(FR)", "fr"),
            ("English (en-GB)", "en"),
            ("Hausa (ha)", "ha"),
            ("french", "fr"),
            ("English", "en"),
            ("fr-FR", "fr"),
            ("francais", "fr"),
            ("Français(fr)", "fr"),
            ("français de France", "fr"),
            ("English (United Kingdom)", "en"),
            ("Haoussa", "ha"),
            ("العربية", "ar"),
            ("Gulmancema", None),
            ("default", None),
            ("Dari (Persian)", None),
            ("", None),
        ],
    )
    def test_names_are_understood_as_people_write_them(self, name: str, code: str | None) -> None:
        assert code_of(name) == code

    def test_the_exact_name_wins_over_the_code(self) -> None:
        assert best_language("English (en)", ["English (en-GB)", "English (en)"]) == "English (en)"
        assert best_language("en", ["English (en-GB)", "English (en)"]) == "English (en-GB)"
        assert best_language("Bambara", ["Français (fr)"]) is None


class TestBundledSurveys:
    def test_a_border_post_is_shown_by_name(self) -> None:
        content = (DEFINITIONS / "flow_monitoring.xlsx").read_bytes()
        labels = parse_labels(convert(content, file_type=".xlsx").xform.encode())
        posts = (DEFINITIONS / "border_posts.csv").read_bytes()
        columns, first = (line.split(",") for line in posts.decode().splitlines()[:2])
        row = dict(zip(columns, first, strict=False))
        assert labels.question("/s_point/fmp_id", "fr") == "Point de suivi"
        assert labels.choice("/s_point/fmp_id", row["name"], "fr", {"border_posts.csv": posts}) == row["label"]
        assert labels.choice("/s_group/g1/flow_dir", "in", "en") == "Entering the country"
