"""Expressions of a form said in words: « Âge » vaut au moins 18 et « Sexe » est « Femme ». Pure.

Only what can be said without a doubt is said; everything else stays an expression, as its author wrote it.
"""

from dataclasses import dataclass

from forms.expressions import readable, resolve
from forms.labels import Labels, without_markup
from forms.xpath import Binary, Call, Expression, Literal, Path
from forms.xpath_parser import parse
from forms.xpath_tokens import XPathFault

LONGEST_QUESTION = 70

# (French, English); {a} is a question, {b} a value.
_IS = ("{a} est {b}", "{a} is {b}")
_IS_NOT = ("{a} n’est pas {b}", "{a} is not {b}")
_HOLDS = ("{a} comprend {b}", "{a} includes {b}")
_LACKS = ("{a} ne comprend pas {b}", "{a} does not include {b}")
_EMPTY = ("{a} est sans réponse", "{a} has no answer")
_FILLED = ("{a} a une réponse", "{a} has an answer")
_COMPARED = {
    ">": ("{a} dépasse {b}", "{a} is more than {b}"),
    ">=": ("{a} vaut au moins {b}", "{a} is at least {b}"),
    "<": ("{a} est inférieur à {b}", "{a} is less than {b}"),
    "<=": ("{a} vaut au plus {b}", "{a} is at most {b}"),
}
_DATED = {
    ">": ("{a} est après {b}", "{a} is after {b}"),
    ">=": ("{a} n’est pas avant {b}", "{a} is not before {b}"),
    "<": ("{a} est avant {b}", "{a} is before {b}"),
    "<=": ("{a} n’est pas après {b}", "{a} is not after {b}"),
}
_BETWEEN = ("{a} est entre {b} et {c}", "{a} is between {b} and {c}")
_NEVER = ("jamais", "never")
_DAYS = {"-": ("{a} moins {b} jours", "{a} minus {b} days"), "+": ("{a} plus {b} jours", "{a} plus {b} days")}
_OPPOSITE = {">": "<=", "<=": ">", ">=": "<", "<": ">=", "=": "!=", "!=": "="}
_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "=", "!=": "!="}
_JOINED = {"and": (" et ", " and "), "or": (" ou ", " or ")}
_SELF = ("la réponse", "the answer")
_CHOSEN = ("le nombre de choix de {a}", "the number of choices in {a}")
_LENGTH = ("la longueur de {a}", "the length of {a}")
_MOMENTS = {"today": ("aujourd’hui", "today"), "now": ("maintenant", "now")}
_QUOTED = ("« {a} »", "“{a}”")


class _Unsayable(Exception):
    """There are no words for this part."""


@dataclass(frozen=True, slots=True)
class Said:
    """A condition: in words, or (`code`) as its author wrote it, with `${name}` for questions."""

    text: str
    code: bool = False


def said(source: str, node: str, labels: Labels, form_language: str, language: str) -> Said:
    """The expression `source` of `node` (an absolute path) in words of `language`, naming questions in `form_language`."""
    try:
        return Said(_Speaker(node, labels, form_language, language.startswith("en")).condition(parse(source)))
    except (XPathFault, _Unsayable, RecursionError):
        return Said(readable(source), code=True)


def is_constant(source: str, value: bool) -> bool:
    """Whether an expression is `true()` (or `false()`), however it is written."""
    word = str(value).lower()
    return "".join(source.split()).lower() in (word, f"{word}()")


