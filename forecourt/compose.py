"""The composition root: builds the web application from one `Settings`; tests compose through here, too."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from prometheus_client import REGISTRY
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import aftersales.http
import diagnostics.http
import forecourt.webhooks.http
import foundation.http
import ingest.http
import ingest.uploads_http
import parts_catalog.http
import parts_catalog.images_http
import parts_catalog.imports.http
import parts_catalog.part_reviews_http
import parts_catalog.payments.http
import parts_catalog.pricing.http
import parts_catalog.returns.http
import parts_catalog.shop.http
import parts_catalog.vin.http
import parts_catalog.warehouse.http
from aftersales.repair.photos import photo_folder
from aftersales.scope import case_is_declined, find_case
from forecourt import access, health, http, pages, privacy_http
from forecourt.health import Probe
from forecourt.metrics_files import AllFigures
from forecourt.paying import new_paying
from forecourt.rate_limits import AnonymousLimit, RateLimits
from forecourt.routing import take_in
from forecourt.settings import Settings
from forecourt.task_queue import import_folder, queue_import, queue_undo
from foundation.database import Database
from foundation.follow import Wakeups
from foundation.http import ActorDependency
from ingest.archive import Archive
from ingest.devices_http import TellBroker
from ingest.registry import Vehicles
from ingest.uploads import Send, Uploads, nowhere
from ingest.vehicles import VehicleDirectory
from parts_catalog.images import image_folder
from parts_catalog.shop import bought
from parts_catalog.shop.carriers import SimulatedCarrier

DESCRIPTION = "From what a car says through its OBD port to a booked, visible, settled repair."


def build_app(
    settings: Settings,
    database: Database,
    archive: Archive,
    tell_broker: TellBroker = lambda: False,
    send: Send = nowhere,
    probes: Mapping[str, Probe] | None = None,
    device_address: Callable[[], str] = lambda: "",
) -> FastAPI:
    """Build the HTTP API and the pages over one database and one archive; nothing runs before its lifespan.

    `tell_broker` lets the devices in that may connect now; False: there is no broker of ours to tell.
    `send` hands an upload to the broker. `probes` ask the parts of the installation whether they work.
    `device_address` is what a device is told to connect to.
    """
    wakeups = Wakeups(database.url)
    app = _new_app(wakeups)
    http.install(app, database)
    throttle, table = RateLimits(settings), access.whole()
    app.add_middleware(AnonymousLimit, limits=throttle, database=database)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    actor = foundation.http.bearer_actor(database, throttle, table)
    vehicles = Vehicles()
    counted = foundation.http.problem_responses(429)
    uploads = Uploads(database, send)
    take_in(app, foundation.http.router(database, throttle, actor, table.scopes()), counted)
    take_in(app, ingest.uploads_http.phones(database, uploads, throttle), counted)
    paying = app.state.paying = new_paying(settings, database)
    carrier, pictures = SimulatedCarrier(), image_folder(settings.data)
    take_in(app, parts_catalog.payments.http.callbacks(database, paying.providers, paying.payables), counted)
    for routes in (
        ingest.http.router(database, actor, archive, tell_broker),
        ingest.uploads_http.router(database, actor, uploads),
        diagnostics.http.router(database, actor, vehicles),
        *_catalogue(settings, database, actor, vehicles),
        parts_catalog.payments.http.router(database, actor, paying.providers, paying.payables),
        parts_catalog.warehouse.http.router(database, actor),
        parts_catalog.shop.http.router(database, wakeups, actor, vehicles, carrier, find_case, paying.providers),
        parts_catalog.returns.http.router(database, actor, case_is_declined),
        aftersales.http.router(database, wakeups, actor, vehicles, photo_folder(settings.data), paying.providers),
        privacy_http.router(database, actor, archive, throttle),
        forecourt.webhooks.http.router(database, actor, private=settings.webhook_private),
    ):
        # Whatever is asked: a credential ends, and a key has scopes.
        take_in(app, routes, foundation.http.problem_responses(401, 403) | counted)
    figures = AllFigures(settings.data / "run", REGISTRY)
    take_in(app, health.router(health.Health(database, probes), figures))
    _add_docs(app)
    site = pages.Site(
        database, wakeups, vehicles, archive, settings.lang, settings.secure_cookies, throttle, table, tell_broker,
        device_address, import_folder(settings.data), paying.providers, paying.payables, carrier, pictures,
        photo_folder(settings.data), settings.webhook_private,
    )  # fmt: skip
    pages.mount(app, site)
    return app


def _catalogue(
    settings: Settings, database: Database, actor: ActorDependency, vehicles: VehicleDirectory
) -> tuple[APIRouter, ...]:
    return (
        parts_catalog.imports.http.router(database, actor, import_folder(settings.data), queue_import, queue_undo),
        parts_catalog.http.router(database, actor, vehicles),
        parts_catalog.images_http.router(database, actor, image_folder(settings.data)),
        parts_catalog.part_reviews_http.router(database, actor, bought),
        parts_catalog.pricing.http.router(database, actor),
        parts_catalog.vin.http.router(database, actor),
    )


def _new_app(wakeups: Wakeups) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        wakeups.start(asyncio.get_running_loop())
        yield
        wakeups.stop()

    app = FastAPI(
        title="Forecourt",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.wakeups = wakeups
    return app


def _add_docs(app: FastAPI) -> None:
    """Show the API's own description with Swagger UI from our static files, not from a CDN."""

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url="/static/vendor/swagger-ui-bundle.js",
            swagger_css_url="/static/vendor/swagger-ui.css",
            swagger_favicon_url="/static/icon.svg",
        )
