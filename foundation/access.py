"""The table of access: which role may do which action with an object of which relation, and on which routes.

Every package declares its rows in its `permissions.py`; the composition root joins them into one `Access`. It is asked
before any query, by the route that was reached: a role that may do the action in no relation is refused, and so is a
route that no row names. Which objects there are for an actor is still said by each query (`grants.visible`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from foundation.identity import GRANTEES, OWNER_ROLES, Actor, Role
from foundation.refusals import Forbidden

ALL = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()


class Relation(StrEnum):
    """How the actor's organisation stands to the object: its own, opened to it by a grant, or neither.

    An action without an object, such as a list of what one may see, stands under `NONE`.
    """

    OWN = "own"
    GRANTED = "granted"
    NONE = "none"


class Group(StrEnum):
    """What a key's scope may name as a whole; what is a person's own is for no key."""

    READ = "read"
    WRITE = "write"
    PERSONAL = "personal"
    PUBLIC = "public"  # needs nobody


@dataclass(frozen=True, slots=True)
class Rule:
    """One action: the roles that may, by relation, and the routes (`GET /v1/cases`) that do it."""

    action: str
    group: Group
    routes: tuple[str, ...]
    own: frozenset[Role] = NOBODY
    granted: frozenset[Role] = NOBODY
    none: frozenset[Role] = NOBODY

    def roles(self, relation: Relation) -> frozenset[Role]:
        return {Relation.OWN: self.own, Relation.GRANTED: self.granted, Relation.NONE: self.none}[relation]

    def may(self, role: Role) -> bool:
        """Whether the role may do this in any relation at all."""
        return role in self.own | self.granted | self.none


def read_of(action: str, *routes: str) -> Rule:
    """Give the rule of reading one object: its organisation, and the people of those whom it was opened to."""
    return Rule(action, Group.READ, routes, own=ALL, granted=GRANTEES)


def list_of(action: str, *routes: str) -> Rule:
    """Give the rule of listing what one may see."""
    return Rule(action, Group.READ, routes, none=ALL)


def personal(action: str, *routes: str) -> Rule:
    """Give the rule of what everybody has for himself."""
    return Rule(action, Group.PERSONAL, routes, none=ALL)


def public(action: str, *routes: str) -> Rule:
    """Give the rule of what needs nobody to be signed in."""
    return Rule(action, Group.PUBLIC, routes, none=ALL)


def and_administrators(roles: Iterable[Role]) -> frozenset[Role]:
    """Give the roles with the administrator, who may all that is open to a role of his organisation."""
    return frozenset(roles) | {Role.ADMINISTRATOR}


OWNERS = and_administrators(OWNER_ROLES)


@dataclass(frozen=True, slots=True)
class Access:
    """The joined table. Raises `ValueError` when two rows name the same action or the same route."""

    rules: tuple[Rule, ...]
    by_route: Mapping[str, Rule] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, Rule] = {}
        for rule in self.rules:
            for route in rule.routes:
                if route in found:
                    raise ValueError(f"{route} is named by {found[route].action} and by {rule.action}")
                found[route] = rule
        if len({rule.action for rule in self.rules}) != len(self.rules):
            raise ValueError("an action has one row")
        object.__setattr__(self, "by_route", found)

    def check(self, actor: Actor, method: str, path: str) -> None:
        """Raise `Forbidden` unless the actor's role may do what the route does, and his credential reaches so far."""
        rule = self.by_route.get(f"{'GET' if method == 'HEAD' else method} {path}")
        if rule is None:
            raise Forbidden("this address is in no row of the table of access")
        if rule.group is Group.PUBLIC:
            return
        if not rule.may(actor.role):
            raise Forbidden(f"the role {actor.role} may not do this")
        if actor.scopes is not None and not _reaches(actor.scopes, rule):
            raise Forbidden(f"this credential has no scope for {rule.action}")

    def scopes(self) -> frozenset[str]:
        """Give what a key's scopes may name: single actions, and the groups of reads and writes."""
        keyed = {Group.READ, Group.WRITE}
        return frozenset(keyed) | {rule.action for rule in self.rules if rule.group in keyed}


def _reaches(scopes: frozenset[str], rule: Rule) -> bool:
    return rule.group in {Group.READ, Group.WRITE} and bool({rule.action, rule.group.value} & scopes)
