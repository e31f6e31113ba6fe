"""Learn the weights of forms from their own submissions, now and then, and match everything again by what was learnt."""

import threading
from contextlib import suppress

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from collector.models import Submission
from config.clock import now
from config.services import Services
from sync.candidates import features_of
from sync.matchers import KEYED_BY, Matcher, matcher_from, matching_keys
from sync.matching_slices import OvertakenError, Slices
from sync.models import MatchFeature, MatchForm
from sync.rules.identity.bands import breaker
from sync.rules.identity.finding import candidate_pairs
from sync.rules.identity.implied import measured
from sync.rules.identity.keys import affordable
from sync.rules.identity.learning import count_values, learn
from sync.rules.identity.model import Model, probability
from sync.rules.identity.plan import Features, Plan
from sync.rules.identity.scoring import Scorer

# From here on a form says better than the shipped numbers how common its answers are: posts of one round and country are no duplicates.
LEAST = 50
# Learn again when a form has grown by half.
GROWTH = 1.5
# The newest so many are learnt from: about four seconds of one core.
SAMPLE = 5_000
PAGE = 500


def learn_forms(services: Services) -> int:
    """Learn every form that has grown enough; how many were."""
    with services.database.reading() as session:
        counts = select(MatchFeature.project_id, MatchFeature.form_id, func.count()).group_by(
            MatchFeature.project_id, MatchFeature.form_id
        )
        grown = {(row[0], row[1]): row[2] for row in session.execute(counts) if row[2] >= LEAST}
        due = [
            (form.project_id, form.form_id)
            for form in session.scalars(select(MatchForm))
            if (form.project_id, form.form_id) in grown
            and (grown[form.project_id, form.form_id] >= GROWTH * form.learnt_from or is_outgrown(form))
        ]
    for project_id, form_id in due:
        learn_form(services, project_id, form_id, grown[project_id, form_id])
    return len(due)


def is_outgrown(form: MatchForm) -> bool:
    """True when an earlier release learnt the form, which knew fewer levels."""
    return form.model is not None and not Model.from_json(form.model).fits(Plan(form.roles))


def learn_form(services: Services, project_id: int, form_id: int, count: int) -> None:
    """Learn one form of `count` submissions and ask for all of them to be matched again. Nothing is locked while it thinks."""
    with services.database.reading() as session:
        kept = session.get(MatchForm, (project_id, form_id))
        if kept is None:
            return
        matcher, learnt_by = matcher_from(session, kept, services.secret), kept.model_no
    features = sample(services, matcher)
    if not matcher.plan.columns or len(features) < LEAST:
        return
    plan = Plan(matcher.plan.roles, measured(matcher.plan, features))
    plain = matcher.keys.for_plan(plan)
    counts = count_values(plan, plain, features)
    keys = plain.among(counts, len(features), count)
    families = affordable(plan, features, count, crowd=keys.crowd)
    pairs = list(candidate_pairs([keys.of(each, families) for each in features]))
    model = learn(plan, keys, features, pairs, counts=counts, in_all=count)
    scorer = Scorer(plan, keys, model)
    flagged = [pair for pair in pairs if probability(scorer.bits(features[pair[0]], features[pair[1]])) >= 0.5]
    stopped = breaker(plan, model, features, flagged, keys)
    with services.database.transaction() as session:
        kept = session.get(MatchForm, (project_id, form_id))
        current, _ = matching_keys(session, project_id, services.secret)
        if kept is None or kept.model_no != learnt_by or current.tag != matcher.key_tag:
            # Another version of the form changed the roles meanwhile, or there is a new key: the next run learns by those.
            return
        kept.model, kept.families = {**model.to_json(), KEYED_BY: matcher.key_tag}, sorted(families)
        kept.learnt_from, kept.learnt_at, kept.model_no = count, now(), kept.model_no + 1
        kept.stopped, kept.stopped_path = (stopped.code, stopped.path) if stopped else (None, None)
        kept.rescan_after = 0


def sample(services: Services, matcher: Matcher) -> list[Features]:
    """What is compared of the newest submissions, read a page at a time."""
    found: list[Features] = []
    before = 2**62
    while len(found) < SAMPLE:
        with services.database.reading() as session:
            query = (
                select(MatchFeature.submission_id)
                .where(
                    MatchFeature.project_id == matcher.project_id,
                    MatchFeature.form_id == matcher.form_id,
                    MatchFeature.submission_id < before,
                )
                .order_by(MatchFeature.submission_id.desc())
                .limit(PAGE)
            )
            ids = list(session.scalars(query))
            found += [other.features for other in features_of(session, matcher, ids).values()]
        if len(ids) < PAGE:
            break
        before = ids[-1]
    return found


def rescan(services: Services, stop: threading.Event, slices: Slices | None = None) -> bool:
    """Match a slice of a form again that was learnt anew or whose roles changed; True while there is more."""
    with services.database.reading() as session:
        form = session.scalars(select(MatchForm).where(MatchForm.rescan_after.is_not(None)).limit(1)).first()
    if form is None or stop.is_set():
        return False
    slices = slices or Slices(services, stop)
    size = slices.next_size()
    with services.database.reading() as session:
        ids = list(session.scalars(_slice(form, size)))

    def moved(session: Session) -> bool:
        kept = session.get(MatchForm, (form.project_id, form.form_id), with_for_update=True, populate_existing=True)
        # Asked for once more meanwhile, or gone.
        if kept is None or (kept.rescan_after, kept.model_no) != (form.rescan_after, form.model_no):
            return False
        kept.rescan_after = ids[-1] if len(ids) == size else None
        return True

    with suppress(OvertakenError):
        if ids:
            slices.match(form.project_id, ids, moved)
        else:
            with services.database.transaction() as session:
                moved(session)
    return True


def rescan_progress(session: Session, form: MatchForm) -> dict[str, int] | None:
    """How many submissions of a form that is matched anew are done, and how many there are; None when it is not."""
    if form.rescan_after is None:
        return None
    query = select(func.count(), func.count().filter(Submission.id <= form.rescan_after)).where(
        Submission.project_id == form.project_id,
        Submission.form_id == form.form_id,
        Submission.draft_version_id == 0,
    )
    total, done = session.execute(query).one()
    return {"done": done, "total": total}


def _slice(form: MatchForm, size: int) -> Select[int]:
    return (
        select(Submission.id)
        .where(
            Submission.project_id == form.project_id,
            Submission.form_id == form.form_id,
            Submission.draft_version_id == 0,
            Submission.id > (form.rescan_after or 0),
        )
        .order_by(Submission.id)
        .limit(size)
    )
