import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.multipart_body import Upload, read_submission
from collector.upload_part import MEMORY_LIMIT, Part
from config.problem import Problem

BOUNDARY = "3f0b8a1e-7c55-4f0e-9d0a-5a3a7f1f2b6c"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
XML = b"<?xml version='1.0' encoding='UTF-8' ?><data id=\"flow\"><name>Zo\xc3\xa9</name></data>"
PHOTO = b"\xff\xd8" + bytes(range(256)) * 8


def xml_part(xml: bytes = XML, name: str = "Suivi été_2026-11-22_10-22-03.xml") -> bytes:
    header = f'Content-Disposition: form-data; name="xml_submission_file"; filename="{name}"\r\nContent-Type: text/xml'
    return header.encode() + b"\r\n\r\n" + xml


def file_part(name: str, content: bytes = PHOTO, kind: str = "image/jpeg") -> bytes:
    header = f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: {kind}'
    return header.encode() + b"\r\n\r\n" + content


def field(name: str, value: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"'.encode() + b"\r\n\r\n" + value


def body(*parts: bytes, end: bytes = b"--\r\n") -> bytes:
    delimiter = b"--" + BOUNDARY.encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + end


def read(data: bytes, spool: Path, *, length: int | None = -1, content_type: str = TYPE, **limits: int) -> Upload:
    chosen = {"max_xml": 20_000_000, "max_file": 1 << 30, **limits}
    length = len(data) if length == -1 else length
    return read_submission(io.BytesIO(data), content_type, length, spool=spool, **chosen)


def code(data: bytes, spool: Path, **limits: object) -> float:
    with pytest.raises(Problem) as caught:
        read(data, spool, **limits)  # type: ignore[arg-type]
    assert list(spool.iterdir()) == []
    assert max(len(caught.value.fr), len(caught.value.en)) <= 120
    return caught.value.code


def bytes_of(part: Part) -> bytes:
    with part.open() as file:
        return file.read()


class Trickle:
    """A stream that hands out the sizes it is told, as a slow socket does."""

    def __init__(self, data: bytes, sizes: Iterator[int]) -> None:
        self._file, self._sizes = io.BytesIO(data), sizes

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, next(self._sizes, size)))


def test_the_xml_and_the_files_of_a_collect_post_come_out_as_sent_c43(tmp_path: Path) -> None:
    with read(
        body(xml_part(), file_part("1763800000000.jpg"), file_part("audit.csv", b"a,b", "text/csv")), tmp_path
    ) as sent:
        assert sent.xml == XML
        assert [(part.name, part.content_type, bytes_of(part)) for part in sent.files] == [
            ("1763800000000.jpg", "image/jpeg", PHOTO),
            ("audit.csv", "text/csv", b"a,b"),
        ]
        assert sent.files[0].sha256 == hashlib.sha256(PHOTO).digest()
        assert sent.files[0].md5 == hashlib.md5(PHOTO).digest()
        assert sent.files[0].size == len(PHOTO)
        assert not sent.incomplete


def test_the_xml_part_is_found_by_its_name_wherever_it_stands(tmp_path: Path) -> None:
    sent = read(body(file_part("a.jpg"), xml_part(), file_part("b.jpg")), tmp_path)
    assert (sent.xml, [part.name for part in sent.files]) == (XML, ["a.jpg", "b.jpg"])


def test_the_xml_may_come_as_a_plain_field_without_a_file_name(tmp_path: Path) -> None:
    assert read(body(field("xml_submission_file", XML)), tmp_path).xml == XML


@pytest.mark.parametrize(("value", "incomplete"), [(b"yes", True), (b"true", True), (b"no", False), (b"", False)])
def test_a_batch_that_is_not_the_last_says_so_c44(tmp_path: Path, value: bytes, incomplete: bool) -> None:
    assert read(body(xml_part(), field("*isIncomplete*", value)), tmp_path).incomplete is incomplete


def test_other_form_fields_are_no_files(tmp_path: Path) -> None:
    sent = read(body(field("comment", b"x" * 5000), xml_part(), field("deviceID", b"collect:1")), tmp_path)
    assert (sent.xml, sent.files, sent.incomplete) == (XML, (), False)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("photo été.jpg", "photo été.jpg"),
        ("e\u0301te\u0301.jpg", "e\u0301te\u0301.jpg"),
        ("صورة 😀.jpg", "صورة 😀.jpg"),
        ("a%22b.jpg", 'a"b.jpg'),
        ("a%0D%0Ab.jpg", "a\r\nb.jpg"),
        ("50%.jpg", "50%.jpg"),
        ("a%20b.jpg", "a%20b.jpg"),
        ("a;b=c.jpg", "a;b=c.jpg"),
        ("../../etc/passwd", "../../etc/passwd"),
        (r"a\b.jpg", r"a\b.jpg"),
    ],
)
def test_a_file_keeps_the_name_the_xml_knows_it_by_c91(tmp_path: Path, written: str, meant: str) -> None:
    assert [part.name for part in read(body(xml_part(), file_part(written)), tmp_path).files] == [meant]


