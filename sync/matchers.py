"""A form as the matcher sees it: the roles of its questions, its keys, the weights it is scored by."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.orm import Session

from collector.receipts import version_xml
from forms.labels import parse_labels
from forms.match_roles import roles_of
from forms.queries import definition_of
from sync.models import MatchForm
from sync.rules.identity.keys import FAMILIES, NARROW, Keys
from sync.rules.identity.model import Model, shipped_model
from sync.rules.identity.plan import ROLES, Plan
from sync.rules.identity.scoring import Scorer

DEFAULT_FAMILIES = NARROW | {"date", "openings", "word and age"}


def matching_secret(secret: bytes) -> bytes:
    """The key of everything the matcher hashes; tells nothing about the installation's secret it is made from."""
    return hmac.new(secret, b"matching", sha256).digest()


@dataclass(frozen=True, slots=True)
class Matcher:
    """One form as the matcher sees it."""

    project_id: int
    form_id: int
    plan: Plan
    keys: Keys
    scorer: Scorer
    families: frozenset[str]
    secret: bytes
    model_no: int
    stopped: bool


def matcher_of(session: Session, project_id: int, form_id: int, version_id: int, secret: bytes) -> Matcher:
    """The matcher of a form. The newest version seen says which roles its questions play; when they change, what was learnt is
    forgotten and all submissions are matched again."""
    kept = session.get(MatchForm, (project_id, form_id))
    if kept is None:
        roles = _roles(session, project_id, version_id)
        kept = MatchForm(
            project_id=project_id,
            form_id=form_id,
            version_id=version_id,
            roles=roles,
            families=sorted(DEFAULT_FAMILIES),
            model_no=0,
            learnt_from=0,
        )
        session.add(kept)
    elif version_id > kept.version_id:
        kept.version_id = version_id
        roles = _roles(session, project_id, version_id)
        if roles != kept.roles:
            kept.roles, kept.model, kept.stopped, kept.stopped_path = roles, None, None, None
            kept.learnt_from, kept.model_no, kept.rescan_after = 0, kept.model_no + 1, 0
    session.flush()
    return matcher_from(kept, secret)


def _roles(session: Session, project_id: int, version_id: int) -> dict[str, str]:
    definition = definition_of(session, project_id, version_id)
    labels = parse_labels(version_xml(session.connection(), project_id, version_id))
    types = {field.path: field.type for field in definition.fields}
    return {
        # A date of birth says more than an age.
        path: "date" if role == "age" and types.get(path) in ("date", "dateTime") else role
        for path, role in roles_of(definition, labels).items()
        if role in ROLES
    }


def matcher_from(kept: MatchForm, secret: bytes) -> Matcher:
    """The matcher that a row describes."""
    model = Model.from_json(kept.model) if kept.model else None
    plan = Plan(kept.roles, model.implied if model else None)
    if model and not model.fits(plan):
        model, plan = None, Plan(kept.roles)
    secret = matching_secret(secret)
    keys = Keys(plan, secret, scope=f"{kept.project_id}/{kept.form_id}")
    model = model or shipped_model(plan, kept.learnt_from or 1000)
    return Matcher(
        kept.project_id,
        kept.form_id,
        plan,
        keys,
        Scorer(plan, keys, model),
        frozenset(kept.families) & frozenset(FAMILIES),
        secret,
        kept.model_no,
        kept.stopped is not None or not plan.columns,
    )
