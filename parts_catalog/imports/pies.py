"""PIES 6.7 to 8.0: what a supplier tells of its parts, every version read into the one record of ours."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from babel.numbers import get_currency_precision

from parts_catalog.imports.aces import excerpt
from parts_catalog.imports.records import (
    End,
    Fault,
    Head,
    Item,
    ListPrice,
    Number,
    PartName,
    Record,
    Relative,
    Unreadable,
)
from parts_catalog.imports.values import BadValue, code, part_name, quantity_of
from parts_catalog.imports.xml import Node, stream
from parts_catalog.prices import BASE_LIST
from parts_catalog.spelling import MAKE_SPELLINGS, name_key, plain

VERSIONS = ("6.7", "7.0", "7.1", "7.2", "8.0")
# What buyers pay is the retail price; every other kind is a list of its own.
PRICE_LISTS: Mapping[str, str] = {
    "RET": BASE_LIST, "LST": "list", "JBR": "jobber", "WD1": "distributor", "WLS": "wholesale", "DLR": "dealer",
    "RMP": "retail_map", "USR": "user", "TRD": "trade", "FLT": "fleet", "CR1": "core",
}  # fmt: skip
_NAMES = ("DES", "SHO", "EXT", "INV", "LAB", "ABR")  # the descriptions that may be a name, the best first
_WORDS = ("KEY", "SLA", "EXT", "MKT", "ASM")  # those that a part may be found by beside
_BRANDS = ("BrandID", "BrandAAIAID")
_PER_PIECE = {"PE", "EA"}
_HEADINGS = ("PCdbVersionDate", "PAdbVersionDate", "PCdbPublicationDate", "PAdbPublicationDate", "BlanketEffectiveDate",
             "CurrencyCode", "LanguageCode")  # fmt: skip
_GONE = re.compile(r"discontinued|obsolete|no longer", re.IGNORECASE)


def read(file: BinaryIO, today: date | None = None) -> Iterator[Record]:
    """Read a file: `Head`, then `Item` or `Fault` for each item, then `End` with the trailer's count.

    `today` judges which prices are in force; without it, all are.
    """
    head: Mapping[str, str] = {}
    declared: int | None = None
    for node in stream(file, frozenset({"Header", "Item", "Trailer"})):
        if node.tag == "Header":
            version = node.said("PIESVersion") or ""
            if version not in VERSIONS:
                raise Unreadable(
                    "unknown_version", f"PIES {version} is not known", node.line, format="PIES", version=version
                )
            head = {name: text for name in _HEADINGS if (text := node.said(name)) is not None}
            kind = (node.said("SubmissionType") or "").upper()
            yield Head("pies", version, {"FULL": True, "UPDATE": False}.get(kind), kind == "TEST", head)
        elif node.tag == "Item":
            try:
                yield _item(node, head, today)
            except BadValue as bad:
                yield Fault(node.line, bad.rule, bad.about, excerpt(node), "item")
        elif node.tag == "Trailer":
            count = node.said("ItemCount") or ""
            declared = int(count) if count.isascii() and count.isdigit() else None
    yield End(declared)


def _item(node: Node, head: Mapping[str, str], today: date | None) -> Item:
    action = node.attributes.get("MaintenanceType", "")
    if action not in {"A", "C", "D", "N"}:
        raise BadValue("bad_action", action=action)
    name = part_name(node.said(*_BRANDS), node.said("PartNumber"), coded=True)
    terminology = node.said("PartTerminologyID")
    extended = list(_kept(node, "ExtendedInformation", "ExtendedProductInformation"))
    said = {one.attributes.get("EXPICode", ""): one.text.strip() for one in extended}
    descriptions = _descriptions(node, head.get("LanguageCode", "EN"))
    prices, warnings = _prices(node, head.get("CurrencyCode"), today)
    numbers, more = _numbers(node, said)
    return Item(
        line=node.line,
        action="D" if action == "D" else "A",
        part=name,
        label=node.said("BrandLabel"),
        terminology=code(terminology, "PartTerminologyID") if terminology else None,
        name_en=_best(descriptions, "en"),
        name_zh=_best(descriptions, "zh"),
        search_text=plain(" ".join(text for kind, _, text in descriptions if kind in _WORDS))[:2000],
        discontinued=bool(_GONE.search(said.get("LIS", ""))),
        numbers=numbers,
        prices=prices,
        relatives=_relatives(node, name, said),
        details=_details(node, descriptions, extended),
        warnings=[*warnings, *more],
    )


def _kept(node: Node, *path: str) -> Iterator[Node]:
    """Give the segments along a path that are not marked as deleted."""
    return (one for one in node.all(*path) if one.attributes.get("MaintenanceType") != "D")


def _descriptions(node: Node, language: str) -> list[tuple[str, str, str]]:
    """Give (code, language, text) of each description, in order."""
    return [
        (
            one.attributes.get("DescriptionCode", "DES"),
            one.attributes.get("LanguageCode", language).lower(),
            " ".join(one.text.split()),
        )
        for one in _kept(node, "Descriptions", "Description")
        if one.text.strip()
    ]


def _best(descriptions: list[tuple[str, str, str]], language: str) -> str | None:
    found = {kind: text for kind, spoken, text in reversed(descriptions) if spoken == language}
    return next((found[kind] for kind in _NAMES if kind in found), None)


def _numbers(node: Node, said: Mapping[str, str]) -> tuple[list[Number], list[tuple[str, Mapping[str, Any]]]]:
    """Give the other numbers of a part: its GTIN, the car maker's, the supplier's, the old one, and interchanges."""
    numbers: list[Number] = []
    warnings: list[tuple[str, Mapping[str, Any]]] = []
    codes = [node.said("ItemLevelGTIN"), *(one.said("PackageLevelGTIN") for one in _kept(node, "Packages", "Package"))]
    for gtin in dict.fromkeys(filter(None, codes)):
        if valid_gtin(gtin):
            numbers.append(Number("gtin", "", gtin))
        else:
            warnings.append(("bad_gtin", {"gtin": gtin[:40]}))
    for kind, whose, key in (("oe", "OEM", "OEP"), ("supplier", "OSN", "OSP"), ("former", "", "PTN")):
        if said.get(key):
            numbers.append(Number(kind, said.get(whose, ""), said[key][:48]))
    for one in _kept(node, "PartInterchangeInfo", "PartInterchange"):
        named = (one.attributes.get(name) for name in ("BrandLabel", *_BRANDS))
        maker = next(filter(None, named), "")
        kind = "oe" if name_key(maker) in MAKE_SPELLINGS or "OEM" in maker.upper().split() else "interchange"
        numbers += [Number(kind, maker, text) for part in one.all("PartNumber") if (text := part.text.strip())]
    return numbers, warnings


def valid_gtin(gtin: str) -> bool:
    """Check the length and the check digit of a GTIN-8, -12, -13 or -14."""
    if not (gtin.isascii() and gtin.isdigit() and len(gtin) in {8, 12, 13, 14}):
        return False
    digits = [int(one) for one in reversed(gtin)]
    return (digits[0] + sum(one * (3 if place % 2 else 1) for place, one in enumerate(digits) if place)) % 10 == 0


def _prices(
    node: Node, currency: str | None, today: date | None
) -> tuple[list[ListPrice], list[tuple[str, Mapping[str, Any]]]]:
    prices: list[ListPrice] = []
    warnings: list[tuple[str, Mapping[str, Any]]] = []
    for one in node.all("Prices", "Pricing"):
        kind = one.attributes.get("PriceType", "")
        price_list = PRICE_LISTS.get(kind, f"pies_{kind.lower()}")
        coin = (one.said("CurrencyCode") or currency or "").upper()
        about = {"list": price_list, "currency": coin, "price": one.said("Price") or ""}
        if one.attributes.get("MaintenanceType") == "D":
            prices.append(ListPrice(price_list, coin, None))
        elif (odd := _odd_price(one, about, today)) is not None:
            warnings.append(odd)
        elif (amount := minor_units(about["price"], coin)) is None:
            warnings.append(("bad_price", about))
        else:
            exact, units = amount
            prices.append(ListPrice(price_list, coin, units))
            if not exact:
                warnings.append(("price_rounded", about | {"rounded": units}))
    return prices, warnings


def _odd_price(node: Node, about: Mapping[str, Any], today: date | None) -> tuple[str, Mapping[str, Any]] | None:
    price = node.child("Price")
    unit = price.attributes.get("UOM", "PE") if price is not None else "PE"
    if unit not in _PER_PIECE:
        return "price_of_a_package", {**about, "unit": unit}
    if node.child("PriceBreak") is not None and (node.said("PriceBreak") or "1") != "1":
        return "price_of_a_package", {**about, "unit": f"{node.said('PriceBreak')} {unit}"}
    first, last = node.said("EffectiveDate"), node.said("ExpirationDate")
    day = today.isoformat() if today else None
    if day and ((first and first > day) or (last and last < day)):
        return "price_not_in_force", {**about, "day": day}
    return None


def minor_units(written: str, currency: str) -> tuple[bool, int] | None:
    """Give whether a price is whole in minor units, and the units; None for what is no price."""
    try:
        price = Decimal(written.replace(",", ""))
    except InvalidOperation:
        return None
    if not price.is_finite() or not re.fullmatch("[A-Z]{3}", currency):
        return None
    exact = price.scaleb(get_currency_precision(currency))
    units = int(exact.to_integral_value(rounding="ROUND_HALF_UP"))
    return (exact == units, units) if 0 <= units < 2**31 else None


def _relatives(node: Node, name: PartName, said: Mapping[str, str]) -> list[Relative]:
    found = []
    since = node.said("ItemEffectiveDate")
    day = date.fromisoformat(since) if since and re.fullmatch(r"\d{4}-\d\d-\d\d", since) else None
    for kind, key in (("superseded_by", "PTS"), ("supersedes", "PTN")):
        if said.get(key):
            found.append(Relative(kind, PartName(name.brand, said[key]), since=day if kind == "supersedes" else None))
    for one in _kept(node, "Kits", "KitComponent"):
        if number := one.said("ComponentPartNumber"):
            part = PartName(one.said("ComponentBrand") or name.brand, number)
            found.append(Relative("component", part, quantity_of(one.said("QuantityInKit"))))
    for one in _kept(node, "PartInterchangeInfo", "PartInterchange"):
        if brand := next(filter(None, (one.attributes.get(key) for key in (*_BRANDS, "BrandLabel"))), None):
            numbers = (part.text.strip() for part in one.all("PartNumber"))
            found += [Relative("interchange", PartName(brand, number)) for number in numbers if number]
    return found


def _details(node: Node, descriptions: list[tuple[str, str, str]], extended: list[Node]) -> dict[str, Any]:
    """Keep what a page would show; urls of pictures are kept and not fetched."""
    segments = {
        "descriptions": [list(one) for one in descriptions],
        "attributes": [
            [one.attributes.get("AttributeID"), one.text.strip(), one.attributes.get("AttributeUOM")]
            for one in _kept(node, "ProductAttributes", "ProductAttribute")
        ],
        "extended": [[one.attributes.get("EXPICode"), one.text.strip()] for one in extended],
        "packages": [_flat(one) for one in _kept(node, "Packages", "Package")],
        "assets": [_flat(one) for one in _kept(node, "DigitalAssets", "DigitalFileInformation")],
        "hazardous": node.said("HazardousMaterialCode"),
        "minimum_order": node.said("MinimumOrderQuantity"),
        "per_application": node.said("QuantityPerApplication"),
        "available": node.said("AvailableDate"),
    }
    return {"format": "pies"} | {name: value for name, value in segments.items() if value}


def _flat(node: Node) -> dict[str, Any]:
    """Write an element with its children as a plain document."""
    inner = {one.tag: _flat(one) if one.children else one.text.strip() for one in node.children}
    return {**{name: text for name, text in node.attributes.items() if name != "MaintenanceType"}, **inner}
