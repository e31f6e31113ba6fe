"""Thrift's compact protocol, as far as the metadata of Parquet files needs it: values that know how they are written. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TRUE, _FALSE, _INT32, _INT64, _BINARY, _LIST, _STRUCT = 1, 2, 5, 6, 8, 9, 12


@dataclass(frozen=True, slots=True)
class Value:
    """Bytes, and of which kind they are."""

    kind: int
    content: bytes


def varint(number: int) -> bytes:
    """A number that is not negative, seven bits a byte."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def int32(number: int) -> Value:
    """An `i32` or an enumeration."""
    return Value(_INT32, varint(number << 1 if number >= 0 else (-number << 1) - 1))


def int64(number: int) -> Value:
    """An `i64`."""
    return Value(_INT64, int32(number).content)


def boolean(true: bool) -> Value:
    """A `bool` that is a field."""
    return Value(_TRUE if true else _FALSE, b"")


def binary(content: bytes) -> Value:
    """A `string` or `binary`."""
    return Value(_BINARY, varint(len(content)) + content)


def list_of(values: Sequence[Value]) -> Value:
    """A list of values of one kind; an empty one is of structs."""
    kind, count = values[0].kind if values else _STRUCT, len(values)
    head = bytes([count << 4 | kind]) if count < 15 else bytes([0xF0 | kind]) + varint(count)
    return Value(_LIST, head + b"".join(each.content for each in values))


def struct_of(fields: Mapping[int, Value]) -> Value:
    """A struct, or a union of one; fields by number, in their order."""
    made, last = [], 0
    for number, value in fields.items():
        # Fields of the formats written here are never fifteen apart.
        made += [bytes([number - last << 4 | value.kind]), value.content]
        last = number
    return Value(_STRUCT, b"".join(made) + b"\0")
