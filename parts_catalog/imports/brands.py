"""Brands as files name them: by code or by name; the house that first imports a brand keeps it.

ACES names a brand by its code alone. The catalogue calls it by the code until a file says its name.
"""

import re

from sqlalchemy import insert, select, text

from foundation.database import UnitOfWork
from foundation.refusals import Conflict
from parts_catalog.spelling import name_key
from parts_catalog.tables import brand_keepers, brands, import_changes, parts

_RANK = 50  # behind the brands that the house has ranked itself


class BrandOfAnotherHouse(Conflict):
    code = "brand_of_another_house"


class Brands:
    """`organisation` is the house that imports; None: the server's own administrator, who may all."""

    def __init__(self, unit: UnitOfWork, organisation: str | None) -> None:
        self._unit = unit
        self._organisation = organisation
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()
        self._nameless: set[str] = set()
        for row in unit.connection.execute(select(brands.c.name, brands.c.name_zh, brands.c.code)):
            self._taken.add(row.name)
            if row.code == row.name == row.name_zh:
                self._nameless.add(row.name)
            for said in filter(None, (row.code, row.name, row.name_zh, name_key(row.name), name_key(row.name_zh))):
                self._known.setdefault(said, row.name)
        self._keepers = dict(unit.connection.execute(select(brand_keepers.c.brand, brand_keepers.c.organisation)).all())
        self._new: dict[str, tuple[str | None, str]] = {}
        self.touched: set[str] = set()
        self.named: dict[str, str] = {}  # by their codes, those whose names this file tells first
        self.refused: dict[str, str] = {}  # by their names, those whose labels are names of others

    def known(self, said: str) -> str | None:
        """Give the catalogue's name of a brand that it has."""
        return self._known.get(said) or self._known.get(name_key(said))

    def name(self, said: str, label: str | None = None) -> str:
        """Give the catalogue's name of a brand; a new one is called by its label. Raises `BrandOfAnotherHouse`."""
        name = self.known(said)
        if name is None:
            name = label if label and label not in self._taken else said
            self._taken.add(name)
            self._known[said] = self._known[name_key(said)] = name
            code = said if re.fullmatch("[A-Z]{4}", said) else None
            self._new[name] = (code, label or said)
            if code == name and not label:
                self._nameless.add(name)
            elif label and label != name:
                self.refused[name] = label
        elif label and label != name and name in self._nameless:
            self._nameless.remove(name)
            if label in self._taken:
                self.refused[name] = label
            else:
                self.named[name] = label
                self._taken.add(label)
        if name not in self.touched:
            self._check(name)
            self.touched.add(name)
        return name

    def _check(self, name: str) -> None:
        """Refuse what another house keeps; what is there and was imported by no house is the server's own."""
        if self._organisation is None or name in self._new:
            return
        if self._keepers.get(name) != self._organisation:
            raise BrandOfAnotherHouse(f"the brand {name} is kept by another house", brand=name)

    def save(self, import_id: int) -> None:
        """Write new brands and who keeps them, each with a note for the undo."""
        for name, (code, label) in self._new.items():
            row = {"name": name, "name_zh": label, "quality": "aftermarket", "rank": _RANK, "code": code}
            self._unit.connection.execute(insert(brands).values(row))
            self._note(import_id, "brands", {"name": name})
            if self._organisation is not None:
                keeper = {"brand": name, "organisation": self._organisation}
                self._unit.connection.execute(insert(brand_keepers).values(keeper))
                self._note(import_id, "brand_keepers", {"brand": name})

    def give_names(self, import_id: int) -> list[str]:
        """Call the brands by their names that went by their codes; gives the ids of their parts."""
        for code, name in self.named.items():
            rename(self._unit, code, name)
            self._note(import_id, "brand_names", {"code": code, "name": name})
        self.touched = {self.named.get(name, name) for name in self.touched}
        of_them = select(parts.c.id).where(parts.c.brand.in_(self.named.values()))
        return list(self._unit.connection.execute(of_them).scalars())

    def _note(self, import_id: int, table: str, key: dict[str, str]) -> None:
        note = {"import_id": import_id, "changed_table": table, "before": key}
        self._unit.connection.execute(insert(import_changes).values(note))


def rename(unit: UnitOfWork, old: str, new: str) -> None:
    """Call a brand by another name, wherever it is named."""
    names = {"old": old, "new": new}
    row = select(brands.c.quality, brands.c.rank, brands.c.code).where(brands.c.name == old)
    quality, rank, code = unit.connection.execute(row).one()
    values = {"name": new, "name_zh": new, "quality": quality, "rank": rank}
    unit.connection.execute(insert(brands).values(values))
    for table in ("parts", "completeness", "brand_keepers"):
        unit.connection.execute(text(f"UPDATE {table} SET brand = :new WHERE brand = :old"), names)  # noqa: S608
    unit.connection.execute(text("DELETE FROM brands WHERE name = :old"), names)
    unit.connection.execute(text("UPDATE brands SET code = :code WHERE name = :new"), {"new": new, "code": code})
    unit.connection.execute(
        text("UPDATE imports SET brands = array_replace(brands, :old, :new) WHERE :old = ANY(brands)"), names
    )
