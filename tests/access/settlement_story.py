"""At the till: a car of which is too little known goes on account, with its sheet signed, corrected and reported."""

from sqlalchemy import update

from aftersales.tables import repair_records
from tests.access.answers import Answers
from tests.access.settlement import ACCOUNTS, PATH, SETTLEMENT_BODIES
from tests.aftersales.world import FAMILY, STEPS


def at_the_till(answers: Answers) -> None:
    world = answers.scene.world
    car = world.another_car("car-at-till")
    visit = world.open(world.finding("f_at_till", car), car)["appointment"]["id"]
    here = dict.fromkeys(("order", "settled"), str(world.confirm(visit)["repair_order"]))
    for step in STEPS:
        world.step(here["order"], **step)
    belt = next(it["id"] for it in answers.ask(f"GET {PATH}/lines", 200, **here)["items"] if it["part"] == "belt")
    less = {"lines": [{"line": belt, "net": 0}], "reason": "x"}
    for what, status in (("PUT {}/customer-parts", 200), ("POST {}/old-parts", 200), ("POST {}/payments", 409)):
        route = what.format(PATH)
        answers.ask(route, status, json=SETTLEMENT_BODIES[route], **here)
    for what in ("settlement/signature", "release"):
        answers.ask(f"POST {PATH}/{what}", 409, **here)
    answers.ask(f"POST {PATH}/settlement/corrections", 409, json=less, **here)
    answers.ask(f"POST {PATH}/settlement", 201, **here)
    for what in ("PUT {}/customer-parts", "POST {}/old-parts"):
        route = what.format(PATH)
        answers.ask(route, 409, json=SETTLEMENT_BODIES[route], **here)
    answers.ask(f"POST {PATH}/settlement/signature", 201, answers.scene.world.owner, **here)
    answers.ask(f"POST {PATH}/settlement/corrections", 201, json=less, **here)
    takings = f"POST {PATH}/takings"
    answers.ask(f"{takings}/{{taking}}/back", 404, taking="nothing", json={"amount": 1, "receipt": "R-0"}, **here)
    bill = answers.ask(takings, 201, json=SETTLEMENT_BODIES[takings], **here)["bill"]
    answers.ask(takings, 409, json=SETTLEMENT_BODIES[takings], **here)
    back = f"{takings}/{{taking}}/back"
    for status in (201, 409):
        answers.ask(back, status, taking=bill["taken"][0]["id"], json=SETTLEMENT_BODIES[back], **here)
    answers.ask(f"POST {PATH}/payments", 201, json=SETTLEMENT_BODIES[f"POST {PATH}/payments"], **here)
    answers.ask(f"POST {ACCOUNTS}", 201, json={"customer": FAMILY})
    answers.ask(f"POST {PATH}/release", 201, **here)
    answers.ask(f"DELETE {ACCOUNTS}/{{customer}}", 200)
    answers.ask(f"POST {PATH}/record", 200, json={"plate": "x"}, **here)
    with world.database.unit() as unit:
        ended = {"state": "delivered", "ended_at": unit.now()}
        mine = repair_records.c.order == here["order"]
        unit.connection.execute(update(repair_records).where(mine).values(**ended))
    answers.ask(f"POST {PATH}/record", 409, **here)
