"""A part bought for a visit that is declined then: returned without a question, refunded, and back on the shelf."""

from pathlib import Path

from sqlalchemy import update

from forecourt.paying import PAYABLES
from forecourt.sweeps import sweep_deadlines
from foundation.clock import FixedClock
from foundation.database import Database, new_id
from foundation.identity import Role, add_account
from foundation.money import Money
from ingest.archive import Archive
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.tables import locations, refunds, reservations, stock
from tests.access.shop import ORDER
from tests.aftersales.voices import Voice
from tests.aftersales.world import GARAGE, SHELF, build
from tests.application import compose

TOLD = [
    "order_placed",
    "order_paid",
    "shipment_picked",
    "shipment_packed",
    "shipment_shipped",
    "shipment_delivered",
    "order_completed",
    "return_asked",
    "return_approved",
    "return_received",
    "refund_asked",
    "return_inspected",
    "pieces_returned",
    "refund_done",
    "return_refunded",
]


def shelf(database: Database) -> tuple[int, int]:
    """Give (on hand, reserved) of belts on the garage's shelf."""
    with database.unit() as unit:
        here = stock.c.part == "belt", stock.c.location == SHELF
        row = unit.connection.execute(stock.select().where(*here)).one()
    return row.on_hand, row.reserved


def test_a_part_bought_for_a_declined_case_goes_back(database: Database, clock: FixedClock, tmp_path: Path) -> None:
    world = build(database, clock)
    app = compose(tmp_path, database, Archive(tmp_path))
    owner = Voice(app, world, world.owner)
    with database.unit() as unit:
        keeper = add_account(unit, "keeper@garage.example", Role.PARTS_MANAGER, GARAGE)
        unit.connection.execute(update(locations).where(locations.c.id == SHELF).values(ships=True))
    seller = Voice(app, world, keeper)
    case = world.open()["id"]
    before = shelf(database)

    cart = owner.post("carts", {"case": case, "lines": [{"part": "belt", "quantity": 1}]}, 201)["id"]
    order = owner.post("orders", {"cart": cart, **ORDER}, 201)
    key = order["id"]
    owed = Money(**order["gross"])

    def told(what: Told, refund: str | None = None) -> None:
        fact = (
            Fact(what, order["payment"]["id"], owed, "1", refund)
            if refund
            else Fact(what, order["payment"]["id"], owed)
        )
        with database.unit() as unit:
            accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), fact))

    told(Told.PAID)
    for move in ("pick", "pack", "ship", "deliver"):
        seller.post(f"shipments/{order['shipments'][0]['id']}/{move}")
    assert shelf(database) == (before[0] - 1, before[1])

    back = {"order": key, "lines": [{"number": 1, "quantity": 1}]}
    assert "reason" in owner.post("returns", back, 422)["detail"]
    assert owner.post("returns", {**back, "reason": "case_declined"}, 409)["code"] == "conflict"
    owner.post(f"cases/{case}/decline")
    assert shelf(database)[1] == 0  # what the visit held is free

    asked = owner.post("returns", back, 201)
    assert (asked["state"], asked["reason"]) == ("approved", "case_declined")
    seller.post(f"returns/{asked['id']}/receive")
    seller.post(f"returns/{asked['id']}/inspect", {"lines": [{"number": 1, "restock": 1}]})
    with database.unit() as unit:
        row = unit.connection.execute(refunds.select()).one()
    assert row.amount == owed.amount
    told(Told.REFUNDED, row.id)

    assert owner.get(f"returns/{asked['id']}")["state"] == "refunded"
    assert owner.get(f"orders/{key}")["state"] == "returned"
    assert shelf(database) == (before[0], 0)
    sweep_deadlines(database)
    with database.unit() as unit:
        held = unit.connection.execute(reservations.select().where(reservations.c.state == "held")).all()
    assert held == []
    assert world.events(key) == TOLD
    assert world.events(case)[-1] == "case_declined"
