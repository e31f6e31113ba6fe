"""Pairs of names, judged by hand: one name in two spellings, or two names."""

from collections.abc import Iterator
from pathlib import Path

PAIRS = Path(__file__).with_name("names.txt")
AGAIN = Path(__file__).with_name("names_again.txt")


def pairs_of_names(path: Path = PAIRS) -> Iterator[tuple[str, str, bool]]:
    """Every pair of a list, and whether it is one name."""
    for line in path.read_text(encoding="utf-8").splitlines():
        for sign in (" = ", " / "):
            if sign in line and not line.startswith("#"):
                one, other = line.split(sign)
                yield one, other, sign == " = "
