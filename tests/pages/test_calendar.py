"""The advisor's calendar without JavaScript: who sees it, what stands where, and what the server lets move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from aftersales.views import get_appointment
from aftersales.visits.day_plan import day_plan
from forecourt.pages.workshop.calendar_grid import COLUMN, grid
from foundation.identity import Actor
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_visit import post

Entrance = Callable[[Actor], TestClient]
WORKSHOP = "wks_shanghai_pudong"


def visit_of(scene: Scene, visit: str) -> dict[str, str]:
    with scene.database.unit() as unit:
        view = get_appointment(unit, scene.owner, visit)
    return {
        "start": view["start"],
        "day": datetime.fromisoformat(view["start"]).date().isoformat(),
        "bay": view["bay"]["id"],
        "technician": view["technician"]["id"],
        "workshop": view["workshop"]["id"],
    }


def page_of(scene: Scene, visit: str) -> tuple[str, str]:
    """Give the calendar's address on the day of a visit, and where its forms go."""
    seen = visit_of(scene, visit)
    return f"/calendar?workshop={seen['workshop']}&day={seen['day']}", f"/calendar/{seen['workshop']}/moves"


def test_the_day_shows_each_visit_in_its_bay_and_at_its_technician(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail()
    page, action = page_of(scene, visit)
    advisor = signed_in(scene.advisor)
    told = advisor.get(page).text
    assert told.count(f'data-visit="{visit}"') == 2
    assert forms_of(told)[action]["visit"] == visit
    assert "Expired" not in told
    advisor.post("/language", data={"language": "zh_CN"})
    assert "发电机故障" in advisor.get(page).text


def test_it_is_the_own_workshop_s_desk_s_alone(scene: Scene, signed_in: Entrance, person: Callable[..., Actor]) -> None:
    page, action = page_of(scene, scene.fail())
    assert signed_in(scene.owner).get(page).status_code == 403
    assert signed_in(scene.technician).get(page).status_code == 403
    stranger = signed_in(person(scene.advisor.role, "Stranger"))
    assert stranger.get(page).status_code == 404
    csrf = forms_of(stranger.get("/parts").text)["/sign-out"]["csrf"]
    assert stranger.post(action, data={"csrf": csrf, "visit": "x"}).status_code == 404


def test_the_desk_changes_bay_and_technician_at_once(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail()
    post(signed_in(scene.owner), f"/appointments/{visit}", f"/appointments/{visit}/confirm")
    before = visit_of(scene, visit)
    page, action = page_of(scene, visit)
    other = next(one for one in ("1", "2") if not before["bay"].endswith(one))
    bay = before["bay"][:-1] + other
    done = post(signed_in(scene.advisor), page, action, bay=bay)
    assert "Bay and technician have been changed." in done
    after = visit_of(scene, visit)
    assert (after["bay"], after["start"]) == (bay, before["start"])


def test_another_time_of_a_confirmed_visit_is_the_owner_s_to_accept(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail()
    owner = signed_in(scene.owner)
    post(owner, f"/appointments/{visit}", f"/appointments/{visit}/confirm")
    before = visit_of(scene, visit)
    page, action = page_of(scene, visit)
    later = (datetime.fromisoformat(before["day"]) + timedelta(days=1)).date().isoformat()
    told = post(signed_in(scene.advisor), page, action, day=later, time="09:00")
    assert "stays until its owner answers" in told
    assert visit_of(scene, visit) == before
    advisor = signed_in(scene.advisor)
    soon = (datetime.fromisoformat(before["start"]) + timedelta(minutes=15)).isoformat()
    form = forms_of(advisor.get(page).text)[action] | {"visit": visit, "start": soon}
    refused = advisor.post(action, data=form | {"bay": before["bay"]})
    assert refused.status_code == 409
    assert "choose another bay and technician" in refused.text


def test_a_place_that_is_taken_or_unfit_is_refused_on_the_page(scene: Scene, signed_in: Entrance) -> None:
    first = scene.fail()
    owner, advisor = signed_in(scene.owner), signed_in(scene.advisor)
    seen = visit_of(scene, first)
    form = forms_of(owner.get(f"/cars/car-1/book?service=inspection&workshop={seen['workshop']}").text)
    held = owner.post("/cars/car-1/book", data=form["/cars/car-1/book"])
    second = held.headers["location"].partition("?")[0].rpartition("/")[2]
    page, action = page_of(scene, second)
    mine = forms_of(advisor.get(page).text)[action] | {"visit": second, "start": seen["start"]}
    taken = advisor.post(action, data=mine | {"bay": seen["bay"], "technician": seen["technician"]})
    assert taken.status_code == 409
    assert "Somebody has just taken this time" in taken.text
    for wrong in ({"bay": "nonsense"}, {"start": "", "time": "99"}, {"start": "2026-11-24T09:00:00"}):
        assert advisor.post(action, data=mine | wrong).status_code == 422, wrong
    assert visit_of(scene, second)["start"] != seen["start"]


def test_a_row_of_the_grid_has_no_gap_and_no_overlap(scene: Scene) -> None:
    seen = visit_of(scene, scene.fail())
    with scene.database.unit() as unit:
        plan = day_plan(unit, scene.advisor, seen["workshop"], datetime.fromisoformat(seen["day"]).date())
    midnight = datetime.fromisoformat(seen["day"]).replace(tzinfo=UTC) - timedelta(hours=8)
    laid = grid(plan, midnight)
    for line in (*laid.bays, *laid.technicians):
        at = laid.begin
        for cell in line.cells:
            assert cell.start == at
            at += cell.columns * COLUMN
        assert at == laid.end
    visits = [cell for line in laid.bays for cell in line.cells if cell.kind == "visit"]
    assert [cell.start.isoformat() for cell in visits] == [seen["start"]]


@pytest.mark.parametrize("written", ["2026-11-24", "nonsense"])
def test_the_day_in_the_address_is_a_day(scene: Scene, signed_in: Entrance, written: str) -> None:
    answer = signed_in(scene.advisor).get(f"/calendar?day={quote(written)}")
    assert answer.status_code == (200 if written[0] == "2" else 422)
