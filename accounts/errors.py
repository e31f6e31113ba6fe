"""What can go wrong with people and rights; codes and English messages as ODK Central's."""

from config.problem import Problem


def not_found() -> Problem:
    """404.1: there is no such thing, or the caller may not know of it."""
    return Problem(
        404.1,
        en="There is nothing at this address. Check it, or ask your supervisor for a new code.",
        fr="Il n’y a rien à cette adresse. Vérifiez-la ou demandez un nouveau code à votre superviseur.",
        message="Could not find the resource you were looking for.",
    )


def authentication_failed() -> Problem:
    """401.2: unknown credentials."""
    return Problem(
        401.2,
        en="The user name or password is not right. Check both and try again.",
        fr="Le nom ou le mot de passe n’est pas bon. Vérifiez les deux et réessayez.",
        message="Could not authenticate with the provided credentials.",
    )


def insufficient_rights() -> Problem:
    """403.1: known, but not allowed."""
    return Problem(
        403.1,
        en="This code or account may not do that. Ask your supervisor.",
        fr="Ce code ou ce compte n’y a pas droit. Demandez à votre superviseur.",
        message="The authentication you provided does not have rights to perform that action.",
    )


def too_many_attempts(seconds: int) -> Problem:
    """429: guessing is slowed."""
    return Problem(
        429,
        en=f"Too many attempts. Wait {seconds} seconds and try again.",
        fr=f"Trop d’essais. Attendez {seconds} secondes puis réessayez.",
        headers={"Retry-After": str(seconds)},
    )


def password_too_short(shortest: int) -> Problem:
    """400.21"""
    return Problem(
        400.21,
        en=f"This password is too short: use at least {shortest} characters.",
        fr=f"Ce mot de passe est trop court : il faut au moins {shortest} caractères.",
        message="The password or passphrase provided does not meet the required length.",
    )


def password_too_long(longest: int) -> Problem:
    """400.38"""
    return Problem(
        400.38,
        en=f"This password is too long: use at most {longest} characters, fewer with accents.",
        fr=f"Ce mot de passe est trop long : {longest} caractères au plus, moins avec des accents.",
        message="The password or passphrase provided exceeds the maximum length.",
    )


def password_too_weak(warning: str, suggestions: list[str]) -> Problem:
    """400.44: easily guessed; the reason in zxcvbn's words, as ODK Central gives it."""
    reason = warning or next(iter(suggestions), "")
    message = "The supplied password is too weak"
    if "." in reason or not reason:
        message += f". {reason}" if reason else "."
    else:
        message += f": {reason[0].lower()}{reason[1:]}"
    return Problem(
        400.44,
        en="This password is too easily guessed. Use three or four words that have nothing to do with each other.",
        fr="Ce mot de passe se devine trop facilement. Prenez trois ou quatre mots sans rapport entre eux.",
        message=message,
        details={"warning": warning, "suggestions": suggestions},
    )


def bad_email(email: str) -> Problem:
    """400.8"""
    return Problem(
        400.8,
        en=f"“{email}” is not an e-mail address.",
        fr=f"« {email} » n’est pas une adresse électronique.",
        details={"field": "email", "value": email},
    )


def wrong_password() -> Problem:
    """401.2: the present password was mistyped."""
    return Problem(
        401.2,
        en="This is not your present password. Type it again.",
        fr="Ce n’est pas votre mot de passe actuel. Tapez-le à nouveau.",
    )


def password_unchanged() -> Problem:
    """400.8: the one-time password cannot stay."""
    return Problem(
        400.8,
        en="This is the one-time password. Choose another one that only you know.",
        fr="C’est le mot de passe provisoire. Choisissez-en un autre, que vous seul connaissez.",
    )


def project_unknown(project_id: int) -> Problem:
    """404.1: no such project, or it was deleted."""
    return Problem(
        404.1,
        en=f"There is no project {project_id} here.",
        fr=f"Il n’y a pas de projet {project_id} ici.",
        message="Could not find the resource you were looking for.",
    )


def person_unknown(email: str) -> Problem:
    """404.1: nobody signs in with this e-mail, and the caller may invite nobody."""
    return Problem(
        404.1,
        en=f"Nobody here has the e-mail “{email[:60]}”. Ask an administrator to invite them first.",
        fr=f"Personne ici n’a l’adresse « {email[:60]} ». Demandez d’abord à un administrateur de l’inviter.",
        message="Could not find the resource you were looking for.",
    )


def not_oneself() -> Problem:
    """409: whoever takes away their own rights might leave nobody who can give them back."""
    return Problem(
        409,
        en="You cannot take this away from yourself. Ask another administrator.",
        fr="Vous ne pouvez pas vous retirer cela à vous-même. Demandez à un autre administrateur.",
    )


def web_user_unknown(email: str) -> Problem:
    """404.1: nobody signs in with this e-mail."""
    return Problem(
        404.1,
        en=f"Nobody here has the e-mail “{email}”.",
        fr=f"Personne ici n’a l’adresse « {email} ».",
        message="Could not find the resource you were looking for.",
    )


def key_reused() -> Problem:
    """409.31: an Idempotency-Key stands for one request."""
    return Problem(
        409.31,
        en="This Idempotency-Key was used for another request. Make a new one.",
        fr="Cette Idempotency-Key a servi à une autre demande. Faites-en une nouvelle.",
    )


def already_done() -> Problem:
    """409.32: the request with this key was done, or is being done; what it was answered is not at hand."""
    return Problem(
        409.32,
        en="The request with this Idempotency-Key was received before. It is done or being done: look before sending more.",
        fr="La demande avec cette Idempotency-Key est déjà reçue. Elle est faite ou en cours : vérifiez avant de renvoyer.",
    )
