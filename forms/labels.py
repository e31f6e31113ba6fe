"""The words of a form: what a question asked and what a choice said, in the reader's language.

Used to show a submission's answers. Everything falls back rather than fails: wanted language, the form's default, any
language, and for a choice its name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml.etree import _Element

from forms.choice_lists import itemset_lookup, lookup, rows_of
from forms.languages import pick
from forms.xform import translation_languages
from forms.xform_document import XFormDocument, attribute, children, descendants, local_name, open_xform, text_of

# {language: text}; the key "" holds a text that is the same in every language.
Texts = Mapping[str, str]

_ITEXT = re.compile(r"jr:itext\(\s*['\"](.+?)['\"]\s*\)")
_ITEXT_COLUMN = re.compile(r"jr:itext\(\s*([\w.-]+)\s*\)")
_INSTANCE = re.compile(r"instance\(\s*['\"](.+?)['\"]\s*\)")
_FILE = re.compile(r"jr://(?:file|file-csv)/([^/]+)")
_SEARCH = re.compile(r"""\bsearch\s*\(\s*(["'])(.+?)\1""")
# Collect shows some Markdown and HTML in labels; on pages they are words.
_MARKUP = re.compile(r"\*\*|__|</?[A-Za-z][^<>]*>|^#+\s+", re.MULTILINE)
_NAME_AT_END = re.compile(r"(?:^|/)([\w.-]+)$")


@dataclass(frozen=True)
class FileChoices:
    """Choices in an attachment: value and label are columns of it. With a list name, the file is itemsets.csv."""

    file: str
    value: str = "name"
    label: str = "label"
    list_name: str | None = None


@dataclass(frozen=True)
class Labels:
    """`languages` has the form's default first. Paths are those of Field: `/group/age`, without the root."""

    languages: tuple[str, ...]
    _questions: Mapping[str, Texts]
    _choices: Mapping[str, Mapping[str, Texts]]
    _files: Mapping[str, FileChoices]
    _several: frozenset[str]
    _notes: frozenset[str] = frozenset()

    def is_note(self, path: str) -> bool:
        """Whether the phone only shows a text there and asks nothing (`note` in an XLSForm)."""
        return path in self._notes

    def is_choice(self, path: str) -> bool:
        """Whether the phone offers choices there, from a list in the form or from a file."""
        return bool(self._choices.get(path)) or path in self._files or path in self._several

    def is_several(self, path: str) -> bool:
        """Whether several choices may be taken there."""
        return path in self._several

    def question(self, path: str, language: str) -> str | None:
        """What the question, group or repeat is called on the phone; values inside it stand as {name}."""
        return pick(self._questions.get(path, {}), language, self.languages)

    def texts(self, path: str) -> Texts:
        """What the question says in every language."""
        return self._questions.get(path, {})

    def choice_file(self, path: str) -> str | None:
        """The form attachment that the choices are read from, if any."""
        source = self._files.get(path)
        return source.file if source else None

    def choice(self, path: str, value: str, language: str, attachments: Mapping[str, bytes] | None = None) -> str:
        """What the chosen `value` said, several values joined by commas; `attachments` are the form's files by name."""
        values = value.split() if path in self._several else [value]
        return ", ".join(self._one_choice(path, each, language, attachments or {}) for each in values)

    def choices_of(self, path: str) -> Mapping[str, Texts]:
        """The choices written in the form itself: value to texts; empty where they are in a file."""
        return self._choices.get(path, {})

    def choices(self, path: str, language: str) -> dict[str, str]:
        """Every choice that the form itself offers there, in its order: value to text."""
        return {
            value: pick(texts, language, self.languages) or value
            for value, texts in self._choices.get(path, {}).items()
        }

    def _one_choice(self, path: str, value: str, language: str, attachments: Mapping[str, bytes]) -> str:
        texts = self._choices.get(path, {}).get(value)
        source = self._files.get(path)
        if texts is None and source is not None and source.file in attachments:
            texts = _from_file(source, value, attachments[source.file])
        return pick(texts or {}, language, self.languages) or value


def without_markup(text: str) -> str:
    """A label's words alone."""
    return _MARKUP.sub("", text)


def parse_labels(xform: bytes) -> Labels:
    """Read every label of a form; raises what parse_xform raises for a form that is none."""
    document = open_xform(xform)
    itext = translations_of(document)
    questions: dict[str, Texts] = {}
    choices: dict[str, Mapping[str, Texts]] = {}
    files: dict[str, FileChoices] = {}
    several: set[str] = set()
    instances = Instances(document, itext)
    for control, path in _controls(document):
        texts = label_of(control, itext)
        if texts:
            questions.setdefault(path, texts)
        source, listed = choices_of(control, instances, itext)
        if source is not None:
            files.setdefault(path, source)
        if listed:
            choices.setdefault(path, listed)
        if local_name(control) in ("select", "rank"):
            several.add(path)
    languages = translation_languages(document)
    return Labels(languages, questions, choices, files, frozenset(several), frozenset(_note_paths(document)))


def _controls(document: XFormDocument) -> Iterator[tuple[_Element, str]]:
    root = f"/{document.root_name}"
    for control in document.body.iterdescendants():
        if local_name(control) in ("label", "hint", "value", "itemset", "item", "output", "copy"):
            continue
        node = attribute(control, "ref") or attribute(control, "nodeset")
        absolute = document.absolute(node) if node else ""
        if absolute.startswith(root + "/"):
            yield control, absolute.removeprefix(root)


def _note_paths(document: XFormDocument) -> Iterator[str]:
    root = f"/{document.root_name}"
    for bind in descendants(document.model, "bind"):
        # With a calculation it shows a result, which a reader wants to see.
        if (attribute(bind, "readonly") or "").strip() == "true()" and attribute(bind, "calculate") is None:
            yield document.absolute(attribute(bind, "nodeset") or attribute(bind, "ref") or "").removeprefix(root)


def translations_of(document: XFormDocument) -> dict[str, dict[str, str]]:
    """{id: {language: words}} of the itext."""
    texts: dict[str, dict[str, str]] = {}
    for itext in children(document.model, "itext"):
        for translation in children(itext, "translation"):
            language = attribute(translation, "lang") or "default"
            for text in children(translation, "text"):
                words = _words_of_text(text)
                if words:
                    texts.setdefault(attribute(text, "id") or "", {})[language] = words
    return texts


def _words_of_text(text: _Element) -> str:
    """The plain value of an itext entry; failing that its long or short form. Media and guidance are not words."""
    values = {attribute(value, "form") or "": value for value in reversed(list(children(text, "value")))}
    found = next((values[form] for form in ("", "long", "short") if form in values), None)
    return "" if found is None else words_of(found)


def words_of(element: _Element) -> str:
    """Text with its <output>s as {name}, or … where an output is more than a plain reference."""
    pieces = [element.text or ""]
    for child in element:
        if local_name(child) == "output":
            match = _NAME_AT_END.search((attribute(child, "value") or attribute(child, "ref") or "").strip())
            pieces.append(f"{{{match[1]}}}" if match else "…")
        else:
            pieces.append(words_of(child))
        pieces.append(child.tail or "")
    return "".join(pieces).strip()


def itext_reference(text: str) -> str:
    """The id in `jr:itext('…')`, "" for everything else."""
    found = _ITEXT.search(text)
    return found[1] if found else ""


def label_of(element: _Element, itext: Mapping[str, Texts], name: str = "label") -> Texts:
    """What stands in an element's label (or hint), in every language."""
    label = next(children(element, name), None)
    if label is None:
        return {}
    reference = itext_reference(attribute(label, "ref") or "")
    if reference:
        return itext.get(reference, {})
    words = words_of(label)
    return {"": words} if words else {}


class Instances:
    """The secondary instances of a form, each list of choices built once however many questions use it."""

    def __init__(self, document: XFormDocument, itext: Mapping[str, Texts]) -> None:
        self._elements = {attribute(each, "id") or "": each for each in children(document.model, "instance")}
        self._itext = itext
        self._lists: dict[tuple[str, str, str], Mapping[str, Texts]] = {}

    def file_of(self, instance: str) -> str | None:
        """The attachment an instance is read from."""
        element = self._elements.get(instance)
        match = _FILE.fullmatch(attribute(element, "src") or "") if element is not None else None
        return match[1] if match else None

    def choices(self, instance: str, value: str, label: str) -> Mapping[str, Texts]:
        """Value to texts of an instance written in the form itself; `label` is a column or jr:itext(column)."""
        key = (instance, value, label)
        if key not in self._lists and instance in self._elements:
            self._lists[key] = dict(self._read(self._elements[instance], value, label))
        return self._lists.get(key, {})

    def references(self, itemset: _Element) -> Iterator[tuple[str, str]]:
        """(value, id of its itext) of every choice of an itemset that is translated."""
        instance, value, label = _columns_of(itemset)
        translated = _ITEXT_COLUMN.search(label)
        if translated is None or instance not in self._elements:
            return
        for item in descendants(self._elements[instance], "item"):
            cells = {local_name(cell): text_of(cell) for cell in item}
            yield cells.get(value, ""), cells.get(translated[1], "")

    def _read(self, element: _Element, value: str, label: str) -> Iterator[tuple[str, Texts]]:
        translated = _ITEXT_COLUMN.search(label)
        for item in descendants(element, "item"):
            cells = {local_name(cell): text_of(cell) for cell in item}
            text = cells.get(translated[1] if translated else label, "")
            yield cells.get(value, ""), self._itext.get(text, {}) if translated else {"": text}


def choices_of(
    control: _Element, instances: Instances, itext: Mapping[str, Texts]
) -> tuple[FileChoices | None, Mapping[str, Texts]]:
    """Where the choices of a control are: in a file, in the form, or (search()) both."""
    query = _INSTANCE.search(attribute(control, "query") or "")
    if query:
        return FileChoices("itemsets.csv", list_name=query[1]), {}
    itemset = next(children(control, "itemset"), None)
    if itemset is not None:
        return _itemset_choices(itemset, instances)
    listed = {_item_value(item): label_of(item, itext) for item in descendants(control, "item")}
    search = _SEARCH.search(attribute(control, "appearance") or "")
    if search and listed:
        # With search() the one item that matters names the columns, every other one is an ordinary choice.
        value, texts = next(((value, texts) for value, texts in listed.items() if texts), ("name", {"": "label"}))
        file = search[2] if search[2].endswith(".csv") else f"{search[2]}.csv"
        return FileChoices(file, value, next(iter(texts.values()))), listed
    return None, listed


def _itemset_choices(itemset: _Element, instances: Instances) -> tuple[FileChoices | None, Mapping[str, Texts]]:
    instance, value, label = _columns_of(itemset)
    if not instance:
        return None, {}  # choices taken from earlier answers (a repeat) have no words of their own
    file = instances.file_of(instance)
    if file is not None:
        return FileChoices(file, value, label), {}
    return None, instances.choices(instance, value, label)


def _columns_of(itemset: _Element) -> tuple[str, str, str]:
    """(instance, or "" without one; column of values; column of labels)."""
    instance = _INSTANCE.search(attribute(itemset, "nodeset") or "")
    value = next((attribute(each, "ref") or "" for each in children(itemset, "value")), "name").strip()
    label = next((attribute(each, "ref") or "" for each in children(itemset, "label")), "label").strip()
    return instance[1] if instance else "", value, label


def _item_value(item: _Element) -> str:
    return next((text_of(each) for each in children(item, "value")), "")


def _from_file(source: FileChoices, value: str, content: bytes) -> Texts:
    if source.list_name is not None:
        return itemset_lookup(content, source.list_name).get(value, {})
    columns = [column.strip() for column in source.label.split(",")]
    if len(columns) > 1:  # search() may show several columns
        row = next((row for row in rows_of(source.file, content) if row.get(source.value) == value), {})
        return {"": ", ".join(row[column] for column in columns if row.get(column))}
    label = lookup(source.file, content, source.value, source.label).get(value)
    return {"": label} if label else {}
