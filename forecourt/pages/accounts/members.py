"""The people of an organisation: its administrator makes accounts, links that work once, and closes accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.identity import (
    Actor,
    Role,
    add_account,
    address_of,
    issue_link,
    members,
    renew_link,
    revoke_account,
)
from foundation.refusals import Conflict, Invalid, NotFound, Refusal


def router(site: Site) -> APIRouter:
    """Give the routes of an organisation's members."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/members")
    def show(reader: Annotated[Reader, Depends(signed_in(site))], done: str = "") -> Response:
        return _page(reader, done=done)

    @routes.post("/members")
    def invite(form: Form) -> Response:
        form.reader.actor.must_be(Role.ADMINISTRATOR)
        links: list[str] = []
        try:
            act_for(form, lambda unit: _invite(unit, form, links))
        except (Conflict, Invalid) as refusal:
            return _page(form.reader, form, refusal=refusal)
        # Shown in this answer and never again: only its digest is kept.
        return _page(form.reader, link=links[0] if links else "", done="invited")

    @routes.post("/members/{account}/revoke")
    def close(account: str, form: Form) -> Response:
        actor = form.reader.actor
        actor.must_be(Role.ADMINISTRATOR)
        act(form, lambda unit: revoke_account(unit, _another(unit, actor, account).account, by=actor.account))
        return to("/members?done=closed")

    @routes.post("/members/{account}/link")
    def renew(account: str, form: Form) -> Response:
        actor, links = form.reader.actor, list[str]()
        actor.must_be(Role.ADMINISTRATOR)
        act(form, lambda unit: links.append(renew_link(unit, _another(unit, actor, account), actor.account)))
        return _page(form.reader, link=links[0] if links else "", done="link_renewed")

    return routes


def _another(unit: UnitOfWork, actor: Actor, account: str) -> Actor:
    """Give a member of the actor's organisation who is not himself."""
    found = {one.account: one for one in members(unit, actor.organisation, Role)}
    if account not in found:
        raise NotFound(f"there is no account {account}")
    if account == actor.account:
        raise Conflict("nobody does this to his own account here", why="not_own_account")
    return found[account]


def _invite(unit: UnitOfWork, form: Posted, links: list[str]) -> str:
    """Make the account and its first sign-in link; the link goes into `links`, not into what is stored."""
    if form.text("role") not in set(Role):
        raise Invalid("this is no role of ours", why="not_of_this_page")
    actor = form.reader.actor
    role, name = Role(form.text("role")), form.text("name")
    made = add_account(unit, form.text("email"), role, actor.organisation, name=name, by=actor.account)
    links.append(issue_link(unit, made))
    return made.account


def _page(
    reader: Reader, form: Posted | None = None, refusal: Refusal | None = None, *, link: str = "", done: str = ""
) -> Response:
    reader.actor.must_be(Role.ADMINISTRATOR)
    with reader.unit() as unit:
        people = members(unit, reader.actor.organisation, Role)
        return reader.page(
            "members.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            people=[(one, address_of(unit, one.account)) for one in people],
            roles=list(Role),
            typed=dict(form.fields) if form else {},
            link=f"{reader.request.base_url}sign-in#{link}" if link else "",
            refusal=refusal,
            done=done,
        )
