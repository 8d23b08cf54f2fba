"""The link in a letter by which its reader decides on one repair order without signing in.

It is made when the letter is sent, so that its secret is kept nowhere: each letter, and each try to send it, has one of
its own. They hold side by side, whichever letter somebody opens, until their time or the order is over, or the owner
ends them.
"""

from aftersales.cases import OVER
from aftersales.permissions import APPROVING, PERMISSIONS, Act, require
from aftersales.scope import find_order, lock_order
from foundation.access import and_administrators
from foundation.database import UnitOfWork
from foundation.identity import Actor, open_account
from foundation.keys import APPROVAL, Key, add_approval_link, end_links, list_keys, revoke_key
from foundation.refusals import NotFound

LINK_DAYS = 7


def new_approval_link(unit: UnitOfWork, account: str, order: str) -> str | None:
    """Give the secret of a new link for the person who is asked; None: he may not decide, or nothing is left to."""
    person = open_account(unit, account)
    if person is None or person.role not in and_administrators(PERMISSIONS[Act.APPROVE].roles):
        return None
    try:
        _, row = lock_order(unit, person, order)
    except NotFound:
        return None
    if row.organisation != person.organisation or row.state in OVER:
        return None
    return add_approval_link(unit, person, order, LINK_DAYS, APPROVING)[1]


def list_approval_links(unit: UnitOfWork, actor: Actor, order: str) -> list[Key]:
    """Give the links to an order of the actor's own by which somebody may decide now."""
    _own_order(unit, actor, order)
    return list_keys(unit, actor, order, APPROVAL)


def end_approval_links(unit: UnitOfWork, actor: Actor, order: str) -> None:
    """End all of them at once."""
    _own_order(unit, actor, order)
    end_links(unit, order, actor.account)


def end_approval_link(unit: UnitOfWork, actor: Actor, order: str, link: str) -> None:
    """End one of them; raises `NotFound` for any other."""
    _own_order(unit, actor, order)
    revoke_key(unit, actor, link, order, APPROVAL)


def _own_order(unit: UnitOfWork, actor: Actor, order: str) -> None:
    require(actor, Act.SHARE, owner=find_order(unit, actor, order).organisation)
