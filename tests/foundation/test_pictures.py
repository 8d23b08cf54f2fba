"""Which kind a picture is and how large, told from its own bytes."""

import pytest

from foundation.pictures import MOST_BYTES, Picture, picture_of
from foundation.refusals import Invalid
from tests.access.prices import png

JPEG = bytes.fromhex(
    "ffd8 ffe0 0010 4a46494600010100000100010000 ffdb 0003 00 ffc2 000b 08 0140 0280 01 011100 ffda 0002 ffd9"
)


def webp(chunk: bytes) -> bytes:
    return b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk


LOSSY = webp(b"VP8 " + bytes([10, 0, 0, 0, 0, 0, 0]) + b"\x9d\x01\x2a" + bytes([0x80, 0x42, 0xF0, 0x00]))
LOSSLESS = webp(b"VP8L" + bytes([5, 0, 0, 0, 0x2F]) + ((319 | 99 << 14).to_bytes(4, "little")))
EXTENDED = webp(b"VP8X" + bytes([10, 0, 0, 0, 0, 0, 0, 0]) + (1023).to_bytes(3, "little") + (767).to_bytes(3, "little"))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (png(7), Picture("image/png", 1, 1)),
        (JPEG, Picture("image/jpeg", 640, 320)),
        (LOSSY, Picture("image/webp", 640, 240)),
        (LOSSLESS, Picture("image/webp", 320, 100)),
        (EXTENDED, Picture("image/webp", 1024, 768)),
    ],
)
def test_a_picture_says_what_it_is(content: bytes, found: Picture) -> None:
    assert picture_of(content) == found
    for cut in range(1, len(content)):
        with pytest.raises(Invalid):
            picture_of(content[:cut])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + bytes(20),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        webp(b"ALPH" + bytes(20)),
        JPEG.replace(b"\x01\x40\x02\x80", b"\x00\x00\x02\x80"),
        png(1).replace(b"\0\0\0\1\0\0\0\1", b"\0\0\0\1\0\1\0\0"),
        png(1) + bytes(MOST_BYTES),
        JPEG.replace(b"\xff\xc2", b"\xff\xc4"),
    ],
)
def test_what_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        picture_of(content)
