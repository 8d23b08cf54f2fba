"""What the desk knows of a person: his words, what he was told, where his car stood, and what was found on it.

A settled repair stays on file with its lines and amounts, as the law wants; the person leaves it.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, Table, case, delete, func, select, update

from aftersales.cases import CaseState
from aftersales.tables import (
    absences,
    appointments,
    approvals,
    assistances,
    bills,
    case_codes,
    case_findings,
    cases,
    clock_entries,
    consents,
    customer_parts,
    estimate_lines,
    estimates,
    inspection_points,
    inspections,
    messages,
    old_parts_choices,
    order_photos,
    part_returns,
    record_attempts,
    reminders,
    repair_findings,
    repair_orders,
    repair_records,
    repair_steps,
    reviews,
    settlements,
    sheet_signatures,
    technicians,
    verdicts,
    waits,
)
from foundation.database import UnitOfWork
from foundation.privacy import ERASED, Person, Rows, rows_of

PERSONAL: Mapping[str, str] = {
    "cases": "words probability reasons questions",
    "case_findings": "finding organisation case document merged_at",
    "case_codes": "case ecu kind code organisation first_seen_at seen_at gone_at freeze joined_at",
    "estimate_lines": "evidence",
    "repair_steps": "note",
    "approvals": "ip given_by signature",
    "inspection_points": "note",
    "order_photos": "id organisation order sha256 media_type width height bytes stage point taken_by taken_at",
    "repair_findings": "condition cause correction confirmation",
    "part_returns": "note",
    "sheet_signatures": "ip given_by signature",
    "repair_records": "plate vin words",
    "reviews": "words answer",
    "verdicts": "note",
    "assistances": "words latitude longitude",
    "consents": "phone",
    "messages": "id organisation account channel kind cause case order title_en title_zh text_en text_zh state"
    " created_at taken_up_at delivered_at read_at",
    "technicians": "name_en name_zh",
    "absences": "reason",
}
IMPERSONAL: Mapping[str, str] = {
    "workshops": "id organisation name_en name_zh latitude longitude zone currency labour_rate tax_basis_points"
    " opening_hours special_days stock_location country subdivision setup_version stars reviews",
    "bays": "id organisation workshop name equipment",
    "technicians": "id organisation workshop skills account shifts",
    "absences": "id organisation workshop resource during",
    "loaners": "id organisation workshop name",
    "services": "organisation workshop code minutes before_min after_min",
    "cases": "id organisation vehicle finding fault wish urgency state latest_day opened_at updated_at",
    "estimates": "id organisation case workshop currency created_at",
    "estimate_lines": "id organisation estimate position kind settlement_group operation part part_type part_location"
    " text_en text_zh hundredths unit_net tax_basis_points required borne_by supplier issued returned_at hash",
    "appointments": "id organisation case vehicle workshop workshop_organisation estimate state during minutes skills"
    " equipment bay technician loaner before_min after_min parts_ready_at reason_en reason_zh booked_by expires_at"
    " sequence replaces wait created_at updated_at",
    "occupancies": "id organisation resource during appointment active",
    "repair_orders": "id organisation workshop_organisation case appointment estimate vehicle workshop state"
    " mileage_km parts_issued_at reworks hold_reason inspection_fee fee_outcome created_at updated_at",
    "repair_steps": "order number organisation step state actor taken_at",
    "approvals": "id organisation order line number decision hash actor channel decided_at",
    "inspections": "order stage organisation begun_by begun_at completed_by completed_at",
    "inspection_points": "order stage point organisation light looked_by looked_at",
    "clock_entries": "id organisation order technician started_by started_at stopped_at",
    "repair_findings": "order number organisation line found_by found_at changed_at",
    "part_returns": "id organisation order line pieces restocked returned_by returned_at",
    # The sheet has the car by its opaque id, the workshop, lines and amounts; no person stands in it.
    "settlements": "order version organisation number sheet net tax currency settled_by settled_at",
    "bills": "order organisation state amount currency payment opened_at paid_at",
    "sheet_signatures": "order version organisation account channel signed_at",
    "old_parts_choices": "order organisation choice account chosen_at",
    "customer_parts": "order position organisation name quantity noted_by noted_at",
    "account_customers": "id organisation workshop customer agreed_by agreed_at ended_at",
    "repair_records": "order organisation workshop version state platform reference why attempts due_at created_at"
    " ended_at",
    "record_attempts": "order number organisation at took_ms outcome",
    "reviews": "order organisation workshop rating reviewed_by reviewed_at answered_by answered_at",
    "verdicts": "finding number organisation order workshop fault predictor verdict other given_by given_at",
    "assistances": "id organisation case kind workshop asked_by asked_at",
    "waits": "id organisation account case workshop latest_day state lapses joined_at ended_at",
    "vacancies": "id workshop freed_at",
    "consents": "id organisation account channel purpose given_at withdrawn_at",
    "reminders": "id organisation appointment kind due_at state ended_at",
}

# Tables of a private owner's own organisation, and what a person did in his own name wherever he is.
_OWNED = (
    cases, case_findings, case_codes, estimates, estimate_lines, appointments, repair_orders, repair_steps, approvals,
    settlements, reviews, assistances, messages, consents, waits, reminders, inspections, inspection_points,
    order_photos, clock_entries, repair_findings, part_returns, verdicts, bills, sheet_signatures, old_parts_choices,
    customer_parts, repair_records, record_attempts,
)  # fmt: skip
_BY_NAME: Mapping[Table, str] = {
    repair_steps: "actor",
    approvals: "actor",
    inspections: "begun_by",
    inspection_points: "looked_by",
    order_photos: "taken_by",
    clock_entries: "started_by",
    repair_findings: "found_by",
    part_returns: "returned_by",
    sheet_signatures: "account",
    old_parts_choices: "account",
    customer_parts: "noted_by",
    reviews: "reviewed_by",
    verdicts: "given_by",
    assistances: "asked_by",
    messages: "account",
    consents: "account",
    waits: "account",
    technicians: "account",
}


def subjects_of(unit: UnitOfWork, person: Person) -> set[str]:
    """Give the subjects of the event log that tell of a private owner's visits."""
    if not person.private:
        return set()
    mine = (select(it.c.id).where(it.c.organisation == person.organisation) for it in (cases, repair_orders))
    return {subject for query in mine for subject in unit.connection.execute(query).scalars()}


