"""pyxform's messages become sentences with sheet, row and column."""

import pytest
from pyxform.errors import ErrorCode

from config.problem import Problem
from forms.messages import explained
from forms.workbook_errors import workbook_problem
from tests.forms import workbook
from tests.forms.corpus import compile_here


@pytest.mark.parametrize(
    ("message", "en", "fr"),
    [
        (
            "[row : 4] Question with no type.\n{'a': 1}",
            "Sheet survey, row 4, column type: this row has no type",
            "ligne 4",
        ),
        ("[row : 4] List name not in choices sheet: yn", "« yn » does not exist", "« yn » n'existe pas"),
        (
            "[row : 9] On the 'choices' sheet, the 'name' value is invalid. Choice names must be unique for",
            "Sheet choices, row 9, column name: this choice name appears twice",
            "Feuille choices, ligne 9, colonne name : ce nom de choix figure deux fois",
        ),
        (
            "On the 'survey' sheet. One or more required column headers were not found: 'type', 'name'. Learn more",
            "Sheet survey: required columns are missing: 'type', 'name'.",
            "Feuille survey : des colonnes obligatoires manquent : 'type', 'name'.",
        ),
        ("[row : 3] Unmatched 'end_repeat'. No matching", "end_repeat without its begin_repeat", "ligne 3"),
        ("Something new in pyxform 9 {braces}", "Something new in pyxform 9 {braces}", "(message de pyxform)"),
        ("", "", "pas valide"),
    ],
)
def test_messages_become_sentences(message: str, en: str, fr: str) -> None:
    problem = workbook_problem({"error": message, "exception": "PyXFormError", "warnings": ["w"]})
    assert en in problem.en
    assert fr in problem.fr
    assert problem.details["warnings"] == ["w"]


# Said by pyxform outside its list of codes, or with a code and no context: then it only gives the code's name.
PLAIN = """\
Unknown question type 'txet'.
[row : 4] Question with no type. {'a': 1}
[row : 4] Question or group with no name.
[row : 4] Missing calculation.
[row : 4] List name not in choices sheet: yn
[row : 4]List name not in external choices sheet: yn
[row : 4] List name not in columns sheet: yn
[row : 4] Repeat loop without list name.
There should be a choices sheet in this xlsform. Please ensure that the choices sheet has the mandatory columns
There should be an external_choices sheet in this xlsform. When looking …, similar names were found: 'external choices'. Please
There should be choices for this question.
Arguments 'itemset' and 'list_name' must not both be None or empty.
Choice names with spaces cannot be added to multiple choice selects. See [a b] in [yn]
[row : 4] Choice filter not supported with or_other.
[row : 4] Please specify choices for this 'or other' question.
[row : 4] Choice filter not supported for table-list appearance.
[row : 4] Badly formatted table list, list names don't match: a vs. b
[row : 4] File name for 'select_one_from_file x' should end with one of the supported file extensions: .csv, .xml
[row : 4] Audits must always be named 'audit.' The name column should be left blank.
track-changes must be set to true or false: 'x' is an invalid value.
track-changes-reasons must be set to on-form-edit
identify-user must be set to true or false: 'x' is an invalid value.
Parameter location-priority must be set to no-power, low-power, balanced, or high-accuracy:'x' is an invalid value
Parameter location-min-interval must have an integer value.
Parameter location-min-interval must be greater than or equal to zero.
Parameter location-max-age must have an integer value.
Parameter location-max-age must be greater  than or equal to zero.
Parameter location-max-age must be greater than or equal to location-min-interval.
To include location information in the audit, 'location-priority', 'location-min-interval' are required parameters.
randomize must be set to true or false: 'x' is an invalid value
seed value must be a number or a reference to another field.
Parameters must include randomize=true to use a seed.
[row : 4] Parameter rows must have an integer value.
Parameter max-pixels must have an integer value.
Invalid value for quality.
[row : 4] Parameter 'app' has an invalid Android package name - package name is missing.
Cannot omit instanceID, it is required for encryption.
[row : 4] For 'background-geopoint' questions, the 'calculation' column must be empty.
[row : 4] For 'background-geopoint' questions, the 'trigger' column must not be empty.
The question ${a} is not user-visible so it can't be used as a calculation trigger for question ${b}.
The survey element named 'a' has no label or hint.
To use big-image, you must also specify an image for the survey element named a.
Question 'a' is a select from file type, using 'search()'. This combination is not supported.
Question 'a' uses 'search()', and its select type references the choice list name 'yn'. This choice list name is
The same instance id will be generated … Instance name: 'a', Existing type: 'file', Existing URI: 'a.csv', Duplicate URI: 'b'
Instance names must be unique within a form. The name 'a' was found 2 time(s), under these contexts: x
There has been a problem trying to replace ${a} with the XPath. There is no survey element named 'a'.
There are multiple survey elements named 'a'.
Media type: smell not supported
Survey cannot have an empty id_string
This section has not been included.
Found a cascading_select x, but could not find xin cascades sheet.
You must have a sheet named 'survey'.
You must have a sheet named 'survey'. When looking for it, sheets with similar names were found: 'surveys'.
Duplicate column header: label
The xls file provided has an invalid date on the survey sheet, under the name column on row number 3
Error reading .xlsx file: x
Error reading .xls file: x
PyXForm reference - parsing failed
PyXForm reference - parsing limit reached
Survey sheet - invalid geoshape/geotrace parameter 'incremental'
""".splitlines()
# Warnings, which never end a compilation; and two that only a mistake of pyxform's own could say.
NOT_ERRORS = {"LABEL_001", "NAMES_002", "NAMES_013", "INTERNAL_001", "INTERNAL_002"}
CODED = [
    code.value.format(row=4, sheet="survey", column="name", value="a", name="a", q="a", type="group")
    for code in ErrorCode
    if code.name not in NOT_ERRORS
]


