"""Pictures as bytes: which kind they are and how large, read from their own heads; what is none is refused.

The head decides, not what a sender calls it: a picture is served as the kind it was found to be, and as nothing else.
"""

import os
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path

from foundation.refusals import Invalid

MOST_BYTES = 5 << 20
MOST_PIXELS = 10_000  # of a side


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    width: int
    height: int


def picture_of(content: bytes) -> Picture:
    """Give kind and size of a PNG, JPEG or WebP; raises `Invalid` for anything else, what is cut off, or too large."""
    if len(content) > MOST_BYTES:
        raise Invalid(
            f"a picture has at most {MOST_BYTES >> 20} MB",
            why="picture_too_large",
            told={"megabytes": MOST_BYTES >> 20},
        )
    try:
        found = _png(content) or _jpeg(content) or _webp(content)
    except (struct.error, IndexError) as error:
        raise Invalid("this picture is cut off", why="picture_broken") from error
    if found is None:
        raise Invalid("this is no PNG, JPEG or WebP", why="picture_kind")
    if not (0 < found.width <= MOST_PIXELS and 0 < found.height <= MOST_PIXELS):
        raise Invalid(
            f"a picture has 1 to {MOST_PIXELS} pixels on a side", why="picture_pixels", told={"most": MOST_PIXELS}
        )
    return found


def file_of(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


def put_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: who reads it by its name never sees a piece of it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with growing.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    growing.replace(path)


def _png(content: bytes) -> Picture | None:
    """PNG (ISO/IEC 15948): a signature, the chunk IHDR first, the chunk IEND last."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    if content[12:16] != b"IHDR" or content[-8:-4] != b"IEND":
        raise Invalid("this PNG is cut off", why="picture_broken")
    return Picture("image/png", *struct.unpack_from(">II", content, 16))


# Start of frame, baseline to lossless; C4, C8 and CC among them are tables and no frames (ITU-T T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(content: bytes) -> Picture | None:
    """JPEG (ITU-T T.81): segments from the start of image to the frame, which says the size."""
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    if not content.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise Invalid("this JPEG is cut off", why="picture_broken")
    place = 2
    while content[place] == 0xFF:
        marker, length = content[place + 1], struct.unpack_from(">H", content, place + 2)[0]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, place + 5)
            return Picture("image/jpeg", width, height)
        place += 2 + length
    raise Invalid("this JPEG has no frame", why="picture_broken")


def _webp(content: bytes) -> Picture | None:
    """WebP (RFC 9649): a RIFF file whose first chunk is lossy, lossless or extended."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    if struct.unpack_from("<I", content, 4)[0] + 8 > len(content):
        raise Invalid("this WebP is cut off", why="picture_broken")
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L" and content[20] == 0x2F:
        bits = struct.unpack_from("<I", content, 21)[0]
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = (one & 0x3FFF for one in struct.unpack_from("<HH", content, 26))
    else:
        raise Invalid("this WebP has no picture", why="picture_broken")
    return Picture("image/webp", width, height)