def test_the_file_name_counts_before_the_field_name_which_stands_in_for_a_missing_one(tmp_path: Path) -> None:
    both = b'Content-Disposition: form-data; name="file1"; filename="a.jpg"\r\n\r\n1'
    empty = b'Content-Disposition: form-data; name="b.jpg"; filename=""\r\n\r\n2'
    bare = b'Content-Disposition: form-data; name="c.jpg"\r\nContent-Type: image/jpeg\r\n\r\n3'
    sent = read(body(xml_part(), both, empty, bare), tmp_path)
    assert [(part.name, part.content, part.content_type) for part in sent.files] == [
        ("a.jpg", b"1", "application/octet-stream"),
        ("b.jpg", b"2", "application/octet-stream"),
        ("c.jpg", b"3", "image/jpeg"),
    ]


def test_an_empty_file_is_a_file_and_a_browsers_unused_file_input_is_none(tmp_path: Path) -> None:
    unused = b'Content-Disposition: form-data; name=""; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n'
    sent = read(body(xml_part(), file_part("empty.txt", b"", "text/plain"), unused), tmp_path)
    assert [(part.name, part.size, part.content) for part in sent.files] == [("empty.txt", 0, b"")]


def test_a_file_without_any_name_is_refused(tmp_path: Path) -> None:
    nameless = b'Content-Disposition: form-data; name=""; filename=""\r\n\r\ncontent'
    assert code(body(xml_part(), nameless), tmp_path) == 400.8


def test_two_files_of_one_name_are_both_kept_in_order(tmp_path: Path) -> None:
    sent = read(body(xml_part(), file_part("a.jpg", b"1"), file_part("a.jpg", b"2")), tmp_path)
    assert [(part.name, part.content) for part in sent.files] == [("a.jpg", b"1"), ("a.jpg", b"2")]


def test_a_large_file_goes_to_disk_hashed_and_is_deleted_unless_moved_away(tmp_path: Path) -> None:
    large, other = os.urandom(MEMORY_LIMIT * 3 + 17), os.urandom(MEMORY_LIMIT + 1)
    kept = tmp_path / "kept"
    spool = tmp_path / "spool"
    spool.mkdir()
    with read(body(xml_part(), file_part("a.mp4", large), file_part("b.mp4", other)), spool) as sent:
        first, second = sent.files
        assert first.content is None
        assert first.path is not None
        assert bytes_of(first) == large
        assert first.sha256 == hashlib.sha256(large).digest()
        assert first.md5 == hashlib.md5(large).digest()
        assert first.size == len(large)
        assert bytes_of(second) == other
        first.path.rename(kept)
    assert kept.read_bytes() == large
    assert list(spool.iterdir()) == []


def test_a_file_of_64_kb_stays_in_memory(tmp_path: Path) -> None:
    sent = read(body(xml_part(), file_part("a.jpg", b"x" * MEMORY_LIMIT)), tmp_path)
    assert sent.files[0].content == b"x" * MEMORY_LIMIT
    assert list(tmp_path.iterdir()) == []


def test_a_spool_folder_that_was_tidied_away_is_made_again(tmp_path: Path) -> None:
    with read(body(xml_part(), file_part("a.mp4", b"x" * 100_000)), tmp_path / "tmp") as sent:
        assert bytes_of(sent.files[0]) == b"x" * 100_000


def test_a_field_may_come_in_a_post_whose_length_is_not_known(tmp_path: Path) -> None:
    assert read(body(xml_part()), tmp_path, length=None).xml == XML


def test_bytes_after_the_content_length_belong_to_the_next_request(tmp_path: Path) -> None:
    data = body(xml_part())
    assert read(data + b"POST /", tmp_path, length=len(data)).xml == XML


@pytest.mark.parametrize("end", [b"--", b"--\r\n", b"--\n", b"--\r\n\r\n"])
def test_the_closing_boundary_may_be_followed_by_line_ends_only(tmp_path: Path, end: bytes) -> None:
    assert read(body(xml_part(), end=end), tmp_path).xml == XML


WHOLE = body(xml_part(), file_part("a.jpg", b"\r\n--3f0b" + PHOTO), field("*isIncomplete*", b"yes"))


def test_a_body_cut_anywhere_is_refused_c93(tmp_path: Path) -> None:
    for cut in range(len(WHOLE) - 2):
        with pytest.raises(Problem) as caught:
            read(WHOLE[:cut], tmp_path, length=cut)
        assert caught.value.status == 400
    for cut in (0, 10, len(WHOLE) - 2, len(WHOLE) - 1):
        assert code(WHOLE[:cut], tmp_path, length=len(WHOLE)) == 400.1


