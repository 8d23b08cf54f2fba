"""The figures of a workshop, against a plain count of what was done there, minute by minute and car by car."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aftersales.workshop.rates import Rate
from aftersales.workshop.workshops import Timing
from foundation.identity import Role, add_account
from tests.aftersales.voices import Town, town
from tests.aftersales.world import DAY, GARAGE, World, garage

ZONE = ZoneInfo("Asia/Shanghai")
RETURN = timedelta(days=30)


@dataclass(frozen=True)
class Done:
    """One repair as the test played it."""

    order: str
    car: str
    predictor: str
    came: datetime
    done: datetime
    reworks: int
    verdict: str | None
    bay: str
    taken: tuple[datetime, datetime]


@pytest.fixture
def street(world: World, tmp_path: Any) -> Town:
    world.put(garage(bays=2, services={"repair": Timing(None, 15, 30)}))
    return town(world, tmp_path)


def play(street: Town, car: str, hours: float, reworks: int = 0, verdict: str | None = "found", by: str = "p1") -> Done:
    """Let a car come at the time of its visit and be done after some hours of the clock."""
    world = street.world
    vehicle = world.vehicle if car == "car-1" else world.another_car(car)
    return again(street, vehicle, hours, reworks, verdict, by)


def again(
    street: Town, vehicle: Any, hours: float, reworks: int = 0, verdict: str | None = None, by: str = "p1"
) -> Done:
    world = street.world
    finding = f"f-{vehicle.id}-{world.clock.now():%m%d%H%M}"
    visit = world.open(world.finding(finding, vehicle, predictor=by), vehicle)["appointment"]
    order = str(world.confirm(visit["id"])["repair_order"])
    start, end = (datetime.fromisoformat(visit[name]) for name in ("start", "end"))
    world.clock.advance(start + timedelta(minutes=5) - world.clock.now())
    came = world.clock.now()
    world.step(order, step="check_in", mileage_km=9)
    for step in ("inspect", "start", "issue_parts"):
        world.step(order, step=step)
    world.clock.advance(timedelta(hours=hours))
    world.step(order, step="quality_check")
    for _ in range(reworks):
        world.step(order, step="rework", note="squeals")
        world.step(order, step="quality_check")
    world.step(order, step="complete")
    done = world.clock.now()
    if verdict is not None:
        said = {"finding": finding, "verdict": verdict} | ({"note": "a cable"} if verdict == "other_fault" else {})
        street.technician.post(f"repair-orders/{order}/verdicts", said, 201)
    world.settle(order)
    taken = start - timedelta(minutes=15), min(end + timedelta(minutes=30), done)
    return Done(order, vehicle.id, by, came, done, reworks, verdict, visit["bay"]["id"], taken)


def plain_bay_minutes(
    played: list[Done], first: date, last: date, away: tuple[datetime, datetime], now: datetime
) -> Any:
    """Count minute by minute and bay by bay."""
    used = possible = 0
    day = first
    while day <= last:
        for opens, closes in DAY if day.weekday() < 6 else ():
            at = datetime.fromisoformat(f"{day}T{opens}").replace(tzinfo=ZONE).astimezone(UTC)
            until = datetime.fromisoformat(f"{day}T{closes}").replace(tzinfo=ZONE).astimezone(UTC)
            while at < min(until, now):
                for bay in ("bay_one_0", "bay_one_1"):
                    if bay == "bay_one_1" and away[0] <= at < away[1]:
                        continue
                    possible += 1
                    used += any(one.bay == bay and one.taken[0] <= at < one.taken[1] for one in played)
                at += timedelta(minutes=1)
        day += timedelta(days=1)
    return used, possible


def test_the_figures_are_those_of_a_plain_count(street: Town) -> None:
    world = street.world
    began = world.clock.now()
    absent = began + timedelta(days=2), began + timedelta(days=5)
    body = {"resource": "bay_one_1", "start": absent[0].isoformat(), "end": absent[1].isoformat(), "reason": "jack"}
    manager = street.advisor.speaking_with(None, _manager(world))
    manager.post("workshops/wks_one/absences", body, 201)
    played = [
        play(street, "car-1", 1),
        play(street, "car-b", 30, reworks=2, verdict="not_found"),
        play(street, "car-c", 2.5, verdict="other_fault"),
        play(street, "car-d", 0.5, verdict=None, by="p2"),
        play(street, "car-e", 4, by="p2"),
    ]
    world.clock.advance(timedelta(days=15))
    played.append(again(street, world.vehicle, 3, verdict="not_found", by="p2"))  # within 30 days
    world.clock.advance(timedelta(days=40))
    played.append(again(street, world.vehicle, 2, reworks=1))  # long after that
    today = world.clock.now().astimezone(ZONE).date()
    first = began.astimezone(ZONE).date()
    for begin, end in ((first, today), (first + timedelta(days=1), first + timedelta(days=20)), (today, today)):
        period: dict[str, Any] = {"from": begin.isoformat(), "to": end.isoformat()}
        told = street.advisor.get("workshops/wks_one/figures", **period)
        inside = [one for one in played if begin <= one.done.astimezone(ZONE).date() <= end]
        used, possible = plain_bay_minutes(played, begin, end, absent, world.clock.now())
        assert told["utilisation"]["taken_h"] == pytest.approx(used / 60, abs=0.05)
        assert told["utilisation"]["open_h"] == pytest.approx(possible / 60, abs=0.05)
        assert told["completed"] == told["lead_time"]["of"] == len(inside)
        hours = [(one.done - one.came).total_seconds() / 3600 for one in inside]
        assert told["lead_time"]["median_h"] == (pytest.approx(median(hours), abs=0.01) if hours else None)
        old = [one for one in inside if world.clock.now() - one.done >= RETURN]
        returned = [
            one.order for one in old
            if any(it.car == one.car and one.done < it.came <= one.done + RETURN for it in played)
        ]  # fmt: skip
        good = [one for one in old if not one.reworks and one.order not in returned]
        fix = told["first_time_fix"]
        assert (fix["hits"], fix["of"], fix["returned"]) == (len(good), len(old), len(returned))
        assert fix["too_young"] == len(inside) - len(old)
        judged = [one for one in inside if one.verdict]
        precision = told["precision"]
        found = sum(one.verdict == "found" for one in judged)
        assert (precision["hits"], precision["of"]) == (found, len(judged))
        assert precision["waiting"] == len(inside) - len(judged)
        for row in precision["by_predictor"]:
            mine = [one.verdict for one in judged if one.predictor == row["predictor"]]
            counts = (mine.count("found"), len(mine), mine.count("not_found"), mine.count("other_fault"))
            assert (row["hits"], row["of"], row["not_found"], row["other_fault"]) == counts
            assert row["fault"] == "alternator"
        assert {row["predictor"] for row in precision["by_predictor"]} == {one.predictor for one in judged}
    whole = street.advisor.get("workshops/wks_one/figures", to=today.isoformat())
    assert (whole["first_time_fix"]["returned"], whole["first_time_fix"]["reworked"]) == (1, 1)
    assert 0 < whole["first_time_fix"]["value"] < 1


def test_a_period_is_asked_of_ones_own_workshop_and_makes_sense(street: Town) -> None:
    nothing = street.advisor.get("workshops/wks_one/figures")
    assert nothing["first_time_fix"] == {
        "value": None, "low": 0.0, "high": 1.0, "hits": 0, "of": 0, "reworked": 0, "returned": 0, "too_young": 0,
    }  # fmt: skip
    assert nothing["utilisation"]["taken_h"] == 0
    far = ({"to": "9999-12-31"}, {"to": "0001-01-01"})
    for said in ({"from": "2026-03-02", "to": "2026-03-01"}, {"from": "2020-01-01"}, {"from": "soon"}, *far):
        street.advisor.get("workshops/wks_one/figures", 422, **said)
    street.owner.get("workshops/wks_one/figures", 403)
    street.advisor.get("workshops/wks_other/figures", 404)


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29.
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, of), bounds in published.items():
        assert Rate(hits, of).interval == pytest.approx(bounds, abs=5e-5)


def _manager(world: World) -> Any:
    with world.database.unit() as unit:
        return add_account(unit, "boss@x.example", Role.WORKSHOP_MANAGER, GARAGE)
