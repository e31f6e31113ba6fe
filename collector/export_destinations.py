"""Where the command line puts exports: a folder, or a bucket of an S3-compatible store (extra `s3`)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from config.settings import Settings

if TYPE_CHECKING:
    from obstore.store import S3Config

S3 = "s3"
# A store that is away is asked again for so long.
RETRY_SECONDS = 180


class NoDestination(Exception):
    """The place cannot be used; the text says why and names no secret."""


class Destination(Protocol):
    """Takes finished files."""

    def scratch(self) -> "Any":
        """A context: the folder in which a file is made first."""

    def put(self, path: Path) -> str:
        """Keep a file made in `scratch` under its own name, whole or not at all; where it is. NoDestination if it cannot be."""

    def note(self, name: str, content: bytes) -> None:
        """Keep a few bytes beside it."""


class Folder:
    """A folder that is there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """The folder itself: a file gets its name when it is whole."""
        yield self._path

    def put(self, path: Path) -> str:
        """It is there already."""
        return str(path)

    def note(self, name: str, content: bytes) -> None:
        """See Destination."""
        (self._path / name).write_bytes(content)


class Bucket:
    """A place in a bucket: an object appears there when all of it has arrived."""

    def __init__(self, settings: Settings, bucket: str, prefix: str) -> None:
        from obstore.store import S3Store

        self._temporary, self._address = settings.temporary, f"s3://{bucket}/" + (f"{prefix}/" if prefix else "")
        options: S3Config = {
            "region": settings.s3_region,
            "virtual_hosted_style_request": not settings.s3_endpoint,
        }
        if settings.s3_endpoint:
            options["endpoint"] = settings.s3_endpoint
        if settings.s3_key_id:
            options["access_key_id"], options["secret_access_key"] = settings.s3_key_id, settings.s3_secret
        self._store = S3Store(
            bucket,
            prefix=prefix or None,
            config=options,
            client_options={"allow_http": settings.s3_endpoint.startswith("http://"), "timeout": "120s"},
            retry_config={"max_retries": 10, "retry_timeout": _seconds(RETRY_SECONDS)},
        )

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder of its own, gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self._temporary) as folder:
            yield Path(folder)

    def put(self, path: Path) -> str:
        """See Destination."""
        import obstore

        with _told(self._address), path.open("rb") as file:
            obstore.put(self._store, path.name, file)
            size = obstore.head(self._store, path.name)["size"]
        if size != path.stat().st_size:
            raise NoDestination(f"{self._address}{path.name} has {size} bytes there and {path.stat().st_size} here.")
        return self._address + path.name

    def note(self, name: str, content: bytes) -> None:
        """See Destination."""
        import obstore

        with _told(self._address):
            obstore.put(self._store, name, content)


def destination(settings: Settings, to: str) -> Destination | None:
    """A folder that is there, or `s3://bucket/prefix`; None for anything else: a file. NoDestination where S3 cannot be."""
    place = urlsplit(to)
    if place.scheme != S3:
        return Folder(Path(to)) if Path(to).is_dir() else None
    if find_spec("obstore") is None:
        raise NoDestination("This installation cannot write to S3: `pip install 'relais[s3]'` brings what it needs.")
    if not place.netloc:
        raise NoDestination(f"{to} names no bucket.")
    return Bucket(settings, place.netloc, place.path.strip("/"))


@contextmanager
def _told(address: str) -> Iterator[None]:
    """What a store answers, in a sentence: its own words may repeat what was sent."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        raise NoDestination(f"Nothing was stored in {address}: {type(error).__name__}.") from None


def _seconds(number: int) -> Any:
    from datetime import timedelta

    return timedelta(seconds=number)
