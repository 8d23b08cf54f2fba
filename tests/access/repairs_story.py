"""At the car: looked over, photographed, timed and found out; a line changes, and a part goes back."""

from tests.access.answers import Answers
from tests.access.repairs import PATH, PNG, REPAIR_BODIES
from tests.aftersales.world import STEPS


def at_the_car(answers: Answers) -> None:
    """Do all of it on a car that is there, and none of it on one that was settled."""
    world, settled = answers.scene.world, {"order": answers.scene.ids["settled"]}
    car = world.another_car("car-at-work")
    visit = world.open(world.finding("f_at_work", car), car)["appointment"]["id"]
    order = str(world.confirm(visit)["repair_order"])
    world.step(order, **STEPS[0])
    here = {"order": order}
    lines = answers.ask(f"GET {PATH}/lines", 200, **here)["items"]
    belt = next(line["id"] for line in lines if line["part"] == "belt")
    answers.ask(f"PATCH {PATH}/lines/{{line}}", 409, json={"quantity": 2}, line=belt, **settled)
    answers.ask(f"DELETE {PATH}/lines/{{line}}", 409, line=belt, **settled)
    answers.ask(f"POST {PATH}/inspections/complete", 409, json={"stage": "check_in"}, **here)
    for what in ("inspections", "clock/start", "findings"):
        route = f"POST {PATH}/{what}"
        answers.ask(route, 409, json=REPAIR_BODIES[route], **settled)
    for point in ("bodywork", "interior", "warning_lamps", "lights", "wipers", "tyres"):
        look = {"stage": "check_in", "point": point, "light": "green"}
        answers.ask(f"POST {PATH}/inspections", 200, json=look, **here)
    answers.ask(f"POST {PATH}/inspections/complete", 200, json={"stage": "check_in"}, **here)
    for turn in ("start", "stop"):
        route = f"POST {PATH}/clock/{turn}"
        answers.ask(route, 200, json=REPAIR_BODIES[route], **here)
    answers.ask(f"POST {PATH}/photos", 201, content=PNG, **here)
    for status, whose in ((201, here), (409, settled)):
        answers.ask(f"POST {PATH}/promise", status, json=REPAIR_BODIES[f"POST {PATH}/promise"], **whose)
    answers.ask(f"POST {PATH}/findings", 201, json=REPAIR_BODIES[f"POST {PATH}/findings"], **here)
    more = f"PATCH {PATH}/findings/{{number}}"
    answers.ask(more, 200, json=REPAIR_BODIES[more], number="1", **here)
    answers.ask(more, 409, json=REPAIR_BODIES[more], number="1", **settled)
    back = {"line": belt, "pieces": 1}
    answers.ask(f"POST {PATH}/parts-returns", 409, json=back, **here)
    verdict = {"finding": "f_at_work", "verdict": "not_found"}
    answers.ask(f"POST {PATH}/verdicts", 409, json=verdict, **here)
    for step in STEPS[1:4]:
        world.step(order, **step)
    answers.ask(f"POST {PATH}/parts-returns", 201, json=back, **here)
    answers.ask(f"PATCH {PATH}/lines/{{line}}", 200, json={"hours": 2}, line=lines[0]["id"], **here)
    answers.ask(f"DELETE {PATH}/lines/{{line}}", 200, line=lines[0]["id"], **here)
    answers.ask(f"POST {PATH}/verdicts", 201, json=verdict, **here)
    answers.ask(f"POST {PATH}/review/answer", 201, json={"words": "Thank you"}, **settled)
    answers.ask(f"POST {PATH}/review/answer", 409, json={"words": "Thank you"}, **settled)
    called_off = world.another_car("car-called-off")
    visit = world.open(world.finding("f_called_off", called_off), called_off)["appointment"]["id"]
    order = str(world.confirm(visit)["repair_order"])
    answers.ask("POST /v1/appointments/{appointment}/decline", 200, appointment=visit)
    answers.ask(f"POST {PATH}/photos", 409, content=PNG, order=order)
