"""The answers of returns: asked for, called off, refused, and seen to their end."""

from tests.access.answers import Answers
from tests.access.returns import RETURN_BODIES

PATH = "/v1/returns/{return_id}"
INSPECTED = RETURN_BODIES[f"POST {PATH}/inspect"]


def sending_back(answers: Answers) -> None:
    ids = answers.scene.ids
    back = {**RETURN_BODIES["POST /v1/returns"], "order": ids["delivered"]}
    first, second = (answers.ask("POST /v1/returns", 201, json=back)["id"] for _ in range(2))
    answers.ask("POST /v1/returns", 409, json=back)
    answers.ask(f"POST {PATH}/withdraw", 200, return_id=first)
    answers.ask(f"POST {PATH}/refuse", 200, return_id=second, json={"answer": "worn"})
    for step in ("withdraw", "refuse", "approve", "receive"):
        answers.ask(f"POST {PATH}/{step}", 409, return_id=second, json={"answer": "worn"})
    for step in ("approve", "receive"):
        answers.ask(f"POST {PATH}/{step}", 200)
    answers.ask(f"POST {PATH}/inspect", 409, return_id=second, json=INSPECTED)
    answers.ask(f"POST {PATH}/inspect", 200, json=INSPECTED)
