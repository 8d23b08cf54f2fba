"""Undoing an import: what it wrote goes, what it took out returns, what it changed is as it was; row by row.

A part that something else has come to lean on meanwhile, such as stock, stays as a row that answers nowhere.
"""

from sqlalchemy import text

from foundation.database import UnitOfWork
from parts_catalog.imports.brands import rename
from parts_catalog.tables import metadata

_LINES = ("part_details", "part_numbers", "supersessions", "interchanges", "kit_components", "applications")
_TOUCHED = """
SELECT id FROM parts WHERE first_import = :import OR removed_by = :import
UNION SELECT before ->> 'id' FROM import_changes WHERE import_id = :import AND changed_table = 'parts'
"""
_OLD_PARTS = """
UPDATE parts p SET part_type = b.part_type, terminology = b.terminology, name_en = b.name_en, name_zh = b.name_zh,
    search_text = b.search_text, state = b.state, removed_by = b.removed_by
FROM import_changes c, LATERAL jsonb_populate_record(NULL::parts, c.before) b
WHERE c.import_id = :import AND c.changed_table = 'parts' AND p.id = b.id
"""
_PRICES_GONE = """
DELETE FROM prices p USING import_changes c
WHERE c.import_id = :import AND c.changed_table = 'prices' AND p.price_list = c.before ->> 'price_list'
    AND p.part = c.before ->> 'part' AND p.currency = c.before ->> 'currency'
"""
_PRICES_BACK = """
INSERT INTO prices SELECT b.* FROM import_changes c, LATERAL jsonb_populate_record(NULL::prices, c.before) b
WHERE c.import_id = :import AND c.changed_table = 'prices' AND c.before ? 'net_amount'
"""
# The columns of all tables that name a part: while one of their rows does, the part stays.
_NAMING_A_PART = sorted(
    (key.parent.table.name, key.parent.name)
    for table in metadata.tables.values()
    for key in table.foreign_keys
    if key.target_fullname == "parts.id"
)
_UNNAMED = " AND ".join(
    f"NOT EXISTS (SELECT FROM {table} s WHERE s.{column} = p.id)" for table, column in _NAMING_A_PART
)
_PARTS_GONE = f"DELETE FROM parts p WHERE p.first_import = :import AND {_UNNAMED}"  # noqa: S608 - our own names
_NAMED = "SELECT before FROM import_changes WHERE import_id = :import AND changed_table = 'brand_names'"
_KEEPERS_GONE = """
DELETE FROM brand_keepers k USING import_changes c
WHERE c.import_id = :import AND c.changed_table = 'brand_keepers' AND k.brand = c.before ->> 'brand'
"""
_BRANDS_GONE = """
DELETE FROM brands b USING import_changes c
WHERE c.import_id = :import AND c.changed_table = 'brands' AND b.name = c.before ->> 'name'
    AND NOT EXISTS (SELECT FROM parts p WHERE p.brand = b.name)
    AND NOT EXISTS (SELECT FROM completeness p WHERE p.brand = b.name)
    AND NOT EXISTS (SELECT FROM brand_keepers k WHERE k.brand = b.name)
"""


def take_back(unit: UnitOfWork, import_id: int) -> tuple[list[str], list[str]]:
    """Give the ids of parts whose words are to be indexed anew before `forget_parts`, and of those that it deletes."""
    which = {"import": import_id}

    def run(statement: str) -> None:
        unit.connection.execute(text(statement), which)

    touched = _unname_brands(unit, import_id)
    touched += unit.connection.execute(text(_TOUCHED), which).scalars()
    for table in _LINES:
        run(f"DELETE FROM {table} WHERE import_id = :import")  # noqa: S608 - our own names
        run(f"UPDATE {table} SET removed_by = NULL WHERE removed_by = :import")  # noqa: S608
    run("UPDATE parts SET removed_by = NULL WHERE removed_by = :import")
    run(_OLD_PARTS)
    run(_PRICES_GONE)
    run(_PRICES_BACK)
    run("UPDATE parts SET removed_by = :import WHERE first_import = :import")
    new = list(unit.connection.execute(text("SELECT id FROM parts WHERE first_import = :import"), which).scalars())
    return touched, new


def _unname_brands(unit: UnitOfWork, import_id: int) -> list[str]:
    """Call the brands by their codes again that the import gave names; gives the ids of their parts."""
    parts: list[str] = []
    for note in unit.connection.execute(text(_NAMED), {"import": import_id}).scalars().all():
        rename(unit, note["name"], note["code"])
        parts += unit.connection.execute(text("SELECT id FROM parts WHERE brand = :code"), note).scalars()
    return parts


def forget_parts(unit: UnitOfWork, import_id: int) -> None:
    """Delete the parts that the import brought, now that no word finds them, and then its brands."""
    for statement in (_PARTS_GONE, _KEEPERS_GONE, _BRANDS_GONE):
        unit.connection.execute(text(statement), {"import": import_id})
