"""The surveys that come with the program, and publishing any workbook with the files beside it."""

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
    compiled = compile_form(content, file.name)
    given: dict[str, bytes] = {}
    if media is not None:
        wanted = {slot.name for slot in parse_xform(compiled.xform).slots}
        # Looked up among the folder's own names: a form's text is never used as a path.
        given = {path.name: path.read_bytes() for path in media.iterdir() if path.name in wanted and path.is_file()}
    return prepare(services().storage, compiled, file.name, content, given)
