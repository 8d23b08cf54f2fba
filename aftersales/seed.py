"""The demo's workshops: three in Shanghai and Beijing, with bays, technicians and their shifts, hours and a loaner."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from aftersales.workshop.hours import Hours
from aftersales.workshop.workshops import Bay, Contact, Loaner, Place, Technician, Timing, Workshop, add_workshop
from foundation.database import UnitOfWork
from foundation.identity import add_organisation, list_organisations

WORKSHOP_ORGANISATION = "org_demo_workshop"
SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINESE_VAT = 1300

_DAY: Hours = [["08:30", "12:00"], ["13:00", "18:00"]]
_LONG_DAY: Hours = [["08:00", "12:00"], ["12:30", "20:00"]]
_SIX_DAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), _DAY)
_SEVEN_DAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), _LONG_DAY)
# Beside China's public holidays: the workshops' own opening in the last days of two long holidays.
_SHORT_DAY: Hours = [["09:00", "12:00"], ["13:00", "16:00"]]
_SPECIAL: dict[str, Hours] = {"2027-02-10": _SHORT_DAY, "2027-10-04": _SHORT_DAY, "2027-10-05": _SHORT_DAY}
# The second technician comes late and the third leaves early; who has no shift works the opening hours.
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat")
_LATE: dict[str, Hours] = {day: [["10:00", "20:00"]] for day in _WEEK}
_EARLY: dict[str, Hours] = {day: [["08:00", "16:00"]] for day in _WEEK}
_SHIFTS = (None, _LATE, _EARLY, None)
# A washed car goes back to its owner, and high-voltage work begins with switching the car off safely.
_SERVICES = {"maintenance": Timing(None, 0, 15), "inspection": Timing(None, 0, 15)} | {
    f"repair_{fault}": Timing(None, 30, 15) for fault in ("hybrid_battery", "traction_battery_fade", "cell_spread")
}

_BAYS = (("1", "lift"), ("2", "lift diagnostics"), ("3", "lift high_voltage diagnostics"))
_EVERYBODY = "general diagnosis engine electrical"
_SKILLS = (_EVERYBODY, f"{_EVERYBODY} fuel", f"{_EVERYBODY} fuel transmission", f"{_EVERYBODY} high_voltage")
_PEOPLE = {
    "wks_shanghai_pudong": (
        ("Zhang Wei", "张伟"),
        ("Wang Fang", "王芳"),
        ("Li Qiang", "李强"),
        ("Chen Jing", "陈静"),
    ),
    "wks_shanghai_minhang": (
        ("Liu Yang", "刘洋"),
        ("Zhao Lei", "赵磊"),
        ("Huang Min", "黄敏"),
        ("Zhou Jie", "周杰"),
    ),
    "wks_beijing_chaoyang": (("Wu Hao", "吴昊"), ("Xu Li", "徐丽"), ("Sun Tao", "孙涛"), ("Ma Chao", "马超")),
}
# Of nobody: streets, numbers and licences of a demo.
_CONTACTS: Mapping[str, Contact] = {
    "wks_shanghai_pudong": Contact("上海市浦东新区示范路 1 号", "021-5555 0101", "示范 310115000001"),
    "wks_shanghai_minhang": Contact("上海市闵行区示范路 2 号", "021-5555 0102", "示范 310112000002"),
    "wks_beijing_chaoyang": Contact("北京市朝阳区示范路 3 号", "010-5555 0103", "示范 110105000003"),
}
WORKSHOPS = tuple(_PEOPLE)


def seed_workshops(unit: UnitOfWork) -> list[tuple[str, str]]:
    """Put the demo's workshops there, or bring them up to date; gives (stock location, organisation) of each."""
    if WORKSHOP_ORGANISATION not in {organisation for organisation, _ in list_organisations(unit)}:
        add_organisation(unit, "Forecourt Demo Workshops / 前庭示范汽修", WORKSHOP_ORGANISATION)
    workshops = demo_workshops()
    for workshop in workshops:
        add_workshop(unit, workshop)
    return [(workshop.stock_location, workshop.organisation) for workshop in workshops]


def demo_workshops() -> list[Workshop]:
    return [
        _workshop("wks_shanghai_pudong", "Pudong Workshop", "浦东汽修中心", (31.2215, 121.5440), 30_000, _SEVEN_DAYS),
        _workshop("wks_shanghai_minhang", "Minhang Workshop", "闵行汽修中心", (31.1128, 121.3817), 26_000, _SIX_DAYS),
        _workshop("wks_beijing_chaoyang", "Chaoyang Workshop", "朝阳汽修中心", (39.9219, 116.4434), 32_000, _SIX_DAYS),
    ]


def _workshop(key: str, en: str, zh: str, place: Place, rate: int, hours: dict[str, Hours]) -> Workshop:
    name = key.removeprefix("wks_")
    return Workshop(
        key,
        WORKSHOP_ORGANISATION,
        en,
        zh,
        place,
        SHANGHAI,
        "CNY",
        rate,
        CHINESE_VAT,
        hours,
        _SPECIAL,
        f"loc_{name}",
        tuple(Bay(f"bay_{name}_{number}", number, frozenset(gear.split())) for number, gear in _BAYS),
        tuple(
            Technician(f"tech_{name}_{number}", english, chinese, frozenset(skills.split()), shifts)
            for number, ((english, chinese), skills, shifts) in enumerate(
                zip(_PEOPLE[key], _SKILLS, _SHIFTS, strict=True), 1
            )
        ),
        country="CN",
        loaners=(Loaner(f"loan_{name}_1", "1"),),
        services=_SERVICES,
        contact=_CONTACTS[key],
    )
