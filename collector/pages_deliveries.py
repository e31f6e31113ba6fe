"""“Has everything arrived?”, for whoever holds a phone: an address that nobody can guess instead of a password."""

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from accounts.app_users import phone_by_deliveries
from accounts.errors import not_found
from collector.phones import DELIVERIES, deliveries_of
from config.database import reading

pages = Blueprint("collector_delivery_pages", __name__)


@pages.get("/deliveries/<token>")
def show_deliveries(token: str) -> ResponseReturnValue:
    """What one phone has sent: counts, times, ends of ids; no answers and no names."""
    with reading() as session:
        phone = phone_by_deliveries(session, token)
        if phone is None:
            raise not_found()
        deliveries = deliveries_of(session, phone.project_id, phone.actor_id)
    page = render_template("collector/deliveries.html", phone=phone, deliveries=deliveries, most=DELIVERIES)
    answer = make_response(page)
    # The address is the key: it goes into no other site's log, no search engine, no cache.
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    return answer
