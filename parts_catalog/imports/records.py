"""What a reader of a supplier's file gives, whatever the format: one head, the records in the file's order, one end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from foundation.refusals import Invalid
from parts_catalog.applications import Application


class Unreadable(Invalid):
    """The file as a whole cannot be read; `rule` names why, `about` fills its sentences."""

    def __init__(self, rule: str, detail: str, line: int | None = None, **about: Any) -> None:
        super().__init__(detail, rule=rule)
        self.rule = rule
        self.line = line
        self.about: dict[str, Any] = {"why": detail, **about}


@dataclass(frozen=True, slots=True)
class Head:
    """`full` as the file says (None: it does not); `facts` are of no person. `test`: the sender wants no change."""

    format: str
    version: str | None = None
    full: bool | None = None
    test: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """`declared`: how many records the file says that it has (None: it does not say)."""

    declared: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that cannot be one, or something odd about the file; `about` fills the rule's sentences.

    `of` is the kind of record that it stands for: application, item, or None for the file.
    """

    line: int | None
    rule: str
    about: Mapping[str, Any] = field(default_factory=dict)
    excerpt: str | None = None
    of: str | None = "application"


@dataclass(frozen=True, slots=True)
class PartName:
    """A part as files name it: the brand's code (or name), and the number in the maker's spelling."""

    brand: str
    number: str


@dataclass(frozen=True, slots=True)
class Line:
    """One application. `vehicle` and `conditions` say in one spelling which car and what of it, to compare lines by.

    `part_type` is the catalogue's name of the type where the file has words; else `terminology` is its code.
    """

    line: int
    action: str
    part: PartName
    application: Application
    vehicle: str
    conditions: str
    label: str = ""
    terminology: int | None = None
    part_type: str | None = None
    position_code: int | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Number:
    kind: str
    maker: str
    number: str


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A net price of a list; `amount` in minor units. `amount` None: the price ends."""

    price_list: str
    currency: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class Relative:
    """Another part that this one stands to as `kind` says: superseded_by, supersedes, component, interchange."""

    kind: str
    part: PartName
    quantity: int = 1
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One part with what the file says of it; `warnings` are (rule, about).

    `counted`: it is a record of its own, not what an application's row says of its part beside.
    """

    line: int
    action: str
    part: PartName
    label: str | None = None
    terminology: int | None = None
    part_type: str | None = None
    name_en: str | None = None
    name_zh: str | None = None
    search_text: str = ""
    discontinued: bool = False
    numbers: Sequence[Number] = ()
    prices: Sequence[ListPrice] = ()
    relatives: Sequence[Relative] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[tuple[str, Mapping[str, Any]]] = ()
    counted: bool = True


Record = Head | Line | Item | Fault | End
