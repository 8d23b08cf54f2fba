"""What people agreed to be sent outside: letters by SMTP, through the standard library, and text messages.

Each channel has one port. What is not set up has none, and what was written for it waits a day and is dropped. The
console is a port for both: it writes to the log what would be sent, for trials. A provider of text messages is one row
of `SMS_PORTS`: what sends by it, by the scheme of its address.
"""

import smtplib
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from aftersales.repair.approval_links import LINK_DAYS, new_approval_link
from aftersales.telling.consents import Channel, phone_of
from aftersales.telling.messages import Mail, delivered, put_down, take_up
from aftersales.telling.notices import LINK
from forecourt.car_names import names_of
from forecourt.settings import Settings
from foundation.database import Database, UnitOfWork
from foundation.identity import address_of, open_account

Send = Callable[[str, Mail, str], None]  # address, letter, language ("en" or "zh"); raises when it was not taken
Ports = Mapping[Channel, Send]
TIMEOUT_S = 20.0
CONSOLE = "console:"
log = structlog.get_logger()


class NoPortError(Exception):
    """A letter is to be sent, and the settings name nothing any more by which it could be."""


def ports_of(settings: Settings) -> Ports:
    """Give what letters and text messages are sent by, as the settings say."""
    ports: dict[Channel, Send] = {}
    if settings.smtp_url is not None:
        url = settings.smtp_url.get_secret_value()
        ports[Channel.MAIL] = console if url == CONSOLE else smtp_sender(url, settings.mail_from)
    if settings.sms_url is not None:
        url = settings.sms_url.get_secret_value()
        made = SMS_PORTS.get(urlsplit(url).scheme)
        if made is None:
            raise ValueError(f"text messages are sent by an address that begins with one of: {', '.join(SMS_PORTS)}")
        ports[Channel.SMS] = made(url)
    return ports


def console(address: str, mail: Mail, language: str) -> None:
    """Write a letter or a text message to the log instead of sending it, without the secret of its link."""
    mail = replace(mail, link=mail.link and mail.link.partition("#")[0] + "#…")
    log.info("would_send", channel=mail.channel.value, to=address, message=mail.id, words=words(mail, language))


SMS_PORTS: Mapping[str, Callable[[str], Send]] = {"console": lambda _: console}


def words(mail: Mail, language: str) -> str:
    """Give a letter as one text, as it goes out by text message."""
    return f"{_title(mail, language)}{'：' if language == 'zh' else ': '}{_text(mail, language, ' ')}"


def _title(mail: Mail, language: str) -> str:
    if language == "zh":
        return f"{mail.title.zh}（{mail.car}）" if mail.car else mail.title.zh
    return f"{mail.title.en} ({mail.car})" if mail.car else mail.title.en


def _text(mail: Mail, language: str, between: str) -> str:
    text, link = (mail.text.zh, LINK.zh) if language == "zh" else (mail.text.en, LINK.en)
    return text if mail.link is None else text + between + link.format(days=LINK_DAYS, link=mail.link)


def smtp_sender(url: str, sender: str) -> Send:
    """Give the port for a server named as `smtp://user:password@host:25`, `smtps://...`, or `smtp+starttls://...`."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps", "smtp+starttls"} or parts.hostname is None:
        raise ValueError("the mail server is named as smtp://, smtps:// or smtp+starttls:// with a host")
    host = parts.hostname

    def send(address: str, mail: Mail, language: str) -> None:
        kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
        with kind(host, parts.port or 0, timeout=TIMEOUT_S) as server:
            if parts.scheme == "smtp+starttls":
                server.starttls()
            if parts.username is not None:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(letter(sender, address, mail, language))

    return send


def send_letter(database: Database, ports: Ports, message: str, house: str | None = None) -> None:
    """Send one queued letter, with no connection or lock held while the mail server is spoken to.

    One that asks for a decision gets a link of its own, if `house`, the address of our pages, is known.

    It is taken up and that is committed, then sent, then marked as delivered. Killed in between, it is taken up again
    after `IN_HAND`: at worst a letter goes out twice, under the same Message-ID, and none is lost. Raises what the
    server raised, `LetterInHandError`, or `NoPortError`; each is worth another try.
    """
    with database.unit() as unit:
        mail = take_up(unit, message)
        if mail is None:
            return
        send = ports.get(mail.channel)
        if send is None:
            setting = "FORECOURT_SMS_URL" if mail.channel is Channel.SMS else "FORECOURT_SMTP_URL"
            raise NoPortError(f"a message was queued, but {setting} is not set")
        reader = open_account(unit, mail.account)
        address = _address(unit, mail) if reader is not None else None
        if reader is not None and mail.vehicle is not None:
            mail = replace(mail, car=names_of(unit, reader, [mail.vehicle]).get(mail.vehicle))
    if reader is not None and address is not None:  # who closed his account or agrees no more is not written to
        language = "zh" if (reader.language or "").lower().startswith("zh") else "en"
        try:
            send(address, _with_link(database, mail, house), language)
        except Exception:
            with database.unit() as unit:
                put_down(unit, message)
            raise
    with database.unit() as unit:
        delivered(unit, message)


def _with_link(database: Database, mail: Mail, house: str | None) -> Mail:
    if mail.order is None or house is None:
        return mail
    with database.unit() as unit:
        secret = new_approval_link(unit, mail.account, mail.order)
    return mail if secret is None else replace(mail, link=f"{house.rstrip('/')}/approve#{secret}")


def _address(unit: UnitOfWork, mail: Mail) -> str | None:
    return phone_of(unit, mail.account) if mail.channel is Channel.SMS else address_of(unit, mail.account)


def letter(sender: str, address: str, mail: Mail, language: str) -> EmailMessage:
    """Write a letter; its Message-ID is the same for every try, so that a reader sees one."""
    written = EmailMessage()
    written["From"] = sender
    written["To"] = address
    written["Subject"] = _title(mail, language)
    written["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    written.set_content(_text(mail, language, "\n\n"))
    return written
