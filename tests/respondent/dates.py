"""Date and time functions of ODK XForms, results as JavaRosa 5.1 gives them."""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, time, tzinfo

from tests.respondent.library import Library, text_of
from tests.respondent.values import EPOCH, Result, scalar, to_date
from tests.respondent.xpath import Context, Expression

LIBRARY = Library()


def _zone(context: Context) -> tzinfo:
    zone = context.scope.now.tzinfo
    assert zone is not None
    return zone


@LIBRARY.named("today")
def _today(context: Context, arguments: Sequence[Expression]) -> Result:  # noqa: ARG001
    return context.scope.now.date()


@LIBRARY.named("now")
def _now(context: Context, arguments: Sequence[Expression]) -> Result:  # noqa: ARG001
    return context.scope.now


@LIBRARY.named("date", "date-time")
def _date(context: Context, arguments: Sequence[Expression]) -> Result:
    return to_date(arguments[0].evaluate(context), _zone(context))


@LIBRARY.named("decimal-date-time", "decimal-date")
def _decimal_date_time(context: Context, arguments: Sequence[Expression]) -> Result:
    moment = to_date(arguments[0].evaluate(context), _zone(context))
    if isinstance(moment, date) and not isinstance(moment, datetime):  # midnight on the phone, not at Greenwich
        moment = datetime.combine(moment, time(), _zone(context))
    return moment.timestamp() / 86400 if isinstance(moment, datetime) else math.nan


@LIBRARY.named("decimal-time")
def _decimal_time(context: Context, arguments: Sequence[Expression]) -> Result:
    value = to_date(scalar(arguments[0].evaluate(context)), _zone(context))
    if isinstance(value, datetime):
        value = value.time()
    if not isinstance(value, time):
        return math.nan
    return (value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / 86400


@LIBRARY.named("format-date", "format-date-time")
def _format_date(context: Context, arguments: Sequence[Expression]) -> Result:
    value = scalar(arguments[0].evaluate(context))
    if isinstance(value, time):
        value = datetime.combine(EPOCH, value)
    elif isinstance(value, str) and re.match(r"\d\d:\d\d", value):
        value = datetime.combine(EPOCH, time.fromisoformat(value))
    moment = to_date(value, _zone(context))
    if not isinstance(moment, date):
        return ""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return re.sub(r"%(.)", lambda match: _format_letter(moment, match[1]), text_of(context, arguments[1]))


def _format_letter(moment: datetime, letter: str) -> str:
    plain = {"e": moment.day, "n": moment.month, "h": moment.hour, "w": moment.isoweekday() % 7}
    if letter in plain:
        return str(plain[letter])
    if letter == "3":
        return f"{moment.microsecond // 1000:03d}"
    return moment.strftime(f"%{letter}") if letter in "YymbdHMSaWu" else "%" if letter == "%" else letter
