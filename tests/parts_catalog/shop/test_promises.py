"""The tables of the shop, its promises, and its simulated carrier."""

from datetime import UTC, date, datetime, timedelta

import pytest

from foundation.refusals import Invalid
from parts_catalog.shop.carriers import EARLY_H, SimulatedCarrier, Whereabouts
from parts_catalog.shop.carriers import Parcel as Given
from parts_catalog.shop.feed import WORDS
from parts_catalog.shop.promises import collect, promise
from parts_catalog.shop.regions import SEATS, distance_km, place_of
from parts_catalog.shop.states import AHEAD, MOVES, ORDER_MOVES, OVER, UNDER_WAY, OrderState, ShipmentState

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # in China
SHANGHAI, BEIJING, LHASA = (SEATS[f"CN-{region}"] for region in ("SH", "BJ", "XZ"))


def test_every_state_has_its_moves_and_every_move_its_words() -> None:
    assert set(ORDER_MOVES) == set(OrderState)
    reached = {move.target for move in MOVES.values()} | {ShipmentState.PLANNED, ShipmentState.TO_PICK}
    assert reached | {ShipmentState.CANCELLED} == set(ShipmentState)
    assert not any(move.sources & OVER for move in MOVES.values())
    assert AHEAD | {ShipmentState.SHIPPED} == UNDER_WAY == {one for move in MOVES.values() for one in move.sources}
    assert all(en and zh and en != zh for en, zh in WORDS.values())


@pytest.mark.parametrize(
    ("origin", "to", "here", "day"),
    [
        (SHANGHAI, SHANGHAI, None, date(2026, 11, 24)),
        (SHANGHAI, BEIJING, None, date(2026, 11, 26)),
        (SHANGHAI, LHASA, None, date(2026, 11, 28)),
        (SHANGHAI, None, None, date(2026, 11, 28)),
        (SHANGHAI, SHANGHAI, date(2026, 12, 1), date(2026, 12, 2)),
    ],
)
def test_a_day_is_promised_by_distance_and_by_the_last_piece(
    origin: tuple[float, float], to: tuple[float, float] | None, here: date | None, day: date
) -> None:
    assert promise(SimulatedCarrier(), NOON, (origin, "CN-SH"), to, here).on == day


def test_what_is_ordered_in_the_afternoon_leaves_on_the_next_day() -> None:
    late = NOON + timedelta(hours=3)
    assert promise(SimulatedCarrier(), late, (SHANGHAI, "CN-SH"), SHANGHAI, None).on == date(2026, 11, 25)
    assert collect(NOON, "CN-SH", None).on == date(2026, 11, 23)
    assert collect(late, "CN-SH", None).on == date(2026, 11, 24)


def test_regions_lie_where_they_lie() -> None:
    assert distance_km(place_of("CN-SH"), place_of("CN-BJ")) == pytest.approx(1068, abs=10)
    assert distance_km(place_of("CN-SH"), place_of("XX")) is None


def test_the_carrier_keeps_its_timetable_unless_it_is_told_to_be_late() -> None:
    parcel = Given("shp_1", 1000)
    on_time, late = SimulatedCarrier(), SimulatedCarrier(delay=lambda _: timedelta(days=2))
    number = on_time.book(parcel, NOON)
    assert on_time.book(parcel, NOON) == number
    assert on_time.track(number, NOON + timedelta(days=3, hours=-EARLY_H)).where is Whereabouts.ON_ITS_WAY
    arrived = on_time.track(number, NOON + timedelta(days=3))
    assert arrived.where is Whereabouts.DELIVERED
    assert arrived.since <= NOON + timedelta(days=3)
    assert late.track(late.book(parcel, NOON), NOON + timedelta(days=4)).where is Whereabouts.ON_ITS_WAY
    with pytest.raises(Invalid):
        on_time.track("nonsense", NOON)
