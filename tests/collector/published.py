"""Forms to be published in tests of the conversation with phones."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

FORM = (
    '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>{title}</h:title><model>{submission}'
    '<itext><translation lang="fr">{media}</translation></itext>'
    "<instance><data id={form_id}{version}><name/><photo/><meta><instanceID/></meta></data></instance>{tables}"
    '<bind nodeset="/data/name" type="string"/><bind nodeset="/data/photo" type="binary"/></model></h:head>'
    '<h:body><input ref="/data/name"><label>Nom</label></input>'
    '<upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload></h:body></h:html>'
)


def form_with_files(
    form_id: str = "survey",
    version: str = "1",
    *,
    title: str = "Enquête",
    images: Iterable[str] = (),
    tables: Iterable[str] = (),
    submission: str = "",
) -> bytes:
    """An XForm that asks for these pictures and these CSV files."""
    media = "".join(
        f'<text id="m{number}"><value form="image">jr://images/{escape(name)}</value></text>'
        for number, name in enumerate(images)
    )
    instances = "".join(
        f'<instance id="t{number}" src={quoteattr(f"jr://file-csv/{name}")}/>' for number, name in enumerate(tables)
    )
    return FORM.format(
        title=escape(title),
        form_id=quoteattr(form_id),
        version=f" version={quoteattr(version)}" if version else "",
        media=media,
        tables=instances,
        submission=submission,
    ).encode()


def filled(form_id: str, version: str, instance_id: str, *, name: str = "Aïchatou", photo: str = "") -> bytes:
    """That form as a phone fills it."""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id={quoteattr(form_id)} version={quoteattr(version)}>"
        f"<name>{escape(name)}</name><photo>{escape(photo)}</photo>"
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>"
    ).encode()
