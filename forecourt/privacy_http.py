"""The HTTP door of a person's own data: export and erasure."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from forecourt import privacy
from foundation.database import Database
from foundation.http import ActorDependency, Bearer, Body, Throttle, problem_responses
from foundation.identity import Actor
from foundation.passwords import show_oneself
from foundation.privacy import person_of
from ingest.archive import Archive


class Erasure(Body):
    password: str | None = Field(default=None, max_length=1024, description="An account without one: sign in afresh")
    vehicles: bool = Field(default=False, description="Also the history and the readings of your own cars")


class Erased(BaseModel):
    account: str
    vehicles: bool


def router(database: Database, actor: ActorDependency, archive: Archive, throttle: Throttle) -> APIRouter:
    """Give the routes under `/v1/me`."""
    routes = APIRouter(prefix="/v1/me", tags=["identity"], responses=problem_responses(401))
    Acting = Annotated[Actor, Depends(actor)]  # noqa: N806 - a type

    @routes.get(
        "/export",
        summary="Everything on file of you: a zip of JSON, and of your own cars' readings as Parquet",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {}}}},
    )
    def export(who: Acting) -> StreamingResponse:
        with database.unit() as unit:
            person = person_of(unit, who)
        return StreamingResponse(
            privacy.export(database, archive, person, who.account),
            media_type="application/zip",
            headers={"Content-Disposition": 'attachment; filename="forecourt-export.zip"', "Cache-Control": "no-store"},
        )

    @routes.post(
        "/erasure",
        status_code=202,
        summary="Erase yourself: at once from the database, within minutes from the archive's files",
        responses=problem_responses(403, 409),
    )
    def erase(body: Erasure, request: Request, who: Acting, given: Bearer) -> Erased:
        throttle.show_oneself(request, database, who)
        show_oneself(database, who, given.credentials, body.password)
        with database.unit() as unit:
            person = person_of(unit, who)
        privacy.erase(database, archive, person, who.account, vehicles=body.vehicles)
        return Erased(account=who.account, vehicles=body.vehicles and person.private)

    return routes
