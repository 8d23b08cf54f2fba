"""Who may do what at the desk: one row per act, with the side that it belongs to and the roles that may."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from foundation.access import NOBODY, Group, Rule, and_administrators, list_of, personal, read_of
from foundation.identity import OWNER_ROLES, WORKSHOP_ROLES, Actor, Role
from foundation.refusals import Forbidden


class Side(StrEnum):
    OWNER = "owner"
    WORKSHOP = "workshop"


class Act(StrEnum):
    BOOK = "book"
    ANSWER = "answer"
    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    DECLINE = "decline"
    DECLINE_CASE = "decline_case"
    WAIT = "wait"
    ASK_ASSISTANCE = "ask_assistance"
    APPROVE = "approve"
    REVIEW = "review"
    TAKE_STEP = "take_step"
    ADD_LINES = "add_lines"
    RETURN_PARTS = "return_parts"
    INSPECT = "inspect"
    CLOCK = "clock"
    FIND_FAULT = "find_fault"
    GIVE_VERDICT = "give_verdict"
    ANSWER_REVIEW = "answer_review"
    SETTLE = "settle"
    NOTE_CUSTOMER_PARTS = "note_customer_parts"
    CHOOSE_OLD_PARTS = "choose_old_parts"
    SIGN_SHEET = "sign_sheet"
    CORRECT_SHEET = "correct_sheet"
    PAY = "pay"
    RELEASE = "release"
    MEND_RECORD = "mend_record"
    SAY_NO_SHOW = "say_no_show"
    ARRANGE = "arrange"
    SET_UP = "set_up"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Permission:
    """The side of an act and its roles; `granted`: who else may do it for a car that is opened to his house."""

    side: Side
    roles: frozenset[Role]
    granted: frozenset[Role] = frozenset()


# A fleet's or a dealer's own software books: an organisation's integrator does with its visits what an owner does, and
# for a car that is opened to his house he holds a time, which its owner confirms, or gives it back before that. What is
# found during a repair is approved, reviewed and shared by people alone.
_BOOKING = OWNER_ROLES | {Role.INTEGRATOR}

_DESK = frozenset({Role.ADVISOR, Role.WORKSHOP_MANAGER})

PERMISSIONS: Mapping[Act, Permission] = {
    Act.BOOK: Permission(Side.OWNER, _BOOKING, frozenset({Role.INTEGRATOR})),
    Act.ANSWER: Permission(Side.OWNER, _BOOKING),
    Act.CONFIRM: Permission(Side.OWNER, _BOOKING),
    Act.RESCHEDULE: Permission(Side.OWNER, _BOOKING),
    Act.DECLINE: Permission(Side.OWNER, _BOOKING, frozenset({Role.INTEGRATOR})),
    Act.DECLINE_CASE: Permission(Side.OWNER, _BOOKING),
    Act.WAIT: Permission(Side.OWNER, _BOOKING),
    Act.ASK_ASSISTANCE: Permission(Side.OWNER, OWNER_ROLES),
    # What the owner says at the counter or on the telephone, the desk of his workshop writes down.
    Act.APPROVE: Permission(Side.OWNER, OWNER_ROLES, frozenset({Role.ADVISOR, Role.WORKSHOP_MANAGER})),
    Act.REVIEW: Permission(Side.OWNER, OWNER_ROLES),
    Act.TAKE_STEP: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.ADD_LINES: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.RETURN_PARTS: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.INSPECT: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.CLOCK: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.FIND_FAULT: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.GIVE_VERDICT: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.ANSWER_REVIEW: Permission(Side.WORKSHOP, frozenset({Role.ADVISOR, Role.WORKSHOP_MANAGER})),
    Act.SETTLE: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.NOTE_CUSTOMER_PARTS: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    # The customer chooses, signs and pays; at the counter his workshop's desk takes it down, or shows him the code.
    Act.CHOOSE_OLD_PARTS: Permission(Side.OWNER, OWNER_ROLES, _DESK),
    Act.SIGN_SHEET: Permission(Side.OWNER, OWNER_ROLES, _DESK),
    Act.PAY: Permission(Side.OWNER, OWNER_ROLES, _DESK),
    Act.CORRECT_SHEET: Permission(Side.WORKSHOP, _DESK),
    Act.RELEASE: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.MEND_RECORD: Permission(Side.WORKSHOP, _DESK),
    Act.SAY_NO_SHOW: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.ARRANGE: Permission(Side.WORKSHOP, frozenset({Role.ADVISOR, Role.WORKSHOP_MANAGER})),
    Act.SHARE: Permission(Side.OWNER, OWNER_ROLES),
    Act.SET_UP: Permission(Side.WORKSHOP, frozenset({Role.WORKSHOP_MANAGER})),
}


_WORKSHOP = "/v1/workshops/{workshop}"
_OF_ORDER = "/v1/repair-orders/{order}"
_KEPT = {"bays": "bay", "technicians": "technician", "loaners": "loaner", "absences": "absence", "services": "code"}
_ACCOUNTS = f"{_WORKSHOP}/accounts"
ROUTES: Mapping[Act, tuple[str, ...]] = {
    Act.SHARE: (
        "GET /v1/cases/{case}/links",
        "POST /v1/cases/{case}/links",
        "DELETE /v1/cases/{case}/links/{link}",
        f"GET {_OF_ORDER}/links",
        f"DELETE {_OF_ORDER}/links/{{approval_link}}",
    ),
    Act.BOOK: ("POST /v1/appointments",),
    Act.ANSWER: ("POST /v1/cases/{case}/answers",),
    Act.CONFIRM: ("POST /v1/appointments/{appointment}/confirm",),
    Act.RESCHEDULE: ("POST /v1/appointments/{appointment}/reschedule",),
    Act.DECLINE: ("POST /v1/appointments/{appointment}/decline",),
    Act.DECLINE_CASE: ("POST /v1/cases/{case}/decline",),
    Act.WAIT: ("POST /v1/waitlist", "DELETE /v1/waitlist/{wait}"),
    Act.ASK_ASSISTANCE: ("POST /v1/cases/{case}/assistance",),
    Act.APPROVE: (f"POST {_OF_ORDER}/approvals",),
    Act.REVIEW: ("POST /v1/repair-orders/{order}/review",),
    Act.TAKE_STEP: (f"POST {_OF_ORDER}/steps",),
    Act.ADD_LINES: (
        f"POST {_OF_ORDER}/lines",
        f"PATCH {_OF_ORDER}/lines/{{line}}",
        f"DELETE {_OF_ORDER}/lines/{{line}}",
    ),
    Act.RETURN_PARTS: (f"POST {_OF_ORDER}/parts-returns",),
    Act.INSPECT: (
        f"POST {_OF_ORDER}/inspections",
        f"POST {_OF_ORDER}/inspections/complete",
        f"POST {_OF_ORDER}/photos",
    ),
    Act.CLOCK: (f"POST {_OF_ORDER}/clock/start", f"POST {_OF_ORDER}/clock/stop"),
    Act.FIND_FAULT: (f"POST {_OF_ORDER}/findings", f"PATCH {_OF_ORDER}/findings/{{number}}"),
    Act.GIVE_VERDICT: (f"POST {_OF_ORDER}/verdicts",),
    Act.ANSWER_REVIEW: (f"POST {_OF_ORDER}/review/answer",),
    Act.SETTLE: ("POST /v1/repair-orders/{order}/settlement",),
    Act.NOTE_CUSTOMER_PARTS: (f"PUT {_OF_ORDER}/customer-parts",),
    Act.CHOOSE_OLD_PARTS: (f"POST {_OF_ORDER}/old-parts",),
    Act.SIGN_SHEET: (f"POST {_OF_ORDER}/settlement/signature",),
    Act.CORRECT_SHEET: (f"POST {_OF_ORDER}/settlement/corrections",),
    Act.PAY: (f"POST {_OF_ORDER}/payments",),
    Act.RELEASE: (f"POST {_OF_ORDER}/release",),
    Act.MEND_RECORD: (f"POST {_OF_ORDER}/record",),
    Act.SAY_NO_SHOW: ("POST /v1/appointments/{appointment}/no-show",),
    Act.ARRANGE: ("POST /v1/appointments/{appointment}/arrange",),
    Act.SET_UP: (
        f"PATCH {_WORKSHOP}",
        *(f"POST {_WORKSHOP}/{many}" for many in _KEPT),
        *(f"{verb} {_WORKSHOP}/{many}/{{{one}}}" for many, one in _KEPT.items() for verb in ("PATCH", "DELETE")),
        f"POST {_ACCOUNTS}",
        f"DELETE {_ACCOUNTS}/{{customer}}",
    ),
}


def _rule(act: Act) -> Rule:
    """Give the row of an act: the workshop's side has an owner's visit by a grant, and its own workshop by itself."""
    permission = PERMISSIONS[act]
    roles = and_administrators(permission.roles)
    group = Group.PERSONAL if act is Act.SHARE else Group.WRITE  # no key hands on what it may see
    if permission.side is Side.OWNER or act is Act.SET_UP:
        granted = and_administrators(permission.granted) if permission.granted else NOBODY
        return Rule(f"desk.{act}", group, ROUTES[act], own=roles, granted=granted)
    return Rule(f"desk.{act}", Group.WRITE, ROUTES[act], granted=roles)


_CASE, _VISIT, _ORDER = "GET /v1/cases/{case}", "GET /v1/appointments/{appointment}", "GET /v1/repair-orders/{order}"
TRACKED = frozenset({"cases.list", "cases.read", "appointments.read", "orders.read"})  # what a tracking link shows
APPROVING = frozenset({"orders.read", f"desk.{Act.APPROVE}"})  # what one does by an approval link
RULES = (
    list_of("cases.list", "GET /v1/cases", "GET /v1/appointments", "GET /v1/repair-orders"),
    list_of("waits.list", "GET /v1/waitlist"),
    read_of("cases.read", _CASE),
    read_of("appointments.read", _VISIT, f"{_VISIT}/calendar"),
    read_of("orders.read", _ORDER, *(f"{_ORDER}/{part}" for part in ("lines", "approvals", "steps", "progress"))),
    read_of(
        "repairs.read",
        *(f"{_ORDER}/{part}" for part in ("inspections", "photos", "photos/{photo}", "clock", "findings", "verdicts")),
    ),
    read_of("settlements.read", f"{_ORDER}/settlement", f"{_ORDER}/settlement/sheets"),
    Rule("records.read", Group.READ, (f"{_ORDER}/record",), granted=and_administrators(_DESK)),
    Rule("workshops.accounts", Group.READ, (f"GET {_ACCOUNTS}",), own=and_administrators(_DESK)),
    read_of("reviews.read", f"{_ORDER}/review"),
    list_of("workshops.list", "GET /v1/workshops", f"GET {_WORKSHOP}"),
    list_of("slots.list", "GET /v1/slots"),
    Rule(
        "workshops.plan",
        Group.READ,
        tuple(f"GET {_WORKSHOP}/{part}" for part in ("days/{day}", "durations", "figures", "reviews")),
        own=and_administrators(WORKSHOP_ROLES),
    ),
    personal("messages.read", "GET /v1/messages", "POST /v1/messages/{message}/read"),
    personal("consents.change", "GET /v1/consents", "POST /v1/consents", "DELETE /v1/consents"),
    *map(_rule, Act),
)


def require(actor: Actor, act: Act, *, owner: str, workshop: str | None = None) -> None:
    """Raise `Forbidden` unless the actor stands on the act's side of this object and has one of its roles.

    `owner` and `workshop` are the organisations of the two sides. Call it only after the object was found for the
    actor: an object that he may not see does not exist for him.
    """
    permission = PERMISSIONS[act]
    if actor.only is not None and f"desk.{act}" not in (actor.scopes or ()):
        raise Forbidden("this is for people who are signed in, and for no link")
    if permission.granted and actor.organisation != owner:
        actor.must_be(*permission.granted)
        return
    if actor.organisation != (owner if permission.side is Side.OWNER else workshop):
        raise Forbidden(f"this is for the {permission.side} of the visit to do")
    actor.must_be(*permission.roles)
