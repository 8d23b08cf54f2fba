"""Letters by SMTP, through the standard library; the port that sends what agreed readers find in their mail."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from aftersales.messages import Mail, delivered, put_down, take_up
from foundation.database import Database
from foundation.identity import address_of, open_account

Send = Callable[[str, Mail, str], None]  # address, letter, language ("en" or "zh"); raises when it was not taken
TIMEOUT_S = 20.0


class NoMailServerError(Exception):
    """A letter is to be sent, and the settings name no mail server any more."""


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


def send_letter(database: Database, send: Send | None, message: str) -> None:
    """Send one queued letter, with no connection or lock held while the mail server is spoken to.

    It is taken up and that is committed, then sent, then marked as delivered. Killed in between, it is taken up again
    after `IN_HAND`: at worst a letter goes out twice, under the same Message-ID, and none is lost. Raises what the
    server raised, `LetterInHandError`, or `NoMailServerError`; each is worth another try.
    """
    with database.unit() as unit:
        mail = take_up(unit, message)
        if mail is None:
            return
        if send is None:
            raise NoMailServerError("a letter was queued, but FORECOURT_SMTP_URL is not set")
        reader = open_account(unit, mail.account)
        address = address_of(unit, reader.account) if reader is not None else ""
    if reader is not None:  # an account that was closed meanwhile is not written to
        language = "zh" if (reader.language or "").lower().startswith("zh") else "en"
        try:
            send(address, mail, language)
        except Exception:
            with database.unit() as unit:
                put_down(unit, message)
            raise
    with database.unit() as unit:
        delivered(unit, message)


def letter(sender: str, address: str, mail: Mail, language: str) -> EmailMessage:
    """Write a letter; its Message-ID is the same for every try, so that a reader sees one."""
    written = EmailMessage()
    written["From"] = sender
    written["To"] = address
    written["Subject"] = mail.title.zh if language == "zh" else mail.title.en
    written["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    written.set_content(mail.text.zh if language == "zh" else mail.text.en)
    return written
