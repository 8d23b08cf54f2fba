"""The answers of webhooks: named, changed, given new secrets, sent again, and one more than there may be."""

from forecourt.webhooks.endpoints import MOST
from forecourt.webhooks.secret_changes import MOST_OLD
from tests.access.answers import Answers
from tests.access.requests import BODIES

PATH = "/v1/webhooks/{webhook}"


def being_told(answers: Answers) -> None:
    answers.ask("POST /v1/webhooks", 201, json=BODIES["POST /v1/webhooks"])
    answers.ask("GET /v1/webhooks", 200)
    answers.ask(f"GET {PATH}", 200)
    answers.ask(f"GET {PATH}/deliveries", 200)
    answers.ask(f"PATCH {PATH}", 200, json={"active": False})
    answers.ask(f"POST {PATH}/replays", 202, json={"since": "2020-01-01T00:00:00Z"})
    answers.ask(f"POST {PATH}/replays", 404, json={"delivery": 1})
    for _ in range(MOST_OLD):
        answers.ask(f"POST {PATH}/secret", 201)
    answers.ask(f"POST {PATH}/secret", 409)
    answers.ask(f"POST {PATH}/secret", 201, json={"keep_old": False})
    answers.ask(f"DELETE {PATH}/old-secrets", 204)
    answers.ask(f"DELETE {PATH}", 204)
    while len(known := answers.ask("GET /v1/webhooks", 200)["items"]) < MOST:
        answers.ask("POST /v1/webhooks", 201, json=BODIES["POST /v1/webhooks"])
    answers.ask("POST /v1/webhooks", 409, json=BODIES["POST /v1/webhooks"])
    answers.ask(f"DELETE {PATH}", 204, webhook=known[0]["id"])
