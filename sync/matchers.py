"""A form as the matcher sees it: the roles of its questions, its keys, the weights it is scored by."""

import hmac
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from collector.receipts import version_xml
from config.statements import Statement
from forms.labels import parse_labels
from forms.match_roles import roles_of
from forms.queries import definition_of, labels_of
from sync.models import MatchForm, MatchSecret
from sync.readers import Reader
from sync.rules.identity.bands import Breaker, unable_to_tell
from sync.rules.identity.keys import FAMILIES, NARROW, Keys
from sync.rules.identity.model import Model, shipped_model
from sync.rules.identity.plan import ROLES, Features, Plan
from sync.rules.identity.scoring import Scorer

_TOKEN = Statement(
    "SELECT f.version_id, f.model_no, f.learnt_from, f.learnt_at, f.stopped, s.salt, s.former FROM dup_form f "
    "LEFT JOIN match_secret s ON s.project_id = f.project_id WHERE f.project_id = ? AND f.form_id = ?"
)
# Matchers that are kept: of a form that has learnt much, some megabytes each.
MOST_KEPT = 16
# Under this name a model's row says by which key its counts are hashed.
KEYED_BY = "keyed by"
DEFAULT_FAMILIES = NARROW | {"date", "openings", "word and age"}


@dataclass(frozen=True, slots=True)
class MatchingKey:
    """The key of everything the matcher hashes in a project. `tag` names it and tells nothing about it."""

    secret: bytes
    tag: str


def matching_key(secret: bytes, salt: bytes = b"") -> MatchingKey:
    """From the installation's secret, about which it tells nothing, and a project's salt."""
    own = hmac.new(secret, b"matching" + salt, sha256).digest()
    return MatchingKey(own, blake2b(salt, digest_size=8, person=b"tag").hexdigest() if salt else "")


def matching_keys(session: Session, project_id: int, secret: bytes) -> tuple[MatchingKey, MatchingKey | None]:
    """A project's key, and the former one while some is still hashed by it (see `rekeying`)."""
    row = session.get(MatchSecret, (project_id,))
    if row is None:
        return matching_key(secret), None
    return matching_key(secret, row.salt), None if row.former is None else matching_key(secret, row.former)


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
    key_tag: str
    former: tuple[Keys, bytes] | None
    """what was hashed before a new key, while not everything is hashed anew"""
    model_no: int
    version_id: int
    stopped: bool
    readers: dict[int, Reader] = field(default_factory=dict, repr=False)

    def looked_up(self, features: Features) -> tuple[int, ...]:
        """The keys to look for candidates by."""
        own = self.keys.of(features, self.families)
        return own if self.former is None else own + self.former[0].of(features, self.families)

    def reader(self, session: Session, version_id: int) -> Reader:
        """How answers of this version are read."""
        known = self.readers.get(version_id)
        if known is None:
            definition = definition_of(session, self.project_id, version_id)
            labels = labels_of(session, self.project_id, version_id)
            known = self.readers[version_id] = Reader(self.plan, definition, labels)
        return known


Token = tuple[Any, ...]
"""What changes whenever a form's matcher must be made anew."""


class Matchers:
    """The matchers of one installation, those used last. Made once and kept while the rows that describe them stay."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], tuple[Token, Matcher]] = OrderedDict()
        self._lock = Lock()

    def of(self, session: Session, project_id: int, form_id: int, secret: bytes) -> tuple[Token, Matcher] | None:
        """The matcher of a form; None before it was matched at all."""
        token = token_of(session, project_id, form_id)
        if token is None:
            return None
        with self._lock:
            known = self._known.get((project_id, form_id))
            if known is None or known[0] != token:
                kept = session.get_one(MatchForm, (project_id, form_id), populate_existing=True)
                known = self._known[project_id, form_id] = token, matcher_from(session, kept, secret)
            self._known.move_to_end((project_id, form_id))
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return known

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._known.clear()


_MATCHERS: "WeakKeyDictionary[Engine, Matchers]" = WeakKeyDictionary()


def matchers_of(engine: Engine) -> Matchers:
    """The matchers of the installation with this database."""
    return _MATCHERS.setdefault(engine, Matchers())


def token_of(session: Session, project_id: int, form_id: int) -> Token | None:
    """See `Token`; None before a form was matched at all. What is learnt has another number each time; what is only counted anew under a
    new key is not told (whoever does that calls `Matchers.clear`)."""
    return _TOKEN.row(session.connection(), (project_id, form_id))


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
    return matcher_from(session, kept, secret)


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


def stopped_by(kept: MatchForm) -> Breaker | None:
    """Why a form is not scored: as learnt, or by what it asks."""
    return Breaker(kept.stopped, kept.stopped_path) if kept.stopped else unable_to_tell(Plan(kept.roles))


def matcher_from(session: Session, kept: MatchForm, secret: bytes) -> Matcher:
    """The matcher that a row describes."""
    model = Model.from_json(kept.model) if kept.model else None
    plan = Plan(kept.roles, model.implied if model else None)
    if model and not model.fits(plan):
        model, plan = None, Plan(kept.roles)
    current, before = matching_keys(session, kept.project_id, secret)
    scope = f"{kept.project_id}/{kept.form_id}"
    keys = Keys(plan, current.secret, scope)
    former = None if before is None else (Keys(plan, before.secret, scope), before.secret)
    is_stale = former is not None and kept.model is not None and kept.model.get(KEYED_BY, "") != current.tag
    if model:
        in_all = model.in_all or kept.learnt_from
        counted_by = former[0] if former and is_stale else keys
        keys = keys.among(model.counts, model.submissions, in_all, counted_by)
        former = former and (former[0].among(model.counts, model.submissions, in_all, counted_by), former[1])
    model = model or shipped_model(plan, kept.learnt_from or 1000)
    return Matcher(
        kept.project_id,
        kept.form_id,
        plan,
        keys,
        Scorer(plan, former[0] if former and is_stale else keys, model),
        frozenset(kept.families) & frozenset(FAMILIES),
        current.secret,
        current.tag,
        former,
        kept.model_no,
        kept.version_id,
        stopped_by(kept) is not None,
    )
