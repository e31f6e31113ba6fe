"""What a client reads first: the list of a form's tables, and their description (EDMX, CSDL 4.0). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.odata.names import ROOT_TABLE, dotted, identifier, parent_key, table_name
from forms.xform import FormDefinition

NAMESPACE = "org.opendatakit.user"

_TYPES = {
    "int": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "geopoint": "Edm.GeographyPoint",
    "geotrace": "Edm.GeographyLineString",
    "geoshape": "Edm.GeographyPolygon",
    "date": "Edm.Date",
    "dateTime": "Edm.DateTimeOffset",
}
_SYSTEM = {
    "submissionDate": "Edm.DateTimeOffset",
    "updatedAt": "Edm.DateTimeOffset",
    "deletedAt": "Edm.DateTimeOffset",
    "submitterId": "Edm.String",
    "submitterName": "Edm.String",
    "attachmentsPresent": "Edm.Int64",
    "attachmentsExpected": "Edm.Int64",
    "status": "org.opendatakit.submission.Status",
    "reviewState": "org.opendatakit.submission.ReviewState",
    "deviceId": "Edm.String",
    "edits": "Edm.Int64",
    "formVersion": "Edm.String",
}
_ENUMERATIONS = {
    "Status": ("notDecrypted", "missingEncryptedFormData"),
    "ReviewState": ("hasIssues", "edited", "rejected", "approved"),
}
_CAPABILITIES = "Org.OData.Capabilities.V1"


def service_document(definition: FormDefinition, address: str) -> dict[str, Any]:
    """The list of tables; `address` is that of the service, absolute."""
    names = [table_name(table) for table in definition.tables]
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
    return {"@odata.context": f"{address}/$metadata", "value": sets}


@dataclass
class _Type:
    """An entity type (a table) or a complex type (a group): its lines `(name, type, is navigation)` in order."""

    name: str
    path: str
    properties: list[tuple[str, str, bool]] = field(default_factory=list)


def edmx(definition: FormDefinition) -> str:
    """The metadata document."""
    base = f"{NAMESPACE}.{identifier(definition.xml_form_id)}"
    entities, complexes = _types(definition, base)
    return "\n".join(_document(definition, base, entities, complexes))


def _types(definition: FormDefinition, base: str) -> tuple[list[_Type], list[_Type]]:
    root = _Type(ROOT_TABLE, "")
    entities, complexes = [root], []
    holders = {"": root}
    for each in definition.fields:
        holder = holders[each.path.rpartition("/")[0]]
        name, inside = identifier(each.name), dotted(each.path)
        if each.type == "repeat":
            made = _Type(f"{ROOT_TABLE}.{inside}", each.path)
            made.properties.append((parent_key(definition, definition.tables[each.table_no]), "Edm.String", False))
            entities.append(made)
            holder.properties.append((name, f"Collection({base}.{made.name})", True))
        elif each.column_no is None:
            made = _Type(inside, each.path)
            complexes.append(made)
            holder.properties.append((name, f"{base}.{inside}", False))
        else:
            holder.properties.append((name, _TYPES.get(each.type, "Edm.String"), False))
            continue
        holders[each.path] = made
    return entities, complexes


def _document(definition: FormDefinition, base: str, entities: list[_Type], complexes: list[_Type]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">'
    yield "  <edmx:DataServices>"
    yield from _system_schema()
    yield f'    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{base}">'
    for entity in entities:
        yield f'      <EntityType Name="{entity.name}">'
        yield '        <Key><PropertyRef Name="__id"/></Key>'
        yield '        <Property Name="__id" Type="Edm.String"/>'
        if entity.name == ROOT_TABLE:
            yield '        <Property Name="__system" Type="org.opendatakit.submission.metadata"/>'
        yield from _properties(entity)
        yield "      </EntityType>"
    for each in complexes:
        yield f'      <ComplexType Name="{each.name}">'
        yield from _properties(each)
        yield "      </ComplexType>"
    yield f'      <EntityContainer Name="{identifier(definition.xml_form_id)}">'
    for entity in entities:
        yield f'        <EntitySet Name="{entity.name}" EntityType="{base}.{entity.name}">'
        if entity.name == ROOT_TABLE:
            yield from _capabilities(entity)
        yield "        </EntitySet>"
    yield "      </EntityContainer>"
    yield "    </Schema>"
    yield "  </edmx:DataServices>"
    yield "</edmx:Edmx>"


def _system_schema() -> Iterator[str]:
    yield '    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="org.opendatakit.submission">'
    yield '      <ComplexType Name="metadata">'
    for name, kind in _SYSTEM.items():
        yield f'        <Property Name="{name}" Type="{kind}"/>'
    yield "      </ComplexType>"
    for name, members in _ENUMERATIONS.items():
        yield f'      <EnumType Name="{name}">'
        for member in members:
            yield f'        <Member Name="{member}"/>'
        yield "      </EnumType>"
    yield "    </Schema>"


def _properties(holder: _Type) -> Iterator[str]:
    for name, kind, navigation in holder.properties:
        element = "NavigationProperty" if navigation else "Property"
        yield f'        <{element} Name="{name}" Type="{kind}"/>'


def _capabilities(entity: _Type) -> Iterator[str]:
    indent = "          "
    yield (
        f'{indent}<Annotation Term="{_CAPABILITIES}.ConformanceLevel" '
        f'EnumMember="{_CAPABILITIES}.ConformanceLevelType/Minimal"/>'
    )
    yield f'{indent}<Annotation Term="{_CAPABILITIES}.BatchSupported" Bool="false"/>'
    yield from _record("CountRestrictions", '<PropertyValue Property="Countable" Bool="true"/>')
    yield f'{indent}<Annotation Term="{_CAPABILITIES}.FilterFunctions">'
    yield f"{indent}  <Record>"
    yield f'{indent}    <PropertyValue Property="NonCountableProperties">'
    yield f"{indent}      <Collection>"
    yield f"{indent}        <String>eq</String>"
    yield f"{indent}      </Collection>"
    yield f"{indent}    </PropertyValue>"
    yield f"{indent}  </Record>"
    yield f"{indent}</Annotation>"
    yield f'{indent}<Annotation Term="{_CAPABILITIES}.FilterFunctions">'
    yield f"{indent}  <Record>"
    yield f'{indent}    <PropertyValue Property="Filterable" Bool="true"/>'
    yield f'{indent}    <PropertyValue Property="RequiresFilter" Bool="false"/>'
    yield f'{indent}    <PropertyValue Property="NonFilterableProperties">'
    yield f"{indent}      <Collection>"
    for name, _, _ in entity.properties:
        yield f"{indent}        <PropertyPath>{name}</PropertyPath>"
    yield f"{indent}      </Collection>"
    yield f"{indent}    </PropertyValue>"
    yield f"{indent}  </Record>"
    yield f"{indent}</Annotation>"
    yield from _record("SortRestrictions", '<PropertyValue Property="Sortable" Bool="false"/>')
    yield from _record("ExpandRestrictions", '<PropertyValue Property="Expandable" Bool="false"/>')


def _record(term: str, value: str) -> Iterator[str]:
    yield f'          <Annotation Term="{_CAPABILITIES}.{term}">'
    yield f"            <Record>{value}</Record>"
    yield "          </Annotation>"
