"""What the pages' tests let somebody buy from the central warehouse, and send back."""

from datetime import timedelta

from forecourt.paying import PAYABLES
from foundation.database import Database, new_id
from foundation.identity import Actor
from foundation.money import Money
from parts_catalog.fitment import get_part
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.pricing.lists import ListFacts, ListPrice, add_list, set_prices
from parts_catalog.pricing.promotions import PromotionFacts, add_promotion
from parts_catalog.returns.asking import Wanted, ask
from parts_catalog.returns.judging import take_step
from parts_catalog.returns.states import ReturnReason
from parts_catalog.seed import CENTRAL_WAREHOUSE
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.shop.ordering import Delivery, Wish, place
from parts_catalog.shop.shipments import take_move
from parts_catalog.shop.views import order_view
from parts_catalog.warehouse.counting import begin_counts
from parts_catalog.warehouse.deliveries import expect_delivery


def a_part(database: Database) -> str:
    """Give a part of which many lie free in the central warehouse; no workshop sends any."""
    with database.unit() as unit:
        chosen = "SELECT part FROM stock WHERE location = %(at)s AND on_hand - reserved > 20 ORDER BY part LIMIT 1"
        return str(unit.rows(chosen, {"at": CENTRAL_WAREHOUSE})[0].part)


def figures(database: Database, part: str, location: str = CENTRAL_WAREHOUSE) -> tuple[int, int]:
    """Give (on hand, reserved) of a shelf."""
    with database.unit() as unit:
        asked = {"part": part, "at": location}
        row = unit.rows("SELECT on_hand, reserved FROM stock WHERE part = %(part)s AND location = %(at)s", asked)[0]
        return row.on_hand, row.reserved


def buy(database: Database, buyer: Actor, part: str, quantity: int, *, back_order: bool = False) -> tuple[str, str]:
    """Let a buyer order and pay pieces that come in one parcel; gives the ids of the order and the shipment."""
    to = Delivery("Li Wei", "13900000000", "Century Avenue 1")
    with database.unit() as unit:
        cart = open_cart(unit, buyer, About(), [LineWish(part, quantity, back_order)]).id
        order = place(unit, buyer, SimulatedCarrier(), Wish(cart, to, "sandbox"))
        shown = order_view(unit, buyer, order)
        paid = Fact(Told.PAID, shown["payment"]["id"], Money(**shown["gross"]))
        accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), paid))
        [parcel] = shown["shipments"]
        return order, str(parcel["id"])


def deliver(database: Database, seller: Actor, shipment: str) -> None:
    with database.unit() as unit:
        for move in ("pick", "pack", "ship", "deliver"):
            take_move(unit, seller, shipment, move, "SIM1")


def send_back(database: Database, buyer: Actor, order: str, quantity: int) -> str:
    with database.unit() as unit:
        wanted = Wanted(order, {1: quantity}, ReturnReason.DEFECTIVE, "It hums.")
        return ask(unit, buyer, wanted, declined=False)


def warehouse(database: Database, buyer: Actor, seller: Actor) -> list[str]:
    """Let a warehouse count, expect, pick and inspect; gives the addresses of what its parts manager then sees."""
    part = a_part(database)
    order, sent = buy(database, buyer, part, 2)
    deliver(database, seller, sent)
    back = send_back(database, buyer, order, 2)
    _, parcel = buy(database, buyer, part, 1)
    with database.unit() as unit:
        for step in ("approve", "receive"):
            take_step(unit, seller, back, step)
        begin_counts(unit, seller, CENTRAL_WAREHOUSE, [part])
        coming = unit.now().date() + timedelta(days=3)
        expect_delivery(unit, seller.organisation, "Velmora", (part, CENTRAL_WAREHOUSE), 4, coming)
        number = get_part(unit, part).number
        web = add_list(unit, seller, ListFacts("Web")).id
        set_prices(unit, seller, web, None, [ListPrice(part, 8050)])
        add_promotion(unit, seller, PromotionFacts("Autumn", "秋季", "percentage", 500))
    shelf = f"/stock/{CENTRAL_WAREHOUSE}/{part}"
    shipments = ["/shipments", "/shipments?state=delivered", f"/shipments/{parcel}", f"/shipments/{parcel}/slip"]
    return [
        f"/stock?number={number}",
        shelf,
        "/stock/deliveries",
        *shipments,
        "/returns",
        f"/returns/{back}",
        "/prices",
        f"/prices/lists/{web}",
    ]
