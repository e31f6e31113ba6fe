"""How near copies are put in words: what was seen, never what it means."""

from collections.abc import Mapping

SENTENCES = {
    "fr": {
        "agree": "{agreeing} réponses à choix sur {compared} sont les mêmes",
        "rare": ", dont {rare} que moins d’une fiche sur dix donne",
        "chance": ". Par hasard, moins d’une fiche sur 200 de ce formulaire ressemble autant à une autre.",
    },
    "en": {
        "agree": "{agreeing} of {compared} answers to choose from are the same",
        "rare": ", {rare} of them given in fewer than one submission in ten",
        "chance": ". By chance, fewer than one submission in 200 of this form is so much like another.",
    },
}


def sentence(near: Mapping[str, float], language: str = "fr") -> str:
    """What a pair of near copies says (`agreeing`, `compared`, `rare`), in French or English."""
    words = SENTENCES[language]
    parts = ["agree", *(["rare"] if near.get("rare") else []), "chance"]
    return "".join(words[part] for part in parts).format(**{name: f"{number:.0f}" for name, number in near.items()})
