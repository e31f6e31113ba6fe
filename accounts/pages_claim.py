"""Choosing a password with a link that was handed over, by mail or by an administrator."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from accounts import passwords, resets, sessions
from accounts.signed_in import keep_session, require_own_form
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem

pages = Blueprint("accounts_claim_pages", __name__, url_prefix="/account/claim")


@pages.get("/<segment:claim_token>")
def show_claim(claim_token: str) -> ResponseReturnValue:
    """Choose a password; a word about it when the link is used up or too old."""
    return _page(claim_token)


def _page(token: str, error: str | None = None, status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        account = resets.account_of_reset(session, token)
        email = account.user.email if account else None
    return render_template("accounts/claim.html", token=token, email=email, error=error), status if email else 404


@pages.post("/<segment:claim_token>")
def claim(claim_token: str) -> ResponseReturnValue:
    """Keep the password and sign in with it; the link is used up."""
    require_own_form()
    try:
        # Slow on purpose, so outside the transaction.
        password_hash = passwords.hashed(request.form.get("password", ""))
    except Problem as problem:
        return _page(claim_token, problem.sentence(page_language()), problem.status)
    with transaction() as session:
        account = resets.account_of_reset(session, claim_token)
        if account is not None:
            resets.use_reset(session, account, password_hash)
            made = sessions.start(session, account.actor.id, request.headers.get("User-Agent"))
    if account is None:
        return _page(claim_token)
    answer = redirect(url_for("accounts_pages.show_account", done="password"), 303)
    keep_session(answer, made)
    return answer
