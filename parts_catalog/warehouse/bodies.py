"""What goes over the wire about stock: bodies of requests and views of answers."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foundation.http import NO_NUL, Body
from parts_catalog.parts import Location
from parts_catalog.warehouse.deliveries import MOST

Id = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
LocationId = Annotated[Id, Field(examples=["loc_central_warehouse"])]
Words = Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Pieces = Annotated[int, Field(ge=1, le=MOST, examples=[4])]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", examples=["CN-SH"], description="ISO 3166")]
LocationState = Literal["open", "closed"]
CountState = Literal["open", "booked", "dropped"]
DeliveryState = Literal["expected", "received", "cancelled"]
WaitState = Literal["waiting", "filled", "released"]
ChangeKind = Literal["received", "counted", "adjusted", "moved_out", "moved_in", "issued", "returned", "scrapped"]


class _OfRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PlaceBody(Body):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class NewLocation(Body):
    name_en: Name = Field(examples=["Pudong warehouse"])
    name_zh: Name = Field(examples=["浦东仓库"])
    place: PlaceBody | None = None
    region: Region | None = None
    ships: bool = Field(default=True, description="Parts are sent to buyers from here")


class LocationChange(Body):
    name_en: Name | None = None
    name_zh: Name | None = None
    place: PlaceBody | None = None
    region: Region | None = None
    ships: bool | None = None
    state: LocationState | None = None


class LocationView(BaseModel):
    id: str
    kind: Literal["warehouse", "workshop"]
    name_en: str
    name_zh: str
    latitude: float | None
    longitude: float | None
    region: str | None
    ships: bool
    state: LocationState
    version: int

    @classmethod
    def of(cls, location: Location) -> Self:
        latitude, longitude = location.place or (None, None)
        names = ("id", "kind", "name_en", "name_zh", "region", "ships", "state", "version")
        shown = {name: getattr(location, name) for name in names}
        return cls.model_validate({**shown, "latitude": latitude, "longitude": longitude})


class LocationsView(BaseModel):
    items: list[LocationView]


class ShelfView(_OfRow):
    part: str
    brand: str
    number: str
    name_en: str
    name_zh: str
    location: str
    on_hand: int
    reserved: int = Field(description="Of those on hand, held for cases, carts and orders")
    expected: date | None = Field(description="The pieces on hand turned out to come on this day only")
    coming: int = Field(description="Pieces that suppliers are to send")
    awaited: int = Field(description="Of those coming, promised to who waits")


class ShelvesPage(BaseModel):
    items: list[ShelfView]
    next: str | None


class ChangeView(_OfRow):
    id: int
    part: str
    location: str
    kind: ChangeKind
    quantity: int = Field(description="Pieces more; below zero: fewer")
    on_hand: int = Field(description="What lay there after it")
    account: str | None = Field(description="Who; nobody: the house itself")
    reason: str | None
    reference: str | None = Field(description="The order, case, count, move, delivery or return that it was for")
    at: datetime


class ChangesPage(BaseModel):
    items: list[ChangeView]
    next: str | None


class Receipt(Body):
    part: Id
    location: LocationId
    quantity: Pieces
    delivery: Id | None = Field(default=None, description="The expected delivery that they are of")
    reason: Words | None = None


class Moved(Body):
    part: Id
    source: LocationId
    target: LocationId
    quantity: Pieces
    reason: Words | None = None


class Adjusted(Body):
    part: Id
    location: LocationId
    quantity: int = Field(ge=-MOST, le=MOST, examples=[-1], description="Pieces more; below zero: fewer")
    kind: Literal["adjusted", "scrapped"] = "adjusted"
    reason: Words = Field(examples=["fell off the shelf"])

    @model_validator(mode="after")
    def _scraps_take(self) -> Self:
        if self.quantity == 0 or (self.kind == "scrapped" and self.quantity > 0):
            raise ValueError("an adjustment is of at least one piece, and what is scrapped is fewer")
        return self


class ShelfAfter(BaseModel):
    part: str
    location: str
    on_hand: int
    reserved: int


class MoveView(BaseModel):
    move: str = Field(description="The reference of both lines in the ledger")
    source: ShelfAfter
    target: ShelfAfter


class NewCounts(Body):
    location: LocationId
    parts: list[Id] = Field(min_length=1, max_length=500)


class Counted(Body):
    counted: int = Field(ge=0, le=MOST)


class CountView(_OfRow):
    id: str
    part: str
    location: str
    on_hand: int = Field(description="What the books said when counting began")
    counted: int | None
    state: CountState
    account: str
    started_at: datetime
    ended_at: datetime | None


class CountsView(BaseModel):
    items: list[CountView]


class CountsPage(CountsView):
    next: str | None


class NewDelivery(Body):
    supplier: Name = Field(examples=["Velmora Parts Co."])
    part: Id
    location: LocationId
    quantity: Pieces
    day: date = Field(examples=["2026-12-03"])


class DeliveryChange(Body):
    quantity: Pieces | None = None
    day: date | None = None
    state: Literal["cancelled"] | None = Field(default=None, description="What has not come does not come")


class DeliveryView(_OfRow):
    id: str
    supplier: str
    part: str
    location: str
    quantity: int
    received: int
    day: date
    state: DeliveryState
    version: int


class DeliveriesPage(BaseModel):
    items: list[DeliveryView]
    next: str | None


class BackOrderView(_OfRow):
    id: str
    part: str
    location: str
    holder: str = Field(description="A case, cart or order")
    quantity: int
    expected: date
    state: WaitState
    reserved_until: datetime | None
    created_at: datetime


class BackOrdersPage(BaseModel):
    items: list[BackOrderView]
    next: str | None
