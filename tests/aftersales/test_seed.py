"""The demo's workshops with the seed catalogue: a failing alternator in Shanghai gets a visit near by."""

from datetime import timedelta

import pytest

from aftersales.cases import Wish
from aftersales.counting import count_of
from aftersales.opening import open_case
from aftersales.seed import WORKSHOP_ORGANISATION, seed_workshops
from aftersales.views import get_case
from aftersales.visits.slot_search import SlotQuery, find_slots
from aftersales.visits.wishes import book
from aftersales.workshop.workshops import list_workshops
from diagnostics.findings import Finding, Urgency
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.identity import Role, add_account, add_organisation
from ingest.registry import Vehicles, add_vehicle
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog import seed

ETIOS = VehicleConfig(make="Toyota", model_line="Etios", model_year=2014, fuel=Fuel.PETROL, displacement_l=1.5)


@pytest.fixture
def seeded(database: Database) -> Database:
    with database.unit() as unit:
        locations = seed_workshops(unit)
        assert seed_workshops(unit) == locations, "again is no harm"
        seed.seed(unit, locations)
        add_organisation(unit, "Li", "org_li")
    return database


def test_the_demo_finding_is_proposed_near_the_car(seeded: Database, clock: FixedClock) -> None:
    now = clock.now()
    with seeded.unit() as unit:
        owner = add_account(unit, "li@example.com", Role.OWNER, "org_li")
        vehicle = add_vehicle(unit, "org_li", "car-1", config=ETIOS, latitude=31.2304, longitude=121.4737)
        finding = Finding(
            "car-1", "alternator", 0.85, 0.9, Urgency.S1, now - timedelta(days=1), now, (), "test", id="f1"
        )
        case = get_case(unit, owner, open_case(unit, finding, vehicle))
        assert (case["state"], case["reasons"]) == ("proposed", [])
        visit = case["appointment"]
        assert visit["workshop"]["id"].startswith("wks_shanghai")
        assert [line["part_type"] for line in visit["estimate"]["lines"]][2:3] == ["alternator"]
        assert all(line["evidence"]["fit"] == "fits" for line in visit["estimate"]["lines"] if line["part"])
        slots = find_slots(unit, owner, Vehicles(), SlotQuery(vehicle="car-1", wish=Wish.MAINTENANCE))
        wish = book(unit, owner, vehicle, slots[0]["id"], Wish.MAINTENANCE)
        assert {"oil_filter", "engine_oil"} <= {line["part_type"] for line in wish["estimate"]["lines"]}
        counts = count_of(unit, "org_li")
        assert (counts.cases, counts.appointments_booked, counts.progress) == (2, 2, 0)


def test_workshops_are_listed_nearest_first(database: Database) -> None:
    with database.unit() as unit:
        seed_workshops(unit)
        anyone = add_account(unit, "a@example.com", Role.INTEGRATOR, WORKSHOP_ORGANISATION)
        found = list_workshops(unit, anyone, (39.9, 116.4))
        assert found[0]["id"] == "wks_beijing_chaoyang"
        assert found[0]["distance_km"] < 5
        assert found[1]["distance_km"] > 1000
