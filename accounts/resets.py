"""Links for choosing a password: good once, for a day. Mail carries them where there is a mail server, a person elsewhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts import tokens
from accounts.models_choices import PasswordReset
from accounts.web_users import Account, get_account, keep_password
from config.clock import now

LIFE = timedelta(hours=24)


@dataclass(frozen=True)
class Reset:
    """A link just made: `token` is shown now and never again."""

    token: str
    expires_at: datetime

    def url(self, base: str) -> str:
        """The page where the password is chosen."""
        return f"{base}/account/claim/{self.token}"


def make_reset(session: Session, account: Account, *, by: int | None) -> Reset:
    """A new link; earlier ones stay good until one of them is used."""
    made = Reset(tokens.fresh_for_links(), now() + LIFE)
    session.add(
        PasswordReset(
            token_hash=tokens.fingerprint(made.token),
            actor_id=account.actor.id,
            created_by=by,
            created_at=now(),
            expires_at=made.expires_at,
        )
    )
    return made


def account_of_reset(session: Session, token: str) -> Account | None:
    """Whose password the link lets choose; None when it was used, or is too old."""
    query = select(PasswordReset.actor_id).where(
        PasswordReset.token_hash == tokens.fingerprint(token), PasswordReset.expires_at > now()
    )
    actor_id = session.scalars(query).first()
    return None if actor_id is None else get_account(session, actor_id)


def use_reset(session: Session, account: Account, password_hash: str) -> None:
    """Keep the new password and end every other link and session of that person."""
    session.execute(delete(PasswordReset).where(PasswordReset.actor_id == account.actor.id))
    keep_password(session, account, password_hash, by=account.actor.id)


def forget_expired(session: Session) -> int:
    """Remove links past their time; how many."""
    gone = session.execute(
        delete(PasswordReset).where(PasswordReset.expires_at < now()).returning(PasswordReset.actor_id)
    )
    return len(gone.all())
