"""What an export says of itself: what was asked, by whom, when; what is in it, what is not and why; a hash of each file."""

from hashlib import sha256
from typing import Any

from accounts.scopes import Scope
from collector.export import Plan
from collector.export_format import Ledger
from config.clock import now, wire

# Reasons why submissions of the form are not in an export, as people read them (French, English).
REASONS = {
    "duplicate": ("doublons confirmés d’une autre fiche", "confirmed duplicates of another submission"),
    "state": ("état de revue non demandé", "review state not asked for"),
    "version": ("version de formulaire non demandée", "form version not asked for"),
    "unchanged": ("rien de nouveau depuis l’export précédent", "nothing new since the export before"),
    "key": ("chiffrées pour une autre clé", "encrypted for another key"),
    "filter": ("écartées par le filtre", "left out by the filter"),
    "gone": ("supprimées pendant l’export", "deleted while exporting"),
}


def scope_hash(scope: Scope) -> str:
    """Equal for scopes that show the same; it does not tell what they show."""
    return sha256(scope.key.encode()).hexdigest()[:16]


def passport_of(plan: Plan, ledger: Ledger, *, number: int, person: dict[str, Any] | None) -> dict[str, Any]:
    """The facts, as JSON has them; `number` is the export's, `person` who asked for it."""
    opened = {"openedKeys": list(plan.keys.asked), "signatures": plan.signatures.as_json()} if plan.keys.asked else {}
    return {
        "export": number,
        "project": plan.form.project_id,
        "form": plan.form.xml_form_id,
        "title": plan.definition.title,
        "askedBy": person,
        "askedAt": wire(plan.planned_at),
        "writtenAt": wire(now()),
        "asked": plan.request.as_json(),
        "lastEvent": plan.seq,
        "limitedToScope": plan.selection.scope.limited,
        "scope": scope_hash(plan.selection.scope),
        "hiddenClasses": sorted(plan.selection.mask.hidden),
        "versions": [name for _, name in plan.form.versions],
        "submissions": {
            "wanted": len(plan.wanted) - plan.refused,
            "written": ledger.submissions,
            "byReviewState": dict(sorted(plan.states.items())),
        },
        "leftOut": plan.reasons,
        "files": [file.as_json() for file in ledger.files],
        "media": ledger.media,
        **opened,
    }
