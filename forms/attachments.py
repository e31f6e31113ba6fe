"""The files beside a form version, read only when a choice has to be looked up in them."""

from collections.abc import Iterator, Mapping

from sqlalchemy.orm import Session

from config.storage import Storage
from forms.queries import served_files


class FormFiles(Mapping[str, bytes]):
    """Name to content; every file is read at most once."""

    def __init__(self, storage: Storage, named: Mapping[str, bytes]) -> None:
        self._storage = storage
        self._named = named
        self._read: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._read:
            with self._storage.open(self._named[name]) as file:
                self._read[name] = file.read()
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        return name in self._named


def form_files(session: Session, storage: Storage, project_id: int, version_id: int) -> FormFiles:
    """The files that a version asks for and has, by name."""
    return FormFiles(storage, {file.name: file.sha256 for file in served_files(session, project_id, version_id)})
