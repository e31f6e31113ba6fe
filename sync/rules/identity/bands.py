"""Which suspected pairs a supervisor is asked about, and when a form must not be asked about at all."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sync.rules.identity.keys import Keys
from sync.rules.identity.model import Model, probability, shipped_model
from sync.rules.identity.plan import NAME, Features, Plan
from sync.rules.identity.scoring import Scorer

# Of what a supervisor is shown at least half should be worth it.
LEAST_PRECISION = 0.5
# A form of more suspicion than this says nothing about anybody.
MOST_PER_SUBMISSION = 5.0
MOST_FLAGGED = 0.5
ENOUGH = 30
# Among fewer most values were met once, and how rare they are is not known.
RARE_FROM = 200
# Where fewer than one submission in ten would know itself again, nobody is told from anybody.
LEAST_TOLD = 0.1
# Of what belongs to a household alone a family of one phone is soon taken for one person.
MOST_FLAGGED_OF_HOMES = 0.25
TRIED = 400
# What these say is said by a name or by nobody: alone they tell no one from another.
SAYS_LITTLE = frozenset({"sex", "enumerator"})
# What stands for one thing in different words.
WHERE = frozenset({"place", "post"})
_WHY = {
    "no_role": (
        "Aucune question ne dit de qui il s’agit : les doublons de ce formulaire ne peuvent pas être cherchés.",
        "No question says who this is about: duplicates of this form cannot be looked for.",
    ),
    "too_little": (
        "Ce formulaire ne permet pas de dire qui est qui : deux personnes y répondent souvent pareil. %s Demandez-en davantage.",
        "This form cannot tell who is who: two people often answer it alike. %s Ask for more.",
    ),
    "too_many": (
        "La moitié de ce formulaire serait soupçonnée : il ne distingue pas assez les personnes. %s",
        "Half of this form would be suspected: it does not tell people apart well enough. %s",
    ),
}
_LEAST = ("La question qui distingue le moins : « %s ».", "The question that tells least: “%s”.")
LANGUAGES = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Band:
    """Pairs from `bits` up are shown: `pairs` of them, of which the share `precision` is expected to be right."""

    bits: float
    pairs: int
    precision: float


def review_band(scores: Iterable[float], capacity: int) -> Band:
    """The band that fits a supervisor who can look at `capacity` pairs: the likeliest, while half of all shown are expected to be right.
    Nothing to show is a band from infinity."""
    right = 0.0
    band = Band(math.inf, 0, 0.0)
    for kept, bits in enumerate(sorted(scores, reverse=True)[:capacity], 1):
        right += probability(bits)
        if right < LEAST_PRECISION * kept:
            break
        band = Band(bits, kept, right / kept)
    return band


@dataclass(frozen=True, slots=True)
class Breaker:
    """Why a form is not scored: `code` "no_role" (no question tells people apart), "too_little" (even full agreement proves nothing) or
    "too_many" (half of the form would be suspected). `path`: the question that tells least, if one is to blame."""

    code: str
    path: str | None = None


def breaker(
    plan: Plan,
    model: Model,
    submissions: Sequence[Features],
    flagged: Sequence[tuple[int, int]],
    keys: Keys | None = None,
) -> Breaker | None:
    """None when the form can be scored. `flagged`: pairs (numbers of submissions) of probability 0.5 and more; `keys` are those that the
    counts of the model are hashed by. Whether a form can tell depends on what it asks, not on how many duplicates it seems to hold."""
    unable = unable_to_tell(plan)
    if unable is not None:
        return Breaker(unable.code, least_telling(plan, submissions) or unable.path if plan.columns else None)
    if len(submissions) < ENOUGH:
        return None
    known = own_bits(plan, model, submissions, keys)
    if len(submissions) >= RARE_FROM and known[round((1 - LEAST_TOLD) * (len(known) - 1))] < 0:
        return Breaker("too_little", least_telling(plan, submissions))
    touched = {number for pair in flagged for number in pair}
    many = len(flagged) > MOST_PER_SUBMISSION * len(submissions)
    # Many may have been asked twice; half of all suspected where most would not know themselves again is another matter.
    doubtful = MOST_FLAGGED if plan.tells_kin_apart else MOST_FLAGGED_OF_HOMES
    if many or (
        len(touched) > doubtful * len(submissions) and (known[len(known) // 2] < 0 or not plan.tells_kin_apart)
    ):
        return Breaker("too_many", least_telling(plan, submissions))
    return None


def unable_to_tell(plan: Plan) -> Breaker | None:
    """What is wrong with the questions themselves, whatever is answered. Of one kind of answer alone (names, positions, phones: with or without
    the sex, or who asked) nothing shows whether two who share it are one; only the number of a person's card is meant to."""
    kinds = {kind.name for _, kind in plan.fields}
    telling = {"where" if kind in WHERE else kind for kind in kinds - SAYS_LITTLE} | (
        {NAME} if plan.name_paths else set()
    )
    if not telling and "sex" not in kinds:
        return Breaker("no_role")
    if len(telling) < 2 and "person_id" not in telling:
        paths = [*plan.name_paths, *(path for path, _ in plan.fields)]
        return Breaker("too_little", next((path for path in paths if plan.roles[path] == "sex"), paths[0]))
    return None


def why(stopped: Breaker, language: str = "fr", question: str | None = None) -> str:
    """A sentence for the page; `question`: how the form asks what `stopped.path` names."""
    tongue = LANGUAGES.index(language)
    told = _WHY[stopped.code][tongue]
    return told % (_LEAST[tongue] % (question or (stopped.path or "").rpartition("/")[2])) if "%s" in told else told


def own_bits(plan: Plan, model: Model, submissions: Sequence[Features], keys: Keys | None = None) -> list[float]:
    """In rising order, for some submissions: the score of each against a copy of itself, were one in fifty a duplicate."""
    usual = shipped_model(plan, len(submissions))
    neutral = replace(model, prior_bits=usual.prior_bits, kin_bits=usual.kin_bits, slope=1.0, shift=0.0)
    scorer = Scorer(plan, keys or Keys(plan, bytes(16)), neutral)
    tried = submissions[:: max(1, len(submissions) // TRIED)]
    return sorted(scorer.bits(each, each) for each in tried)


def least_telling(plan: Plan, submissions: Sequence[Features]) -> str | None:
    """The path, among those with a role, whose answers say least (in bits of entropy); blank answers say nothing."""
    said = {
        path: entropy([features.values[number] for features in submissions])
        for number, (path, _) in enumerate(plan.fields)
    }
    if plan.name_paths:
        said[plan.name_paths[0]] = entropy([features.name.tokens or None for features in submissions])
    return min(said, key=lambda path: said[path]) if said else None


def entropy(values: Sequence[object | None]) -> float:
    """Bits that an answer says on average."""
    met = Counter(value for value in values if value is not None)
    count = sum(met.values())
    return -sum(each / len(values) * math.log2(each / count) for each in met.values()) if count else 0.0
