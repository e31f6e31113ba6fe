"""A real browser, the size of a phone unless a test wants another."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from playwright.sync_api import Browser, Page, sync_playwright

from tests.installation import PASSWORD, Installation, instance, new_id, xform
from tests.served import Place, Served
from tests.skips import require_tool

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this process."""
    require_tool("Chromium", CHROMIUM.exists(), "apt install chromium")
    with sync_playwright() as playwright:
        # The sandbox of Chromium does not work for root, which CI is.
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Open]:
    """Opens a page of the served installation in a fresh browser; `who` signs in first."""
    contexts = []

    def open_page(path: str, *, who: str = "admin@example.org", size: dict[str, int] = PHONE, **choices: Any) -> Page:
        context = chromium.new_context(**{"viewport": size, "locale": "fr-FR", "base_url": served.url, **choices})
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        if who:
            page.fill("#email", who)
            page.fill("#password", PASSWORD)
            page.click("main button")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def busy(place: Place) -> Place:
    """A project with something of every kind: submissions, a correction, a conflict, a photo, a held edit, two phones, a
    draft with a missing file."""
    fill(place.relais)
    return place


def fill(relais: Installation) -> None:
    """See `busy`."""
    first, edit = new_id(), new_id()
    relais.post(instance(first, instance_name="Ménage de Boudouri", photo="a.jpg"), {"a.jpg": PHOTO})
    relais.post(instance(edit, deprecated_id=first, name="Mariama", instance_name="Ménage de Boudouri", photo="a.jpg"))
    relais.post(
        instance(first, name="Une autre copie, avec un nom très long qui ne tient pas sur une ligne de téléphone")
    )
    relais.post(instance(new_id(), instance_name="Ménage de Kablewa"))
    relais.post(instance(new_id(), deprecated_id=new_id()))
    relais.new_phone("Aïcha Moussa")
    asking = b'</instance><instance id="l" src="jr://file/une_liste_au_nom_tres_long_pour_un_telephone.csv"/>'
    relais.draft(xform(version="2").replace(b"</instance>", asking))


GREY = """async (picture) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const pixels = canvas.getImageData(0, 0, image.width, image.height).data;
  return [image.width, image.height, Array.from({length: pixels.length / 4}, (_, place) => pixels[4 * place])];
}"""


def read(page: Page, picture: bytes) -> str:
    """The text of the QR code in a PNG; the browser unpacks it."""
    blank = page.context.new_page()
    width, height, shades = blank.evaluate(GREY, base64.b64encode(picture).decode())
    image = memoryview(bytes(shades)).cast("B", shape=[height, width])
    return str(zxingcpp.read_barcodes(image, formats=zxingcpp.barcode_formats_from_str("QRCode"))[0].text)


# A JPEG of eight grey pixels by eight.
PHOTO = bytes.fromhex(
    "ffd8ffdb004300" + "01" * 64 + "ffc0000b080008000801011100"
    "ffc4001f0000010501010101010100000000000000000102030405060708090a0b"
    "ffc400b5100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282"
    "090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788"
    "898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1"
    "f2f3f4f5f6f7f8f9fa" + "ffda0008010100003f00fbd3ffd9"
)
