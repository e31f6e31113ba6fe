"""Whatever stands in the cells: a form, or a sentence in both languages; never anything else."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from config.problem import Problem
from forms.compile_child import work_on
from forms.compiler import judged, read_answer
from forms.xpath_parser import parse
from forms.xpath_tokens import XPathFault
from tests.forms.corpus import encoded

VALUES = (
    "text|integer|date|time|note|calculate|photo|audit|range|begin group|end group|begin repeat|end repeat|select_one yn|"
    "select_multiple yn or_other|rank yn|select_one ${a}|select_one_from_file a.csv|select_one_external yn|a|b|c|yn|a b|1a|"
    "meta|data|yes|true()|${a}|${b} = 1|${a} == 1|. > ${c}|today()|1 + ${a} div 0|if(${a} = 1, 'x')|nofunc(.)|../a|//a|"
    "max-pixels=1|max-pixels|start=0 end=x|randomize=true seed=${a}|search('x')|table-list|field-list|name = ${a}|"
    "<b>&amp;|'|${|${}|${a|🐪|عمر|==|instance('x')/root|jr:choice-name(${a}, 'x')|once(${a})|position(..)|-${a} - -1"
)
CELLS = st.one_of(st.sampled_from(VALUES.split("|")), st.text(max_size=8))
COLUMNS = {
    "survey": (
        "type name label label::fr label::en hint constraint constraint_message relevant required calculation choice_filter "
        "appearance parameters default repeat_count trigger read_only save_to media::image instance::tag bind::x:y type::z"
    ),
    "choices": "list_name name label label::fr r name::x",
    "settings": "form_id version instance_name default_language public_key omit_instanceID name submission_url namespaces",
    "entities": "list_name label entity_id create_if update_if",
    "external_choices": "list_name name label",
}
TOKENS = "( ) [ ] / // . .. @ , | = != < <= > >= + - * and or div mod a b:c 'x' 1 .5 :: $"


@st.composite
def workbooks(draw: st.DrawFn) -> dict[str, Any]:
    """Sheets as the compiling child has read them: usually with what a form needs, and anything in the cells."""
    names = ["survey", *draw(st.lists(st.sampled_from(list(COLUMNS)[1:]), unique=True))]
    sheets: dict[str, Any] = {"sheet_names": names}
    for name in names:
        columns = COLUMNS[name].split()
        chosen = [*columns[:3], *draw(st.lists(st.sampled_from(columns[3:] or columns), unique=True, max_size=4))]
        rows = draw(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(chosen, CELLS)), max_size=6))
        sheets[name] = [{key: value for key, value in row.items() if value.strip()} for row in rows]
        sheets[f"{name}_header"] = [dict.fromkeys(chosen)]
    return sheets


@settings(max_examples=80)
@given(workbooks())
def test_any_sheets_become_a_form_or_a_sentence(sheets: dict[str, Any]) -> None:
    facts, xform, itemsets = work_on(sheets, "any", 6)
    assert facts.get("findings", ()) is not None  # the lint came to its end
    problem = outcome(encoded(facts, xform, itemsets))
    assert problem is None or 400 <= problem.status < 500
    assert problem is None or problem.en != problem.fr
    assert problem is None or problem.code != 400.15 or problem.details["error"]


def outcome(answer: bytes) -> Problem | None:
    try:
        judged(read_answer(answer))
    except Problem as problem:
        return problem
    return None


@settings(max_examples=200)
@given(st.lists(st.one_of(st.sampled_from(TOKENS.split()), st.text(max_size=3))))
def test_any_expression_is_read_or_refused_with_a_place_in_it(pieces: list[str]) -> None:
    source = " ".join(pieces)
    try:
        parse(source)
    except XPathFault as fault:
        at, en, fr = fault.at, fault.en, fault.fr
    else:
        return
    assert 0 <= at <= len(source)
    assert en != fr
