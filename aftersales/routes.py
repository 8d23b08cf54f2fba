"""What the routes of the desk share: one unit of work per request, idempotency, and the types of paths and queries."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator

from aftersales.bodies import NO_NUL
from aftersales.cases import Wish
from foundation.database import Database, UnitOfWork
from foundation.follow import Wakeups
from foundation.http import ActorDependency, problem_responses
from foundation.idempotency import once
from foundation.identity import Actor
from foundation.paging import MAXIMUM_LIMIT, Page
from ingest.vehicles import VehicleRegister
from parts_catalog.payments import Providers

View = dict[str, Any]
Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
Key = Annotated[str, Path(max_length=200, pattern=NO_NUL)]
# A form that is sent as it is names every filter, and leaves most of them empty.
_GIVEN = BeforeValidator(lambda written: written or None)
Filter = Annotated[str | None, Query(max_length=200, pattern=NO_NUL), _GIVEN]
WishFilter = Annotated[Wish | None, Query(), _GIVEN]
Near = Annotated[str | None, Query(max_length=64, description="latitude,longitude", examples=["31.23,121.47"])]
REFUSED_GET = problem_responses(401, 404, 422)
REFUSED_LIST = problem_responses(401, 422)
REFUSED_SLOTS = problem_responses(401, 404, 409, 422)
REFUSED_POST = problem_responses(401, 403, 404, 409, 422)
REFUSED_CHANGE = problem_responses(401, 403, 404, 422)  # of what cannot have moved on meanwhile


class Listing(BaseModel):
    """A page of views, and the cursor of the next one."""

    items: list[View]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    database: Database
    wakeups: Wakeups
    current_actor: ActorDependency
    vehicles: VehicleRegister
    photos: FolderPath  # the folder in which photos lie
    providers: Providers  # of payments

    def act(self, actor: Actor, asked: "Asked", what: Callable[[UnitOfWork], View]) -> View:
        """Act in one unit of work, once per idempotency key."""
        with self.database.unit() as unit:
            body = asked.body.model_dump(mode="json") if asked.body is not None else {}
            return once(unit, actor, asked.route, asked.key, body, lambda: what(unit))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which request this is, for `Idempotency-Key`."""

    route: str
    key: str | None
    body: BaseModel | None = None


def listing(page: Page[View]) -> Listing:
    return Listing(items=page.items, next=page.next)
