"""The QR code that sets up Collect (C60-C66), as text, picture and drawing for a terminal. Equal input, equal bytes."""

import base64
import io
import json
import re
import zlib
from collections.abc import Mapping

import segno

# Collect refuses to read a longer one (C60).
TEXT_LIMIT = 4_000
# What the QR standard asks for; a scanner in the sun needs it.
QUIET_ZONE = 4
NARROW_QUIET_ZONE = 2
TERMINAL_COLUMNS = 80
# Black on white by number: the named colours are whatever the terminal's theme makes of them.
TERMINAL_COLOURS = "\x1b[38;5;16;48;5;231m"
TERMINAL_RESET = "\x1b[0m"
# Indexed by the two modules that share a character cell: 2 * upper + lower, dark being 1.
HALF_BLOCKS = " ▄▀█"

_COLOUR = re.compile("#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")


def settings_text(
    server_url: str,
    project_name: str,
    *,
    username: str | None = None,
    password: str | None = None,
    icon: str | None = None,
    color: str | None = None,
    language: str | None = None,
    general: Mapping[str, str | bool] | None = None,
    admin: Mapping[str, str | bool] | None = None,
) -> str:
    """The text of a QR code that makes a Collect project follow this server: all its forms, sent as soon as possible.

    `server_url` is kept to the letter, because Collect recognises a project by it (C65). `general` and `admin` are
    further keys of those sections (C63, C64). ValueError if Collect could not read the result.
    """
    if color is not None and not _COLOUR.fullmatch(color):
        raise ValueError(f"A project colour is #rgb or #rrggbb, not {color!r}.")
    # Missing keys get Collect's defaults, of which the server's is demo.getodk.org (C65).
    sections: dict[str, dict[str, str | bool]] = {
        "general": {
            "server_url": server_url,
            **_given(username=username, password=password),
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
            **_given(app_language=language),
            **(general or {}),
        },
        "project": {"name": project_name, **_given(icon=icon, color=color)},
        "admin": dict(admin or {}),
    }
    document = json.dumps(sections, ensure_ascii=False, separators=(",", ":")).encode()
    text = base64.b64encode(zlib.compress(document, 9)).decode()
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"The settings make {len(text)} characters; Collect reads at most {TEXT_LIMIT}.")
    return text


def png(text: str, scale: int = 8) -> bytes:
    """`text` as a PNG picture, `scale` pixels per module, with its quiet zone."""
    picture = io.BytesIO()
    _code(text).save(picture, kind="png", scale=scale, border=QUIET_ZONE)
    return picture.getvalue()


def svg(text: str) -> str:
    """`text` as an `<svg>` element to put into a page; it takes the size its container gives it."""
    return _code(text).svg_inline(
        border=QUIET_ZONE, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None
    )


def svg_file(text: str) -> str:
    """`text` as an SVG document of its own."""
    return svg(text).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def terminal(text: str) -> str:
    """`text` drawn with half blocks, one line end per row, black on white whatever the terminal's background.

    Within 80 columns up to about 430 characters of text.
    """
    matrix = _code(text).matrix
    quiet = QUIET_ZONE if len(matrix) + 2 * QUIET_ZONE <= TERMINAL_COLUMNS else NARROW_QUIET_ZONE
    side = [0] * quiet
    light = [0] * (len(matrix) + 2 * quiet)
    rows = [light] * quiet + [side + list(row) + side for row in matrix] + [light] * quiet
    # A QR code has an odd number of rows.
    rows.append(light)
    lines = (
        "".join(HALF_BLOCKS[2 * upper + lower] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )
    return "".join(f"{TERMINAL_COLOURS}{line}{TERMINAL_RESET}\n" for line in lines)


def _given(**values: str | None) -> dict[str, str | bool]:
    return {name: value for name, value in values.items() if value is not None}


def _code(text: str) -> segno.QRCode:
    # Level L, or better where the same size allows it (C60).
    return segno.make_qr(text, error="L")
