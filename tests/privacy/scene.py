"""A private owner of whom every room knows something, beside a workshop and a family that stay."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from aftersales.cases import Wish
from aftersales.opening import insert_case, open_case
from aftersales.repair import clock, corrections, reviews
from aftersales.repair.decisions import Heard
from aftersales.repair.inspections import Light, Stage, look
from aftersales.repair.line_changes import GoingBack, give_back
from aftersales.repair.photos import Place, add_photo, photo_folder
from aftersales.repair.verdicts import Judged, Verdict, give_verdict
from aftersales.settlement import settle
from aftersales.settlement.choices import choose_old_parts, note_customer_parts, sign
from aftersales.settlement.records import note_attempt, take_up
from aftersales.tables import assistances
from aftersales.tables import messages as outbox
from aftersales.telling import consents
from aftersales.telling.consents import Channel, Purpose
from aftersales.views import get_case, get_repair_order
from diagnostics.tables import findings
from foundation.database import Database
from foundation.idempotency import once
from foundation.identity import Actor, Role, add_account, add_organisation, issue_token, note_failed_sign_in
from ingest.archive import Archive
from ingest.intake import Intake
from ingest.registry import add_device, add_vehicle
from ingest.topics import Kind
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.shop.ordering import Delivery, place
from parts_catalog.shop.ordering import Wish as Order
from parts_catalog.tables import part_reviews
from tests.aftersales.repair.test_at_the_car import PNG
from tests.aftersales.world import GARAGE, GOLF, STEPS, World
from tests.ingest.wire import columns, document
from tests.passwords import kept_of

NAME, EMAIL, VIN, PASSWORD = "Needle Zhao", "needle.zhao@example.com", "LSVNEED1E23456789", "a long enough secret"
LATITUDE = 31.217654
NEEDLES = ("needle", VIN.lower(), "31.217654", "rattles on cold mornings")
CAR = "car-z"


@dataclass
class Scene:
    world: World
    archive: Archive
    folder: Path
    owner: Actor
    token: str
    orders: dict[str, Any]

    @property
    def database(self) -> Database:
        return self.world.database


def build(world: World, folder: Path) -> Scene:
    """Let a private owner drive, book, be repaired, review and be told; his neighbour's car is in the same segments."""
    database, archive = world.database, Archive(folder)
    with database.unit() as unit:
        home = add_organisation(unit, NAME)
        owner = add_account(unit, EMAIL, Role.OWNER, home, name=NAME, password_hash=kept_of(PASSWORD))
        car = add_vehicle(unit, home, CAR, VIN, GOLF, LATITUDE, 121.4)
        token = issue_token(unit, owner)
        for device, vehicle in (("dev-z", CAR), ("dev-1", "car-1")):
            add_device(unit, vehicle, device)
    _drive(world, archive)
    with database.unit() as unit:
        found = world.finding("find_z", car)
        unit.connection.execute(
            findings.insert().values(
                id=found.id, vehicle=CAR, organisation=home, fault=found.fault, probability=0.97, severity=0.8,
                urgency="S1", first_seen=found.first_seen, confirmed_at=found.confirmed, evidence=[{"text": "needle"}],
                quiet_until=found.confirmed + timedelta(days=30), predictor="t", recorded_at=unit.now(),
            )
        )  # fmt: skip
        case = get_case(unit, owner, open_case(unit, found, car))
    mine = World(database, world.clock, owner, world.stranger, world.technician, car)
    order = mine.confirm(case["appointment"]["id"])["repair_order"]
    world.clock.advance(timedelta(days=1))
    for step in STEPS:
        mine.step(order, **(step | {"note": "the needle is loose"} if "note" in step else step))
        if step["step"] == "issue_parts":
            _at_the_car(world, order, folder)
    _at_the_till(mine, order)
    with database.unit() as unit:
        reviews.review(unit, owner, order, 5, "it rattles on cold mornings no more")
        advisor = add_account(unit, "advisor@garage.example", Role.ADVISOR, GARAGE)
        reviews.answer_review(unit, advisor, order, f"Thank you, {NAME}")
        judged = Judged(Verdict.OTHER_FAULT, note="the needle was loose")
        give_verdict(unit, world.technician, order, "find_z", judged)
        wish = insert_case(unit, car, Wish.INSPECTION, owner.account, words="it rattles on cold mornings").id
        consents.give(unit, owner, Channel.MAIL, Purpose.REMINDERS)
        unit.connection.execute(
            outbox.insert().values(
                id="msg_z", organisation=home, account=owner.account, channel="inbox", kind="reminder", cause="x",
                case=wish, title_en=NAME, title_zh="", text_en="", text_zh="", state="waiting", created_at=unit.now(),
            )
        )  # fmt: skip
        unit.connection.execute(
            assistances.insert().values(
                id="ass_z", organisation=home, case=wish, kind="towing", workshop="wks_one", words="by the needle",
                latitude=LATITUDE, longitude=121.4, asked_by=owner.account, asked_at=unit.now(),
            )
        )  # fmt: skip
        bought = open_cart(unit, owner, About(case=wish), [LineWish("pump", 1)]).id
        place(unit, owner, SimulatedCarrier(), Order(bought, Delivery(NAME, "1", "Needle Street 1"), "sandbox"))
        said = {"rating": 5, "words": "it rattles on cold mornings", "reviewed_at": unit.now()}
        unit.connection.execute(
            part_reviews.insert().values(part="belt", organisation=home, reviewed_by=owner.account, **said)
        )
        for who in (owner, world.technician):
            once(unit, who, "/v1/x", "key", {}, lambda: {"case": wish, "words": "it rattles on cold mornings"})
        note_failed_sign_in(unit, EMAIL)
    return Scene(world, archive, folder, owner, token, {"order": order, "wish": wish, "case": case["id"]})


