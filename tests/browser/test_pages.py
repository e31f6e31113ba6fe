"""The pages in a real browser: without JavaScript, on a small screen, with nothing from elsewhere."""

import re

import pytest
from playwright.sync_api import Response

from accounts.cli import qr_text
from tests.browser.conftest import DESK, PHONE, Open, read
from tests.served import Place
from tests.sync.people_form import MAHAMADOU, MAMADOU, people_form, send

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NARROW = {"width": 320, "height": 568}


def addresses(place: Place) -> dict[str, str]:
    """Every page a supervisor opens, by name."""
    project = f"/projects/{place.relais.project_id}"
    rows = place.relais.rows
    mine = f"project_id = {place.relais.project_id}"
    submission = rows(f"SELECT instance_id FROM submission WHERE {mine} ORDER BY id")[0][0]
    waiting = [row[0] for row in rows(f"SELECT id FROM receipt WHERE {mine} AND status IN ('conflict', 'held')")]
    form = f"{project}/forms/household"
    return {
        "home": "/",
        "project": project,
        "submissions": form,
        "submission": f"{form}/submissions/{submission}",
        "data": f"{form}/data",
        "versions": f"{form}/versions",
        "draft": f"{form}/draft",
        "preview": f"{form}/draft/preview",
        "trial": f"{form}/draft/test",
        "publish": f"{form}/draft/publish",
        "new form": f"{project}/new-form",
        "deleted forms": f"{project}/deleted-forms",
        "team": f"{project}/people",
        "member": f"{project}/people/{rows('SELECT min(actor_id) FROM web_user')[0][0]}",
        "people": "/people",
        "inbox": f"{project}/waiting",
        "conflict": f"{project}/waiting/{waiting[0]}",
        "held": f"{project}/waiting/{waiting[1]}",
        "phones": f"{project}/phones",
        "phone": f"{project}/phones/{place.credential.actor_id}",
        "sheets": f"{project}/phones/sheets",
        "deliveries": f"/deliveries/{place.credential.deliveries}",
        "account": "/account",
    }


def test_a_submission_is_read_and_approved_by_thumb_without_javascript(visit: Open, busy: Place) -> None:
    page = visit("/", java_script_enabled=False)
    page.click(f"section:has(a[href='/projects/{busy.relais.project_id}']) >> text=Ménage")
    page.click("text=Ménage de Kablewa")
    page.fill("#comment", "Vérifié par téléphone")
    bar = page.locator(".action-bar")
    box = bar.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE["height"] + 1
    bar.locator("text=Approuver").click()
    assert "est maintenant : approuvée" in page.locator(".notice.success").inner_text().replace("\u00a0", " ")
    assert page.locator("h1").inner_text() == "Ménage de Boudouri"
    page.click("text=Annuler")
    assert page.locator("h1").inner_text() == "Ménage de Kablewa"
    states = busy.relais.rows(
        f"SELECT review_state FROM submission WHERE project_id = {busy.relais.project_id} ORDER BY id"
    )
    assert states == [("edited",), (None,)]


def test_a_conflict_is_settled_without_javascript(visit: Open, busy: Place) -> None:
    page = visit(addresses(busy)["conflict"], java_script_enabled=False)
    page.click(".action-bar >> text=Prendre l’autre")
    assert "L’autre version compte maintenant" in page.locator(".notice.success").inner_text()
    assert page.locator("ins").first.inner_text().endswith("téléphone")


# French words are the longer ones.
@pytest.mark.parametrize(
    ("size", "locale"),
    [(NARROW, "fr-FR"), (PHONE, "en-GB"), (DESK, "fr-FR")],
    ids=lambda value: str(value["width"]) if isinstance(value, dict) else value,
)
def test_no_page_is_wider_than_the_screen(visit: Open, busy: Place, size: dict[str, int], locale: str) -> None:
    page = visit("/", size=size, locale=locale)
    too_wide = []
    for name, path in addresses(busy).items():
        page.goto(path)
        for fold in page.locator("main summary").all():
            fold.click()
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(name)
    assert too_wide == []


