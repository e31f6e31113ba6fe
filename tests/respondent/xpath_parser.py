"""Reading XPath: source text to expression trees."""

import re

from tests.respondent.xpath import Binary, Call, Expression, Literal, Negative, Path, Step

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<text>'[^']*'|"[^"]*")|(?P<op>::|//|\.\.|!=|<=|>=|[()\[\]@,/.|+\-=<>*])"""
    r"""|(?P<name>[A-Za-z_][\w.\-]*(?::[A-Za-z_][\w.\-]*)?))""",
    re.UNICODE,
)  # fmt: skip
_LEVELS = [{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}]
_WORDS = {"or", "and", "div", "mod"}


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while source[at:].strip():
            match = _TOKEN.match(source, at)
            if match is None:
                raise SyntaxError(f"XPath {source!r}: unexpected {source[at : at + 10]!r}")
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        text = self.peek()
        if not text or (wanted is not None and text != wanted):
            raise SyntaxError(f"XPath {self.source!r}: {wanted or 'more'} expected, not {text!r}")
        self.at += 1
        return text

    def whole(self) -> Expression:
        result = self.level(0)
        if self.peek():
            raise SyntaxError(f"XPath {self.source!r}: unexpected {self.peek()!r}")
        return result

    def level(self, number: int) -> Expression:
        if number == len(_LEVELS):
            return self.unary()
        left = self.level(number + 1)
        while self.peek() in _LEVELS[number] and self.tokens[self.at][0] != "text":
            operator = self.take()
            left = Binary(operator, left, self.level(number + 1))
        return left

    def unary(self) -> Expression:
        if self.peek() == "-":
            self.take()
            return Negative(self.unary())
        return self.path()

    def path(self) -> Expression:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind == "number":
            return Literal(float(self.take()))
        if kind == "text":
            return Literal(self.take()[1:-1])
        start: Expression | str | None = None
        if text == "(":
            self.take()
            start = self.level(0)
            self.take(")")
        elif kind == "name" and self.peek(1) == "(":
            start = self.call()
        elif text == "/":
            start = "/"
        if start is None:
            return Path(None, self.steps())
        if self.peek() == "[":
            start = Path(start, [Step(".", self.predicates())])
        if self.peek() != "/":
            return start  # type: ignore[return-value]
        self.take()
        return Path(start, self.steps())

    def call(self) -> Call:
        name = self.take()
        self.take("(")
        arguments: list[Expression] = []
        while self.peek() != ")":
            arguments.append(self.level(0))
            if self.peek() == ",":
                self.take()
        self.take(")")
        return Call(name, arguments)

    def steps(self) -> list[Step]:
        found = [self.step()]
        while self.peek() == "/":
            self.take()
            found.append(self.step())
        return found

    def step(self) -> Step:
        text = self.take()
        if text == "@":
            text += self.take().rpartition(":")[2]
        elif not re.match(r"[\w.*]", text):
            raise SyntaxError(f"XPath {self.source!r}: unexpected {text!r}")
        return Step(text if text in {".", "..", "*"} else text.rpartition(":")[2], self.predicates())

    def predicates(self) -> list[Expression]:
        found = []
        while self.peek() == "[":
            self.take()
            found.append(self.level(0))
            self.take("]")
        return found


def parse(source: str) -> Expression:
    """The expression, or SyntaxError with the source."""
    return _Parser(source).whole()
