"""What pages do not show to somebody from whom personal answers are hidden."""

import pytest

from tests.collector.test_scopes import actor_of, limit
from tests.installation import Installation, instance, new_id, xform
from tests.reader import Reader, person, sign_in

FORM = "/projects/1/forms/health"
PHOTO = b"\xff\xd8\xffx"
SECRETS = ("Zeinabou", "secret.jpg", "Téléphone 1")


@pytest.fixture
def submission(post_node: Installation) -> str:
    """A submission with a personal name and photo, a correction of the name, and a second copy that waits."""
    classed = xform("health")
    for question in (b"name", b"photo"):
        classed = classed.replace(
            b'nodeset="/data/' + question + b'"', b'nodeset="/data/' + question + b'" sensitivity="P"'
        )
    post_node.publish(classed)
    first = new_id()
    for number, edited, name in (
        (first, None, "Zeinabou"),
        (new_id(), first, "Zeinabou B."),
        (first, None, "Zeinabou C."),
    ):
        sent = instance(
            number, form_id="health", deprecated_id=edited, name=name, photo="secret.jpg", instance_name=name
        )
        post_node.post(sent, {"secret.jpg": PHOTO})
    return first


def test_a_reviewer_sees_what_is_not_hidden_and_nothing_else(post_node: Installation, submission: str) -> None:
    whole, part = (person(post_node, f"{name}@example.org", "reviewer") for name in ("whole", "part"))
    limit(post_node, actor_of(post_node, "part@example.org"), hidden=("P", "P-staff"))
    page = f"{FORM}/submissions/{submission}"
    assert all(secret in whole.get(page).text for secret in SECRETS)
    assert whole.get(f"{page}/files/secret.jpg").status_code == 200
    for address in (page, FORM, f"{FORM}?text=Zeinabou", f"{page}?decided={submission}&was=received", "/"):
        said = part.get(address).text.replace("?text=Zeinabou", "")
        assert [secret for secret in SECRETS if secret in said] == [], address
    assert "Certaines réponses vous sont cachées" in part.words(page)
    assert "Certaines réponses vous sont cachées" not in whole.words(page)
    assert part.get(f"{page}/files/secret.jpg").status_code == 404
    assert submission[-4:].upper() in part.words(FORM)
    assert part.get(f"{FORM}?text=Personne").text.count('class="row-title"') == 1


@pytest.mark.usefixtures("submission")
def test_what_waits_is_for_those_who_see_it_whole(post_node: Installation) -> None:
    whole, part = (person(post_node, f"{name}@example.org", "reviewer") for name in ("whole", "part"))
    limit(post_node, actor_of(post_node, "part@example.org"), hidden=("P",))
    ((waiting,),) = post_node.rows("SELECT id FROM receipt WHERE status = 'conflict'")
    case = f"/projects/1/waiting/{waiting}"
    assert "À décider" in whole.words("/projects/1")
    assert "Zeinabou" in whole.words(case)
    assert "À décider" not in part.words("/projects/1") + part.words("/")
    for address in ("/projects/1/waiting", case, f"{case}/files/secret.jpg"):
        assert part.get(address).status_code == 403
        assert "Zeinabou" not in part.get(address).text
    assert part.post(f"{case}/decision", decision="discard").status_code == 403


def test_a_reader_of_data_finds_a_list_without_names_and_no_door_that_is_shut(
    post_node: Installation, submission: str
) -> None:
    reader: Reader = person(post_node, "data@example.org", "data-viewer")
    page = reader.page(FORM)
    assert [secret for secret in SECRETS if secret in page.text_content()] == []
    assert [link for link in page.xpath("//main//a/@href") if "/submissions/" in link] == []
    assert submission[-4:].upper() in reader.words(FORM)
    assert sign_in(post_node, "admin@example.org").page(FORM).xpath("//a[@class='row-title']")
