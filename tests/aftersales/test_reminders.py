"""Reminders: with consent, by day, once, and at the time that the visit has by then; letters through the mail port."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog
from sqlalchemy import select, update

from aftersales.tables import messages, reminders
from aftersales.telling.consents import Channel
from aftersales.telling.messages import IN_HAND, LetterInHandError, Mail
from aftersales.telling.notices import NOTICES, Words
from aftersales.telling.reminders import waking
from forecourt.mail import NoPortError, console, letter, ports_of, send_letter, smtp_sender, words
from forecourt.settings import Settings
from forecourt.sweeps import sweep_deadlines
from forecourt.task_queue import QUEUE
from forecourt.tasks import build_tasks
from foundation.tables import accounts
from tests.aftersales.voices import Town
from tests.aftersales.world import local

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def visit(street: Town) -> dict[str, Any]:
    """A confirmed visit on Thursday at ten; it is Monday noon."""
    slot = next(one for one in street.owner.slots() if one["start"] == local("2026-11-26T10:00").isoformat())
    return street.owner.confirmed("car-1", slot)


def at(street: Town, written: str) -> None:
    """Move the clock to a wall time in China, and sweep."""
    street.world.clock.advance(local(written) - street.world.clock.now())
    street.sweep()


def reminded(street: Town) -> list[str]:
    return [kind for kind in street.owner.told() if kind in {"day_before", "hours_before"}]


def agree(street: Town, channel: str = "inbox") -> None:
    street.owner.post("consents", {"channel": channel, "purpose": "reminders"}, 201)


def test_reminders_come_a_day_and_two_hours_before(street: Town, visit: dict[str, Any]) -> None:
    agree(street)
    at(street, "2026-11-25T09:59")
    assert reminded(street) == []
    at(street, "2026-11-25T10:00")
    assert reminded(street) == ["day_before"]
    at(street, "2026-11-26T08:00")
    street.sweep()
    assert reminded(street) == ["day_before", "hours_before"]
    newest = street.owner.get("messages", unread=True)["items"][0]
    assert newest["text_en"] == "2026-11-26 10:00 at one."
    assert newest["text_zh"] == "11月26日10:00，one。"
    read = street.owner.post(f"messages/{newest['id']}/read")
    assert read["read_at"] is not None
    assert newest["id"] not in [one["id"] for one in street.owner.get("messages", unread=True)["items"]]
    street.stranger.post(f"messages/{newest['id']}/read", status=404)


def test_nobody_is_reminded_without_consent_or_after_withdrawing_it(street: Town, visit: dict[str, Any]) -> None:
    at(street, "2026-11-25T10:00")
    agree(street)
    street.owner.delete("consents", channel="inbox", purpose="reminders")
    at(street, "2026-11-26T08:00")
    assert reminded(street) == []
    given = street.owner.get("consents")["items"]
    assert [one["withdrawn_at"] is not None for one in given] == [True], "what was agreed to is kept on file"
    assert street.stranger.get("consents")["items"] == []
    with street.world.database.unit() as unit:
        assert set(unit.connection.execute(select(reminders.c.state)).scalars()) == {"dropped"}


def test_consent_again_is_one_and_notices_need_none(street: Town) -> None:
    for _ in range(2):
        agree(street)
    assert len(street.owner.get("consents")["items"]) == 1
    street.owner.post("consents", {"channel": "inbox", "purpose": "notices"}, 422)
    street.owner.post("consents", {"channel": "smoke", "purpose": "notices"}, 422)
    assert street.owner.delete("consents", channel="mail", purpose="notices")["withdrawn_at"] is None


def test_reminders_move_with_the_visit_and_go_with_it(street: Town, visit: dict[str, Any]) -> None:
    agree(street)
    later = next(one for one in street.owner.slots(case=visit["case"]) if one["start"].startswith("2026-11-28"))
    street.owner.post(f"appointments/{visit['id']}/reschedule", {"slot": later["id"]})
    at(street, "2026-11-26T08:00")
    assert reminded(street) == []
    at(street, "2026-11-27T09:00")
    assert reminded(street) == ["day_before"]
    street.owner.post(f"appointments/{visit['id']}/decline")
    at(street, "2026-11-28T08:00")
    assert reminded(street) == ["day_before"]


def test_sweeps_at_once_remind_once(street: Town, visit: dict[str, Any]) -> None:
    agree(street)
    street.world.clock.advance(local("2026-11-25T10:00") - street.world.clock.now())
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(street.sweep) for _ in range(4)]:
            done.result()
    assert reminded(street) == ["day_before"]


def test_a_sweep_that_comes_at_night_waits_for_the_morning(street: Town, visit: dict[str, Any]) -> None:
    agree(street)
    at(street, "2026-11-25T23:00")
    assert reminded(street) == []
    at(street, "2026-11-26T08:00")
    assert reminded(street) == ["day_before", "hours_before"]


@pytest.mark.parametrize(
    ("due", "start", "sent"),
    [
        ("2026-11-25T10:00", "2026-11-26T10:00", "2026-11-25T10:00"),
        ("2026-11-25T22:00", "2026-11-26T22:00", "2026-11-26T08:00"),
        ("2026-11-26T06:30", "2026-11-26T08:30", "2026-11-25T20:30"),  # eight o'clock would be too late
        ("2026-11-26T07:00", "2026-11-26T09:00", "2026-11-26T08:00"),
        ("2026-11-25T21:00", "2026-11-26T08:30", "2026-11-25T20:30"),
    ],
)
def test_nobody_is_woken(due: str, start: str, sent: str) -> None:
    assert waking(local(due), local(start), CHINA) == local(sent)


def test_letters_go_out_once_however_often_their_sending_is_tried(street: Town, visit: dict[str, Any]) -> None:
    agree(street, "mail")
    at(street, "2026-11-25T10:00")
    sent: list[tuple[str, Mail, str]] = []

    def refuse_first(address: str, mail: Mail, language: str) -> None:
        sent.append((address, mail, language))
        if len(sent) == 1:
            raise OSError("the mail server is away")

    sweep_deadlines(street.world.database, channels=[Channel.MAIL])
    app = build_tasks(street.world.database, {Channel.MAIL: refuse_first})
    send = app.tasks["send_mail"]
    with street.world.database.unit() as unit:
        ((letter_id, state),) = unit.connection.execute(
            select(messages.c.id, messages.c.state).where(messages.c.channel == "mail")
        ).all()
        queued = unit.connection.exec_driver_sql("SELECT queue_name, args FROM procrastinate_jobs").all()
    assert (state, [tuple(row) for row in queued]) == ("queued", [(QUEUE, {"message": letter_id})])
    with pytest.raises(OSError, match="away"):
        send(message=letter_id)
    for _ in range(2):
        send(message=letter_id)
    assert [(address, language) for address, _, language in sent] == [("owner@org_li.example", "en")] * 2
    assert {mail.id for _, mail, _ in sent} == {letter_id}
    sweep_deadlines(street.world.database, channels=[Channel.MAIL])
    with street.world.database.unit() as unit:
        assert unit.connection.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs").scalar_one() == 1


def test_no_lock_is_held_while_a_letter_is_sent_and_a_dropped_one_is_sent_again(
    street: Town, visit: dict[str, Any]
) -> None:
    agree(street, "mail")
    at(street, "2026-11-25T10:00")
    database, seen = street.world.database, list[object]()
    sweep_deadlines(database, channels=[Channel.MAIL])
    with database.unit() as unit:
        letter_id = unit.connection.execute(select(messages.c.id).where(messages.c.channel == "mail")).scalar_one()

    def killed(address: str, mail: Mail, language: str) -> None:
        with database.unit() as unit:
            taken = select(messages.c.taken_up_at).where(messages.c.id == mail.id).with_for_update(nowait=True)
            seen.append(unit.connection.execute(taken).scalar_one())
        raise KeyboardInterrupt  # as when its process dies: nobody puts it down

    with pytest.raises(KeyboardInterrupt):
        send_letter(database, {Channel.MAIL: killed}, letter_id)
    assert seen == [street.world.clock.now()]
    sent: list[str] = []
    ports = {Channel.MAIL: lambda address, _mail, _language: sent.append(address)}
    with pytest.raises(LetterInHandError):
        send_letter(database, ports, letter_id)
    street.world.clock.advance(IN_HAND)
    for _ in range(2):
        send_letter(database, ports, letter_id)
    assert sent == ["owner@org_li.example"]


def test_no_letter_without_consent(street: Town, visit: dict[str, Any]) -> None:
    agree(street)
    at(street, "2026-11-25T10:00")
    with street.world.database.unit() as unit:
        channels = set(unit.connection.execute(select(messages.c.channel)).scalars())
    assert channels == {"inbox"}


def test_a_letter_is_the_same_message_at_every_try() -> None:
    mail = Mail("msg_1", "acc_1", Words("Your visit", "您的预约"), Words("Come", "请到店"))
    written = letter("desk@garage.example", "li@x.example", mail, "zh")
    assert (written["Message-ID"], written["Subject"]) == ("<msg_1@garage.example>", "您的预约")
    assert written.get_content() == "请到店\n"
    with pytest.raises(ValueError, match="smtp"):
        smtp_sender("http://mail.example", "desk@garage.example")


def test_text_messages_go_to_the_number_they_were_agreed_for_in_the_owners_language(
    street: Town, visit: dict[str, Any]
) -> None:
    owner, database = street.owner, street.world.database
    wish = {"channel": "sms", "purpose": "reminders"}
    for wrong in (
        {},
        {"phone": "13800000000"},
        {"phone": "+86 138 tel"},
        {"channel": "mail", "phone": "+8613800000000"},
    ):
        owner.post("consents", wish | wrong, 422)
    owner.post("consents", wish | {"phone": "+86 138 0000 0000"}, 201)
    given = owner.post("consents", wish | {"phone": "+86 139-0000-0001"}, 201)
    assert owner.post("consents", wish | {"phone": "+8613900000001"}, 201) == given
    with database.unit() as unit:
        unit.connection.execute(update(accounts).where(accounts.c.id == owner.actor.account).values(language="zh-CN"))
    at(street, "2026-11-25T10:00")
    sweep_deadlines(database, channels=[Channel.MAIL])
    with database.unit() as unit:
        assert unit.connection.execute(select(messages.c.state).where(messages.c.channel == "sms")).scalars().all() == [
            "waiting"
        ], "nobody sends text messages here"
    sweep_deadlines(database, channels=[Channel.SMS])
    with database.unit() as unit:
        text = unit.connection.execute(select(messages).where(messages.c.channel == "sms")).one()
    with pytest.raises(NoPortError, match="FORECOURT_SMS_URL"):
        send_letter(database, {}, text.id)
    sent: list[tuple[str, str]] = []
    ports = {Channel.SMS: lambda address, mail, language: sent.append((address, words(mail, language)))}
    send_letter(database, ports, text.id)
    assert sent == [("+8613900000001", f"{text.title_zh}（Volkswagen Golf 2016, car-1）：{text.text_zh}")]


def test_who_agrees_no_more_gets_no_text_message(street: Town, visit: dict[str, Any]) -> None:
    wish = {"channel": "sms", "purpose": "reminders"}
    street.owner.post("consents", wish | {"phone": "+8613800000000"}, 201)
    at(street, "2026-11-25T10:00")
    sweep_deadlines(street.world.database, channels=[Channel.SMS])
    with street.world.database.unit() as unit:
        text = unit.connection.execute(select(messages.c.id).where(messages.c.channel == "sms")).scalar_one()
    street.owner.delete("consents", channel="sms", purpose="reminders")
    sent: list[str] = []
    send_letter(street.world.database, {Channel.SMS: lambda address, *_: sent.append(address)}, text)
    assert sent == []


def test_the_settings_say_by_what_each_channel_goes(tmp_path: Path) -> None:
    def ports(**given: str) -> Any:
        return ports_of(Settings(data=tmp_path, **given))  # type: ignore[arg-type]

    assert ports() == {}
    assert ports(smtp_url="console:", sms_url="console:") == {Channel.MAIL: console, Channel.SMS: console}
    assert set(ports(smtp_url="smtp://127.0.0.1:25")) == {Channel.MAIL}
    with pytest.raises(ValueError, match="console"):
        ports(sms_url="pigeon://loft")
    with structlog.testing.capture_logs() as logged:
        console(
            "+8613800000000", Mail("msg_1", "acc_1", Words("Your visit", "您的预约"), Words("Come", "请到店")), "zh"
        )
    assert [(it["to"], it["words"]) for it in logged] == [("+8613800000000", "您的预约：请到店")]


def test_the_port_speaks_smtp() -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(take_one_letter, listener, said)
        send = smtp_sender(f"smtp://127.0.0.1:{listener.getsockname()[1]}", "desk@garage.example")
        send("li@x.example", Mail("msg_1", "acc_1", Words("Your visit", "您的预约"), Words("Come", "请到店")), "en")
        served.result(10)
    assert {"mail from:<desk@garage.example>", "rcpt to:<li@x.example>"} <= {
        one.lower().split(" size")[0] for one in said
    }
    assert {"Subject: Your visit", "Message-ID: <msg_1@garage.example>", "Come"} <= set(said)


def take_one_letter(listener: socket.socket, said: list[str]) -> None:
    """Be a mail server for one letter; note every line that it is told."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rw", encoding="utf-8", newline="") as wire:

        def answer(line: str) -> None:
            wire.write(f"{line}\r\n")
            wire.flush()

        answer("220 here")
        body = False
        for line in wire:
            said.append(line.rstrip())
            if body:
                body = line.rstrip() != "."
                if not body:
                    answer("250 taken")
            elif line.upper().startswith("DATA"):
                body = True
                answer("354 go on")
            else:
                answer("221 bye" if line.upper().startswith("QUIT") else "250 yes")


def test_every_notice_fills_in_both_languages() -> None:
    fields = {
        "when",
        "workshop",
        "until",
        "old",
        "day",
        "kind_en",
        "kind_zh",
        "vehicle",
        "place",
        "question",
        "host",
        "number",
    }
    for name, notice in NOTICES.items():
        filled = [words.format(**dict.fromkeys(fields, "#")) for words in (notice.text.en, notice.text.zh)]
        assert filled[0].count("#") == filled[1].count("#"), name
        assert notice.title.en
        assert notice.title.zh
