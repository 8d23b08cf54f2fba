"""Why no visit is proposed, or why a visit is as it is: one row per reason, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from aftersales.operations import PART_WORDS


class Reason(TypedDict):
    code: str
    en: str
    zh: str


class Answer(TypedDict):
    """One answer to choose: as it is sent, and as it is shown."""

    value: str
    en: str
    zh: str


class Question(TypedDict):
    """What would settle which part fits. With an `attribute` the owner can answer it; without, a person must look.

    `kind` is the kind of answer (`parts_catalog.parts.AnswerKind`), `choices` are answers to offer.
    """

    part_type: str
    attribute: str | None
    kind: str | None
    choices: list[Answer]
    en: str
    zh: str


_REASONS: Mapping[str, tuple[str, str]] = {
    "no_fitting_part": (
        "The catalogue knows no fitting part for this car: {part_en}",
        "配件目录中没有适配此车的配件：{part_zh}",
    ),
    "part_unclear": (
        "Which part fits depends on an answer from you: {part_en}",
        "需要您补充信息才能确定适配配件：{part_zh}",
    ),
    "part_out_of_stock": ("No fitting part is in stock: {part_en}", "适配配件暂时缺货：{part_zh}"),
    "part_without_price": ("The fitting part has no price yet: {part_en}", "适配配件暂无价格：{part_zh}"),
    "part_not_by_then": (
        "This part cannot be there at the chosen time: {part_en}",
        "该配件无法在所选时间前到货：{part_zh}",
    ),
    "no_workshop_equipped": (
        "No workshop has the skills and equipment for this work: {skills}",
        "没有门店具备此项作业所需的技能和设备：{skills}",
    ),
    "work_too_long": (
        "This work takes {hours} hours, more than the workshop is open in {days} days; it will agree the days with you",
        "此项作业需{hours}小时，超过门店未来{days}天的营业时长；门店将与您另行商定日期",
    ),
    "no_slot_in_time": (
        "No workshop has a free bay and technician by {latest}; please choose a later time yourself",
        "在{latest}之前没有空闲的工位和技师；请自行选择稍后的时间",
    ),
    "no_slot": (
        "No workshop has a free bay and technician in the next {days} days",
        "未来{days}天内没有空闲的工位和技师",
    ),
    "hold_expired": (
        "The proposed visit was not confirmed in time and has been given back",
        "建议的预约未在时限内确认，已释放",
    ),
    "given_back": (
        "Who held the proposed visit for you has given it back; please book another time",
        "为您预留时间的一方已将其释放；请另约时间",
    ),
    "no_show": (
        "The car did not arrive for its visit, which has been given back; please book another time",
        "车辆未按预约到店，预约已释放；请另约时间",
    ),
    "waiting_for_slot": ("You wait for a time at this workshop", "您正在候补该门店的时间"),
    "parts_arrive": ("The parts arrive on {day}", "配件{day}到货"),
    "first_free_technician": ("The first time a technician with the skills is free", "具备技能的技师最早的空闲时间"),
    "first_free_bay": ("The first time a bay with the equipment is free", "具备设备的工位最早的空闲时间"),
    "only_technician": (
        "Only {name_en} has the skills for this work, and is away or busy until {day}",
        "只有{name_zh}具备此项作业的技能，{day}起才有空",
    ),
    "first_free_loaner": ("The first time a loaner car is free is {day}", "代步车最早{day}空闲"),
    "closed_before": ("The workshop is closed on {day}", "门店{day}休息"),
    "as_soon_as_open": ("A bay and a technician are free", "工位和技师空闲"),
    "set_by_workshop": ("The workshop has set this time", "此时间由门店安排"),
    # Why a booked visit cannot be kept as it stands.
    "closed_meanwhile": ("The workshop is closed during this visit", "门店在此预约时段内休息"),
    "away": ("{name_en} is away then", "{name_zh}届时无法安排"),
    "off_shift": ("{name_en} does not work then", "{name_zh}届时不当班"),
    "unfit": ("{name_en} is not fit for this work any more", "{name_zh}已不具备此项作业的条件"),
}

# What may bind a slot's time, and whether it names a day.
SLOT_REASONS: Mapping[str, bool] = {
    "parts_arrive": True,
    "first_free_technician": False,
    "only_technician": True,
    "first_free_bay": False,
    "first_free_loaner": True,
    "closed_before": True,
    "as_soon_as_open": False,
    "set_by_workshop": False,
}

_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")

# What the owner of a stopped car is told first (urgency S0).
STOP_ADVICE: tuple[Reason, ...] = (
    Reason(
        code="stop",
        en="Stop where it is safe and switch the engine off; do not drive on",
        zh="请在安全处停车并熄火，不要继续行驶",
    ),
    Reason(
        code="tow",
        en="Have the car towed to the workshop, or ask the workshop for its mobile service",
        zh="请联系拖车将车辆送至门店，或要求门店提供上门救援服务",
    ),
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds a slot's time: a row of `SLOT_REASONS`, with the local day if it names one."""

    code: str
    day: date | None = None

    def __post_init__(self) -> None:
        if SLOT_REASONS[self.code] is not (self.day is not None):
            raise ValueError(f"{self.code} {'names a' if self.day is None else 'names no'} day")

    def told(self, name_en: str, name_zh: str) -> Reason:
        """Say it in words; the names are those of the slot's technician."""
        if self.day is None:
            return reason(self.code)
        if self.code == "parts_arrive":
            return weekday_reason(self.code, self.day.weekday())
        return day_reason(self.code, self.day, name_en=name_en, name_zh=name_zh)


AS_SOON_AS_OPEN = Binding("as_soon_as_open")


def reason(code: str, **fields: object) -> Reason:
    en, zh = _REASONS[code]
    return Reason(code=code, en=en.format(**fields), zh=zh.format(**fields))


def part_reason(code: str, part_type: str) -> Reason:
    """Give a reason that names a part type in each language."""
    en, zh = PART_WORDS.get(part_type, (part_type.replace("_", " "), part_type))
    return reason(code, part_en=en, part_zh=zh)


def weekday_reason(code: str, weekday: int) -> Reason:
    """Give a reason whose `{day}` is a day of the week (0 = Monday) in each language."""
    en, zh = _REASONS[code]
    return Reason(code=code, en=en.format(day=_DAYS_EN[weekday]), zh=zh.format(day=_DAYS_ZH[weekday]))


def day_reason(code: str, day: date, **fields: str) -> Reason:
    """Give a reason whose `{day}` is a day of the year in each language."""
    en, zh = _REASONS[code]
    in_english, in_chinese = f"{day.day} {_MONTHS_EN[day.month - 1]}", f"{day.month}月{day.day}日"
    return Reason(code=code, en=en.format(day=in_english, **fields), zh=zh.format(day=in_chinese, **fields))
