"""The answers of versions and of waiting arrivals, ready to be read and compared."""

from collections.abc import Iterable, Iterator

from lxml.etree import _Element
from sqlalchemy.orm import Session

from collector.answer_sheet import Sheet, Words, answer_sheet
from collector.answers import Tables, read_answers
from collector.arrival import unpacked
from collector.history import Version
from collector.masking import NO_MASK, Mask, masked
from collector.models import Receipt
from collector.stored_submissions import answers_of
from collector.submission_xml import parse, text_of
from config.storage import Storage
from forms.attachments import form_files
from forms.queries import definition_of, labels_of
from forms.xform import FormDefinition

MOST_LEAVES = 1000


class SheetReader:
    """Makes sheets in one language; what a form version says of itself is read once however many sheets need it."""

    def __init__(self, session: Session, storage: Storage, project_id: int, language: str) -> None:
        self._session = session
        self._storage = storage
        self._project_id = project_id
        self._language = language
        self._forms: dict[int, tuple[FormDefinition, Words]] = {}

    def of_versions(self, versions: Iterable[Version], mask: Mask = NO_MASK) -> dict[int, Sheet]:
        """By receipt id, from the stored answers without what the mask hides; encrypted versions have none."""
        readable = [version for version in versions if not version.encrypted]
        tables = answers_of(self._session, self._project_id, [version.receipt_id for version in readable])
        return {
            version.receipt_id: self._sheet(version.form_version_id, tables.get(version.receipt_id, {}), mask)
            for version in readable
        }

    def of_waiting(self, receipt: Receipt, version_id: int | None) -> tuple[Sheet | None, tuple[str, ...]]:
        """From the XML as received, read with a form version, and the paths that version has no place for; no sheet
        when it is encrypted or there is no version to read it with."""
        if receipt.encrypted is not None or version_id is None:
            return None, ()
        answers = read_answers(parse(unpacked(receipt.xml)), self._form(version_id)[0])
        return self._sheet(version_id, answers.tables), answers.unknown

    def _sheet(self, version_id: int, tables: Tables, mask: Mask = NO_MASK) -> Sheet:
        definition, words = self._form(version_id)
        return answer_sheet(definition, masked(tables, definition, mask), words)

    def _form(self, version_id: int) -> tuple[FormDefinition, Words]:
        if version_id not in self._forms:
            labels = labels_of(self._session, self._project_id, version_id)
            files = form_files(self._session, self._storage, self._project_id, version_id)
            definition = definition_of(self._session, self._project_id, version_id)
            self._forms[version_id] = definition, Words(labels, self._language, files)
        return self._forms[version_id]


def bare_answers(receipt: Receipt) -> list[tuple[str, str]]:
    """(name of the node, text) of every filled leaf, for an arrival whose questions are not known; at most 1,000."""
    if receipt.encrypted is not None:
        return []
    return [leaf for leaf, _ in zip(_leaves(parse(unpacked(receipt.xml))), range(MOST_LEAVES), strict=False)]


def _leaves(root: _Element) -> Iterator[tuple[str, str]]:
    for node in root.iterdescendants():
        if isinstance(node.tag, str) and not len(node) and text_of(node).strip():
            yield node.tag.rpartition("}")[2], text_of(node)
