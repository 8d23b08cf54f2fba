"""Which spare parts a visit takes: only parts that fit, the ones that are there soonest, then the cheapest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from aftersales.operations import PART_WORDS, PartNeed
from aftersales.tables import workshops as workshops_table
from aftersales.visits.free_times import HORIZON_DAYS
from aftersales.visits.occupancy import local_day
from aftersales.visits.reasons import Answer, Question, Reason, part_reason
from aftersales.workshop.calendars import spans_of
from aftersales.workshop.workshops import Workshop
from foundation.database import UnitOfWork
from ingest.vehicles import VehicleConfig
from parts_catalog.fitment import fitting_parts_of, question_about
from parts_catalog.parts import FitAnswer, FitVerdict, Part, Price, Relation, StockOffer
from parts_catalog.prices import Buyer, own_prices, price_of
from parts_catalog.stock import day_of, offers


@dataclass(frozen=True, slots=True)
class ChosenPart:
    """One part of the visit: how it fits, what it costs, from which location it comes and when it is there.

    `waits`: its pieces have not come to that location yet; a delivery that is on its way brings them.
    """

    need: PartNeed
    answer: FitAnswer
    price: Price
    location: str
    ready_at: datetime
    waits: bool = False

    @property
    def quantity(self) -> int:
        return self.answer.quantity


@dataclass(frozen=True, slots=True)
class PartsPlan:
    """The parts for a visit at one workshop; `missing` holds a reason for each required part that cannot be had."""

    chosen: tuple[ChosenPart, ...] = ()
    missing: tuple[Reason, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def ready_at(self) -> datetime | None:
        """When every part is at the workshop (None: there is nothing to wait for)."""
        return max((one.ready_at for one in self.chosen), default=None)

    def by(self, start: datetime) -> "PartsPlan":
        """Leave out what is not there at `start`, each required part with its reason."""
        late = [one for one in self.chosen if one.ready_at > start]
        told = [part_reason("part_not_by_then", one.need.part_type) for one in late if one.need.required]
        return replace(
            self,
            chosen=tuple(one for one in self.chosen if one.ready_at <= start),
            missing=(*self.missing, *told),
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """What the catalogue says of the needed part types for one vehicle; asked once for all workshops."""

    answers: tuple[tuple[PartNeed, tuple[FitAnswer, ...]], ...]
    offers: dict[str, list[StockOffer]]
    prices: dict[str, dict[str, Price]]  # by currency
    own_prices: dict[str, dict[str, dict[str, Price]]]  # by currency and house, where a house has lists of its own
    shelves: frozenset[str]  # locations of workshops: only their own visits take from them


def survey(
    unit: UnitOfWork, config: VehicleConfig, needs: Sequence[PartNeed], workshops: Sequence[Workshop], buyer: Buyer
) -> Survey:
    """Ask the catalogue for fit, stock and price of everything that the needs could be met with at the workshops."""
    found = fitting_parts_of(unit, config, [need.part_type for need in needs]) if needs else {}
    answers = tuple(
        (need, tuple(one for one in found[need.part_type] if need.position in {None, one.position})) for need in needs
    )
    sure = [one for _, found in answers for one in found if _sure(one)]
    fitting = sorted({part.id for one in sure for part in (one.part, *_successors(one, unit.now().date()))})
    houses: dict[str, set[str]] = {workshop.currency: set() for workshop in workshops}
    for workshop in workshops:
        houses[workshop.currency].add(workshop.organisation)
    return Survey(
        answers,
        offers(unit, fitting) if fitting else {},
        {currency: price_of(unit, fitting, currency) if fitting else {} for currency in houses},
        {
            currency: own_prices(unit, fitting, sellers, buyer, currency) if fitting else {}
            for currency, sellers in houses.items()
        },
        _shelves(unit),
    )


def _shelves(unit: UnitOfWork) -> frozenset[str]:
    """Give the stock locations of all workshops."""
    return frozenset(unit.connection.execute(select(workshops_table.c.stock_location)).scalars())


def choose_parts(found: Survey, workshop: Workshop, now: datetime) -> PartsPlan:
    """Choose a part for every need at one workshop: never a guess, and nothing merely recommended that delays."""
    chosen: list[ChosenPart] = []
    missing: list[Reason] = []
    questions: list[Question] = []
    delivery = next_opening(workshop, now)
    for need, answers in found.answers:
        outcome = _choose(found, need, answers, workshop, (now, delivery))
        if isinstance(outcome, ChosenPart):
            chosen.append(outcome)
        elif need.required:
            missing.append(outcome)
            if outcome["code"] == "part_unclear":
                questions.extend(_question(need, one) for one in answers if not _sure(one))
    required = max((one.ready_at for one in chosen if one.need.required), default=now)
    kept = tuple(one for one in chosen if one.need.required or one.ready_at <= required)
    return PartsPlan(kept, tuple(missing), tuple(_once(questions)))


def next_opening(workshop: Workshop, now: datetime) -> datetime:
    """Give when a part that a warehouse sends today is at the workshop: as it opens on its next working day."""
    today = local_day(now, workshop.zone)
    for number in range(1, HORIZON_DAYS + 1):
        spans = spans_of(workshop, today + timedelta(days=number))
        if spans:
            return spans[0][0]
    return now + timedelta(days=HORIZON_DAYS + 1)


def opening_on(workshop: Workshop, day: date) -> datetime:
    """Give when a part that comes on a day can be worked with: as the workshop opens, on that day or after it."""
    return next_opening(workshop, datetime.combine(day - timedelta(days=1), time(12), workshop.zone))


def _choose(
    found: Survey, need: PartNeed, answers: Sequence[FitAnswer], workshop: Workshop, times: tuple[datetime, datetime]
) -> ChosenPart | Reason:
    fitting = [one for one in answers if _sure(one)]
    if not fitting:
        return part_reason("part_unclear" if answers else "no_fitting_part", need.part_type)
    # Parts for different positions are no alternatives of one another; the catalogue's best one says which position.
    fitting = [one for one in fitting if one.position == fitting[0].position]
    prices = found.own_prices[workshop.currency].get(workshop.organisation, found.prices[workshop.currency])
    today = times[0].date()
    serving = [replace(one, part=part) for one in fitting for part in (one.part, *_successors(one, today))]
    priced = [one for one in serving if one.part.id in prices]
    if not priced:
        return part_reason("part_without_price", need.part_type)
    reachable = [
        (one, offer)
        for one in priced
        for offer in found.offers.get(one.part.id, ())
        if offer.location == workshop.stock_location or offer.location not in found.shelves
    ]
    options = [
        ChosenPart(need, one, prices[one.part.id], offer.location, ready, waits=offer.available < one.quantity)
        for one, offer in reachable
        if (ready := _ready(workshop, offer, one.quantity, times)) is not None
    ]
    if not options:
        return part_reason("part_out_of_stock", need.part_type)
    return min(options, key=lambda one: (one.ready_at, one.price.net.amount, one.answer.part.id, one.location))


def _sure(answer: FitAnswer) -> bool:
    """Whether a part can be taken without asking: it fits, and the catalogue names no other one in its place."""
    return answer.verdict is FitVerdict.FITS and not answer.ambiguous


def _successors(answer: FitAnswer, today: date) -> Iterator[Part]:
    """Give the parts that have taken a part's place by today, through every hop that counts already."""
    reached = {answer.part.id}
    for hop in answer.related:
        counts = hop.relation is Relation.REPLACED_BY and (hop.since is None or hop.since <= today)
        if counts and hop.of in reached and hop.part.id not in reached:
            reached.add(hop.part.id)
            yield hop.part


