"""Keys for other systems: an administrator makes them with scopes, sees each secret once, and ends them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.access import Group
from foundation.database import UnitOfWork
from foundation.identity import Role
from foundation.keys import add_key, list_keys, revoke_key
from foundation.refusals import Invalid, Refusal

SCOPE = "scope-"  # before the names of the boxes that are ticked


def router(site: Site) -> APIRouter:
    """Give the routes of keys."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/keys")
    def show(reader: Annotated[Reader, Depends(signed_in(site))], done: str = "") -> Response:
        return _page(reader, done=done)

    @routes.post("/keys")
    def make(form: Form) -> Response:
        form.reader.actor.must_be(Role.ADMINISTRATOR)
        secrets: list[str] = []
        try:
            act_for(form, lambda unit: _make(unit, form, secrets))
        except Invalid as refusal:
            return _page(form.reader, form, refusal)
        # Shown in this answer and never again: only its digest is kept.
        return _page(form.reader, secret=secrets[0] if secrets else "", done="key_made")

    @routes.post("/keys/{key}/revoke")
    def end(key: str, form: Form) -> Response:
        form.reader.actor.must_be(Role.ADMINISTRATOR)
        act(form, lambda unit: revoke_key(unit, form.reader.actor, key))
        return to("/keys?done=key_ended")

    return routes


def _make(unit: UnitOfWork, form: Posted, secrets: list[str]) -> str:
    """Make a key; its secret goes into `secrets`, not into what is stored."""
    wanted = [name.removeprefix(SCOPE) for name in form.fields if name.startswith(SCOPE)]
    known = form.reader.site.access.scopes()
    key, secret = add_key(unit, form.reader.actor, form.text("name"), wanted, known)
    secrets.append(secret)
    return key.id


def _page(
    reader: Reader, form: Posted | None = None, refusal: Refusal | None = None, *, secret: str = "", done: str = ""
) -> Response:
    reader.actor.must_be(Role.ADMINISTRATOR)
    with reader.unit() as unit:
        return reader.page(
            "keys.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            keys=list_keys(unit, reader.actor),
            groups=[group.value for group in (Group.READ, Group.WRITE)],
            actions=sorted(reader.site.access.scopes() - set(Group)),
            typed=dict(form.fields) if form else {},
            secret=secret,
            refusal=refusal,
            done=done,
        )
