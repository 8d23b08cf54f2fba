"""ACES files from the catalogue, in any version: what came by ACES goes out as it came, but for who sent it.

Lines that name their vehicle in words alone have no place in the standard; they are left out and counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy import Row, select

from foundation.database import UnitOfWork
from foundation.refusals import Invalid, NotFound
from parts_catalog.imports.aces import VEHICLE_CODES, VERSIONS
from parts_catalog.imports.stored import STANDING
from parts_catalog.tables import applications, brands, imports, parts

_IDENTITY = ("Make", "VehicleType", "Model", "SubModel")
_EQUIPMENT = ("EquipmentBase", "Mfr", "EquipmentModel", "VehicleType")
_EQUIPMENT_SINCE = "4.0"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a version calls things."""

    part: str = "Part"
    part_type: str = "PartType"
    brand: str = "BrandAAIAID"
    dates: tuple[str, str, str] = ("VcdbVersionDate", "QdbVersionDate", "PcdbVersionDate")


_OLD = Dialect()
_NEW = Dialect(
    "PartNumber", "PartTerminology", "BrandID", ("VCdbPublicationDate", "QdbPublicationDate", "PCdbPublicationDate")
)
DIALECTS: Mapping[str, Dialect] = {version: _NEW if version == "5.0" else _OLD for version in VERSIONS}


def export(unit: UnitOfWork, brand: str, version: str, file: TextIO) -> tuple[int, int]:
    """Write a brand's current applications as a full file; gives how many were written, and how many have no codes.

    Raises `NotFound` for a brand that is not there, `Invalid` for a version that is not known.
    """
    if version not in DIALECTS:
        raise Invalid(f"ACES {version} is not known; known are {', '.join(VERSIONS)}")
    row = unit.connection.execute(select(brands).where((brands.c.name == brand) | (brands.c.code == brand))).first()
    if row is None:
        raise NotFound(f"there is no brand {brand}")
    if row.code is None:
        raise Invalid(f"the brand {row.name} has no code of four letters, which ACES asks for")
    dialect, written, left = DIALECTS[version], 0, 0
    file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<ACES version="{version}">\n')
    file.write(_header(unit, row, dialect))
    for line in _lines(unit, row.name):
        if (found := _vehicle(line, version)) is None or line.terminology is None:
            left += 1
            continue
        written += 1
        file.write(_app(line, written, found, dialect))
    file.write(f"\t<Footer>\n\t\t<RecordCount>{written}</RecordCount>\n\t</Footer>\n</ACES>\n")
    return written, left


def _lines(unit: UnitOfWork, brand: str) -> Iterator[Row[Any]]:
    chosen = (
        select(applications, parts.c.number, parts.c.terminology)
        .join(parts, parts.c.id == applications.c.part)
        .where(parts.c.brand == brand, applications.c.removed_by.is_(None), ~applications.c.excludes)
        .order_by(applications.c.import_id, applications.c.line, applications.c.id)
    )
    yield from unit.connection.execute(chosen).yield_per(5_000)


def _header(unit: UnitOfWork, brand: Row[Any], dialect: Dialect) -> str:
    """Write the head: of the last file that said one, without its sender."""
    last = select(imports.c.facts).where(
        imports.c.state.in_(STANDING), imports.c.format == "aces", imports.c.brands.contains([brand.name])
    )
    facts = unit.connection.execute(last.order_by(imports.c.id.desc()).limit(1)).scalar_one_or_none() or {}
    today = unit.now().date().isoformat()
    renamed = dict(zip((*_OLD.dates, *_NEW.dates), dialect.dates * 2, strict=True))
    facts = {renamed.get(name, name): value for name, value in facts.items()}
    fields = [
        ("Company", facts.get("Company", brand.name)),
        ("SenderName", "Forecourt"),
        ("SenderPhone", "-"),
        ("TransferDate", today),
        (dialect.brand, brand.code),
        ("DocumentTitle", facts.get("DocumentTitle", brand.name)),
        ("EffectiveDate", facts.get("EffectiveDate", today)),
        ("SubmissionType", "FULL"),
        *((name, facts.get(name, today)) for name in dialect.dates),
    ]
    inner = "".join(f"\t\t<{name}>{escape(value)}</{name}>\n" for name, value in fields)
    return f"\t<Header>\n{inner}\t</Header>\n"


