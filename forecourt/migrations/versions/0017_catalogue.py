"""parts_catalog: imports with their undo, other numbers, relations of parts, reference codes, the index of words."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CURRENT = sa.text("removed_by IS NULL")
COPY_LINES = """
    INSERT INTO applications
        (part, part_type, make, model_line, year_from, year_to, built_from, built_to, fuel, displacement_l, cylinders,
         aspiration, transmission, drive, body, engine_code, region, position, quantity, note_en, note_zh, excludes,
         source, equipment)
    SELECT part, part_type, make, model_line, year_from, year_to, built_from, built_to, fuel, displacement_l, cylinders,
         aspiration, transmission, drive, body, engine_code, region, position, quantity, note_en, note_zh, excludes,
         source, nullif(equipment, '{}')
    FROM applications_of_old ORDER BY part, source, id
"""


def upgrade() -> None:
    _create_import_tables()
    _create_reference_tables()
    _create_search_tables()
    _create_relations()
    op.add_column("parts", sa.Column("no", sa.Integer(), sa.Identity(always=False), nullable=False))
    op.add_column("parts", sa.Column("state", sa.Text(), server_default=sa.text("'current'"), nullable=False))
    op.add_column("parts", sa.Column("first_import", sa.Integer(), nullable=True))
    op.add_column("parts", sa.Column("removed_by", sa.Integer(), nullable=True))
    op.create_index(
        "ix_parts_number_key_trigrams",
        "parts",
        ["number_key"],
        postgresql_using="gin",
        postgresql_ops={"number_key": "gin_trgm_ops"},
    )
    op.create_unique_constraint(op.f("uq_parts_no"), "parts", ["no"])
    op.create_foreign_key(op.f("fk_parts_removed_by"), "parts", "imports", ["removed_by"], ["id"])
    op.create_foreign_key(op.f("fk_parts_first_import"), "parts", "imports", ["first_import"], ["id"])
    # Rebuilt rather than altered: the ids become numbers, and fixed widths go first in a table of ten million rows.
    op.rename_table("applications", "applications_of_old")
    op.drop_constraint(op.f("pk_applications"), "applications_of_old")
    op.drop_index(op.f("ix_applications_make_model_line_part_type"), "applications_of_old")
    op.drop_index(op.f("ix_applications_part"), "applications_of_old")
    _create_applications()
    op.execute(COPY_LINES)
    op.drop_table("applications_of_old")
    op.execute("INSERT INTO catalogue_version (version) VALUES (1)")


def downgrade() -> None:
    """Go back to lines with words for ids; what imports brought is lost, for 0015 has no place for it."""
    op.execute("DELETE FROM applications WHERE source IS NULL OR removed_by IS NOT NULL")
    op.execute("UPDATE applications SET equipment = coalesce(equipment, '{}')")
    op.execute("UPDATE applications SET note_en = coalesce(note_en, note_zh), note_zh = coalesce(note_zh, note_en)")
    op.drop_constraint(op.f("ck_applications_source"), "applications")
    op.drop_index(op.f("ix_applications_base_vehicle_part_type"), "applications")
    for name in ("base_vehicle", "import_id", "line", "removed_by", "attributes", "qualifiers"):
        op.drop_column("applications", name)
    op.execute("ALTER TABLE applications ALTER id DROP IDENTITY")
    op.execute("ALTER TABLE applications ALTER id TYPE text USING 'app_' || id")
    op.alter_column("applications", "equipment", server_default=sa.text("'{}'"), nullable=False)
    op.alter_column("applications", "source", nullable=False)
    op.create_check_constraint(
        op.f("ck_applications_note_in_both_languages"), "applications", "(note_en IS NULL) = (note_zh IS NULL)"
    )
    op.create_index(
        op.f("ix_applications_make_model_line_part_type"), "applications", ["make", "model_line", "part_type"]
    )
    op.create_index(op.f("ix_applications_part"), "applications", ["part"])
    op.drop_index("ix_parts_number_key_trigrams", "parts")
    for name in ("no", "state", "first_import", "removed_by"):
        op.drop_column("parts", name)
    for name in (
        *("supersessions", "part_numbers", "kit_components", "interchanges", "brand_keepers", "import_findings"),
        *("import_changes", "imports", "vin_rules", "reference_codes", "part_words", "search_words"),
        "catalogue_version",
    ):
        op.drop_table(name)


def _create_import_tables() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("brands", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode IN ('full', 'incremental')", name=op.f("ck_imports_mode")),
        sa.CheckConstraint("state IN ('dry', 'done', 'undone', 'failed')", name=op.f("ck_imports_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_organisation"), "imports", ["organisation"])
    op.create_table(
        "import_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("changed_table", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_changes_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_changes")),
    )
    op.create_index(op.f("ix_import_changes_import_id"), "import_changes", ["import_id"])
    op.create_table(
        "import_findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=True),
        sa.CheckConstraint("severity IN ('rejected', 'warning')", name=op.f("ck_import_findings_severity")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_findings_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_findings")),
    )
    op.create_index("ix_import_findings_import_id", "import_findings", ["import_id", "id"])
    op.create_table(
        "brand_keepers",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand"], ["brands.name"], name=op.f("fk_brand_keepers_brand")),
        sa.PrimaryKeyConstraint("brand", name=op.f("pk_brand_keepers")),
    )


def _create_reference_tables() -> None:
    op.create_table(
        "reference_codes",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=True),
        sa.Column("canonical", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("jsonb_typeof(canonical) = 'object'", name=op.f("ck_reference_codes_canonical")),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_reference_codes")),
    )
    op.create_index(
        "ix_reference_codes_canonical",
        "reference_codes",
        ["canonical"],
        postgresql_using="gin",
        postgresql_ops={"canonical": "jsonb_path_ops"},
    )
    op.create_table(
        "vin_rules",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("wmi", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("year_from", sa.SmallInteger(), nullable=True),
        sa.Column("year_to", sa.SmallInteger(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("jsonb_typeof(fields) = 'object'", name=op.f("ck_vin_rules_fields")),
        sa.CheckConstraint("year_from <= year_to", name=op.f("ck_vin_rules_years")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vin_rules")),
    )
    op.create_index(op.f("ix_vin_rules_wmi"), "vin_rules", ["wmi"])


def _create_search_tables() -> None:
    op.create_table(
        "search_words",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_words")),
        sa.UniqueConstraint("word", name=op.f("uq_search_words_word")),
    )
    op.create_index(
        "ix_search_words_word_trigrams",
        "search_words",
        ["word"],
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    )
    op.create_table(
        "part_words",
        sa.Column("word", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rank", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("word", "rank", "part", name=op.f("pk_part_words")),
    )
    op.create_table(
        "catalogue_version",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_catalogue_version_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_catalogue_version")),
    )


def _create_relations() -> None:
    op.create_table(
        "interchanges",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("part <> other", name=op.f("ck_interchanges_another_part")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_interchanges_import_id")),
        sa.ForeignKeyConstraint(["other"], ["parts.id"], name=op.f("fk_interchanges_other")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_interchanges_part")),
        sa.ForeignKeyConstraint(["removed_by"], ["imports.id"], name=op.f("fk_interchanges_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interchanges")),
    )
    op.create_index(op.f("ix_interchanges_other"), "interchanges", ["other"], postgresql_where=CURRENT)
    op.create_index(
        "uq_interchanges_one",
        "interchanges",
        ["part", "other"],
        unique=True,
        postgresql_where=CURRENT,
    )
    op.create_table(
        "kit_components",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kit", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("quantity", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("kit <> component", name=op.f("ck_kit_components_another_part")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_kit_components_quantity")),
        sa.ForeignKeyConstraint(["component"], ["parts.id"], name=op.f("fk_kit_components_component")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_kit_components_import_id")),
        sa.ForeignKeyConstraint(["kit"], ["parts.id"], name=op.f("fk_kit_components_kit")),
        sa.ForeignKeyConstraint(["removed_by"], ["imports.id"], name=op.f("fk_kit_components_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_components")),
    )
    op.create_index(
        "uq_kit_components_one", "kit_components", ["kit", "component"], unique=True, postgresql_where=CURRENT
    )
    op.create_index(op.f("ix_kit_components_component"), "kit_components", ["component"], postgresql_where=CURRENT)
    op.create_table(
        "part_numbers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('oe', 'interchange', 'supplier', 'gtin', 'former')", name=op.f("ck_part_numbers_kind")
        ),
        sa.CheckConstraint("number_key <> ''", name=op.f("ck_part_numbers_number_key")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_part_numbers_import_id")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_part_numbers_part")),
        sa.ForeignKeyConstraint(["removed_by"], ["imports.id"], name=op.f("fk_part_numbers_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part_numbers")),
    )
    op.create_index(
        "ix_part_numbers_number_key_prefix",
        "part_numbers",
        ["number_key"],
        postgresql_ops={"number_key": "text_pattern_ops"},
    )
    op.create_index(
        "ix_part_numbers_number_key_trigrams",
        "part_numbers",
        ["number_key"],
        postgresql_using="gin",
        postgresql_ops={"number_key": "gin_trgm_ops"},
    )
    op.create_index(
        "uq_part_numbers_one",
        "part_numbers",
        ["part", "kind", "maker", "number_key"],
        unique=True,
        postgresql_where=CURRENT,
    )
    op.create_table(
        "supersessions",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=True),
        sa.Column("two_way", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("part <> replaced_by", name=op.f("ck_supersessions_another_part")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_supersessions_import_id")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_supersessions_part")),
        sa.ForeignKeyConstraint(["removed_by"], ["imports.id"], name=op.f("fk_supersessions_removed_by")),
        sa.ForeignKeyConstraint(["replaced_by"], ["parts.id"], name=op.f("fk_supersessions_replaced_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supersessions")),
    )
    op.create_index(
        op.f("ix_supersessions_replaced_by"),
        "supersessions",
        ["replaced_by"],
        postgresql_where=CURRENT,
    )
    op.create_index(
        "uq_supersessions_one",
        "supersessions",
        ["part", "replaced_by"],
        unique=True,
        postgresql_where=CURRENT,
    )


def _create_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("base_vehicle", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.Column("year_from", sa.SmallInteger(), nullable=True),
        sa.Column("year_to", sa.SmallInteger(), nullable=True),
        sa.Column("cylinders", sa.SmallInteger(), nullable=True),
        sa.Column("quantity", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("excludes", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("part_type", sa.Text(), nullable=False),
        sa.Column("make", sa.Text(), nullable=True),
        sa.Column("model_line", sa.Text(), nullable=True),
        sa.Column("built_from", sa.Text(), nullable=True),
        sa.Column("built_to", sa.Text(), nullable=True),
        sa.Column("fuel", sa.Text(), nullable=True),
        sa.Column("displacement_l", sa.Numeric(precision=3, scale=1), nullable=True),
        sa.Column("aspiration", sa.Text(), nullable=True),
        sa.Column("transmission", sa.Text(), nullable=True),
        sa.Column("drive", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("engine_code", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("equipment", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("qualifiers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("note_en", sa.Text(), nullable=True),
        sa.Column("note_zh", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        *_application_checks(),
        sa.ForeignKeyConstraint(["part", "part_type"], ["parts.id", "parts.part_type"], name="fk_applications_part"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
    )
    op.create_index(
        op.f("ix_applications_make_model_line_part_type"),
        "applications",
        ["make", "model_line", "part_type"],
        postgresql_where=sa.text("make IS NOT NULL AND removed_by IS NULL"),
    )
    op.create_index(
        "ix_applications_universal",
        "applications",
        ["part_type"],
        postgresql_where=sa.text("make IS NULL AND base_vehicle IS NULL AND removed_by IS NULL"),
    )
    op.create_index(op.f("ix_applications_part"), "applications", ["part"], postgresql_where=CURRENT)
    op.create_index(
        op.f("ix_applications_base_vehicle_part_type"),
        "applications",
        ["base_vehicle", "part_type"],
        postgresql_where=sa.text("base_vehicle IS NOT NULL AND removed_by IS NULL"),
    )


def _application_checks() -> list[sa.CheckConstraint]:
    month = r"'^\d{4}-(0[1-9]|1[0-2])$'"
    checks = {
        "model_of_a_make": "model_line IS NULL OR make IS NOT NULL",
        "years": "year_from <= year_to",
        "months": f"built_from ~ {month} AND built_to ~ {month}",
        "months_in_order": "built_from <= built_to",
        "quantity": "quantity > 0",
        "equipment": "jsonb_typeof(equipment) = 'object'",
        "attributes": "jsonb_typeof(attributes) = 'object'",
        "qualifiers": "jsonb_typeof(qualifiers) = 'array'",
        "source": "source IS NOT NULL OR (import_id IS NOT NULL AND line IS NOT NULL)",
    }
    return [sa.CheckConstraint(check, name=op.f(f"ck_applications_{name}")) for name, check in checks.items()]
