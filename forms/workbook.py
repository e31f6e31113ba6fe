"""What an uploaded file really is, told by its content: names and content types lie."""

import zipfile
from io import BytesIO
from typing import Literal

from config.problem import Problem
from forms.errors import workbook_refused

Kind = Literal[".xlsx", ".xls", ".xml"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = (
    (b"%PDF", ("a PDF", "un PDF")),
    (b"\x89PNG", ("a picture", "une image")),
    (b"\xff\xd8\xff", ("a picture", "une image")),
    (b"{\\rtf", ("a text document (RTF)", "un document texte (RTF)")),
    (b"\x1f\x8b", ("a compressed file (gzip)", "un fichier compressé (gzip)")),
    (b"Rar!", ("a compressed file (RAR)", "un fichier compressé (RAR)")),
    (b"7z\xbc\xaf", ("a compressed file (7z)", "un fichier compressé (7z)")),
)
_SAVE_EN = "Save it as an Excel workbook (.xlsx) and send it again."
_SAVE_FR = "Enregistrez-le comme classeur Excel (.xlsx) et renvoyez-le."


def kind_of(content: bytes, *, unpacked_bytes: int, members: int) -> Kind:
    """`.xlsx`, `.xls` or `.xml`; raises Problem 400.15 for anything else and for archives beyond the limits."""
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not content.strip():
        raise workbook_refused("The file is empty. Send it again.", "Le fichier est vide. Renvoyez-le.")
    if content.startswith(b"PK"):
        return _kind_of_archive(content, unpacked_bytes, members)
    if content.startswith(_OLE):
        return _kind_of_ole(content)
    if start.startswith(b"<"):
        return _kind_of_markup(content)
    raise _other_kind(content)


def _other_kind(content: bytes) -> Problem:
    """What else people send under the name of a workbook."""
    known = next((words for magic, words in _OTHERS if content.startswith(magic)), None)
    first_line = content[:1024].partition(b"\n")[0]
    if known is None and b"\0" not in content[:1024] and any(mark in first_line for mark in b",;\t"):
        known = "a CSV or text file", "un fichier CSV ou texte"
    if known is None:
        known = "neither an Excel workbook nor an XForm", "ni un classeur Excel ni un XForm"
        return workbook_refused(f"This is {known[0]}. {_SAVE_EN}", f"Ce n'est {known[1]}. {_SAVE_FR}")
    return workbook_refused(f"This is {known[0]}. {_SAVE_EN}", f"C'est {known[1]}. {_SAVE_FR}")


def has_macros(content: bytes) -> bool:
    """Whether an .xlsx carries macros. They are never run."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return "xl/vbaProject.bin" in archive.namelist()


def _kind_of_archive(content: bytes, unpacked_bytes: int, members: int) -> Kind:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError):
        raise workbook_refused(
            f"The workbook is damaged or was cut off on its way. {_SAVE_EN}",
            f"Le classeur est abîmé ou a été coupé en route. {_SAVE_FR}",
        ) from None
    # Python never unpacks more than the declared size of an entry, so the declared sum is a true bound.
    if len(entries) > members or sum(entry.file_size for entry in entries) > unpacked_bytes:
        raise workbook_refused(
            "The workbook is far too large once unpacked. Delete unused sheets, rows, columns and images.",
            "Le classeur est bien trop grand une fois décompressé. Supprimez feuilles, lignes, colonnes et images "
            "inutiles.",
        )
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" in names:
        return ".xlsx"
    if "xl/workbook.bin" in names:
        raise workbook_refused(
            f"This is a binary workbook (.xlsb). {_SAVE_EN}", f"Classeur binaire (.xlsb). {_SAVE_FR}"
        )
    if "content.xml" in names:
        raise workbook_refused(
            f"This is an OpenDocument file (LibreOffice). {_SAVE_EN}",
            f"C'est un fichier OpenDocument (LibreOffice). {_SAVE_FR}",
        )
    raise workbook_refused(
        f"This archive is not an Excel workbook. {_SAVE_EN}",
        f"Cette archive n'est pas un classeur Excel. {_SAVE_FR}",
    )


def _kind_of_ole(content: bytes) -> Kind:
    # Stream names of a compound file are UTF-16 in its directory.
    if _utf16("EncryptedPackage") in content:
        raise workbook_refused(
            "The workbook is protected by a password. Remove the password and send it again.",
            "Le classeur est protégé par un mot de passe. Retirez-le et renvoyez le classeur.",
        )
    if _utf16("Workbook") in content or _utf16("Book") in content:
        return ".xls"
    raise workbook_refused(
        f"This Office file is not an Excel workbook. {_SAVE_EN}",
        f"Ce fichier Office n'est pas un classeur Excel. {_SAVE_FR}",
    )


def _kind_of_markup(content: bytes) -> Kind:
    start = content[:4096].lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
        raise workbook_refused(
            f"This is an Excel 2003 XML spreadsheet. {_SAVE_EN}",
            f"C'est une feuille de calcul XML d'Excel 2003. {_SAVE_FR}",
        )
    if b"<!doctype html" in start or (b"<html" in start and b"xhtml" not in start):
        raise workbook_refused(
            f"This is a web page, not a workbook. {_SAVE_EN}", f"C'est une page web, pas un classeur. {_SAVE_FR}"
        )
    return ".xml"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")
