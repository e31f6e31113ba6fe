"""Deflate streams made of pieces, some of them deflated before: what ZIPs and gzip answers are made of. Pure.

ISA-L deflates several times faster than zlib and nearly as small; where there is no wheel of it, zlib does.
"""

import contextlib
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

_fast: Any = None
with contextlib.suppress(ImportError):
    from isal import isal_zlib as _fast

_LEVEL = 2
_ZLIB_LEVEL = 4
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes deflated so that they may stand anywhere in a stream; `crc` and `size` are those of the bytes themselves, `data`,
    which may still be there."""

    packed: bytes
    crc: int
    size: int
    data: bytes | None = field(default=None, compare=False, repr=False)

    def unpacked(self) -> bytes:
        """The bytes themselves."""
        return _decompress(self.packed, self.size) if self.data is None else self.data


def block_of(data: bytes) -> Block:
    """`data` as a block."""
    deflater = _compressor()
    return Block(deflater.compress(data) + deflater.flush(zlib.Z_FULL_FLUSH), crc32(data), len(data), data)


class Deflater:
    """A deflate stream: what its methods return must be written in this order. Its figures are known after `end`."""

    def __init__(self) -> None:
        self.crc = self.size = self.packed = 0
        self._compressor: Any = None

    def add(self, data: bytes) -> bytes:
        """More bytes."""
        if self._compressor is None:
            self._compressor = _compressor()
        self.crc = crc32(data, self.crc)
        self.size += len(data)
        return self._counted(self._compressor.compress(data))

    def add_block(self, block: Block) -> bytes:
        """Bytes deflated before."""
        before = b""
        if self._compressor is not None:
            before, self._compressor = self._compressor.flush(zlib.Z_FULL_FLUSH), None
        self.crc = crc32_combined(self.crc, block.crc, block.size)
        self.size += block.size
        return self._counted(before + block.packed)

    def end(self) -> bytes:
        """The end of the stream."""
        compressor = self._compressor or _compressor()
        return self._counted(compressor.flush(zlib.Z_FINISH))

    def _counted(self, packed: bytes) -> bytes:
        self.packed += len(packed)
        return packed


class Gzip:
    """A gzip file made the same way."""

    def __init__(self) -> None:
        self._deflater = Deflater()
        self._begun = False

    def add(self, data: bytes) -> bytes:
        """More bytes."""
        return self._begin() + self._deflater.add(data)

    def add_block(self, block: Block) -> bytes:
        """Bytes deflated before."""
        return self._begin() + self._deflater.add_block(block)

    def end(self) -> bytes:
        """The end of the file."""
        last = self._begin() + self._deflater.end()
        return last + struct.pack("<II", self._deflater.crc, self._deflater.size & 0xFFFFFFFF)

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return _GZIP_HEADER


def crc32(data: bytes, before: int = 0) -> int:
    """As zlib.crc32."""
    return int(zlib.crc32(data, before) if _fast is None else _fast.crc32(data, before))


def crc32_combined(first: int, second: int, size: int) -> int:
    """The CRC of two runs of bytes one after the other, from theirs; `size` is the length of the second (zlib's
    crc32_combine: the first is multiplied by x^(8·size) modulo the polynomial)."""
    if not size:
        return first
    return _times(_power(8 * size), first) ^ second


_POLYNOMIAL = 0xEDB88320
_SQUARES: list[int] = []


def _times(a: int, b: int) -> int:
    """a·b modulo the polynomial; bit 31 is the constant term."""
    product, bit = 0, 1 << 31
    while bit:
        if a & bit:
            product ^= b
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
        bit >>= 1
    return product


def _power(exponent: int) -> int:
    """x^exponent modulo the polynomial."""
    if not _SQUARES:
        square = 1 << 30
        for _ in range(64):
            _SQUARES.append(square)
            square = _times(square, square)
    power, place = 1 << 31, 0
    while exponent:
        if exponent & 1:
            power = _times(_SQUARES[place], power)
        exponent >>= 1
        place += 1
    return power


def _compressor() -> Any:
    if _fast is None:
        return zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _fast.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)


def _decompress(packed: bytes, size: int) -> bytes:
    module: Any = zlib if _fast is None else _fast
    inflater = module.decompressobj(-zlib.MAX_WBITS)
    return bytes(inflater.decompress(packed, size) if size else b"")
