"""Rules about choice lists."""

import re
import unicodedata
from collections.abc import Iterator

from forms.lint.finding import Remark, Subject, at, rule
from forms.tables import Question, Row

# Columns of a choice itself; all others are for filters.
_OWN = ("list_name", "name", "label")
_OTHER = re.compile(r"(^|_)(other|autre|autres|oth|spec|specify|preciser|precision)(_|$)")


@rule(
    "unused-list",
    "advice",
    why_en="A list nobody asks for is often the sign of a misspelt list name, and makes every phone download more.",
    why_fr="Une liste que rien n'utilise trahit souvent un nom de liste mal écrit, et alourdit chaque téléchargement.",
)
def unused_list(subject: Subject) -> Iterator[Remark]:
    """A list of the choices sheet that no question and no expression names."""
    if subject.new.tables is None:
        return
    used = {question.list_name for question in subject.questions}
    texts = [
        text
        for row in subject.new.tables.sheet("survey").rows
        for text in row.cells.values()
        if "(" in text or "=" in text
    ]
    for name, rows in subject.new.tables.lists.items():
        if name not in used and not any(name in text for text in texts):
            yield Remark(
                f"no question uses the choice list « {name} ». Use it or delete it.",
                f"aucune question n'utilise la liste de choix « {name} ». Utilisez-la ou supprimez-la.",
                at(rows[0], "list_name", "choices"),
            )


@rule(
    "choice-without-label",
    "warning",
    why_en="The phone shows an empty line that can be chosen, or the bare name.",
    why_fr="Le téléphone affiche une ligne vide que l'on peut choisir, ou le nom brut.",
)
def choice_without_label(subject: Subject) -> Iterator[Remark]:
    """A choice with neither a label nor a picture."""
    for name, rows in _lists(subject):
        for row in rows:
            if not any(row.text(key) for key in ("label", "image", "audio", "video", "big-image")):
                yield Remark(
                    f"the choice « {row.text('name')} » of the list « {name} » has no label. Fill the label column.",
                    f"le choix « {row.text('name')} » de la liste « {name} » n'a pas de label. Remplissez la colonne label.",
                    at(row, "label", "choices"),
                )


@rule(
    "same-label-twice",
    "advice",
    why_en="Two choices that read the same are chosen by chance, and counted apart.",
    why_fr="Deux choix qui se lisent pareil sont choisis au hasard, et comptés à part.",
)
def same_label_twice(subject: Subject) -> Iterator[Remark]:
    """Two choices of a list with one label, and nothing else in the row to tell them apart."""
    for name, rows in _lists(subject):
        seen: dict[tuple[str, ...], Row] = {}
        for row in rows:
            # The same label under another parent is another choice.
            rest = [text for each in row.columns if (text := row.cells.get(each.written)) and each.key not in _OWN]
            first = seen.setdefault((_plain(row.text("label")), *sorted(rest)), row)
            if first is not row and row.text("label"):
                yield Remark(
                    f"« {row.text('label')} » is also the label of « {first.text('name')} » (row {first.number}) in « {name} ». "
                    "Make them differ.",
                    f"« {row.text('label')} » est aussi le label de « {first.text('name')} » (ligne {first.number}) dans "
                    f"« {name} ». Distinguez-les.",
                    at(row, "label", "choices"),
                )


@rule(
    "text-where-list-exists",
    "advice",
    why_en="Typed by hand, one place has five spellings, and nobody can count them.",
    why_fr="Saisi à la main, un même lieu a cinq orthographes, et personne ne peut les compter.",
)
def text_where_list_exists(subject: Subject) -> Iterator[Remark]:
    """A text question called like one of the form's lists."""
    lists = {
        _singular(re.sub(r"^list_|_list$|_name$", "", name)): name for name, rows in _lists(subject) if len(rows) > 1
    }
    for question in subject.questions:
        if (
            question.kind == "text"
            and question.name not in ("name", "nom")
            and not _OTHER.search(question.name.lower())
        ):
            name = lists.get(_singular(question.name))
            if name:
                yield Remark(
                    f"« {question.name} » is typed by hand, though there is a list « {name} ». Use select_one {name}.",
                    f"« {question.name} » est saisi à la main, alors qu'il y a une liste « {name} ». Utilisez select_one {name}.",
                    at(question.row, "type"),
                    question.path,
                )


def is_other(question: Question) -> bool:
    """Whether it asks to specify what a list did not offer."""
    return _OTHER.search(question.name.lower()) is not None


def _lists(subject: Subject) -> Iterator[tuple[str, tuple[Row, ...]]]:
    if subject.new.tables is not None:
        yield from subject.new.tables.lists.items()


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in letters if not unicodedata.combining(char)).split())


def _singular(name: str) -> str:
    return _plain(name).replace("_", "").removesuffix("s")
