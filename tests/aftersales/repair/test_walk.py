"""Hypothesis walks the state machine at the API: whatever is asked in whatever order, no guard is passed by."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.aftersales.repair.orders import Order
from tests.aftersales.voices import Town

# The test's own account of what each step asks, read from what the API shows; not the table that is tested.
Shown = Mapping[str, Any]
BEFORE_WORK = {"open", "inspected"}
AT_WORK = {"in_progress", "rework"}


def approvals(view: Shown) -> set[str]:
    return {line["approval"] for line in view["lines"]}


def parts_wait(view: Shown) -> bool:
    return any(line["part"] and line["approval"] == "awaiting" for line in view["lines"])


def may_start(view: Shown) -> bool:
    decided = "approved" in approvals(view) and "awaiting" not in approvals(view)
    return decided and (view["state"] in BEFORE_WORK or (view["state"] == "parts_pending" and not view["reservations"]))


def may_issue(view: Shown) -> bool:
    return view["state"] in {"parts_pending", *AT_WORK} and bool(view["reservations"]) and not parts_wait(view)


def may_check(view: Shown) -> bool:
    decided = "approved" in approvals(view) and "awaiting" not in approvals(view)
    return view["state"] in AT_WORK and not view["reservations"] and decided


def in_state(*states: str) -> Callable[[Shown], bool]:
    return lambda view: view["state"] in states


ALLOWED: Mapping[str, Callable[[Shown], bool]] = {
    "check_in": in_state("expected"),
    "inspect": in_state("open"),
    "ask_approval": lambda view: (
        view["state"] in {*BEFORE_WORK, "parts_pending", "on_hold"} and "awaiting" in approvals(view)
    ),
    "prepare": lambda view: (
        view["state"] in {"inspected", "awaiting_approval"}
        and "approved" in approvals(view)
        and "awaiting" not in approvals(view)
    ),
    "start": may_start,
    "issue_parts": may_issue,
    "work": lambda view: view["state"] in AT_WORK and "approved" in approvals(view),
    "hold": lambda view: view["state"] in AT_WORK,
    "resume": lambda view: (
        view["state"] == "on_hold"
        and "approved" in approvals(view)
        and (view["hold_reason"] == "waiting_parts" or "awaiting" not in approvals(view))
    ),
    "quality_check": may_check,
    "rework": in_state("quality_check"),
    "complete": lambda view: view["state"] == "quality_check" and view["final"] in ("unseen", "passed"),
    "close_declined": in_state("declined"),
    "settlement": in_state("completed", "settled"),
}
SAID: Mapping[str, dict[str, Any]] = {
    "check_in": {"mileage_km": 10},
    "work": {"note": "x"},
    "rework": {"note": "x"},
    "close_declined": {"fee": "waived"},
}
DECISIONS = ("approved", "declined")
ACTS = st.one_of(
    st.sampled_from([step for step in ALLOWED if step not in ("hold", "settlement")]).map(lambda step: (step, None)),
    st.sampled_from(("waiting_customer", "waiting_parts")).map(lambda why: ("hold", why)),
    st.just(("settlement", None)),
    st.tuples(st.sampled_from(DECISIONS), st.integers(0, 3)),
    st.just(("decline_all", None)),
    st.just(("find", None)),
    st.tuples(st.just("look"), st.sampled_from(("green", "red"))),
    st.tuples(st.just("change"), st.integers(0, 3)),
    st.tuples(st.just("back"), st.integers(0, 3)),
)
NUMBERS = count()
POINTS = ("bodywork", "interior", "warning_lamps", "fluids", "trouble_codes", "work_done", "road_test")
MAIN = [(step, None) for step in ("check_in", "start", "issue_parts", "quality_check", "complete", "settlement")]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(begun=st.integers(0, len(MAIN)), acts=st.lists(ACTS, min_size=4, max_size=14))
def test_no_guard_is_ever_passed_by(street: Town, begun: int, acts: list[tuple[str, Any]]) -> None:
    order = Order(street, f"car-walk-{next(NUMBERS)}")
    for act, what in [*MAIN[:begun], *acts]:
        before = seen(order)
        status = ask(order, before, act, what)
        after = seen(order)
        assert status < 500, (act, what, before["state"])
        if act in ALLOWED:
            assert status in (200, 201) if ALLOWED[act](before) else status == 409, (act, before["state"], status)
        if status >= 400:
            assert after == before, "what is refused leaves no trace"
        check(before, after, act)


def seen(order: Order) -> Shown:
    """Give the order as it is shown, with what its final inspection says."""
    stage = order.street.owner.get(f"{order.path}/inspections")["items"][2]
    red = any(point["light"] == "red" for point in stage["points"])
    final = "unseen" if not stage["begun"] else "passed" if stage["completed_at"] and not red else "failed"
    return {**order.view, "final": final}


def look_at_all(order: Order, light: str) -> int:
    """Give the points of the final inspection a light, and close it; stops at the first that is refused."""
    client, path = order.street.technician._client, f"/v1/{order.path}/inspections"
    for point in POINTS:
        body = {"stage": "final", "point": point, "light": light, "note": "x"}
        if (answer := client.post(path, json=body)).status_code >= 400:
            return int(answer.status_code)
    return int(client.post(f"{path}/complete", json={"stage": "final"}).status_code)


def ask(order: Order, view: Shown, act: str, what: Any) -> int:
    street, line = order.street, None
    if isinstance(what, int):
        line = view["lines"][what % len(view["lines"])]["id"]
    client, path = street.technician._client, f"/v1/{order.path}"
    if act in DECISIONS:
        answer = street.owner._client.post(f"{path}/approvals", json={"lines": [line], "decision": act})
    elif act == "decline_all":
        every = [one["id"] for one in view["lines"] if one["approval"] != "returned"]
        answer = street.owner._client.post(f"{path}/approvals", json={"lines": every, "decision": "declined"})
    elif act == "look":
        return look_at_all(order, what)
    elif act == "find":
        labour = {"kind": "labour", "text_en": "x", "text_zh": "x", "hours": 0.3}
        answer = client.post(f"{path}/lines", json=labour)
    elif act == "change":
        answer = client.patch(f"{path}/lines/{line}", json={"unit_net": 7_000 + len(view["steps"])})
    elif act == "back":
        answer = client.post(f"{path}/parts-returns", json={"line": line, "pieces": 1})
    elif act == "settlement":
        answer = client.post(f"{path}/settlement")
    else:
        said = {"reason": what} if act == "hold" else SAID.get(act, {})
        answer = client.post(f"{path}/steps", json={"step": act, **said})
    return int(answer.status_code)


def check(before: Shown, after: Shown, act: str) -> None:
    """What holds after everything, whoever did it."""
    if after["state"] not in ("expected", "cancelled"):
        assert after["mileage_km"] == 10
    if after["state"] in {"quality_check", "completed", "settled"}:
        assert "awaiting" not in approvals(after)
        assert not after["reservations"]
    if act == "change":
        for was, now in zip(before["lines"], after["lines"], strict=True):
            assert (was["hash"] == now["hash"]) or now["approval"] != was["approval"] or now["approval"] == "awaiting"
    assert after["progress_count"] >= before["progress_count"]
    if after["state"] != before["state"]:
        assert after["progress_count"] == before["progress_count"] + 1, "every move is told once"
