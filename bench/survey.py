"""The survey the figures are about: 48 questions and a repeat of 3 rows, 2-6 KB of XML, as ODK Collect would send it."""

import random
from collections.abc import Iterator
from uuid import UUID

QUESTIONS = 48
BOUNDARY = b"5d1f0a8e-0000-4000-8000-relaisbench0"


def xform() -> bytes:
    """The form, as an XForm."""
    names = [f"question_{number}" for number in range(QUESTIONS)]
    nodes = "".join(f"<{name}/>" for name in names)
    binds = "".join(f'<bind nodeset="/data/{name}" type="{_type(number)}"/>' for number, name in enumerate(names))
    controls = "".join(f'<input ref="/data/{name}"><label>{name}</label></input>' for name in names)
    return (
        '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
        'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Bench</h:title><model><instance>'
        f'<data id="bench" version="1">{nodes}<photo/><member jr:template=""><name/><age/><sex/><role/></member>'
        "<meta><instanceID/><instanceName/></meta></data></instance>"
        f'{binds}<bind nodeset="/data/photo" type="binary"/><bind nodeset="/data/member/age" type="int"/>'
        '<bind nodeset="/data/meta/instanceID" type="string"/></model></h:head><h:body>'
        f'{controls}<upload ref="/data/photo" mediatype="image/*"/><repeat nodeset="/data/member">'
        '<input ref="/data/member/name"/><input ref="/data/member/age"/></repeat></h:body></h:html>'
    ).encode()


def _type(number: int) -> str:
    return ("string", "int", "decimal", "date", "string", "geopoint")[number % 6]


def submission(chance: random.Random, photo: str = "") -> tuple[str, bytes]:
    """(instanceID, XML) of one filled form."""
    instance_id = f"uuid:{UUID(int=chance.getrandbits(128), version=4)}"
    answers = "".join(
        f"<question_{number}>{_answer(chance, number)}</question_{number}>" for number in range(QUESTIONS)
    )
    members = "".join(
        f"<member><name>Aïchatou {chance.randrange(10**6)}</name><age>{chance.randrange(90)}</age><sex>f</sex><role>chef</role></member>"
        for _ in range(3)
    )
    xml = (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id=\"bench\" version=\"1\">{answers}<photo>{photo}</photo>{members}"
        f"<meta><instanceID>{instance_id}</instanceID><instanceName>Ménage {chance.randrange(10**6)}</instanceName></meta></data>"
    )
    return instance_id, xml.encode()


def _answer(chance: random.Random, number: int) -> str:
    kind = number % 6
    if kind == 1:
        return str(chance.randrange(1000))
    if kind == 2:
        return f"{chance.random() * 100:.2f}"
    if kind == 3:
        return f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    if kind == 5:
        return f"{13 + chance.random():.6f} {2 + chance.random():.6f} 210.0 4.5"
    return chance.choice(
        ("oui", "non", "ne sait pas", "Poste de Makalondi, côté Burkina", "refus", "marché du dimanche")
    ) + str(chance.randrange(10**4))


def request(path: str, host: str, xml: bytes, photo: tuple[str, bytes] | None = None) -> bytes:
    """One whole POST in OkHttp's form."""
    parts = [
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="bench.xml"\r\n'
        b"Content-Type: text/xml\r\n\r\n" + xml + b"\r\n"
    ]
    if photo is not None:
        name = photo[0].encode()
        parts.append(
            b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="' + name + b'"; filename="' + name + b'"\r\n'
            b"Content-Type: image/jpeg\r\n\r\n" + photo[1] + b"\r\n"
        )
    body = b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"
    head = (
        f"POST {path}?deviceID=collect%3Aabcdefghijklmnop HTTP/1.1\r\nX-OpenRosa-Version: 1.0\r\n"
        "User-Agent: org.odk.collect.android/v2026.3.0 Dalvik/2.1.0\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}\r\nContent-Length: {len(body)}\r\n"
        f"Host: {host}\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    return head.encode() + body


def requests(path: str, host: str, count: int, seed: int, photo_bytes: int = 0) -> Iterator[bytes]:
    """`count` different submissions as requests."""
    chance = random.Random(seed)
    for number in range(count):
        photo = (f"{1_764_000_000_000 + number}.jpg", chance.randbytes(photo_bytes)) if photo_bytes else None
        yield request(path, host, submission(chance, photo[0] if photo else "")[1], photo)
