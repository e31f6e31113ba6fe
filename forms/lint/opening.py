"""Rules about what keeps ODK Collect from opening a form: what ODK Validate would say, where Java is missing."""

from collections.abc import Iterator

from forms.expressions import Written, readable
from forms.lint.finding import Remark, Subject, rule
from forms.phone_functions import always_evaluated, fault_of
from forms.places import Place
from forms.xform_document import attribute, children, descendants, local_name
from forms.xpath import Call, Expression, Filter, Literal, Path, walk
from forms.xpath_parser import TooDeep
from forms.xpath_tokens import XPathFault

_WHY_EN = "ODK Collect refuses to open a form with this mistake: no phone could fill it."
_WHY_FR = "ODK Collect refuse d'ouvrir un formulaire avec cette faute : aucun téléphone ne pourrait le remplir."


@rule("unreadable-expression", "error", why_en=_WHY_EN, why_fr=_WHY_FR)
def unreadable_expression(subject: Subject) -> Iterator[Remark]:
    """An expression that is no XPath."""
    for written in subject.new.expressions:
        fault = written.tree
        if isinstance(fault, XPathFault) and not isinstance(fault, TooDeep):
            en, fr = readable(fault.en), readable(fault.fr)
            yield _remark(
                subject, written, f"the expression cannot be read: {en}.", f"l'expression est illisible : {fr}."
            )


@rule("unknown-function", "error", why_en=_WHY_EN, why_fr=_WHY_FR)
def unknown_function(subject: Subject) -> Iterator[Remark]:
    """A function phones lack, or with a wrong number of arguments, in what is evaluated when the form opens."""
    for written in subject.new.expressions:
        if written.is_at_load and not isinstance(written.tree, XPathFault):
            yield from _lacking(subject, written, always_evaluated(written.tree))


@rule(
    "function-fails-later",
    "loss",
    why_en="The form opens, and stops with an error when this question is reached: what was entered cannot be finished.",
    why_fr="Le formulaire s'ouvre, puis s'arrête sur une erreur à cette question : la saisie ne peut pas être terminée.",
)
def function_fails_later(subject: Subject) -> Iterator[Remark]:
    """The same where it is evaluated only later: constraints, filters, branches of if()."""
    for written in subject.new.expressions:
        if isinstance(written.tree, XPathFault):
            continue
        known = {id(each) for each in always_evaluated(written.tree)} if written.is_at_load else set()
        yield from _lacking(subject, written, (each for each in walk(written.tree) if id(each) not in known))


def _lacking(subject: Subject, written: Written, parts: Iterator[Expression]) -> Iterator[Remark]:
    for each in parts:
        fault = fault_of(each) if isinstance(each, Call) else None
        if fault:
            yield _remark(subject, written, f"{fault[0]}.", f"{fault[1]}.")


@rule("unsupported-path", "error", why_en=_WHY_EN, why_fr=_WHY_FR)
def unsupported_path(subject: Subject) -> Iterator[Remark]:
    """`//`, axes and filters that ODK Collect does not support, in what is evaluated when the form opens."""
    for written in subject.new.expressions:
        if not (written.is_logic or written.kind == "choice_filter") or isinstance(written.tree, XPathFault):
            continue
        if any(_unsupported(each) for each in walk(written.tree)):
            yield _remark(
                subject,
                written,
                "phones do not support //, axes such as preceding-sibling:: and (…)[…]. Write paths with ${name} or ../.",
                "les téléphones ne comprennent pas //, les axes comme preceding-sibling:: et (…)[…]. "
                "Écrivez les chemins avec ${nom} ou ../.",
            )


def _unsupported(expression: Expression) -> bool:
    if isinstance(expression, Path):
        if isinstance(expression.start, Call) and expression.start.name not in ("instance", "current"):
            return True
        return any(
            step.name == "//" or ("::" in step.name and not step.name.startswith(_AXES)) for step in expression.steps
        )
    return isinstance(expression, Filter) and not isinstance(expression.inner, Call | Literal)


