"""What can go wrong, as a sentence for the person who will read it."""

from dataclasses import dataclass, field
from typing import Any

LANGUAGES = ("fr", "en")


@dataclass
class Problem(Exception):
    """Raised by domain code; the edge (OpenRosa, JSON, HTML, command line) decides how it looks.

    `code` is ODK Central's problem code (409.1); its integer part is the HTTP status unless `status` says otherwise.
    `message` is the sentence Central's clients know, in English; `fr` and `en` are the sentences people read: what
    happened, then what to do. For phones at most 120 characters. `details` is JSON-serialisable and holds no secret.
    """

    code: float
    en: str
    fr: str
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.status = self.status or int(self.code)
        self.message = self.message or self.en
        super().__init__(self.message)

    def sentence(self, language: str) -> str:
        """The sentence in `language`, French when it is neither of ours."""
        return self.en if language.startswith("en") else self.fr

    def as_json(self) -> dict[str, Any]:
        """ODK Central's JSON problem body; without details there is no such key, as there."""
        facts = {"details": self.details} if self.details else {}
        return {"code": self.code, "message": self.message, **facts}

    def __str__(self) -> str:
        return self.message