def _ready(workshop: Workshop, offer: StockOffer, quantity: int, times: tuple[datetime, datetime]) -> datetime | None:
    """Give when pieces are at the workshop (None: never so many). `times`: now, and when a warehouse has delivered.

    Later than usual when their location still waits for them itself, or when a supplier is to send them first.
    """
    here = offer.location == workshop.stock_location
    otherwise = times[0] if here else times[1]
    if offer.available >= quantity:
        return max(otherwise, opening_on(workshop, offer.expected)) if offer.expected is not None else otherwise
    day = day_of(offer.coming, quantity)
    if day is None:
        return None
    return max(otherwise, opening_on(workshop, day if here else day + timedelta(days=1)))


def _question(need: PartNeed, answer: FitAnswer) -> Question:
    asked = question_about(answer)
    if asked is not None:
        return Question(
            part_type=need.part_type,
            attribute=asked.attribute,
            kind=asked.kind.value,
            choices=[Answer(value=one.value, en=one.en, zh=one.zh) for one in asked.choices],
            en=asked.en,
            zh=asked.zh,
        )
    part_en, part_zh = PART_WORDS[need.part_type]
    if answer.ambiguous:
        en = f"The catalogue names several parts for your car: one must compare with the part on it ({part_en})"
        zh = f"目录为您的车列有多个配件，须与车上原件核对：{part_zh}"
    else:
        en = f"{answer.part.name_en} fits your car on a condition; please check: {'; '.join(answer.conditions_en)}"
        zh = f"{answer.part.name_zh}须满足条件方可适配，请核对：{'；'.join(answer.conditions_zh)}"
    return Question(part_type=need.part_type, attribute=None, kind=None, choices=[], en=en, zh=zh)


def _once(questions: Sequence[Question]) -> list[Question]:
    """Ask for each thing once, with all the answers that some part would choose between."""
    asked: dict[str, Question] = {}
    for one in questions:
        before = asked.setdefault(one["attribute"] or one["en"], one)
        known = {choice["value"] for choice in before["choices"]}
        new = [choice for choice in one["choices"] if choice["value"] not in known]
        asked[one["attribute"] or one["en"]] = {**before, "choices": [*before["choices"], *new]}
    return list(asked.values())
