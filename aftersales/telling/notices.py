"""What people are told about their visits: one row per notice, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of message; title and text name what is filled in as `{name}`."""

    title: Words
    text: Words


NOTICES: Mapping[str, Notice] = {
    "parcel_late": Notice(
        Words("A parcel of your order is late", "您订单的包裹将晚到"),
        Words(
            "It was promised for {day} and has not arrived. Where it is stands with your order.",
            "承诺{day}送达，但尚未到达。最新进展请见您的订单。",
        ),
    ),
    "visit_proposed": Notice(
        Words("A visit is proposed for your car", "已为您的车辆建议预约"),
        Words(
            "{when} at {workshop}: all is held for you until {until}. Please confirm or decline.",
            "{when}，{workshop}：工位、技师和配件为您保留至{until}。请确认或取消。",
        ),
    ),
    "question_asked": Notice(
        Words("A question about your car", "关于您车辆的一个问题"),
        Words(
            "{question}. It decides which part fits; with your answer a visit is proposed at once.",
            "{question}。这决定适配哪个配件；您回答后将立即建议预约。",
        ),
    ),
    "visit_confirmed": Notice(
        Words("Your visit is confirmed", "您的预约已确认"),
        Words("{when} at {workshop}. The parts are yours.", "{when}，{workshop}。所需配件已为您预留。"),
    ),
    "visit_moved": Notice(
        Words("Your visit was moved", "您的预约已改期"),
        Words("It is now {when} at {workshop}.", "新的时间：{when}，{workshop}。"),
    ),
    "visit_given_back": Notice(
        Words("The proposed visit has been given back", "建议的预约已被释放"),
        Words(
            "{when} at {workshop} is held for you no more: who proposed it gave it back. You can book another time.",
            "{when}（{workshop}）不再为您保留：建议方已释放此时间。您可以另约时间。",
        ),
    ),
    "visit_expired": Notice(
        Words("The proposed visit has expired", "建议的预约已过期"),
        Words(
            "{when} at {workshop} was not confirmed in time and has been given back. You can book another time.",
            "{when}（{workshop}）未在时限内确认，已释放。您可以另约时间。",
        ),
    ),
    "no_show": Notice(
        Words("Your car did not arrive", "您的车辆未到店"),
        Words(
            "The visit of {when} at {workshop} has been given back. Please book another time.",
            "{when}（{workshop}）的预约已释放，请另约时间。",
        ),
    ),
    "slot_offered": Notice(
        Words("A time you waited for is free", "您候补的时间已空出"),
        Words(
            "{when} at {workshop} is held for you until {until}. Accept it, or decline it; what you have stays yours.",
            "{when}，{workshop}，为您保留至{until}。您可以接受或放弃；已有预约不受影响。",
        ),
    ),
    "time_proposed": Notice(
        Words("The workshop proposes another time", "门店建议另一时间"),
        Words(
            "{when} at {workshop} is held for you until {until}: accept it, or keep your visit of {old}.",
            "{when}（{workshop}）为您保留至{until}：您可以接受，或保留原定的{old}。",
        ),
    ),
    "offer_lapsed": Notice(
        Words("The offered time has gone to the next in line", "候补时间已转给下一位"),
        Words(
            "{when} at {workshop} was not accepted in time. What you have booked is unchanged.",
            "{when}（{workshop}）未在时限内接受。您已有的预约不变。",
        ),
    ),
    "part_late": Notice(
        Words("A part comes later than promised", "配件将晚于承诺时间到货"),
        Words(
            "The part comes on {day}. {when} at {workshop} is held for you instead, until {until}: accept it, or keep"
            " your visit of {old}.",
            "配件将于{day}到货。已为您保留{when}，{workshop}，至{until}：您可以接受，或保留原定的{old}。",
        ),
    ),
    "part_late_no_time": Notice(
        Words("A part comes later than promised", "配件将晚于承诺时间到货"),
        Words(
            "The part for your visit of {old} at {workshop} comes on {day}, and no later time is free yet. The workshop"
            " will call you, or choose another time yourself.",
            "您{old}（{workshop}）所需的配件将于{day}到货，暂无合适的时间。门店将与您联系，您也可以自行改期。",
        ),
    ),
    "part_in_time": Notice(
        Words("The part comes in time after all", "配件仍将按时到货"),
        Words("Your visit of {when} at {workshop} stays as it is.", "您{when}（{workshop}）的预约保持不变。"),
    ),
    "visit_at_risk": Notice(  # to the workshop
        Words("A part for a visit comes later", "预约所需配件延迟"),
        Words(
            "A part for the visit of {old} at {workshop} comes on {day}. The owner has been told.",
            "{old}（{workshop}）预约所需配件将于{day}到货，已通知车主。",
        ),
    ),
    "visit_kept": Notice(  # to the workshop
        Words("The owner keeps his time", "车主保留原定时间"),
        Words(
            "The visit of {when} at {workshop} stays, though a part for it comes later.",
            "{when}（{workshop}）的预约不变，但有配件将延迟到货。",
        ),
    ),
    "stop_car": Notice(
        Words("Stop the car", "请立即停车"),
        Words(
            "Stop where it is safe and switch the engine off; do not drive on. Ask for towing or for the mobile service"
            " here: {workshop} is told at once.",
            "请在安全处停车并熄火，不要继续行驶。您可以在此申请拖车或上门救援，{workshop}会立即收到通知。",
        ),
    ),
    "assistance_asked": Notice(  # to the workshop
        Words("A stopped car asks for help", "车辆抛锚求助"),
        Words("Asked for: {kind_en}. Car {vehicle}. {place}", "需要：{kind_zh}。车辆{vehicle}。{place}"),
    ),
    "webhook_disabled": Notice(
        Words("A webhook was switched off", "一个 Webhook 已被停用"),
        Words(
            "{host} has not taken what we sent for days, or said that it is gone. Nothing is lost: switched on again,"
            " it gets everything since.",
            "{host}已多日未能接收我们发送的内容，或表示地址已失效。内容不会丢失：重新启用后将补发全部事件。",
        ),
    ),
    "lines_to_decide": Notice(
        Words("The workshop asks for your approval", "门店请您授权"),
        Words(
            "{workshop} has found more to do, or changed a line you had approved. Nothing of it is done before you say"
            " yes.",
            "{workshop}新增或修改了维修项目。未经您授权不会施工。",
        ),
    ),
    "review_answered": Notice(
        Words("The workshop answered your review", "门店回复了您的评价"),
        Words("{workshop} has written an answer; it stands below your review.", "{workshop}已回复，见您的评价下方。"),
    ),
    "sheet_written": Notice(
        Words("Your settlement sheet is ready", "结算清单已生成"),
        Words(
            "{workshop} has written it: you can read, sign and pay it here.",
            "{workshop}已生成清单，可在此查看、签字和支付。",
        ),
    ),
    "sheet_corrected": Notice(
        Words("Your settlement sheet was corrected", "结算清单已更正"),
        Words(
            "{workshop} has written another sheet in its place, which comes to less. What was paid too much goes back.",
            "{workshop}已出具更正清单，金额有所减少；多付部分将退回。",
        ),
    ),
    "record_lacking": Notice(  # to the workshop
        Words("A repair record lacks something", "维修电子档案信息不全"),
        Words(
            "The record of sheet {number} cannot be reported before plate and VIN are known. Nothing is invented:"
            " please say what is missing.",
            "结算清单{number}的维修记录缺少车牌号或车架号，暂无法上传。系统不会编造数据，请补充。",
        ),
    ),
    "record_refused": Notice(  # to the workshop
        Words("A repair record was not taken", "维修电子档案上传失败"),
        Words(
            "The platform has not taken the record of sheet {number}. Why stands with the repair order.",
            "平台未接收结算清单{number}的维修记录，原因见工单。",
        ),
    ),
    "day_before": Notice(
        Words("You have a visit to the workshop", "您有到店预约"),
        Words("{when} at {workshop}.", "{when}，{workshop}。"),
    ),
    "hours_before": Notice(
        Words("Your visit to the workshop begins soon", "您的到店预约即将开始"),
        Words("{when} at {workshop}.", "{when}，{workshop}。"),
    ),
}

# What a letter says of the link by which its reader decides; in the inbox he is signed in, and needs none.
LINK = Words(
    "Look at it and decide here, without signing in. The link is for you alone and holds for {days} days: {link}",
    "无需登录即可查看并决定。此链接仅供您本人使用，{days}天内有效：{link}",
)


def local_words(at: datetime, zone: ZoneInfo) -> Words:
    """Write an instant as the wall time of a workshop."""
    wall = at.astimezone(zone)
    return Words(f"{wall:%Y-%m-%d %H:%M}", f"{wall.month}月{wall.day}日{wall:%H:%M}")
