"""Payloads as a broken, careless or hostile sender might write them, made from good ones by a seed."""

import random

from tests.ingest.dialects.payloads import SAMPLES, Sample

_TOKENS = (
    *(b"NaN", b"Infinity", b"-Infinity", b"null", b"true", b"[]", b"{}", b'""', b"[[[[[[", b'{"a":', b"\x00", b"\xff"),
    *(b"1e999", b"-1e-999", b"9" * 400, b"9" * 5000, b"18446744073709551616", b"-0", b"0x1F", b"\xd9\xa3", b"1_0"),
    *(b'"\\ud800"', b'"seq":1,', b'"signals":{},', b"2019-02-29T23:00:07Z", b"9999-12-31T23:59:59-14:00", b"&", b"%"),
    *(b"%ED%A0%80", b"&kc=Infinity", b"&k5", b"&time=1", b"=", b"\xc1", b"\xdf\xff\xff\xff\xff", b"\x93", b"\xcb"),
)


def mutated(random_: random.Random) -> tuple[Sample, bytes]:
    """Give a sample and what became of its payload: one to six edits, now and then a topic's tail as well."""
    sample = random_.choice(SAMPLES)
    payload = bytearray(sample.payload)
    for _ in range(random_.randint(1, 6)):
        _edit(random_, payload)
    return sample, bytes(payload)


def _edit(random_: random.Random, payload: bytearray) -> None:
    at = random_.randint(0, len(payload))
    end = min(len(payload), at + random_.randint(1, 12))
    match random_.randrange(7):
        case 0 if at < len(payload):
            payload[at] ^= 1 << random_.randrange(8)
        case 1:
            del payload[at:end]
        case 2:
            payload[at:at] = payload[at:end] * random_.randint(1, 4)
        case 3:
            payload[at:at] = random_.choice(_TOKENS)
        case 4:
            payload[at:end] = random_.choice(_TOKENS)
        case 5:
            payload[at:at] = random_.choice(SAMPLES).payload[:200]
        case _:
            payload[at:at] = bytes([random_.randrange(256)])
