"""Count in thousands of places at once: place i of a long number is its bit i, a count is one number per binary digit (a plane)."""

import re
from collections.abc import Iterator

# More ones than this are sooner found byte by byte.
_FEW = 12
_ANY = re.compile(rb"[^\0]", re.DOTALL)


def counts(bits: list[int]) -> list[int]:
    """How often each place is 1 among these numbers, as planes: place i of plane k is bit k of the count."""
    return sums([bits])


def sums(columns: list[list[int]]) -> list[int]:
    """The same where the numbers of column k count 2**k each."""
    planes: list[int] = []
    waiting: list[int] = []
    while waiting or len(planes) < len(columns):
        if len(planes) < len(columns):
            waiting = waiting + columns[len(planes)]
        carried = []
        while len(waiting) >= 3:
            one, two, three = waiting.pop(), waiting.pop(), waiting.pop()
            odd = one ^ two
            waiting.append(odd ^ three)
            carried.append((one & two) | (odd & three))
        if len(waiting) == 2:
            one, two = waiting
            waiting = [one ^ two]
            carried.append(one & two)
        planes.append(waiting[0] if waiting else 0)
        waiting = carried
    return planes


def at_least(planes: list[int], least: int) -> int:
    """The places whose count is at least `least`."""
    if least >= 1 << len(planes):
        return 0
    # From the highest plane down: above so far, or equal so far.
    above, equal = 0, -1
    for power in reversed(range(len(planes))):
        if least >> power & 1:
            equal &= planes[power]
        else:
            above |= equal & planes[power]
            equal &= ~planes[power]
    return above | equal if least else -1


def ones(bits: int) -> Iterator[int]:
    """The places of the ones, the lowest first."""
    if bits.bit_count() <= _FEW:
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest
        return
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    for found in _ANY.finditer(data):
        place = 8 * found.start()
        byte = data[found.start()]
        yield from (place + each for each in range(8) if byte >> each & 1)
