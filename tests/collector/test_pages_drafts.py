"""A form manager's way: a workbook brought, read, tried, compared, published; and back again when it was wrong."""

import pytest

from accounts.projects import create_project
from forms.models import FormVersion
from forms.versions import find_form
from tests.forms import workbook
from tests.forms.central import form
from tests.installation import Installation, instance, new_id, xform
from tests.reader import Reader, person, sign_in

PROJECT = "/projects/1"
DRAFT = "/projects/1/forms/household/draft"
GOOD = """
| survey |
| | type                          | name  | label::Français (fr) | label::English (en) |
| | text                          | chief | Nom du chef          | Name of the head    |
| | select_one_from_file list.csv | place | Lieu                 | Place               |
| | integer                       | age   | Âge                  | Age                 |
| settings |
| | form_id | form_title | version |
| | camp    | Camp       | 7       |
"""
BAD = GOOD.replace("| | integer ", "| | integr ")


@pytest.fixture
def manager(relais: Installation) -> Reader:
    return person(relais, "manager@example.org", "manager")


@pytest.fixture
def here(post_node: Installation) -> Reader:
    """A manager where storage is not the question."""
    return person(post_node, "manager@example.org", "manager")


def draft_of(relais: Installation, xml_form_id: str = "household") -> FormVersion | None:
    with relais.services.database.reading() as session:
        found = find_form(session, 1, xml_form_id)
        return session.get(FormVersion, (1, found.draft_version_id)) if found and found.draft_version_id else None


def bring(reader: Reader, path: str, content: bytes, name: str = "enquete.xlsx") -> str:
    """Bring a workbook that is taken; what the next page says."""
    answer = reader.bring(path, "file", (name, content))
    assert answer.status_code == 303, answer.text[-900:]
    return reader.words(answer.location)


def publish(reader: Reader, path: str = DRAFT, *confirm: str, **fields: str) -> str:
    """Publish what the page shows; what the answer says."""
    page = reader.page(f"{path}/publish")
    shown = {field.get("name"): field.get("value") or "" for field in page.xpath("//form[@id='publish']//input")}
    token = reader.token()
    data = {
        **{name: shown[name] for name in ("draft", "version")},
        "csrf_token": token,
        **fields,
        "confirm": list(confirm),
    }
    answer = reader.client.post(f"{path}/publish", data=data, follow_redirects=True)
    return " ".join(answer.text.replace("\u00a0", " ").split())


def test_a_workbook_becomes_a_draft_is_published_and_reaches_phones(relais: Installation, manager: Reader) -> None:
    words = bring(manager, f"{PROJECT}/new-form", workbook(GOOD))
    assert "C’est un brouillon" in words
    assert "Il manque 1 fichier list.csv" in words
    assert "3 questions · Français (fr), English (en)" in words
    path = f"{PROJECT}/forms/camp/draft"
    assert "Camp jamais publié" in manager.words(PROJECT)
    files = manager.bring(f"{path}/files", "files", ("list.csv", b"name,label\nd,Diffa\n"), ("other.csv", b"x"))
    words = manager.words(files.location)
    assert "Gardé : list.csv" in words
    assert "Le formulaire ne demande pas : other.csv" in words
    assert "manquant" not in words
    assert "Diffa" in manager.words(f"{path}/preview")
    assert "camp" not in relais.client.get(f"{relais.key_url}/formList").text
    assert "Le formulaire est publié" in publish(manager, path, note="Pilote")
    assert "<version>7</version>" in relais.client.get(f"{relais.key_url}/formList").text
    words = manager.words(f"{PROJECT}/forms/camp/versions")
    assert "7 sur les téléphones · manager" in words
    assert "Pilote" in words
    workbook_link = manager.page(f"{PROJECT}/forms/camp/versions").xpath("//a[contains(@href, '.xlsx')]/@href")[0]
    assert manager.get(workbook_link).data[:2] == b"PK"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_workbook_with_a_mistake_is_explained_and_nothing_is_kept(post_node: Installation, language: str) -> None:
    reader = sign_in(post_node, language=language)
    events = post_node.rows("SELECT count(*) FROM event WHERE action LIKE 'form.%'")
    answer = reader.bring(f"{PROJECT}/new-form", "file", ("enquete.xlsx", workbook(BAD)))
    assert answer.status_code == 400
    assert ("Feuille survey, ligne 4" if language == "fr" else "Sheet survey, row 4") in answer.text.replace(
        "\u00a0", " "
    )
    assert post_node.rows("SELECT count(*) FROM event WHERE action LIKE 'form.%'") == events


