"""What came of a command, as JSON: `fc/v1/{device}/result`."""

from typing import Any

from ingest.dialects.dialect import Ours
from ingest.dialects.strict import by_ecu, header_in, identified, instant, listed, load_json, text
from ingest.envelope import CommandResult, Malformed, Message, Outcome
from ingest.topics import Kind, is_id

MAXIMUM_REPLIES = 1000
LONGEST_REPLY = 400  # a line as the adapter printed it
LONGEST_DETAIL = 500


def decode(payload: bytes) -> Message:
    document = load_json(payload)
    header = header_in(document)
    with identified(header):
        command, kind = document.get("id"), document.get("kind")
        if not isinstance(command, str) or not is_id(command):
            raise Malformed("id names no command")
        if not isinstance(kind, str) or not is_id(kind):
            raise Malformed("kind is no kind of command")
        result = CommandResult(
            instant(document, "t"),
            command,
            kind,
            _outcome(document),
            text(document, "detail", LONGEST_DETAIL) or "",
            _deeds(document),
            _replies(document),
        )
        return Message(header, result)


def _outcome(document: dict[str, Any]) -> Outcome:
    told = document.get("outcome")
    if not isinstance(told, str) or told not in {outcome.value for outcome in Outcome}:
        raise Malformed(f"outcome is none of {', '.join(Outcome)}")
    return Outcome(told)


def _deeds(document: dict[str, Any]) -> dict[str, str]:
    if document.get("ecus") is None:
        return {}
    ecus = by_ecu(document, "ecus")
    return {ecu: text(ecus, ecu) or "" for ecu in ecus}


def _replies(document: dict[str, Any]) -> tuple[str, ...]:
    if document.get("replies") is None:
        return ()
    replies = listed(document, "replies", MAXIMUM_REPLIES)
    if not all(isinstance(line, str) and len(line) <= LONGEST_REPLY and line.isprintable() for line in replies):
        raise Malformed(f"replies holds something that is no printable line of up to {LONGEST_REPLY} characters")
    return tuple(replies)


DIALECT = Ours(Kind.RESULT, decode)
