"""The HTTP door at the car: inspections with photos, the technician's clock, and what was found."""

from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlalchemy import Row

from aftersales.bodies import NO_NUL
from aftersales.repair import clock, inspections, photos
from aftersales.repair.corrections import Fault, add_fault, change_fault, list_faults
from aftersales.repair.inspections import Stage
from aftersales.repair.repair_bodies import Clocked, FaultTold, Look, StageDone
from aftersales.routes import REFUSED_CHANGE, REFUSED_GET, REFUSED_POST, Asked, Desk, Key, Listing, View
from aftersales.workshop.durations import durations
from foundation.http import IdempotencyKey, problem_responses
from foundation.identity import Actor
from foundation.pictures import MOST_BYTES, file_of
from foundation.refusals import Invalid, NotFound

PATH = "/repair-orders/{order}"
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
PointOf = Annotated[str | None, Query(max_length=200, pattern=NO_NUL, description="The inspection's point it shows")]
# A photo never changes under its address; it is for those who see the order, so no proxy keeps it.
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}
PICTURES = ("image/png", "image/jpeg", "image/webp")
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES}}
}


def add_looking(routes: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    for add in (_inspections, _photos, _clock, _findings):
        add(routes, desk)


def _inspections(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(f"{PATH}/inspections", responses=REFUSED_GET, summary="The three stages with the light of each point")
    def stages(actor: Acting, order: Key) -> View:
        with desk.database.unit() as unit:
            return inspections.list_inspections(unit, actor, order)

    @routes.post(f"{PATH}/inspections", responses=REFUSED_POST, summary="Give a point its light")
    def look(actor: Acting, order: Key, body: Look, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/inspections", key, body)
        seen = (body.stage, body.point, body.light, body.note)
        return desk.act(actor, asked, lambda unit: inspections.look(unit, actor, order, *seen))

    @routes.post(f"{PATH}/inspections/complete", responses=REFUSED_POST, summary="Close a stage; the owner is told")
    def complete(actor: Acting, order: Key, body: StageDone, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/inspections/complete", key, body)
        return desk.act(actor, asked, lambda unit: inspections.complete(unit, actor, order, body.stage))


def _photos(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(f"{PATH}/photos", responses=REFUSED_GET, summary="Its photos, the oldest first")
    def listed(actor: Acting, order: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=photos.list_photos(unit, actor, order))

    @routes.post(
        f"{PATH}/photos",
        status_code=201,
        responses=REFUSED_POST,
        openapi_extra=BODY,
        summary="Keep a photo: PNG, JPEG or WebP of at most 5 MB",
    )
    async def add(
        request: Request, actor: Acting, order: Key, stage: Stage | None = None, point: PointOf = None
    ) -> View:
        def check() -> None:
            with desk.database.unit() as unit:
                photos.may_photograph(unit, actor, order)

        def keep(content: bytes) -> View:
            with desk.database.unit() as unit:
                return photos.add_photo(unit, actor, order, content, photos.Place(stage, point), desk.photos)

        await run_in_threadpool(check)
        return await run_in_threadpool(keep, await _read(request))

    @routes.get(
        f"{PATH}/photos/{{photo}}",
        response_class=FileResponse,
        responses=SHOWN | REFUSED_GET,
        summary="A photo itself; it never changes",
    )
    def show(actor: Acting, order: Key, photo: Key) -> FileResponse:
        with desk.database.unit() as unit:
            row = photos.get_photo(unit, actor, order, photo)
        return photo_response(desk.photos, row)


def photo_response(folder: Folder, row: Row[Any]) -> FileResponse:
    """Give the file of a photo; raises `NotFound` when it is not in the data directory."""
    path = file_of(folder, row.sha256)
    if not path.is_file():
        raise NotFound(f"the file of photo {row.id} is not here")
    return FileResponse(path, media_type=row.media_type, headers={**HEADERS, "ETag": f'"{row.sha256}"'})


async def _read(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise Invalid(f"a photo has at most {MOST_BYTES >> 20} MB")
    return bytes(content)


def _clock(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(f"{PATH}/clock", responses=REFUSED_GET, summary="Who worked on it, from when to when")
    def shown(actor: Acting, order: Key) -> View:
        with desk.database.unit() as unit:
            return clock.show_clock(unit, actor, order)

    @routes.get(
        "/workshops/{workshop}/durations",
        responses=problem_responses(401, 403, 404, 422),
        summary="How long operations really take at one's own workshop, by the clocks",
    )
    def learnt(actor: Acting, workshop: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=durations(unit, actor, workshop))

    @routes.post(f"{PATH}/clock/start", responses=REFUSED_POST, summary="Start a technician's clock; another one stops")
    def start(actor: Acting, order: Key, body: Clocked | None = None, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/clock/start", key, body)
        who = body.technician if body else None
        return desk.act(actor, asked, lambda unit: clock.start(unit, actor, order, who))

    @routes.post(f"{PATH}/clock/stop", responses=REFUSED_CHANGE, summary="Stop a technician's clock")
    def stop(actor: Acting, order: Key, body: Clocked | None = None, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/clock/stop", key, body)
        who = body.technician if body else None
        return desk.act(actor, asked, lambda unit: clock.stop(unit, actor, order, who))


def _findings(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(f"{PATH}/findings", responses=REFUSED_GET, summary="Condition, cause and correction of each finding")
    def found(actor: Acting, order: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=list_faults(unit, actor, order))

    @routes.post(f"{PATH}/findings", status_code=201, responses=REFUSED_POST, summary="Write down what was found")
    def add(actor: Acting, order: Key, body: FaultTold, key: IdempotencyKey = None) -> View:
        fault = Fault(**body.model_dump())
        asked = Asked(f"repair-orders/{order}/findings", key, body)
        return desk.act(actor, asked, lambda unit: add_fault(unit, actor, order, fault))

    @routes.patch(f"{PATH}/findings/{{number}}", responses=REFUSED_POST, summary="Say more of a finding")
    def more(actor: Acting, order: Key, number: Number, body: FaultTold, key: IdempotencyKey = None) -> View:
        fault = Fault(**body.model_dump())
        asked = Asked(f"repair-orders/{order}/findings/{number}", key, body)
        return desk.act(actor, asked, lambda unit: change_fault(unit, actor, order, number, fault))