def test_a_form_sent_without_a_file_asks_for_one(here: Reader) -> None:
    for path, field in ((f"{PROJECT}/new-form", "file"), (DRAFT, "file"), (f"{DRAFT}/files", "files")):
        assert "Choisissez d’abord un fichier." in here.bring(path, field, ("", b"")).text
    assert "ni un classeur Excel ni un XForm" in here.bring(f"{PROJECT}/new-form", "file", ("a.xlsx", b"hello")).text


def test_a_form_that_is_there_already_is_offered_a_new_version(here: Reader) -> None:
    answer = here.bring(f"{PROJECT}/new-form", "file", ("x.xml", xform(version="2")))
    assert answer.status_code == 409
    assert f'href="{DRAFT}"' in answer.text
    words = bring(here, DRAFT, xform(version="2"), "x.xml")
    assert "Le nouveau classeur a remplacé le précédent" in words
    other = here.bring(DRAFT, "file", ("x.xml", xform("another")))
    assert (other.status_code, "Rien n’a changé ici" in other.text) == (400, True)
    assert "Ménage une nouvelle version" in here.words(PROJECT)


def test_the_preview_speaks_each_language_of_the_form(post_node: Installation, here: Reader) -> None:
    post_node.draft(xform(version="2").replace(b"Nom<", b"Nom complet<"))
    assert "Nom complet" in here.words(f"{DRAFT}/preview")
    assert "Enfant Cette partie peut être remplie plusieurs fois. Prénom" in here.words(f"{DRAFT}/preview?in=Klingon")


def test_a_phone_tries_the_draft_apart_from_everything_else(post_node: Installation, here: Reader) -> None:
    draft = post_node.draft(xform(version="2"))
    page = here.get(f"{DRAFT}/test")
    assert page.headers["Cache-Control"] == "no-store"
    address = f"/v1/test/{draft.draft_token}/projects/1/forms/household/draft"
    assert address in page.text
    assert 'role="img"' in page.text
    tested = new_id()
    post_node.post(
        instance(tested, version="2", instance_name="Essai", photo="a.jpg"), {"a.jpg": b"\xff\xd8\xffx"}, url=address
    )
    assert "Essai reçue à l’instant" in here.words(f"{DRAFT}/test")
    answers = here.words(f"{DRAFT}/test/{tested}")
    assert "Aïchatou" in answers
    assert "il n’entre dans aucun compte ni export" in answers
    assert here.get(f"{DRAFT}/test/{tested}/files/a.jpg").data == b"\xff\xd8\xffx"
    assert here.get(f"{DRAFT}/test/{tested}/files/b.jpg").status_code == 404
    assert "Aucune fiche pour le moment" in here.words("/projects/1/forms/household")


def test_a_question_that_changes_its_type_needs_a_word(relais: Installation, manager: Reader) -> None:
    relais.post(instance(new_id()))
    changed = xform(version="2").replace(b'"/data/age" type="int"', b'"/data/age" type="string"')
    bring(manager, DRAFT, changed, "x.xml")
    words = manager.words(f"{DRAFT}/publish")
    assert "1 fiche est déjà reçue" in words
    assert "Change de type : age « Âge » passe de nombre entier à texte" in words
    assert "Cochez ce que vous acceptez" in publish(manager)
    assert draft_of(relais) is not None
    key = manager.page(f"{DRAFT}/publish").xpath("//input[@name='confirm']/@value")[0]
    assert "Le formulaire est publié" in publish(manager, DRAFT, key)
    assert draft_of(relais) is None


