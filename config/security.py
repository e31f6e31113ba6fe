"""What keeps a page from being used against its reader: response headers and proof that a form is ours. Pure."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# No inline script or style, nothing from elsewhere, no frame around us. A view that needs more (ODK Web Forms wants
# 'wasm-unsafe-eval') sets its own header; ours is only a default.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def security_headers(https: bool) -> Mapping[str, str]:
    """Headers for every answer; those browsers refuse on plain http (a post's own Wi-Fi) only over https."""
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), payment=()",
    }
    if https:
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return headers


def safe_path(target: str | None) -> str:
    """`target` when it is a path of this site, else `/`: a redirect may never lead elsewhere.

    Browsers read `//host`, `/\\host` and paths with tabs or newlines as another site.
    """
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return "/"
    if any(character.isspace() or ord(character) < 32 or ord(character) == 127 for character in target):
        return "/"
    return target


def csrf_token(secret: bytes, session: str) -> str:
    """A fresh token that `csrf_matches` accepts for the same session; salted, so no two pages carry the same bytes."""
    salt = token_urlsafe(12)
    return f"{salt}.{_csrf_mac(secret, session, salt)}"


def csrf_matches(secret: bytes, session: str, token: str | None) -> bool:
    """True when `token` was made by `csrf_token` for this secret and session."""
    salt, _, mac = (token or "").partition(".")
    return hmac.compare_digest(mac.encode(), _csrf_mac(secret, session, salt).encode())


def _csrf_mac(secret: bytes, session: str, salt: str) -> str:
    return hmac.new(secret, f"csrf\0{salt}\0{session}".encode(), sha256).hexdigest()


def comes_from_elsewhere(method: str, host: str, sec_fetch_site: str | None, origin: str | None) -> bool:
    """True when a browser says that another site made this writing request.

    `Sec-Fetch-Site` is not sent over plain http, so `Origin` is compared with the Host then; a program sends neither.
    """
    if method in SAFE_METHODS:
        return False
    if sec_fetch_site:
        return sec_fetch_site not in ("same-origin", "none")
    return origin is not None and host_of(origin) != host


def host_of(url: str) -> str:
    """Host and port of an address somebody sent; "" for what is none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
