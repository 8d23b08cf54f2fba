"""Stock, shipments and returns in words, and how loudly a page says them."""

from collections.abc import Mapping

from forecourt.pages.menu import N_
from parts_catalog.pricing.quotes import Channel
from parts_catalog.returns.states import ReturnState
from parts_catalog.shop.states import ShipmentState
from parts_catalog.warehouse.ledger import Change

CHANGE: Mapping[str, str] = {
    Change.RECEIVED: N_("Came in"),
    Change.COUNTED: N_("Counted"),
    Change.ADJUSTED: N_("Corrected"),
    Change.MOVED_OUT: N_("Moved out"),
    Change.MOVED_IN: N_("Moved in"),
    Change.ISSUED: N_("Handed out"),
    Change.RETURNED: N_("Came back"),
    Change.SCRAPPED: N_("Scrapped"),
}
# Why the books are corrected, as a form names it.
ADJUSTING: Mapping[str, str] = {
    "missing": N_("Pieces are missing"),
    "found": N_("Pieces were found"),
    "scrapped": N_("Pieces are scrapped"),
}
# state: (words, colour of its chip)
SHIPMENT: Mapping[str, tuple[str, str]] = {
    ShipmentState.TO_PICK: (N_("To pick"), "warn"),
    ShipmentState.PICKED: (N_("To pack"), "warn"),
    ShipmentState.PACKED: (N_("To send"), "warn"),
    ShipmentState.SHIPPED: (N_("On its way"), ""),
    ShipmentState.DELIVERED: (N_("Delivered"), "good"),
    ShipmentState.LOST: (N_("Lost"), "bad"),
    ShipmentState.CANCELLED: (N_("Cancelled"), ""),
}
# What a button says that makes a move.
MOVE: Mapping[str, str] = {
    "pick": N_("Everything is picked"),
    "pack": N_("The parcel is packed"),
    "ship": N_("Hand it to the carrier"),
    "deliver": N_("It has been delivered"),
    "lose": N_("It is lost"),
}
RETURN: Mapping[str, tuple[str, str]] = {
    ReturnState.ASKED: (N_("To decide"), "bad"),
    ReturnState.APPROVED: (N_("The parts are to come"), "warn"),
    ReturnState.REFUSED: (N_("Refused"), ""),
    ReturnState.WITHDRAWN: (N_("Called off by the buyer"), ""),
    ReturnState.RECEIVED: (N_("To inspect"), "bad"),
    ReturnState.INSPECTED: (N_("Refund under way"), "warn"),
    ReturnState.REFUNDED: (N_("Refunded"), "good"),
    ReturnState.CLOSED: (N_("Nothing taken back"), ""),
}
CHANNEL: Mapping[str, str] = {
    Channel.WEB: N_("Web"),
    Channel.COUNTER: N_("Counter"),
    Channel.B2B: N_("Workshops (B2B)"),
}
# What a promotion is taken off of.
TARGET: Mapping[str, str] = {
    "order": N_("The whole order"),
    "brand": N_("A brand"),
    "part": N_("A part (its id)"),
    "part_type": N_("A type of parts"),
}
