"""What a message calls the car that it tells of: its plate, else the pages' name for it, told apart from its like."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from aftersales.settlement.plates import plates_of
from aftersales.tables import messages
from aftersales.telling.consents import Channel
from forecourt.car_names import LONGEST, names_of
from forecourt.mail import letter, words
from foundation.identity import Actor
from ingest.naming import called
from ingest.registry import add_vehicle
from ingest.tables import vehicles
from ingest.vehicles import VehicleConfig, car_name
from tests.aftersales.repair.letters import read_letters
from tests.aftersales.repair.orders import Order
from tests.aftersales.settlement.till import DONE
from tests.aftersales.voices import Town
from tests.aftersales.world import FAMILY, GOLF, World

VIN = "LSVAA4182E2184847"


@pytest.fixture
def order(street: Town) -> Order:
    """A car that is checked in, of an owner who agreed to letters and text messages."""
    for channel, more in (("mail", {}), ("sms", {"phone": "+8613800000000"})):
        street.owner.post("consents", {"channel": channel, "purpose": "notices", **more}, 201)
    built = Order(street)
    read_letters(street.world.database)
    built.way("check_in")
    return built


def names(world: World, *wanted: str, actor: Actor | None = None) -> dict[str, str]:
    with world.database.unit() as unit:
        return names_of(unit, actor or world.owner, wanted)


def test_every_letter_and_text_message_names_the_car_in_both_languages(order: Order) -> None:
    order.find()
    by = {one.channel: one for one in read_letters(order.street.world.database)}
    text, mail = by[Channel.SMS], by[Channel.MAIL]
    assert words(text, "en").startswith("The workshop asks for your approval (Volkswagen Golf 2016, car-1): ")
    assert words(text, "zh").startswith("门店请您授权（Volkswagen Golf 2016, car-1）：")
    written = letter("desk@garage.example", "li@x.example", mail, "zh")
    assert written["Subject"] == "门店请您授权（Volkswagen Golf 2016, car-1）"
    told = order.street.owner.get("messages")["items"]
    assert {one["vehicle"] for one in told} == {"car-1"}
    assert order.street.owner.post(f"messages/{told[0]['id']}/read")["vehicle"] == "car-1"
    with order.street.world.database.unit() as unit:
        kept = unit.connection.execute(select(messages.c.title_en, messages.c.text_en)).all()
    assert "Golf" not in str(kept), "no row of the outbox holds what its reader calls his car"


def test_two_cars_that_are_called_the_same_bear_their_ids(world: World) -> None:
    with world.database.unit() as unit:
        add_vehicle(unit, FAMILY, "car-2", VIN, GOLF)
        add_vehicle(unit, FAMILY, "car-3", config=VehicleConfig(make="BYD"))
        add_vehicle(unit, FAMILY, "car-4")
    assert names(world, "car-1", "car-2", "car-3", "car-4") == {
        "car-1": "Volkswagen Golf 2016, car-1",
        "car-2": "Volkswagen Golf 2016, car-2",
        "car-3": "BYD",
        "car-4": "car-4",
    }
    assert names(world, "car-1", actor=replace(world.owner, organisation="org_other")) == {}


@pytest.mark.parametrize("config", [VehicleConfig(), GOLF])
def test_no_vin_is_in_a_name(world: World, config: VehicleConfig) -> None:
    with world.database.unit() as unit:
        add_vehicle(unit, FAMILY, VIN, VIN, config)
    assert names(world, VIN) == ({VIN: "Volkswagen Golf 2016"} if config.make else {})


def test_what_an_owner_typed_breaks_no_letter(world: World) -> None:
    with world.database.unit() as unit:
        add_vehicle(unit, FAMILY, "car-2", config=VehicleConfig(make="BYD\r\nBcc: x@x.example", model_line="汉" * 200))
    name = names(world, "car-2")["car-2"]
    assert name.startswith("BYD Bcc: x@x.example 汉")
    assert len(name) == LONGEST


def test_a_plate_that_was_read_off_the_car_is_its_name_for_who_may_see_the_repair(order: Order) -> None:
    world = order.street.world
    order.way(*DONE[1:])
    order.street.advisor.post(f"{order.path}/settlement", {"plate": "沪A12345"}, 201)
    text = next(one for one in read_letters(world.database) if one.channel is Channel.SMS)
    assert words(text, "zh").startswith("结算清单已生成（沪A12345）：")
    with world.database.unit() as unit:
        assert plates_of(unit, order.street.advisor.actor, ["car-1"]) == {"car-1": "沪A12345"}
        assert plates_of(unit, order.street.stranger.actor, ["car-1"]) == {}


def test_the_database_calls_cars_as_pages_do(world: World) -> None:
    made = [VehicleConfig(), VehicleConfig(make="", model_year=2020), VehicleConfig(make="A b", model_line="c"), GOLF]
    with world.database.unit() as unit:
        cars = [add_vehicle(unit, FAMILY, f"like-{number}", config=config) for number, config in enumerate(made)]
        chosen = unit.connection.execute(select(vehicles.c.id, called(vehicles.c).label("name")))
        said = {row.id: row.name for row in chosen}
    assert {car.id: said[car.id] for car in cars} == {car.id: car_name(car) for car in cars}
