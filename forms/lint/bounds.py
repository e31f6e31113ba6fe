"""Rules about answers that nothing bounds."""

from collections.abc import Iterator

from forms.lint.finding import Remark, Subject, at, rule
from forms.tables import Question
from forms.xpath import Binary, Call, Expression, Path, walk
from forms.xpath_tokens import XPathFault


@rule(
    "constraint-without-message",
    "warning",
    why_en="The phone then says « Sorry, this response is invalid » and the enumerator does not know what is wanted.",
    why_fr="Le téléphone dit alors seulement que la réponse est invalide, et l'enquêteur ne sait pas ce qu'on attend.",
)
def constraint_without_message(subject: Subject) -> Iterator[Remark]:
    """A constraint whose question has no constraint_message."""
    for question in subject.questions:
        if question.row.text("constraint") and not question.row.text("constraint_message"):
            yield Remark(
                f"« {question.name} » has a constraint but no message. Fill constraint_message.",
                f"« {question.name} » a une contrainte sans message. Remplissez constraint_message.",
                at(question.row, "constraint"),
                question.path,
            )


@rule(
    "unbounded-number",
    "advice",
    why_en="A finger too many makes 30 people 300, and the mean of the whole survey wrong.",
    why_fr="Un chiffre de trop fait de 30 personnes 300, et fausse la moyenne de toute l'enquête.",
)
def unbounded_number(subject: Subject) -> Iterator[Remark]:
    """An integer or decimal that is asked for without any constraint."""
    constrained = _constrained(subject)
    for question in subject.questions:
        if question.kind in ("integer", "decimal") and _is_asked(question) and question.path not in constrained:
            yield Remark(
                f"nothing bounds « {question.name} ». Write a constraint, for example . >= 0 and . <= 120.",
                f"rien ne borne « {question.name} ». Écrivez une contrainte, par exemple . >= 0 and . <= 120.",
                at(question.row, "constraint"),
                question.path,
            )


@rule(
    "unbounded-date",
    "advice",
    why_en="An unbounded date is how 1970 and 2036 enter a data set.",
    why_fr="C'est par une date sans bornes que 1970 et 2036 entrent dans les données.",
)
def unbounded_date(subject: Subject) -> Iterator[Remark]:
    """A date that is not bounded on both sides."""
    constrained = _constrained(subject)
    for question in subject.questions:
        if question.kind not in ("date", "dateTime", "datetime") or not _is_asked(question):
            continue
        low, high = _bounds(constrained.get(question.path))
        if not (low and high):
            en = {(False, False): "on neither side", (True, False): "above", (False, True): "below"}[(low, high)]
            fr = {(False, False): "d'aucun côté", (True, False): "vers le haut", (False, True): "vers le bas"}[
                (low, high)
            ]
            yield Remark(
                f"« {question.name} » is {'not bounded ' + en if low or high else 'bounded ' + en}. Write for example "
                ". >= date('2020-01-01') and . <= today().",
                f"« {question.name} » n'est {'pas bornée' if low or high else 'bornée'} {fr}. Écrivez par exemple "
                ". >= date('2020-01-01') and . <= today().",
                at(question.row, "constraint"),
                question.path,
            )


def _constrained(subject: Subject) -> dict[str, Expression | None]:
    """The constraints by path; None for one that could not be read."""
    return {
        subject.new.path_of(each.node): None if isinstance(each.tree, XPathFault) else each.tree
        for each in subject.new.expressions
        if each.kind == "constraint"
    }


def _bounds(constraint: Expression | None) -> tuple[bool, bool]:
    """Whether something bounds the answer from below and from above."""
    low = high = False
    for each in walk(constraint) if constraint is not None else ():
        match each:
            case Binary("=" | "!=", _, _) | Call("selected" | "regex", _):
                low = high = True
            case Binary(">" | ">=", left, right):
                low, high = low or _is_answer(left), high or _is_answer(right)
            case Binary("<" | "<=", left, right):
                low, high = low or _is_answer(right), high or _is_answer(left)
    return low, high


def _is_answer(expression: Expression) -> bool:
    """Whether it is `.` or something made of it."""
    return any(isinstance(each, Path) and [step.name for step in each.steps] == ["."] for each in walk(expression))


def _is_asked(question: Question) -> bool:
    row = question.row
    return not row.text("calculation") and row.text("read_only").lower() not in ("yes", "true", "true()")


@rule(
    "time-compared",
    "loss",
    why_en="On phones such a comparison is never true: with it in a constraint, no record can ever be finished.",
    why_fr="Sur les téléphones cette comparaison n'est jamais vraie : en contrainte, aucune fiche ne peut être terminée.",
)
def time_compared(subject: Subject) -> Iterator[Remark]:
    """A time compared with < or > as it is."""
    times = {field.path for field in subject.new.definition.fields if field.type == "time"}
    for written in subject.new.expressions:
        if isinstance(written.tree, XPathFault) or not times:
            continue
        for each in walk(written.tree):
            if (
                isinstance(each, Binary)
                and each.operator in ("<", "<=", ">", ">=")
                and (
                    _is_time(subject, each.left, written.node, times)
                    or _is_time(subject, each.right, written.node, times)
                )
            ):
                yield Remark(
                    "a time compared with < or > is never true on phones. Put decimal-time() around both sides.",
                    "une heure comparée avec < ou > n'est jamais vraie sur les téléphones. Mettez decimal-time() autour "
                    "des deux côtés.",
                    subject.new.place(written.node, written.kind),
                    subject.new.path_of(written.node),
                )
                break


def _is_time(subject: Subject, expression: Expression, node: str, times: set[str]) -> bool:
    names = subject.new.resolved(expression, node)
    return names is not None and subject.new.path_of(names) in times


@rule(
    "photo-without-max-pixels",
    "advice",
    why_en="A photo from a modern phone weighs 5 MB: an hour on a bad link. 1,280 pixels show as much.",
    why_fr="Une photo d'un téléphone récent pèse 5 Mo : une heure sur un mauvais réseau. 1 280 pixels montrent autant.",
)
def photo_without_max_pixels(subject: Subject) -> Iterator[Remark]:
    """A photo without the parameter max-pixels."""
    for question in subject.questions:
        if question.kind == "photo" and "max-pixels" not in question.row.text("parameters"):
            yield Remark(
                f"the photo « {question.name} » is sent at full size. Write max-pixels=1280 in parameters.",
                f"la photo « {question.name} » part en taille réelle. Écrivez max-pixels=1280 dans parameters.",
                at(question.row, "parameters"),
                question.path,
            )