def export_of(unit: UnitOfWork, person: Person) -> dict[str, Rows]:
    """Give everything on file of a private owner's visits; of anybody else what he did in his own name."""
    if person.private:
        return {it.name: rows_of(unit, it, it.c.organisation == person.organisation) for it in _OWNED}
    away = rows_of(unit, absences, absences.c.resource.in_(_works_as(person)))
    return {"absences": away} | {
        it.name: rows_of(unit, it, it.c[name] == person.account) for it, name in _BY_NAME.items()
    }


def under_way(unit: UnitOfWork, person: Person) -> list[dict[str, Any]]:
    """Give why a person cannot be erased yet: his car is in repair, and the repair is not settled."""
    if not person.private:
        return []
    query = select(cases.c.id).where(cases.c.organisation == person.organisation, cases.c.state == CaseState.IN_REPAIR)
    return [{"case": case, "code": "in_repair"} for case in unit.connection.execute(query.order_by("id")).scalars()]


def to_come(unit: UnitOfWork, person: Person) -> list[str]:
    """Give the cases of a private owner that are to be declined first, so that everything held for them is free."""
    if not person.private:
        return []
    before_arrival = (CaseState.OPEN, CaseState.PROPOSED, CaseState.CONFIRMED)
    query = select(cases.c.id).where(cases.c.organisation == person.organisation, cases.c.state.in_(before_arrival))
    return list(unit.connection.execute(query.order_by(cases.c.id)).scalars())


