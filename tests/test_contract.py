"""docs/collect-contract.md is held by tests, and says by which. `python -m tests.test_contract` writes these lines anew."""

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "collect-contract.md"
PHONE = [ROOT / "tests" / "phone.py", *(ROOT / "tests" / "handset").glob("*.py")]
# They test the phone, not the server.
OF_THE_PHONE = {"test_phone", "test_phone_sending", "test_contract"}
UNUSED = {79, 89}
ENTITIES = "no entity lists are served yet."
# Why an item has no test; a MUST outside these must have one.
NOT_HELD = {
    19: "Collect's own schedule.",
    28: ENTITIES,
    29: ENTITIES,
    30: ENTITIES,
    68: ENTITIES,
    69: ENTITIES,
    70: ENTITIES,
    71: ENTITIES,
    73: "TLS ends at a proxy before Relais; plain http is what a post's own network has.",
}
ITEM = re.compile(r"^- \*\*C(\d+)\b(.*)", re.MULTILINE)
HOLDERS = re.compile(r"^- \*\*C(\d+)\b.*\n  \*(Held by|Not held):\* (.*)\.$", re.MULTILINE)


def cited_by_tests() -> dict[int, list[str]]:
    """Test files (without folder `tests` and ending) by the numbers in the names of their tests and beside them."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path.stem in OF_THE_PHONE:
            continue
        for name, comment in re.findall(r"def (test_\w+)\((.*)", path.read_text(encoding="utf-8")):
            numbers = re.findall(r"_c(\d{1,2})(?=_|$)", name) + re.findall(r"#.*?\bC(\d{1,2})\b", comment)
            for number in map(int, numbers):
                found[number].add(path.relative_to(ROOT / "tests").with_suffix("").as_posix())
    return {number: sorted(files) for number, files in found.items()}


def kept_by_the_phone() -> set[int]:
    """The numbers that the simulated phone's code names."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in PHONE if path.stem != "stub")
    spans = [range(int(first), int(last) + 1) for first, last in re.findall(r"\bC(\d+) to C(\d+)\b", text)]
    return {int(number) for number in re.findall(r"\bC(\d{1,2})\b", text)}.union(*spans)


def items() -> dict[int, str]:
    """The text of every item of the page."""
    return {int(number): text for number, text in ITEM.findall(PAGE.read_text(encoding="utf-8"))}


def with_holders(page: str) -> str:
    """The page with the line below each item that says what holds it."""
    tests, phone = cited_by_tests(), kept_by_the_phone()
    lines = []
    for line in page.splitlines():
        if re.match(r"  \*(Held by|Not held):\*", line):
            continue
        lines.append(line)
        if found := ITEM.match(line):
            number = int(found[1])
            holders = tests.get(number, []) + (["phone"] if number in phone and number not in NOT_HELD else [])
            reason = NOT_HELD.get(number, "nothing yet.")
            lines.append(f"  *Held by:* {', '.join(holders)}." if holders else f"  *Not held:* {reason}")
    return "\n".join(lines) + "\n"


def test_what_the_page_says_of_its_tests_is_true() -> None:
    tests, phone = cited_by_tests(), kept_by_the_phone()
    said = HOLDERS.findall(PAGE.read_text(encoding="utf-8"))
    assert [int(number) for number, *_ in said] == list(items())
    for number, state, words in said:
        holds = {*tests.get(int(number), []), *(["phone"] if int(number) in phone else [])}
        if state == "Held by":
            assert set(words.split(", ")) <= holds, f"C{number}; run: python -m tests.test_contract"
        else:
            assert not tests.get(int(number)), f"C{number}; run: python -m tests.test_contract"


def test_every_number_stands_once_and_in_order() -> None:
    assert list(items()) == sorted(set(range(1, 100)) - UNUSED)


def test_every_must_has_a_test_against_the_real_application() -> None:
    tests = cited_by_tests()
    musts = {number for number, text in items().items() if "MUST" in text}
    assert len(musts) > 30
    assert musts - set(NOT_HELD) - set(tests) == set()


def test_every_should_and_fact_has_a_test_a_phone_or_a_reason() -> None:
    assert set(items()) - set(cited_by_tests()) - kept_by_the_phone() - set(NOT_HELD) == set()


def test_no_code_cites_a_number_that_is_not_there() -> None:
    known = set(items())
    for folder in ("config", "accounts", "forms", "collector", "sync", "tests", "bench", "docs"):
        for path in [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.md")]:
            cited = {int(number) for number in re.findall(r"\bC([1-9]\d?)\b", path.read_text(encoding="utf-8"))}
            assert cited <= known, path


if __name__ == "__main__":
    PAGE.write_text(with_holders(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
