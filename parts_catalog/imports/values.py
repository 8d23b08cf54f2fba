"""Reading single values of a record: each gives the value or raises `BadValue` with the rule that is broken."""

import re
from typing import Any

from parts_catalog.imports.records import PartName
from parts_catalog.imports.xml import Node
from parts_catalog.spelling import number_key

FIRST_YEAR = 1896  # of ACES itself: nobody lists older cars
LAST_YEAR = 2100  # what is nearer is judged against the day of the import
MOST_CODE = 2**31 - 1


class BadValue(ValueError):  # noqa: N818 - bad data is a value: readers turn it into a `Fault` at once
    """A record breaks a rule; `about` fills the rule's sentences."""

    def __init__(self, rule: str, **about: Any) -> None:
        super().__init__(rule)
        self.rule = rule
        self.about = about


def code_of(node: Node) -> int:
    """Give the id of an element that is a code."""
    return code(node.attributes.get("id"), node.tag)


def code(written: str | None, name: str) -> int:
    text = (written or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= MOST_CODE):
        raise BadValue("bad_id", element=name, id=text)
    return int(text)


def quantity_of(written: str | None) -> int:
    text = (written or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= 32767):
        raise BadValue("bad_quantity", quantity=text)
    return int(text)


def year_of(written: str | None) -> int:
    text = (written or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) == 4 and FIRST_YEAR <= int(text) <= LAST_YEAR):
        raise BadValue("year_out_of_range", year=text, first=FIRST_YEAR, last=LAST_YEAR)
    return int(text)


def part_name(brand: str | None, number: str | None, *, coded: bool = False) -> PartName:
    """Give a part's name; with `coded`, the brand is a code of four capital letters."""
    brand, number = (brand or "").strip(), " ".join((number or "").split())
    if not brand:
        raise BadValue("missing_brand")
    if coded and not re.fullmatch(r"[A-Z]{4}", brand):
        raise BadValue("bad_brand", brand=brand)
    if not number:
        raise BadValue("missing_part")
    if len(number) > 48 or not number_key(number):
        raise BadValue("bad_part_number", number=number[:60])
    return PartName(brand, number)
