"""The words of a text as the index keeps them: English words in the singular, Chinese in pairs of characters.

One rule for what is written into the index and for what is asked of it. Words that begin with `=`, `@` or `#` stand for
a part type, a brand and a quality; `*` stands for every part.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from parts_catalog.part_types import PART_TYPES
from parts_catalog.spelling import name_key, number_key, plain, singular

CHINESE = r"[\u3400-\u9fff]+"
_TOKEN = re.compile(rf"{CHINESE}|[^\W_\u3400-\u9fff]+(?:[-./][^\W_\u3400-\u9fff]+)*")
_CHINESE_RUN = re.compile(CHINESE)
LONGEST_WORD = 60  # signs; what is longer is no word that anybody types
EVERY = "*"


def type_word(part_type: str) -> str:
    return f"={part_type}"


def brand_word(brand: str) -> str:
    return f"@{name_key(brand)}"


def quality_word(quality: str) -> str:
    return f"#{quality}"


def is_chinese(token: str) -> bool:
    return _CHINESE_RUN.fullmatch(token) is not None


def tokens(text: str) -> list[str]:
    """Split into runs of Chinese and words of other scripts, a part number with its separators in one piece."""
    found: list[str] = _TOKEN.findall(plain(text))
    return found


def pairs(run: str) -> list[str]:
    """Give the pairs of neighbouring characters of a run of Chinese; a single character is a word by itself."""
    return [run[at : at + 2] for at in range(max(len(run) - 1, 1))]


def asked_words(token: str) -> list[str]:
    """Give the words that must all be there for a token that is asked for."""
    return list(dict.fromkeys(pairs(token))) if is_chinese(token) else [singular(token)[:LONGEST_WORD]]


def kept_words(text: str) -> set[str]:
    """Give every word by which a text is found: whole tokens, their pieces, pairs, and the first of a run."""
    words: set[str] = set()
    for token in tokens(text):
        if is_chinese(token):
            words.update(pairs(token))
            words.add(token[0])
            continue
        pieces = re.split(r"[-./]", token)
        words.update(singular(one)[:LONGEST_WORD] for one in (token, *pieces))
        if len(pieces) > 1:
            words.add(number_key(token).lower()[:LONGEST_WORD])
    return words - {""}


def words_of_part(brand: str, brand_zh: str, quality: str, part_type: str, texts: Iterable[str]) -> set[str]:
    """Give the words of a part. What the names of its type say is left out: `TYPES_BY_WORD` leads to the type."""
    words = {
        word for word in kept_words(" ".join((brand, brand_zh, *texts))) if part_type not in TYPES_BY_WORD.get(word, ())
    }
    return words | {EVERY, type_word(part_type), brand_word(brand), quality_word(quality)}


def _types_by_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for part_type in PART_TYPES.values():
        said = " ".join((part_type.name, part_type.en, part_type.zh, *part_type.synonyms))
        for word in sorted(kept_words(said)):
            found.setdefault(word, []).append(part_type.name)
    return {word: tuple(names) for word, names in found.items()}


# Which part types have a word among their names and synonyms.
TYPES_BY_WORD: Mapping[str, tuple[str, ...]] = MappingProxyType(_types_by_word())
