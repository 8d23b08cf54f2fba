"""The contract of the catalogue: spare parts, how they fit, what they cost, and what is held for whom."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from foundation.money import Money


class FitVerdict(StrEnum):
    """The five answers of the fitment engine (parts.md 2.2)."""

    FITS = "fits"
    FITS_IF = "fits_if"
    DEPENDS_ON = "depends_on"
    DOES_NOT_FIT = "does_not_fit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """A spare part. `number` is the maker's own spelling; (brand, normalised number) is its identity."""

    id: str
    brand: str
    number: str
    part_type: str
    name_en: str
    name_zh: str


class Relation(StrEnum):
    """How another part stands to one: its successor, one it replaced and that still serves, or one just as good."""

    REPLACED_BY = "replaced_by"
    REPLACES = "replaces"
    INTERCHANGE = "interchange"


@dataclass(frozen=True, slots=True)
class Related:
    """A part related to another: of itself no statement about any car.

    `of` is the id of the part that this hop starts from, `since` the day from which it counts (None: always),
    `available` the pieces in stock over all locations.
    """

    relation: Relation
    of: str
    part: Part
    since: date | None
    two_way: bool
    available: int


@dataclass(frozen=True, slots=True)
class FitAnswer:
    """One part's answer for one vehicle.

    `quantity` and `position` belong to the application. `conditions_en/zh` are shown with FITS_IF; `question` names the
    vehicle attribute that would settle DEPENDS_ON (a `VehicleConfig` field, a name in its `codes`, or an equipment
    name), `choices` the values of it that the catalogue tells apart; `source` is the catalogue line. `ambiguous`: the
    brand names several parts, or several quantities, and nothing known tells them apart. `related` is filled where
    parts are offered for a car: successors hop by hop, the nearest first.
    """

    part: Part
    verdict: FitVerdict
    quantity: int
    position: str | None
    conditions_en: tuple[str, ...]
    conditions_zh: tuple[str, ...]
    question: str | None
    source: str
    choices: tuple[str, ...] = ()
    ambiguous: bool = False
    related: tuple[Related, ...] = ()


class AnswerKind(StrEnum):
    """What kind of answer a question takes."""

    CHOICE = "choice"  # one of the choices
    YES_NO = "yes_no"  # whether the car has a piece of equipment
    YEAR = "year"
    MONTH = "month"  # YYYY-MM
    NUMBER = "number"
    TEXT = "text"
    CODE = "code"  # a number of a catalogue's code list: one of the choices, or 0 for none of them


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer, as it is sent and as it is shown."""

    value: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class AskOwner:
    """A question that the owner of a car can answer; `attribute` is that of the fit answer."""

    attribute: str
    kind: AnswerKind
    en: str
    zh: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """A warehouse, or the shelf of a workshop (`kind`); `ships`: parts are sent to buyers from here.

    `place` is latitude and longitude in degrees, `region` an ISO 3166-2 code such as `CN-SH`, or the country alone.
    """

    id: str
    organisation: str
    kind: str
    name_en: str
    name_zh: str
    place: tuple[float, float] | None = None
    region: str | None = None
    ships: bool = False
    state: str = "open"
    version: int = 1


@dataclass(frozen=True, slots=True)
class StockOffer:
    """What one warehouse or workshop can give of a part.

    `expected`: the pieces available turned out to come on that day only; or there are none, and more come on it.
    `coming`: from which day how many pieces can be had in all, of deliveries on their way and beyond what others wait
    for; see `stock.wait_for`.
    """

    part: str
    location: str
    available: int
    expected: date | None
    coming: tuple[tuple[date, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Pieces held for a holder (a case or a cart) until `reserved_until` (None: until released or issued)."""

    id: str
    part: str
    location: str
    quantity: int
    holder: str
    reserved_until: datetime | None


@dataclass(frozen=True, slots=True)
class BackOrder:
    """Pieces that a holder waits for until `reserved_until` (None: until they come); `expected`: on which day."""

    id: str
    part: str
    location: str
    quantity: int
    holder: str
    expected: date
    reserved_until: datetime | None


@dataclass(frozen=True, slots=True)
class Price:
    """A part's price per piece without tax, and the tax rate in basis points (1300 = 13 %)."""

    part: str
    net: Money
    tax_basis_points: int

    @property
    def gross(self) -> Money:
        return self.net + self.net.times(self.tax_basis_points, 10_000)
