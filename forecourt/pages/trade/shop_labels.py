"""The states of orders, shipments and returns in words, and how loudly a page says them."""

from collections.abc import Mapping

from forecourt.pages.menu import N_
from parts_catalog.prices import CodeRefusal
from parts_catalog.returns.states import ReturnState
from parts_catalog.shop.states import OrderState, ShipmentState

# state: (words, colour of its chip)
ORDER: Mapping[str, tuple[str, str]] = {
    OrderState.AWAITING_PAYMENT: (N_("Waiting for payment"), "bad"),
    OrderState.PAID: (N_("Paid"), "good"),
    OrderState.COMPLETED: (N_("Delivered"), "good"),
    OrderState.PARTLY_RETURNED: (N_("Partly returned"), ""),
    OrderState.RETURNED: (N_("Returned"), ""),
    OrderState.CANCELLED: (N_("Cancelled"), ""),
    OrderState.EXPIRED: (N_("Not paid in time"), ""),
}
SHIPMENT: Mapping[str, tuple[str, str]] = {
    ShipmentState.PLANNED: (N_("Planned"), ""),
    ShipmentState.TO_PICK: (N_("Being prepared"), "warn"),
    ShipmentState.PICKED: (N_("Picked"), "warn"),
    ShipmentState.PACKED: (N_("Packed"), "warn"),
    ShipmentState.SHIPPED: (N_("On its way"), "warn"),
    ShipmentState.DELIVERED: (N_("Delivered"), "good"),
    ShipmentState.LOST: (N_("Lost"), "bad"),
    ShipmentState.CANCELLED: (N_("Cancelled"), ""),
}
RETURN: Mapping[str, tuple[str, str]] = {
    ReturnState.ASKED: (N_("Asked for"), "warn"),
    ReturnState.APPROVED: (N_("Approved: please send the parts back"), "warn"),
    ReturnState.REFUSED: (N_("Refused"), "bad"),
    ReturnState.WITHDRAWN: (N_("Called off"), ""),
    ReturnState.RECEIVED: (N_("Received"), "warn"),
    ReturnState.INSPECTED: (N_("Inspected; the money is on its way"), "warn"),
    ReturnState.REFUNDED: (N_("Refunded"), "good"),
    ReturnState.CLOSED: (N_("Not taken back"), "bad"),
}
CODE: Mapping[str, str] = {
    CodeRefusal.UNKNOWN: N_("There is no such code."),
    CodeRefusal.NOT_YET: N_("This code does not hold yet."),
    CodeRefusal.OVER: N_("This code does not hold any more."),
    CodeRefusal.USED_UP: N_("This code has been used up."),
    CodeRefusal.USED_BY_YOU: N_("You have used this code already."),
    CodeRefusal.NOT_FOR_YOU: N_("This code is not for you."),
    CodeRefusal.NOT_FOR_THESE_PARTS: N_("This code is not for these parts."),
    CodeRefusal.BEATEN: N_("What is taken off already is more than by this code."),
}
