"""Small real JPEGs, made without a picture library."""

import random
import struct

_ZIGZAG_ONES = bytes([8] * 64)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def photo(chance: random.Random, size: int = 2_000) -> bytes:
    """A valid baseline grey JPEG of 16 x 16 pixels, different every time, of about `size` bytes.

    Every 8 x 8 block is one shade: a DC difference and an end-of-block code. The rest of the size is comment.
    """
    lengths = [0, 1, 5, 1, 1, 1, 1, 1, 1] + [0] * 7
    dc_table = bytes([0x00, *lengths, *range(12)])
    ac_table = bytes([0x10, 1] + [0] * 15 + [0])
    head = _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + _segment(0xDB, b"\0" + _ZIGZAG_ONES)
    while size > 700:
        length = min(size - 600, 60_000)
        head += _segment(0xFE, chance.randbytes(length))
        size -= length
    frame = _segment(0xC0, struct.pack(">BHHBBBB", 8, 16, 16, 1, 1, 0x11, 0))
    tables = _segment(0xC4, dc_table) + _segment(0xC4, ac_table)
    return b"\xff\xd8" + head + frame + tables + _segment(0xDA, b"\1\1\0\0\x3f\0") + _blocks(chance) + b"\xff\xd9"


def _blocks(chance: random.Random) -> bytes:
    """Four blocks: the code for a difference of `bits` bits, the difference, and the one-bit end of block."""
    codes = {0: "00", 1: "010", 2: "011", 3: "100", 4: "101", 5: "110", 6: "1110", 7: "11110"}
    stream = ""
    for _ in range(4):
        difference = chance.randrange(-60, 61)
        bits = abs(difference).bit_length()
        value = difference if difference >= 0 else difference + (1 << bits) - 1
        stream += codes[bits] + (f"{value:0{bits}b}" if bits else "") + "0"
    stream += "1" * (-len(stream) % 8)
    return bytes(int(stream[at : at + 8], 2) for at in range(0, len(stream), 8)).replace(b"\xff", b"\xff\0")
