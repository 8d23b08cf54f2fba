"""The states of carts, orders and shipments, with their legal moves, on one screen.

cart      open ──▶ ordered
order     awaiting_payment ──▶ paid ──▶ completed ──▶ partly_returned ──▶ returned
             ├──▶ expired       └──▶ cancelled (until something is on its way)
             └──▶ cancelled
shipment  planned ──▶ to_pick ──▶ picked ──▶ packed ──▶ shipped ──▶ delivered
                                               │           └──▶ lost
                                               └──▶ delivered (over the counter, where the pieces lay)
          until it is shipped: ──▶ cancelled
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CartState(StrEnum):
    OPEN = "open"
    ORDERED = "ordered"


class OrderState(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"  # its pieces are held until `due_at`
    PAID = "paid"  # its pieces are held without an end, and picked, packed and shipped
    COMPLETED = "completed"  # everything has been delivered, or is lost and refunded
    PARTLY_RETURNED = "partly_returned"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # nobody paid in time


_O = OrderState
ORDER_MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    _O.AWAITING_PAYMENT: frozenset({_O.PAID, _O.CANCELLED, _O.EXPIRED}),
    _O.PAID: frozenset({_O.COMPLETED, _O.PARTLY_RETURNED, _O.RETURNED, _O.CANCELLED}),
    _O.COMPLETED: frozenset({_O.PARTLY_RETURNED, _O.RETURNED}),
    _O.PARTLY_RETURNED: frozenset({_O.RETURNED}),
    _O.RETURNED: frozenset(),
    _O.CANCELLED: frozenset(),
    _O.EXPIRED: frozenset(),
}
BOUGHT = frozenset({_O.PAID, _O.COMPLETED, _O.PARTLY_RETURNED, _O.RETURNED})


class ShipmentState(StrEnum):
    PLANNED = "planned"  # its order is not paid: nobody works on it, and its seller does not see it
    TO_PICK = "to_pick"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"  # on its way: the pieces have left the shelf
    DELIVERED = "delivered"
    LOST = "lost"
    CANCELLED = "cancelled"


_S = ShipmentState
AHEAD = frozenset({_S.TO_PICK, _S.PICKED, _S.PACKED})  # still in the house
UNDER_WAY = AHEAD | {_S.SHIPPED}  # paid, and not with its buyer yet
OVER = frozenset({_S.DELIVERED, _S.LOST, _S.CANCELLED})


@dataclass(frozen=True, slots=True)
class Move:
    """One legal move of a shipment: its name on the wire, from where to where, and what its order's feed says."""

    name: str
    sources: frozenset[ShipmentState]
    target: ShipmentState
    kind: str  # of the event
    en: str
    zh: str


# `deliver` out of `packed`: the buyer collects it where it lies.
MOVES: Mapping[str, Move] = {
    move.name: move
    for move in (
        Move("pick", frozenset({_S.TO_PICK}), _S.PICKED, "shipment_picked", "The parts are picked", "配件已拣货"),
        Move("pack", frozenset({_S.PICKED}), _S.PACKED, "shipment_packed", "The parcel is packed", "包裹已打包"),
        Move("ship", frozenset({_S.PACKED}), _S.SHIPPED, "shipment_shipped", "The parcel is on its way", "包裹已发出"),
        Move(
            "deliver",
            frozenset({_S.PACKED, _S.SHIPPED}),
            _S.DELIVERED,
            "shipment_delivered",
            "The parcel has been delivered",
            "包裹已送达",
        ),
        Move("lose", frozenset({_S.SHIPPED}), _S.LOST, "shipment_lost", "The parcel is lost", "包裹已遗失"),
    )
}

# What else is told on an order's feed, in words; what becomes of its payments, they tell there themselves.
ORDER_EVENTS: Mapping[str, tuple[str, str]] = {
    "order_placed": ("The order is placed and waits for its payment", "订单已提交，等待付款"),
    "order_paid": ("The order is paid", "订单已付款"),
    "order_expired": ("Nobody paid in time; what was held is free again", "未在期限内付款，预留的配件已释放"),
    "order_cancelled": ("The order is cancelled", "订单已取消"),
    "order_completed": ("Everything of this order has arrived", "订单全部送达"),
    "shipment_late": ("A parcel comes later than promised", "包裹将晚于承诺日期送达"),
    "pieces_returned": ("Parts of this order were returned", "订单中的配件已退回"),
}
