"""The words of prices: who buys what, what is taken off, and the quote that says what it costs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any

from foundation.identity import Actor, Role
from foundation.money import Money, total
from foundation.refusals import Conflict, Invalid

MOST_MONEY = 2**31 - 1  # minor units of one quote
MOST_PIECES = 100_000  # of one line


class Channel(StrEnum):
    WEB = "web"
    COUNTER = "counter"
    B2B = "b2b"


class CodeRefusal(StrEnum):
    """Why a code takes nothing off."""

    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    OVER = "over"
    USED_UP = "used_up"
    USED_BY_YOU = "used_by_you"
    NOT_FOR_YOU = "not_for_you"
    NOT_FOR_THESE_PARTS = "not_for_these_parts"
    BEATEN = "beaten"  # what cannot be combined with it takes more off


class PriceChanged(Conflict):
    """The prices are not those that were agreed to; `now` is the quote of now, `seen` the one that was shown."""

    code = "price_changed"


class NoPrice(Conflict):
    """Parts that are not for sale in this currency; `parts` lists them all."""

    code = "no_price"


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, by which channel, for which region, with which codes."""

    organisation: str
    channel: Channel = Channel.WEB
    region: str | None = None
    codes: tuple[str, ...] = ()

    @classmethod
    def of(cls, actor: Actor, region: str | None = None, codes: Iterable[str] = ()) -> "Buyer":
        """Give an actor as a buyer: owners buy on the web, everybody else for a business."""
        channel = Channel.WEB if actor.role is Role.OWNER else Channel.B2B
        return cls(actor.organisation, channel, region, tuple(codes))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pieces that are asked for. `seller` None: the house whose base price it is."""

    part: str
    quantity: int
    seller: str | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A line with the net price per piece that its buyer's list says."""

    part: str
    brand: str
    part_type: str
    seller: str
    quantity: int
    price_list: str
    unit_net: int
    tax_basis_points: int


@dataclass(frozen=True, slots=True)
class Promotion:
    """A seller's promotion, with what it has to do with one buyer. `target_value` None: the whole order."""

    id: str
    seller: str
    name_en: str
    name_zh: str
    code: str | None
    kind: str
    value: int
    currency: str | None
    target: str
    target_value: str | None
    channel: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    combinable: bool
    priority: int
    active: bool
    for_buyer: bool  # he is in the group that it is for, if it is for one
    used_up: bool
    used_by_buyer: bool  # as often as one buyer may

    def refusal(self, buyer: Buyer, at: datetime, currency: str) -> CodeRefusal | None:
        """Say why it is not for this buyer at this instant, if so."""
        if self.valid_from is not None and at < self.valid_from:
            return CodeRefusal.NOT_YET
        if not self.active or (self.valid_until is not None and at >= self.valid_until):
            return CodeRefusal.OVER
        if not self.for_buyer or self.channel not in {None, buyer.channel}:
            return CodeRefusal.NOT_FOR_YOU
        if self.used_up:
            return CodeRefusal.USED_UP
        if self.used_by_buyer:
            return CodeRefusal.USED_BY_YOU
        return CodeRefusal.NOT_FOR_THESE_PARTS if self.currency not in {None, currency} else None

    def is_for(self, line: Priced) -> bool:
        """Whether it falls on a line."""
        if line.seller != self.seller:
            return False
        return self.target == "order" or getattr(line, _TARGETS[self.target]) == self.target_value


_TARGETS: Mapping[str, str] = {"part": "part", "brand": "brand", "part_type": "part_type"}


@dataclass(frozen=True, slots=True)
class Applied:
    """What a promotion takes off, of a line or of the order."""

    promotion: str
    seller: str
    name_en: str
    name_zh: str
    code: str | None
    amount: Money


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """`list_net` is what the pieces cost before promotions, `net` what is taxed, `gross` what is paid."""

    part: str
    seller: str
    quantity: int
    price_list: str
    unit_net: Money
    list_net: Money
    promotions: tuple[Applied, ...]
    net: Money
    tax_basis_points: int
    tax: Money
    gross: Money


@dataclass(frozen=True)
class Quote:
    """One line per part and seller, in their order. The same question about the same prices has the same digest."""

    buyer: str
    currency: str
    lines: tuple[QuoteLine, ...]
    promotions: tuple[Applied, ...]
    refused_codes: tuple[tuple[str, CodeRefusal], ...]

    @cached_property
    def net(self) -> Money:
        return total([line.net for line in self.lines], self.currency)

    @cached_property
    def tax(self) -> Money:
        return total([line.tax for line in self.lines], self.currency)

    @cached_property
    def gross(self) -> Money:
        return total([line.gross for line in self.lines], self.currency)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the buyer gets and pays: a list or promotion by another name is no other price."""
        paid = (attrgetter(f"{name}.amount") for name in ("unit_net", "list_net", "net", "tax", "gross"))
        facts = (*map(attrgetter, ("seller", "part", "quantity", "tax_basis_points")), *paid)
        said = [[fact(line) for fact in facts] for line in self.lines]
        return hashlib.sha256(json.dumps([self.currency, said]).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "lines": [_line_json(line) for line in self.lines],
            "promotions": [_applied_json(one) for one in self.promotions],
            "refused_codes": [{"code": code, "reason": reason.value} for code, reason in self.refused_codes],
            "net": self.net.to_json(),
            "tax": self.tax.to_json(),
            "gross": self.gross.to_json(),
            "digest": self.digest,
        }


def agree(quote: Quote, digest: str, seen: Mapping[str, Any] | None = None) -> None:
    """Raise `PriceChanged` unless the digest is that of the quote; `seen`: the JSON of the one that was shown."""
    if digest != quote.digest:
        raise PriceChanged("the price has changed since it was shown", seen=seen, now=quote.to_json())


def portion(amount: Money, before: int, quantity: int, of: int) -> Money:
    """Give what `quantity` of `of` pieces are of an amount, of which `before` pieces were given already.

    However a line is divided, its portions add up to it.
    """
    if not 0 <= before <= before + quantity <= of:
        raise Invalid(f"{quantity} pieces after {before} are more than {of}", why="more_pieces_than_bought")
    return Money(amount.times(before + quantity, of).amount - amount.times(before, of).amount, amount.currency)


def normal_code(code: str) -> str:
    """Give a promotion's code as it is kept: people type capitals and spaces as they like."""
    return "".join(code.split()).upper()


def _line_json(line: QuoteLine) -> dict[str, Any]:
    return {
        "part": line.part,
        "seller": line.seller,
        "quantity": line.quantity,
        "price_list": line.price_list,
        "unit_net": line.unit_net.to_json(),
        "list_net": line.list_net.to_json(),
        "promotions": [_applied_json(one) for one in line.promotions],
        "net": line.net.to_json(),
        "tax_basis_points": line.tax_basis_points,
        "tax": line.tax.to_json(),
        "gross": line.gross.to_json(),
    }


def _applied_json(one: Applied) -> dict[str, Any]:
    return {
        "promotion": one.promotion,
        "seller": one.seller,
        "name_en": one.name_en,
        "name_zh": one.name_zh,
        "code": one.code,
        "amount": one.amount.to_json(),
    }