def erase(unit: UnitOfWork, person: Person, *, vehicles: bool) -> None:
    """Take the person out of what stays on file; `vehicles`: what was found on his cars goes, too."""
    run, now = unit.connection.execute, unit.now()
    home = person.organisation
    if person.private:
        orders = select(repair_orders.c.id).where(repair_orders.c.organisation == home)
        run(update(cases).where(cases.c.organisation == home).values(words=None))
        run(update(repair_steps).where(repair_steps.c.order.in_(orders)).values(note=None))
        for table in (inspection_points, part_returns, verdicts):
            run(update(table).where(table.c.order.in_(orders)).values(note=None))
        run(update(approvals).where(approvals.c.order.in_(orders)).values(ip=None, given_by=None, signature=None))
        run(update(sheet_signatures).where(sheet_signatures.c.order.in_(orders)).values(_NOT_SIGNED))
        _withdraw_records(unit, home)
        run(delete(order_photos).where(order_photos.c.order.in_(orders)))
        run(update(reviews).where(reviews.c.order.in_(orders)).values(_NO_WORDS))
        run(update(assistances).where(assistances.c.organisation == home).values(_NO_PLACE))
        # The condition is what the owner complained of; cause and correction tell of the car.
        run(update(repair_findings).where(repair_findings.c.order.in_(orders)).values(condition=""))
        run(delete(messages).where(messages.c.organisation == home))
        due = reminders.c.organisation == home, reminders.c.state == "due"
        run(update(reminders).where(*due).values(state="dropped", ended_at=now))
    if person.private and vehicles:
        run(update(cases).where(cases.c.organisation == home).values(probability=None, reasons=[], questions=[]))
        run(update(estimate_lines).where(estimate_lines.c.organisation == home).values(evidence=[]))
        run(update(repair_findings).where(repair_findings.c.organisation == home).values(_NOT_SAID))
        for table in (case_findings, case_codes):
            run(delete(table).where(table.c.organisation == home))
    # From where somebody decided for his house, at home by a link it may be, is of him and not of the house.
    run(update(approvals).where(approvals.c.actor == person.account).values(ip=None))
    run(update(reviews).where(reviews.c.reviewed_by == person.account).values(_NO_WORDS))
    run(update(assistances).where(assistances.c.asked_by == person.account).values(_NO_PLACE))
    run(delete(messages).where(messages.c.account == person.account))
    withdrawn = func.greatest(consents.c.given_at, now)
    mine = consents.c.account == person.account, consents.c.withdrawn_at.is_(None)
    run(update(consents).where(*mine).values(withdrawn_at=withdrawn))
    run(update(consents).where(consents.c.account == person.account).values(phone=None))
    run(update(absences).where(absences.c.resource.in_(_works_as(person))).values(reason=""))
    run(update(technicians).where(technicians.c.account == person.account).values(name_en=ERASED, name_zh="已注销"))


def _withdraw_records(unit: UnitOfWork, home: str) -> None:
    """Report nothing more of a person's cars; what a platform has been told is its own to keep."""
    mine = repair_records.c.organisation == home
    open_ = mine, repair_records.c.ended_at.is_(None)
    unit.connection.execute(update(repair_records).where(*open_).values(state="withdrawn", ended_at=unit.now()))
    unit.connection.execute(update(repair_records).where(mine).values(plate=None, vin=None, words=None))


def _works_as(person: Person) -> "Select[Any]":
    return select(technicians.c.id).where(technicians.c.account == person.account)


_NOT_SIGNED: dict[str, Any] = {"ip": None, "given_by": None, "signature": None}
_NOT_SAID: dict[str, Any] = {"condition": "", "cause": None, "correction": None, "confirmation": None}
_NO_PLACE: dict[str, Any] = {"words": None, "latitude": None, "longitude": None}
# An answer stays an answer, so that there is no second one; what it says is of the person who wrote the review.
_NO_WORDS: dict[str, Any] = {"words": "", "answer": case((reviews.c.answer.is_not(None), ""))}
