"""A definition as a program sends it: an XForm, or a workbook to be compiled. Told apart by the content type, as in ODK Central."""

from dataclasses import dataclass, replace
from urllib.parse import unquote

from config.storage import Storage
from forms.compiler import Compiled, compile_form
from forms.errors import workbook_refused
from forms.lint import Finding
from forms.names import check_names, check_title
from forms.stored_files import StoredFile, store
from forms.xform import FormDefinition, parse_xform

EXCEL = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
}


@dataclass(frozen=True)
class Upload:
    """A definition that was read and judged; its workbook and itemsets.csv are stored.

    `warnings` are the converter's, which stop ODK Central's callers until they say that they have read them; `remarks` are
    all warnings and `findings` the lint's, kept with the version for whoever looks at it.
    """

    xform: bytes
    definition: FormDefinition
    workbook: StoredFile | None = None
    workbook_name: str = ""
    itemsets: StoredFile | None = None
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_upload(storage: Storage, content: bytes, content_type: str, fallback: str) -> Upload:
    """Compile, parse and store. `fallback` (percent-encoded) is the form id of a workbook that says none.

    Raises Problem 400.1, 400.2, 400.8, 400.15, 400.25 or 503.1.
    """
    ending = EXCEL.get(content_type)
    if ending is None:
        return read_xform(content)
    compiled = compile_form(content, unquote(fallback) + ending)
    if compiled.tables is None:
        raise workbook_refused(
            "This is an XForm, not a workbook. Send it as application/xml.",
            "C’est un XForm et non un classeur. Envoyez-le comme application/xml.",
        )
    return _from_workbook(storage, content, compiled, ending)


def read_file(storage: Storage, content: bytes, filename: str) -> Upload:
    """A file as a person brings it: what it is, is told by its content. Nobody is stopped by warnings.

    Raises Problem 400.1, 400.2, 400.8, 400.15, 400.25 or 503.1.
    """
    compiled = compile_form(content, filename)
    if compiled.tables is None:
        upload = read_xform(content)
        check_title(upload.definition)
        return replace(upload, remarks=compiled.warnings, findings=compiled.findings)
    # The old format begins with the mark of OLE files.
    ending = ".xls" if content.startswith(b"\xd0\xcf\x11\xe0") else ".xlsx"
    upload = _from_workbook(storage, content, compiled, ending)
    check_title(upload.definition)
    return replace(upload, warnings=())


def _from_workbook(storage: Storage, content: bytes, compiled: Compiled, ending: str) -> Upload:
    definition = parse_xform(compiled.xform)
    check_names(definition)
    return Upload(
        xform=compiled.xform,
        definition=definition,
        workbook=store(storage, content),
        workbook_name=definition.xml_form_id + ending,
        itemsets=None if compiled.itemsets is None else store(storage, compiled.itemsets),
        warnings=compiled.from_pyxform,
        remarks=compiled.warnings,
        findings=compiled.findings,
    )


def read_xform(xform: bytes) -> Upload:
    """An XForm, taken byte for byte."""
    definition = parse_xform(xform)
    check_names(definition)
    return Upload(xform, definition)


def excel_type(workbook_name: str | None) -> str | None:
    """The content type of a stored workbook, None without one."""
    if not workbook_name:
        return None
    old = workbook_name.lower().endswith(".xls")
    return next(kind for kind, ending in EXCEL.items() if (ending == ".xls") is old)
