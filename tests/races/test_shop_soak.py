"""The long race of the shop: two hundred buyers for seven pieces, against a real `serve`, with and without kills."""

import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from forecourt.installation import Installation
from forecourt.settings import Settings
from foundation.database import Database, move_clock
from tests.flow.house import House, eventually
from tests.races.contest import at_once
from tests.races.market import LINE, PIECES, Market, check, give_back, race, ready

BUYERS, DRIVERS, ROUNDS = 150, 50, 20
pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("market") / "var")
    house.start()
    yield house
    house.stop()


@pytest.fixture(scope="module")
def market(house: House) -> Iterator[Market]:
    database = Database(Installation(Settings(data=house.data)).database_url, pool_size=20)
    market = ready(database, house.http, house.data, BUYERS, DRIVERS)
    house.owner = market.buyers[0].token
    yield market
    market.close()
    database.close()


@pytest.mark.parametrize("killing", [False, True], ids=["undisturbed", "killed"])
def test_seven_are_sold_twenty_times(house: House, market: Market, killing: bool) -> None:
    """Everybody asks again under his own key until he is answered: seven are sold, whatever was killed when."""
    seed = random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)
    market.patient(killing)
    sold, took = [], []
    for number in range(ROUNDS):
        shot = threading.Timer(rng.uniform(0.05, 3.0), house.kill, [("api", "database")[number % 2]])
        if killing:
            shot.start()
        began = time.monotonic()
        orders, visits = race(market, number + (ROUNDS if killing else 0))
        took.append(time.monotonic() - began)
        if killing:
            shot.join()
            market.database.engine.dispose()
            eventually(lambda: house.works("api"), 60, "the service works again")
        assert len(orders) + len(visits) == PIECES == market.reserved()
        check(market.database)
        give_back(orders, visits)
        check(market.database)
        assert market.reserved() == 0
        sold.append((len(orders), len(visits)))
    unanswered = sum(one.unanswered for one in (*market.buyers, *market.drivers))
    print(f"seed {seed}; sold to carts and cases: {sold}; {unanswered} requests were asked again; s: {sorted(took)}")
    assert bool(unanswered) is killing


def test_what_nobody_comes_back_for_is_free_after_its_time(house: House, market: Market) -> None:
    market.patient(True)
    shot = threading.Timer(0.5, house.kill, ["database"])
    shot.start()
    at_once([partial(buyer.post, "carts", LINE, "left") for buyer in market.buyers])
    shot.join()
    market.database.engine.dispose()
    eventually(lambda: house.works("api"), 60, "the service works again")
    assert market.reserved() == PIECES
    with market.database.unit() as unit:
        move_clock(unit, timedelta(minutes=20))
    eventually(lambda: market.reserved() == 0, 60, "every hold has ended")
    check(market.database)
    with market.database.unit() as unit:
        move_clock(unit, timedelta())
