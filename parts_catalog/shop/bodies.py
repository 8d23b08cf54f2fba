"""The bodies of the shop's requests, and of its answers."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from foundation.http import NO_NUL, Body
from parts_catalog.shop.carts import About, LineWish
from parts_catalog.shop.ordering import Delivery, Wish

MOST_PIECES = 2000
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", examples=["CN-SH"], description="ISO 3166-2")]
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class LineBody(Body):
    quantity: int = Field(ge=1, le=MOST_PIECES, examples=[2])
    back_order: bool = Field(default=False, description="Pieces that are on their way may be promised, too")


class NewLine(LineBody):
    part: Id = Field(examples=["part_3f0c"])

    def wish(self) -> LineWish:
        return LineWish(self.part, self.quantity, self.back_order)


class CartBody(Body):
    vehicle: Id | None = Field(default=None, description="Every line then says whether it fits this car")
    case: Id | None = Field(default=None, description="The case that the parts are for")
    region: Region | None = None
    code: str | None = Field(default=None, max_length=40, pattern=NO_NUL, description="Code of a promotion")

    def about(self) -> About:
        return About(self.vehicle, self.case, self.region, self.code)


class NewCart(CartBody):
    lines: list[NewLine] = Field(default=[], max_length=50, examples=[[{"part": "part_3f0c", "quantity": 2}]])


class DeliveryBody(Body):
    kind: Literal["address", "pickup"] = Field(examples=["address"])
    name: Words = Field(examples=["李伟"])
    phone: Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)] = Field(examples=["+86 138 0000 0000"])
    address: str = Field(default="", max_length=500, pattern=NO_NUL, examples=["上海市浦东新区世纪大道 1 号"])
    region: Region | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    location: Id | None = Field(default=None, description="Where a `pickup` is collected")

    @model_validator(mode="after")
    def goes_somewhere(self) -> Self:
        if self.kind == "address" and (not self.address or self.location is not None):
            raise ValueError("a delivery to an address has an address, and no location")
        if self.kind == "pickup" and self.location is None:
            raise ValueError("a pickup names the location where it is collected")
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self

    def delivery(self) -> Delivery:
        near = (self.latitude, self.longitude) if self.latitude is not None and self.longitude is not None else None
        return Delivery(self.name, self.phone, self.address, self.region, near, self.location)


class PaymentBody(Body):
    provider: Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)] = Field(examples=["sandbox"])


class OrderBody(Body):
    cart: Id = Field(examples=["cart_8e1k"])
    delivery: DeliveryBody
    payment: PaymentBody
    prices: str | None = Field(
        default=None,
        max_length=64,
        description="`digest` of the quote that was seen; without it, of the one that the cart showed last",
    )

    def wish(self) -> Wish:
        return Wish(self.cart, self.delivery.delivery(), self.payment.provider, self.prices)


class Nothing(Body):
    """No fields."""


class CartView(BaseModel):
    """A cart, with what it holds until when and what that costs."""

    id: str = Field(examples=["cart_8e1k"])
    state: Literal["open", "ordered"]
    version: int
    currency: str = Field(examples=["CNY"])
    vehicle: str | None
    case: str | None
    region: str | None
    code: str | None
    held_until: str | None = Field(description="Until then nobody else can buy what lies here")
    lines: list[dict[str, Any]]
    quote: dict[str, Any] | None = Field(description="What it costs; `digest` is stated by the order")
    created_at: str
    updated_at: str


class OrderView(BaseModel):
    """An order with its lines, shipments and payment."""

    id: str = Field(examples=["ord_5s2m"])
    state: str = Field(examples=["awaiting_payment"])
    cart: str
    case: str | None
    vehicle: str | None
    net: dict[str, Any]
    tax: dict[str, Any]
    gross: dict[str, Any]
    prices: str
    promised_on: str = Field(examples=["2026-12-03"])
    due_at: str
    paid_at: str | None
    created_at: str
    updated_at: str
    delivery: dict[str, Any]
    lines: list[dict[str, Any]]
    shipments: list[dict[str, Any]]
    payment: dict[str, Any] | None