@pytest.mark.parametrize("cut", [70_000, 131_072, 200_000])
def test_a_cut_in_a_large_file_leaves_nothing_on_disk_c93(tmp_path: Path, cut: int) -> None:
    data = body(xml_part(), file_part("a.mp4", os.urandom(100_000)), file_part("b.mp4", os.urandom(150_000)))
    assert code(data[:cut], tmp_path, length=cut) == 400.1


@settings(deadline=None, max_examples=60)
@given(data=st.data(), files=st.lists(st.binary(max_size=300), max_size=3))
def test_however_the_network_cuts_the_bytes_the_same_comes_out(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, files: list[bytes]
) -> None:
    whole = body(xml_part(), *(file_part(f"{number}.bin", content) for number, content in enumerate(files)))
    sizes = iter(data.draw(st.lists(st.integers(1, 50), max_size=200)))
    quoted_type = f'multipart/form-data; boundary="{BOUNDARY}"'
    spool = tmp_path_factory.getbasetemp()
    stream = Trickle(whole, sizes)
    trickled = read_submission(stream, quoted_type, len(whole), spool=spool, max_xml=10_000, max_file=10_000)
    assert trickled == read(whole, spool)
    assert [part.content for part in trickled.files] == files


@pytest.mark.parametrize("shift", [*range(65_536 - 110, 65_536 + 4), 65_536 * 2 - 45])
def test_a_boundary_that_lies_across_two_pieces_is_seen(tmp_path: Path, shift: int) -> None:
    start = len(body(xml_part(), file_part("a.bin", b""), end=b"")) - len(BOUNDARY) - 4
    content = b"y" * (shift - start)
    with read(body(xml_part(), file_part("a.bin", content), file_part("b.bin", b"2")), tmp_path) as sent:
        assert [bytes_of(part) for part in sent.files] == [content, b"2"]
    with read(body(xml_part(), file_part("a.bin", content)), tmp_path) as sent:
        assert [bytes_of(part) for part in sent.files] == [content]


def test_a_body_that_closes_early_is_refused_so_that_no_file_is_lost(tmp_path: Path) -> None:
    early = body(xml_part()) + body(file_part("a.jpg"))
    assert code(early, tmp_path) == 400.1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        body(xml_part()).replace(b"\r\n", b"\n"),
        body(xml_part()).replace(b"form-data", b"attachment"),
        body(b"Content-Type: text/xml\r\n\r\n" + XML),
        body(xml_part()).replace("é_".encode(), b"\xe9_"),
        body(xml_part()) + b"trailing",
    ],
)
def test_a_body_that_is_not_what_its_header_promises_is_refused(tmp_path: Path, data: bytes) -> None:
    assert code(data, tmp_path) == 400.1


@pytest.mark.parametrize("content_type", ["", "text/xml", "multipart/form-data", "multipart/mixed; boundary=a"])
def test_a_post_that_is_no_form_data_misses_its_submission(tmp_path: Path, content_type: str) -> None:
    assert code(body(xml_part()), tmp_path, content_type=content_type) == 400.7


def test_a_post_without_the_xml_is_refused(tmp_path: Path) -> None:
    assert code(body(file_part("a.mp4", b"x" * 100_000)), tmp_path) == 400.7


def test_two_xml_parts_are_refused(tmp_path: Path) -> None:
    assert code(body(xml_part(), xml_part()), tmp_path) == 400.8


def test_limits_are_inclusive(tmp_path: Path) -> None:
    whole = body(xml_part(), file_part("a.jpg"))
    with read(whole, tmp_path, max_xml=len(XML), max_file=len(PHOTO), max_total_parts=2) as sent:
        assert len(sent.files) == 1


def test_an_xml_a_file_or_a_number_of_parts_over_the_limit_is_refused(tmp_path: Path) -> None:
    whole = body(xml_part(), file_part("a.jpg", b"x" * 200_000))
    assert code(whole, tmp_path, max_xml=len(XML) - 1) == 413.1
    assert code(whole, tmp_path, max_file=199_999) == 413.2
    assert code(whole, tmp_path, max_total_parts=1) == 413.3


def test_103_parts_fit_in_one_post_c44(tmp_path: Path) -> None:
    files = [file_part(f"{number}.jpg", b"x") for number in range(101)]
    assert len(read(body(xml_part(), *files, field("*isIncomplete*", b"yes")), tmp_path).files) == 101


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full to stand in for a full disk")
def test_a_full_disk_is_503_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_full(handle: int, _: str) -> BinaryIO:
        os.close(handle)
        return Path("/dev/full").open("wb")

    monkeypatch.setattr(os, "fdopen", open_full)
    assert code(body(xml_part(), file_part("a.mp4", b"x" * 100_000)), tmp_path) == 503.1
