"""What is said to each route beyond its address, and what is right of its answer by the table of access."""

from collections.abc import Mapping
from typing import Any

from foundation.access import Relation, Rule
from foundation.identity import Role
from tests.access.prices import PRICE_BODIES
from tests.access.repairs import REPAIR_BODIES
from tests.access.returns import RETURN_BODIES
from tests.access.scene import KEPT, NEW, Scene
from tests.access.settlement import SETTLEMENT_BODIES
from tests.access.shop import SHOP_BODIES
from tests.access.stock import STOCK_BODIES

# Bodies that reach the object; what is then refused as impossible now (409) or senseless (422) was open to the actor.
BODIES: Mapping[str, dict[str, Any]] = {
    "POST /v1/vehicles/{vehicle}/commands": {"kind": "snapshot"},
    "POST /v1/devices": {"vehicle": "{vehicle}"},
    "POST /v1/parts/{part}/expected": {"location": "loc_garage", "expected": "2026-12-03"},
    "POST /v1/appointments": {"vehicle": "{vehicle}", "slot": "x", "service": "maintenance", "case": "{case}"},
    "POST /v1/appointments/{appointment}/reschedule": {"slot": "x"},
    "POST /v1/appointments/{appointment}/arrange": {"bay": "b", "technician": "t", "start": "2026-11-25T01:00:00Z"},
    "POST /v1/repair-orders/{order}/approvals": {"lines": ["{line}"], "decision": "approved"},
    "POST /v1/repair-orders/{order}/review": {"rating": 5},
    "POST /v1/repair-orders/{order}/steps": {"step": "check_in", "mileage_km": 1},
    "POST /v1/repair-orders/{order}/lines": {"kind": "labour", "text_en": "x", "text_zh": "x", "hours": 1},
    "POST /v1/waitlist": {"case": "{case}"},
    "POST /v1/cases/{case}/assistance": {"kind": "towing"},
    "POST /v1/cases/{case}/answers": {"attribute": "drive", "value": "awd"},
    "PATCH /v1/workshops/{workshop}": {},
    **{f"POST /v1/workshops/{{workshop}}/{many}": body for many, body in NEW.items()},
    **{f"PATCH /v1/workshops/{{workshop}}/{many}/{{{one}}}": {} for many, one in KEPT.items()},
    "PATCH /v1/workshops/{workshop}/loaners/{loaner}": {"name": "Polo"},
    "POST /v1/keys": {"name": "k", "scopes": ["read"]},
    "POST /v1/webhooks": {"url": "https://hooks.example/us", "kinds": ["case"]},
    "PATCH /v1/webhooks/{webhook}": {"active": True},
    "POST /v1/webhooks/{webhook}/secret": {"keep_old": False},
    "POST /v1/webhooks/{webhook}/replays": {"since": "2027-01-01T00:00:00Z"},
    "POST /v1/accounts": {"email": "nobody", "role": "owner"},
    "POST /v1/consents": {"channel": "mail", "purpose": "reminders"},
    **PRICE_BODIES,
    **REPAIR_BODIES,
    **RETURN_BODIES,
    **SETTLEMENT_BODIES,
    **SHOP_BODIES,
    **STOCK_BODIES,
}
QUERIES: Mapping[str, dict[str, str]] = {
    "GET /v1/vehicles/{vehicle}/readings": {"signals": "engine_speed"},
    "GET /v1/fitment": {"vehicle": "{vehicle}", "part_type": "alternator"},
    "DELETE /v1/consents": {"channel": "mail", "purpose": "reminders"},
}
# Objects of the garage, not of the family: there the garage's people are in their own house.
OF_THE_GARAGE = (
    "/shipments",
    "/stock/",
    "/expected",
    "/images",
    "/workshops/",
    "GET /calendar",
    "GET /figures",
    "GET /workshop",
    "/workshop/{workshop}",
)


def filled(given: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(one) for one in value]
        return value.format_map(scene.ids) if isinstance(value, str) else value

    return {key: fill(value) for key, value in given.items()}


def open_to(rule: Rule, route: str, role: Role, house: Relation) -> bool:
    return role in rule.roles(_relation(route, house)) | rule.none


def wrong(rule: Rule, route: str, role: Role, house: Relation, status: int) -> str | None:
    """Say what is wrong with an answer, by the table."""
    relation = _relation(route, house)
    if open_to(rule, route, role, house):
        good = status < 400 or status in {409, 422}
    elif not rule.may(role):
        good = status == 403
    else:
        good = status == 404 or (relation is not Relation.NONE and status == 403)
    return None if good else f"{route} as {role} ({relation}): {status}"


def _relation(route: str, house: Relation) -> Relation:
    """Give how a house stands to the object of a route."""
    if any(path in route for path in OF_THE_GARAGE):
        return Relation.OWN if house is Relation.GRANTED else Relation.NONE
    return house
