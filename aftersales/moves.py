"""Moving cases, appointments and repair orders from state to state: by the tables of `cases.py`, and told once."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, update

from aftersales.cases import APPOINTMENT_MOVES, CASE_MOVES, AppointmentState, CaseState
from aftersales.tables import appointments, cases, repair_orders
from foundation.database import UnitOfWork
from foundation.events import append
from foundation.refusals import Conflict

DESK = "desk"  # the actor of what nobody did in person

# What is told on a case's own feed, in words. A repair order's feed has its steps.
CASE_EVENTS: Mapping[str, tuple[str, str]] = {
    "case_opened": ("We have opened a case", "已建立服务单"),
    "finding_merged": ("A further finding was added to the case", "新的诊断结果已并入服务单"),
    "code_joined": ("The car itself reports a trouble code of this fault", "车辆自身报告了与此故障相符的故障码"),
    "case_waiting": ("No visit can be proposed yet", "暂时无法安排预约"),
    "question_asked": ("A question about the car decides which part fits", "需要您回答一个车辆问题以确定适配配件"),
    "question_answered": ("The owner has answered a question about the car", "车主已回答车辆问题"),
    "appointment_proposed": ("A visit is proposed", "已为您建议预约"),
    "appointment_moved": ("The visit was moved", "预约已改期"),
    "appointment_arranged": ("The workshop has changed bay or technician", "门店调整了工位或技师"),
    "appointment_confirmed": ("The visit is confirmed", "预约已确认"),
    "appointment_given_back": ("Who held this time has given it back", "预留方已释放此时间"),
    "appointment_expired": ("The proposed visit has expired", "建议的预约已过期"),
    "no_show": ("The car did not arrive; everything held has been released", "车辆未到店，所有预留已释放"),
    "appointment_offered": ("Another time is held for the visit", "已为预约保留另一时间"),
    "appointment_kept": ("The visit stays at its time", "预约保持原定时间"),
    "offer_expired": ("The other time has been given back", "另一时间已释放"),
    "part_late": ("A part comes later than promised", "配件将晚于承诺时间到货"),
    "wait_joined": ("The owner waits for an earlier time", "车主已加入候补"),
    "wait_ended": ("The owner waits no longer", "候补已结束"),
    "assistance_asked": ("The owner asked for help on the road", "车主已申请道路救援"),
    "case_declined": ("Declined; everything held has been released", "已取消，所有预留已释放"),
    "car_arrived": ("The car has arrived at the workshop", "车辆已到店"),
    "lines_added": ("The workshop found more to do and asks for approval", "门店新增项目，等待您的授权"),
    "lines_decided": ("The lines of the estimate were decided on", "报价项目已确认"),
    "lines_changed": ("The workshop changed a line and asks for approval again", "门店修改了项目，需要您重新授权"),
    "line_withdrawn": ("The workshop took a line off the order", "门店已撤销一个项目"),
    "line_returned": ("A part was not needed and went back to the shelf", "未使用的配件已退回"),
    "inspected": ("The car was looked over", "车辆检查已完成"),
    "fault_found": ("The technician wrote down what was found", "技师已记录诊断结果"),
    "case_settled": ("The repair is settled", "维修已结算"),
    "bill_paid_in_part": ("A part of the bill is paid", "维修费用已支付一部分"),
    "money_given_back": ("Money was given back at the counter", "前台已退回部分款项"),
    "bill_paid": ("The bill is paid", "维修费用已支付"),
    "sheet_corrected": ("The settlement sheet was corrected", "结算清单已更正"),
    "verdict_given": ("The workshop said what it found of a finding", "门店已反馈诊断核实结果"),
    "reviewed": ("The visit was reviewed", "已评价"),
    "review_answered": ("The workshop answered the review", "门店已回复评价"),
}


def tell(unit: UnitOfWork, case: str, kind: str, actor: str, /, **data: Any) -> None:
    """Append what happened to a case to its feed."""
    en, zh = CASE_EVENTS[kind]
    append(unit, case, kind, {"en": en, "zh": zh, **data}, actor)


def move_case(unit: UnitOfWork, case: Row[Any], to: CaseState, **values: Any) -> None:
    if to not in CASE_MOVES[CaseState(case.state)]:
        raise Conflict(
            f"the case is {case.state} and cannot become {to}",
            why="case_stands",
            told={"case_state": case.state},
            state=case.state,
        )
    values |= {"state": to.value, "updated_at": unit.now()}
    unit.connection.execute(update(cases).where(cases.c.id == case.id).values(**values))


def move_appointment(unit: UnitOfWork, appointment: Row[Any], to: AppointmentState, **values: Any) -> None:
    if to not in APPOINTMENT_MOVES[AppointmentState(appointment.state)]:
        raise Conflict(
            f"the appointment is {appointment.state} and cannot become {to}",
            why="visit_stands",
            told={"visit_state": appointment.state},
            state=appointment.state,
        )
    change_appointment(unit, appointment.id, state=to.value, **values)


def change_appointment(unit: UnitOfWork, appointment: str, **values: Any) -> None:
    values |= {"updated_at": unit.now()}
    unit.connection.execute(update(appointments).where(appointments.c.id == appointment).values(**values))


def change_order(unit: UnitOfWork, order: str, **values: Any) -> None:
    values |= {"updated_at": unit.now()}
    unit.connection.execute(update(repair_orders).where(repair_orders.c.id == order).values(**values))
