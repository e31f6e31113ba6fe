"""Workbooks as people bring them, built in code: those that must become forms, and those that must become sentences."""

import json
from typing import Any

from forms.compile_child import work
from forms.compiler import DEFAULT_LIMITS, Compiled, fallback_form_id, judged, read_answer
from forms.workbook import kind_of


def encoded(facts: dict[str, Any], *bodies: bytes) -> bytes:
    """The answer of the compiling child."""
    return json.dumps(facts).encode() + b"\n" + b"".join(bodies)


def compile_here(content: bytes, filename: str = "form.xlsx") -> Compiled:
    """What compile_form answers, in this process: for tests that are not about the limits of the child."""
    kind = kind_of(content, unpacked_bytes=DEFAULT_LIMITS.unpacked_bytes, members=DEFAULT_LIMITS.members)
    compiled = read_answer(encoded(*work(content, kind, fallback_form_id(filename), 12)))
    judged(compiled)
    return compiled
