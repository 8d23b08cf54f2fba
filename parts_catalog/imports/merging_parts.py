"""Parts of a file into the catalogue: new ones, those that come back, what a file completes; names and words."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from foundation.database import UnitOfWork

# What each part of the file is to be. A name that no file has told is the part type's.
_WANTED = """
CREATE TEMPORARY TABLE wanted_parts ON COMMIT DROP AS
SELECT i.id, i.brand, coalesce(p.number, i.number) AS number, i.number_key, i.part_type,
    coalesce(i.terminology, p.terminology) AS terminology,
    coalesce(t.name_en, nullif(p.name_en, :no_en), n.en) AS name_en,
    coalesce(t.name_zh, nullif(p.name_zh, :no_zh), n.zh, t.name_en) AS name_zh,
    coalesce(nullif(t.search_text, ''), p.search_text, '') AS search_text,
    coalesce(t.state, p.state, 'current') AS state, p.id IS NULL AS is_new
FROM incoming_parts i
LEFT JOIN parts p ON p.id = i.id
LEFT JOIN incoming_items t ON t.brand = i.brand AND t.number_key = i.number_key AND t.action <> 'D'
LEFT JOIN type_names n ON n.part_type = i.part_type
"""
_CHANGED = """
    FROM wanted_parts w WHERE p.id = w.id AND NOT w.is_new AND (
        p.removed_by IS NOT NULL OR (p.part_type, p.terminology, p.name_en, p.name_zh, p.search_text, p.state)
            IS DISTINCT FROM (w.part_type, w.terminology, w.name_en, w.name_zh, w.search_text, w.state))
"""
_REMEMBER = (
    """
INSERT INTO import_changes (import_id, changed_table, before)
SELECT :import, 'parts', to_jsonb(p) FROM parts p, LATERAL (SELECT 1
"""
    + _CHANGED
    + ") changed"
)
_CHANGE = (
    """
UPDATE parts p SET part_type = w.part_type, terminology = w.terminology, name_en = w.name_en, name_zh = w.name_zh,
    search_text = w.search_text, state = w.state, removed_by = NULL
"""
    + _CHANGED
    + " RETURNING p.id"
)
_INSERT = """
INSERT INTO parts (id, brand, number, number_key, part_type, terminology, name_en, name_zh, search_text, state,
    first_import)
SELECT id, brand, number, number_key, part_type, terminology, name_en, name_zh, search_text, state, :import
FROM wanted_parts WHERE is_new ORDER BY id RETURNING id
"""
# Items that a file deletes, with their lines.
_DELETED = """
UPDATE parts p SET removed_by = :import FROM incoming_items i
WHERE i.action = 'D' AND p.brand = i.brand AND p.number_key = i.number_key AND p.removed_by IS NULL RETURNING p.id
"""
_NOT_THERE = """
SELECT i.line FROM incoming_items i LEFT JOIN parts p ON p.brand = i.brand AND p.number_key = i.number_key
    AND p.removed_by IS NULL WHERE i.action = 'D' AND p.id IS NULL ORDER BY i.line
"""
# A part stays as long as one side knows it: lines of applications, or what files tell of parts.
_LEFT_OUT = """
UPDATE parts p SET removed_by = :import
WHERE p.brand = ANY(:brands) AND p.removed_by IS NULL
    AND NOT EXISTS (SELECT FROM incoming_parts i WHERE i.id = p.id)
    AND NOT EXISTS (SELECT FROM applications a WHERE a.part = p.id AND a.removed_by IS NULL)
    AND NOT EXISTS (SELECT FROM part_details d WHERE d.part = p.id AND d.removed_by IS NULL)
RETURNING p.id
"""


def merge_parts(
    unit: UnitOfWork, import_id: int, type_names: Sequence[tuple[str, str, str]], nameless: tuple[str, str]
) -> list[str]:
    """Write the parts of the file; gives the ids of those whose words are new.

    `nameless` is what parts are called in both languages while no file has told even their type.
    """
    run = unit.connection.execute
    run(text("CREATE TEMPORARY TABLE type_names (part_type text, en text, zh text) ON COMMIT DROP"))
    if type_names:
        run(
            text("INSERT INTO type_names VALUES (:part_type, :en, :zh)"),
            [dict(zip(("part_type", "en", "zh"), row, strict=True)) for row in type_names],
        )
    run(text(_WANTED), dict(zip(("no_en", "no_zh"), nameless, strict=True)))
    run(text("ANALYZE wanted_parts"))
    run(text(_REMEMBER), {"import": import_id})
    changed = _ids(unit, _CHANGE, {"import": import_id})
    return changed + _ids(unit, _INSERT, {"import": import_id})


def delete_items(unit: UnitOfWork, import_id: int) -> tuple[list[str], list[int]]:
    """Take out the parts that the file deletes; gives their ids, and the lines of those that were not there."""
    missing = list(unit.connection.execute(text(_NOT_THERE)).scalars())
    gone = _ids(unit, _DELETED, {"import": import_id})
    for table in ("applications", "part_numbers", "part_details"):
        statement = f"UPDATE {table} SET removed_by = :import WHERE part = ANY(:gone) AND removed_by IS NULL"  # noqa: S608 - our names
        unit.connection.execute(text(statement), {"import": import_id, "gone": gone})
    return gone, missing


def drop_unknown(unit: UnitOfWork, import_id: int, brands: Sequence[str]) -> list[str]:
    """Take out the parts of the brands that nothing tells of any more; gives their ids."""
    return _ids(unit, _LEFT_OUT, {"import": import_id, "brands": list(brands)})


def types_of_the_file(unit: UnitOfWork) -> list[str]:
    return list(unit.connection.execute(text("SELECT DISTINCT part_type FROM incoming_parts")).scalars())


def _ids(unit: UnitOfWork, statement: str, values: dict[str, Any]) -> list[str]:
    return list(unit.connection.execute(text(statement), values).scalars())