@dataclass(frozen=True, slots=True)
class _Speaker:
    node: str
    labels: Labels
    form_language: str
    english: bool

    def condition(self, expression: Expression, negated: bool = False, around: str = "") -> str:
        match expression:
            case Binary("and", Binary(">=", low, least), Binary("<=", high, most)) if low == high and not negated:
                return self.filled(_BETWEEN, self.subject(low), self.value(low, least), self.value(high, most))
            case Binary("and" | "or" as operator, left, right):
                operator = ({"and": "or", "or": "and"}[operator]) if negated else operator
                text = self.words(_JOINED[operator]).join(
                    self.condition(each, negated, operator) for each in (left, right)
                )
                return f"({text})" if around and around != operator else text
            case Binary(operator, left, right) if operator in _OPPOSITE:
                return self.comparison(_OPPOSITE[operator] if negated else operator, left, right)
            case Call("not", (inner,)):
                return self.condition(inner, not negated, around)
            case Call("selected", (Path() as path, Literal(str() as value))):
                several = self.labels.is_several(self.path_of(path))
                template = (_LACKS if negated else _HOLDS) if several else (_IS_NOT if negated else _IS)
                return self.filled(template, self.subject(path), self.choice(path, value))
            case Call("selected", (Literal(str() as values), Path() as path)) if values.split():
                chosen = [self.choice(path, value) for value in values.split()]
                listed = self.words(_JOINED["or"]).join(filter(None, (", ".join(chosen[:-1]), chosen[-1])))
                return self.filled(_IS_NOT if negated else _IS, self.subject(path), listed)
            case Call("false", ()) if not negated:
                return self.words(_NEVER)
        raise _Unsayable

    def comparison(self, operator: str, left: Expression, right: Expression) -> str:
        if isinstance(left, Literal) or _is_moment(left):
            left, right, operator = right, left, _TURNED[operator]
        if isinstance(right, Literal) and right.value == "":
            if operator not in ("=", "!="):
                raise _Unsayable
            return self.filled(_EMPTY if operator == "=" else _FILLED, self.subject(left), "")
        compared = _DATED if _is_moment(right) else _COMPARED
        template = {"=": _IS, "!=": _IS_NOT}.get(operator) or compared[operator]
        return self.filled(template, self.subject(left), self.value(left, right))

    def subject(self, expression: Expression) -> str:
        match expression:
            case Path():
                path = self.path_of(expression)
                return self.words(_SELF) if path == self.own_path else self.question(path)
            case Call("count-selected", (Path() as path,)):
                return self.filled(_CHOSEN, self.subject(path), "")
            case Call("string-length", (Path() as path,)):
                return self.filled(_LENGTH, self.subject(path), "")
            case Call("coalesce", (Path() as path, Literal(""))) | Call("number" | "int" | "string", (Path() as path,)):
                return self.subject(path)
        raise _Unsayable

    def value(self, subject: Expression, expression: Expression) -> str:
        match expression:
            case Literal(str() as text):
                return self.choice(subject, text)
            case Literal(float() as number):
                return f"{number:g}" if number % 1 else f"{number:.0f}"
            case Call(name, ()) if name in _MOMENTS:
                return self.words(_MOMENTS[name])
            case Binary("-" | "+" as operator, Call("today", ()) as moment, Literal(float() as days)):
                return self.filled(_DAYS[operator], self.value(subject, moment), f"{days:g}")
            case Path():
                return self.subject(expression)
        raise _Unsayable

    def choice(self, subject: Expression, value: str) -> str:
        if not isinstance(subject, Path):
            return self.quoted(value)
        return self.quoted(without_markup(self.labels.choice(self.path_of(subject), value, self.form_language)))

    def question(self, path: str) -> str:
        words = " ".join(without_markup(self.labels.question(path, self.form_language) or "").split())
        if len(words) > LONGEST_QUESTION:
            words = words[: LONGEST_QUESTION - 1].rsplit(" ", 1)[0] + "…"
        return self.quoted(words or path.rpartition("/")[2])

    def quoted(self, text: str) -> str:
        return self.words(_QUOTED).format(a=text)

    @property
    def own_path(self) -> str:
        return self.without_root(tuple(self.node.strip("/").split("/")))

    def path_of(self, path: Path) -> str:
        names = resolve(path, self.node)
        if names is None or any(step.predicates for step in path.steps):
            raise _Unsayable
        return self.without_root(names)

    def without_root(self, names: tuple[str, ...]) -> str:
        return "/" + "/".join(names[1:])

    def words(self, both: tuple[str, str]) -> str:
        return both[self.english]

    def filled(self, template: tuple[str, str], a: str, b: str, c: str = "") -> str:
        return self.words(template).format(a=a, b=b, c=c)


def _is_moment(expression: Expression) -> bool:
    match expression:
        case Call(name, ()):
            return name in _MOMENTS
        case Binary("-" | "+", Call("today", ()), Literal()):
            return True
    return False
