"""What the phone hears when something was stored: a status Collect takes for success, and a sentence it shows."""

from dataclasses import dataclass

from config.problem import Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """201: it is a version of a submission; 202: it is kept, and a person or a later arrival will decide."""

    status: int
    kind: str
    instance_id: str

    def sentence(self, language: str) -> str:
        """At most 120 characters, in French or English."""
        french, english = SENTENCES[self.kind]
        return english if language.startswith("en") else french


# What `Work.run` returns: a refusal is a value, so that it need not undo its neighbours' work in the shared transaction.
Answer = Outcome | Problem

SENTENCES = {
    "version": ("Fiche bien reçue. Merci !", "Form received. Thank you!"),
    "same_content": ("Fiche bien reçue. Merci !", "Form received. Thank you!"),
    "conflict": (
        "Fiche reçue. Une autre version de la même fiche existe : votre superviseur choisira.",
        "Form received. Another version of the same form exists: your supervisor will choose.",
    ),
    "held": (
        "Correction reçue. Elle attend la fiche d’origine, qui n’est pas encore arrivée.",
        "Correction received. It waits for the original form, which has not arrived yet.",
    ),
    "unknown_version": (
        "Fiche reçue et gardée. Cette version du formulaire n’est pas encore sur le serveur.",
        "Form received and kept. This version of the questionnaire is not on the server yet.",
    ),
    "late": (
        "Fiche reçue et gardée. Le formulaire est fermé : votre superviseur décidera.",
        "Form received and kept. The questionnaire is closed: your supervisor will decide.",
    ),
    "form_deleted": (
        "Fiche reçue et gardée. Le formulaire a été retiré : votre superviseur décidera.",
        "Form received and kept. The questionnaire was withdrawn: your supervisor will decide.",
    ),
    "discarded": (
        "Cette fiche est déjà arrivée et a été écartée par votre superviseur.",
        "This form has arrived before and was set aside by your supervisor.",
    ),
    "erased": (
        "Cette fiche a été effacée du serveur : rien n’a été gardé.",
        "This form was erased from the server: nothing was kept.",
    ),
}


def outcome(status: str, reason: str | None, instance_id: str) -> Outcome:
    """What a receipt of that status tells the phone."""
    kind = (reason or "late") if status == "quarantined" else status
    return Outcome(201 if status in ("version", "same_content") else 202, kind, instance_id)
