"""Rules about choice lists."""

from collections.abc import Iterator

from forms.lint.finding import Remark, Subject, at, rule


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
    survey = subject.new.tables.sheet("survey").rows
    texts = [text for row in survey for text in row.cells.values()]
    used = {question.list_name for question in subject.questions}
    for name, rows in subject.new.tables.lists.items():
        if name not in used and not any(name in text for text in texts):
            yield Remark(
                f"no question uses the choice list « {name} ». Use it or delete it.",
                f"aucune question n'utilise la liste de choix « {name} ». Utilisez-la ou supprimez-la.",
                at(rows[0], "list_name", "choices"),
            )