_AXES = ("child::", "self::", "parent::", "attribute::")


@rule("missing-instance", "error", why_en=_WHY_EN, why_fr=_WHY_FR)
def missing_instance(subject: Subject) -> Iterator[Remark]:
    """instance('x') where the form has no list or file x, in what is evaluated when the form opens."""
    known = {attribute(each, "id") for each in children(subject.new.document.model, "instance")}
    for written in subject.new.expressions:
        if not written.is_at_load or isinstance(written.tree, XPathFault):
            continue
        for each in always_evaluated(written.tree):
            name = _instance_of(each)
            if name is not None and name not in known:
                yield _remark(
                    subject,
                    written,
                    f"instance('{name}') names no choice list and no file of this form. Correct the name.",
                    f"instance('{name}') ne désigne ni liste de choix ni fichier de ce formulaire. Corrigez le nom.",
                )


def _instance_of(expression: Expression) -> str | None:
    match expression:
        case Path(Call("instance", (Literal(str(name)),)), _):
            return name
    return None


@rule("unreadable-name", "error", why_en=_WHY_EN, why_fr=_WHY_FR)
def unreadable_name(subject: Subject) -> Iterator[Remark]:
    """A question, group or repeat whose name holds letters phones cannot read."""
    for field in subject.new.definition.fields:
        strange = next((char for char in field.name if char.isalpha() and not (char.islower() or char.isupper())), None)
        if strange is not None:
            yield Remark(
                f"phones cannot read the name « {field.name} ». Use the letters a to z; the label may be in any script.",
                f"les téléphones ne lisent pas le nom « {field.name} ». Utilisez les lettres a à z ; "
                "le label peut être dans toute écriture.",
                subject.new.place(f"/{subject.new.definition.root_name}{field.path}", "name"),
                field.path,
            )


@rule("empty-group", "error", why_en=_WHY_EN, why_fr=_WHY_FR)
def empty_group(subject: Subject) -> Iterator[Remark]:
    """A group that shows nothing: without questions, or with calculations alone."""
    document = subject.new.document
    for group in descendants(document.body, "group"):
        node = attribute(group, "ref") or attribute(group, "nodeset")
        if node and all(local_name(each) in ("label", "hint") for each in group):
            path = subject.new.path_of(document.absolute(node))
            yield Remark(
                f"the group « {path.rpartition('/')[2]} » shows no question. Add a note or a question, or remove the group "
                "(calculations may stand outside).",
                f"le groupe « {path.rpartition('/')[2]} » ne montre aucune question. Ajoutez une note ou une question, ou "
                "retirez le groupe (les calculs peuvent rester dehors).",
                subject.new.place(document.absolute(node), "name"),
                path,
            )


@rule("choices-without-label", "error", why_en=_WHY_EN, why_fr=_WHY_FR)
def choices_without_label(subject: Subject) -> Iterator[Remark]:
    """A select from a list whose first choice has no label."""
    document = subject.new.document
    lists = {attribute(each, "id"): each for each in children(document.model, "instance")}
    for itemset in descendants(document.body, "itemset"):
        name = (attribute(itemset, "nodeset") or "").removeprefix("randomize(").partition("'")[2].partition("'")[0]
        label = next((attribute(each, "ref") for each in children(itemset, "label")), None)
        first = next(descendants(lists[name], "item"), None) if name in lists else None
        if label == "label" and first is not None and not list(children(first, "label")):
            rows = subject.new.tables.lists.get(name, ()) if subject.new.tables else ()
            yield Remark(
                f"the first choice of the list « {name} » has no label. Fill the label column of the choices sheet.",
                f"le premier choix de la liste « {name} » n'a pas de label. Remplissez la colonne label de la feuille choices.",
                Place("choices", rows[0].number, "label") if rows else Place(),
            )
            lists.pop(name)


def _remark(subject: Subject, written: Written, en: str, fr: str) -> Remark:
    path = subject.new.path_of(written.node)
    return Remark(en, fr, subject.new.place(written.node, written.kind), path)
