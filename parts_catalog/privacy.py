"""The catalogue knows no person: a reservation's holder is a case, and an import's account is named by its id."""

from collections.abc import Mapping

PERSONAL: Mapping[str, str] = {}
IMPERSONAL: Mapping[str, str] = {
    "brands": "name name_zh quality rank code",
    "brand_keepers": "brand organisation",
    "parts": "id no brand number number_key part_type name_en name_zh search_text state first_import removed_by"
    " terminology",
    "part_numbers": "id part kind maker number number_key import_id removed_by",
    "applications": "id base_vehicle import_id line removed_by year_from year_to cylinders quantity excludes part"
    " part_type make model_line built_from built_to fuel displacement_l aspiration transmission drive body engine_code"
    " region position equipment attributes qualifiers note_en note_zh source position_code extras",
    "completeness": "brand part_type source",
    "supersessions": "id part replaced_by from_date two_way import_id removed_by",
    "interchanges": "id part other import_id removed_by",
    "kit_components": "id kit component quantity required import_id removed_by",
    "vehicle_configurations": "id make make_zh make_key model_line model_line_zh model_line_key model_line_zh_key"
    " year_from year_to fuel displacement_l cylinders aspiration transmission drive body engine_code region",
    "reference_codes": "kind id name_en name_zh canonical",
    "vin_rules": "id wmi pattern year_from year_to fields source",
    "imports": "id organisation account file_name sha256 format version mode brands state counts started_at ended_at"
    " facts bytes bytes_read",
    "part_details": "id part details import_id removed_by",
    "import_findings": "id import_id line severity rule text_en text_zh excerpt",
    "import_changes": "id import_id changed_table before",
    "search_words": "id word parts",
    "search_vehicles": "word make model_line",
    "part_words": "word rank part",
    "catalogue_version": "only_row version",
    "prices": "price_list part currency organisation net_amount tax_basis_points",
    "stock": "part location organisation on_hand reserved expected",
    "reservations": "id part location organisation holder quantity state reserved_until expected created_at ended_at",
}
