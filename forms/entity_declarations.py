"""What a form says it will do with entities, read and judged as ODK Central does (its lib/data/dataset.js). Pure.

https://getodk.github.io/xforms-spec/entities
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from lxml.etree import _Element

from forms.errors import entities_unsupported
from forms.xform_document import XFormDocument, attribute, descendants, local_name

_SEMVER = re.compile(r"\s*v?(\d+)\.(\d+)\.(\d+)(?:\+[\w.-]+)?\s*", re.ASCII)
_FIRST, _LAST = (2022, 1, 0), (2025, 2, 0)
_OFFLINE, _REPEATED = (2024, 1, 0), (2025, 1, 0)


class Typed(Protocol):
    """What is needed of a field."""

    @property
    def path(self) -> str: ...
    @property
    def type(self) -> str: ...


@dataclass(frozen=True, slots=True)
class EntityList:
    """A list the form writes to: `path` is where its entities come from ("" the form, else a group or repeat);
    `properties` are (path of the question, property), the nearest list above a question taking it."""

    name: str
    actions: tuple[str, ...]
    path: str
    in_repeat: bool
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EntityDeclarations:
    """Every list the form writes to, and the version of the specification it follows."""

    version: str
    lists: tuple[EntityList, ...]

    @property
    def too_old_for_phones(self) -> bool:
        """Whether phones will not make these entities while they are offline."""
        return (_numbers(self.version) or _OFFLINE) < _OFFLINE


def read_entities(document: XFormDocument, fields: Sequence[Typed]) -> EntityDeclarations | None:
    """None for a form without entities; Problem 400.25 for what phones or lists could not make anything of."""
    found = list(_entity_elements(document.instance))
    if not found:
        return None
    version = attribute(document.model, "entities-version")
    if version is None:
        raise entities_unsupported(
            "Entities specification version is missing.", "la version des entités (entities-version) manque"
        )
    numbers = _numbers(version)
    if numbers is None or not _FIRST <= numbers < _LAST:
        raise entities_unsupported(
            f"Entities specification version [{version}] is not supported.",
            f"les téléphones ne connaissent pas entities-version « {version} »",
        )
    named = [(path, *_name_and_actions(entity)) for path, entity in found]
    repeats = {field.path for field in fields if field.type == "repeat"}
    properties = _properties(document, fields, [path for path, _, _ in named], repeats)
    lists = tuple(
        EntityList(name, actions, path, path in repeats, tuple(properties.get(path, ())))
        for path, name, actions in named
    )
    if numbers < _REPEATED and (len(lists) > 1 or any(each.in_repeat for each in lists)):
        raise entities_unsupported(
            f"Entities specification version [{version}] is not compatible with entities from repeats or multiple "
            "entity lists.  Please use version 2025.1.0 or later.",
            f"entities-version « {version} » ne permet ni entités de répétitions ni plusieurs listes ; "
            "prenez 2025.1.0 ou plus",
        )
    return EntityDeclarations(version, lists)


def _numbers(version: str) -> tuple[int, int, int] | None:
    match = _SEMVER.fullmatch(version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _entity_elements(instance: _Element) -> Iterator[tuple[str, _Element]]:
    """(path above its meta, element) of each `meta/entity`, in document order."""
    for entity in descendants(instance, "entity"):
        meta = entity.getparent()
        if meta is None or local_name(meta) != "meta":
            continue
        steps = [local_name(each) for each in meta.iterancestors() if each is not instance]
        # What is above the instance's root is not part of a path.
        above = steps[: steps.index("instance")] if "instance" in steps else steps
        yield "".join(f"/{step}" for step in reversed(above)), entity


def _name_and_actions(entity: _Element) -> tuple[str, tuple[str, ...]]:
    name = attribute(entity, "dataset")
    if name is None:
        raise entities_unsupported("Dataset name is missing.", "l’entité ne nomme aucune liste")
    name = name.strip()
    if not _is_list_name(name):
        raise entities_unsupported("Invalid dataset name.", f"« {name[:40]} » ne peut pas être le nom d’une liste")
    actions = tuple(action for action in ("create", "update") if attribute(entity, action) is not None)
    if not actions:
        raise entities_unsupported(
            "The form must specify at least one entity action, for example, create or update.",
            "l’entité n’est ni créée ni modifiée (create, update)",
        )
    return name, actions


def _is_list_name(name: str) -> bool:
    return not name.startswith("__") and _is_word(name, first=":_", others=":_-")


def _is_property_name(name: str) -> bool:
    lower = name.lower()
    return not lower.startswith("__") and lower not in ("name", "label") and _is_word(lower, first="_", others="._-")


def _is_word(name: str, first: str, others: str) -> bool:
    if not name or not (name[0].isalpha() or name[0] in first):
        return False
    return all(each.isalpha() or each in "0123456789" or each in others for each in name)


def _properties(
    document: XFormDocument, fields: Sequence[Typed], places: Sequence[str], repeats: set[str]
) -> dict[str, list[tuple[str, str]]]:
    """By place of a list, the questions whose answers it keeps."""
    root = f"/{document.root_name}"
    saved: dict[str, str] = {}
    for bind in descendants(document.model, "bind"):
        name = attribute(bind, "saveto")
        nodeset = attribute(bind, "nodeset") or attribute(bind, "ref")
        if name and nodeset:
            saved.setdefault(document.absolute(nodeset).removeprefix(root), name)
    found: dict[str, list[tuple[str, str]]] = {}
    for field in fields:
        name = saved.get(field.path)
        if name is None:
            continue
        if not _is_property_name(name):
            raise entities_unsupported(
                "Invalid entity property name.", f"« {name[:40]} » ne peut pas être le nom d’une propriété"
            )
        place, repeat = _nearest(places, field.path), _nearest(repeats, field.path)
        if place is None:
            continue
        if repeat is not None and len(repeat) > len(place):
            raise entities_unsupported(
                "Cannot save properties from a repeat on an entity outside of a repeat.",
                "une propriété d’une répétition ne peut pas aller à une entité hors de cette répétition",
            )
        found.setdefault(place, []).append((field.path, name))
    return found


def _nearest(places: Sequence[str] | set[str], path: str) -> str | None:
    above = [place for place in places if path.startswith(f"{place}/")]
    return max(above, key=len) if above else None