def test_everything_to_tap_is_big_enough_for_a_thumb(visit: Open, busy: Place) -> None:
    page = visit("/")
    small = []
    for name, path in addresses(busy).items():
        page.goto(path)
        for each in page.locator(
            "main button, main .button, .action-bar button, main input, main select, .tabs a"
        ).all():
            box = each.bounding_box() if each.is_visible() else None
            # The box of a choice is 24 px; its label, which can be tapped as well, is not.
            if (
                box
                and box["width"] > 2
                and box["height"] < 44
                and each.get_attribute("type") not in ("radio", "checkbox")
            ):
                small.append((name, each.inner_text(), box["height"]))
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_browser_finds_nothing_to_complain_about(visit: Open, busy: Place, scheme: str) -> None:
    page = visit("/", color_scheme=scheme)
    complaints: list[str] = []
    elsewhere: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(busy.url) else None)
    for path in addresses(busy).values():
        page.goto(path)
    assert complaints == []
    assert elsewhere == []


def test_a_first_visit_to_a_submission_is_light_enough_for_2g(visit: Open, busy: Place) -> None:
    path = addresses(busy)["submission"]
    seen: list[Response] = []

    def note(response: Response) -> None:
        seen.append(response)

    # Another browser, signed in and with nothing in its cache.
    state = visit("/account").context.storage_state()
    page = visit("about:blank", who="", storage_state=state)
    page.on("response", note)
    page.goto(path, wait_until="networkidle")
    first = sum(int(response.headers.get("content-length", 0)) for response in seen if response.status == 200)
    assert 0 < first < 40_000


def test_a_photo_is_shown_and_a_page_named_like_one_is_not(visit: Open, busy: Place) -> None:
    page = visit(addresses(busy)["submission"])
    picture = page.locator(".photos img")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.photos img').complete")
    assert picture.evaluate("image => image.naturalWidth") == 8


def test_a_sheet_sets_up_a_phone_and_opens_its_deliveries(visit: Open, busy: Place) -> None:
    page = visit(addresses(busy)["sheets"])
    sheet = page.locator(".sheet").first
    with busy.relais.services.database.reading() as session:
        base = re.match(r"http://[^/]+", sheet.locator("code").first.inner_text())
        assert base is not None
        wanted = qr_text(session, busy.credential, base[0])
    codes = [read(page, sheet.locator("svg").nth(number).screenshot()) for number in range(2)]
    assert codes == [wanted, f"{base[0]}/deliveries/{busy.credential.deliveries}"]
    page.goto(codes[1].replace(base[0], busy.url))
    assert page.locator("h1").inner_text().replace("\u00a0", " ") == "Tout est-il arrivé ?"


def test_each_sheet_is_one_page_of_paper(visit: Open, busy: Place) -> None:
    page = visit(addresses(busy)["sheets"])
    # What has not been drawn yet would be printed as one empty sheet.
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2


def test_the_menu_of_the_account_opens_and_signs_out(visit: Open, busy: Place) -> None:
    page = visit(addresses(busy)["project"])
    page.click("summary:has-text('admin')")
    page.click("text=Se déconnecter")
    assert "Vous êtes déconnecté" in page.inner_text("main")
    page.goto(addresses(busy)["project"])
    assert page.locator("#password").is_visible()


def test_a_pair_is_decided_by_one_key_but_not_while_somebody_writes(visit: Open, place: Place) -> None:
    relais = place.relais
    relais.publish(people_form())
    one, other = send(relais, **MAHAMADOU), send(relais, **MAMADOU)
    page = visit(f"/projects/{relais.project_id}/duplicates/people/{one}/{other}", size=DESK)
    page.click("#note")
    page.keyboard.type("2 visites")
    assert page.input_value("#note") == "2 visites"
    page.click("h1")
    page.keyboard.press("2")
    page.wait_for_url("**decided=**")
    assert "2 est gardée" in page.inner_text(".notice.success")
