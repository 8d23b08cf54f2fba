"""The answers of prices, pictures and reviews: edits by version, names and codes that are taken, who bought what."""

from sqlalchemy import update

from parts_catalog.tables import promotions
from tests.access.answers import Answers
from tests.access.prices import PRICE_BODIES, PROMOTION, png

EDITS = (
    "PATCH /v1/price-lists/{price_list}",
    "PATCH /v1/price-lists/{price_list}/prices",
    "POST /v1/price-lists/{price_list}/from-sheet",
    "PATCH /v1/promotions/{promotion}",
    "PATCH /v1/customer-groups/{group}",
)


def keeping_prices(answers: Answers) -> None:
    ask = answers.ask
    for route in EDITS:
        body = PRICE_BODIES[route]
        ask(route, 428, json=body, headers={"If-Match": None})
        ask(route, 412, json=body, headers={"If-Match": '"99"'})
        ask(route, 200, json=body)
    ask("POST /v1/price-lists", 201, json=PRICE_BODIES["POST /v1/price-lists"])
    ask("POST /v1/promotions", 201, json={**PROMOTION, "code": "autumn"})
    ask("POST /v1/promotions", 409, json={**PROMOTION, "code": "AUTUMN "})
    with answers.scene.world.database.unit() as unit:
        unit.connection.execute(update(promotions).where(promotions.c.limit_total == 9).values(used=4))
    ask("PATCH /v1/promotions/{promotion}", 409, json={"limit_total": 3})
    ask("POST /v1/customer-groups", 201, json={"name": "fleets"})
    ask("POST /v1/customer-groups", 409, json={"name": "fleets"})
    ask("PATCH /v1/customer-groups/{group}", 409, json={"name": "fleets"})
    ask("PUT /v1/customer-groups/{group}/members/{buyer}", 200)
    ask("DELETE /v1/customer-groups/{group}/members/{buyer}", 204)


def showing_parts(answers: Answers) -> None:
    """Picture a part, and review what was delivered in the story of buying."""
    images, reviews = "/v1/parts/{part}/images", "/v1/parts/{part}/reviews"
    for colour in range(1, 12):
        answers.ask(f"POST {images}", 201, content=png(colour))
    answers.ask(f"POST {images}", 409, content=png(12))
    answers.ask(f"DELETE {images}/{{image}}", 204)
    stranger = answers.stranger(f"POST {reviews}")
    answers.ask(f"POST {reviews}", 409, stranger, json={"rating": 1})
    answers.ask(f"POST {reviews}", 201, json={"rating": 4})
    answers.ask(f"POST {reviews}", 409, json={"rating": 4})
