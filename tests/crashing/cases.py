"""What the phones send: instances with photos of all sizes, edits and conflicts, remembered without their bytes."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

from tests.handset.instances import Instance
from tests.handset.submission import Batch, batches

FORM_ID = "crash"
QUESTIONS = ("photo_1", "photo_2", "photo_3")
# Photos of a batch, in bytes: small, so that most instances with large photos need several POSTs.
BATCH_BYTES = 120_000
# In memory all the way; written to a file by the multipart reader; waiting in a file while the body is received.
SIZES = (300, 5_000, 40_000, 70_000, 100_000, 290_000)
WEIGHTS = (3, 3, 2, 2, 1, 1)


def form() -> bytes:
    """An XForm with a name and three photos, whose filled instances may be edited on the phone."""
    nodes = "".join(f"<{name}/>" for name in QUESTIONS)
    binds = "".join(f'<bind nodeset="/data/{name}" type="binary"/>' for name in QUESTIONS)
    uploads = "".join(f'<upload ref="/data/{name}" mediatype="image/*"/>' for name in QUESTIONS)
    return (
        '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">'
        f'<h:head><h:title>Crash</h:title><model><instance><data id="{FORM_ID}" version="1"><name/>{nodes}'
        '<meta><instanceID/></meta></data></instance><submission client-editable="true"/>'
        f'<bind nodeset="/data/name" type="string"/>{binds}<bind nodeset="/data/meta/instanceID" type="string"/>'
        f'</model></h:head><h:body><input ref="/data/name"/>{uploads}</h:body></h:html>'
    ).encode()


@cache
def _pool() -> tuple[bytes, ...]:
    chance = random.Random(20261123)
    return tuple(chance.randbytes(size) for size in SIZES)


@dataclass(frozen=True)
class Photo:
    """A photo by its recipe: thousands are sent, so their bytes are made again whenever they are wanted."""

    size: int  # index in SIZES
    mark: bytes  # b"" is shared by many instances: the same file, put by several requests at once

    def content(self) -> bytes:
        """Its bytes."""
        return self.mark + _pool()[self.size]

    def sha256(self) -> bytes:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.content()).digest()


@dataclass(eq=False)
class Case:
    """One instance: what is sent, what may be answered, what it must have become when everything has arrived.

    `acknowledged` holds the names of the files of every POST that was answered 201 or 202; None before the first.
    `done`: all POSTs of one round of sending were.
    """

    kind: str  # original, edit or conflict
    instance_id: str
    xml: bytes
    photos: Mapping[str, Photo]
    original: "Case | None" = None
    edited: bool = False
    disputed: bool = False
    acknowledged: set[str] | None = None
    done: bool = False
    sha256: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.sha256 = hashlib.sha256(self.xml).digest()

    @property
    def status(self) -> str:
        """What the receipt must be in the end."""
        return "conflict" if self.kind == "conflict" else "version"

    @property
    def answers(self) -> frozenset[int]:
        """What a phone may hear besides a 503: an edit that comes before its original is held, and hears 202."""
        return {"original": frozenset({201}), "edit": frozenset({201, 202}), "conflict": frozenset({202})}[self.kind]

    def instance(self) -> Instance:
        """With its bytes, as the handset sends it."""
        return Instance(self.xml, {name: photo.content() for name, photo in self.photos.items()})

    def posts(self) -> list[tuple[Instance, Batch]]:
        """The POSTs of one round of sending (C44)."""
        instance = self.instance()
        return [(instance, batch) for batch in batches(instance, BATCH_BYTES)]


class Author:
    """Fills forms; what it writes depends on the seed alone."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def original(self) -> Case:
        """A new instance with up to three photos."""
        instance_id = self._new_id()
        taken = self._chance.sample(QUESTIONS, self._chance.choice((0, 1, 1, 2, 3)))
        names = {question: self._file_name() for question in taken}
        photos = {name: self._photo() for name in names.values()}
        return Case("original", instance_id, self._xml(instance_id, names), photos)

    def edit(self, original: Case) -> Case:
        """The same with another name, the photos sent again (C53)."""
        instance_id = self._new_id()
        old = original.instance_id.encode()
        xml = self._renamed(original.xml.replace(old, instance_id.encode()))
        xml = xml.replace(b"</meta>", b"<deprecatedID>%s</deprecatedID></meta>" % old)
        original.edited = True
        return Case("edit", instance_id, xml, original.photos, original)

    def conflict(self, original: Case) -> Case:
        """Other answers under the same instanceID."""
        original.disputed = True
        return Case("conflict", original.instance_id, self._renamed(original.xml), original.photos, original)

    def _xml(self, instance_id: str, names: Mapping[str, str]) -> bytes:
        photos = "".join(f"<{name}>{names[name]}</{name}>" if name in names else f"<{name} />" for name in QUESTIONS)
        return (
            f"<?xml version='1.0' encoding='UTF-8' ?><data id=\"{FORM_ID}\" version=\"1\">"
            f"<name>Aïchatou {self._number()}</name>{photos}<meta><instanceID>{instance_id}</instanceID></meta></data>"
        ).encode()

    def _renamed(self, xml: bytes) -> bytes:
        start, end = xml.index(b"<name>"), xml.index(b"</name>")
        return xml[:start] + f"<name>Moussa {self._number()}".encode() + xml[end:]

    def _photo(self) -> Photo:
        mark = b"" if self._chance.random() < 0.2 else self._chance.randbytes(16)
        return Photo(self._chance.choices(range(len(SIZES)), WEIGHTS)[0], mark)

    def _file_name(self) -> str:
        return f"{1_763_900_000_000 + self._chance.randrange(10**9)}.jpg"

    def _number(self) -> int:
        return self._chance.randrange(10**9)

    def _new_id(self) -> str:
        return f"uuid:{UUID(int=self._chance.getrandbits(128), version=4)}"
