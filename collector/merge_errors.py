"""Why submissions cannot be merged."""

from config.problem import Problem


def encrypted_answers() -> Problem:
    """409.3: what is encrypted cannot be merged."""
    return Problem(
        409.3,
        en="These answers are encrypted: nobody here can read them, so they cannot be merged. You may still keep one of the two.",
        fr="Ces réponses sont chiffrées : personne ici ne peut les lire ni les fusionner. Vous pouvez toujours garder l’une des deux.",
    )


def of_another_form(instance_id: str) -> Problem:
    """409.3: submissions of two forms cannot be merged."""
    return Problem(
        409.3,
        en="These submissions answer different forms. Only submissions of one form can be merged.",
        fr="Ces fiches répondent à des formulaires différents. Seules les fiches d’un même formulaire peuvent être fusionnées.",
        details={"instanceId": instance_id},
    )
