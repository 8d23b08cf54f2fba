"""The tables that the desk walks: every fault has its repair, every reason both languages, every act its roles."""

import string

import pytest

from aftersales.cases import (
    APPOINTMENT_MOVES,
    CASE_MOVES,
    MOVES,
    OTHER_STEPS,
    SETTLEMENT_GROUP_EN,
    STEPS,
    AppointmentState,
    CaseState,
    Guard,
    RepairOrderState,
    SettlementGroup,
    Wish,
)
from aftersales.moves import CASE_EVENTS
from aftersales.operations import OPERATIONS, PART_WORDS, REPAIRS, operations_for_fault, operations_for_wish, work_of
from aftersales.permissions import PERMISSIONS, Act
from aftersales.repair.guards import QUESTIONS
from aftersales.repair.progress import STEP_WORDS
from aftersales.seed import demo_workshops
from aftersales.visits import reasons
from diagnostics.faults import FAULTS
from ingest.vehicles import Fuel
from parts_catalog.part_types import PART_TYPES


@pytest.mark.parametrize("fault", list(FAULTS))
def test_every_fault_has_a_repair_that_a_demo_workshop_can_do(fault: str) -> None:
    repair = REPAIRS[fault]
    assert repair.hours_hundredths == round(FAULTS[fault].hours * 100)
    assert repair.needs[0].part_type == FAULTS[fault].part_types[0]
    assert {need.part_type for need in repair.needs} <= set(PART_TYPES)
    assert PART_WORDS[repair.needs[0].part_type]
    for probability in (0.1, 0.4, 0.7, 0.95):
        work = work_of(operations_for_fault(fault, probability))
        assert any(one.bays_for(work) and one.technicians_for(work) for one in demo_workshops())
        assert work.minutes % 15 == 0


@pytest.mark.parametrize(
    ("probability", "codes"),
    [
        (0.1, ["diagnosis"]),
        (0.4, ["diagnosis", "repair_alternator"]),
        (0.7, ["short_diagnosis", "repair_alternator"]),
        (0.9, ["repair_alternator"]),
    ],
)
def test_a_diagnosis_comes_first_unless_the_finding_is_sure(probability: float, codes: list[str]) -> None:
    assert [row.code for row in operations_for_fault("alternator", probability)] == codes


def test_high_voltage_work_needs_people_and_bays_for_it_even_to_look() -> None:
    for fault in ("hybrid_battery", "cell_spread", "dcdc_converter"):
        work = work_of(operations_for_fault(fault, 0.1))
        assert "high_voltage" in work.skills & work.equipment


@pytest.mark.parametrize("fuel", [None, *Fuel])
def test_wishes_take_the_same_time_whatever_the_fuel(fuel: Fuel | None) -> None:
    for wish in Wish:
        operations = operations_for_wish(wish, fuel)
        assert work_of(operations) == work_of(operations_for_wish(wish, None))
        assert {need.part_type for row in operations for need in row.needs} <= set(PART_TYPES)
    oil = [need.part_type for row in operations_for_wish(Wish.MAINTENANCE, fuel) for need in row.needs]
    assert ("oil_filter" in oil) == (fuel in {Fuel.PETROL, Fuel.DIESEL, Fuel.HYBRID})


def test_operation_codes_are_unique_and_in_both_languages() -> None:
    assert len(OPERATIONS) == len(FAULTS) + 4
    assert all(row.en and row.zh and row.hours_hundredths > 0 for row in OPERATIONS.values())


def test_every_reason_asks_for_the_same_fields_in_both_languages() -> None:
    for code, (en, zh) in reasons._REASONS.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (en, zh)]
        named = [{name.removesuffix("_en").removesuffix("_zh") for name in found} for found in fields]
        assert named[0] == named[1], code
    assert all(en and zh for en, zh in (*CASE_EVENTS.values(), *STEP_WORDS.values()))


def test_every_act_has_its_roles_and_every_move_its_states() -> None:
    assert set(PERMISSIONS) == set(Act)
    assert set(CASE_MOVES) == set(CaseState)
    assert set(APPOINTMENT_MOVES) == set(AppointmentState)
    assert set(SETTLEMENT_GROUP_EN) == set(SettlementGroup)
    assert {move.target for move in MOVES if move.target} | {RepairOrderState.EXPECTED} == set(RepairOrderState)
    assert {move.step for move in MOVES} == {*STEPS, *OTHER_STEPS}
    rows = [(source, move.step) for move in MOVES for source in move.sources]
    assert len(rows) == len(set(rows)), "one row says where a step leads from a state"
    assert {guard for move in MOVES for guard in move.guards} == set(QUESTIONS) == set(Guard)
