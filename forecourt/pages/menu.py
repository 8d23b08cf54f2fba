"""Where each role goes: its pages in the order of the menu; the first one is where it lands after signing in."""

from collections.abc import Mapping
from types import MappingProxyType

from foundation.identity import Role


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for a string that is translated later
    return message


_CARS = ("/cars", N_("My cars"))
_FLEET = ("/cars", N_("Cars"))
_JOBS = ("/jobs", N_("Today's jobs"))
_BOARD = ("/board", N_("Board"))
_CALENDAR = ("/calendar", N_("Calendar"))
_WORKSHOP = ("/workshop", N_("Workshop"))
_MESSAGES = ("/messages", N_("Messages"))
_DEVICES = ("/devices", N_("Devices"))
_IMPORTS = ("/imports", N_("Imports"))
_PARTS = ("/parts", N_("Parts"))
_CART = ("/cart", N_("Cart"))
_ORDERS = ("/orders", N_("Orders"))
_STOCK = ("/stock", N_("Stock"))
_SHIPMENTS = ("/shipments", N_("Shipments"))
_PRICES = ("/prices", N_("Prices"))
_WEBHOOKS = ("/webhooks", N_("Webhooks"))
_FIGURES = ("/figures", N_("Figures"))
_RETURNS = ("/returns", N_("Returns"))

PLACES: Mapping[Role, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        Role.OWNER: (_CARS, _MESSAGES, _PARTS, _CART, _ORDERS, _DEVICES),
        Role.FLEET_OPERATOR: (_FLEET, _MESSAGES, _PARTS, _CART, _ORDERS, _DEVICES),
        Role.TECHNICIAN: (_JOBS, _PARTS),
        Role.ADVISOR: (_BOARD, _CALENDAR, _JOBS, _FIGURES, _MESSAGES, _PARTS, _CART, _ORDERS),
        Role.WORKSHOP_MANAGER: (
            _BOARD,
            _CALENDAR,
            _WORKSHOP,
            _JOBS,
            _FIGURES,
            _MESSAGES,
            _PARTS,
            _STOCK,
            _SHIPMENTS,
            _RETURNS,
            _CART,
            _ORDERS,
        ),
        Role.PARTS_MANAGER: (_SHIPMENTS, _STOCK, _RETURNS, _PARTS, _PRICES, _IMPORTS, _CART, _ORDERS),
        Role.INTEGRATOR: (_FLEET, _DEVICES, _WEBHOOKS, _MESSAGES, _PARTS, _CART, _ORDERS),
        Role.ADMINISTRATOR: (
            _CARS,
            _BOARD,
            _CALENDAR,
            _JOBS,
            _DEVICES,
            _PARTS,
            _STOCK,
            _SHIPMENTS,
            _RETURNS,
            _PRICES,
            _IMPORTS,
            _CART,
            _ORDERS,
            _WEBHOOKS,
        ),
    }
)


def places(role: Role) -> tuple[tuple[str, str], ...]:
    return PLACES[role]
