"""The changes between two versions of a form as sentences for the person who decides about publishing. Pure."""

from forms.difference import Change, ColumnChanges

_KINDS = {
    "fr": {
        "text": "texte", "integer": "nombre entier", "decimal": "nombre décimal", "date": "date", "time": "heure",
        "dateTime": "date et heure", "select_one": "choix unique", "select_multiple": "choix multiple", "rank": "classement",
        "image": "image", "audio": "son", "video": "vidéo", "file": "fichier", "geopoint": "point GPS",
        "geotrace": "tracé GPS", "geoshape": "surface GPS", "barcode": "code-barres", "acknowledge": "confirmation",
        "range": "échelle", "note": "note", "calculate": "calcul", "hidden": "valeur cachée", "group": "groupe",
        "repeat": "répétition",
    },
    "en": {
        "integer": "whole number", "decimal": "decimal number", "dateTime": "date and time", "select_one": "single choice",
        "select_multiple": "multiple choice", "rank": "ranking", "geopoint": "GPS point", "geotrace": "GPS trace",
        "geoshape": "GPS area", "acknowledge": "confirmation", "range": "scale", "calculate": "calculation",
        "hidden": "hidden value",
    },
}  # fmt: skip
_SETTINGS = {
    "title": ("Titre", "Title"),
    "languages": ("Langues", "Languages"),
    "files": ("Fichiers joints", "Files"),
    "encryption": ("Chiffrement", "Encryption"),
    "editing": ("Correction des fiches envoyées", "Editing of sent submissions"),
    "entities": ("Listes d’entités", "Entity lists"),
}
_ASPECTS = {
    "relevant": ("la condition d’affichage", "when it is shown"),
    "constraint": ("le contrôle de la réponse", "which answers are accepted"),
    "required": ("l’obligation de répondre", "whether an answer is required"),
    "calculation": ("le calcul", "the calculation"),
    "read_only": ("la lecture seule", "whether it can be changed"),
    "default": ("la valeur de départ", "the value it begins with"),
    "choice_filter": ("le filtre ou la liste des choix", "the list or filter of its choices"),
    "choices_from": ("le fichier de ses choix", "the file of its choices"),
    "label": ("le libellé", "the label"),
    "hint": ("l’aide", "the hint"),
    "constraint_message": ("le message d’une réponse refusée", "what is said of a refused answer"),
    "required_message": ("le message d’une réponse manquante", "what is said of a missing answer"),
    "repeat_count": ("le nombre de répétitions", "how often it repeats"),
}
# By kind of change: French, English. `{n}` is the question, group or repeat; see `sentence`.
_SENTENCES = {
    "added": ("Nouveau : {n} ({new}{inside}).", "New: {n} ({new}{inside})."),
    "removed": (
        "Retiré : {n} ({old}{inside}). Les réponses déjà reçues restent, hors des nouvelles colonnes.",
        "Gone: {n} ({old}{inside}). Answers received so far are kept, outside the new columns.",
    ),
    "renamed": (
        "Renommé : {n} s’appelait {old}. Ses réponses changent de colonne dans les exports.",
        "Renamed: {n} was called {old}. Its answers change columns in exports.",
    ),
    "moved": (
        "Déplacé : {n} était en {old}. Ses réponses changent de colonne dans les exports.",
        "Moved: {n} was at {old}. Its answers change columns in exports.",
    ),
    "retyped": (
        "Change de type : {n} passe de {old} à {new}. Les réponses des deux types seront dans la même colonne.",
        "Changes its type: {n} goes from {old} to {new}. Answers of both types will share one column.",
    ),
    "reused": (
        "Le même nom semble servir à une autre question : {n} demandait « {old} » et demande maintenant « {new} ».",
        "The same name seems to be used for another question: {n} asked “{old}” and now asks “{new}”.",
    ),
    "choice_added": ("Nouveau choix pour {n} : {aspect} « {new} ».", "New choice for {n}: {aspect} “{new}”."),
    "choice_removed": (
        "Choix retiré de {n} : {aspect} « {old} ». Les réponses qui l’ont restent.",
        "Choice removed from {n}: {aspect} “{old}”. Answers that have it are kept.",
    ),
    "choice_renamed": (
        "Le choix « {aspect} » de {n} s’écrivait {old} et s’écrit {new} : les exports auront les deux.",
        "The choice “{aspect}” of {n} was written {old} and is written {new}: exports will hold both.",
    ),
    "choice_reused": (
        "Le même code de choix semble dire autre chose dans {n} : {aspect} était « {old} » et devient « {new} ».",
        "The same choice code seems to say something else in {n}: {aspect} was “{old}” and becomes “{new}”.",
    ),
    "logic": ("{n} : {what} change : {old} → {new}", "{n}: {what} changes: {old} → {new}"),
    "label": ("{n} : {what} change : « {old} » → « {new} ».", "{n}: {what} changes: “{old}” → “{new}”."),
    "setting": ("{what} : {old} → {new}", "{what}: {old} → {new}"),
}
_NOTHING = ("(rien)", "(nothing)")
_LONGEST = 200


def sentence(change: Change, language: str) -> str:
    """The change in French, or in English."""
    english = language.startswith("en")
    number = 1 if english else 0
    named = {"retyped", "added", "removed"}
    old, new = (_kind(each, english=english) if change.kind in named else each for each in (change.old, change.new))
    nothing = _NOTHING[number] if change.kind in ("logic", "label", "setting") else ""
    what = (_SETTINGS if change.kind == "setting" else _ASPECTS).get(change.aspect, (change.aspect,) * 2)[number]
    count = change.aspect if change.kind in ("added", "removed") else ""
    inside = f", {count} {'inside' if english else 'dedans'}" if count else ""
    label = f" “{change.label}”" if english else f" « {change.label} »"
    return _SENTENCES[change.kind][number].format(
        n=change.path.rpartition("/")[2] + (_cut(label) if change.label else ""),
        old=_cut(old) or nothing,
        new=_cut(new) or nothing,
        aspect=change.aspect,
        what=what,
        inside=inside,
    )


def column_sentence(changes: ColumnChanges, language: str) -> str:
    """What becomes of one table of the exports."""
    english = language.startswith("en")
    name = changes.table.rpartition("/")[2] or ("main table" if english else "table principale")
    words = ("added", "no longer there", "renamed") if english else ("ajoutées", "qui n’y sont plus", "renommées")
    listed = (changes.added, changes.removed, [f"{old} → {new}" for old, new in changes.renamed])
    parts = [f"{word} : {', '.join(names)}" for word, names in zip(words, listed, strict=True) if names]
    text = f"{name} : {' ; '.join(parts)}"
    return text.replace(" : ", ": ").replace(" ; ", "; ") if english else text


def _kind(kind: str, *, english: bool) -> str:
    return _KINDS["en" if english else "fr"].get(kind, kind)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
