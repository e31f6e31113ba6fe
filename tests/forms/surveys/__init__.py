"""The bundled surveys: filled by hand, by chance, and read as workbooks."""

from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from pyxform.xls2xform import convert

DEFINITIONS = Path(__file__).parents[3] / "forms" / "definitions"
SURVEYS = ("border_post_assessment", "community_resilience", "flow_monitoring", "incident_alert")
MEDIA = {path.name: path.read_bytes() for path in DEFINITIONS.glob("*.csv")}
NIAMEY = timezone(timedelta(hours=1))
# One moment for a whole run: midnight may pass between the answers and the interview.
NOW = datetime.now(NIAMEY)


def day(shift: int = 0) -> str:
    """Today where the phones are, or so many days from it."""
    return (NOW.date() + timedelta(days=shift)).isoformat()


@cache
def compiled(survey: str) -> bytes:
    """A bundled survey as XForm, by pyxform without the server."""
    return str(convert(str(DEFINITIONS / f"{survey}.xlsx")).xform).encode()
