"""What is no workbook is told apart by its content, before any child is started."""

import zipfile
from io import BytesIO

import pytest

from config.problem import Problem
from forms.compiler import CompileLimits, compile_form
from tests.forms import with_member, workbook
from tests.forms.binary_workbook import compound_file

SMALL = workbook("| survey |\n| | type | name | label |\n| | text | a | A |\n")


def refused(content: bytes, limits: CompileLimits | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        compile_form(content, "form.xlsx", limits=limits or CompileLimits())
    assert caught.value.code == 400.15
    assert caught.value.fr != caught.value.en
    return caught.value


def archive(**members: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, data in members.items():
            target.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("_bin", ".bin"), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"type,name,label\ntext,a,A\n", "CSV"),
        (b"type;name;label\ntext;a;A\n", "CSV"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0", "picture"),
        (b"{\\rtf1 a}", "RTF"),
        (b"\x1f\x8b\x08\0,", "gzip"),
        (bytes(2000), "neither"),
        (b"PK\x03\x04 cut off", "damaged"),
        (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content_xml=b"<a/>"), "OpenDocument"),
        (archive(xl__workbook_bin=b""), "binary"),
        (archive(word__document_xml=b""), "not an Excel"),
        (compound_file("EncryptedPackage", b""), "password"),
        (compound_file("WordDocument", b""), "not an Excel"),
        (b"<html><body><table></table></body></html>", "web page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "2003"),
    ],
)
def test_each_gets_its_own_sentence(content: bytes, words: str) -> None:
    assert words in refused(content).en


def test_a_zip_bomb_is_refused_unopened() -> None:
    bomb = with_member(SMALL, "xl/worksheets/sheet1.xml", bytes(3_000_000))
    assert len(bomb) < 20_000
    assert "unpacked" in refused(bomb, CompileLimits(unpacked_bytes=2_000_000)).en


def test_too_many_members_are_refused_unopened() -> None:
    assert "unpacked" in refused(SMALL, CompileLimits(members=3)).en


def test_a_huge_file_is_refused() -> None:
    assert "1 MB" in refused(bytes(2 << 20), CompileLimits(workbook_bytes=1 << 20)).en
