"""The long races: a hundred clients against a real `serve`, on both PostgreSQLs, with and without kills."""

import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from forecourt.installation import Installation
from forecourt.settings import Settings
from foundation.database import Database, move_clock
from tests.flow.house import House, eventually
from tests.races import ledger
from tests.races.contest import PLACES, Contest, at_once, race, ready
from tests.races.debian import Debian15

RIVALS, ROUNDS, KILLED_ROUNDS = 100, 20, 10
pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]


class Ground:
    """A running house, the contest in it, and how its database is killed."""

    def __init__(self, house: House, database: Database, contest: Contest, server: Debian15 | None) -> None:
        self.house, self.database, self.contest, self.server = house, database, contest, server

    def kill(self, name: str) -> None:
        """SIGKILL the service or the database; both come back by themselves, or as their keeper would bring them."""
        if name == "database" and self.server is not None:
            self.server.kill_and_start()
        else:
            self.house.kill(name)

    def quiet(self) -> None:
        """Wait until the service works again after a kill; connections that died are left behind."""
        self.database.engine.dispose()
        eventually(lambda: self.house.works("api"), 60, "the service works again")


@pytest.fixture(scope="module", params=["bundled", "debian"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("races")
    house = House(folder / "var")
    server = None
    if request.param == "debian":
        server = Debian15()
        server.start()
        house.environment["FORECOURT_DATABASE_URL"] = server.url
    house.start()
    database = Database(server.url if server else Installation(Settings(data=house.data)).database_url)
    try:
        contest = ready(database, house.http, RIVALS)
        house.owner = contest.rivals[0].token
        yield Ground(house, database, contest, server)
        contest.close()
    finally:
        database.close()
        house.stop()
        if server:
            server.remove()


def test_a_hundred_want_five_places_twenty_times(ground: Ground) -> None:
    contest, took = ground.contest, []
    contest.patient(False)
    for number in range(ROUNDS):
        began = time.monotonic()
        won, refused = race(contest, number)
        took.append(time.monotonic() - began)
        assert all(answer.json()["code"] == "slot_taken" and answer.json()["slots"] for answer in refused)
        ledger.check(ground.database)
        assert ledger.live(ground.database).total() == PLACES
        for act in ("confirm", "decline"):
            done = at_once([lambda r=r, v=v, a=act: r.post(f"appointments/{v['id']}/{a}").status_code for r, v in won])
            assert done == [200] * PLACES
            ledger.check(ground.database)
    assert (ledger.live(ground.database), ledger.pieces_held(ground.database)) == ({}, 0)
    print(f"{ROUNDS} rounds of {RIVALS} clients: {PLACES} booked in each; s per round: {sorted(took)}")


def test_kills_in_the_middle_leave_no_orphan_and_book_nobody_twice(ground: Ground) -> None:
    """Everybody asks again under his own key until he is answered: five are booked, whatever was killed when."""
    seed = random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)
    contest, unanswered, killed = ground.contest, 0, []
    contest.patient(True)
    print(f"seed {seed}")
    for number in range(KILLED_ROUNDS):
        name = ("api", "database")[number % 2]
        shot = threading.Timer(rng.uniform(0.05, 2.0), ground.kill, [name])
        shot.start()
        won, _ = race(contest, number)
        shot.join()
        ground.quiet()
        ledger.check(ground.database)
        assert ledger.live(ground.database).total() == PLACES
        assert {visit["state"] for _, visit in won} == {"held"}
        answers = at_once([lambda r=r, v=v: r.post(f"appointments/{v['id']}/decline").status_code for r, v in won])
        assert answers == [200] * PLACES
        killed.append(name)
    unanswered = sum(rival.unanswered for rival in contest.rivals)
    print(f"killed {killed}; {unanswered} requests got no answer and were asked again")
    assert unanswered, "no kill came in the middle of anything"


def test_holds_of_clients_that_went_away_in_a_kill_end_with_their_time(ground: Ground) -> None:
    contest = ground.contest
    contest.patient(True)
    shot = threading.Timer(0.7, ground.kill, ["database"])
    shot.start()
    race(contest, 0)
    shot.join()
    ground.quiet()
    with ground.database.unit() as unit:
        move_clock(unit, timedelta(hours=3))
    eventually(lambda: not ledger.live(ground.database), 60, "every hold has ended")
    ledger.check(ground.database)
    assert ledger.pieces_held(ground.database) == 0
    with ground.database.unit() as unit:
        move_clock(unit, timedelta())
