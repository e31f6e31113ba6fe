"""The surveys that come with the program, and publishing any workbook with the files beside it."""

import unicodedata
from pathlib import Path

from config.services import services
from forms.compiler import compile_form
from forms.publish import Prepared, prepare
from forms.xform import parse_xform

DEFINITIONS = Path(__file__).parent / "definitions"


def bundled_workbooks() -> list[Path]:
    """The bundled XLSForms, by name."""
    return sorted(DEFINITIONS.glob("*.xlsx"))


def prepare_file(file: Path, media: Path | None) -> Prepared:
    """A workbook or XForm from disk, compiled, with those files of folder `media` that it names."""
    content = file.read_bytes()
    # The bundled ones are proven by our tests: a first start need not wait for ODK Validate.
    compiled = compile_form(content, file.name, validate=file.parent != DEFINITIONS)
    return prepare(services().storage, compiled, file.name, content, files_beside(compiled.xform, media))


def files_beside(xform: bytes, media: Path | None) -> dict[str, bytes]:
    """Those files of a folder that a form names."""
    given: dict[str, bytes] = {}
    if media is not None:
        # Looked up among the folder's own names: a form's text is never used as a path. A stick formatted on a Mac
        # writes the accents of a name otherwise than the form does.
        files = [path for path in media.iterdir() if path.is_file()]
        exact = {path.name: path for path in files}
        composed = {unicodedata.normalize("NFC", path.name): path for path in files}
        for slot in parse_xform(xform).slots:
            path = exact.get(slot.name) or composed.get(unicodedata.normalize("NFC", slot.name))
            if path is not None:
                given[slot.name] = path.read_bytes()
    return given
