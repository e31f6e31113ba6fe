"""audit.csv as Collect keeps it (C56): one line per event, milliseconds since 1970."""

import csv
import io
import xml.etree.ElementTree as ET
from datetime import datetime

from tests.respondent.session import Session
from tests.respondent.tree import Node

ODK = "{http://www.opendatakit.org/xforms}"


def audit_log(session: Session, asked: list[Node], ended: datetime) -> bytes:
    """The log of one uninterrupted visit; location and changes only where the form's audit bind asks for them."""
    options = _options(session)
    located = f"{ODK}location-priority" in options
    tracked = options.get(f"{ODK}track-changes") == "true"
    header = ["event", "node", "start", "end"]
    header += ["latitude", "longitude", "accuracy"] if located else []
    header += ["old-value", "new-value"] if tracked else []
    first, last = int(session.now.timestamp() * 1000), int(ended.timestamp() * 1000)
    step = max(1, (last - first) // (len(asked) + 1))
    place = ["13.5127", "2.1128", "4.9"] if located else []
    blank = ["", ""] if tracked else []
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(header)
    writer.writerow(["form start", "", first, "", *place, *blank])
    for at, node in enumerate(asked):
        begin = first + at * step
        writer.writerow(
            ["question", node.where(), begin, begin + step - 1, *place, *(["", node.text] if tracked else [])]
        )
    writer.writerow(["end screen", "", last - 500, last, *place, *blank])
    writer.writerow(["form save", "", last, "", *place, *blank])
    writer.writerow(["form exit", "", last, "", *place, *blank])
    writer.writerow(["form finalize", "", last, "", *place, *blank])
    return output.getvalue().encode("utf-8")


def _options(session: Session) -> dict[str, str]:
    element: ET.Element | None = session.form.audit
    return {} if element is None else dict(element.attrib)
