"""Cutting XPath into tokens as JavaRosa does, the engine inside ODK Collect.

It is narrower than XPath: a name holds only letters that have a case, so a question named in Arabic script cannot be
referred to.
"""

from dataclasses import dataclass

_TWO = ("!=", "<=", ">=", "//", "..", "::")
_ONE = "=<>+-*|/[]().@,"
_WORDS = ("and", "or", "div", "mod")


class XPathFault(Exception):
    """The expression cannot be read; `at` is the offset where, `en` and `fr` say what is wrong there."""

    def __init__(self, source: str, at: int, en: str, fr: str) -> None:
        self.source, self.at, self.en, self.fr = source, at, en, fr
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # "number", "text", "name", "variable", "word" (and, or, div, mod), "op"
    text: str
    at: int


def tokens(source: str) -> list[Token]:
    """The tokens of an expression; raises XPathFault."""
    found: list[Token] = []
    at, after_value = 0, False
    while at < len(source):
        if source[at] in " \n\t\f\r":
            at += 1
            continue
        token = _token(source, at, after_value=after_value)
        found.append(token)
        at += len(token.text) + (token.kind == "variable") + 2 * (token.kind == "text")
        after_value = token.kind in ("number", "text", "name", "variable") or token.text in ("]", ")", ".", "..")
        if token.text == "*" and token.kind == "name":
            after_value = True
    return found


def _token(source: str, at: int, *, after_value: bool) -> Token:
    char, two = source[at], source[at : at + 2]
    if char.isdecimal() or (char == "." and source[at + 1 : at + 2].isdecimal()):
        return Token("number", source[at : _end_of_number(source, at)], at)
    if two in _TWO:
        return Token("op", two, at)
    if char == "*" and not after_value:
        return Token("name", "*", at)
    if char in _ONE:
        return Token("op", char, at)
    if char in "'\"":
        return _text(source, at)
    return _operator(source, at) if after_value else _name(source, at)


def _text(source: str, at: int) -> Token:
    end = source.find(source[at], at + 1)
    if end < 0:
        en, fr = "a quotation mark is opened and never closed", "un guillemet est ouvert et jamais fermé"
        raise XPathFault(source, at, en, fr)
    return Token("text", source[at + 1 : end], at)


def _operator(source: str, at: int) -> Token:
    word = next((word for word in _WORDS if source.startswith(word, at)), None)
    if word is None:
        raise _missing_operator(source, at)
    return Token("word", word, at)


def _name(source: str, at: int) -> Token:
    if source[at] == "$" and _end_of_name(source, at + 1) > at + 1:
        return Token("variable", source[at + 1 : _end_of_name(source, at + 1)], at)
    end = _end_of_name(source, at)
    if end == at:
        raise _foreign_character(source, at)
    if ":" not in source[at:end] and source[end : end + 2] == ":*":
        end += 2
    return Token("name", source[at:end], at)


def _end_of_number(source: str, at: int) -> int:
    dotted = False
    while at < len(source) and (source[at].isdecimal() or (source[at] == "." and not dotted)):
        dotted = dotted or source[at] == "."
        at += 1
    return at


def _end_of_name(source: str, at: int) -> int:
    end = _end_of_plain_name(source, at)
    if end > at and source[end : end + 1] == ":" and source[end + 1 : end + 2] != ":":
        second = _end_of_plain_name(source, end + 1)
        return second if second > end + 1 else end
    return end


def _end_of_plain_name(source: str, at: int) -> int:
    start = at
    while at < len(source):
        char = source[at]
        letter = char == "_" or char.islower() or char.isupper()
        if not letter and (at == start or not (char in ".-" or char.isdecimal())):
            break
        at += 1
    return at


_OTHER_LANGUAGES = {
    "==": ("=", "="),
    "&&": ("and", "and"),
    "||": ("or", "or"),
    "%": ("mod", "mod"),
    "<>": ("!=", "!="),
    "AND": ("and", "and"),
    "OR": ("or", "or"),
    "And": ("and", "and"),
    "Or": ("or", "or"),
}


def hint(source: str, at: int) -> tuple[str, str] | None:
    """What someone who writes Excel or another language means here."""
    for wrong, (en, fr) in _OTHER_LANGUAGES.items():
        if source.startswith(wrong, at):
            return f"write « {en} » instead of « {wrong} »", f"écrivez « {fr} » au lieu de « {wrong} »"
    return None


def _missing_operator(source: str, at: int) -> XPathFault:
    meant = hint(source, at)
    if meant:
        return XPathFault(source, at, *meant)
    return XPathFault(
        source,
        at,
        f"an operator (and, or, =, +, …) is missing before « {source[at : at + 30]} »",
        f"il manque un opérateur (and, or, =, +, …) avant « {source[at : at + 30]} »",
    )


def _foreign_character(source: str, at: int) -> XPathFault:
    meant = hint(source, at)
    if meant:
        return XPathFault(source, at, *meant)
    char = source[at]
    if char.isalpha():
        return XPathFault(
            source,
            at,
            f"phones cannot read a name with « {char} ». Name questions with the letters a to z",
            f"les téléphones ne lisent pas un nom avec « {char} ». Nommez les questions avec les lettres a à z",
        )
    return XPathFault(source, at, f"« {char} » has no meaning here", f"« {char} » n'a pas de sens ici")
