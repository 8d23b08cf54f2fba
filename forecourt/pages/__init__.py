"""The pages: for owners, technicians and the desk, in Chinese and English, plain HTML first."""

from pathlib import Path

from fastapi import FastAPI, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from forecourt.pages import car_commands, home, live, photos, trend, voltage, waiting_payment
from forecourt.pages.accounts import account, devices, inbox, keys, members, sign_in, webhooks
from forecourt.pages.owner import approve, asked, booking, owner, repairs, stopped, track, visit, waiting
from forecourt.pages.refused import HEADERS
from forecourt.pages.site import Site
from forecourt.pages.trade import (
    imports,
    part,
    parts,
    prices,
    returns,
    sandbox_payment,
    shipments,
    shop,
    shop_orders,
    stock,
)
from forecourt.pages.workshop import (
    advisor,
    calendar,
    desk,
    desk_bill,
    desk_lines,
    figures,
    job,
    job_found,
    job_lines,
    job_looking,
    manager,
    settlement,
    technician,
)
from forecourt.routing import take_in

__all__ = ["Site", "mount"]

STATIC = Path(__file__).parent / "static"
_ROUTERS = tuple(
    page.router
    for page in (
        home,
        sign_in,
        owner,
        booking,
        visit,
        waiting,
        stopped,
        asked,
        inbox,
        account,
        members,
        keys,
        webhooks,
        devices,
        track,
        approve,
        settlement,
        repairs,
        photos,
        live,
        technician,
        job,
        job_looking,
        job_lines,
        job_found,
        car_commands,
        advisor,
        desk,
        desk_lines,
        desk_bill,
        figures,
        calendar,
        manager,
        parts,
        part,
        imports,
        shop,
        shop_orders,
        stock,
        shipments,
        returns,
        prices,
        sandbox_payment,
        waiting_payment,
        trend,
        voltage,
    )
)


def mount(app: FastAPI, site: Site) -> None:
    """Add all pages and their static files to the application."""
    for router in _ROUTERS:
        take_in(app, router(site))
    app.mount("/static", _Static(directory=STATIC), name="static")


class _Static(StaticFiles):
    """Static files with the pages' security headers; browsers ask again whether they have changed (304)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update({**HEADERS, "Cache-Control": "no-cache"})
        return response
