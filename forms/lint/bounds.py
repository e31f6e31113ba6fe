"""Rules about answers that nothing bounds."""

from collections.abc import Iterator

from forms.lint.finding import Remark, Subject, at, rule


@rule(
    "constraint-without-message",
    "warning",
    why_en="The phone then says « Sorry, this response is invalid » and the enumerator does not know what is wanted.",
    why_fr="Le téléphone dit alors seulement que la réponse est invalide, et l'enquêteur ne sait pas ce qu'on attend.",
)
def constraint_without_message(subject: Subject) -> Iterator[Remark]:
    """A constraint whose question has no constraint_message."""
    for question in subject.questions:
        if question.row.text("constraint") and not question.row.text("constraint_message"):
            yield Remark(
                f"« {question.name} » has a constraint but no message. Fill constraint_message.",
                f"« {question.name} » a une contrainte sans message. Remplissez constraint_message.",
                at(question.row, "constraint"),
                question.path,
            )


@rule(
    "photo-without-max-pixels",
    "advice",
    why_en="A photo from a modern phone weighs 5 MB: an hour on a bad link. 1,280 pixels show as much.",
    why_fr="Une photo d'un téléphone récent pèse 5 Mo : une heure sur un mauvais réseau. 1 280 pixels montrent autant.",
)
def photo_without_max_pixels(subject: Subject) -> Iterator[Remark]:
    """A photo without the parameter max-pixels."""
    for question in subject.questions:
        if question.kind == "photo" and "max-pixels" not in question.row.text("parameters"):
            yield Remark(
                f"the photo « {question.name} » is sent at full size. Write max-pixels=1280 in parameters.",
                f"la photo « {question.name} » part en taille réelle. Écrivez max-pixels=1280 dans parameters.",
                at(question.row, "parameters"),
                question.path,
            )
