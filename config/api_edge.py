"""What every request to the API passes on its way in, whichever view answers it; on its way out: config.api_answers."""

from collections.abc import Callable

from flask import current_app, request

from config.api_answers import API
from config.api_errors import out_of_range, wrong_type
from config.description import description_of
from config.errors import page_not_found
from config.json_body import json_value
from config.segments import LARGEST_ID, NotANumber


def judge_request(is_phone_path: Callable[[str], bool], require_caller: Callable[[], object]) -> None:
    """Refuse what no view could make sense of: a word where the address has a number, JSON that is none.

    A number is told wrong only to those who may ask at all: `require_caller` raises for others.
    """
    api = request.path.startswith(API) and not is_phone_path(request.path)
    for value in (request.view_args or {}).values():
        if isinstance(value, NotANumber) and not request.path.startswith(API):
            raise page_not_found()
        if isinstance(value, NotANumber):
            if api:
                require_caller()
            raise wrong_type("type integer", value=str(value))
        if api and isinstance(value, int) and value > LARGEST_ID:
            require_caller()
            raise out_of_range(str(value))
    if api and not _takes_bytes():
        # Read now, so that broken JSON is refused whatever the view would make of it.
        json_value()


def _takes_bytes() -> bool:
    """Whether the view asks for a file or a definition, which is none of our JSON even when it is JSON."""
    described = description_of(current_app.view_functions.get(request.endpoint or ""))
    return described is not None and isinstance(described.body, str)
