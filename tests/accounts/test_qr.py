import base64
import json
import re
import struct
import zlib
from typing import Any

import pytest
import zxingcpp

from accounts.qr import png, settings_text, svg, terminal

URL = "http://192.168.1.10:8000/v1/key/" + "x" * 64 + "/projects/1"


def document(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    return found


def scan(rows: list[list[int]], scale: int = 4) -> str:
    """What a scanner reads from rows of pixels, 1 being dark."""
    wide = [bytes(0 if pixel else 255 for pixel in row for _ in range(scale)) for row in rows]
    image = memoryview(b"".join(line for line in wide for _ in range(scale))).cast(
        "B", (len(wide) * scale, len(wide[0]))
    )
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    assert len(found) == 1
    return str(found[0].text)


def rows_of_png(picture: bytes) -> list[list[int]]:
    """The pixels of a 1-bit PNG without interlace, as segno writes it."""
    width, height, depth, kind = struct.unpack(">IIBB", picture[16:26])
    assert (depth, kind) == (1, 0)
    data = b"".join(picture[match.end() : match.end() + length] for match, length in chunks(picture))
    lines = zlib.decompress(data)
    stride = 1 + (width + 7) // 8
    packed, above = [], bytes(stride - 1)
    for start in range(0, height * stride, stride):
        method, line = lines[start], lines[start + 1 : start + stride]
        assert method in (0, 2)  # as it is, or the difference to the line above
        above = bytes((byte + before) % 256 for byte, before in zip(line, above, strict=True)) if method else line
        packed.append(above)
    return [[1 - (line[x // 8] >> (7 - x % 8) & 1) for x in range(width)] for line in packed]


def chunks(picture: bytes) -> list[tuple[re.Match[bytes], int]]:
    return [(m, int.from_bytes(picture[m.start() - 4 : m.start()], "big")) for m in re.finditer(b"IDAT", picture)]


def rows_of_terminal(drawing: str) -> list[list[int]]:
    rows: list[list[int]] = []
    for line in drawing.splitlines():
        cells = line.removeprefix("\x1b[38;5;16;48;5;231m").removesuffix("\x1b[0m")
        rows += [[cell in "▀█" for cell in cells], [cell in "▄█" for cell in cells]]
    return rows


def rows_of_svg(element: str) -> list[list[int]]:
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', element)[1])  # type: ignore[index]
    rows = [[0] * size for _ in range(size)]
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.search(r'd="(M4[^"]+)"', element)[1]):  # type: ignore[index]
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            rows[int(y)][int(x) : int(x + values[0])] = [1] * int(values[0])
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return rows


def test_a_key_url_makes_the_settings_central_makes_c61_c62() -> None:
    assert document(settings_text(URL, "Enquête")) == {
        "general": {"server_url": URL, "form_update_mode": "match_exactly", "autosend": "wifi_and_cellular"},
        "project": {"name": "Enquête"},
        "admin": {},
    }


def test_the_text_is_one_line_of_base64_of_zlib_c60() -> None:
    text = settings_text(URL, "Enquête 😀" * 20)
    assert re.fullmatch("[A-Za-z0-9+/]+=*", text)
    assert len(text) % 4 == 0


def test_a_login_a_look_and_further_settings_are_carried_c63_c64_c66() -> None:
    text = settings_text(
        "http://10.0.0.1:8000/v1/projects/1",
        "Poste",
        username="agent-07",
        password="sable",
        icon="🐪",
        color="#1b5e20",
        language="fr",
        general={"autosend": "wifi_only", "delete_send": False},
        admin={"change_server": False},
    )
    assert document(text) == {
        "general": {
            "server_url": "http://10.0.0.1:8000/v1/projects/1",
            "username": "agent-07",
            "password": "sable",
            "form_update_mode": "match_exactly",
            "autosend": "wifi_only",
            "app_language": "fr",
            "delete_send": False,
        },
        "project": {"name": "Poste", "icon": "🐪", "color": "#1b5e20"},
        "admin": {"change_server": False},
    }


@pytest.mark.parametrize("color", ["green", "#12345", "#1234567", "1b5e20"])
def test_a_colour_collect_cannot_read_is_refused(color: str) -> None:
    with pytest.raises(ValueError, match="colour"):
        settings_text(URL, "Poste", color=color)


def test_a_text_collect_would_refuse_is_refused_c60() -> None:
    noise = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(1_500))
    with pytest.raises(ValueError, match="4000"):
        settings_text(URL, noise)


@pytest.mark.parametrize("name", ["Poste", "Enquête sur la résilience des communautés du Sahel, région de l'Est 2026"])
def test_every_picture_scans_back_to_its_text(name: str) -> None:
    text = settings_text(URL, name)
    assert scan(rows_of_png(png(text, scale=3)), scale=1) == text
    assert scan(rows_of_svg(svg(text))) == text
    assert scan(rows_of_terminal(terminal(text))) == text


def test_equal_settings_give_equal_bytes_c65() -> None:
    first, second = settings_text(URL, "Poste"), settings_text(URL, "Poste")
    assert (first, png(first), svg(first), terminal(first)) == (second, png(second), svg(second), terminal(second))


@pytest.mark.parametrize(("length", "quiet"), [(100, 4), (420, 4), (450, 2)])
def test_the_drawing_keeps_its_quiet_zone_within_80_columns(length: int, quiet: int) -> None:
    rows = rows_of_terminal(terminal("x" * length))
    assert len(rows[0]) <= 80
    dark = [[x for x, pixel in enumerate(row) if pixel] for row in rows]
    assert min(row[0] for row in dark if row) == quiet
    assert next(y for y, row in enumerate(dark) if row) == quiet
    assert len(rows[0]) - 1 - max(row[-1] for row in dark if row) == quiet


def test_every_line_of_the_drawing_sets_and_resets_its_own_colours() -> None:
    for line in terminal("relais").splitlines():
        assert re.fullmatch("\x1b\\[38;5;16;48;5;231m[ ▀▄█]+\x1b\\[0m", line)


def test_the_svg_needs_no_style_and_no_size() -> None:
    element = svg("relais")
    assert element.startswith("<svg")
    assert "style" not in element
    assert "width" not in element.split(">")[0]
