"""Why pairs are suspected, as one reader may be told: computed again from the answers, for nothing of it is stored."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from collector.masking import is_hidden
from collector.reading import Selection
from forms.models import Form
from forms.queries import definition_of
from sync.candidates import features_of
from sync.deciding import SuspectedPair
from sync.matchers import matcher_from
from sync.models import MatchForm
from sync.rules.identity.explanation import Line, explain

Reasons = dict[tuple[int, int], list[Line]]
"""By the numbers of both submissions, as the pair has them."""


def reasons_for(
    session: Session, form: Form, selection: Selection, pairs: Sequence[SuspectedPair], secret: bytes, language: str
) -> Reasons:
    """The lines of every pair that has a score; values that the selection masks are not in them."""
    kept = session.get(MatchForm, (form.project_id, form.id))
    if kept is None:
        return {}
    matcher = matcher_from(session, kept, secret)
    definition = definition_of(session, form.project_id, kept.version_id)
    hidden = {field.path for field in definition.fields if is_hidden(field, selection.mask)}
    scored = [pair for pair in pairs if pair.found.bits is not None]
    sides = {side for pair in scored for side in (pair.one.id, pair.other.id)}
    features = features_of(session, matcher, sorted(sides))
    found: Reasons = {}
    for pair in scored:
        numbers = pair.one.id, pair.other.id
        if features.keys() >= set(numbers):
            one, other = (features[number].features for number in numbers)
            found[numbers] = explain(matcher.plan, one, other, matcher.scorer.score(one, other), language, hidden)
    return found
