"""Trouble codes per control unit (SAE J2012, modes 03, 07, 0A) and whether they were cleared (mode 04).

Three states that must never look the same: codes, no codes, and no usable answer.
"""

from collections.abc import Mapping

from ingest.edge.replies import Replies

SYSTEMS = "PCBU"
CODES = frozenset({0x43, 0x47, 0x4A})
CLEARED = 0x44


def trouble_code(pair: bytes) -> str:
    """Write two bytes as a code: two bits of system, two of the first digit, three digits."""
    return f"{SYSTEMS[pair[0] >> 6]}{pair[0] >> 4 & 3}{pair[0] & 0x0F:X}{pair[1]:02X}"


def codes(replies: Replies) -> Mapping[str, tuple[str, ...] | None]:
    """Give, per ECU that was heard, its codes; () if it has none; None if it gave no usable answer.

    An ECU that nobody heard is not in it, which is no "no codes" either. Of an ECU of which a line was lost, codes are
    believed and their absence is not.
    """
    read: dict[str, tuple[str, ...]] = {}
    for payload in replies.payloads:
        if payload.data[0] in CODES:
            read[payload.ecu] = (*read.get(payload.ecu, ()), *_codes(payload.data))
    doubted = replies.unusable | replies.pending
    return {
        ecu: None if ecu not in read or (ecu in doubted and not read[ecu]) else tuple(dict.fromkeys(read[ecu]))
        for ecu in replies.ecus
    }


def _codes(data: bytes) -> tuple[str, ...]:
    """Read the pairs; on CAN a count stands before them (the length is then even), else 00 00 is padding."""
    pairs = data[1:] if len(data) % 2 else data[2:]
    several = (pairs[at : at + 2] for at in range(0, len(pairs), 2))
    return tuple(trouble_code(pair) for pair in several if pair != b"\x00\x00")


def cleared(replies: Replies) -> Mapping[str, str]:
    """Give, per ECU, "cleared" where it said 44, "refused 22" where it said 7F 04 22. Silence says nothing."""
    told = {it.ecu: f"refused {it.code:02X}" for it in replies.negatives if it.service == CLEARED - 0x40}
    return told | {it.ecu: "cleared" for it in replies.payloads if it.data[0] == CLEARED}
