"""XPath source text to a tree, or where it stops making sense to a phone."""

from forms.xpath import Binary, Call, Expression, Filter, Literal, Negative, Path, Step
from forms.xpath_tokens import Token, XPathFault, hint, tokens

_LEVELS = {
    "or": 0,
    "and": 1,
    **dict.fromkeys(("=", "!="), 2),
    **dict.fromkeys(("<", "<=", ">", ">="), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "div", "mod"), 5),
}
_NODE_TESTS = ("node", "text", "comment", "processing-instruction")
_AXES = (
    "child",
    "descendant",
    "parent",
    "ancestor",
    "following-sibling",
    "preceding-sibling",
    "following",
    "preceding",
    "attribute",
    "namespace",
    "self",
    "descendant-or-self",
    "ancestor-or-self",
)
# Real forms nest some dozens of if(); five calls for each, and Python allows a thousand in all.
_DEEPEST = 120


class TooDeep(XPathFault):
    """Deeper than we read; phones may well read it."""


def parse(source: str) -> Expression:
    """The expression; raises XPathFault."""
    try:
        return _Parser(source).whole()
    except RecursionError:
        raise _too_deep(source, 0) from None


def _too_deep(source: str, at: int) -> TooDeep:
    return TooDeep(source, at, "too many brackets inside brackets", "trop de parenthèses imbriquées")


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokens(source)
        self.at = 0
        self.depth = 0

    def whole(self) -> Expression:
        result = self.expression()
        if self.at < len(self.tokens):
            raise self.unexpected()
        return result

    def peek(self, ahead: int = 0) -> Token:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else Token("end", "", len(self.source))

    def sees(self, *texts: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind in ("op", "word") and token.text in texts

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, text: str) -> None:
        if not self.sees(text):
            raise self.unexpected(text)
        self.at += 1

    def unexpected(self, wanted: str = "") -> XPathFault:
        token = self.peek()
        if token.kind == "end":
            missing = f" « {wanted} »" if wanted else ""
            return XPathFault(
                self.source,
                token.at,
                f"something is missing at the end:{missing or ' a value'}",
                f"il manque quelque chose à la fin :{missing or ' une valeur'}",
            )
        meant = hint(self.source, token.at) or hint(self.source, max(0, token.at - 1))
        if meant:
            return XPathFault(self.source, token.at, *meant)
        if wanted:
            return XPathFault(
                self.source,
                token.at,
                f"« {wanted} » is missing before « {token.text} »",
                f"il manque « {wanted} » avant « {token.text} »",
            )
        return XPathFault(
            self.source, token.at, f"« {token.text} » is not expected here", f"« {token.text} » n'est pas attendu ici"
        )

    def expression(self, lowest: int = 0) -> Expression:
        """Precedence climbing: few Python calls for each bracket of a deeply nested if()."""
        left = self.unary()
        while self.peek().kind in ("op", "word"):
            level = _LEVELS.get(self.peek().text, -1)
            if level < lowest:
                break
            operator = self.take().text
            left = Binary(operator, left, self.expression(level + 1))
        return left

    def nested(self) -> Expression:
        """An expression inside brackets."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _too_deep(self.source, self.peek().at)
        inside = self.expression()
        self.depth -= 1
        return inside

    def unary(self) -> Expression:
        minuses = 0
        while self.sees("-"):
            self.take()
            minuses += 1
        left = self.path()
        while self.sees("|"):
            self.take()
            left = Binary("|", left, self.path())
        for _ in range(minuses):
            left = Negative(left)
        return left

    def path(self) -> Expression:
        token = self.peek()
        if token.kind in ("number", "text"):
            self.take()
            return self.continued(Literal(float(token.text) if token.kind == "number" else token.text))
        if token.kind == "variable":
            wanted = f"${{{token.text}}}"
            en, fr = f"write {wanted} instead of ${token.text}", f"écrivez {wanted} au lieu de ${token.text}"
            raise XPathFault(self.source, token.at, en, fr)
        if self.sees("("):
            self.take()
            inner = self.nested()
            self.expect(")")
            return self.continued(inner)
        if token.kind == "name" and self.sees("(", ahead=1) and token.text not in _NODE_TESTS:
            return self.continued(self.call())
        if self.sees("/", "//"):
            double = self.take().text == "//"
            if not double and not self.begins_step():
                return Path("/", ())
            return Path("/", (*((Step("//"),) if double else ()), *self.steps()))
        return Path(None, self.steps())

    def continued(self, start: Expression) -> Expression:
        predicates = self.predicates()
        if predicates:
            start = Filter(start, predicates)
        if not self.sees("/", "//"):
            return start
        double = self.take().text == "//"
        if not self.begins_step():
            raise self.division() if not double else self.unexpected()
        return Path(start, (*((Step("//"),) if double else ()), *self.steps()))

    def division(self) -> XPathFault:
        return XPathFault(
            self.source,
            self.peek(-1).at,
            "« / » does not divide: write « div »",
            "« / » ne divise pas : écrivez « div »",
        )

    def begins_step(self) -> bool:
        return self.peek().kind == "name" or self.sees(".", "..", "@")

    def call(self) -> Call:
        name = self.take().text
        self.take()
        arguments: list[Expression] = []
        if not self.sees(")"):
            arguments.append(self.nested())
            while self.sees(","):
                self.take()
                arguments.append(self.nested())
        self.expect(")")
        return Call(name, tuple(arguments))

    def steps(self) -> tuple[Step, ...]:
        found = [self.step()]
        while self.sees("/", "//"):
            if self.take().text == "//":
                found.append(Step("//"))
            elif not self.begins_step():
                raise self.division()
            found.append(self.step())
        return tuple(found)

    def step(self) -> Step:
        if self.sees(".", ".."):
            return Step(self.take().text, self.predicates())
        if self.sees("@"):
            self.take()
            return Step("@" + self.name(), self.predicates())
        name = self.name()
        if self.sees("::"):
            if name not in _AXES:
                en, fr = f"« {name}:: » has no meaning here", f"« {name}:: » n'a pas de sens ici"
                raise XPathFault(self.source, self.peek().at, en, fr)
            self.take()
            name = f"{name}::{self.name()}"
        if self.sees("(") and name.rpartition("::")[2] in _NODE_TESTS:
            self.take()
            if self.peek().kind == "text":
                self.take()
            self.expect(")")
            name += "()"
        return Step(name, self.predicates())

    def name(self) -> str:
        if self.peek().kind != "name":
            raise self.unexpected()
        return self.take().text

    def predicates(self) -> tuple[Expression, ...]:
        found = []
        while self.sees("["):
            self.take()
            found.append(self.nested())
            self.expect("]")
        return tuple(found)
