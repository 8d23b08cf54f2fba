"""The contract of the after-sales desk: cases, appointments and repair orders, with their states on one screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Wish(StrEnum):
    """The kinds of visit an owner can book (`service` in the HTTP API)."""

    MAINTENANCE = "maintenance"
    REPAIR = "repair"
    INSPECTION = "inspection"


class CaseState(StrEnum):
    OPEN = "open"  # something is wrong or wished; no visit is proposed yet
    PROPOSED = "proposed"  # estimate, parts and a slot are held; the owner decides
    CONFIRMED = "confirmed"  # the owner said yes; parts and slot are his
    IN_REPAIR = "in_repair"  # the car has been checked in
    SETTLED = "settled"
    DECLINED = "declined"


CASE_MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.PROPOSED, CaseState.DECLINED}),
    CaseState.PROPOSED: frozenset({CaseState.OPEN, CaseState.CONFIRMED, CaseState.DECLINED}),
    CaseState.CONFIRMED: frozenset({CaseState.OPEN, CaseState.IN_REPAIR, CaseState.DECLINED}),
    CaseState.IN_REPAIR: frozenset({CaseState.SETTLED, CaseState.DECLINED}),
    CaseState.SETTLED: frozenset(),
    CaseState.DECLINED: frozenset(),
}


class AppointmentState(StrEnum):
    HELD = "held"  # tentative, by the owner or by a finding; occupies its slot until `expires_at`
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"  # the car did not come; everything released
    TAKEN = "taken"  # another time on offer that became the time of the visit it was offered for


APPOINTMENT_MOVES: Mapping[AppointmentState, frozenset[AppointmentState]] = {
    AppointmentState.HELD: frozenset(
        {
            AppointmentState.CONFIRMED,
            AppointmentState.DECLINED,
            AppointmentState.EXPIRED,
            AppointmentState.TAKEN,
            AppointmentState.CANCELLED,
        }
    ),
    AppointmentState.CONFIRMED: frozenset(
        {
            AppointmentState.ARRIVED,
            AppointmentState.CANCELLED,
            AppointmentState.DECLINED,
            AppointmentState.NO_SHOW,
        }
    ),
    AppointmentState.ARRIVED: frozenset(),
    AppointmentState.DECLINED: frozenset(),
    AppointmentState.EXPIRED: frozenset(),
    AppointmentState.CANCELLED: frozenset(),
    AppointmentState.NO_SHOW: frozenset(),
    AppointmentState.TAKEN: frozenset(),
}


class SettlementGroup(StrEnum):
    """The six groups of the settlement sheet, JT/T 1133; every estimate line belongs to one from the start."""

    DIAGNOSIS = "维修诊断费"
    INSPECTION = "检测费"
    MATERIAL = "材料费"
    LABOUR = "工时费"
    PROCESSING = "加工费"
    OTHER = "其他费用"


SETTLEMENT_GROUP_EN: Mapping[SettlementGroup, str] = {
    SettlementGroup.DIAGNOSIS: "Diagnosis",
    SettlementGroup.INSPECTION: "Inspection and testing",
    SettlementGroup.MATERIAL: "Materials and parts",
    SettlementGroup.LABOUR: "Labour",
    SettlementGroup.PROCESSING: "Processing",
    SettlementGroup.OTHER: "Other",
}


class RepairOrderState(StrEnum):
    EXPECTED = "expected"  # the appointment is confirmed; the car is not here yet
    OPEN = "open"  # checked in, mileage taken
    INSPECTED = "inspected"
    AWAITING_APPROVAL = "awaiting_approval"  # the owner was asked, and has not decided on every line
    DECLINED = "declined"  # he said no to every line; the car is still here
    CLOSED_DECLINED = "closed_declined"
    PARTS_PENDING = "parts_pending"  # something is approved; its parts are being made ready
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"  # begun, and waiting: for the customer or for parts
    QUALITY_CHECK = "quality_check"
    REWORK = "rework"  # the final check failed
    COMPLETED = "completed"
    SETTLED = "settled"
    RELEASED = "released"  # paid, and handed over
    CANCELLED = "cancelled"


# Nothing is decided by a link any more.
OVER = frozenset(
    {
        RepairOrderState.CLOSED_DECLINED,
        RepairOrderState.SETTLED,
        RepairOrderState.RELEASED,
        RepairOrderState.CANCELLED,
    }
)


class BillState(StrEnum):
    """What is owed for a settled repair, or for looking at a car of which nothing was repaired."""

    OPEN = "open"
    PAID = "paid"
    ON_ACCOUNT = "on_account"  # a fleet that the workshop trusts pays later; the car may go
    NOTHING_DUE = "nothing_due"
    WAIVED = "waived"  # the inspection fee


TO_PAY = frozenset({BillState.OPEN, BillState.ON_ACCOUNT})
LETS_GO = frozenset({BillState.PAID, BillState.ON_ACCOUNT, BillState.NOTHING_DUE})


class HoldReason(StrEnum):
    CUSTOMER = "waiting_customer"
    PARTS = "waiting_parts"


class Guard(StrEnum):
    """What must be true before a move; `guards.py` has the question behind each, and its refusal in words."""

    CHECK_IN_LOOKED_THROUGH = "check_in_looked_through"  # an inspection at check-in that was begun is complete
    SOMETHING_AWAITS = "something_awaits"  # a line on which the owner has to decide
    NOTHING_AWAITS = "nothing_awaits"
    SOMETHING_APPROVED = "something_approved"
    TECHNICIAN_ASSIGNED = "technician_assigned"
    PARTS_TO_ISSUE = "parts_to_issue"
    PARTS_DECIDED = "parts_decided"  # no part waits for the owner
    PARTS_PROMISED = "parts_promised"  # every approved part is held, awaited, or handed out
    PARTS_ISSUED = "parts_issued"
    WAIT_OVER = "wait_over"  # what the order was put on hold for has come
    FINAL_CHECK_PASSED = "final_check_passed"  # a final inspection that was begun is complete, and nothing is red
    NO_SHEET = "no_sheet"  # the inspection fee has not been settled yet
    BILL_SETTLED = "bill_settled"  # paid, on account, or nothing is due


@dataclass(frozen=True, slots=True)
class Step:
    """One act on a repair order: its name on the wire, what has to be said with it, and how it is told."""

    name: str
    needs: tuple[str, ...]
    en: str
    zh: str


STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step("check_in", ("mileage_km",), "Car received", "车辆已接收"),
        Step("inspect", (), "Inspected", "已检查"),
        Step("ask_approval", (), "Waiting for your approval", "等待您的授权"),
        Step("prepare", (), "Parts are being made ready", "配件准备中"),
        Step("start", (), "Repair started", "开始维修"),
        Step("issue_parts", (), "Parts handed out", "配件已领用"),
        Step("work", ("note",), "Work in progress", "维修进行中"),
        Step("hold", ("reason",), "Work is on hold", "维修暂停"),
        Step("resume", (), "Work goes on", "继续维修"),
        Step("quality_check", (), "Final check", "竣工检验"),
        Step("rework", ("note",), "Back to the bay", "返工"),
        Step("complete", (), "Repair done", "维修完成"),
        Step("close_declined", ("fee",), "Closed without repair", "未维修，已关闭"),
    )
}
# What other acts than the workshop's steps do to an order: the owner's decisions, the settlement, letting a visit go.
OTHER_STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step("decline", (), "Nothing will be repaired", "不进行维修"),
        Step("reconsider", (), "Approved after all", "已重新授权"),
        Step("settle", (), "Settled", "已结算"),
        Step("release", (), "Car handed over", "车辆已交付"),
        Step("cancel", (), "Visit cancelled", "预约已取消"),
    )
}


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state machine: out of these states, by this step, if its guards let it, into that state."""

    sources: frozenset[RepairOrderState]
    step: str
    guards: tuple[Guard, ...]
    target: RepairOrderState | None  # None: the state stays, the step is progress only


