"""The workshop answers a review once; what owners say moves the times of a workshop a little, and never by much."""

from dataclasses import replace
from datetime import timedelta

from aftersales.visits.slots import rank_s
from aftersales.workshop.ratings import bayesian_mean, handicap_s
from tests.aftersales.repair.orders import Order
from tests.aftersales.verdicts.test_verdicts import TO_THE_CHECK
from tests.aftersales.voices import Town
from tests.aftersales.world import garage


def test_a_review_is_answered_once_and_its_writer_is_told(street: Town) -> None:
    order = Order(street)
    order.way(*TO_THE_CHECK, "complete")
    street.advisor.post(f"{order.path}/review/answer", {"words": "Thanks"}, 404)
    street.world.settle(order.id)
    street.owner.post(f"{order.path}/review", {"rating": 2, "words": "It rattles"}, 201)
    waiting = street.advisor.get("workshops/wks_one/reviews", unanswered=True)["items"]
    assert [(one["repair_order"], one["rating"], one["answer"]) for one in waiting] == [(order.id, 2, None)]
    street.technician.post(f"{order.path}/review/answer", {"words": "Thanks"}, 403)
    street.owner.post(f"{order.path}/review/answer", {"words": "Thanks"}, 403)
    street.advisor.post(f"{order.path}/review/answer", {"words": "  "}, 422)
    said = street.advisor.post(f"{order.path}/review/answer", {"words": "Please come back "}, 201)
    assert (said["answer"], said["words"]) == ("Please come back", "It rattles")
    again = street.advisor.post(f"{order.path}/review/answer", {"words": "Thanks"}, 409)
    assert again["code"] == "already_answered"
    assert street.owner.get(f"{order.path}/review")["answer"] == "Please come back"
    assert "review_answered" in street.owner.told()
    assert street.world.events(order.view["case"])[-2:] == ["reviewed", "review_answered"]
    assert street.advisor.get("workshops/wks_one/reviews", unanswered=True)["items"] == []
    street.stranger.get("workshops/wks_one/reviews", 403)


def test_ratings_are_kept_with_the_workshop_as_they_come(street: Town) -> None:
    for key, stars in (("car-1", 5), ("car-x", 2)):
        order = Order(street, key)
        street.world.clock.advance(timedelta(days=1))
        order.way(*TO_THE_CHECK, "complete")
        street.world.settle(order.id)
        street.owner.post(f"{order.path}/review", {"rating": stars}, 201)
        street.owner.post(f"{order.path}/review", {"rating": stars}, 409)
    [shown] = street.owner.get("workshops")["items"]
    assert (shown["rating"], shown["reviews"]) == (3.5, 2)
    assert street.owner.slots(workshop="wks_one", service="maintenance")[0]["rating"] == 3.5


def test_one_five_does_not_beat_a_hundred_of_four_point_eight() -> None:
    unknown, one, hundred = (replace(garage(), stars=s, reviews=n) for s, n in ((0, 0), (5, 1), (480, 100)))
    assert bayesian_mean(5, 1) < bayesian_mean(480, 100)
    assert handicap_s(hundred) < handicap_s(one) < handicap_s(unknown) == 0
    worst, best = (replace(garage(), stars=s, reviews=10**6) for s in (10**6, 5 * 10**6))
    assert rank_s(worst, None) - rank_s(best, None) < 3600, "the best and the worst lie less than an hour apart"


def test_a_better_rated_workshop_comes_first_among_times_that_are_the_same(street: Town) -> None:
    order = Order(street)
    order.way(*TO_THE_CHECK, "complete")
    street.world.settle(order.id)
    street.world.put(garage("two", stock_location="loc_two"))
    street.world.clock.advance(timedelta(days=1))
    first = street.owner.slots(service="maintenance")[0]
    assert first["workshop"]["id"] == "wks_one", "nobody has said anything: by their names"
    street.owner.post(f"{order.path}/review", {"rating": 1}, 201)
    found = street.owner.slots(service="maintenance")
    assert found[0]["workshop"]["id"] == "wks_two"
    assert found[0]["completion"] == first["completion"]
    late = [one for one in found if one["completion"] > first["completion"]]
    assert found.index(late[0]) > [one["workshop"]["id"] for one in found].index("wks_one"), "a quarter beats a star"
