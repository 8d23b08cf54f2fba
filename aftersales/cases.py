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
    IN_PROGRESS = "in_progress"
    QUALITY_CHECK = "quality_check"
    COMPLETED = "completed"
    SETTLED = "settled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Step:
    """One legal move of a repair order: its name on the wire, from where to where, and what the guard asks for."""

    name: str
    sources: frozenset[RepairOrderState]
    target: RepairOrderState | None  # None: the state stays, the step is progress only
    needs: tuple[str, ...]
    en: str
    zh: str


_S = RepairOrderState
STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step("check_in", frozenset({_S.EXPECTED}), _S.OPEN, ("mileage_km",), "Car received", "车辆已接收"),
        Step("inspect", frozenset({_S.OPEN}), None, (), "Inspected", "已检查"),
        Step("start", frozenset({_S.OPEN}), _S.IN_PROGRESS, (), "Repair started", "开始维修"),
        Step("issue_parts", frozenset({_S.IN_PROGRESS}), None, (), "Parts handed out", "配件已领用"),
        Step("work", frozenset({_S.IN_PROGRESS}), None, ("note",), "Work in progress", "维修进行中"),
        Step("quality_check", frozenset({_S.IN_PROGRESS}), _S.QUALITY_CHECK, (), "Final check", "竣工检验"),
        Step("rework", frozenset({_S.QUALITY_CHECK}), _S.IN_PROGRESS, ("note",), "Back to the bay", "返工"),
        Step("complete", frozenset({_S.QUALITY_CHECK}), _S.COMPLETED, (), "Repair done", "维修完成"),
    )
}
