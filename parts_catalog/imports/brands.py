"""Brands as files name them: by code or by name; the house that first imports a brand keeps it."""

import re

from sqlalchemy import insert, select

from foundation.database import UnitOfWork
from foundation.refusals import Conflict
from parts_catalog.spelling import name_key
from parts_catalog.tables import brand_keepers, brands, import_changes

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
        for row in unit.connection.execute(select(brands.c.name, brands.c.name_zh, brands.c.code)):
            self._taken.add(row.name)
            for said in filter(None, (row.code, row.name, row.name_zh, name_key(row.name), name_key(row.name_zh))):
                self._known.setdefault(said, row.name)
        self._keepers = dict(unit.connection.execute(select(brand_keepers.c.brand, brand_keepers.c.organisation)).all())
        self._new: dict[str, tuple[str | None, str]] = {}
        self.touched: set[str] = set()

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
            self._new[name] = (said if re.fullmatch("[A-Z]{4}", said) else None, label or said)
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

    def _note(self, import_id: int, table: str, key: dict[str, str]) -> None:
        note = {"import_id": import_id, "changed_table": table, "before": key}
        self._unit.connection.execute(insert(import_changes).values(note))
