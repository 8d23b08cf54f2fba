"""The words of a repair: lights, stages, decisions and how they came, who bears a line, bills, records, waits."""

from collections.abc import Mapping

from aftersales.cases import BillState, SettlementGroup
from aftersales.repair.decisions import APPROVED, AWAITING, DECLINED, RETURNED, Way
from aftersales.repair.inspections import Light, Stage
from aftersales.repair.order_lines import Bearer
from forecourt.pages.menu import N_

# words, colour of its chip
LIGHT: Mapping[str, tuple[str, str]] = {
    Light.GREEN: (N_("In order"), "good"),
    Light.AMBER: (N_("Soon"), "warn"),
    Light.RED: (N_("Now"), "bad"),
}
STAGE: Mapping[str, str] = {
    Stage.CHECK_IN: N_("Check-in"),
    Stage.PRE_WORK: N_("Before the work"),
    Stage.FINAL: N_("Final check"),
}
DECISION: Mapping[str, tuple[str, str]] = {
    APPROVED: (N_("Approved"), "good"),
    DECLINED: (N_("Declined"), ""),
    AWAITING: (N_("Waiting for the owner"), "bad"),
    RETURNED: (N_("Given back"), ""),
}
WAY: Mapping[str, str] = {
    Way.CONFIRMATION: N_("with the visit"),
    Way.APP: N_("on his page"),
    Way.LINK: N_("by a link"),
    Way.COUNTER: N_("at the counter"),
    Way.TELEPHONE: N_("by telephone"),
}
BEARER: Mapping[str, str] = {
    Bearer.MANUFACTURER: N_("The car's manufacturer pays"),
    Bearer.PART_MAKER: N_("The maker of the part pays"),
    Bearer.WORKSHOP: N_("The workshop pays"),
}
# What the desk does by a step; the step itself is named as its owner reads it.
ACT: Mapping[str, str] = {
    "check_in": N_("Receive the car"),
    "inspect": N_("It was looked over"),
    "ask_approval": N_("Ask the owner to decide"),
    "prepare": N_("Make the parts ready"),
    "start": N_("Start the work"),
    "issue_parts": N_("Hand the parts out"),
    "work": N_("Say how the work goes"),
    "hold": N_("Put the work on hold"),
    "resume": N_("Go on with the work"),
    "quality_check": N_("To the final check"),
    "rework": N_("Back to the bay"),
    "complete": N_("The work is done"),
    "close_declined": N_("Close it without repair"),
}
KIND: Mapping[str, str] = {"labour": N_("Labour"), "part": N_("Part"), "sublet": N_("Done elsewhere")}
BILL: Mapping[str, tuple[str, str]] = {
    BillState.OPEN: (N_("Not paid yet"), "bad"),
    BillState.PAID: (N_("Paid"), "good"),
    BillState.ON_ACCOUNT: (N_("On account"), "good"),
    BillState.NOTHING_DUE: (N_("Nothing to pay"), "good"),
    BillState.WAIVED: (N_("Waived"), ""),
}
GROUPS = tuple(one.value for one in SettlementGroup)  # printed exactly so in either language
# How the electronic repair record stands.
RECORD: Mapping[str, tuple[str, str]] = {
    "lacking": (N_("Something is missing"), "bad"),
    "waiting": (N_("Waiting to be sent"), "warn"),
    "delivered": (N_("Delivered"), "good"),
    "refused": (N_("Refused by the platform"), "bad"),
    "given_up": (N_("Given up"), "bad"),
}
WEBHOOK: Mapping[str, tuple[str, str]] = {
    "active": (N_("On"), "good"),
    "paused": (N_("Paused"), "warn"),
    "disabled": (N_("Switched off: it failed for too long"), "bad"),
}
DELIVERY: Mapping[str, tuple[str, str]] = {
    "waiting": (N_("Waiting to be sent"), "warn"),
    "delivered": (N_("Delivered"), "good"),
    "given_up": (N_("Given up"), "bad"),
    "withdrawn": (N_("Not to be seen any more"), ""),
}
NOUN: Mapping[str, str] = {
    "vehicle": N_("Cars"),
    "case": N_("Cases and visits"),
    "repair_order": N_("Repairs"),
    "order": N_("Orders of parts"),
}
# What a sheet says of its workshop beside the name.
CONTACT: Mapping[str, str] = {
    "address": N_("Address"),
    "telephone": N_("Telephone"),
    "licence": N_("Licence or record number"),
}
LACKING: Mapping[str, str] = {"plate": N_("number plate"), "vin": N_("VIN")}
