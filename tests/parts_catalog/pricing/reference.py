"""What a quote ought to say, worked out the slow way with fractions, from the rules as they are told in docs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any

Row = dict[str, Any]


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def in_force(row: Row, at: datetime) -> bool:
    begin, end = row["valid_from"], row["valid_until"]
    return (begin is None or begin <= at) and (end is None or at < end)


def fits(row: Row, buyer: Row, at: datetime) -> bool:
    if not in_force(row, at) or row["state"] != "active":
        return False
    if row["customer_group"] is not None and row["customer_group"] not in buyer["groups"]:
        return False
    return all(row.get(name) in {None, buyer[name]} for name in ("channel", "region"))


def list_price(lists: Iterable[Row], base: int, part: str, pieces: int, buyer: Row, at: datetime) -> int:
    """`prices` of a list: {(part, from quantity): net}."""
    fitting = [
        one for one in lists if fits(one, buyer, at) and any(it[0] == part and it[1] <= pieces for it in one["prices"])
    ]
    if not fitting:
        return base
    most = max(one["priority"] for one in fitting)
    first = [one for one in fitting if one["priority"] == most]

    def stated(one: Row) -> int:
        return sum(one[name] is not None for name in ("channel", "customer_group", "region"))

    finest = [one for one in first if stated(one) == max(map(stated, first))]
    chosen = min(finest, key=lambda one: one["id"])
    tier = max(quantity for name, quantity in chosen["prices"] if name == part and quantity <= pieces)
    return int(chosen["prices"][part, tier])


def falls_on(promotion: Row, line: Row) -> bool:
    return promotion["target"] == "order" or line[promotion["target"]] == promotion["target_value"]


def take_off(lines: Sequence[Row], promotions: Sequence[Row]) -> list[int]:
    """Give what is left of each line."""
    left = [line["list"] for line in lines]
    for one in promotions:
        places = [number for number, line in enumerate(lines) if falls_on(one, line)]
        if one["kind"] == "percentage":
            for place in places:
                left[place] -= half_up(Fraction(left[place] * one["value"], 10_000))
            continue
        whole = sum(left[place] for place in places)
        to_give = min(one["value"], whole)
        exact = {place: Fraction(to_give * left[place], whole) for place in places} if whole else {}
        given = {place: floor(share) for place, share in exact.items()}
        while sum(given.values()) < to_give:
            behind = max(given, key=lambda place: (exact[place] - given[place], -place))
            given[behind] += 1
        for place, amount in given.items():
            left[place] -= amount
    return left


def best(lines: Sequence[Row], promotions: Iterable[Row]) -> list[int]:
    ordered = sorted(promotions, key=lambda one: (-one["priority"], one["id"]))
    choices = [[one for one in ordered if one["combinable"]]]
    choices += [[one] for one in ordered if not one["combinable"]]
    results = [take_off(lines, choice) for choice in choices]
    return min(results, key=sum)
