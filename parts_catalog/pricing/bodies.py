"""What goes over the wire about prices: bodies of requests and views of answers."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field

from foundation.http import NO_NUL, Body
from parts_catalog.pricing.groups import Group
from parts_catalog.pricing.lists import ListPrice, PriceList
from parts_catalog.pricing.promotions import KeptPromotion
from parts_catalog.pricing.quotes import MOST_MONEY, MOST_PIECES, Channel

Words = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Id = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["CNY"])]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", examples=["CN-SH"], description="ISO 3166")]
Priority = Annotated[int, Field(ge=-1000, le=1000, description="The highest one counts")]
Minor = Annotated[int, Field(ge=0, le=MOST_MONEY, description="Minor units")]
BasisPoints = Annotated[int, Field(ge=0, le=10_000, description="1300 = 13 %")]
Limit = Annotated[int, Field(ge=1, le=MOST_MONEY)]
Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
State = Literal["active", "ended"]
Kind = Literal["percentage", "amount"]
Target = Literal["part", "brand", "part_type", "order"]


class NewGroup(Body):
    name: Words = Field(examples=["Workshops of the north"])


class GroupView(BaseModel):
    id: str
    name: str
    version: int

    @classmethod
    def of(cls, group: Group) -> Self:
        return cls(**asdict(group))


class GroupsPage(BaseModel):
    items: list[GroupView]
    next: str | None


class MemberView(BaseModel):
    buyer: str = Field(description="Id of the buyer's organisation")


class MembersPage(BaseModel):
    items: list[MemberView]
    next: str | None


class NewList(Body):
    """A condition that is not given fits every buyer."""

    name: Words = Field(examples=["Web, autumn"])
    currency: Currency = "CNY"
    channel: Channel | None = None
    customer_group: Id | None = None
    region: Region | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = Field(default=None, description="From then on it is over")
    priority: Priority = 0


class ListChange(Body):
    """What is not given stays."""

    name: Words = ""
    channel: Channel | None = None
    customer_group: Id | None = None
    region: Region | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    priority: Priority = 0
    state: State = "active"


class PriceListView(BaseModel):
    id: str
    name: str
    currency: str
    channel: Channel | None
    customer_group: str | None
    region: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    priority: int
    state: State
    version: int

    @classmethod
    def of(cls, kept: PriceList) -> Self:
        return cls.model_validate({"id": kept.id, "version": kept.version, **asdict(kept.facts)})


class PriceListsPage(BaseModel):
    items: list[PriceListView]
    next: str | None


class ListPriceBody(Body):
    part: Id
    from_quantity: int = Field(default=1, ge=1, le=MOST_PIECES, description="For whoever takes so many or more")
    net_amount: Minor | None = Field(description="Per piece, without tax; null: no such price any more")
    tax_basis_points: BasisPoints = 1300

    def price(self) -> ListPrice:
        return ListPrice(**self.model_dump())


class ListPrices(Body):
    items: list[ListPriceBody] = Field(min_length=1, max_length=1000)


class ListPriceView(BaseModel):
    part: str
    from_quantity: int
    net_amount: int
    tax_basis_points: int


class ListPricesPage(BaseModel):
    items: list[ListPriceView]
    next: str | None


class Sheet(Body):
    sheet: Words = Field(examples=["pies_jbr"], description="The price list that the imported file named")
    basis_points: int = Field(default=10_000, ge=1, le=100_000, description="9500: 5 % below the sheet")


class FilledView(PriceListView):
    taken: int = Field(description="How many prices came from the sheet")


class NewPromotion(Body):
    """Without a code it is automatic; without a limit it may be used by all, as often as they like."""

    name_en: Words = Field(examples=["Autumn"])
    name_zh: Words = Field(examples=["秋季优惠"])
    kind: Kind
    value: int = Field(ge=1, le=MOST_MONEY, examples=[1000], description="Basis points, or minor units once per order")
    target: Target = "order"
    target_value: Words | None = Field(default=None, description="A part's id, a brand, or a part type")
    code: (
        Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9 _-]*[A-Za-z0-9][A-Za-z0-9 _-]*$")]
        | None
    ) = None
    currency: Currency | None = Field(default=None, description="Of an amount")
    channel: Channel | None = None
    customer_group: Id | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    limit_total: Limit | None = None
    limit_per_buyer: Limit | None = None
    combinable: bool = Field(default=False, description="Whether it is taken together with others that are")
    priority: Priority = Field(default=0, description="Of several that combine, the highest one is taken off first")


class PromotionChange(Body):
    """What is not given stays; what it takes off of what stays as well: end it, and make another one."""

    name_en: Words = ""
    name_zh: Words = ""
    channel: Channel | None = None
    customer_group: Id | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    limit_total: Limit | None = None
    limit_per_buyer: Limit | None = None
    combinable: bool = False
    priority: Priority = 0
    state: State = "active"


class PromotionView(BaseModel):
    id: str
    name_en: str
    name_zh: str
    kind: Kind
    value: int
    target: Target
    target_value: str | None
    code: str | None
    currency: str | None
    channel: Channel | None
    customer_group: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    limit_total: int | None
    limit_per_buyer: int | None
    combinable: bool
    priority: int
    state: State
    used: int = Field(description="Orders that stand; one that was never paid has given its use back")
    version: int

    @classmethod
    def of(cls, kept: KeptPromotion) -> Self:
        return cls.model_validate({"id": kept.id, "used": kept.used, "version": kept.version, **asdict(kept.facts)})


class PromotionsPage(BaseModel):
    items: list[PromotionView]
    next: str | None
