"""A form as a phone shows it, question after question in one language: for whoever wants to read it before it is used. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from lxml.etree import _Element

from forms.choice_lists import rows_of
from forms.conditions import Said, is_constant, said
from forms.labels import (
    FileChoices,
    Instances,
    Labels,
    Texts,
    choices_of,
    itext_reference,
    label_of,
    parse_labels,
    translations_of,
    without_markup,
    words_of,
)
from forms.languages import best_language, pick
from forms.preview_items import Preview, ShownChoice, ShownChoices, ShownItem
from forms.xform_document import XFormDocument, attribute, children, descendants, local_name, open_xform, text_of

# Of a list that lies in a file; pages say how many more there are.
MOST_FROM_FILE = 50
_CONTROLS = ("input", "secret", "select1", "select", "rank", "upload", "trigger", "range", "group", "repeat")
_INPUTS = {
    "int": "integer",
    "decimal": "decimal",
    "date": "date",
    "time": "time",
    "dateTime": "date_time",
    "geopoint": "place",
    "geotrace": "track",
    "geoshape": "area",
    "barcode": "barcode",
}
_UPLOADS = {"image": "photo", "audio": "audio", "video": "video"}
_DRAWN = ("signature", "draw", "annotate")
_SELECTS = {"select1": "one", "select": "several", "rank": "order"}
_MEDIA = ("image", "big-image", "audio", "video")


def preview(xform: bytes, wanted: str, language: str, files: Mapping[str, bytes]) -> Preview:
    """The form in its language `wanted` (its own name for it, or a code); conditions in words of `language`.

    `files` are its attachments by name. Raises what parse_xform raises.
    """
    document = open_xform(xform)
    labels = parse_labels(xform)
    shown = best_language(wanted, labels.languages) or (labels.languages[0] if labels.languages else "")
    reader = _Reader(document, labels, shown, language, files)
    items = tuple(reader.items(document.body))
    everything = list(_all(items))
    return Preview(
        title=document.title,
        languages=labels.languages,
        language=shown,
        items=items,
        untranslated=sum(not each.translated for each in everything),
        questions=sum(each.kind not in ("group", "repeat", "note") for each in everything),
        unseen=tuple(reader.unseen({each.path for each in everything})),
    )


def _all(items: tuple[ShownItem, ...]) -> Iterator[ShownItem]:
    for item in items:
        yield item
        yield from _all(item.inside)


class _Reader:
    """Walks the body of one form."""

    def __init__(
        self, document: XFormDocument, labels: Labels, shown: str, language: str, files: Mapping[str, bytes]
    ) -> None:
        self._document = document
        self._labels = labels
        self._shown = shown
        self._language = language
        self._files = files
        self._itext = translations_of(document)
        self._guidance, self._media = _other_forms(document)
        self._instances = Instances(document, self._itext)
        self._binds = {
            document.absolute(attribute(bind, "nodeset") or attribute(bind, "ref") or ""): bind
            for bind in descendants(document.model, "bind")
        }

    def items(self, parent: _Element) -> Iterator[ShownItem]:
        """What stands directly below, in order."""
        for control in parent:
            name = local_name(control)
            if name not in _CONTROLS:
                continue
            if name == "group":
                yield from self._group(control)
            elif name == "repeat":
                yield self._item(control, "repeat", tuple(self.items(control)))
            else:
                yield self._question(control)

    def unseen(self, seen: set[str]) -> Iterator[str]:
        """What is calculated without being shown."""
        for node, bind in self._binds.items():
            path = self._path(node)
            if attribute(bind, "calculate") is not None and path not in seen and not path.startswith("/meta/"):
                yield path.rpartition("/")[2]

    def _group(self, control: _Element) -> Iterator[ShownItem]:
        repeat = next(children(control, "repeat"), None)
        if repeat is not None:
            # pyxform gives the group around a repeat the words of both.
            inner = self._item(repeat, "repeat", tuple(self.items(repeat)))
            outer = self._item(control, "repeat")
            yield replace(inner, label=outer.label or inner.label, translated=outer.translated, media=outer.media)
            return
        item = self._item(control, "group", tuple(self.items(control)))
        if item.label or item.shown_if or item.together:
            yield item
        else:
            yield from item.inside

    def _question(self, control: _Element) -> ShownItem:
        name = local_name(control)
        node = self._node(control)
        bind = self._binds.get(node)
        kind = self._kind(control, name, bind)
        item = self._item(control, kind)
        if kind in _SELECTS.values():
            item = replace(item, choices=self._choices(control))
        if kind == "range":
            steps = (attribute(control, each) or "" for each in ("start", "end", "step"))
            item = replace(item, range=" – ".join(each for each in steps if each))
        return item

    def _kind(self, control: _Element, name: str, bind: _Element | None) -> str:
        if name in _SELECTS:
            return _SELECTS[name]
        if name == "trigger":
            return "acknowledge"
        if name == "range":
            return "range"
        if name == "upload":
            media = (attribute(control, "mediatype") or "").partition("/")[0]
            drawn = any(word in (attribute(control, "appearance") or "") for word in _DRAWN)
            return "drawing" if drawn and media == "image" else _UPLOADS.get(media, "file")
        if attribute(control, "query"):
            return "one"
        if bind is not None and is_constant(attribute(bind, "readonly") or "", True):
            return "note"
        return _INPUTS.get((attribute(bind, "type") or "") if bind is not None else "", "text")

    def _item(self, control: _Element, kind: str, inside: tuple[ShownItem, ...] = ()) -> ShownItem:
        node = self._node(control)
        bind = self._binds.get(node)
        label = label_of(control, self._itext)
        hint = label_of(control, self._itext, "hint")
        reference = _reference(control, "label")
        return ShownItem(
            kind=kind,
            path=self._path(node),
            label=self._say(label),
            hint=self._say(hint),
            guidance=self._say(self._guidance.get(_reference(control, "hint"), {})),
            translated=self._is_translated(label) and self._is_translated(hint),
            required=_required(bind),
            shown_if=self._condition(bind, node, "relevant"),
            limits=self._condition(bind, node, "constraint"),
            message=self._message(bind),
            media=self._media_of(reference),
            together="field-list" in (attribute(control, "appearance") or "") and kind in ("group", "repeat"),
            read_only=bind is not None and is_constant(attribute(bind, "readonly") or "", True),
            inside=inside,
        )

    def _condition(self, bind: _Element | None, node: str, name: str) -> Said | None:
        source = (attribute(bind, name) or "").strip() if bind is not None else ""
        if not source or is_constant(source, True):
            return None
        return said(source, node, self._labels, self._shown, self._language)

    def _message(self, bind: _Element | None) -> str:
        text = (attribute(bind, "constraintMsg") or "") if bind is not None else ""
        reference = itext_reference(text)
        return self._say(self._itext.get(reference, {})) if reference else text

    def _choices(self, control: _Element) -> ShownChoices:
        source, listed = choices_of(control, self._instances, self._itext)
        itemset = next(children(control, "itemset"), None)
        nodeset = (attribute(itemset, "nodeset") or "") if itemset is not None else attribute(control, "query") or ""
        filtered = "[" in nodeset
        if source is not None:
            rows = self._rows(source)
            total = len(rows)
            return ShownChoices(
                rows[:MOST_FROM_FILE], total, source.file, filtered or bool(attribute(control, "query"))
            )
        media = self._media_of_choices(control) if self._media else {}
        choices = tuple(
            ShownChoice(value, self._say(texts) or value, media.get(value, ())) for value, texts in listed.items()
        )
        return ShownChoices(choices, len(choices), "", filtered)

    def _rows(self, source: FileChoices) -> tuple[ShownChoice, ...]:
        content = self._files.get(source.file)
        if content is None:
            return ()
        columns = [column.strip() for column in source.label.split(",")]
        found = []
        for row in rows_of(source.file, content):
            if source.list_name not in (None, row.get("list_name", row.get("list name"))):
                continue
            if source.list_name is None:
                text = ", ".join(row[column] for column in columns if row.get(column))
            else:
                named = {key.partition("::")[2]: words for key, words in row.items() if key.startswith("label")}
                text = pick(named, self._shown, self._labels.languages) or ""
            if row.get(source.value):
                found.append(ShownChoice(row[source.value], text or row[source.value]))
        return tuple(found)

    def _media_of_choices(self, control: _Element) -> dict[str, tuple[str, ...]]:
        items = descendants(control, "item")
        references = {text_of(value): _reference(item, "label") for item in items for value in children(item, "value")}
        itemset = next(children(control, "itemset"), None)
        if itemset is not None:
            references.update(self._instances.references(itemset))
        return {value: self._media_of(reference) for value, reference in references.items()}

    def _media_of(self, reference: str) -> tuple[str, ...]:
        named = self._media.get(reference, {})
        return named.get(self._shown) or next(iter(named.values()), ())

    def _say(self, texts: Texts) -> str:
        return without_markup(pick(texts, self._shown, self._labels.languages) or "").strip()

    def _is_translated(self, texts: Texts) -> bool:
        if not texts or "" in texts or not self._shown:
            return True
        return texts.get(self._shown, "-") not in ("", "-")

    def _node(self, control: _Element) -> str:
        node = attribute(control, "ref") or attribute(control, "nodeset") or ""
        return self._document.absolute(node) if node else ""

    def _path(self, node: str) -> str:
        return node.removeprefix(f"/{self._document.root_name}")


def _other_forms(document: XFormDocument) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, tuple[str, ...]]]]:
    """What the itext holds besides words to read: guidance, and names of media; by id and language."""
    guidance: dict[str, dict[str, str]] = {}
    media: dict[str, dict[str, tuple[str, ...]]] = {}
    for itext in children(document.model, "itext"):
        for translation in children(itext, "translation"):
            language = attribute(translation, "lang") or "default"
            for text in children(translation, "text"):
                reference = attribute(text, "id") or ""
                for value in children(text, "value"):
                    form = attribute(value, "form")
                    if form == "guidance":
                        guidance.setdefault(reference, {})[language] = words_of(value)
                    elif form in _MEDIA:
                        named = media.setdefault(reference, {})
                        named[language] = (*named.get(language, ()), text_of(value).rpartition("/")[2])
    return guidance, media


def _reference(element: _Element, name: str) -> str:
    """The id of the itext of an element's label or hint, "" without one."""
    child = next(children(element, name), None)
    return itext_reference(attribute(child, "ref") or "") if child is not None else ""


def _required(bind: _Element | None) -> str:
    source = (attribute(bind, "required") or "") if bind is not None else ""
    if not source.strip() or is_constant(source, False):
        return ""
    return "yes" if is_constant(source, True) else "sometimes"
