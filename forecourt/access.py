"""The one table of access of the whole house: every package's rows, with the pages that do the same actions."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import aftersales.permissions
import diagnostics.permissions
import forecourt.webhooks.permissions
import foundation.permissions
import ingest.permissions
import parts_catalog.permissions
from foundation.access import ALL, Access, Group, Relation, Rule, and_administrators, list_of, personal, public, read_of
from foundation.identity import WORKSHOP_ROLES, Role
from parts_catalog.permissions import IMPORTING
from parts_catalog.shop.permissions import SELLING

_PLANNING = and_administrators({Role.ADVISOR, Role.WORKSHOP_MANAGER})
_MANAGING = and_administrators({Role.WORKSHOP_MANAGER})
_WORKING = and_administrators(WORKSHOP_ROLES)

_JOB = ("GET /jobs/{order}", *(f"GET /jobs/{{order}}/{tab}" for tab in ("looking", "car", "lines", "found")))

# Rows of what forecourt itself offers.
RULES = (
    public(
        "house.look",
        *(f"GET /{page}" for page in ("health/live", "health/ready", "metrics", "docs", "openapi.json", "sign-in", "")),
    ),
    public(
        "house.enter",
        "POST /sign-in",
        "POST /sign-in/link",
        "POST /sign-in/resume",
        "POST /language",
    ),
    public(
        "house.track", "GET /track", "POST /track", *(f"GET /track/{{case}}{more}" for more in ("", "/now", "/live"))
    ),
    public(
        "house.approve",
        "GET /approve",
        "POST /approve",
        *(f"GET /approve/{{order}}{more}" for more in ("", "/now", "/live", "/photos/{photo}")),
        "POST /approve/{order}",
    ),
    personal("house.leave", "POST /sign-out"),
    personal("me.take_along", "GET /v1/me/export", "POST /account/export"),
    personal("me.erase", "POST /v1/me/erasure", "POST /account/erasure"),
    personal("me.look", "GET /account", "POST /account/sessions"),
    Rule("accounts.link", Group.PERSONAL, ("POST /members/{account}/link",), own=frozenset({Role.ADMINISTRATOR})),
    list_of("pages.cars", "GET /cars"),
    read_of("orders.follow", "GET /live"),
    Rule("pages.jobs", Group.READ, ("GET /jobs", "GET /jobs/live"), none=_WORKING),
    Rule("pages.crew", Group.WRITE, ("POST /jobs/crew",), none=frozenset({Role.TECHNICIAN})),
    Rule("pages.crew_leave", Group.WRITE, ("POST /jobs/crew/leave",), none=_WORKING),
    Rule("pages.job", Group.READ, _JOB, own=_WORKING, granted=_WORKING),
    Rule("pages.board", Group.READ, ("GET /board", "GET /board/live"), none=_PLANNING),
    Rule("pages.desk", Group.READ, ("GET /board/{order}", "GET /board/{order}/code"), own=_PLANNING, granted=_PLANNING),
    Rule("pages.figures", Group.READ, ("GET /figures",), own=_PLANNING),
    Rule("pages.pay_later", Group.WRITE, ("POST /board/{order}/account",), granted=_MANAGING),
    Rule("pages.refund_repair", Group.WRITE, ("POST /board/{order}/refunds/{refund}",), granted=_PLANNING),
    Rule("pages.refund_order", Group.WRITE, ("POST /returns/refunds/{refund}",), granted=SELLING),
    Rule("pages.calendar", Group.READ, ("GET /calendar", "GET /calendar/live"), own=_PLANNING),
    Rule("pages.import", Group.WRITE, ("POST /imports/{import_id}/run",), own=and_administrators(IMPORTING)),
    Rule("payments.decide", Group.PERSONAL, ("POST /payments/{payment}/sandbox",), own=ALL),
    Rule("pages.returns", Group.READ, ("GET /returns",), none=SELLING),
    Rule("pages.return", Group.READ, ("GET /returns/{return_id}",), granted=SELLING),
    Rule("pages.workshop", Group.READ, ("GET /workshop",), own=_MANAGING),
)

# action of a package: the pages that do it, too.
PAGES: Mapping[str, tuple[str, ...]] = {
    "vehicles.read": ("GET /cars/{vehicle}", "GET /cars/{vehicle}/state", "GET /cars/{vehicle}/codes"),
    "findings.read": ("GET /cars/{vehicle}/findings",),
    "readings.read": (
        "GET /cars/{vehicle}/findings/{finding}/trend",
        "GET /cars/{vehicle}/findings/{finding}/voltage",
    ),
    "commands.ask": ("POST /cars/{vehicle}/commands", "POST /jobs/{order}/commands"),
    "commands.answer": ("POST /cars/{vehicle}/commands/{command}", "POST /jobs/{order}/commands/{command}"),
    "devices.list": ("GET /devices",),
    "devices.provision": ("POST /devices", "POST /devices/{device}/password", "POST /devices/{device}/revoke"),
    "parts.read": ("GET /parts", "GET /parts/{part}"),
    "stock.list": ("GET /stock", "GET /stock/deliveries"),
    "stock.read": ("GET /stock/{location}/{part}",),
    "stock.keep": ("POST /stock/{location}/{part}", "POST /stock/deliveries/{delivery}"),
    "part_images.read": ("GET /parts/{part}/images/{image}",),
    "part_reviews.write": ("POST /orders/{order_id}/reviews",),
    "carts.list": ("GET /cart",),
    "carts.open": ("POST /cart",),
    "carts.read": ("GET /carts/{cart}", "GET /carts/{cart}/checkout"),
    "carts.change": ("POST /carts/{cart}", "POST /carts/{cart}/lines/{part}", "POST /carts/{cart}/holds"),
    "shop_orders.place": ("POST /carts/{cart}/checkout", "POST /carts/{cart}/order"),
    "shop_orders.list": ("GET /orders",),
    "shop_orders.read": ("GET /orders/{order_id}", "GET /orders/{order_id}/now"),
    "shop_orders.pay": ("POST /orders/{order_id}/payments",),
    "shop_orders.cancel": ("POST /orders/{order_id}/cancel",),
    "returns.left": ("GET /orders/{order_id}/return",),
    "returns.ask": ("POST /orders/{order_id}/return",),
    "returns.withdraw": ("POST /returns/{return_id}/withdraw",),
    "shipments.list": ("GET /shipments",),
    "shipments.read": ("GET /shipments/{shipment}", "GET /shipments/{shipment}/slip"),
    "shipments.move": ("POST /shipments/{shipment}/moves",),
    "returns.judge": ("POST /returns/{return_id}/steps", "POST /returns/{return_id}/inspection"),
    "price_lists.list": ("GET /prices",),
    "price_lists.add": ("POST /prices/lists",),
    "price_lists.read": ("GET /prices/lists/{price_list}",),
    "price_lists.change": ("POST /prices/lists/{price_list}",),
    "promotions.add": ("POST /prices/promotions",),
    "promotions.change": ("POST /prices/promotions/{promotion}",),
    "payments.read": ("GET /payments/{payment}/sandbox", "GET /payments/{payment}/code"),
    "imports.start": ("POST /imports",),
    "imports.list": ("GET /imports",),
    "imports.read": ("GET /imports/{import_id}",),
    "imports.undo": ("POST /imports/{import_id}/undo",),
    "cases.list": ("GET /cars/repairs.csv",),
    "cases.read": ("GET /cases/{case}", "GET /cases/{case}/stopped", "GET /cars/{vehicle}/visits"),
    "appointments.read": (
        "GET /appointments/{appointment}",
        "GET /appointments/{appointment}/now",
        "GET /appointments/{appointment}/visit.ics",
    ),
    "orders.read": ("GET /repair-orders/{order}", "GET /repair-orders/{order}/now"),
    "repairs.read": ("GET /repair-orders/{order}/photos/{photo}",),
    "settlements.read": ("GET /repair-orders/{order}/sheet",),
    "messages.read": ("GET /messages", "POST /messages/{message}"),
    "consents.change": ("POST /me/reminders",),
    "me.password": ("POST /account/password",),
    "accounts.list": ("GET /members",),
    "accounts.invite": ("POST /members",),
    "accounts.close": ("POST /members/{account}/revoke",),
    "keys.list": ("GET /keys",),
    "keys.create": ("POST /keys",),
    "keys.revoke": ("POST /keys/{key}/revoke",),
    "webhooks.list": ("GET /webhooks",),
    "webhooks.create": ("POST /webhooks",),
    "webhooks.read": ("GET /webhooks/{webhook}",),
    "webhooks.change": ("POST /webhooks/{webhook}",),
    "webhooks.replay": ("POST /webhooks/{webhook}/replays",),
    "desk.book": ("GET /cars/{vehicle}/book", "POST /cars/{vehicle}/book/times", "POST /cars/{vehicle}/book"),
    "desk.answer": ("POST /cases/{case}/answers", "POST /cars/{vehicle}/answers"),
    "desk.reschedule": ("GET /appointments/{appointment}/move", "POST /appointments/{appointment}/move"),
    "desk.confirm": ("POST /appointments/{appointment}/confirm",),
    "desk.decline": ("POST /appointments/{appointment}/decline",),
    "desk.wait": ("POST /cars/{vehicle}/wait", "POST /appointments/{appointment}/wait", "POST /waits/{wait}/leave"),
    "desk.share": ("POST /cases/{case}/links", "POST /repair-orders/{order}/links"),
    "desk.ask_assistance": ("POST /cases/{case}/assistance",),
    "desk.approve": ("POST /repair-orders/{order}/approvals", "POST /board/{order}/approvals"),
    "desk.choose_old_parts": ("POST /repair-orders/{order}/old-parts",),
    "desk.sign_sheet": ("POST /repair-orders/{order}/signature", "POST /board/{order}/signature"),
    "desk.pay": ("POST /repair-orders/{order}/payments", "POST /board/{order}/payments"),
    "desk.review": ("POST /repair-orders/{order}/review",),
    "desk.take_step": ("POST /jobs/{order}/steps", "POST /board/{order}/steps"),
    "desk.clock": ("POST /jobs/{order}/clock",),
    "desk.inspect": tuple(f"POST /jobs/{{order}}/{what}" for what in ("inspections", "inspections/complete", "photos")),
    "desk.find_fault": ("POST /jobs/{order}/findings", "POST /jobs/{order}/findings/{number}"),
    "desk.give_verdict": ("POST /jobs/{order}/verdicts", "POST /board/{order}/verdicts"),
    "desk.add_lines": ("POST /jobs/{order}/lines", "POST /board/{order}/lines", "POST /board/{order}/lines/{line}"),
    "desk.return_parts": ("POST /jobs/{order}/parts-returns",),
    "desk.settle": ("POST /board/{order}/settlement",),
    "desk.note_customer_parts": ("POST /board/{order}/customer-parts",),
    "desk.correct_sheet": ("POST /board/{order}/corrections",),
    "desk.promise": ("POST /board/{order}/promise",),
    "desk.take_money": ("POST /board/{order}/takings", "POST /board/{order}/takings/{taking}/back"),
    "desk.release": ("POST /board/{order}/release",),
    "desk.mend_record": ("POST /board/{order}/record",),
    "desk.answer_review": ("POST /board/{order}/answer",),
    "desk.arrange": ("POST /calendar/{workshop}/moves",),
    "desk.say_no_show": ("POST /calendar/{workshop}/no-shows",),
    "desk.set_up": ("POST /workshop/{workshop}/{what}",),
}


def whole() -> Access:
    """Join the packages' rows, the pages and forecourt's own into the one table."""
    rows = [
        *foundation.permissions.RULES,
        *ingest.permissions.RULES,
        *diagnostics.permissions.RULES,
        *parts_catalog.permissions.RULES,
        *aftersales.permissions.RULES,
        *forecourt.webhooks.permissions.RULES,
        *RULES,
    ]
    if unknown := set(PAGES) - {rule.action for rule in rows}:
        raise ValueError(f"pages of unknown actions: {sorted(unknown)}")
    return Access(tuple(replace(rule, routes=(*rule.routes, *PAGES.get(rule.action, ()))) for rule in rows))


def page() -> str:
    """Write the table for people."""
    lines = ["| action | for keys | own organisation | granted | none | routes |", "|---|---|---|---|---|---|"]
    for rule in sorted(whole().rules, key=lambda rule: rule.action):
        cells = [_named(rule.roles(relation)) if rule.group is not Group.PUBLIC else "" for relation in Relation]
        if rule.group is Group.PUBLIC:
            cells[-1] = "everybody, signed in or not"
        routes = "<br>".join(f"`{route}`" for route in rule.routes)
        lines.append(f"| `{rule.action}` | {_scope(rule)} | {' | '.join(cells)} | {routes} |")
    return "\n".join(lines)


def _named(roles: Iterable[Role]) -> str:
    names = sorted(role.value for role in roles)
    return "all roles" if len(names) == len(Role) else ", ".join(names)


def _scope(rule: Rule) -> str:
    return f"`{rule.group}`" if rule.group in {Group.READ, Group.WRITE} else "no"
