"""What a form defines. C… are the numbers of docs/collect-contract.md."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyxform.xls2xform import convert

from forms.xform import Field, FormDefinition, Table, parse_xform
from tests.forms import DEFINITIONS, hand_written, xform

SURVEY = "| survey |\n| | type | name | label |\n"


def fields_of(definition: FormDefinition) -> list[tuple[str, str, int, int | None]]:
    return [(field.path, field.type, field.table_no, field.column_no) for field in definition.fields]


def field_at(definition: FormDefinition, path: str) -> Field:
    return next(field for field in definition.fields if field.path == path)


class TestFields:
    def test_every_node_is_listed_in_document_order_with_its_column(self) -> None:
        definition = parse_xform(
            xform(
                SURVEY
                + """
                | | start        | start  |       |
                | | text         | name   | Name  |
                | | begin group  | place  | Place |
                | | geopoint     | where  | Where |
                | | image        | view   | View  |
                | | end group    |        |       |
                | | integer      | age    | Age   |
                | | barcode      | code   | Code  |
                | | time         | at     | At    |
                """
            )
        )
        assert fields_of(definition) == [
            ("/start", "dateTime", 0, 0),
            ("/name", "string", 0, 1),
            ("/place", "structure", 0, None),
            ("/place/where", "geopoint", 0, 2),
            ("/place/view", "binary", 0, 3),
            ("/age", "int", 0, 4),
            ("/code", "barcode", 0, 5),
            ("/at", "time", 0, 6),
            ("/meta", "structure", 0, None),
            ("/meta/instanceID", "string", 0, 7),
        ]
        assert [field.position for field in definition.fields] == list(range(10))
        assert [field.path for field in definition.fields if field.binary] == ["/place/view"]

    def test_repeats_in_groups_in_repeats_each_open_a_table(self) -> None:
        definition = parse_xform(
            xform(
                SURVEY
                + """
                | | begin repeat | village | Village |
                | | text         | name    | Name    |
                | | begin group  | homes   | Homes   |
                | | begin repeat | house   | House   |
                | | text         | owner   | Owner   |
                | | end repeat   |         |         |
                | | end group    |         |         |
                | | text         | chief   | Chief   |
                | | end repeat   |         |         |
                | | begin repeat | well    | Well    |
                | | text         | depth   | Depth   |
                | | end repeat   |         |         |
                """
            )
        )
        assert definition.tables == (
            Table(0, "", "", None),
            Table(1, "/village", "village", 0),
            Table(2, "/village/homes/house", "house", 1),
            Table(3, "/well", "well", 0),
        )
        assert fields_of(definition)[:8] == [
            ("/village", "repeat", 1, None),
            ("/village/name", "string", 1, 0),
            ("/village/homes", "structure", 1, None),
            ("/village/homes/house", "repeat", 2, None),
            ("/village/homes/house/owner", "string", 2, 0),
            ("/village/chief", "string", 1, 1),
            ("/well", "repeat", 3, None),
            ("/well/depth", "string", 3, 0),
        ]

    def test_a_repeat_template_and_its_first_copy_count_once(self) -> None:
        definition = parse_xform(
            hand_written(
                '<data id="a"><r jr:template=""><x/><s jr:template=""><y/></s></r><r><x/><s><y/></s></r><z/></data>',
                '<bind nodeset="/data/r/x" type="int"/>',
                '<group ref="/data/r"><repeat nodeset="/data/r"><repeat nodeset=" /data/r/s "/></repeat></group>',
            )
        )
        assert [field.path for field in definition.fields] == ["/r", "/r/x", "/r/s", "/r/s/y", "/z"]
        assert [table.path for table in definition.tables] == ["", "/r", "/r/s"]

    def test_a_repeat_with_a_count_brings_its_count_field(self) -> None:
        definition = parse_xform(
            xform(
                "| survey |\n| | type | name | label | repeat_count |\n| | integer | n | N | |\n"
                "| | begin repeat | person | Person | ${n} + 1 |\n| | text | a | A | |\n| | end repeat | | | |\n"
            )
        )
        assert [field.path for field in definition.fields][:4] == ["/n", "/person_count", "/person", "/person/a"]

    def test_the_same_name_in_two_groups_makes_two_fields(self) -> None:
        definition = parse_xform(
            xform(
                SURVEY + "| | begin group | a | A |\n| | text | x | X |\n| | end group | | |\n"
                "| | begin group | b | B |\n| | integer | x | X |\n| | end group | | |\n"
            )
        )
        assert field_at(definition, "/a/x").type == "string"
        assert field_at(definition, "/b/x").type == "int"

    def test_only_select_multiple_is_multiple(self) -> None:
        definition = parse_xform(
            xform(
                SURVEY + "| | select_multiple c | many | M |\n| | select_one c | one | O |\n| | rank c | order | R |\n"
                "| choices |\n| | list_name | name | label |\n| | c | x | X |\n"
            )
        )
        assert [field.path for field in definition.fields if field.multiple] == ["/many"]

    def test_namespaces_do_not_matter(self) -> None:
        definition = parse_xform(
            hand_written(
                '<data id="a"><orx:meta><orx:instanceID/><orx:audit/></orx:meta></data>',
                '<bind nodeset="/data/orx:meta/orx:instanceID" type="string"/>',
            )
        )
        assert fields_of(definition) == [
            ("/meta", "structure", 0, None),
            ("/meta/instanceID", "string", 0, 0),
            ("/meta/audit", "unknown", 0, 1),
        ]

    def test_the_audit_log_is_a_file_whatever_its_bind_says(self) -> None:
        definition = parse_xform(hand_written('<data id="a"><meta><audit/></meta><audit/></data>'))
        assert [field.path for field in definition.fields if field.binary] == ["/meta/audit"]

    def test_nodes_without_a_typed_bind_are_unknown_or_structures(self) -> None:
        definition = parse_xform(
            hand_written(
                '<data id="a"><g><x/></g><empty/><y/></data>',
                '<bind nodeset="/data/g" relevant="1"/><bind nodeset="/data/y" calculate="1"/>',
            )
        )
        assert [(path, kind) for path, kind, _, _ in fields_of(definition)] == [
            ("/g", "structure"),
            ("/g/x", "unknown"),
            ("/empty", "unknown"),
            ("/y", "unknown"),
        ]

    def test_a_bind_may_be_relative_and_the_first_one_decides(self) -> None:
        definition = parse_xform(
            hand_written(
                '<data id="a"><x/></data>', '<bind nodeset="x" type="int"/><bind nodeset="/data/x" type="date"/>'
            )
        )
        assert field_at(definition, "/x").type == "int"

    def test_a_group_in_a_repeat_is_no_table(self) -> None:
        definition = parse_xform(xform(SURVEY + "| | begin group | g | G |\n| | text | a | A |\n| | end group | | |\n"))
        assert definition.tables == (Table(0, "", "", None),)

    def test_three_thousand_columns_are_read_at_once(self) -> None:
        names = [f"q{number}" for number in range(3000)]
        content = hand_written(
            f'<data id="wide">{"".join(f"<{name}/>" for name in names)}</data>',
            "".join(f'<bind nodeset="/data/{name}" type="int"/>' for name in names),
            "".join(f'<input ref="/data/{name}"/>' for name in names),
        )
        started = time.perf_counter()
        definition = parse_xform(content)
        assert time.perf_counter() - started < 1
        assert [field.column_no for field in definition.fields] == list(range(3000))


class TestSensitivity:
    def test_the_class_is_read_from_the_bind(self) -> None:
        definition = parse_xform(
            hand_written('<data id="a"><x/><y/></data>', '<bind nodeset="/data/x" type="int" ibg:sensitivity=" P "/>')
        )
        assert field_at(definition, "/x").sensitivity == "P"
        assert field_at(definition, "/y").sensitivity is None

    def test_questions_take_the_class_of_their_group(self) -> None:
        definition = parse_xform(
            hand_written(
                '<data id="a"><g><x/><h><y/></h></g><z/></data>',
                '<bind nodeset="/data/g" ibg:sensitivity="S"/><bind nodeset="/data/g/x" ibg:sensitivity="P"/>',
            )
        )
        classes = {field.path: field.sensitivity for field in definition.fields}
        assert classes == {"/g": "S", "/g/x": "P", "/g/h": "S", "/g/h/y": "S", "/z": None}


class TestBundledSurveys:
    def definition(self, name: str) -> FormDefinition:
        return parse_xform(convert((DEFINITIONS / f"{name}.xlsx").read_bytes(), file_type=".xlsx").xform.encode())

    @pytest.mark.parametrize(
        ("name", "repeat"),
        [
            ("border_post_assessment", "/d_staff/ag"),
            ("flow_monitoring", "/s_group/g3/nat"),
            ("community_resilience", "/d/m"),
            ("incident_alert", None),
        ],
    )
    def test_each_is_understood_whole(self, name: str, repeat: str | None) -> None:
        definition = self.definition(name)
        assert definition.xml_form_id == name
        assert definition.version
        assert definition.languages[:2] == ("Français (fr)", "English (en)")
        assert [table.path for table in definition.tables[1:]] == ([repeat] if repeat else [])
        # What pyxform adds for display (table-list headings) would lack a type, and be named after a row number.
        assert [field.name for field in definition.fields if field.type == "unknown"] == []
        assert {slot.name for slot in definition.slots} <= {path.name for path in DEFINITIONS.glob("*.csv")}
        assert any(field.sensitivity for field in definition.fields)

    def test_only_the_post_assessment_writes_entities(self) -> None:
        assert self.definition("border_post_assessment").entity_dataset == "border_posts"
        assert self.definition("flow_monitoring").entity_dataset is None


names = st.sampled_from(["a", "b", "c", "deep", "meta"])
trees: st.SearchStrategy[Any] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(names, st.tuples(st.booleans(), inner), max_size=4), max_leaves=25
)


@settings(max_examples=60, deadline=None)
@given(trees.filter(bool))
def test_positions_columns_and_tables_are_dense_for_any_nesting(tree: dict[str, Any]) -> None:
    repeats: list[str] = []

    def xml(children: dict[str, Any], path: str) -> str:
        pieces = []
        for name, (repeated, inside) in children.items():
            if repeated:
                repeats.append(f"{path}/{name}")
            pieces.append(f"<{name}>{xml(inside, f'{path}/{name}')}</{name}>")
        return "".join(pieces)

    instance = f'<data id="a">{xml(tree, "/data")}</data>'
    body = "".join(f'<repeat nodeset="{path}"/>' for path in repeats)
    definition = parse_xform(hand_written(instance, body=body))

    assert [field.position for field in definition.fields] == list(range(len(definition.fields)))
    assert [table.number for table in definition.tables] == list(range(len(repeats) + 1))
    assert ["/data" + table.path for table in definition.tables[1:]] == repeats
    assert len({field.path for field in definition.fields}) == len(definition.fields)
    for table in definition.tables:
        columns = [field.column_no for field in definition.fields if field.table_no == table.number]
        assert [column for column in columns if column is not None] == list(range(len(columns) - columns.count(None)))
        if table.number:
            assert table.parent is not None
            assert table.path.startswith(definition.tables[table.parent].path + "/")
