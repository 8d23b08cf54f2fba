"""The arithmetic of quotes: promotions over priced lines, and tax.

The rules, each written here once. All amounts are whole minor units; halves are rounded up.

    list     net per piece of the list that is the buyer's, times the pieces: exact
    percent  of what is left of a line, rounded per line
    amount   once per order, spread over the lines it is for by what is left of them; the largest remainders get the
             units that are left over, the earlier line first
    net      list less promotions: a promotion lowers what is taxed, with the rate of the line it falls on
    tax      of the line's net, rounded once per line; gross is net and tax, and the order's sums are those of its lines

A seller's promotions fall on his lines only. Either all that combine are taken, the highest priority first, or one that
stands alone: whichever takes more off; the combining ones where it is the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from foundation.money import Money
from foundation.refusals import Invalid
from parts_catalog.pricing.quotes import (
    MOST_MONEY,
    Applied,
    Buyer,
    CodeRefusal,
    Priced,
    Promotion,
    Quote,
    QuoteLine,
    normal_code,
)


def make_quote(
    lines: Sequence[Priced], promotions: Sequence[Promotion], buyer: Buyer, at: datetime, currency: str
) -> Quote:
    """Take off what is to be taken off, and tax the rest. Pure; the order of what is given makes no difference."""
    ordered = sorted(lines, key=lambda line: (line.seller, line.part))
    usable = sorted(
        (one for one in promotions if one.refusal(buyer, at, currency) is None), key=lambda one: (-one.priority, one.id)
    )
    off: list[dict[str, int]] = []
    for seller, group in groupby(ordered, key=lambda line: line.seller):
        off += _best(list(group), [one for one in usable if one.seller == seller])
    by_id = {one.id: one for one in usable}
    quoted = [_quote_line(line, taken, by_id, currency) for line, taken in zip(ordered, off, strict=True)]
    sums: dict[str, int] = {}
    for taken in off:
        for promotion, amount in taken.items():
            sums[promotion] = sums.get(promotion, 0) + amount
    applied = tuple(_applied(by_id[one], amount, currency) for one, amount in sorted(sums.items()))
    refused = _refused(ordered, promotions, applied, (buyer, at, currency))
    quote = Quote(buyer.organisation, currency, tuple(quoted), applied, refused)
    if max(quote.gross.amount, sum(line.list_net.amount for line in quoted)) > MOST_MONEY:
        raise Invalid(f"one order is of at most {MOST_MONEY} minor units", why="order_too_dear")
    return quote


def _best(lines: Sequence[Priced], promotions: Sequence[Promotion]) -> list[dict[str, int]]:
    """Choose what takes most off one seller's lines; gives {promotion: amount} for each line."""
    together = [one for one in promotions if one.combinable]
    choices = [together, *([one] for one in promotions if not one.combinable)]
    return max((_take_off(lines, choice) for choice in choices), key=lambda off: sum(sum(one.values()) for one in off))


def _take_off(lines: Sequence[Priced], promotions: Sequence[Promotion]) -> list[dict[str, int]]:
    left = [line.unit_net * line.quantity for line in lines]
    off: list[dict[str, int]] = [{} for _ in lines]
    for one in promotions:
        bases = [rest if one.is_for(line) else 0 for line, rest in zip(lines, left, strict=True)]
        for place, amount in enumerate(_amounts(one, bases)):
            if amount:
                off[place][one.id] = amount
                left[place] -= amount
    return off


def _amounts(promotion: Promotion, bases: Sequence[int]) -> list[int]:
    if promotion.kind == "percentage":
        return [(2 * base * promotion.value + 10_000) // 20_000 for base in bases]
    whole = sum(bases)
    if not whole:
        return [0 for _ in bases]
    spread = min(promotion.value, whole)
    shares = [divmod(spread * base, whole) for base in bases]
    amounts = [share for share, _ in shares]
    by_remainder = sorted(range(len(bases)), key=lambda place: (-shares[place][1], place))
    for place in by_remainder[: spread - sum(amounts)]:
        amounts[place] += 1
    return amounts


def _quote_line(line: Priced, off: Mapping[str, int], by_id: Mapping[str, Promotion], currency: str) -> QuoteLine:
    list_net = Money(line.unit_net * line.quantity, currency)
    net = Money(list_net.amount - sum(off.values()), currency)
    tax = net.times(line.tax_basis_points, 10_000)
    return QuoteLine(
        part=line.part,
        seller=line.seller,
        quantity=line.quantity,
        price_list=line.price_list,
        unit_net=Money(line.unit_net, currency),
        list_net=list_net,
        promotions=tuple(_applied(by_id[one], amount, currency) for one, amount in off.items()),
        net=net,
        tax_basis_points=line.tax_basis_points,
        tax=tax,
        gross=net + tax,
    )


def _applied(promotion: Promotion, amount: int, currency: str) -> Applied:
    names = promotion.name_en, promotion.name_zh
    return Applied(promotion.id, promotion.seller, *names, promotion.code, Money(amount, currency))


def _refused(
    lines: Sequence[Priced],
    promotions: Sequence[Promotion],
    applied: Sequence[Applied],
    asked: tuple[Buyer, datetime, str],
) -> tuple[tuple[str, CodeRefusal], ...]:
    """Say of each code that took nothing off why; of several promotions of one code, what comes nearest to a yes."""
    buyer, at, currency = asked
    worked = {one.code for one in applied}
    refused = []
    for code in sorted({normal_code(code) for code in buyer.codes} - worked):
        reasons = {CodeRefusal.UNKNOWN}
        for one in promotions:
            if one.code == code:
                touches = any(one.is_for(line) and line.unit_net for line in lines)
                otherwise = CodeRefusal.BEATEN if touches else CodeRefusal.NOT_FOR_THESE_PARTS
                reasons.add(one.refusal(buyer, at, currency) or otherwise)
        refused.append((code, max(reasons, key=_NEARER.index)))
    return tuple(refused)


_NEARER = (
    CodeRefusal.UNKNOWN, CodeRefusal.OVER, CodeRefusal.NOT_YET, CodeRefusal.NOT_FOR_YOU, CodeRefusal.USED_UP,
    CodeRefusal.USED_BY_YOU, CodeRefusal.NOT_FOR_THESE_PARTS, CodeRefusal.BEATEN,
)  # fmt: skip
