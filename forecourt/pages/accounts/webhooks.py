"""Webhooks on pages: who may name addresses sees each secret once, reads what was sent, and sends it again."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to, zone_of
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.webhooks.audience import NOUNS
from forecourt.webhooks.collecting import replay_one, replay_since
from forecourt.webhooks.delivery_log import list_deliveries
from forecourt.webhooks.endpoints import add_endpoint, change_endpoint, get_endpoint, list_endpoints, remove_endpoint
from forecourt.webhooks.permissions import NAMING
from forecourt.webhooks.secret_changes import change_secret, end_old_secrets, old_until
from foundation.clock import SystemClock
from foundation.database import UnitOfWork
from foundation.paging import DEFAULT_LIMIT
from foundation.refusals import Conflict, Invalid, Refusal

KIND = "kind-"  # before the names of the boxes that are ticked
_ACTIVE = {"resume": True, "pause": False}


def router(site: Site) -> APIRouter:
    """Give the routes of webhooks."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    _addresses(routes, site)
    _log(routes, site)
    return routes


def _addresses(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/webhooks")
    def show(reader: Annotated[Reader, Depends(signed_in(site))], done: str = "") -> Response:
        return _page(reader, done=done)

    @routes.post("/webhooks")
    def make(form: Form) -> Response:
        form.reader.actor.must_be(*NAMING)
        secrets: list[str] = []

        def do(unit: UnitOfWork) -> str:
            made, secret = add_endpoint(
                unit, form.reader.actor, form.text("url"), _kinds(form), private=site.private_webhooks
            )
            secrets.append(secret)
            return made.id

        try:
            act_for(form, do)
        except (Conflict, Invalid) as refusal:
            return _page(form.reader, form, refusal)
        # Shown in this answer and never again on a page.
        return _page(form.reader, secret=secrets[0] if secrets else "", done="webhook_made")

    @routes.post("/webhooks/{webhook}")
    def change(webhook: str, form: Form) -> Response:
        form.reader.actor.must_be(*NAMING)
        secrets: list[str] = []
        try:
            act(form, lambda unit: _change(unit, form, webhook, secrets))
        except (Conflict, Invalid) as refusal:
            return _log_page(form.reader, webhook, refusal=refusal)
        if form.text("do") == "secret":
            # Shown in this answer and never again on a page.
            return _log_page(form.reader, webhook, secret="".join(secrets), done="secret_changed")
        removed = form.text("do") == "remove"
        return to("/webhooks?done=webhook_gone" if removed else f"/webhooks/{quote(webhook)}?done=saved")


def _log(routes: APIRouter, site: Site) -> None:
    @routes.get("/webhooks/{webhook}")
    def show(
        webhook: str,
        reader: Annotated[Reader, Depends(signed_in(site))],
        done: str = "",
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        return _log_page(reader, webhook, cursor or None, done)

    @routes.post("/webhooks/{webhook}/replays")
    def again(webhook: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        form.reader.actor.must_be(*NAMING)
        begun: list[bool] = []
        try:
            act(form, lambda unit: begun.append(_replay(unit, form, webhook)))
        except Invalid as refusal:
            return _log_page(form.reader, webhook, refusal=refusal)
        return to(f"/webhooks/{quote(webhook)}?done={'replayed' if all(begun) else 'nothing_since'}")


def _change(unit: UnitOfWork, form: Posted, webhook: str, secrets: list[str]) -> None:
    """Do what the form asks for; a new secret goes into `secrets`, not into what is stored."""
    actor, private = form.reader.actor, form.reader.site.private_webhooks
    what = form.text("do")
    if what == "remove":
        remove_endpoint(unit, actor, webhook)
    elif what == "secret":
        secrets.append(change_secret(unit, actor, webhook, SystemClock(), keep_old=True)[1])
    elif what == "end_old":
        end_old_secrets(unit, actor, webhook)
    elif what in _ACTIVE:
        change_endpoint(unit, actor, webhook, active=_ACTIVE[what], private=private)
    else:
        change_endpoint(unit, actor, webhook, url=form.text("url") or None, kinds=_kinds(form), private=private)


def _replay(unit: UnitOfWork, form: Posted, webhook: str) -> bool:
    delivery = form.text("delivery")
    if delivery:
        if not (delivery.isascii() and delivery.isdecimal() and len(delivery) < 19):
            raise Invalid("this is no delivery", why="not_of_this_page")
        replay_one(unit, form.reader.actor, webhook, int(delivery), SystemClock())
        return True
    try:
        since = datetime.fromisoformat(form.text("since"))
    except ValueError as error:
        raise Invalid("say since when, or which delivery", why="since_or_which") from error
    if since.tzinfo is None:
        since = since.replace(tzinfo=zone_of(form.reader.request))
    return replay_since(unit, form.reader.actor, webhook, since)


def _kinds(form: Posted) -> list[str]:
    return [name.removeprefix(KIND) for name in form.fields if name.startswith(KIND)]


def _page(
    reader: Reader, form: Posted | None = None, refusal: Refusal | None = None, *, secret: str = "", done: str = ""
) -> Response:
    reader.actor.must_be(*NAMING)
    with reader.unit() as unit:
        return reader.page(
            "webhooks.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            webhooks=list_endpoints(unit, reader.actor),
            nouns=list(NOUNS),
            typed=dict(form.fields) if form else {},
            secret=secret,
            refusal=refusal,
            done=done,
        )


def _log_page(
    reader: Reader,
    webhook: str,
    cursor: str | None = None,
    done: str = "",
    refusal: Refusal | None = None,
    *,
    secret: str = "",
) -> Response:
    reader.actor.must_be(*NAMING)
    with reader.unit() as unit:
        page = list_deliveries(unit, reader.actor, webhook, DEFAULT_LIMIT, cursor)
        shown: dict[str, Any] = {"webhook": get_endpoint(unit, reader.actor, webhook), "nouns": list(NOUNS)}
        shown |= {"secret": secret, "old_until": old_until(unit, reader.actor, SystemClock()).get(webhook)}
        status = int(STATUS.get(refusal.code, 409)) if refusal else 200
        return reader.page(
            "webhook.html", status, deliveries=page.items, next=page.next, done=done, refusal=refusal, **shown
        )
