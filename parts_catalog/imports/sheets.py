"""Rows of suppliers' tables into records: each row is a part, an application of one, or both; CSV and XLSX alike."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.refusals import NotFound
from parts_catalog.applications import Application
from parts_catalog.imports.columns import FIELDS, HEADINGS, VEHICLE
from parts_catalog.imports.pies import minor_units, valid_gtin
from parts_catalog.imports.records import Fault, Item, Line, ListPrice, Number, PartName, Record, Relative
from parts_catalog.imports.values import BadValue, code, part_name, quantity_of, year_of
from parts_catalog.part_types import part_type_of
from parts_catalog.prices import BASE_LIST
from parts_catalog.spelling import canonical, make_key, name_key, snake_case
from parts_catalog.words import POSITIONS

_MOST_HEADING_ROWS = 20  # titles may stand above the headings
_COINS = {"¥": "CNY", "￥": "CNY", "元": "CNY", "$": "USD", "€": "EUR", "£": "GBP"}
_WORDS = ("fuel", "aspiration", "transmission", "drive", "body", "region", "engine_code")
_POSITIONS = {name_key(word): name for name, words in POSITIONS.items() for word in (name, *words)}


@dataclass(frozen=True, slots=True)
class Cell:
    column: str  # as a spreadsheet names it: A, B, ...
    text: str
    formula: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    cells: Sequence[Cell]


def records_of(sheet: str, rows: Iterator[Row]) -> Iterator[Record]:
    """Read a table: its headings, then its rows. Gives a `Fault` with the rule `no_header` where there are none."""
    for number, row in enumerate(rows):
        fields = {cell.column: HEADINGS[key] for cell in row.cells if (key := name_key(cell.text)) in HEADINGS}
        if {"brand", "number"} <= set(fields.values()):
            yield from _strangers(row, fields)
            chinese = any(cell.column in fields and not cell.text.isascii() for cell in row.cells)
            for one in rows:
                yield from _records(sheet, one, fields, chinese)
            return
        if number >= _MOST_HEADING_ROWS:
            break
    yield Fault(None, "no_header", {"sheet": sheet}, sheet, None)


def column_name(index: int) -> str:
    """Name a column as spreadsheets do: 0 is A, 26 is AA."""
    name = ""
    while index >= 0:
        index, rest = divmod(index, 26)
        name = chr(ord("A") + rest) + name
        index -= 1
    return name


def _strangers(row: Row, fields: Mapping[str, str]) -> Iterator[Fault]:
    for cell in row.cells:
        if cell.text.strip() and cell.column not in fields:
            yield Fault(row.number, "unknown_column", {"column": cell.text[:80]}, None, None)


def _records(sheet: str, row: Row, fields: Mapping[str, str], chinese: bool) -> Iterator[Record]:
    said: dict[str, Cell] = {}
    for cell in row.cells:
        if cell.column in fields and cell.text.strip():
            said.setdefault(fields[cell.column], cell)
    if not said:
        return
    of = "application" if any(name in said for name in VEHICLE) else "item"
    text = " ".join(cell.text for cell in said.values())[:300]
    try:
        yield from _Reading(sheet, row.number, said, chinese).records(of)
    except BadValue as bad:
        yield Fault(row.number, bad.rule, bad.about, text, of)


class _Reading:
    """Reads the fields of one row; what cannot be read names its sheet, row and column."""

    def __init__(self, sheet: str, row: int, said: Mapping[str, Cell], chinese: bool) -> None:
        self.sheet, self.row, self.said, self.chinese = sheet, row, said, chinese
        self.warnings: list[tuple[str, Mapping[str, Any]]] = []
        for name, cell in said.items():
            if cell.formula:
                raise self._bad(name, "formula")

    def text(self, name: str) -> str | None:
        cell = self.said.get(name)
        return " ".join(cell.text.split()) if cell is not None else None

    def _bad(self, name: str, rule: str = "bad_cell") -> BadValue:
        cell = self.said[name]
        about = {"sheet": self.sheet, "row": self.row, "column": f"{cell.column} ({FIELDS[name]})"}
        return BadValue(rule, **about, value=cell.text[:80], field=FIELDS[name])

    def records(self, of: str) -> Iterator[Record]:
        name = part_name(self.text("brand"), self.text("number"))
        action = (self.text("action") or "A").upper()
        action = {"删除": "D", "DELETE": "D", "新增": "A", "ADD": "A", "CHANGE": "A", "C": "A"}.get(action, action)
        if action not in {"A", "D"}:
            raise BadValue("bad_action", action=action)
        part_type = self._part_type()
        line = self._line(name, action, part_type) if of == "application" else None
        if line is None or action == "A":
            yield self._item(name, action if line is None else "A", part_type, counted=line is None)
        if line is not None:
            yield line

    def _part_type(self) -> str | None:
        written = self.text("part_type")
        for one in (written, self.text("name_en"), self.text("name_zh")):
            if one:
                try:
                    return part_type_of(one).name
                except NotFound:
                    continue
        if written:
            raise BadValue("unknown_part_type", type=written[:80])
        return None

    def _item(self, name: PartName, action: str, part_type: str | None, *, counted: bool) -> Item:
        return Item(
            line=self.row,
            action=action,
            part=name,
            part_type=part_type,
            name_en=self.text("name_en"),
            name_zh=self.text("name_zh"),
            numbers=self._numbers(),
            prices=self._prices(),
            relatives=[Relative("superseded_by", PartName(name.brand, one)) for one in self._several("superseded_by")],
            details={"format": "table"},
            warnings=self.warnings,
            counted=counted,
        )

    def _several(self, name: str) -> list[str]:
        return [one.strip() for one in re.split(r"[,;，；、/|\n]", self.text(name) or "") if one.strip()]

    def _numbers(self) -> list[Number]:
        numbers = [Number("oe", "", one[:48]) for one in self._several("oe")]
        numbers += [Number("interchange", "", one[:48]) for one in self._several("interchange")]
        for gtin in self._several("gtin"):
            if valid_gtin(gtin):
                numbers.append(Number("gtin", "", gtin))
            else:
                self.warnings.append(("bad_gtin", {"gtin": gtin[:40]}))
        return numbers

    def _prices(self) -> list[ListPrice]:
        written = self.text("price")
        if written is None:
            return []
        coin = next((code for sign, code in _COINS.items() if sign in written), None)
        currency = (self.text("currency") or coin or ("CNY" if self.chinese else "")).upper()
        currency = {"人民币": "CNY", "RMB": "CNY", "美元": "USD", "欧元": "EUR"}.get(currency, currency)
        number = "".join(sign for sign in written if sign.isdigit() or sign in ".,-")
        found = minor_units(number, currency)
        about = {"list": BASE_LIST, "price": written, "currency": currency}
        if found is None:
            self.warnings.append(("bad_price", about))
            return []
        exact, units = found
        if not exact:
            self.warnings.append(("price_rounded", about | {"rounded": units}))
        return [ListPrice(BASE_LIST, currency, units)]

    def _line(self, name: PartName, action: str, part_type: str | None) -> Line:
        if part_type is None:
            raise BadValue("missing_part_type")
        year_from, year_to = self._years()
        application = Application(
            source="",
            make=make_key(self.text("make") or "") or None,
            model_line=name_key(self.text("model_line") or "") or None,
            year_from=year_from,
            year_to=year_to,
            built_from=self._month("built_from"),
            built_to=self._month("built_to"),
            fuel=self._word("fuel"),
            aspiration=self._word("aspiration"),
            transmission=self._word("transmission"),
            drive=self._word("drive"),
            body=self._word("body"),
            region=self._word("region"),
            engine_code=self._word("engine_code"),
            displacement_l=self._displacement(),
            cylinders=self._cylinders(),
            position=self._position(),
            quantity=quantity_of(self.text("quantity") or "1"),
            base_vehicle=code(self.text("base_vehicle"), "base_vehicle") if "base_vehicle" in self.said else None,
            note_en=self.text("note_en"),
            note_zh=self.text("note_zh"),
        )
        if application.make is None and application.base_vehicle is None:
            raise BadValue("missing_vehicle")
        first, last = application.built_from, application.built_to
        if first and last and first > last:
            raise BadValue("years_reversed", first=first, last=last)
        vehicle = f"{application.base_vehicle or ''}|{application.make}|{application.model_line}|"
        vehicle += f"{application.year_from}-{application.year_to}"
        stated = [f"{word}:{value};" for word in (*_WORDS, "displacement_l", "cylinders", "built_from", "built_to")
                  if (value := getattr(application, word)) is not None]  # fmt: skip
        notes = "; ".join(filter(None, (application.note_en, application.note_zh)))
        return Line(
            line=self.row,
            action=action,
            part=name,
            application=application,
            vehicle=vehicle,
            conditions="".join(stated) + notes,
            part_type=part_type,
        )

    def _years(self) -> tuple[int | None, int | None]:
        first, last = (year_of(self.text(name)) if name in self.said else None for name in ("year_from", "year_to"))
        if written := self.text("years"):
            found = re.fullmatch(r"(\d{4})款?(\s*[-–—~～至到]\s*(\d{4}|今|now|present)?款?)?", written, re.IGNORECASE)
            if found is None:
                raise self._bad("years")
            end = found.group(3) if found.group(2) else found.group(1)
            first, last = year_of(found.group(1)), year_of(end) if end and end.isdigit() else None
        if first is not None and last is not None and first > last:
            raise BadValue("years_reversed", first=first, last=last)
        return first, last

    def _month(self, name: str) -> str | None:
        written = self.text(name)
        if written is None:
            return None
        found = re.match(r"(\d{4})[-./年](\d{1,2})(?!\d)", written)
        if found is None or not 1 <= int(found.group(2)) <= 12:
            raise self._bad(name)
        return f"{year_of(found.group(1))}-{int(found.group(2)):02}"

    def _word(self, name: str) -> str | None:
        written = self.text(name)
        if written is None:
            return None
        found = canonical(name, written)
        if found is None:
            raise self._bad(name)
        return found

    def _displacement(self) -> float | None:
        written = self.text("displacement_l")
        if written is None:
            return None
        found = re.fullmatch(r"(\d{1,2}(?:\.\d+)?)\s*(?:[LT升]|litres?|liters?)?", written, re.IGNORECASE)
        if found is None or (litres := round(float(found.group(1)), 1)) >= 100:
            raise self._bad("displacement_l")
        return litres

    def _cylinders(self) -> int | None:
        written = self.text("cylinders")
        if written is None:
            return None
        if not re.fullmatch(r"\d{1,2}缸?", written):
            raise self._bad("cylinders")
        return int(written.removesuffix("缸"))

    def _position(self) -> str | None:
        written = self.text("position")
        if written is None:
            return None
        return _POSITIONS.get(name_key(written)) or snake_case(written) or written
