"""What says who a submission is about, as kept of it: hashed, so that nothing of it is told."""

from hashlib import blake2b

from collector.answers import Tables
from forms.xform import FormDefinition
from sync.rules.identity.plan import Features


def answers_by_path(definition: FormDefinition, tables: Tables) -> dict[str, str | None]:
    """The answers of the root table by path."""
    root = (tables.get(0) or [[]])[0]
    return {
        field.path: root[field.column_no]
        for field in definition.fields
        if field.table_no == 0 and field.column_no is not None and field.column_no < len(root)
    }


def evidence_of(features: Features, origin: bytes) -> bytes:
    """Hashed with what only servers that hold the submission know: its first version. So it is the same on all of them, and says nothing
    to anybody else."""
    words = " ".join(token.text for token in features.name.tokens)
    said = repr((words, features.values)).encode()
    return blake2b(said, digest_size=16, key=origin, person=b"evidence").digest()
