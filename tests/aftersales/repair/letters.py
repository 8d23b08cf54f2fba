"""What stands in the letters that ask an owner to decide: sent through a port that keeps them."""

from sqlalchemy import select

from aftersales.tables import messages
from aftersales.telling.consents import Channel
from aftersales.telling.messages import Mail
from forecourt.mail import send_letter
from forecourt.sweeps import sweep_deadlines
from foundation.database import Database

HOUSE = "https://service.example"


def read_letters(database: Database, house: str | None = HOUSE) -> list[Mail]:
    """Send what waits, the oldest first, and give it as it went out."""
    sent: list[Mail] = []
    ports = {one: lambda _address, mail, _language: sent.append(mail) for one in (Channel.MAIL, Channel.SMS)}
    sweep_deadlines(database, channels=list(ports))
    with database.unit() as unit:
        queued = select(messages.c.id).where(messages.c.state == "queued").order_by(messages.c.created_at)
        waiting = unit.connection.execute(queued).scalars().all()
    for one in waiting:
        send_letter(database, ports, one, house)
    return sent


def secret_in(mail: Mail) -> str:
    """Give the secret of a letter's link."""
    assert mail.link is not None
    address, _, secret = mail.link.partition("#")
    assert address == f"{HOUSE}/approve"
    return secret