def _vehicle(line: Row[Any], version: str) -> list[str] | None:
    """Write what names the vehicle; None where the line has no codes for it, or the version no words."""
    codes = line.attributes or {}
    texts = (line.extras or {}).get("texts", {})

    def written(*tags: str) -> list[str]:
        return [_coded(tag, codes[VEHICLE_CODES[tag]], texts.get(tag)) for tag in tags if VEHICLE_CODES[tag] in codes]

    if line.base_vehicle is not None:
        return [f'<BaseVehicle id="{line.base_vehicle}"/>', *written("SubModel")]
    if "make" in codes:
        return [f'<Years from="{line.year_from}" to="{line.year_to}"/>', *written(*_IDENTITY)]
    if not ({"mfr", "equipment_base"} & codes.keys()) or version < _EQUIPMENT_SINCE:
        return None
    years = {"ProductionStart": line.year_from, "ProductionEnd": line.year_to}
    stated = "".join(f' {name}="{year}"' for name, year in years.items() if year is not None)
    return [*written(*_EQUIPMENT), *([f"<ProductionYears{stated}/>"] if stated else [])]


def _app(line: Row[Any], number: int, vehicle: list[str], dialect: Dialect) -> str:
    extras, codes = line.extras or {}, line.attributes or {}
    identifying = ("SubModel",) if line.base_vehicle is not None else (*_IDENTITY, *_EQUIPMENT)
    restricting = [
        _coded(tag, codes[kind], extras.get("texts", {}).get(tag))
        for tag, kind in VEHICLE_CODES.items()
        if kind in codes and tag not in identifying
    ]
    labels = [_element("MfrLabel", text, more) for text, more in extras.get("labels", ())]
    position = [f'<Position id="{line.position_code}"/>'] if line.position_code is not None else []
    elements = [
        *vehicle,
        *restricting,
        *(_qualifier(one) for one in line.qualifiers or ()),
        *(_element("Note", text, more) for text, more in _notes(line, extras)),
        f"<Qty>{line.quantity}</Qty>",
        f'<{dialect.part_type} id="{line.terminology}"/>',
        *labels,
        *position,
        _element(dialect.part, line.number, _renamed(extras.get("part", {}), dialect)),
        *_assets(extras, dialect),
    ]
    more = _attributes({name: extras[name] for name in ("ref", "validate") if name in extras})
    inner = "".join(f"\t\t{one}\n" for one in elements)
    return f'\t<App action="A" id="{number}"{more}>\n{inner}\t</App>\n'


def _notes(line: Row[Any], extras: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give notes as they came, else as the catalogue shows them."""
    if "notes" in extras:
        yield from extras["notes"]
        return
    if line.note_en is not None:
        yield line.note_en, {}
    if line.note_zh is not None and line.note_zh != line.note_en:
        yield line.note_zh, {"lang": "zh"}


def _qualifier(one: Mapping[str, Any]) -> str:
    parameters = "".join(f"<param{_attributes(value)}/>" for value in one.get("params", {}).values())
    return f'<Qual id="{one["id"]}">{parameters}<text>{escape(one["text"])}</text></Qual>'


def _renamed(attributes: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    sub = "SubBrandID" if dialect.brand == "BrandID" else "SubBrandAAIAID"
    names = {"BrandID": dialect.brand, "BrandAAIAID": dialect.brand, "SubBrandID": sub, "SubBrandAAIAID": sub}
    return {names.get(name, name): value for name, value in attributes.items()}


def _assets(extras: Mapping[str, Any], dialect: Dialect) -> Iterator[str]:
    """Write what pictures show the part, as the version calls it."""
    if "DisplayOrder" in extras:
        yield f"<DisplayOrder>{escape(extras['DisplayOrder'])}</DisplayOrder>"
    names = ("AssetName", "AssetItemOrder", "AssetItemRef")
    asset = extras.get("DiagramAsset") or {name: extras[name] for name in names if name in extras}
    if asset and dialect is _NEW:
        yield f"<DiagramAsset{_attributes(asset)}/>"
    elif asset:
        yield from (f"<{name}>{escape(asset[name])}</{name}>" for name in names if name in asset)
    if "NonDiagramAssets" in extras and dialect is _NEW:
        inner = "".join(f"<NonDiagramAsset{_attributes(one)}/>" for one in extras["NonDiagramAssets"])
        yield f"<NonDiagramAssets>{inner}</NonDiagramAssets>"


def _coded(tag: str, code: int, text: str | None) -> str:
    return f'<{tag} id="{code}">{escape(text)}</{tag}>' if text else f'<{tag} id="{code}"/>'


def _element(tag: str, text: str, attributes: Mapping[str, str]) -> str:
    return f"<{tag}{_attributes(attributes)}>{escape(text)}</{tag}>"


def _attributes(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in attributes.items())
