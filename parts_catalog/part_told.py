"""What suppliers tell of a part beside its names: texts, attributes, its package, what to mind when it is ordered.

Read from the details that a file brought, as it wrote them; what is not in the form that is known is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from foundation.database import UnitOfWork
from parts_catalog.tables import part_details

_TEXTS = ("MKT", "FAB", "EXT", "ASM")  # descriptions that are more than a name, in the order in which they are read
_YES = {"Y", "YES"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """A property as the supplier writes it; one that is known by a code of the trade's list only goes by that."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class PartTold:
    """`facts` by name: weight, size, minimum_order, per_application, available. A text in one language is both's."""

    texts_en: str
    texts_zh: str
    attributes: tuple[Attribute, ...]
    facts: Mapping[str, str]
    hazardous: bool

    @property
    def anything(self) -> bool:
        return bool(self.texts_en or self.attributes or self.facts or self.hazardous)


def part_told(unit: UnitOfWork, part: str) -> PartTold:
    """Give what is told of a part; one of which no file tells anything has nothing."""
    current = select(part_details.c.details).where(part_details.c.part == part, part_details.c.removed_by.is_(None))
    details: Mapping[str, Any] = unit.connection.execute(current).scalar_one_or_none() or {}
    chinese = _texts(details, chinese=True)
    others = _texts(details, chinese=False)
    return PartTold(
        texts_en=others or chinese,
        texts_zh=chinese or others,
        attributes=tuple(_attributes(details)),
        facts=dict(_facts(details)),
        hazardous=str(details.get("hazardous", "")).upper() in _YES,
    )


def _texts(details: Mapping[str, Any], *, chinese: bool) -> str:
    """Give what is said in Chinese or in other languages, a line for each text."""
    told = [
        (_TEXTS.index(kind), text)
        for kind, language, text in details.get("descriptions", ())
        if kind in _TEXTS and language.lower().startswith("zh") is chinese
    ]
    return "\n".join(dict.fromkeys(text for _, text in sorted(told, key=lambda one: one[0])))


def _attributes(details: Mapping[str, Any]) -> Iterator[Attribute]:
    for name, value, measure in details.get("attributes", ()):
        if name and value:
            yield Attribute(f"PAdb {name}" if name.isdigit() else name, f"{value} {measure}" if measure else value)


def _facts(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    packages: Sequence[Mapping[str, Any]] = details.get("packages", ())
    one = packages[0] if packages else {}
    weights, sizes = _inner(one, "Weights"), _inner(one, "Dimensions")
    if weights.get("Weight"):
        yield "weight", _measured(weights["Weight"], weights)
    sides = [sizes[name] for name in ("Length", "Width", "Height") if sizes.get(name)]
    if len(sides) == 3:
        yield "size", _measured(" × ".join(sides), sizes)
    for name in ("minimum_order", "per_application", "available"):
        if details.get(name):
            yield name, str(details[name])


def _inner(package: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = package.get(name)
    return found if isinstance(found, dict) else {}


def _measured(value: str, stated: Mapping[str, Any]) -> str:
    return f"{value} {stated['UOM']}" if stated.get("UOM") else value
