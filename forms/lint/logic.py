"""Rules about logic that does not do what its author meant."""

from collections.abc import Iterator

from forms.lint.finding import Remark, Subject, rule
from forms.xpath import Path, parts
from forms.xpath_tokens import XPathFault


@rule(
    "unknown-path",
    "warning",
    why_en="A path that leads nowhere is always empty: the condition is decided once for all, and nobody is told.",
    why_fr="Un chemin qui ne mène nulle part est toujours vide : la condition est réglée d'avance, sans que rien le dise.",
)
def unknown_path(subject: Subject) -> Iterator[Remark]:
    """A path written by hand to a question that does not exist."""
    for written in subject.new.expressions:
        if isinstance(written.tree, XPathFault):
            continue
        stack = [written.tree]
        while stack:
            top = stack.pop()
            if not isinstance(top, Path):
                stack.extend(parts(top))
                continue
            if top.start is None and written.kind == "choice_filter":
                continue
            node = subject.new.resolved(top, written.node)
            if node is not None and "/@" not in node and node not in subject.new.nodes:
                word = top.start is None and len(top.steps) == 1
                name = node.rpartition("/")[2]
                yield Remark(
                    f"« {name} » is read as the name of a question, and there is none. Put a word in quotes: '{name}'."
                    if word
                    else f"« {node} » is no question of this form, so it is always empty. Write ${{name}}.",
                    f"« {name} » est lu comme le nom d'une question, et il n'y en a pas. Mettez un mot entre guillemets : "
                    f"'{name}'."
                    if word
                    else f"« {node} » n'est pas une question de ce formulaire : c'est toujours vide. Écrivez ${{nom}}.",
                    subject.new.place(written.node, written.kind),
                    subject.new.path_of(written.node),
                )
                break


@rule(
    "pulldata-arguments",
    "loss",
    why_en="ODK Collect answers nothing at all to a pulldata() with other than four arguments.",
    why_fr="ODK Collect ne répond rien à un pulldata() qui n'a pas quatre arguments.",
)
def pulldata_arguments(subject: Subject) -> Iterator[Remark]:
    """pulldata() without exactly four arguments."""
    for written in subject.new.expressions:
        for each in written.calls("pulldata"):
            if len(each.arguments) != 4:
                yield Remark(
                    f"pulldata() takes 4 arguments, not {len(each.arguments)}: the file, the column wanted, the column "
                    "searched, the value.",
                    f"pulldata() prend 4 arguments, pas {len(each.arguments)} : le fichier, la colonne voulue, la colonne "
                    "cherchée, la valeur.",
                    subject.new.place(written.node, written.kind),
                    subject.new.path_of(written.node),
                )