def _at_the_car(world: World, order: str, folder: Path) -> None:
    """Let the technician look, photograph, clock in, write down what he finds, and give a part back."""
    who = world.technician
    with world.database.unit() as unit:
        clock.start(unit, who, order, "tech_one_0")
        look(unit, who, order, Stage.PRE_WORK, "brakes", Light.AMBER, "the needle squeals")
        add_photo(unit, who, order, PNG, Place(Stage.PRE_WORK, "brakes"), photo_folder(folder.parent))
        said = corrections.Fault("it rattles on cold mornings", "a loose needle", "needle fastened")
        corrections.add_fault(unit, who, order, said)
        lines = get_repair_order(unit, who, order)["lines"]
        belt = next(line["id"] for line in lines if line["part"] == "belt")
        give_back(unit, who, order, GoingBack(belt, 1, note="the needle did not fit"))


def _at_the_till(world: World, order: str) -> None:
    """Let the car be settled, with what its owner brought, wants back and signs, and its record be tried once."""
    with world.database.unit() as unit:
        note_customer_parts(unit, world.technician, order, [("Wiper blades", 2)])
        choose_old_parts(unit, world.owner, order, give_back=True)
        settle(unit, world.technician, order, plate="needle 1")
        sign(unit, world.owner, order, Heard(ip="needle", given_by=None))
        if (record := take_up(unit, order)) is not None:
            note_attempt(unit, record, unit.now(), 1, "http_503")


def _drive(world: World, archive: Archive) -> None:
    intake = Intake(world.database, archive, "w1")
    at = world.clock.now()
    codes = {"7E8": {"stored": ["P0562"], "pending": [], "permanent": None}}
    for seq in range(3):
        intake.process(
            [
                columns(seq + 1, device="dev-z", at=at, engine_speed=[800.0 + seq, 801.0, None]),
                columns(seq + 1, device="dev-1", at=at, engine_speed=[900.0 + seq, 901.0]),
            ]
        )
    report = {"boot": "b1", "seq": 9, "t": at.isoformat(), "ecus": codes, "vin": VIN}
    intake.process(
        [
            document(Kind.DTCS, report, device="dev-z", at=at),
            document(Kind.READINGS_JSON, {"boot": "b1", "seq": 10, "words": "needle"}, device="dev-z", at=at),
            document(Kind.STATUS, {"online": True, "agent": "needle 1"}, device="dev-z", at=at),
        ]
    )


def places(database: Database, folder: Path, needle: str) -> set[str]:
    """Give where a needle stands: every table of the database, row by row as text and raw bytes, and every file."""
    found = set()
    raw = needle.encode().hex()
    with database.engine.connect() as connection:
        tables = connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        ).scalars()
        for table in sorted(tables):
            within = "strpos(lower(t::text), :needle) + strpos(t::text, :raw) > 0"
            query = f'SELECT count(*) FROM "{table}" t WHERE {within}'  # noqa: S608 - the database's own table names
            if connection.execute(text(query), {"needle": needle, "raw": raw}).scalar_one():
                found.add(table)
    return found | {path.name for path in folder.rglob("*") if path.is_file() and needle.encode() in path.read_bytes()}
