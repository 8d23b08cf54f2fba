"""What the technician's pages say of an order: what is next in it, the stages of an inspection, and what is tapped."""

from collections.abc import Mapping

from aftersales.cases import HoldReason, RepairOrderState
from aftersales.repair.order_lines import Bearer
from aftersales.repair.verdicts import Verdict
from forecourt.pages import repair_labels
from forecourt.pages.menu import N_

# What is next, from where the order is now.
NEXT: Mapping[str, str] = {
    RepairOrderState.EXPECTED: N_("Receive the car"),
    RepairOrderState.OPEN: N_("Look the car over"),
    RepairOrderState.INSPECTED: N_("Ask the owner, or begin"),
    RepairOrderState.AWAITING_APPROVAL: N_("Wait for the owner's answer"),
    RepairOrderState.DECLINED: N_("Close it without repair"),
    RepairOrderState.PARTS_PENDING: N_("Fetch the parts, then begin"),
    RepairOrderState.IN_PROGRESS: N_("Work, then the final check"),
    RepairOrderState.ON_HOLD: N_("Go on when it has come"),
    RepairOrderState.QUALITY_CHECK: N_("Check it, then complete"),
    RepairOrderState.REWORK: N_("Do it again"),
    RepairOrderState.COMPLETED: N_("The desk settles"),
    RepairOrderState.SETTLED: N_("The desk hands the car over"),
}
HOLD: Mapping[str, str] = {
    HoldReason.CUSTOMER: N_("Waiting for the customer"),
    HoldReason.PARTS: N_("Waiting for parts"),
}
# tab: its name in the bar; the first is the order's own address.
TABS: Mapping[str, str] = {
    "work": N_("Work"),
    "looking": N_("Look over"),
    "car": N_("Car"),
    "lines": N_("Lines"),
    "found": N_("Found"),
}
# As every page of a repair says it.
STAGE, LIGHT, LINE_KIND = repair_labels.STAGE, repair_labels.LIGHT, repair_labels.KIND
# What is tapped in place of a note; the note is in the technician's language, as if he had typed it.
PHRASES: tuple[str, ...] = (
    N_("Worn"),
    N_("Leaking"),
    N_("Damaged"),
    N_("Loose"),
    N_("Corroded"),
    N_("Below the limit"),
    N_("Does not work"),
    N_("Missing"),
)
APPROVAL: Mapping[str, tuple[str, str]] = {
    "approved": (N_("Approved"), "good"),
    "declined": (N_("Declined"), ""),
    "awaiting": (N_("Waits for the owner"), "warn"),
    "returned": (N_("Went back"), ""),
}
BEARER: Mapping[str, str] = {
    Bearer.MANUFACTURER: N_("Under warranty: the car maker pays"),
    Bearer.PART_MAKER: N_("Under warranty: the maker of the part pays"),
    Bearer.WORKSHOP: N_("Under warranty: the workshop pays"),
}
HOURS: tuple[float, ...] = (0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
VERDICT: Mapping[str, tuple[str, str]] = {
    Verdict.FOUND: (N_("It was this"), "good"),
    Verdict.NOT_FOUND: (N_("Nothing found"), "warn"),
    Verdict.OTHER_FAULT: (N_("Another fault"), "bad"),
}
# What is said of a fault, in the order of finding it out.
FOUND: Mapping[str, str] = {
    "condition": N_("Condition: what one sees"),
    "cause": N_("Cause"),
    "correction": N_("Correction"),
    "confirmation": N_("How it was confirmed"),
}
