"""Every bad workbook ends in a sentence that names the cell, in both languages."""

import pytest

from config.problem import Problem
from tests.forms.corpus import compile_here
from tests.forms.corpus.bad import BAD, content_of


@pytest.mark.parametrize("name", BAD)
def test_a_bad_workbook_ends_in_a_sentence_with_its_cell(name: str) -> None:
    _, words, place = BAD[name]
    with pytest.raises(Problem) as caught:
        compile_here(content_of(name))
    problem = caught.value
    assert problem.code == 400.15
    assert words in problem.en
    assert tuple(problem.details.get(part) for part in ("sheet", "row", "column")) == place
    assert problem.fr != problem.en
    for part, french in (("sheet", "euille"), ("row", "igne"), ("column", "olonne")):
        if part in problem.details:
            assert f"{french} {problem.details[part]}" in problem.fr
    assert problem.details["error"]
