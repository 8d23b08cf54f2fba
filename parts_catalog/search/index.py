"""Writing the index of words: in the transaction that writes the parts, so that a search never disagrees with them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exists, func, insert, select, text

from foundation.database import UnitOfWork
from parts_catalog.search.terms import EVERY, words_of_part
from parts_catalog.spelling import MAKE_SPELLINGS, make_key, name_key
from parts_catalog.tables import brands, part_words, parts, reference_codes, search_vehicles, search_words
from parts_catalog.tables import vehicle_configurations as configurations

_AT_ONCE = 100_000  # parts whose words are held in memory, some 20 MB
_COPY_HEAD, _COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_ROW = np.dtype(  # of COPY's binary format: the number of fields, then the length and value of each
    [("fields", ">i2"), ("a", ">i4"), ("word", ">i4"), ("b", ">i4"), ("rank", ">i2"), ("c", ">i4"), ("part", ">i4")]
)


def index_parts(unit: UnitOfWork, changed: Iterable[str] | None = None) -> int:
    """Bring the words of parts into line with their rows: of those `changed` (ids), else of all that have none.

    Parts that were removed lose theirs. Gives the number of parts that have words of this call.
    """
    known: dict[str, int] = {}
    written = 0
    for numbers in _batches(unit, changed):
        _forget(unit, numbers)
        found = list(_words(unit, numbers))
        _know(unit, known, {word for _, _, words in found for word in words})
        _write(unit, [(known[word], rank, part) for part, rank, words in found for word in words])
        written += len(found)
    return written


def index_vehicles(unit: UnitOfWork) -> int:
    """Write anew by which words makes and model lines are known. Gives the number of those words."""
    run = unit.connection.execute
    said = {(spelling, make, "") for spelling, make in MAKE_SPELLINGS.items()}
    known = select(
        configurations.c.make_key, configurations.c.make_zh, configurations.c.model_line_key,
        configurations.c.model_line_zh_key,
    ).distinct()  # fmt: skip
    for make, make_zh, model, model_zh in run(known):
        said |= {(make, make, ""), (name_key(make_zh), make, ""), (model, make, model), (model_zh, make, model)}
    for (canonical,) in run(select(reference_codes.c.canonical).where(reference_codes.c.kind == "base_vehicle")):
        if canonical.get("make") and canonical.get("model_line"):
            make, model = make_key(canonical["make"]), name_key(canonical["model_line"])
            said |= {(make, make, ""), (model, make, model)}
    run(delete(search_vehicles))
    rows = [{"word": word, "make": make, "model_line": model} for word, make, model in sorted(said) if word]
    run(insert(search_vehicles), rows)
    return len(rows)


def index_what_is_bare(unit: UnitOfWork) -> int:
    """Write the words of a catalogue that has none, being older than the index. Gives the number of its parts.

    Whoever writes parts writes their words in the same transaction, so one word of theirs says that all are there.
    """
    if not unit.connection.execute(_BARE, {"every": EVERY}).scalar_one():
        return 0
    index_vehicles(unit)
    return index_parts(unit)


def _batches(unit: UnitOfWork, changed: Iterable[str] | None) -> Iterator[Sequence[int]]:
    if changed is None:
        bare = parts.c.removed_by.is_(None) & ~exists().where(part_words.c.part == parts.c.no)
        numbers = unit.connection.execute(select(parts.c.no).where(bare).order_by(parts.c.no)).scalars().all()
        yield from (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE))
        return
    ids = sorted(set(changed))
    for at in range(0, len(ids), _AT_ONCE):
        wanted = parts.c.id == func.any(ids[at : at + _AT_ONCE])
        yield unit.connection.execute(select(parts.c.no).where(wanted)).scalars().all()


def _forget(unit: UnitOfWork, numbers: Sequence[int]) -> None:
    gone = delete(part_words).where(part_words.c.part == func.any(list(numbers))).returning(part_words.c.word).cte()
    counted = unit.connection.execute(select(gone.c.word, func.count()).group_by(gone.c.word)).all()
    _count(unit, {word: -number for word, number in counted})


def _words(unit: UnitOfWork, numbers: Sequence[int]) -> Iterator[tuple[int, int, set[str]]]:
    """Give (part, rank, words) of those parts that are there."""
    rows = unit.connection.execute(
        select(
            parts.c.no, parts.c.brand, parts.c.part_type, parts.c.name_en, parts.c.name_zh, parts.c.search_text,
            brands.c.name_zh.label("brand_zh"), brands.c.quality, brands.c.rank,
        )
        .join(brands, brands.c.name == parts.c.brand)
        .where(parts.c.no == func.any(list(numbers)), parts.c.removed_by.is_(None))
        .order_by(parts.c.no)
    )  # fmt: skip
    for row in rows:
        texts = (row.name_en, row.name_zh, row.search_text)
        yield row.no, row.rank, words_of_part(row.brand, row.brand_zh, row.quality, row.part_type, texts)


def _know(unit: UnitOfWork, known: dict[str, int], words: set[str]) -> None:
    """Add the ids of words to `known`, with new rows for new words, in one order for all who write."""
    if not (new := sorted(words - known.keys())):
        return
    unit.connection.execute(
        text("INSERT INTO search_words (word) SELECT unnest(CAST(:new AS text[])) ON CONFLICT (word) DO NOTHING"),
        {"new": new},
    )
    found = select(search_words.c.word, search_words.c.id).where(search_words.c.word == func.any(new))
    known.update((word, number) for word, number in unit.connection.execute(found))


def _write(unit: UnitOfWork, postings: Sequence[tuple[int, int, int]]) -> None:
    if not postings:
        return
    word, rank, part = np.array(postings, dtype=np.int64).T
    order = np.lexsort((part, rank, word))
    rows = np.zeros(len(order), _ROW)
    rows["fields"], rows["a"], rows["b"], rows["c"] = 3, 4, 2, 4
    rows["word"], rows["rank"], rows["part"] = word[order], rank[order], part[order]
    with unit.driver.cursor() as cursor, cursor.copy("COPY part_words FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(_COPY_HEAD)
        copy.write(rows.tobytes())
        copy.write(_COPY_TAIL)
    _count(unit, _counted(word))


def _counted(words: NDArray[np.int64]) -> dict[int, int]:
    ids, numbers = np.unique(words, return_counts=True)
    return dict(zip(ids.tolist(), numbers.tolist(), strict=True))


def _count(unit: UnitOfWork, changes: Mapping[int, int]) -> None:
    """Note by how many parts each word has changed: it tells which word of a search is the rarest."""
    if changes:
        unit.connection.execute(_COUNT, {"ids": sorted(changes), "more": [changes[one] for one in sorted(changes)]})


_BARE = text(
    "SELECT EXISTS (SELECT FROM parts WHERE removed_by IS NULL)"
    " AND NOT EXISTS (SELECT FROM search_words WHERE word = :every AND parts > 0)"
)
_COUNT = text(
    "UPDATE search_words w SET parts = w.parts + c.more FROM unnest(CAST(:ids AS int[]), CAST(:more AS int[]))"
    " AS c (id, more) WHERE w.id = c.id"
)
