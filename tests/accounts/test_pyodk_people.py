"""pyodk as it comes from PyPI, against a served Relais: signing in, projects, app users and their forms."""

from pathlib import Path

import pytest
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.installation import PASSWORD, instance, new_id
from tests.served import Place, Served

pytestmark = pytest.mark.filterwarnings("ignore:unclosed")


def client(served: Served, folder: Path, email: str, project_id: int) -> Client:
    """pyodk, told by its configuration file whom to talk to."""
    config = folder / "pyodk.toml"
    config.write_text(
        f'[central]\nbase_url = "{served.url}"\nusername = "{email}"\npassword = "{PASSWORD}"\n'
        f"default_project_id = {project_id}\n"
    )
    return Client(config_path=str(config), cache_path=str(folder / "cache.toml"))


def test_pyodk_signs_in_once_and_keeps_its_token(served: Served, place: Place, tmp_path: Path) -> None:
    served.person("manager@example.org", "manager", place.relais.project_id)
    for _ in range(2):
        with client(served, tmp_path, "manager@example.org", place.relais.project_id) as central:
            assert central.get("users/current").json()["email"] == "manager@example.org"
    assert "token" in (tmp_path / "cache.toml").read_text()
    assert place.relais.rows(
        "SELECT count(*) FROM session s JOIN web_user u ON u.actor_id = s.actor_id WHERE u.email = 'manager@example.org'"
    ) == [(1,)]


def test_pyodk_reads_projects(served: Served, place: Place, tmp_path: Path) -> None:
    project_id = place.relais.project_id
    served.person("viewer@example.org", "viewer", project_id)
    with client(served, tmp_path, "viewer@example.org", project_id) as central:
        (listed,) = central.projects.list()
        assert (listed.id, listed.name, listed.archived) == (project_id, "Frontières", None)
        assert central.projects.get() == central.projects.get(project_id)
        with pytest.raises(PyODKError):
            central.projects.get(project_id + 1000)


def test_pyodk_makes_app_users_and_gives_them_forms(served: Served, place: Place, tmp_path: Path) -> None:
    project_id = place.relais.project_id
    served.person("boss@example.org", "manager", project_id)
    with client(served, tmp_path, "boss@example.org", project_id) as central:
        made = list(central.projects.create_app_users(["Téléphone 1", "Tél. 2", "Tél. 3"], ["household"]))
        assert [user.displayName for user in made] == ["Tél. 2", "Tél. 3"]
        # Again is harmless: those names have a token already.
        assert list(central.projects.create_app_users(["Tél. 2"], ["household"])) == []
        url = f"{served.url}/v1/key/{made[0].token}/projects/{project_id}"
        assert place.ask("GET", f"{url}/formList").body.count(b"<formID>") == 1
        assert (
            place.relais.post(instance(new_id()), url=f"/v1/key/{made[0].token}/projects/{project_id}").status_code
            == 201
        )


def test_pyodk_reads_the_whole_audit_log(served: Served, place: Place, tmp_path: Path) -> None:
    served.person("auditor@example.org", "admin")
    with client(served, tmp_path, "auditor@example.org", place.relais.project_id) as central:
        everything = central.get("audits").json()
        assert everything == central.get("audits?limit=1000").json()
        assert central.get("audits", headers={"X-Extended-Metadata": "true"}).json()[-1]["actee"]
