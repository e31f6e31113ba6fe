"""The phone of the tests is itself tested: it behaves as Collect does and notices a server that breaks the contract."""

import base64
import gzip
import json
import random
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.handset.client import date_header
from tests.handset.stub import FORM, Reply, Stub, xml
from tests.phone import ContractBroken, FetchFailed, Phone, State

FILLED = (
    b"<?xml version='1.0' encoding='UTF-8' ?><data id=\"passage\" version=\"1\"><age>7</age>"
    b"<meta><instanceID>uuid:1</instanceID></meta></data>"
)


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture
def phone(stub: Stub) -> Phone:
    return Phone(stub.url, device_id="collect:abcdefghijklmnop")


def settings_code(content: object) -> str:
    return base64.b64encode(zlib.compress(json.dumps(content).encode())).decode()


def test_a_scanned_code_sets_the_server_url_and_the_update_mode(stub: Stub) -> None:
    general = {"server_url": stub.url, "form_update_mode": "match_exactly", "autosend": "wifi_and_cellular"}
    phone = Phone.from_qr(settings_code({"general": general, "project": {"name": "Frontière"}, "admin": {}}))
    assert (phone.server_url, phone.form_update_mode) == (stub.url, "match_exactly")


TOO_MUCH = {"general": {"server_url": "http://h", "x": random.Random(1).randbytes(4000).hex()}, "admin": {}}


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("not base64!", "C60"),
        (base64.b64encode(gzip.compress(b"{}", mtime=0)).decode(), "C60"),
        (settings_code({"general": {"server_url": "http://h"}}), "C61"),
        (settings_code({"general": {}, "admin": {}}), "C65"),
        (settings_code(TOO_MUCH), "C60"),
    ],
)
def test_a_code_collect_would_refuse_is_refused(text: str, item: str) -> None:
    with pytest.raises(ContractBroken, match=f"^{item}:"):
        Phone.from_qr(text)


def test_every_request_carries_collects_headers_in_order_and_the_device_id(stub: Stub, phone: Phone) -> None:
    phone.form_list()
    (request,) = stub.received
    assert request.target == "/formList?deviceID=collect%3Aabcdefghijklmnop"
    names = [name for name, _ in request.lines]
    assert names == ["User-Agent", "X-OpenRosa-Version", "Date", "Host", "Connection", "Accept-Encoding"]


def test_the_date_header_is_twelve_hours_off_in_the_afternoon() -> None:
    assert date_header(datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC).timestamp()) == "Sun, 22 Nov 2026 03:04:05 GMT"


def test_trailing_slashes_of_the_server_url_are_stripped(stub: Stub) -> None:
    Phone(stub.url + "/v1//", device_id="d").server_url.rstrip("/")
    stub.replies[("GET", "/v1/formList")] = xml('<xforms xmlns="http://openrosa.org/xforms/xformsList"/>')
    assert Phone(stub.url + "/v1//").form_list() == []


def test_a_first_refresh_downloads_form_and_media_and_a_second_finds_them_on_the_device(
    stub: Stub, phone: Phone
) -> None:
    first = phone.refresh()
    second = phone.refresh()
    assert (first.states["passage"], second.states["passage"]) == (State.NEW, State.ON_DEVICE)
    assert phone.form("passage").media == stub.media
    assert (first.downloaded, second.downloaded) == (["passage"], [])


def test_a_second_refresh_revalidates_with_the_etag_and_reads_the_304_as_200(stub: Stub, phone: Phone) -> None:
    phone.refresh()
    stub.received.clear()
    assert phone.refresh().states == {"passage": State.ON_DEVICE}
    assert [bool(one.header("If-None-Match")) for one in stub.received] == [True, True]


def test_without_an_etag_the_old_date_is_sent_back(stub: Stub, phone: Phone) -> None:
    stub.replies[("GET", "/formList")] = Reply(
        200, stub.list_xml().encode(), {"Content-Type": "text/xml", "X-OpenRosa-Version": "1.0"}
    )
    phone.form_list()
    phone.form_list()
    assert stub.received[1].header("If-Modified-Since")
    assert "C20: no ETag on the form list" in phone.remarks


def test_max_age_hides_changes_even_from_a_manual_refresh(stub: Stub, phone: Phone) -> None:
    stub.replies[("GET", "/formList")] = xml(stub.list_xml(), **{"Cache-Control": "max-age=60"})
    phone.form_list()
    phone.form_list()
    assert len(stub.received) == 1


def test_a_changed_media_file_makes_the_form_updated_media(stub: Stub, phone: Phone) -> None:
    phone.refresh()
    stub.media["posts.csv"] = b"name,label\nB,Ayorou\n"
    assert phone.refresh().states["passage"] is State.UPDATED_MEDIA
    assert phone.form("passage").media["posts.csv"].endswith(b"Ayorou\n")


def test_a_new_version_is_updated_version_and_both_stay_on_the_phone(stub: Stub, phone: Phone) -> None:
    phone.refresh()
    stub.form = FORM.replace(b'version="1"', b'version="2"')
    stub.replies[("GET", "/formList")] = xml(stub.list_xml().replace("<version>1", "<version>2"))
    assert phone.refresh().states["passage"] is State.UPDATED_VERSION
    assert [form.version for form in phone.forms] == ["1", "2"]
    assert phone.form("passage").version == "2"


def test_changed_bytes_under_the_same_version_break_the_contract(stub: Stub, phone: Phone) -> None:
    phone.refresh()
    stub.form = FORM.replace(b"<age/>", b"<years/>")
    with pytest.raises(ContractBroken, match="^C16:"):
        phone.refresh()


