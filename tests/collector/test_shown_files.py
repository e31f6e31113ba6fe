"""What a stored file is, told from its bytes; and the small picture a camera hides in a photo."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.shown_files import image_type, small_picture

SMALL = b"\xff\xd8\xff\xdb small \xff\xd9"


def photo(order: str = "<", small: bytes = SMALL, before: bytes = b"") -> bytes:
    """A JPEG with an Exif part that holds `small`, as cameras write it."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    first = struct.pack(f"{order}H", 0) + struct.pack(f"{order}I", 14)
    entries = struct.pack(f"{order}HHII", 0x0201, 4, 1, 44) + struct.pack(f"{order}HHII", 0x0202, 4, 1, len(small))
    second = struct.pack(f"{order}H", 2) + entries + struct.pack(f"{order}I", 0)
    tiff = mark + struct.pack(f"{order}I", 8) + first + second
    exif = b"Exif\0\0" + tiff + small
    return b"\xff\xd8" + before + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + b"\xff\xda\0\2 pixels"


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_small_picture_is_found_whatever_the_order_of_bytes(order: str) -> None:
    assert small_picture(photo(order)) == SMALL


def test_the_small_picture_is_found_behind_other_parts() -> None:
    assert small_picture(photo(before=b"\xff\xe0\0\x04ab")) == SMALL


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda\0\2", photo(small=b"<svg/>"), photo()[:60], photo(small=b"")]
)
def test_a_photo_without_one_has_none(content: bytes) -> None:
    assert small_picture(content) is None


@given(st.binary(max_size=200))
def test_hostile_bytes_are_never_a_surprise(tail: bytes) -> None:
    for head in (b"\xff\xd8\xff\xe1", photo()[:30], b""):
        small_picture(head + tail)
        image_type(head + tail)


@pytest.mark.parametrize("content", [b"<svg xmlns=", b"<!doctype html>", b"%PDF", b"RIFFxxxxWAVE", b"BM", b"", b"GIF"])
def test_nothing_that_could_run_counts_as_a_picture(content: bytes) -> None:
    assert image_type(content) is None
