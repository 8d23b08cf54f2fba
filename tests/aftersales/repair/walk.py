"""A walk through the life of a repair order over HTTP, and the walker's own account of what each act asks.

The account is read from what the API shows, and not from the table that is tested.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import update

from aftersales.cases import move_of
from aftersales.visits.occupancy import vacate
from parts_catalog import stock
from parts_catalog.tables import stock as shelves
from parts_catalog.warehouse.deliveries import expect_delivery
from tests.aftersales.settlement.till import Till
from tests.aftersales.voices import Town
from tests.aftersales.world import CENTRAL, WAREHOUSE

Shown = Mapping[str, Any]
COMES = date(2026, 11, 25)  # early enough for an S1 finding
BEFORE_WORK = {"open", "inspected"}
AT_WORK = {"in_progress", "rework"}
OVER = {"settled", "released"}
FOR_LINES = {"open", "inspected", "awaiting_approval", "parts_pending", "in_progress", "on_hold", "rework"}
DECIDABLE = FOR_LINES | {"expected", "declined"}
CLOCKED = {"open", "inspected", "in_progress", "quality_check", "rework"}


def approvals(view: Shown) -> set[str]:
    return {line["approval"] for line in view["lines"]}


def parts_wait(view: Shown) -> bool:
    return any(line["part"] and line["approval"] == "awaiting" for line in view["lines"])


def decided(view: Shown) -> bool:
    return "approved" in approvals(view) and "awaiting" not in approvals(view)


def parts_out(view: Shown) -> bool:
    """Nothing lies on the shelf for the car any more, and nothing is on its way to it."""
    return not view["reservations"] and not view["on_the_way"]


def may_start(view: Shown) -> bool:
    ready = view["state"] in BEFORE_WORK or (view["state"] == "parts_pending" and parts_out(view))
    return decided(view) and ready


def may_issue(view: Shown) -> bool:
    here = bool(view["reservations"]) and not view["on_the_way"]
    return view["state"] in {"parts_pending", *AT_WORK} and here and not parts_wait(view)


def may_resume(view: Shown) -> bool:
    if view["state"] != "on_hold" or "approved" not in approvals(view):
        return False
    if view["hold_reason"] == "waiting_parts":
        return not view["on_the_way"]
    return "awaiting" not in approvals(view)


def may_ask(view: Shown) -> bool:
    return view["state"] in {*BEFORE_WORK, "parts_pending", "on_hold"} and "awaiting" in approvals(view)


def may_settle(view: Shown) -> bool:
    fee = view["state"] == "declined" and view["inspection_fee"] is not None
    return view["settlement"] is not None or view["state"] == "completed" or fee


def may_release(view: Shown) -> bool:
    return view["state"] == "released" or (view["state"] == "settled" and owes(view) in {"paid", "nothing_due"})


def may_close(view: Shown, fee: str) -> bool:
    if view["state"] != "declined":
        return False
    return owes(view) in {"paid", "nothing_due"} if fee == "settled" else owes(view) != "paid"


def owes(view: Shown) -> str | None:
    return view["bill"]["state"] if view["bill"] else None


def in_state(*states: str) -> Callable[[Shown], bool]:
    return lambda view: view["state"] in states


# Of each act that the machine alone decides on: whether it is possible now. What is not is 409 and leaves no trace.
ALLOWED: Mapping[str, Callable[[Shown], bool]] = {
    "check_in": in_state("expected"),
    "inspect": lambda view: view["state"] == "open" and view["looked"]["check_in"] != "begun",
    "ask_approval": may_ask,
    "prepare": lambda view: view["state"] in {"inspected", "awaiting_approval"} and decided(view),
    "start": may_start,
    "issue_parts": may_issue,
    "work": lambda view: view["state"] in AT_WORK and "approved" in approvals(view),
    "hold_customer": in_state(*AT_WORK),
    "hold_parts": in_state(*AT_WORK),
    "resume": may_resume,
    "quality_check": lambda view: view["state"] in AT_WORK and parts_out(view) and decided(view),
    "rework": in_state("quality_check"),
    "complete": lambda view: view["state"] == "quality_check" and view["looked"]["final"] in ("unseen", "passed"),
    "close_waived": lambda view: may_close(view, "waived"),
    "close_settled": lambda view: may_close(view, "settled"),
    "settlement": may_settle,
    "pay": lambda view: owes(view) == "open",
    "release": may_release,
    "clock": in_state(*CLOCKED),
    "find": in_state(*FOR_LINES),
}
# Of each act on a line: the states in which it may be heard; there it may still be refused, without a trace.
HEARD: Mapping[str, set[str]] = {
    "approve": DECIDABLE,
    "decline": DECIDABLE,
    "decline_all": DECIDABLE,
    "approve_stale": set(),
    "change": FOR_LINES,
    "change_all": FOR_LINES,
    "fewer": FOR_LINES,
    "back": FOR_LINES,
    "look_check_in": {"open"},
    "look_final": {"quality_check"},
}
SAID: Mapping[str, dict[str, Any]] = {
    "check_in": {"mileage_km": 10},
    "inspect": {"inspection_fee": 5_000},
    "work": {"note": "x"},
    "rework": {"note": "x"},
    "hold_customer": {"step": "hold", "reason": "waiting_customer"},
    "hold_parts": {"step": "hold", "reason": "waiting_parts"},
    "close_waived": {"step": "close_declined", "fee": "waived"},
    "close_settled": {"step": "close_declined", "fee": "settled"},
}
ONWARD = ("check_in", "inspect", "start", "prepare", "resume", "issue_parts", "quality_check", "complete", "settlement")
# What makes a guard of this state untrue.
CHANGES = ("find", "change", "change_all", "change_all")
UNREADY: Mapping[str, tuple[str, ...]] = {
    "expected": ("decline_all",),
    "open": ("look_check_in", "look_check_in", "look_check_in", *CHANGES),
    "inspected": ("decline_all", "decline_all", "decline_all", *CHANGES),
    "awaiting_approval": ("decline_all", *CHANGES),
    "parts_pending": ("decline_all", *CHANGES),
    "in_progress": ("hold_parts", "decline_all", *CHANGES),
    "on_hold": CHANGES,
    "rework": ("fewer", "fewer", "approve", *CHANGES),
    "quality_check": ("look_final", "look_final_red"),
    "declined": ("settlement", "settlement", "approve"),
}
# Where a walk begins: a way into each state.
_BAY = ("check_in", "start")
_CHECKED = (*_BAY, "issue_parts", "quality_check")
_NO = ("check_in", "inspect", "decline_all")
BEGINNINGS: tuple[tuple[str, ...], ...] = (
    (), ("check_in",), ("check_in", "inspect"), ("check_in", "find", "ask_approval"),
    ("check_in", "inspect", "prepare"), _BAY, (*_BAY, "hold_customer"), (*_BAY, "hold_parts"), _CHECKED,
    (*_CHECKED, "rework"), (*_CHECKED, "complete"), (*_CHECKED, "complete", "settlement"), _NO, (*_NO, "settlement"),
)  # fmt: skip
OWNERS = {"approve", "decline", "decline_all", "approve_stale", "pay"}
OTHER = {"settlement", "pay", "release", "clock", "find"}  # acts that are no steps
NOBODY = ("stranger", "third", "storekeeper")  # who may do none of it
POINTS = {
    "check_in": ("bodywork", "interior", "warning_lamps", "lights", "wipers", "tyres"),
    "final": ("bodywork", "interior", "warning_lamps", "fluids", "trouble_codes", "work_done", "road_test"),
}


@dataclass
class Walk:
    """One order, and what was seen on the way: moves taken, and moves that a guard refused."""

    street: Town
    key: str
    waits: bool = False  # a part of it is on its way to the workshop
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.delivery = self._stock_up()
        self.order = Till(self.street, self.key)
        self.first = {line["id"]: line["hash"] for line in self.order.view["lines"]}  # as the owner saw them first
        self.view = self.seen()

    def _stock_up(self) -> str | None:
        """Put alternators on the shelf; or leave none anywhere but one that a supplier sends."""
        alternators = shelves.c.part.in_(["alt_shelf", "alt_central"])
        left = shelves.c.reserved + (0 if self.waits else 2)
        with self.street.world.database.unit() as unit:
            unit.connection.execute(update(shelves).where(alternators).values(on_hand=left))
            if not self.waits:
                return None
            return str(expect_delivery(unit, WAREHOUSE, "Farlight", ("alt_central", CENTRAL), 1, COMES).id)

    def leave(self) -> None:
        """Give the one bay back for the next walk."""
        with self.street.world.database.unit() as unit:
            vacate(unit, self.order.visit)

    def seen(self) -> Shown:
        """Give the order as it is shown, with how far its inspections are, and what is on its way to it."""
        view = self.order.view
        looked = {}
        for stage in self.street.owner.get(f"{self.order.path}/inspections")["items"]:
            red = any(point["light"] == "red" for point in stage["points"])
            passed = "failed" if red else "passed"
            looked[stage["stage"]] = "unseen" if not stage["begun"] else passed if stage["completed_at"] else "begun"
        with self.street.world.database.unit() as unit:
            on_the_way = len(stock.waiting(unit, view["case"]))
        return {**view, "looked": looked, "on_the_way": on_the_way}

    def possible(self) -> list[str]:
        """Give what can be done now: the steps of the machine, and the acts on lines that may be heard."""
        steps = {act for act, may in ALLOWED.items() if may(self.view)}
        lines = {act for act in ("approve", "decline_all", "change_all") if self.view["state"] in HEARD[act]}
        return sorted(steps | lines)

    def onward(self) -> list[str]:
        """Give what leads on to a car that is handed over."""
        return [act for act in ONWARD if ALLOWED[act](self.view)]

    def unready(self) -> list[str]:
        """Give what makes a guard untrue here."""
        return list(UNREADY.get(self.view["state"], ()))

    def guarded(self) -> list[str]:
        """Give the steps that leave this state, whether or not their guards would let them."""
        return sorted(act for act in ALLOWED if move_of(self.view["state"], step_of(act)) is not None)

    def go(self, act: str, what: int = 0, by: str = "") -> None:
        """Act, by who may or by somebody else, and check what came of it against what is shown."""
        before = self.view
        if act == "deliver":
            self._deliver()
            self.view = self.seen()
            assert self.view["state"] == before["state"]
            return
        status = self._ask(before, act, what, by)
        self.view = after = self.seen()
        told = (act, by, before["state"], status)
        assert status < 500, told
        if by:
            assert status in (403, 404), told
        elif act in ALLOWED:
            assert status in (200, 201) if ALLOWED[act](before) else status == 409, told
        elif act == "approve" and before["state"] == "declined" and before["settlement"]:
            assert status == 409, told
        elif act in HEARD and before["state"] not in HEARD[act]:
            assert status in (404, 409), told
        elif act == "lacking":
            assert status == 422, told
        if status >= 400 and not act.startswith("look") and act != "change_all":
            assert after == before, f"what is refused leaves no trace: {told}"
        self._count(before, act, status)
        check(before, after, act)

    def _count(self, before: Shown, act: str, status: int) -> None:
        for step in self.view["steps"][len(before["steps"]) :]:
            self.taken[before["state"], step["step"]] += 1
        step = "reconsider" if act == "approve" else step_of(act)
        if status == 409 and move_of(before["state"], step) is not None:
            self.refused[before["state"], step] += 1

    def _ask(self, view: Shown, act: str, what: int, by: str) -> int:
        street, path = self.street, f"/v1/{self.order.path}"
        line = view["lines"][what % len(view["lines"])]
        voice = getattr(street, by) if by else street.owner if act in OWNERS else street.technician
        client = (street.advisor if act == "release" and not by else voice)._client
        every = [one["id"] for one in view["lines"] if one["approval"] != "returned"]
        if act.startswith("look"):
            return self._look(client, f"{path}/inspections", act, what)
        if act == "pay":
            return self._pay(client, path, by)
        if act == "change_all":
            changes = [
                client.patch(f"{path}/lines/{it['id']}", json={"unit_net": 6_000 + what}) for it in view["lines"]
            ]
            return max(int(answer.status_code) for answer in changes)
        if act in ("change", "fewer"):
            body = {"unit_net": 7_000 + len(view["steps"]) + what} if act == "change" else {"quantity": 1 + what % 3}
            return int(client.patch(f"{path}/lines/{line['id']}", json=body).status_code)
        was = self.first.get(line["id"], line["hash"])
        stale = was if was != line["hash"] else "0" * 64
        asked: Mapping[str, tuple[str, Any]] = {
            "approve": ("approvals", {"lines": [line["id"]], "decision": "approved"}),
            "decline": ("approvals", {"lines": [line["id"]], "decision": "declined"}),
            "decline_all": ("approvals", {"lines": every, "decision": "declined"}),
            "approve_stale": (
                "approvals",
                {"lines": [line["id"]], "decision": "approved", "shown": {line["id"]: stale}},
            ),
            "find": ("lines", {"kind": "labour", "text_en": "x", "text_zh": "x", "hours": 0.3}),
            "back": ("parts-returns", {"line": line["id"], "pieces": 1}),
            "settlement": ("settlement", None),
            "release": ("release", None),
            "clock": ("clock/start", {"technician": "tech_one_0"}),
            "lacking": ("steps", {"step": ("check_in", "work", "hold", "rework", "close_declined")[what % 5]}),
        }
        where, body = asked.get(act, ("steps", {"step": act, **SAID.get(act, {})}))
        return int(client.post(f"{path}/{where}", json=body).status_code)

    def _look(self, client: Any, path: str, act: str, what: int) -> int:
        """Give the points of a stage their light, all of them or some, and close it; stops where it is refused."""
        stage = "check_in" if act == "look_check_in" else "final"
        light = "red" if act.endswith("red") else "green"
        points = POINTS[stage][: 2 if what % 2 == 0 else None]
        for point in points:
            body = {"stage": stage, "point": point, "light": light, "note": "x"}
            if (answer := client.post(path, json=body)).status_code >= 400:
                return int(answer.status_code)
        return int(client.post(f"{path}/complete", json={"stage": stage}).status_code)

    def _pay(self, client: Any, path: str, by: str) -> int:
        answer = client.post(f"{path}/payments", json={"provider": "sandbox"})
        if answer.status_code < 300 and not by:
            self.order.decide_payment(answer.json()["id"])
        return int(answer.status_code)

    def _deliver(self) -> None:
        if self.delivery is not None:
            with self.street.world.database.unit() as unit:
                stock.receive(unit, WAREHOUSE, "alt_central", CENTRAL, 1, delivery=self.delivery)
            self.delivery = None


def step_of(act: str) -> str:
    """Give the step of the machine behind an act."""
    return str(SAID.get(act, {}).get("step", "settle" if act == "settlement" else act))


def check(before: Shown, after: Shown, act: str) -> None:
    """What holds after everything, whoever did it."""
    if after["state"] not in ("expected", "cancelled"):
        assert after["mileage_km"] == 10
    if after["state"] in {"quality_check", "completed", *OVER}:
        assert "awaiting" not in approvals(after)
        assert parts_out(after)
    if after["state"] == "released":
        assert owes(after) in ("paid", "nothing_due")
    if after["settlement"]:
        assert after["state"] in {*OVER, "declined", "closed_declined"}
    was = {line["id"]: line for line in before["lines"]}
    for line in after["lines"]:
        if line["id"] in was and line["hash"] != was[line["id"]]["hash"]:
            voided = line["approval"] != "approved" or was[line["id"]]["approval"] != "approved"
            assert voided, "a changed line is not what he approved"
        if line["id"] not in was:
            assert line["approval"] == "awaiting"
    assert after["progress_count"] >= before["progress_count"]
    if after["state"] != before["state"]:
        assert after["progress_count"] == before["progress_count"] + 1, "every move is told once"


LINES = st.integers(0, 3)
ACTS = st.one_of(
    st.tuples(st.sampled_from(sorted(ALLOWED)), LINES, st.just("")),
    st.tuples(st.sampled_from(sorted({*HEARD, "look_final_red", "lacking"})), LINES, st.just("")),
    st.tuples(st.sampled_from(sorted({*ALLOWED, *HEARD} - {"approve_stale"})), LINES, st.sampled_from(NOBODY)),
    st.just(("deliver", 0, "")),
)