def test_match_exactly_deletes_a_form_that_left_the_list_but_keeps_it_for_unsent_instances(
    stub: Stub, phone: Phone
) -> None:
    phone.refresh()
    phone.finalize(FILLED)
    stub.replies[("GET", "/formList")] = xml('<xforms xmlns="http://openrosa.org/xforms/xformsList"/>')
    assert phone.refresh().deleted == ["passage"]
    assert [form.deleted for form in phone.forms] == [True]


def test_a_failed_list_changes_nothing(stub: Stub, phone: Phone) -> None:
    phone.refresh()
    stub.replies[("GET", "/formList")] = Reply(503)
    with pytest.raises(FetchFailed) as failure:
        phone.refresh()
    assert (failure.value.status, len(phone.forms)) == (503, 1)


NAMESPACE = 'xmlns="http://openrosa.org/xforms/xformsList"'
ENTRY = (
    f"<xform><formID>a</formID><name>A</name><hash>md5:{'0' * 32}</hash><downloadUrl>http://h/f</downloadUrl></xform>"
)


@pytest.mark.parametrize(
    ("reply", "item"),
    [
        (xml(f"<xforms {NAMESPACE}/>", **{"Content-Type": "application/xml"}), "C6"),
        (Reply(200, b"<xforms/>", {"Content-Type": "text/xml"}), "C7"),
        (xml(f"\ufeff<xforms {NAMESPACE}/>"), "C8"),
        (xml(f"\n<xforms {NAMESPACE}/>"), "C8"),
        (xml("<xforms/>"), "C9"),
        (xml(f"<xforms {NAMESPACE}>{ENTRY}{ENTRY.replace('<name>A</name>', '<name> </name>')}</xforms>"), "C10"),
        (xml(f"<xforms {NAMESPACE}>{ENTRY.replace('md5:', 'sha1:')}</xforms>"), "C11"),
        (xml(f"<xforms {NAMESPACE}>{ENTRY.replace('md5:' + '0' * 32, ' ')}</xforms>"), "C11"),
        (xml(f"<xforms {NAMESPACE}>{ENTRY.replace('http://h/f', '/f')}</xforms>"), "C13"),
        (xml(f"<xforms {NAMESPACE}>{ENTRY.replace('http://h/f', 'http://h/é f')}</xforms>"), "C13"),
        (Reply(204), "C3"),
        (Reply(200, b"x", {"Content-Encoding": "br"}), "C5"),
    ],
)
def test_a_bad_form_list_is_named_by_its_clause(stub: Stub, phone: Phone, reply: Reply, item: str) -> None:
    stub.replies[("GET", "/formList")] = reply
    with pytest.raises(ContractBroken, match=f"^{item}:"):
        phone.form_list()


@pytest.mark.parametrize(
    ("old", "new", "item"),
    [
        ("md5:", "", "C22"),
        ("<filename>posts.csv</filename>", "", "C22"),
        ("<filename>posts.csv", "<filename>a/posts.csv", "C23"),
        ("xformsManifest", "xformsList", "C21"),
    ],
)
def test_a_bad_manifest_is_named_by_its_clause(stub: Stub, phone: Phone, old: str, new: str, item: str) -> None:
    stub.replies[("GET", "/manifest")] = xml(stub.manifest_xml().replace(old, new))
    with pytest.raises(ContractBroken, match=f"^{item}:"):
        phone.refresh()


def test_a_manifest_that_fails_would_lose_the_media_silently(stub: Stub, phone: Phone) -> None:
    stub.replies[("GET", "/manifest")] = Reply(500)
    with pytest.raises(ContractBroken, match="^C24:"):
        phone.refresh()


@pytest.mark.parametrize(
    ("path", "body", "item"),
    [("/form", FORM + b" ", "C15"), ("/media/posts.csv", b"other", "C25")],
)
def test_bytes_that_are_not_the_listed_hash_are_noticed(
    stub: Stub, phone: Phone, path: str, body: bytes, item: str
) -> None:
    stub.replies[("GET", path)] = Reply(200, body)
    with pytest.raises(ContractBroken, match=f"^{item}:"):
        phone.refresh()


def test_gzip_is_transparent(stub: Stub, phone: Phone) -> None:
    stub.replies[("GET", "/form")] = Reply(200, gzip.compress(FORM), {"Content-Encoding": "gzip", "ETag": '"g"'})
    phone.refresh()
    assert phone.form("passage").xml == FORM


def entity_manifest(stub: Stub) -> None:
    stub.replies[("GET", "/manifest")] = xml(
        stub.manifest_xml().replace("<mediaFile>", '<mediaFile type="entityList">')
    )


def test_a_form_with_an_entity_list_is_updated_media_at_every_refresh(stub: Stub, phone: Phone) -> None:
    stub.media["posts.csv"] = b"name,label,__version\nu1,Assamaka,1\n"
    entity_manifest(stub)
    phone.refresh()
    assert phone.refresh().states["passage"] is State.UPDATED_MEDIA
    assert phone.form("passage").attachments == stub.media


@pytest.mark.parametrize(
    "csv", [b"name,label\nu1,A\n", b"name,label,__version\nu1,A,one\n", b"name,label,__version\nu1,A\n"]
)
def test_an_entity_list_the_phone_cannot_import_is_noticed(stub: Stub, phone: Phone, csv: bytes) -> None:
    stub.media["posts.csv"] = csv
    entity_manifest(stub)
    with pytest.raises(ContractBroken, match="^C28:"):
        phone.refresh()
