"""Who may do what at the desk: one row per act, with the side that it belongs to and the roles that may."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from foundation.identity import OWNER_ROLES, WORKSHOP_ROLES, Actor, Role
from foundation.refusals import Forbidden


class Side(StrEnum):
    OWNER = "owner"
    WORKSHOP = "workshop"


class Act(StrEnum):
    BOOK = "book"
    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    DECLINE = "decline"
    WAIT = "wait"
    ASK_ASSISTANCE = "ask_assistance"
    APPROVE = "approve"
    REVIEW = "review"
    TAKE_STEP = "take_step"
    ADD_LINES = "add_lines"
    SETTLE = "settle"
    SAY_NO_SHOW = "say_no_show"
    ARRANGE = "arrange"
    SET_UP = "set_up"


@dataclass(frozen=True, slots=True)
class Permission:
    side: Side
    roles: frozenset[Role]


PERMISSIONS: Mapping[Act, Permission] = {
    Act.BOOK: Permission(Side.OWNER, OWNER_ROLES),
    Act.CONFIRM: Permission(Side.OWNER, OWNER_ROLES),
    Act.RESCHEDULE: Permission(Side.OWNER, OWNER_ROLES),
    Act.DECLINE: Permission(Side.OWNER, OWNER_ROLES),
    Act.WAIT: Permission(Side.OWNER, OWNER_ROLES),
    Act.ASK_ASSISTANCE: Permission(Side.OWNER, OWNER_ROLES),
    Act.APPROVE: Permission(Side.OWNER, OWNER_ROLES),
    Act.REVIEW: Permission(Side.OWNER, OWNER_ROLES),
    Act.TAKE_STEP: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.ADD_LINES: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.SETTLE: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.SAY_NO_SHOW: Permission(Side.WORKSHOP, WORKSHOP_ROLES),
    Act.ARRANGE: Permission(Side.WORKSHOP, frozenset({Role.ADVISOR, Role.WORKSHOP_MANAGER})),
    Act.SET_UP: Permission(Side.WORKSHOP, frozenset({Role.WORKSHOP_MANAGER})),
}


def require(actor: Actor, act: Act, *, owner: str, workshop: str | None = None) -> None:
    """Raise `Forbidden` unless the actor stands on the act's side of this object and has one of its roles.

    `owner` and `workshop` are the organisations of the two sides. Call it only after the object was found for the
    actor: an object that he may not see does not exist for him.
    """
    permission = PERMISSIONS[act]
    if actor.organisation != (owner if permission.side is Side.OWNER else workshop):
        raise Forbidden(f"this is for the {permission.side} of the visit to do")
    actor.must_be(*permission.roles)