_S, _G = RepairOrderState, Guard
_APPROVED = (_G.SOMETHING_APPROVED, _G.TECHNICIAN_ASSIGNED)
# The way in full: open, inspected, awaiting_approval, parts_pending, in_progress. Where nothing waits for a decision
# the workshop may start at once, and fetch the parts that are held for it while it works; nothing passes without them.
MOVES: tuple[Move, ...] = (
    Move(frozenset({_S.EXPECTED}), "check_in", (), _S.OPEN),
    Move(frozenset({_S.OPEN}), "inspect", (_G.CHECK_IN_LOOKED_THROUGH,), _S.INSPECTED),
    Move(
        frozenset({_S.OPEN, _S.INSPECTED, _S.PARTS_PENDING, _S.ON_HOLD}),
        "ask_approval",
        (_G.SOMETHING_AWAITS,),
        _S.AWAITING_APPROVAL,
    ),
    Move(
        frozenset({_S.INSPECTED, _S.AWAITING_APPROVAL}),
        "prepare",
        (_G.SOMETHING_APPROVED, _G.NOTHING_AWAITS, _G.PARTS_PROMISED),
        _S.PARTS_PENDING,
    ),
    Move(frozenset({_S.OPEN, _S.INSPECTED}), "start", (*_APPROVED, _G.NOTHING_AWAITS), _S.IN_PROGRESS),
    Move(frozenset({_S.PARTS_PENDING}), "start", (*_APPROVED, _G.NOTHING_AWAITS, _G.PARTS_ISSUED), _S.IN_PROGRESS),
    Move(
        frozenset({_S.PARTS_PENDING, _S.IN_PROGRESS, _S.REWORK}),
        "issue_parts",
        (_G.PARTS_TO_ISSUE, _G.PARTS_DECIDED),
        None,
    ),
    Move(frozenset({_S.IN_PROGRESS}), "work", (_G.SOMETHING_APPROVED,), None),
    Move(frozenset({_S.REWORK}), "work", (_G.SOMETHING_APPROVED,), _S.IN_PROGRESS),
    Move(frozenset({_S.IN_PROGRESS, _S.REWORK}), "hold", (), _S.ON_HOLD),
    Move(frozenset({_S.ON_HOLD}), "resume", (_G.SOMETHING_APPROVED, _G.WAIT_OVER), _S.IN_PROGRESS),
    Move(
        frozenset({_S.IN_PROGRESS, _S.REWORK}),
        "quality_check",
        (_G.PARTS_ISSUED, _G.NOTHING_AWAITS, _G.SOMETHING_APPROVED),
        _S.QUALITY_CHECK,
    ),
    Move(frozenset({_S.QUALITY_CHECK}), "rework", (), _S.REWORK),
    Move(frozenset({_S.QUALITY_CHECK}), "complete", (_G.FINAL_CHECK_PASSED,), _S.COMPLETED),
    Move(
        frozenset({_S.INSPECTED, _S.AWAITING_APPROVAL, _S.PARTS_PENDING, _S.IN_PROGRESS, _S.ON_HOLD, _S.REWORK}),
        "decline",
        (),
        _S.DECLINED,
    ),
    Move(frozenset({_S.DECLINED}), "reconsider", (_G.SOMETHING_APPROVED, _G.NO_SHEET), _S.AWAITING_APPROVAL),
    Move(frozenset({_S.DECLINED}), "close_declined", (), _S.CLOSED_DECLINED),
    Move(frozenset({_S.COMPLETED}), "settle", (), _S.SETTLED),
    Move(frozenset({_S.SETTLED}), "release", (_G.BILL_SETTLED,), _S.RELEASED),
    Move(frozenset({_S.EXPECTED, _S.OPEN}), "cancel", (), _S.CANCELLED),
)
_BY_STEP: Mapping[tuple[str, str], Move] = {(source, move.step): move for move in MOVES for source in move.sources}


def move_of(state: str, step: str) -> Move | None:
    """Give the row by which a step leaves a state; None: it is not possible there, whatever is true."""
    return _BY_STEP.get((state, step))
