"""The scripted owner and workshop of the demo: they act over HTTP only, as any client would."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx2

from forecourt.demo.cast import Cast
from foundation.identity import Role

STEPS: tuple[dict[str, Any], ...] = (
    {"step": "check_in", "mileage_km": 84_210},
    {"step": "inspect"},
    {"step": "start"},
    {"step": "issue_parts"},
    {"step": "work", "note": "Alternator and belt replaced / 已更换发电机和皮带"},
    {"step": "quality_check"},
    {"step": "complete"},
)
CAR = {"plate": "沪A12345", "vin": "LSVAA4182E2184847"}  # as the workshop reads it off the car
PAUSE_S = 1.0  # between steps of the script
ATTENTION_S = 3.0  # between steps that a person watches


class NotInTimeError(Exception):
    """Something that the demo waits for did not happen before its end."""


class Player:
    """One signed-in client."""

    def __init__(self, base_url: str, token: str) -> None:
        self._client = httpx2.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )

    def get(self, path: str, **params: str) -> Any:
        return self._answer(self._client.get(path, params=params))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._answer(self._client.post(path, json=body))

    def try_post(self, path: str, body: dict[str, Any]) -> bool:
        """Post, and say whether it was accepted; a refusal (4xx) is an answer, anything else is raised."""
        answer = self._client.post(path, json=body)
        if answer.is_client_error:
            return False
        answer.raise_for_status()
        return True

    def _answer(self, answer: httpx2.Response) -> Any:
        answer.raise_for_status()
        return answer.json()

    def stream(self, path: str, last: str) -> Iterator[dict[str, str]]:
        """Yield server-sent events behind `last` until the server or the network ends the stream."""
        headers = {"Last-Event-ID": last} if last else {}
        with self._client.stream("GET", path, headers=headers) as answer:
            answer.raise_for_status()
            event: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(":")
                    event[name] = value.removeprefix(" ")
                else:
                    if "data" in event:
                        yield event
                    event = {}


class ProgressWatch:
    """The owner's phone: follows one repair order, is cut off once on purpose, and resumes by Last-Event-ID."""

    def __init__(self, player: Player, path: str, cut_after: int) -> None:
        self.delivered: list[int] = []
        self._player, self._path, self._cut_after = player, path, cut_after
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="demo-progress", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()

    def _follow(self) -> None:
        last = ""
        while not self._ended.is_set():
            try:
                for event in self._player.stream(self._path, last):
                    last = event.get("id", last)
                    self.delivered.append(int(json.loads(event["data"])["number"]))
                    if len(self.delivered) == self._cut_after or self._ended.is_set():
                        break
            except httpx2.HTTPError:
                self._ended.wait(0.3)


def await_case(base_url: str, cast: Cast, deadline: float) -> dict[str, Any]:
    """Give the failing car's case with its proposed appointment; raises `NotInTimeError` when `deadline` passes."""
    owner = Player(base_url, cast.members[Role.OWNER].token)
    what = "a case with a proposed appointment"
    return dict(await_for(lambda: _proposed(owner, cast.cars[0].vehicle), deadline, what))


def play(
    base_url: str,
    cast: Cast,
    case: Mapping[str, Any],
    approve: Callable[[str], None],
    deadline: float,
    tell: Callable[[str], None],
) -> ProgressWatch:
    """Confirm the case, repair the car, settle and pay it, fetch it, review it.

    `approve` stands for the page of the payment's provider. Gives the watch that followed the progress; raises
    `NotInTimeError` when `deadline` (monotonic) passes first.
    """
    owner = Player(base_url, cast.members[Role.OWNER].token)
    technician = Player(base_url, cast.members[Role.TECHNICIAN].token)
    advisor = Player(base_url, cast.members[Role.ADVISOR].token)
    tell(f"case {case['id']}: appointment proposed")
    confirmed = owner.post(f"/v1/appointments/{case['appointment']['id']}/confirm", {})
    order = str(confirmed["repair_order"])
    tell(f"owner confirmed; repair order {order}")
    watch = ProgressWatch(owner, f"/v1/repair-orders/{order}/progress", cut_after=len(STEPS) // 2)
    for step in STEPS:
        technician.post(f"/v1/repair-orders/{order}/steps", step)
        tell(f"technician: {step['step']}")
        time.sleep(PAUSE_S)
    path = f"/v1/repair-orders/{order}"
    sheet = advisor.post(f"{path}/settlement", {})
    tell(f"advisor: settled, sheet {sheet['number']}")
    advisor.post(f"{path}/record", CAR)
    approve(owner.post(f"{path}/payments", {"provider": "sandbox"})["id"])
    await_for(lambda: owner.get(path)["bill"]["state"] == "paid", deadline, "the payment of the repair")
    tell("owner: paid")
    advisor.post(f"{path}/release", {})
    tell("advisor: car handed over")
    await_for(lambda: advisor.get(f"{path}/record")["state"] == "delivered", deadline, "the report of the repair")
    tell("the platform has the repair record")
    owner.post(f"{path}/review", {"rating": 5, "words": "It told me before the lamp did."})
    tell("owner: reviewed")
    return watch


def attend(base_url: str, cast: Cast, until: threading.Event, tell: Callable[[str], None]) -> None:
    """Be the workshop for a person who plays the owner: repair what he confirms, step by step, until told to stop.

    Where a person plays the technician, too, a step that is taken already is his, and the next one is tried.
    """
    technician = Player(base_url, cast.members[Role.TECHNICIAN].token)
    advisor = Player(base_url, cast.members[Role.ADVISOR].token)
    done: set[str] = set()
    cars = {car.vehicle for car in (*cast.cars, cast.port_car)}
    while not until.wait(ATTENTION_S):
        try:
            orders = technician.get("/v1/repair-orders", limit="100")["items"]
            for order in orders:
                if order["vehicle"] in cars and order["state"] == "settled":
                    # Refused until its owner has paid.
                    advisor.try_post(f"/v1/repair-orders/{order['id']}/release", {})
                if order["vehicle"] in cars and order["id"] not in done:
                    tell(f"the workshop begins with repair order {order['id']}")
                    _repair(technician, advisor, str(order["id"]), until)
                    done.add(order["id"])
        except httpx2.HTTPError as error:
            tell(f"the workshop could not work: {error}")


def _repair(technician: Player, advisor: Player, order: str, until: threading.Event) -> None:
    for step in STEPS:
        if until.wait(ATTENTION_S):
            return
        technician.try_post(f"/v1/repair-orders/{order}/steps", step)
    if not until.wait(ATTENTION_S):
        advisor.try_post(f"/v1/repair-orders/{order}/settlement", {})
        advisor.try_post(f"/v1/repair-orders/{order}/record", CAR)


def _proposed(owner: Player, vehicle: str) -> dict[str, Any] | None:
    for case in owner.get("/v1/cases", vehicle=vehicle)["items"]:
        if case.get("appointment"):
            return dict(case)
    return None


def await_for(look: Callable[[], Any], deadline: float, what: str) -> Any:
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotInTimeError(f"{what} did not appear in time")
        time.sleep(0.5)
