"""The codebook: every question with its columns, label, type, choices, versions, and how often it was answered.

As a page to read and print, and as a workbook of that alone.
"""

from collections import Counter
from collections.abc import Iterator
from html import escape

from collector.export_format import Export, Format

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#16211f}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.4rem;text-align:left;vertical-align:top}"
    "code{background:#eef2f1;padding:.1em .3em}td ul{margin:0;padding-left:1.2em}small{color:#5b6b67}"
)
_WORDS = {
    "fr": ("Dictionnaire", "Question", "Colonnes", "Type", "Choix", "Versions", "Réponses", "sur"),
    "en": ("Codebook", "Question", "Columns", "Type", "Choices", "Versions", "Answers", "of"),
}


def count_answers(export: Export) -> tuple[Counter[str], Counter[str]]:
    """How often each question was answered, and how many rows its table has, by path of the question and of the table."""
    answered, rows = Counter[str](), Counter[str]()
    fields = [each for each in export.definition.fields if each.column_no is not None]
    for each in export.submissions():
        for number, sheet in enumerate(export.sheets):
            found = (each.tables or {}).get(sheet.table.number, [])
            rows[sheet.table.path] += len(found)
            export.ledger.wrote(number, sheet.row_count(each))
        for field in fields:
            place = (field.column_no or 0) + (2 if field.table_no else 0)
            answered[field.path] += sum(1 for row in (each.tables or {}).get(field.table_no, ()) if row[place])
    return answered, rows


def write_page(export: Export) -> Iterator[bytes]:
    """A page that needs nothing else."""
    language = "en" if export.language.startswith("en") else "fr"
    title, question, columns, kind, choices, versions, answers, of = _WORDS[language]
    answered, rows = count_answers(export)
    export.verify()
    head = "".join(f"<th>{word}</th>" for word in (question, columns, kind, choices, versions, answers))
    yield (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(export.title)} – {title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{escape(export.title)}</h1>'
        f"<p>{title} · <code>{escape(export.xml_form_id)}</code></p><table><thead><tr>{head}</tr></thead><tbody>"
    ).encode()
    tables = {each.path: export.definition.tables[each.table_no].path for each in export.definition.fields}
    for each in export.codebook:
        listed = "".join(f"<li><code>{escape(value)}</code> {escape(label)}</li>" for value, label in each.choices)
        label = escape(each.label) or f"<code>{escape(each.path)}</code>"
        sensitivity = f" <small>[{escape(each.sensitivity)}]</small>" if each.sensitivity else ""
        yield (
            f"<tr><td>{label}{sensitivity}<br><small>{escape(each.path)}</small></td>"
            f"<td>{', '.join(f'<code>{escape(column)}</code>' for column in each.columns)}</td>"
            f"<td>{escape(each.type)}</td><td>{f'<ul>{listed}</ul>' if listed else ''}</td>"
            f"<td>{escape(', '.join(each.versions))}</td>"
            f"<td>{answered[each.path]} {of} {rows[tables[each.path]]}</td></tr>\n"
        ).encode()
    yield b"</tbody></table></html>\n"


FORMATS = (
    Format(
        "codebook",
        "-codebook.html",
        "text/html; charset=utf-8",
        ("Dictionnaire des questions (page)", "Codebook (page)"),
        (
            "Questions, libellés, choix, versions et nombre de réponses.",
            "Questions, labels, choices, versions and counts.",
        ),
        write_page,
        typed=True,
    ),
)
