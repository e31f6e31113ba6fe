"""Our own respondent: fills any XForm validly without Java, the same way every time for the same seed."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

from tests.respondent.audit import audit_log
from tests.respondent.candidates import candidates
from tests.respondent.causes import Causes, causes_of, guesses, questions_behind
from tests.respondent.form import Control, XForm
from tests.respondent.photos import photo
from tests.respondent.preload import Device
from tests.respondent.session import FormError, Session
from tests.respondent.tree import Node

NIAMEY = timezone(timedelta(hours=1))
TRIES = 12
REPAIRS = 60
SAME_STOP = 12


class Unfillable(FormError):
    """No valid filling was found; `path` is where the last try stopped and `reason` why."""


@dataclass(frozen=True)
class Filled:
    """One finalised form: XML as Collect writes it, its files by name, when it was finalised."""

    xml: bytes
    files: dict[str, bytes]
    finalized_at: datetime


@dataclass
class Respondent:
    """Fills one form again and again. `rejected` counts fillings given up, by path and reason; `detours` counts
    questions that could only be settled by changing an earlier answer. Interviews start up to `backdated` ago."""

    form: XForm
    seed: int = 0
    device: Device = field(default_factory=Device)
    now: datetime | None = None
    backdated: timedelta = timedelta(days=6)
    rejected: dict[tuple[str, str], int] = field(default_factory=dict)
    detours: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, xml: bytes, media: Mapping[str, bytes] | None = None, seed: int = 0) -> "Respondent":
        """A respondent for a form's bytes as served and its files by name."""
        return cls(XForm(xml, media), seed)

    def fill(self) -> Filled:
        """The next filled form; Unfillable after many tries."""
        self.seed += 1
        chance = random.Random(f"{self.form.form_id}/{self.seed}")
        now = self.now or datetime.now(UTC)
        started = now.astimezone(NIAMEY) - self.backdated * chance.random()
        for _ in range(TRIES):
            session = Session(self.form, chance, started, self.device)
            attempt = _Attempt(session, self)
            try:
                return attempt.run()
            except Unfillable as failure:
                key = (failure.path, failure.reason)
                self.rejected[key] = self.rejected.get(key, 0) + 1
                last = failure
        raise last

    def fills(self, count: int) -> Iterator[Filled]:
        """`count` filled forms."""
        for _ in range(count):
            yield self.fill()


