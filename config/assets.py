"""Style, script and logo under addresses that change with their content, so that browsers may keep them for a year."""

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from flask import Request, Response
from werkzeug.wrappers import Response as AnyResponse

FOLDER = Path(__file__).parent / "static"
# Not from the machine's own table: one that calls a script text/plain would keep it from running.
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One static file, held in memory: all of them together are smaller than one photo."""

    name: str
    content_type: str
    digest: str
    body: bytes
    compressed: bytes

    def answer(self, request: Request, digest: str) -> AnyResponse:
        """The file for `request`. An address from before an update gives today's bytes, not to be kept."""
        small = request.accept_encodings.quality("gzip") > 0 and len(self.compressed) < len(self.body)
        response = Response(self.compressed if small else self.body, content_type=self.content_type)
        response.headers["Cache-Control"] = FOREVER if digest == self.digest else "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        if small:
            response.headers["Content-Encoding"] = "gzip"
        response.set_etag(self.digest, weak=True)
        return response.make_conditional(request)


def read_assets(folder: Path = FOLDER) -> dict[str, Asset]:
    """Every file below `folder` by its relative name, such as `relais.css`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {asset.name: asset for asset in (_read(path, path.relative_to(folder).as_posix()) for path in paths)}


def _read(path: Path, name: str) -> Asset:
    body = path.read_bytes()
    return Asset(name, TYPES[path.suffix], sha256(body).hexdigest()[:12], body, gzip.compress(body, mtime=0))
