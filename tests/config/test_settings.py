"""What one deployment may choose, and docs/settings.md, which is written from it."""

from dataclasses import fields
from pathlib import Path

import pytest

from config.settings import PREFIX, SECRETS, SettingError, Settings, load

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
# `python -m tests.config.test_settings` writes the table anew.
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->"


def table() -> str:
    """The settings as docs/settings.md shows them."""
    lines = ["| Environment | Default | What it does |", "|---|---|---|"]
    for spec in fields(Settings):
        default = "" if spec.default == "" else f"`{str(spec.default).lower() if spec.type is bool else spec.default}`"
        name = f"`{PREFIX}{spec.name.upper()}`" + (" 🔑" if spec.name in SECRETS else "")
        lines.append(f"| {name} | {default} | {spec.metadata['about']} |")
    return "\n".join(lines) + "\n"


def test_the_page_of_settings_is_the_dataclass() -> None:
    written = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert written == table()


def test_every_setting_of_the_issue_is_there() -> None:
    names = {spec.name for spec in fields(Settings)}
    assert names >= {
        "data",
        "host",
        "port",
        "public_url",
        "database_url",
        "storage_url",
        "admin_email",
        "admin_password",
    }


def test_without_any_choice_everything_lies_in_one_folder_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load({"HOME": "/root", "PATH": "/bin"})
    assert settings.data == tmp_path / "data"
    assert settings.temporary == tmp_path / "data" / "tmp"
    assert settings.blobs == tmp_path / "data" / "files"
    assert settings.database == f"sqlite:///{tmp_path}/data/relais.sqlite3"
    assert (settings.host, settings.port, settings.public_url) == ("0.0.0.0", 8000, "")  # noqa: S104


def test_the_environment_wins_over_the_file_and_a_secret_file_over_both(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("from the secret file\n")
    config = tmp_path / "relais.toml"
    config.write_text(
        'port = 9000\nlanguage = "en"\ninsecure_basic = true\nmax_file_bytes = 1_000\nadmin_password = "from the file"\n'
    )
    environment = {
        "RELAIS_ADMIN_PASSWORD_FILE": str(secret),
        "RELAIS_CONFIG": str(config),
        "RELAIS_PORT": "9001",
        "RELAIS_ADMIN_PASSWORD": "from the environment",
    }
    settings = load(environment)
    assert (settings.port, settings.language, settings.insecure_basic, settings.max_file_bytes) == (
        9001,
        "en",
        True,
        1000,
    )
    assert settings.admin_password == "from the secret file"
    assert load(dict(reversed(environment.items()))) == settings
    del environment["RELAIS_ADMIN_PASSWORD_FILE"]
    assert load(environment).admin_password == "from the environment"


def test_an_empty_variable_is_no_choice() -> None:
    empty = {f"{PREFIX}{spec.name.upper()}": "" for spec in fields(Settings)}
    assert load({**empty, "RELAIS_CONFIG": "", "RELAIS_ADMIN_PASSWORD_FILE": ""}) == load({})


def test_a_test_s_own_variables_are_nobody_s_settings() -> None:
    assert load({"RELAIS_TEST_DATABASE": "sqlite"}) == load({})


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "0", "false", "No"])
def test_yes_and_no_have_several_words(value: str) -> None:
    assert load({"RELAIS_INSECURE_BASIC": value}).insecure_basic is (value.lower() in ("1", "true", "yes"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://relais.example.org", "https://relais.example.org"),
        ("https://relais.example.org/", "https://relais.example.org"),
        ("http://192.168.4.1:8000", "http://192.168.4.1:8000"),
        ("http://[fd00::1]:8000", "http://[fd00::1]:8000"),
    ],
)
def test_a_public_address_is_kept_without_its_slash(given: str, kept: str) -> None:
    assert load({"RELAIS_PUBLIC_URL": given}).public_url == kept


def test_a_proxy_is_known_however_its_address_is_spelt() -> None:
    assert load({"RELAIS_TRUSTED_PROXIES": "FD00:0:0::1, 127.0.0.1,"}).proxies == ("fd00::1", "127.0.0.1")


BAD = [
    ("PORT", "eight"), ("PORT", "0"), ("PORT", "65536"), ("PORT", "80.5"), ("PORT", "-1"), ("THREADS", "0"),
    ("LANGUAGE", "de"), ("LATE", "maybe"), ("LOG_LEVEL", "info"), ("INSECURE_BASIC", "perhaps"), ("PROJECT_NAME", "  "),
    ("PUBLIC_URL", "relais.example.org"), ("PUBLIC_URL", "ftp://x"), ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://x/path"), ("PUBLIC_URL", "https://x?a"), ("PUBLIC_URL", "https://é.org"),
    ("PUBLIC_URL", "https://user@x"), ("DATABASE_URL", "mysql://x"), ("STORAGE_URL", "/files"),
    ("TRUSTED_PROXIES", "127.0.0.1, proxy"), ("ACCEPT_CONTENT_LENGTH", "0"), ("MAX_XML_BYTES", "-5"),
    ("RESERVE_BYTES", "-1"), ("MAX_FILE_BYTES", "1e9"), ("CONFLICT_LIMIT", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD, ids=[f"{name}={value}" for name, value in BAD])
def test_a_bad_value_is_refused_with_the_setting_s_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"RELAIS_{name}"):
        load({f"RELAIS_{name}": value})


def test_an_unknown_setting_is_refused_with_its_name() -> None:
    with pytest.raises(SettingError, match="RELAIS_DATABASE "):
        load({"RELAIS_DATABASE": "x"})
    with pytest.raises(SettingError, match="RELAIS_PORT_FILE"):
        load({"RELAIS_PORT_FILE": "x"})


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("prot = 1", "prot"),
        ("port = ", "RELAIS_CONFIG"),
        ('port = "eight"', "RELAIS_PORT"),
        ("port = 8000.5", "RELAIS_PORT"),
        ("port = true", "RELAIS_PORT"),
        ("host = 5", "RELAIS_HOST"),
        ("[host]\na = 1", "RELAIS_HOST"),
        ("language = ['fr']", "RELAIS_LANGUAGE"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_the_setting_s_name(tmp_path: Path, content: str, named: str) -> None:
    config = tmp_path / "relais.toml"
    config.write_text(content)
    with pytest.raises(SettingError, match=named):
        load({"RELAIS_CONFIG": str(config)})


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="RELAIS_CONFIG: .*/nothing"):
        load({"RELAIS_CONFIG": str(tmp_path / "nothing")})
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "nothing", binary):
        with pytest.raises(SettingError, match="RELAIS_SECRET_KEY_FILE"):
            load({"RELAIS_SECRET_KEY_FILE": str(path)})


@pytest.mark.parametrize("name", ["DATABASE_URL", "STORAGE_URL"])
def test_a_refusal_never_repeats_a_secret(name: str) -> None:
    with pytest.raises(SettingError) as refused:
        load({f"RELAIS_{name}": "mysql://me:hush@host"})
    assert "hush" not in str(refused.value)


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(head + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
