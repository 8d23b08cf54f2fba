"""A fleet's cars on one page: the most pressing first, each with the way to where it is done; and what it costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from starlette.testclient import TestClient

from aftersales.cases import BillState
from aftersales.seed import WORKSHOP_ORGANISATION
from aftersales.settlement import costs
from aftersales.settlement.accounts import put_on_account
from aftersales.settlement.settling import settle
from aftersales.tables import appointments
from aftersales.visits.bookings import decline
from diagnostics.findings import Urgency
from forecourt.house_cars import GROUPS, SHOWN, SILENT
from forecourt.pages.owner.fleet import ASKS
from foundation.database import Database
from foundation.grants import open_to
from foundation.identity import Role
from ingest.registry import add_vehicle
from ingest.topics import Kind
from tests.pages.conftest import Entrance
from tests.pages.fleet import NUMBER, Fleet, build_fleet
from tests.pages.scene import CONFIG, Scene
from tests.pages.test_calendar import WORKSHOP
from tests.pages.test_codes import REPORT
from tests.pages.test_repair_story import Floor


@pytest.fixture
def fleet(scene: Scene) -> Fleet:
    return build_fleet(scene)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Note what is asked of the database within."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


@contextmanager
def rows_read(database: Database) -> Iterator[list[int]]:
    """Note how many rows each statement gives within."""
    rows: list[int] = []

    def note(_connection: Any, cursor: Any, *_: Any) -> None:
        rows.append(max(cursor.rowcount, 0))

    event.listen(database.engine, "after_cursor_execute", note)
    yield rows
    event.remove(database.engine, "after_cursor_execute", note)


def card(page: str, number: int) -> str:
    return page.partition(f'id="car-van-{number:02}"')[2].partition("</li>")[0]


def in_order(page: str) -> list[int]:
    return [int(piece[:2]) for piece in page.split('id="car-van-')[1:]]


def test_what_is_pressing_stands_first_and_leads_to_where_it_is_done(
    scene: Scene, fleet: Fleet, signed_in: Entrance, person: Any, tmp_path: Path
) -> None:
    vans = fleet.vans
    fleet.hear(*range(1, 12), ago=timedelta(minutes=5))
    fleet.hear(12, ago=timedelta(days=4))
    held, refused = vans[7].fail(), vans[8].fail(Urgency.S2)
    stopped = vans[9].find_fault(Urgency.S0)
    with scene.database.unit() as unit:
        decline(unit, fleet.operator, refused)
    vans[6].say(Kind.DTCS, seq=1, **REPORT)
    Floor(vans[4], tmp_path)  # booked, and no more
    asking = Floor(vans[5], tmp_path)
    asking.step("check_in", mileage=84_210)
    asking.find_more()
    bills = {}
    for number, state in ((3, BillState.OPEN), (2, BillState.ON_ACCOUNT)):
        bills[number] = Floor(vans[number], tmp_path)
        bills[number].step("check_in", mileage=10)
        bills[number].step("inspect", "start")
        if state is BillState.ON_ACCOUNT:
            boss = person(Role.WORKSHOP_MANAGER, "Boss", WORKSHOP_ORGANISATION)
            with scene.database.unit() as unit:
                put_on_account(unit, boss, WORKSHOP, fleet.house)
        bills[number].finish(tmp_path, "")
    client = signed_in(fleet.operator)
    page = client.get("/cars").text
    assert in_order(page)[:9] == [9, 5, 7, 3, 2, 4, 8, 6, 12]
    ways = {
        9: f"/cases/{stopped}/stopped",
        5: f"/repair-orders/{asking.order}#decide",
        7: f"/appointments/{held}",
        3: f"/repair-orders/{bills[3].order}#bill",
        2: f"/repair-orders/{bills[2].order}#bill",
        8: "/cars/van-08/book",
    }
    for number, way in ways.items():
        assert f'href="{way}"' in card(page, number), number
        assert client.get(way.partition("#")[0]).status_code == 200
    assert "2 lines" in card(page, 5)
    assert "Booked" in card(page, 4)
    assert "Warning lamp is on" in card(page, 6)
    counts = {"you": 4, "workshop": 1, "booked": 1, "account": 1, "lamp": 1, "silent": NUMBER - 11}
    for group, number in counts.items():
        assert len(in_order(client.get(f"/cars?show={group}").text)) == number, group
    engineer = signed_in(fleet.engineer).get("/cars").text
    assert ">Decide</a>" in card(page, 5)
    assert ">Look</a>" in card(engineer, 5)
    assert ">Look and confirm</a>" in card(engineer, 7), "a fleet's software confirms visits"


def test_many_cars_have_pages_and_are_found_by_their_names(scene: Scene, fleet: Fleet, signed_in: Entrance) -> None:
    client = signed_in(fleet.operator)
    first, second = (in_order(client.get(f"/cars?page={page}").text) for page in (1, 2))
    assert sorted([*first, *second]) == list(range(1, NUMBER + 1))
    assert in_order(client.get("/cars?q=VAN-2").text) == list(range(20, 30))
    assert len(in_order(client.get("/cars?q=etios 2014&page=999999999999999999999").text)) == NUMBER - len(first)
    assert "No car is like that" in client.get("/cars?q=%25<b>").text
    assert in_order(client.get("/cars", headers={"HX-Request": "true"}).text) == first
    assert "van-" not in signed_in(scene.owner).get("/cars").text


def test_thirty_cars_cost_no_more_statements_than_one(scene: Scene, fleet: Fleet, signed_in: Entrance) -> None:
    """Each with a finding, or a hundredth car would wait a hundred times."""
    counts = []
    for number, more in ((1, (1, 2)), (2, (3, 4, 5, 6, 7, 8))):
        for one in more:
            fleet.vans[one].fail()
        client = signed_in(fleet.operator)
        with statements(scene.database) as asked:
            assert len(in_order(client.get("/cars?show=you").text)) == len(more) + (number - 1) * 2
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_page_of_many_cars_reads_no_more_than_it_shows(scene: Scene, fleet: Fleet, signed_in: Entrance) -> None:
    """Counted by the database: of a fleet of thousands no more is read than of this one."""
    client = signed_in(fleet.operator)
    read = []
    for more in (0, 300):
        with scene.database.unit() as unit:
            for number in range(more):
                add_vehicle(unit, fleet.house, f"more-{number}", None, CONFIG)
        fleet.vans[1 if more else 2].find_fault()
        with rows_read(scene.database) as rows:
            page = client.get("/cars?show=silent&page=2").text
        assert in_order(page) or "more-" in page
        read.append(sum(rows))
    assert f"All</a> {NUMBER + 300}" in page or f"All {NUMBER + 300}" in page
    assert max(read) < 2 * SHOWN + 20


def wants(client: TestClient, number: int) -> list[str]:
    """Give in which groups a van is, and the words of what it wants."""
    found = [group for group in GROUPS if number in in_order(client.get(f"/cars?show={group}&q=van-{number:02}").text)]
    chips = card(client.get(f"/cars?q=van-{number:02}").text, number)
    return found + [asked.words for asked in ASKS.values() if asked.words in chips]


def test_a_hold_that_ran_out_a_question_and_another_time_are_told_apart(
    scene: Scene, fleet: Fleet, signed_in: Entrance, tmp_path: Path
) -> None:
    fleet.hear(1, 2, 3, 4, ago=timedelta(minutes=5))
    held, asking = fleet.vans[1].fail(), fleet.vans[2].find_fault()
    offered, there = Floor(fleet.vans[3], tmp_path), Floor(fleet.vans[4], tmp_path)
    there.step("check_in", mileage=10)
    client = signed_in(fleet.operator)
    assert wants(client, 1) == ["you", "A visit is held for you"]
    assert wants(client, 3) == ["booked", "Booked"]
    assert wants(client, 4) == ["workshop", "In the workshop"]
    with scene.database.unit() as unit:
        run = unit.connection.execute
        past = unit.now() - timedelta(minutes=1)
        run(text("UPDATE appointments SET expires_at = :past WHERE id = :id"), {"past": past, "id": held})
        run(text("UPDATE appointments SET state = 'declined' WHERE \"case\" = :id"), {"id": asking})
        run(
            text("UPDATE cases SET state = 'open', questions = :asked WHERE id = :id"),
            {"id": asking, "asked": '[{"attribute": null}, {"attribute": "drive", "en": "?", "zh": "?"}]'},
        )
        beside = unit.rows("SELECT * FROM appointments WHERE vehicle = %(van)s", {"van": "van-03"})[0]._asdict()
        other = {"id": "apt_beside", "replaces": beside["id"], "state": "held", "expires_at": unit.now() + SILENT}
        run(appointments.insert().values(beside | other))
    assert wants(client, 1) == ["you", "No visit is held"]
    assert wants(client, 2) == ["you", "A question about the car is open"]
    assert wants(client, 3) == ["you", "booked", "Another time is on offer"]
    with scene.database.unit() as unit:
        unit.connection.execute(text("""UPDATE cases SET questions = '[{"attribute": null}, {"attribute": ""}]'"""))
        past = unit.now() - timedelta(minutes=1)
        unit.connection.execute(text("UPDATE appointments SET expires_at = :past"), {"past": past})
    assert wants(client, 2) == ["you", "No visit is held"]
    assert wants(client, 3) == ["booked", "Booked"], offered.order


def test_a_car_is_found_by_the_plate_that_a_workshop_read_off_it(
    scene: Scene, fleet: Fleet, signed_in: Entrance, tmp_path: Path
) -> None:
    floor = Floor(fleet.vans[7], tmp_path)
    floor.step("check_in", mileage=10)
    floor.step("inspect", "start", "issue_parts", "work", "quality_check", "complete")
    with scene.database.unit() as unit:
        settle(unit, scene.advisor, floor.order, return_old_parts=True, plate="沪A12_45%")
    client = signed_in(fleet.operator)
    assert in_order(client.get("/cars?q=沪a12_45%25").text) == [7]
    assert in_order(client.get("/cars?q=沪A12345").text) == [], "a name is no pattern"
    assert "沪A12_45% · Toyota Etios 2014" in card(client.get("/cars").text, 7)


def test_an_engineer_sees_the_cars_that_are_opened_to_his_house(
    scene: Scene, fleet: Fleet, signed_in: Entrance
) -> None:
    scene.fail()
    with scene.database.unit() as unit:
        open_to(unit, scene.vehicle, fleet.house, Role.INTEGRATOR, "test")
    assert 'href="/cars/car-1"' in signed_in(fleet.engineer).get("/cars?q=car-1").text
    assert 'href="/cars/car-1"' not in signed_in(fleet.operator).get("/cars?q=car-1").text


def test_repairs_and_costs_are_of_one_s_own_cars_alone(
    scene: Scene, fleet: Fleet, signed_in: Entrance, tmp_path: Path
) -> None:
    floor = Floor(fleet.vans[7], tmp_path)
    floor.step("check_in", mileage=120_300)
    with scene.database.unit() as unit:
        unit.connection.execute(text("UPDATE workshops SET name_en = '=1+1'"))
    operator, owner = signed_in(fleet.operator), signed_in(scene.owner)
    assert '"/cars/repairs.csv"' in operator.get("/cars").text
    [head, row] = operator.get("/cars/repairs.csv").content.decode("utf-8-sig").splitlines()
    told = dict(zip(head.split(","), row.split(","), strict=True))
    assert (told["car"], told["order"], told["mileage_km"]) == ("van-07", floor.order, "120300")
    assert (told["what"], told["state"], told["sheet"], told["gross"], told["bill"]) == (
        "Alternator",
        "open",
        "",
        "",
        "",
    )
    assert told["workshop"] == "'=1+1", "what others write is no formula in one's own spreadsheet"
    operator.cookies.set("lang", "zh_CN")
    assert "发电机" in operator.get("/cars/repairs.csv").text
    assert owner.get("/cars/repairs.csv").content.decode("utf-8-sig").splitlines() == [head]


def test_repairs_and_costs_are_written_page_by_page(
    scene: Scene, fleet: Fleet, signed_in: Entrance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(costs, "MAXIMUM_LIMIT", 2)
    orders = [Floor(fleet.vans[number], tmp_path).order for number in (1, 2, 3, 4, 5)]
    client = signed_in(fleet.operator)
    with rows_read(scene.database) as rows:
        written = client.get("/cars/repairs.csv").content.decode("utf-8-sig").splitlines()
    assert max(rows) == 3, "a page, and one row more that tells of the next"
    assert sorted(row.split(",")[2] for row in written[1:]) == sorted(orders)


def test_messages_name_the_car(scene: Scene, fleet: Fleet, signed_in: Entrance) -> None:
    fleet.vans[7].fail()
    assert "Toyota Etios 2014, van-07" in signed_in(fleet.operator).get("/messages").text
    scene.fail()
    own = signed_in(scene.owner).get("/messages").text
    assert "Toyota Etios 2014<" in own, "an owner of one car needs no id of it"


def test_many_devices_have_pages_and_are_found_by_car(scene: Scene, fleet: Fleet, signed_in: Entrance) -> None:
    client = signed_in(fleet.engineer)
    assert client.get("/devices").text.count("/revoke") == NUMBER
    found = client.get("/devices?q=VAN-07").text
    assert found.count("/revoke") == 1
    assert fleet.vans[7].device in found
    assert "No device is like that" in client.get("/devices?q=van-99").text
