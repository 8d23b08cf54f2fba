"""Where devices and other servers upload by HTTP: Torque's app, and Traccar's forwarding."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse

from foundation.database import Database, UnitOfWork
from foundation.http import ActorDependency, Throttle, problem_responses
from foundation.identity import Actor
from foundation.refusals import Invalid, NotFound, Unauthenticated
from ingest import registry
from ingest.dialects import torque, traccar
from ingest.envelope import MAXIMUM_BYTES, Malformed
from ingest.uploads import NotCommitted, Uploads

MOST_SESSIONS = 10_000
MOST_UNITS = 200
_TORQUE = "Torque's upload; answers OK! when it is committed"


async def raw_body(request: Request) -> bytes:
    """Give the body as it came, if it is no longer than a message may be."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BYTES:
            raise Invalid(f"the body is longer than {MAXIMUM_BYTES} bytes")
    return body


RawBody = Annotated[bytes, Depends(raw_body)]


def phones(database: Database, uploads: Uploads, throttle: Throttle | None = None) -> APIRouter:
    """Give the routes of apps that show a device's own password; `throttle` counts those that are wrong."""
    routes = APIRouter(prefix="/v1/ingest", tags=["uploads"])
    units = UserUnits()

    def take_torque(request: Request, body: RawBody) -> Response:
        pairs = _pairs(body or request.url.query.encode())
        told = dict(pairs)
        device = _device(database, throttle, request, told)
        payload = urlencode([(key, it) for key, it in pairs if key != torque.CREDENTIAL] + units.learn(device, told))
        _submit(uploads, device, "torque", payload.encode())
        return PlainTextResponse("OK!")

    for verb in ("GET", "POST"):
        routes.add_api_route(
            "/torque",
            take_torque,
            methods=[verb],
            summary=_TORQUE,
            name=f"{verb.lower()}_torque",
            response_class=PlainTextResponse,
            responses=problem_responses(401, 422, 503),
        )
    return routes


def router(database: Database, current_actor: ActorDependency, uploads: Uploads) -> APIRouter:
    """Give the routes of servers that forward what their devices say."""
    routes = APIRouter(prefix="/v1/ingest", tags=["uploads"])

    @routes.post(
        "/traccar",
        status_code=204,
        summary="A position that Traccar forwards, of one of your devices",
        responses=problem_responses(404, 422, 503),
    )
    def take_traccar(actor: Annotated[Actor, Depends(current_actor)], body: RawBody) -> None:
        try:
            device = traccar.device_of(body)
        except Malformed as error:
            raise Invalid(error.reason) from error
        if device is None:
            raise Invalid("device.uniqueId is no text")
        with database.unit() as unit:
            owner = registry.owners(unit, [device]).get(device)
            if owner is None or owner.organisation != actor.organisation:
                raise NotFound("there is no device of this uniqueId")
            _must_speak(unit, device, "traccar")
        _submit(uploads, device, "traccar", body)

    return routes


class UserUnits:
    """What Torque's packets of names said of units, per device: values come in packets of their own.

    In the memory of this process. After a restart the app's own units hold until it tells its names again.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, device: str, told: Mapping[str, str]) -> list[tuple[str, str]]:
        """Remember the units in a packet; gives those known of before for the values in it."""
        with self._lock:
            known = self._known.setdefault(device, {})
            self._known.move_to_end(device)
            before = [
                (f"{torque.UNIT}{key[1:]}", known[key[1:]])
                for key in told
                if key[1:] in known and f"{torque.UNIT}{key[1:]}" not in told
            ]
            for key, unit in told.items():
                if key.startswith(torque.UNIT) and len(known) < MOST_UNITS:
                    known[key.removeprefix(torque.UNIT)] = unit[:32]
            if len(self._known) > MOST_SESSIONS:
                self._known.popitem(last=False)
            return before


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return torque.read_pairs(query)
    except Malformed as error:
        raise Invalid(error.reason) from error


def _device(database: Database, throttle: Throttle | None, request: Request, told: Mapping[str, str]) -> str:
    """Give the device whose password `eml` is: `id:password`, or the password with the app's own `id`.

    It is the only place that Torque has for it.
    """
    before, colon, after = told.get(torque.CREDENTIAL, "").partition(":")
    device, password = (before, after) if colon else (told.get("id", ""), before)
    with database.unit() as unit:
        right = registry.admits(unit, device, password)
        if right:
            _must_speak(unit, device, "torque")
    if not right:
        if throttle is not None:
            throttle.sign_in(request, device)
        raise Unauthenticated("eml is not the password of a device")
    return device


def _must_speak(unit: UnitOfWork, device: str, dialect: str) -> None:
    """Refuse what comes in another dialect than the device is registered with: it would have two voices."""
    registered = registry.dialect_of(unit, device)
    if registered != dialect:
        raise Invalid(f"this device is registered with the dialect {registered}, and uploads come in {dialect}")


def _submit(uploads: Uploads, device: str, dialect: str, payload: bytes) -> None:
    try:
        malformed = uploads.submit(device, dialect, payload)
    except NotCommitted as error:
        raise HTTPException(503, str(error), headers={"Retry-After": "10"}) from error
    if malformed:
        raise Invalid(malformed[0].reason)
