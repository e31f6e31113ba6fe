"""What a preview is made of: questions, groups and repeats with their choices, in one language. Pure."""

from dataclasses import dataclass

from forms.conditions import Said


@dataclass(frozen=True, slots=True)
class ShownChoice:
    """One choice, with the names of the pictures and sounds beside it."""

    name: str
    text: str
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownChoices:
    """A list as far as it is known: `total` counts those that are not here; `file` is where they come from, if so;
    `filtered`: earlier answers narrow it; `empty`: the file has not been brought."""

    listed: tuple[ShownChoice, ...] = ()
    total: int = 0
    file: str = ""
    filtered: bool = False

    @property
    def missing(self) -> bool:
        """Whether the list lies in a file that is not here, or is not readable."""
        return bool(self.file) and not self.listed


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A question, a group or a repeat. `kind` says what is asked: text, integer, decimal, date, time, date_time, place,
    track, area, barcode, photo, drawing, audio, video, file, one, several, order, range, acknowledge, note, group, repeat.

    `translated` is False where the wanted language has no words and another's are shown. `required`: "yes", "sometimes"
    or "". `limits`: what an answer must keep to, with the sentence the phone says otherwise.
    """

    kind: str
    path: str
    label: str
    hint: str = ""
    guidance: str = ""
    translated: bool = True
    required: str = ""
    shown_if: Said | None = None
    limits: Said | None = None
    message: str = ""
    media: tuple[str, ...] = ()
    choices: ShownChoices = ShownChoices()
    range: str = ""
    together: bool = False
    read_only: bool = False
    inside: tuple["ShownItem", ...] = ()

    @property
    def name(self) -> str:
        """As the workbook calls it."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it; `language` is the one shown, `untranslated` counts what has no words in it, `unseen` names what the phone
    works out by itself."""

    title: str
    languages: tuple[str, ...]
    language: str
    items: tuple[ShownItem, ...]
    untranslated: int
    questions: int
    unseen: tuple[str, ...]
