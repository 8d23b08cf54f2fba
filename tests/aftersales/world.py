"""A small world for the desk's tests: one workshop with one bay, a short catalogue, two families, and their people."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from aftersales import settlement
from aftersales.opening import open_case
from aftersales.repair import repair_orders
from aftersales.tables import occupancies
from aftersales.views import get_case
from aftersales.visits import bookings
from aftersales.workshop.workshops import Bay, Technician, Workshop, add_workshop
from diagnostics.findings import Evidence, Finding, Urgency
from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from foundation.events import read
from foundation.identity import Actor, Role, add_account, add_organisation
from ingest.registry import add_vehicle
from ingest.vehicles import Fuel, Vehicle, VehicleConfig
from parts_catalog.parts import Location
from parts_catalog.stock import open_location
from parts_catalog.tables import applications, brands, parts, prices, reservations, stock
from parts_catalog.version import raise_version
from parts_catalog.warehouse.ledger import open_ledger

FAMILY, STRANGERS, GARAGE, WAREHOUSE = "org_li", "org_wang", "org_garage", "org_warehouse"
SHELF, CENTRAL = "loc_garage", "loc_central"
DAY = [["08:30", "12:00"], ["13:00", "18:00"]]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), DAY)
SKILLS = frozenset(["general", "diagnosis", "engine", "electrical", "fuel"])
GOLF = VehicleConfig(make="Volkswagen", model_line="Golf", model_year=2016, fuel=Fuel.PETROL, displacement_l=1.4)
STEPS: tuple[dict[str, Any], ...] = (
    {"step": "check_in", "mileage_km": 84_210},
    {"step": "inspect"},
    {"step": "start"},
    {"step": "issue_parts"},
    {"step": "work", "note": "alternator out"},
    {"step": "quality_check"},
    {"step": "rework", "note": "belt squeals"},
    {"step": "quality_check"},
    {"step": "complete"},
)


def garage(key: str = "one", bays: int = 1, **changes: Any) -> Workshop:
    given: dict[str, Any] = {
        "id": f"wks_{key}",
        "organisation": GARAGE,
        "name_en": key,
        "name_zh": key,
        "place": (31.2, 121.5),
        "zone": ZoneInfo("Asia/Shanghai"),
        "currency": "CNY",
        "labour_rate": 30_000,
        "tax_basis_points": 1300,
        "opening_hours": WEEK,
        "special_days": {},
        "stock_location": SHELF,
        "bays": tuple(Bay(f"bay_{key}_{n}", str(n), frozenset({"lift"})) for n in range(bays)),
        "technicians": tuple(Technician(f"tech_{key}_{n}", "Wang", "王", SKILLS) for n in range(bays)),
    }
    return Workshop(**(given | changes))


@dataclass
class World:
    """The desk with its people; every helper is one unit of work."""

    database: Database
    clock: FixedClock
    owner: Actor
    stranger: Actor
    technician: Actor
    vehicle: Vehicle

    def finding(self, key: str = "f1", vehicle: Vehicle | None = None, **changes: Any) -> Finding:
        now = self.clock.now()
        given: dict[str, Any] = {
            "vehicle": (vehicle or self.vehicle).id,
            "fault": "alternator",
            "probability": 0.97,
            "severity": 0.8,
            "urgency": Urgency.S1,
            "first_seen": now - timedelta(days=2),
            "confirmed": now,
            "evidence": (Evidence("voltage", 12.4, 13.9, "V", "low voltage", "电压偏低"),),
            "predictor": "test-1",
            "id": key,
        }
        return Finding(**(given | changes))

    def open(self, finding: Finding | None = None, vehicle: Vehicle | None = None) -> dict[str, Any]:
        """Open a case from a finding and give its view."""
        with self.database.unit() as unit:
            case = open_case(unit, finding or self.finding(vehicle=vehicle), vehicle or self.vehicle)
            return get_case(unit, self.owner, case)

    def case(self, case: str) -> dict[str, Any]:
        with self.database.unit() as unit:
            return get_case(unit, self.owner, case)

    def confirm(self, appointment: str) -> dict[str, Any]:
        with self.database.unit() as unit:
            return bookings.confirm(unit, self.owner, appointment)

    def step(self, order: str, **step: Any) -> dict[str, Any]:
        with self.database.unit() as unit:
            return repair_orders.take_step(unit, self.technician, order, **step)

    def settle(self, order: str) -> dict[str, Any]:
        with self.database.unit() as unit:
            return settlement.settle(unit, self.technician, order)

    def events(self, subject: str) -> list[str]:
        with self.database.unit() as unit:
            return [event.kind for event in read(unit, subject)]

    def occupied(self) -> int:
        """Give how many bays, technicians and loaners are taken, once per visit whatever breaks its work has."""
        taken = select(occupancies.c.appointment, occupancies.c.resource).where(occupancies.c.active).distinct()
        with self.database.unit() as unit:
            return len(unit.connection.execute(taken).all())

    def reserved(self) -> dict[str, int]:
        """Give the pieces that the stock holds back, by part."""
        with self.database.unit() as unit:
            rows = unit.connection.execute(select(reservations).where(reservations.c.state == "held"))
            return {row.part: row.quantity for row in rows}

    def nothing_is_held(self) -> bool:
        with self.database.unit() as unit:
            pieces = unit.connection.execute(select(stock.c.reserved)).scalars().all()
        return self.occupied() == 0 and self.reserved() == {} and not any(pieces)

    def another_car(self, key: str) -> Vehicle:
        with self.database.unit() as unit:
            return add_vehicle(unit, FAMILY, key, config=GOLF)

    def put(self, workshop: Workshop) -> Workshop:
        with self.database.unit() as unit:
            add_workshop(unit, workshop)
        return workshop


def build(database: Database, clock: FixedClock) -> World:
    with database.unit() as unit:
        for organisation in (FAMILY, STRANGERS, GARAGE, WAREHOUSE):
            add_organisation(unit, organisation, organisation)
        people = {
            (role, home): add_account(unit, f"{role.value}@{home}.example", role, home)
            for role, home in ((Role.OWNER, FAMILY), (Role.OWNER, STRANGERS), (Role.TECHNICIAN, GARAGE))
        }
        add_workshop(unit, garage())
        for name, name_zh in (("Brightline", "亮线"), ("Farlight", "远光")):
            unit.connection.execute(brands.insert().values(name=name, name_zh=name_zh, quality="original", rank=1))
        put_part(unit, "alt_shelf", "alternator", 120_000, {SHELF: 1, CENTRAL: 5})
        put_part(unit, "alt_central", "alternator", 90_000, {CENTRAL: 50}, brand="Farlight")
        put_part(unit, "belt", "serpentine_belt", 8_001, {SHELF: 50})
        put_part(unit, "oil_filter", "oil_filter", 4_000, {SHELF: 50})
        put_part(unit, "starter_awd", "starter_motor", 70_000, {SHELF: 5}, drive="awd")
        put_part(unit, "pump", "fuel_pump_module", 60_000, {CENTRAL: 5})
        raise_version(unit)  # a running service has a snapshot of what was before
        vehicle = add_vehicle(unit, FAMILY, "car-1", config=GOLF)
    owner, stranger, technician = people.values()
    return World(database, clock, owner, stranger, technician, vehicle)


def put_part(
    unit: UnitOfWork,
    key: str,
    part_type: str,
    net: int,
    places: dict[str, int],
    drive: str | None = None,
    brand: str = "Brightline",
) -> None:
    """Put one part that fits a Golf into catalogue, price list and stock."""
    run = unit.connection.execute
    named = {"name_en": key, "name_zh": key, "search_text": key, "number": key, "number_key": key}
    run(parts.insert().values(id=key, brand=brand, part_type=part_type, **named))
    fits = {"make": "volkswagen", "model_line": "golf", "year_from": 2012, "year_to": 2020, "drive": drive}
    run(applications.insert().values(part=key, part_type=part_type, source="test", **fits))
    run(
        prices.insert().values(
            price_list="base", part=key, currency="CNY", organisation=WAREHOUSE, net_amount=net, tax_basis_points=1300
        )
    )
    for location, pieces in places.items():
        owner = GARAGE if location == SHELF else WAREHOUSE
        if location != SHELF:
            open_location(unit, Location(location, owner, "warehouse", location, location, ships=True))
        run(stock.insert().values(part=key, location=location, organisation=owner, on_hand=pieces))
    open_ledger(unit, "a test")


def local(written: str) -> datetime:
    """Read a wall time in China as UTC."""
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
