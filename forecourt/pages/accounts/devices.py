"""The devices of one's organisation: which there are and when each was heard, fitted, given passwords, locked out."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Response

from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.refusals import Conflict, Forbidden, Invalid, Refusal
from ingest import device_states, devices
from ingest.device_dialects import FORECOURT, TOPIC_ROOTS
from ingest.topics import PREFIX

FEW, SHOWN = 6, 50  # devices that need no finding; those on one page
HERE = frozenset({"127.0.0.1", "::1", "localhost"})  # an address that leads a device to itself


def router(site: Site) -> APIRouter:
    """Give the routes of devices."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/devices")
    def show(
        reader: Annotated[Reader, Depends(signed_in(site))], done: str = "", q: str = "", page: int = 1
    ) -> Response:
        return _page(reader, done=done, words=q.strip(), page=page)

    @routes.post("/devices")
    def fit(form: Form) -> Response:
        form.reader.actor.must_be(*devices.PROVISIONERS)
        shown: dict[str, Any] = {}
        try:
            act_for(form, lambda unit: _fit(unit, form, shown))
        except (Conflict, Invalid) as refusal:
            return _page(form.reader, form, refusal)
        site.tell_broker()
        # The password is shown in this answer and never again: only its hash is kept.
        return _page(form.reader, shown=shown, done="device_made")

    @routes.post("/devices/{device}/password")
    def renew(device: str, form: Form) -> Response:
        form.reader.actor.must_be(*devices.PROVISIONERS)
        shown: dict[str, Any] = {}

        def do(unit: UnitOfWork) -> str:
            told, password = devices.renew_password(unit, form.reader.actor, device)
            shown.update(told, password=password)
            return device

        act_for(form, do)
        site.tell_broker()
        return _page(form.reader, shown=shown, done="device_renewed")

    @routes.post("/devices/{device}/revoke")
    def revoke(device: str, form: Form) -> Response:
        form.reader.actor.must_be(*devices.PROVISIONERS)
        act(form, lambda unit: devices.revoke(unit, form.reader.actor, device))
        site.tell_broker()
        return to("/devices?done=device_revoked")

    return routes


def _fit(unit: UnitOfWork, form: Posted, shown: dict[str, Any]) -> str:
    """Register the device; its password goes into `shown`, not into what is stored."""
    actor, vehicle, dialect = form.reader.actor, form.text("vehicle"), form.text("dialect") or FORECOURT
    try:
        told, password = devices.provision(unit, actor, vehicle, form.text("name") or None, dialect)
    except Forbidden as refusal:  # a car that is opened to him: there is a form for none such
        raise Invalid(refusal.detail, why="foreign_car") from refusal
    shown.update(told, password=password)
    return str(told["id"])


def _settings(reader: Reader, shown: dict[str, Any]) -> dict[str, str]:
    """Give what is typed into the device, by the name of each setting; ours is the address that people came by."""
    if not shown:
        return {}
    address, browser = urlsplit(reader.site.device_address()), reader.request.url
    device, password, root = str(shown["id"]), str(shown["password"]), TOPIC_ROOTS[str(shown["dialect"])]
    if shown["dialect"] == "torque":
        return {"url": str(browser.replace(path="/v1/ingest/torque", query="")), "eml": f"{device}:{password}"}
    if shown["dialect"] == "traccar":
        return {"url": str(browser.replace(path="/v1/ingest/traccar", query="")), "id": device}
    host = address.hostname or ""
    return {
        "host": browser.hostname or host if host in HERE else host,
        "port": str(address.port or (8883 if address.scheme == "mqtts" else 1883)),
        "tls": "yes" if address.scheme == "mqtts" else "no",
        "user": device,
        "password": password,
        "topic": f"{root}/{device}/" if root else f"{PREFIX}/{device}/",
    }


def _page(
    reader: Reader,
    form: Posted | None = None,
    refusal: Refusal | None = None,
    *,
    shown: dict[str, Any] | None = None,
    done: str = "",
    words: str = "",
    page: int = 1,
) -> Response:
    with reader.unit() as unit:
        own = sorted(devices.list_own(unit, reader.actor), key=lambda it: (it["vehicle"], it["id"]))
        found = [it for it in own if words.casefold() in f"{it['vehicle']} {it['id']}".casefold()]
        page = min(max(page, 1), -(-len(found) // SHOWN) or 1)
        here = found[(page - 1) * SHOWN : page * SHOWN]
        cars = [
            it for it in reader.site.vehicles.list(unit, reader.actor) if it.organisation == reader.actor.organisation
        ]
        return reader.page(
            "devices.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            devices=here,
            heard=device_states.last_heard(unit, [it["id"] for it in here]),
            many=len(own) > FEW,
            words=words,
            page=page,
            more=page * SHOWN < len(found),
            cars=cars,
            dialects=list(TOPIC_ROOTS),
            settings=_settings(reader, shown or {}),
            typed=dict(form.fields) if form else {},
            refusal=refusal,
            done=done,
        )