def test_everything_pyxform_can_say_has_a_sentence_of_its_own() -> None:
    told = {message: explained(message) for message in [*PLAIN, *CODED]}
    assert [message for message, sentences in told.items() if sentences is None] == []
    for en, fr in filter(None, told.values()):
        assert en != fr
        assert en.endswith(".")
        assert fr.endswith(".")
        assert "{" not in en.replace("${", "")


def test_the_mistakes_behind_the_first_are_named_too() -> None:
    table = (
        "| survey |\n| | type | name | label | relevant | calculation |\n| | txet | a | A | | |\n| | text | b c | B | | |\n"
        "| | select_one towns | d | D | | |\n| | text | e | | | |\n| | text | f | F | ${nobody} = 1 | |\n"
        "| | calculate | g | | | |\n| | text | h | H | | |\n| | text | h | H | | |\n"
        "| choices |\n| | list_name | name | label |\n| | yn | y | Y |\n| | yn | y | N |\n"
    )
    with pytest.raises(Problem) as caught:
        compile_here(workbook(table))
    problem = caught.value
    assert {(each["sheet"], each["row"], each["column"]) for each in problem.details["findings"]} == {
        ("survey", 2, "type"), ("survey", 3, "name"), ("survey", 4, "type"), ("survey", 5, "label"), ("survey", 6, "relevant"),
        ("survey", 7, "calculation"), ("survey", 9, "name"), ("choices", 3, "name"),
    }  # fmt: skip
    assert problem.en.endswith("(7 more mistakes below.)")
    assert problem.fr.endswith("(7 autres fautes ci-dessous.)")


def test_a_mistake_that_needs_more_than_a_cell_stands_alone() -> None:
    with pytest.raises(Problem) as caught:
        compile_here(workbook("| survey |\n| | type | name | label |\n| | begin group | g | G |\n| | text | a | A |\n"))
    assert len(caught.value.details["findings"]) == 1
