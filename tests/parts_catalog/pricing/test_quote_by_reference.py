"""Quotes against the slow way of working them out: lists, tiers, windows, promotions that combine or not, rounding."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.database import Database
from parts_catalog import prices
from parts_catalog.prices import Buyer, Channel, Wanted
from tests.conftest import NOON
from tests.parts_catalog.pricing import reference
from tests.parts_catalog.pricing.scene import add_base, add_group, add_list, add_promotion
from tests.parts_catalog.rows import add_brand, add_part

SELLERS = ("org_a", "org_b")
PARTS = {"belt": ("B1", "belt"), "lamp": ("B1", "lamp"), "pump": ("B2", "pump"), "ring": ("B2", "belt")}
instants = st.none() | st.integers(-2, 2).map(lambda hours: NOON + timedelta(hours=hours))
windows = st.tuples(instants, instants).filter(lambda it: None in it or it[0] < it[1])
small = st.integers(0, 40) | st.integers(1, 50_000)
quantities = st.sampled_from([1, 1, 2, 3, 7, 10])
targets = st.sampled_from(
    [("order", None), ("part", "belt"), ("part", "ring"), ("brand", "B1"), ("brand", "B2"), ("part_type", "belt")]
)


def maybe(value: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, None, value, "other"])


@st.composite
def lists(draw: st.DrawFn) -> dict[str, Any]:
    begin, end = draw(windows)
    priced = st.dictionaries(
        st.tuples(st.sampled_from(sorted(PARTS)), st.sampled_from([1, 1, 3, 8])), small, min_size=1
    )
    return {
        "organisation": draw(st.sampled_from(SELLERS)), "valid_from": begin, "valid_until": end,
        "channel": draw(st.sampled_from([None, None, "web", "b2b"])), "region": draw(maybe("CN-SH")),
        "customer_group": draw(maybe("ours")), "priority": draw(st.integers(0, 1)),
        "state": draw(st.sampled_from(["active"] * 4 + ["ended"])), "prices": draw(priced),
    }  # fmt: skip


@st.composite
def offers(draw: st.DrawFn) -> dict[str, Any]:
    begin, end = draw(windows)
    target, value = draw(targets)
    kind = draw(st.sampled_from(["percentage", "amount"]))
    return {
        "organisation": draw(st.sampled_from(SELLERS)), "valid_from": begin, "valid_until": end, "kind": kind,
        "value": draw(st.integers(1, 10_000) if kind == "percentage" else st.integers(1, 60_000)),
        "currency": "CNY" if kind == "amount" else None, "target": target, "target_value": value,
        "channel": draw(st.sampled_from([None, None, "web", "b2b"])), "customer_group": draw(maybe("ours")),
        "combinable": draw(st.sampled_from([True, True, False])), "priority": draw(st.integers(0, 1)),
        "state": draw(st.sampled_from(["active"] * 4 + ["ended"])),
        "code": draw(st.sampled_from([None, None, "X", "Y"])),
    }  # fmt: skip


wishes = st.dictionaries(
    st.tuples(st.sampled_from(sorted(PARTS)), st.sampled_from([None, *SELLERS])), quantities, min_size=1
)


def test_a_quote_is_what_the_slow_way_says(database: Database) -> None:
    with database.unit() as unit:
        for brand, rank in (("B1", 1), ("B2", 2)):
            add_brand(unit, brand, rank)
        for part, (brand, part_type) in PARTS.items():
            add_part(unit, part, part_type=part_type, brand=brand)

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(lists(), max_size=5),
        st.lists(offers(), max_size=5, unique_by=lambda one: (one["organisation"], one["code"] or id(one))),
        st.fixed_dictionaries(dict.fromkeys(PARTS, st.tuples(small, st.sampled_from([0, 600, 1300])))),
        wishes,
    )
    def check(kept: list[Any], offered: list[Any], bases: dict[str, tuple[int, int]], wanted: dict[Any, int]) -> None:
        with database.unit() as unit:
            undone = unit.connection.begin_nested()
            groups = {
                seller: {"ours": add_group(unit, "org_buyer", seller=seller), "other": add_group(unit, seller=seller)}
                for seller in SELLERS
            }
            for part, (net, tax) in bases.items():
                add_base(unit, part, net, "org_a", tax)
            for row in (*kept, *offered):
                row["customer_group"] = groups[row["organisation"]].get(row["customer_group"])
            for row in kept:
                told = {name: value for name, value in row.items() if name != "prices"}
                row["id"] = add_list(unit, {}, row["prices"], **told)
            for row in offered:
                row["id"] = add_promotion(unit, **row)
            buyer = Buyer("org_buyer", Channel.WEB, "CN-SH", ("x",))
            asked = [Wanted(part, pieces, seller) for (part, seller), pieces in wanted.items()]
            quote = prices.quote(unit, asked, buyer, NOON)
            who = {"groups": {one["ours"] for one in groups.values()}, "channel": "web", "region": "CN-SH"}
            compare(quote, expected(kept, offered, bases, wanted, who))
            again = prices.quote(unit, asked[::-1], buyer, NOON)
            assert (again.digest, again.to_json()) == (quote.digest, quote.to_json())
            undone.rollback()

    check()


def expected(
    kept: list[Any], offered: list[Any], bases: dict[str, tuple[int, int]], wanted: dict[Any, int], who: dict[str, Any]
) -> list[dict[str, Any]]:
    pieces: dict[tuple[str, str], int] = {}
    for (part, seller), quantity in wanted.items():
        pieces[seller or "org_a", part] = pieces.get((seller or "org_a", part), 0) + quantity
    found = []
    for seller in SELLERS:
        lines = []
        for (house, part), quantity in sorted(pieces.items()):
            if house == seller:
                mine = [row for row in kept if row["organisation"] == seller]
                net = reference.list_price(mine, bases[part][0], part, quantity, who, NOON)
                on_list = net != bases[part][0]
                facts = {"part": part, "brand": PARTS[part][0], "part_type": PARTS[part][1], "seller": seller}
                lines.append({**facts, "quantity": quantity, "list": net * quantity, "on_list": on_list})
        usable = [
            row for row in offered
            if row["organisation"] == seller and reference.fits(row, who, NOON) and row["code"] in {None, "X"}
        ]  # fmt: skip
        for line, left in zip(lines, reference.best(lines, usable), strict=True):
            found.append({**line, "net": left})
    return found


def compare(quote: prices.Quote, wanted: list[dict[str, Any]]) -> None:
    said = [(line.seller, line.part, line.quantity, line.list_net.amount, line.net.amount) for line in quote.lines]
    assert said == [(one["seller"], one["part"], one["quantity"], one["list"], one["net"]) for one in wanted]
    for line in quote.lines:
        tax = reference.half_up(Fraction(line.net.amount * line.tax_basis_points, 10_000))
        assert (line.tax.amount, line.gross.amount) == (tax, line.net.amount + tax)
        assert sum(one.amount.amount for one in line.promotions) == line.list_net.amount - line.net.amount
    assert quote.gross.amount == sum(line.gross.amount for line in quote.lines) == quote.net.amount + quote.tax.amount
    off = quote.net.amount - sum(line.list_net.amount for line in quote.lines)
    assert -off == sum(one.amount.amount for one in quote.promotions)