def test_a_type_that_no_column_could_hold_is_refused_with_a_sentence(here: Reader) -> None:
    answer = here.bring(
        DRAFT, "file", ("x.xml", xform(version="2").replace(b'"/data/name" type="string"', b'"/data/name" type="int"'))
    )
    assert answer.status_code == 400
    assert "La question /name était de type string" in answer.text


def test_what_changes_is_listed_with_what_it_does_to_exports(post_node: Installation, here: Reader) -> None:
    changed = xform(version="2").replace(b"<photo/>", b"<depth/>").replace(b"/data/photo", b"/data/depth")
    post_node.draft(changed.replace(b"binary", b"decimal").replace(b"<label>Photo", b"<label>Profondeur du puits"))
    words = here.words(f"{DRAFT}/publish")
    assert "Retiré : photo" in words
    assert "Nouveau : depth" in words
    assert "table principale : ajoutées : depth" in words


def test_a_version_published_before_asks_for_another(post_node: Installation, here: Reader) -> None:
    bring(here, DRAFT, xform(title="Ménages"), "x.xml")
    assert "La version 1 a déjà été publiée" in here.words(f"{DRAFT}/publish")
    assert "est déjà publiée avec un autre contenu" in publish(here, version="1")
    assert "n’est pas utilisable" in publish(here, version="a\tb")
    assert "Le formulaire est publié" in publish(here)
    assert "<version>2</version>" in post_node.client.get(f"{post_node.key_url}/formList").text


def test_missing_files_are_published_only_on_purpose(post_node: Installation, here: Reader) -> None:
    post_node.draft(
        xform(version="2").replace(b"</instance>", b'</instance><instance id="l" src="jr://file/list.csv"/>')
    )
    assert "Cochez ce que vous acceptez" in publish(here)
    assert "Le formulaire est publié" in publish(here, DRAFT, "missing-files")


def test_what_was_read_is_what_is_published(post_node: Installation, here: Reader) -> None:
    post_node.draft(xform(version="2"))
    seen = here.page(f"{DRAFT}/publish").xpath("//input[@name='draft']/@value")[0]
    post_node.draft(xform(version="3"))
    assert "a changé pendant que vous lisiez" in publish(here, draft=seen)
    assert draft_of(post_node) is not None


def test_files_are_taken_away_and_replaced_in_a_draft_alone(post_node: Installation, here: Reader) -> None:
    post_node.publish(form("household", version="2", files=("list.csv",)), media={"list.csv": b"name,label\n"})
    assert here.bring(f"{DRAFT}/files", "files", ("list.csv", b"x")).status_code == 303
    kept = "SELECT blob_sha256 IS NOT NULL FROM form_attachment ORDER BY form_version_id"
    assert post_node.rows(kept) == [(1,)]
    assert "identique à la version publiée" in here.follow(DRAFT, again="1")
    assert "Le fichier est retiré" in here.follow(f"{DRAFT}/files/list.csv/empty")
    assert post_node.rows(kept) == [(1,), (0,)]
    assert here.post(f"{DRAFT}/files/list.csv/empty").status_code == 404
    # A stick formatted on a Mac writes accents in two characters.
    assert here.post(f"{DRAFT}/files/nothing.csv/empty").status_code == 404


def test_a_draft_is_given_up_and_what_is_published_stays(post_node: Installation, here: Reader) -> None:
    post_node.draft(xform(version="2"))
    assert "Le brouillon est abandonné" in here.follow(f"{DRAFT}/discard")
    assert here.post(f"{DRAFT}/discard").status_code == 404
    assert here.get(f"{DRAFT}/publish").status_code == 404
    assert "1 sur les téléphones" in here.words(f"{PROJECT}/forms/household/versions")


def test_remarks_of_the_lint_stay_with_the_draft(here: Reader) -> None:
    table = GOOD.replace("| | integer ", "| | image | shot | Photo | Photo |\n| | integer ").replace(
        "_from_file list.csv", " yn"
    )
    table += "| choices |\n| | list_name | name | label::Français (fr) |\n| | yn | y | Oui |\n"
    bring(here, f"{PROJECT}/new-form", workbook(table))
    words = here.words(f"{PROJECT}/forms/camp/draft")
    assert "Feuille survey, ligne 4, colonne parameters : la photo « shot » part en taille réelle." in words
    assert "1 280 pixels montrent autant" in words


