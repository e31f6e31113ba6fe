"""Names as they are written from Dakar to Lake Chad: which are one, which never are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.people.names import AGAIN, pairs_of_names
from sync.rules.identity.names import SAME_FROM, compare_names, read_name, same_name
from sync.rules.identity.sounds import fold
from sync.rules.identity.spellings import _LIST
from sync.rules.identity.tokens import Likeness, compare_tokens, read_token

ONE_NAME = [
    ("Mahamadou", "Mamadou"),
    ("Boubacar", "Abubakar"),
    ("Hadiza", "Khadija"),
    ("Drissa", "Idrissa"),
    ("Issoufou", "Youssouf"),
    ("Haoua", "Awa"),
    ("Zenabo", "Zeinabou"),
    ("Sawadogo", "Savadogo"),
    ("Jallow", "Diallo"),
    ("Ceesay", "Cissé"),
    ("Ouédraogo", "Wedraogo"),
    ("Faimata", "Fatimata"),
    ("Kiendrébéogo", "Kiemdrebeogo"),
    ("N'Diaye", "Njie"),
    ("El Hadj Oumarou Sani", "Oumarou Sani"),
    ("Feu Moussa Issa", "Moussa Issa"),
    ("Moussa Issa", "Issa Moussa"),
    ("Abdoul Karim Moussa", "Abdoulkarim Moussa"),
    ("Cheick Oumar Traoré", "Cheickoumar Traore"),
    ("Fatimata Diallo née Barry", "Fatimata Barry"),
    ("Mohamed Ag Ali", "Mohamed Ali"),
    ("Moussa Issa Traoré", "Moussa Traoré"),
    ("Moussa I. Traoré", "Moussa Ibrahim Traoré"),
    ("Sali Belem", "Sali Belzm"),
    ("Yacouba Djibo", "Yacouba Djibp"),
    ("Abdou Zongo", "Abdou Zogno"),
    ("Zaliha Boubé", "Zalihatou Boubé"),
    ("Saali", "Sali"),
    ("Hamidou Kiendreb", "Hamidou Kiendrebeogo"),
    ("Abou Bakar Sani", "Boubacar Sani"),
    # What a scanner read.
    ("0uédraogo M0ussa", "Ouédraogo Moussa"),
    ("lssoufou Sani", "Issoufou Sani"),
    ("Aghali Rhali", "Agali Ghali"),
    ("Oumar Diao", "Oumar Diaw"),
    ("Joseph Ky", "Joseph Ki"),
]
TWO_NAMES = [
    ("Amadou", "Mamadou"),
    ("Hamidou", "Hamadou"),
    ("Hassane", "Hassana"),
    ("Hassane", "Housseini"),
    ("Hassana", "Housseina"),
    ("Issa", "Aïssa"),
    ("Issa", "Moussa"),
    ("Koné", "Konaté"),
    ("Kaboré", "Kabré"),
    ("Diarra", "Diawara"),
    ("Aminou", "Amina"),
    ("Mahamane", "Mahamadou"),
    ("Habibou", "Habiba"),
    ("Moussa Issa", "Moussa Ali"),
    ("Fatimata Diallo", "Aïssata Diallo"),
    ("Leïla Walet Ali", "Leïla Ag Ali"),
    # A man and his father.
    ("Moussa Ag Ibrahim", "Ibrahim Ag Moussa"),
    ("Ahmed Ould Sidi", "Sidi Ould Ahmed"),
    ("Bachirou Alio", "Badirou Alio"),
    ("Sahabi Issa", "Sabi Issa"),
    ("Moussa", "Moussa Traoré"),
    ("A. Traoré", "Moussa Traoré"),
    ("Justin Somé", "Justine Somé"),
    ("Emmanuel Nana", "Emmanuelle Nana"),
    ("Adama Poro", "Adama Porgo"),
    ("Fallou", "Falilou"),
    ("Karim", "Karima"),
    ("Dabo", "Debbo"),
    ("", "Moussa"),
]
WORDS = [
    *("Moussa", "Mussa", "Issa", "Fatimata", "Faimata", "Diallo", "Jallow", "Traoré", "Zongo", "Ouédraogo"),
    *("Ag", "Abdoul", "Karim", "née", "El", "Hadj", "A."),
]
names = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join) | st.text(max_size=30)


@pytest.mark.parametrize(("one", "other"), ONE_NAME)
def test_one_name_in_two_spellings_is_recognised(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(("one", "other"), TWO_NAMES)
def test_two_names_are_never_taken_for_one(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(names, names)
def test_the_comparison_is_symmetric_and_between_nothing_and_one(one: str, other: str) -> None:
    here, there = compare_names(one, other), compare_names(other, one)
    assert here.similarity == there.similarity
    assert here.grades == there.grades
    assert 0 <= here.similarity <= 1


@given(names)
def test_a_name_is_itself(name: str) -> None:
    assert not read_name(name).tokens or compare_names(name, name).similarity == 1


def test_hardly_a_pair_of_a_list_judged_by_hand_is_taken_otherwise() -> None:
    judged = [*pairs_of_names(), *pairs_of_names(AGAIN)]
    wrong = [(one, other, same) for one, other, same in judged if same_name(one, other) != same]
    assert len(judged) > 700
    assert len(wrong) <= len(judged) / 50, wrong
    assert sum(not same for *_, same in wrong) <= 3, wrong


def test_the_written_order_counts_more_than_another() -> None:
    straight = compare_names("Moussa Issa", "Moussa Issa")
    swapped = compare_names("Moussa Issa", "Issa Moussa")
    assert straight.similarity > swapped.similarity >= SAME_FROM
    assert (straight.swapped, swapped.swapped) == (False, True)


def test_all_spellings_of_a_line_of_the_list_are_one_name_and_no_word_stands_on_two_lines() -> None:
    line_of: dict[str, int] = {}
    for number, line in enumerate(_LIST.read_text(encoding="utf-8").splitlines()):
        if line and line[0] not in "#~!":
            words = [fold(word).replace(" ", "") for word in line.split()]
            assert {line_of.setdefault(word, number) for word in words} == {number}, line
            grades = {compare_tokens(read_token(words[0]), read_token(word)) for word in words[1:]}
            assert grades <= {Likeness.SPELLING, Likeness.EQUAL}, line
