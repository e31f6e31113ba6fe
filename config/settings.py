"""What one deployment chooses: defaults, then a TOML file, then the environment, then `…_FILE` secrets."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "RELAIS_"
SECRETS = frozenset({"admin_password", "database_url", "mail_url", "s3_secret", "secret_key", "storage_url"})
# What addresses in form lists begin with (C13): anything else in it would be an address phones cannot read.
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_MAIL = re.compile(r"smtps?://(?:[^@/\s]+@)?(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?/?")
# Below these nothing could be received, or nobody would be answered.
_SMALLEST = {
    "accept_content_length": 1,
    "max_xml_bytes": 1,
    "max_file_bytes": 1,
    "reserve_bytes": 0,
    "threads": 1,
    "conflict_limit": 1,
    "conflict_quota": 1,
}


class SettingError(ValueError):
    """A setting cannot be used; the text names it and says what it may be."""


def setting(default: Any, about: str) -> Any:
    """A settings field: its default, and the line that docs/settings.md carries."""
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Settings:
    """One deployment's choices; environment name = `RELAIS_` + the upper-case field name."""

    data: Path = setting(Path("data"), "Folder of everything stored here: database, files, temporary files, keys.")
    host: str = setting("0.0.0.0", "Address to listen on. The default answers the whole local network.")  # noqa: S104 - phones come over the LAN
    port: int = setting(8000, "Port to listen on.")
    public_url: str = setting(
        "", "The address phones and people use, such as `https://relais.example.org`. Empty: taken from the request."
    )
    database_url: str = setting(
        "", "Empty: SQLite in the data folder. Else `postgresql+psycopg://user:password@host/name`."
    )
    storage_url: str = setting("", "Empty: files in the data folder. Else `file:///folder`.")
    admin_email: str = setting("admin@relais.local", "The first administrator's e-mail, used at the first start only.")
    admin_password: str = setting("", "The first administrator's password. Empty: one is made up and shown once.")
    language: str = setting("fr", "Language of pages and messages when nobody has chosen one: `fr` or `en`.")
    secret_key: str = setting(
        "",
        "Key of tokens and signatures, the same for all workers of a hub. Empty: made once and kept in the data folder.",
    )
    project_name: str = setting("Relais", "Name of project 1, made at the first start with the bundled surveys.")
    late: str = setting(
        "keep", "New submissions for a closed form: `keep` them aside for a supervisor, or `refuse` them."
    )
    accept_content_length: int = setting(
        2_000_000, "Bytes per POST announced to phones, so that each photo is a short request."
    )
    max_xml_bytes: int = setting(20_000_000, "Largest submission XML, in bytes.")
    max_file_bytes: int = setting(1_073_741_824, "Largest single file sent with a submission, in bytes.")
    reserve_bytes: int = setting(200_000_000, "Free disk space below which nothing new is accepted, in bytes.")
    threads: int = setting(32, "Requests answered at once.")
    trusted_proxies: str = setting("", "Addresses, separated by commas, whose `X-Forwarded-*` headers are believed.")
    insecure_basic: bool = setting(
        False, "Accept Basic passwords, and the cookies of the API, over plain http too (https always may)."
    )
    conflict_limit: int = setting(20, "Different contents kept aside for one instanceID.")
    conflict_quota: int = setting(500, "Open conflicts kept aside for one credential.")
    mail_url: str = setting(
        "", "The mail server, `smtp://user:password@host:587` or `smtps://…`. Empty: administrators hand over links."
    )
    mail_from: str = setting("relais@localhost", "The address letters come from.")
    webhooks_to_lan: bool = setting(
        False, "Let webhooks go to the local network and to this machine, and over plain http."
    )
    s3_endpoint: str = setting(
        "",
        "The object store that `relais export --to s3://…` fills, such as `https://s3.example.org`. Empty: Amazon's.",
    )
    s3_region: str = setting("us-east-1", "Its region; most stores of one's own take any.")
    s3_key_id: str = setting("", "The name of the key with which exports are stored there.")
    s3_secret: str = setting("", "The key itself.")
    log_level: str = setting("INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`.")

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", Path(self.data).expanduser().resolve())
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        if self.public_url and not _ORIGIN.fullmatch(self.public_url):
            raise SettingError("RELAIS_PUBLIC_URL must be like https://relais.example.org, without a path.")
        if not 0 < self.port < 65536:
            raise SettingError("RELAIS_PORT must be a number from 1 to 65535.")
        if not self.project_name.strip():
            raise SettingError("RELAIS_PROJECT_NAME must not be blank.")
        for name, smallest in _SMALLEST.items():
            if getattr(self, name) < smallest:
                raise SettingError(f"{PREFIX}{name.upper()} must be {smallest} or more.")
        if self.language not in ("fr", "en"):
            raise SettingError("RELAIS_LANGUAGE must be fr or en.")
        if self.late not in ("keep", "refuse"):
            raise SettingError("RELAIS_LATE must be keep or refuse.")
        if self.database_url and not self.database_url.startswith(("postgresql+psycopg://", "sqlite:///")):
            raise SettingError("RELAIS_DATABASE_URL must start with postgresql+psycopg:// or sqlite:///.")
        if self.storage_url and not self.storage_url.startswith("file:///"):
            raise SettingError("RELAIS_STORAGE_URL must start with file:/// .")
        if self.mail_url and not _MAIL.fullmatch(self.mail_url):
            raise SettingError("RELAIS_MAIL_URL must be like smtp://user:password@host:587 or smtps://host.")
        if "@" not in self.mail_from or re.search(r"[\s<>]", self.mail_from):
            raise SettingError("RELAIS_MAIL_FROM must be an address such as relais@example.org.")
        if self.s3_endpoint and not _ORIGIN.fullmatch(self.s3_endpoint.rstrip("/")):
            raise SettingError("RELAIS_S3_ENDPOINT must be like https://s3.example.org, without a path.")
        if self.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise SettingError("RELAIS_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
        _addresses(self.trusted_proxies)

    @property
    def proxies(self) -> tuple[str, ...]:
        """Addresses of the proxies whose forwarding headers are believed."""
        return _addresses(self.trusted_proxies)

    @property
    def temporary(self) -> Path:
        """Folder for unfinished files, on the filesystem of the data so that a rename is enough."""
        return self.data / "tmp"

    @property
    def blobs(self) -> Path:
        """Folder of stored files, named by their SHA-256."""
        return Path(urlsplit(self.storage_url).path) if self.storage_url else self.data / "files"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in use."""
        return self.database_url or f"sqlite:///{self.data / 'relais.sqlite3'}"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment and the TOML file it names in RELAIS_CONFIG; SettingError on any unknown or bad one.

    An empty variable counts as absent: that is how container tools hand on what nobody has set.
    """
    environ = os.environ if environ is None else environ
    known = {spec.name: spec.default for spec in fields(Settings)}
    chosen: dict[str, Any] = {}
    config = environ.get(PREFIX + "CONFIG")
    if config:
        for name, value in _toml(Path(config)).items():
            if name not in known:
                raise SettingError(f"{config} has an unknown setting: {name}.")
            chosen[name] = _cast(known[name], value, f"{PREFIX}{name.upper()} ({name} in {config})")
    secrets = {}
    for key, text in environ.items():
        if not key.startswith(PREFIX) or key == PREFIX + "CONFIG" or key.startswith(PREFIX + "TEST_"):
            continue
        name = key.removeprefix(PREFIX).lower()
        if name.removesuffix("_file") in SECRETS and name.endswith("_file"):
            secrets[key] = name.removesuffix("_file")
        elif name not in known:
            raise SettingError(f"{key} is not a setting of Relais; see docs/settings.md.")
        elif text:
            chosen[name] = _cast(known[name], text, key)
    for key, name in secrets.items():
        if environ[key]:
            chosen[name] = _secret(key, Path(environ[key]))
    return Settings(**chosen)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"RELAIS_CONFIG: {path} cannot be read ({error}).") from error


def _secret(key: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingError(f"{key}: {path} cannot be read.") from error


def _cast(default: Any, value: Any, key: str) -> Any:
    """`value`, a text or what TOML made of it, as the kind of thing the default is."""
    if isinstance(default, bool):
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if str(value).lower() not in words:
            raise SettingError(f"{key} must be true or false.")
        return words[str(value).lower()]
    if isinstance(default, int):
        if not re.fullmatch(r"-?\d{1,18}", str(value).replace("_", "")) or isinstance(value, bool):
            raise SettingError(f"{key} must be a whole number.")
        return int(value)
    if not isinstance(value, str):
        raise SettingError(f"{key} must be a text in quotes.")
    return Path(value) if isinstance(default, Path) else value


def _addresses(text: str) -> tuple[str, ...]:
    """The addresses of a list, spelt as sockets spell them."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tuple(str(ipaddress.ip_address(part)) for part in parts)
    except ValueError as error:
        raise SettingError(f"RELAIS_TRUSTED_PROXIES: {error}.") from error
