"""What a view of the API takes and gives, written beside it; the OpenAPI document is made from these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask.typing import ResponseReturnValue
from marshmallow import Schema

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


@dataclass(frozen=True)
class Description:
    """One operation. A `str` stands for a media type whose content has no schema (text/csv, application/zip …).

    `problems` are ODK Central's codes the view may answer with, besides those any view may (400.1, 401.2, 403.1, 404.1).
    `extended` is the answer to `X-Extended-Metadata: true`.
    """

    answer: Schema | str | None
    status: int
    body: Schema | str | None
    query: Schema | None
    headers: Schema | None
    problems: tuple[float, ...]
    extended: Schema | None
    public: bool


def describe(
    *,
    answer: Schema | str | None = None,
    status: int = 200,
    body: Schema | str | None = None,
    query: Schema | None = None,
    headers: Schema | None = None,
    problems: Sequence[float] = (),
    extended: Schema | None = None,
    public: bool = False,
) -> Callable[[View], View]:
    """Attach a description to a view; the view's docstring is its summary. `public`: asks for no credentials."""

    def attach(view: View) -> View:
        view.description = Description(  # type: ignore[attr-defined]
            answer, status, body, query, headers, tuple(problems), extended, public
        )
        return view

    return attach


def description_of(view: object) -> Description | None:
    """What was attached to a view, if anything."""
    found = getattr(view, "description", None)
    return found if isinstance(found, Description) else None
