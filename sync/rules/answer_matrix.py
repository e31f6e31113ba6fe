"""The answers of a form's interviews to questions with choices, laid out twice: by interview, a byte each, and by choice, a long number
whose bit i says that interview i gave it."""

from array import array
from collections.abc import Iterable, Sequence

# More different answers than this are no choices; those that come later are no evidence.
MOST_CHOICES = 255
# New interviews wait in short numbers until there are so many.
_TAIL = 4096
# So many interviews with most blanks stand apart.
SPARSE = 16


class AnswerMatrix:
    """The answers to `questions` questions; None is no answer. An interview takes one byte and about a bit per choice for each
    question."""

    def __init__(self, questions: int) -> None:
        self.questions = questions
        self._cells = bytearray()
        self._code: list[dict[str, int]] = [{} for _ in range(questions)]
        self._count: list[list[int]] = [[0] for _ in range(questions)]
        self._said = [0] * questions
        self._settled: list[list[int]] = [[0] for _ in range(questions)]
        self._tail: list[list[int]] = [[0] for _ in range(questions)]
        self._settled_rows = 0
        self._blanks = array("H")
        self.gone: set[int] = set()
        self._most_blanks = 0
        self._sparse: list[int] = []

    def __len__(self) -> int:
        return len(self._blanks)

    @property
    def here(self) -> int:
        """How many there are without those taken away."""
        return len(self._blanks) - len(self.gone)

    def add(self, answers: Sequence[str | None]) -> int:
        """Keep an interview; answers its number."""
        codes = bytearray(self.questions)
        for question, answer in enumerate(answers):
            if answer is not None:
                known = self._code[question]
                code = known.get(answer) or len(known) + 1
                if code <= MOST_CHOICES:
                    known[answer] = codes[question] = code
        return self.add_codes(codes)

    def add_codes(self, codes: bytes | bytearray) -> int:
        """The same for answers that have numbers, one byte each: 0 for none. Fewer than questions: the others are blank."""
        row = bytes(codes).ljust(self.questions, b"\0")
        bit = 1 << (len(self) - self._settled_rows)
        for question, code in enumerate(row):
            if code:
                tail = self._tail[question]
                if len(tail) <= code:
                    more = [0] * (code + 1 - len(tail))
                    tail += more
                    self._settled[question] += more
                    self._count[question] += more
                tail[code] |= bit
                self._count[question][code] += 1
                self._said[question] += 1
        self._cells += row
        self._blanks.append(row.count(0))
        if self._blanks[-1] > self._most_blanks:
            self._sparse.append(len(self) - 1)
        if len(self) - self._settled_rows >= _TAIL:
            self._settle()
        return len(self) - 1

    def load(self, rows: Iterable[bytes]) -> None:
        """Keep many at once where there are none yet, each as `add_codes` takes it."""
        width = self.questions
        self._cells = bytearray().join(row[:width].ljust(width, b"\0") for row in rows)
        total = len(self._cells) // width if width else 0
        for question in range(width):
            column = bytes(self._cells[question::width])[::-1]
            for code in sorted(set(column) - {0}):
                for table in (self._settled, self._tail, self._count):
                    table[question] += [0] * (code + 1 - len(table[question]))
                marks = bytearray(b"0" * 256)
                marks[code] = ord("1")
                self._settled[question][code] = int(column.translate(marks), 2)
                self._count[question][code] = column.count(code)
            self._said[question] = total - column.count(0)
        self._settled_rows = total
        self._blanks = array("H", (self._cells.count(0, at * width, (at + 1) * width) for at in range(total)))
        self._sparse = list(range(total))

    def remove(self, number: int) -> None:
        """Take an interview away; its number stays unused."""
        if number in self.gone:
            return
        is_new = number >= self._settled_rows
        table, at = (self._tail, number - self._settled_rows) if is_new else (self._settled, number)
        for question, code in enumerate(self.row(number)):
            if code:
                table[question][code] ^= 1 << at
                self._count[question][code] -= 1
                self._said[question] -= 1
        self._cells[number * self.questions : (number + 1) * self.questions] = bytes(self.questions)
        self._blanks[number] = 0
        self.gone.add(number)

    def _settle(self) -> None:
        for settled, tail in zip(self._settled, self._tail, strict=True):
            for code, bits in enumerate(tail):
                if bits:
                    settled[code] |= bits << self._settled_rows
                    tail[code] = 0
        self._settled_rows = len(self)

    def row(self, number: int) -> bytearray:
        """The numbers of an interview's answers, 0 for none."""
        return self._cells[number * self.questions : (number + 1) * self.questions]

    def _given(self, number: int, questions: Sequence[int]) -> list[tuple[list[int], int]]:
        """Who gave the answers of this interview to these questions: among the settled, and among the newer from `first` on."""
        row = self.row(number)
        return [
            ([table[question][row[question]] for question in questions], first)
            for table, first in ((self._settled, 0), (self._tail, self._settled_rows))
        ]

    def _blanks_here(self) -> tuple[int, list[int]]:
        """How many blanks all but a few interviews have at most, and the numbers of these few."""
        if len(self._sparse) > 4 * SPARSE:
            self._most_blanks = sorted(self._blanks)[-SPARSE]
            self._sparse = [number for number, blanks in enumerate(self._blanks) if blanks > self._most_blanks]
        return self._most_blanks, [each for each in self._sparse if each not in self.gone]