class _Attempt:
    def __init__(self, session: Session, respondent: Respondent) -> None:
        self.session = session
        self.respondent = respondent
        self.chance = session.random
        self.files: dict[str, bytes] = {}
        self.asked: list[Node] = []

    def run(self) -> Filled:
        self._walk()
        stops: Counter[tuple[int, str]] = Counter()
        for _ in range(REPAIRS):
            problem = self._problem()
            if problem is None:
                return self._finish()
            stops[id(problem[1]), problem[2]] += 1
            if max(stops.values()) > SAME_STOP:
                break
            self._repair(*problem)
            self._walk()
        _, node, reason = self._problem() or (None, self.session.root, "changes that never end")
        raise Unfillable(node.path, reason)

    def _walk(self) -> None:
        """Answer every question that is relevant and was not asked yet, in order, until nothing new opens."""
        asked = {id(node) for node in self.asked}
        news = True
        while news:
            news = False
            for control, node in list(self.session.questions()):
                if id(node) in asked or not node.is_relevant() or self.session.is_readonly(node):
                    continue
                asked.add(id(node))
                self.asked.append(node)
                self._ask(control, node)
                news = True
        self._more_repeats()

    def _more_repeats(self) -> None:
        """Now and then a further instance of a repeat the enumerator may add to."""
        for path, control in self.session.form.repeats.items():
            if control.count is None and self.chance.random() < 0.4 and len(self.session.nodes(path)) < 4:
                parents = [one for one in self.session.nodes(path.rpartition("/")[0]) if one.is_relevant()]
                if parents:
                    self.session.add_repeat(path, self.chance.choice(parents))
                    self._walk()

    def _ask(self, control: Control, node: Node) -> None:
        required = self.session.is_required(node)
        if node.text and self.session.satisfies(node) and self.chance.random() < 0.5:
            return
        if not required and self.chance.random() < (0.05 if control.name == "upload" else 0.25):
            return
        self._try_all(control, node)

    def _try_all(self, control: Control, node: Node) -> bool:
        if control.name == "upload":
            self.session.answer(node, self._file(control))
            return True
        before = node.text
        found = (text for text in candidates(self.session, control, node) if self._fits(node, text))
        options = list(islice(found, 3 if self._opens_much(node) and self.chance.random() < 0.6 else 1))
        if len(options) > 1:
            options.sort(key=lambda text: self._opened(node, text), reverse=True)
        self.session.answer(node, options[0] if options else before)
        return bool(options)

    def _fits(self, node: Node, text: str) -> bool:
        self.session.answer(node, text)
        return self.session.satisfies(node)

    def _opens_much(self, node: Node) -> bool:
        return node.path in self.session.opening

    def _opened(self, node: Node, text: str) -> int:
        """How many questions an answer leaves open: long interviews are worth more to a test than short ones."""
        self.session.answer(node, text)
        return sum(one.is_relevant() for path in self.session.form.by_path for one in self.session.nodes(path))

    def _file(self, control: Control) -> str:
        kind = control.attributes.get("mediatype", "image/*")
        stamp = int(self.session.now.timestamp() * 1000) + len(self.files) * 7919
        if not kind.startswith("image"):
            name = f"{stamp}.{ {'audio/*': 'm4a', 'video/*': 'mp4'}.get(kind, 'pdf') }"
            self.files[name] = self.chance.randbytes(3000)
            return name
        if self.files and self.chance.random() < 0.05:  # C56: identical content shares one file
            return self.chance.choice(list(self.files))
        self.files[f"{stamp}.jpg"] = photo(self.chance, self.chance.choice((2_000, 40_000, 90_000)))
        return f"{stamp}.jpg"

    def _problem(self) -> tuple[Control, Node, str] | None:
        """The first question Collect would stop at when finalising."""
        for control, node in self.session.questions():
            if not node.is_relevant():
                continue
            if not node.text and self.session.is_required(node):
                if self.session.is_readonly(node):
                    return control, node, "a note that blocks"
                empty = control.name in {"select1", "select"} and not self.session.choices(control, node)
                return control, node, "required but offers no choice" if empty else "required"
            if not self.session.satisfies(node):
                return control, node, "constraint"
        return None

    def _stops(self, node: Node) -> bool:
        if not node.is_relevant():
            return False
        if not node.text:
            return self.session.is_required(node)
        return not self.session.satisfies(node)

    def _repair(self, control: Control, node: Node, reason: str) -> None:
        if reason != "a note that blocks" and self._try_all(control, node) and not self._stops(node):
            return
        key = (node.path, reason)
        self.respondent.detours[key] = self.respondent.detours.get(key, 0) + 1
        groups = [questions_behind(self.session, node, causes) for causes in causes_of(self.session, control, node)]
        for causes, sources in groups:
            if self._change_one(control, node, causes, sources):
                return
        if any(self._change_any(sources) for _, sources in groups):
            return
        raise Unfillable(node.path, reason)

    def _change_one(self, control: Control, node: Node, causes: Causes, sources: list[tuple[Control, Node]]) -> bool:
        for other, target in sources:
            if not target.is_relevant() or self.session.is_readonly(target):
                continue
            before = target.text
            for text in [*guesses(self.session, causes, target), *candidates(self.session, other, target)]:
                if self._fits(target, text) and not self._stops_after(control, node):
                    return True
            self.session.answer(target, before)
        return False

    def _change_any(self, sources: list[tuple[Control, Node]]) -> bool:
        """Nothing alone helps: change one source all the same, what hangs on it is asked again."""
        for other, target in sources:
            if target.is_relevant() and not self.session.is_readonly(target):
                before = target.text
                found = (text for text in candidates(self.session, other, target) if text != before)
                if any(self._fits(target, text) for text in found):
                    return True
                self.session.answer(target, before)
        return False

    def _stops_after(self, control: Control, node: Node) -> bool:
        """Whether the trouble is still there, the question itself asked again where it can be."""
        if not self._stops(node):
            return False
        if self.session.is_readonly(node) or not self._try_all(control, node):
            return True
        return self._stops(node)

    def _disorder(self) -> None:
        """Now and then other sibling orders in an instance of a repeat, same names together, as Collect does (C55)."""
        for node in list(self.session.root.walk()):
            if node.repeat and self.chance.random() < 0.2:
                places = {name: self.chance.random() for name in sorted({child.name for child in node.children})}
                node.children.sort(key=lambda child: places[child.name])

    def _finish(self) -> Filled:
        session = self.session
        ended = session.now + timedelta(
            seconds=self.chance.randint(240, 5400), milliseconds=self.chance.randrange(1000)
        )
        used = {node.text for node in session.root.walk()}
        files = {name: content for name, content in self.files.items() if name in used}
        for node in session.root.walk():
            if node.path.endswith("/meta/audit"):
                node.text = "audit.csv"
                files["audit.csv"] = audit_log(session, [one for one in self.asked if one.is_relevant()], ended)
        self._disorder()
        return Filled(session.finish(ended), files, ended.astimezone(UTC))
