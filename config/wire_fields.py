"""Fields of JSON bodies that answer wrong values with ODK Central's problems, one at a time as Central does.

A schema of these says in one place what a view takes, for the view and for the OpenAPI document.
"""

from typing import Any, NoReturn

from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing

from config.api_errors import missing_parameter, unexpected_value, value_too_long, wrong_type
from config.javascript import as_text, flag_of


class Body(Schema):
    """The JSON object a view takes; what it does not know is left out, as Central does."""

    class Meta:
        unknown = EXCLUDE

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> NoReturn:
        """What marshmallow's own fields found: Problem 400.2 for a field that is not there, 400.11 for a wrong one."""
        name = next(iter(error.messages_dict))
        if isinstance(data, dict) and name in data:
            raise wrong_type("valid value", field=str(name)) from None
        raise missing_parameter(str(name)) from None


class _Checked:
    """What `deserialize` of every field below begins with."""

    required: bool
    allow_none: bool
    load_default: Any

    def absent(self, value: Any, name: str) -> tuple[bool, Any]:
        """(settled, value): a missing or null value is settled here, or Problem 400.2."""
        if value is missing:
            if self.required:
                raise missing_parameter(name)
            return True, self.load_default
        if value is None:
            if not self.allow_none:
                raise missing_parameter(name)
            return True, None
        return False, value


class Text(_Checked, fields.String):
    """A text of at most `longest` characters; Problem 400.2, 400.11 or 400.13."""

    def __init__(self, *, longest: int | None = None, **choices: Any) -> None:
        super().__init__(**choices)
        self.longest = longest

    def deserialize(self, value: Any, attr: str | None = None, *_: Any, **__: Any) -> Any:
        """The text."""
        settled, given = self.absent(value, attr or "")
        if settled:
            return given
        if not isinstance(given, str):
            raise wrong_type("string", field=attr or "")
        if self.longest is not None and len(given) > self.longest:
            raise value_too_long(self.longest)
        return given


class Flag(_Checked, fields.Boolean):
    """true or false, in the ways ODK Central's database reads them too; Problem 400.11."""

    def deserialize(self, value: Any, attr: str | None = None, *_: Any, **__: Any) -> Any:
        """The flag."""
        settled, given = self.absent(value, attr or "")
        if settled or isinstance(given, bool):
            return given
        meant = flag_of(given)
        if meant is None:
            shown = as_text(given)
            raise wrong_type("type boolean", value=shown)
        return meant


class Number(_Checked, fields.Integer):
    """A whole number; Problem 400.11."""

    def deserialize(self, value: Any, attr: str | None = None, *_: Any, **__: Any) -> Any:
        """The number."""
        settled, given = self.absent(value, attr or "")
        if not settled and (not isinstance(given, int) or isinstance(given, bool)):
            raise wrong_type("integer", field=attr or "")
        return given


class Texts(_Checked, fields.List[Any]):
    """A list of at most `most` texts of at most `longest` characters; Problem 400.2, 400.8, 400.11 or 400.13."""

    def __init__(self, *, most: int, longest: int, **choices: Any) -> None:
        super().__init__(fields.String(), **choices)
        self.most, self.longest = most, longest

    def deserialize(self, value: Any, attr: str | None = None, *_: Any, **__: Any) -> Any:
        """The texts."""
        settled, given = self.absent(value, attr or "")
        if settled:
            return given
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise wrong_type("array of strings", field=attr or "")
        if len(given) > self.most:
            raise unexpected_value(attr or "", len(given), f"at most {self.most} are taken", f"{self.most} au plus")
        if any(len(each) > self.longest for each in given):
            raise value_too_long(self.longest)
        return given


class Objects(_Checked, fields.List[Any]):
    """A list of at most `most` objects of a schema of these fields; Problem 400.2, 400.8, 400.11 or that of a field."""

    def __init__(self, schema: Body, *, most: int, **choices: Any) -> None:
        super().__init__(fields.Nested(schema), **choices)
        self.schema, self.most = schema, most

    def deserialize(self, value: Any, attr: str | None = None, *_: Any, **__: Any) -> Any:
        """Each as the schema reads it."""
        settled, given = self.absent(value, attr or "")
        if settled:
            return given
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise wrong_type("array of objects", field=attr or "")
        if len(given) > self.most:
            raise unexpected_value(attr or "", len(given), f"at most {self.most} are taken", f"{self.most} au plus")
        return [self.schema.load(each) for each in given]