def test_a_form_is_deleted_and_restored(post_node: Installation, here: Reader) -> None:
    assert "Ménage est supprimé. Annuler" in here.follow(f"{PROJECT}/forms/household/delete")
    assert "household" not in post_node.client.get(f"{post_node.key_url}/formList").text
    assert here.get(f"{PROJECT}/forms/household/versions").status_code == 404
    words = here.words(f"{PROJECT}/deleted-forms")
    assert "Ménage encore 30 jours" in words
    number = post_node.published["household"].form_id
    assert "Le formulaire est rétabli" in here.follow(f"{PROJECT}/deleted-forms/{number}/restore")
    assert here.post(f"{PROJECT}/deleted-forms/{number}/restore").status_code == 404
    assert "household" in post_node.client.get(f"{post_node.key_url}/formList").text


def test_a_form_in_the_trash_is_remembered_when_its_name_comes_again(here: Reader) -> None:
    here.post(f"{PROJECT}/forms/household/delete")
    assert "Un formulaire supprimé porte le même identifiant" in bring(here, f"{PROJECT}/new-form", xform(), "x.xml")
    # Both cannot live: the one in the trash has to wait.
    words = here.words(f"{PROJECT}/deleted-forms")
    number = here.page(f"{PROJECT}/deleted-forms").xpath("//form[contains(@action, 'restore')]/@action")[0]
    assert "Ménage" in words
    assert here.post(number).status_code == 409


def test_a_viewer_reads_versions_and_no_draft(post_node: Installation) -> None:
    post_node.draft(form("secret-plan"))
    viewer = person(post_node, "viewer@example.org", "viewer")
    assert "Brouillon" not in viewer.words(f"{PROJECT}/forms/household/versions")
    assert "secret-plan" not in viewer.words(PROJECT)
    for path in ("versions", "draft", "draft/preview", "draft/test", "draft/publish"):
        assert viewer.get(f"{PROJECT}/forms/secret-plan/{path}").status_code in (403, 404)


def test_a_manager_of_another_project_finds_nothing(post_node: Installation) -> None:
    post_node.draft(xform(version="2"))
    with post_node.services.database.transaction() as session:
        other = create_project(session, "Ailleurs", language="fr").id
    colleague = person(post_node, "other@example.org", "manager", other)
    assert colleague.get(DRAFT).status_code == 403
    assert colleague.bring(f"{PROJECT}/new-form", "file", ("x.xml", xform("new"))).status_code == 403
    # A form of the same name in the other project is another form.
    assert bring(colleague, f"/projects/{other}/new-form", xform(version="9"), "x.xml")
    assert draft_of(post_node).version == "2"  # type: ignore[union-attr]


def test_forms_may_have_any_name_an_address_can_carry(here: Reader) -> None:
    name = "enquête 1/2 «é»"
    bring(here, f"{PROJECT}/new-form", form(name, title="Enquête"), "x.xml")
    path = here.page(PROJECT).xpath("//a[@class='row-title'][text()='Enquête']/@href")[0]
    for part in ("", "/preview", "/test", "/publish"):
        assert here.get(path + part).status_code == 200


def test_a_big_survey_is_read_in_a_page_that_2g_can_carry(here: Reader) -> None:
    questions = "".join(f"| | select_one l | q{n} | Question numéro {n}, avec des mots |\n" for n in range(150))
    choices = "".join(f"| | l | c{n} | Choix {n} |\n" for n in range(40))
    table = f"| survey |\n| | type | name | label |\n{questions}| choices |\n| | list_name | name | label |\n{choices}"
    bring(here, f"{PROJECT}/new-form", workbook(table), "grand.xlsx")
    page = here.client.get(f"{PROJECT}/forms/grand/draft/preview", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert len(page.data) < 40_000
