"""People who fill forms: JavaRosa, Collect's own engine, where a JDK exists, and our own respondent everywhere.

    with respondent_for(form.xml, form.attachments, seed=7) as respondent:
        for filled in respondent.fills(50):
            phone.finalize(filled.xml, filled.files, filled.finalized_at)

Nothing here imports the server: forms are read as a phone reads them, from the bytes it was served.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.respondent.java import JavaRespondent, available
from tests.respondent.own import Filled, Respondent, Unfillable
from tests.respondent.preload import Device
from tests.respondent.session import FormError

__all__ = ["Device", "Filled", "FormError", "JavaRespondent", "Respondent", "Unfillable", "available", "respondent_for"]


@contextmanager
def respondent_for(
    xml: bytes, media: Mapping[str, bytes] | None = None, seed: int = 0, device: Device | None = None
) -> Iterator[JavaRespondent | Respondent]:
    """JavaRosa if this machine can run it, else our own respondent; both fill validly and count what they gave up."""
    if available():
        with JavaRespondent(xml, media, seed, device) as respondent:
            yield respondent
    else:
        own = Respondent.of(xml, media, seed)
        own.device = device or Device()
        yield own
