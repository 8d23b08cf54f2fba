"""The rules an import finds things by: one row each, with what a person reads in English and Chinese."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

REJECTED, WARNING = "rejected", "warning"

# Why a file cannot be read at all, so that nothing in it could be judged.
UNREADABLE = frozenset(
    {"malformed", "document_type", "record_too_large", "unknown_format", "unknown_version", "encoding", "no_header"}
)


@dataclass(frozen=True, slots=True)
class ImportRule:
    """`en` and `zh` are sentences with places for what is told about the record."""

    name: str
    severity: str
    en: str
    zh: str


def _no(name: str, en: str, zh: str) -> ImportRule:
    return ImportRule(name, REJECTED, en, zh)


def _odd(name: str, en: str, zh: str) -> ImportRule:
    return ImportRule(name, WARNING, en, zh)


# What a reference list, where one is loaded, does not have is rejected; where none is loaded, it cannot be judged.
CODED: Mapping[str, tuple[str, str]] = {
    "base_vehicle": ("base vehicle", "基础车型"),
    "part_terminology": ("part type", "配件类型"),
    "position": ("position", "安装位置"),
    "qualifier": ("qualifier", "限定条件"),
    "vehicle_code": ("vehicle code", "车辆代码"),
}

RULES: Mapping[str, ImportRule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            # the file as a whole
            _no("malformed", "The file cannot be read on from here: {why}.", "从此处起文件无法读取：{why}。"),
            _no(
                "document_type",
                "The file declares a document type or entities, which are not read.",
                "文件声明了文档类型或实体，系统不读取此类声明。",
            ),
            _no("record_too_large", "One record is larger than {most} MB.", "单条记录超过 {most} MB。"),
            _no(
                "unknown_format",
                "This is no ACES, PIES, CSV or XLSX file that is known.",
                "无法识别该文件：不是 ACES、PIES、CSV 或 XLSX。",
            ),
            _no(
                "unknown_version", "Version {version} of {format} is not known.", "不支持 {format} 的 {version} 版本。"
            ),
            _no(
                "encoding",
                "The text is in an encoding that is not read: {why}.",
                "无法按支持的编码读取文本：{why}。",
            ),
            _no(
                "no_header",
                "No row names columns for the brand and the part number.",
                "没有任何一行给出品牌列和零件号列。",
            ),
            _no(
                "wrong_count",
                "The file says it has {declared} records, and has {found}; a full file must be whole.",
                "文件声明 {declared} 条记录，实际 {found} 条；全量文件必须完整。",
            ),
            _no(
                "no_count",
                "The file does not say how many records it has; a full file must.",
                "文件未声明记录数；全量文件必须声明。",
            ),
            _no(
                "brand_of_another_house", "The brand {brand} is kept by another house.", "品牌 {brand} 由其他机构维护。"
            ),
            _odd(
                "count_differs",
                "The file says it has {declared} records, and has {found}.",
                "文件声明 {declared} 条记录，实际 {found} 条。",
            ),
            _odd("read_as", "The text was read as {encoding}.", "文本按 {encoding} 编码读取。"),
            _odd(
                "unknown_column", "The column {column} is not known and was not read.", "无法识别列 {column}，未读取。"
            ),
            _odd(
                "unknown_sheet",
                "The sheet {sheet} has no row that names columns, and was not read.",
                "工作表 {sheet} 没有列名行，未读取。",
            ),
            _odd(
                "test_file",
                "The sender marks the file as a test: nothing was changed.",
                "发送方标明为测试文件：未作任何更改。",
            ),
            # one record
            _no(
                "bad_action",
                "The action {action} is neither A (add) nor D (delete).",
                "操作 {action} 既不是 A（新增）也不是 D（删除）。",
            ),
            _no(
                "bad_id",
                "{element} has the id {id}, which is no positive number.",
                "{element} 的编号 {id} 不是正整数。",
            ),
            _no(
                "bad_quantity",
                "The quantity {quantity} is no whole number from 1 to 32767.",
                "数量 {quantity} 不是 1 至 32767 的整数。",
            ),
            _no("bad_value", "{field} says {value}, which cannot be read.", "{field} 的值 {value} 无法识别。"),
            _no(
                "bad_cell",
                "Sheet {sheet}, row {row}, column {column}: {value} cannot be read as {field}.",
                "工作表 {sheet} 第 {row} 行 {column} 列：{value} 无法识别为{field}。",
            ),
            _no(
                "formula",
                "Sheet {sheet}, row {row}, column {column} holds a formula, not a value.",
                "工作表 {sheet} 第 {row} 行 {column} 列是公式而不是值。",
            ),
            _no("missing_brand", "The record names no brand.", "记录未给出品牌。"),
            _no("bad_brand", "{brand} is no brand code of four letters.", "{brand} 不是四位字母的品牌代码。"),
            _no("missing_part", "The record names no part number.", "记录未给出零件号。"),
            _no(
                "bad_part_number",
                "The part number {number} has no letter or digit, or more than 48 signs.",
                "零件号 {number} 不含字母或数字，或超过 48 个字符。",
            ),
            _no("missing_part_type", "The application names no part type.", "适配记录未给出配件类型。"),
            _no("unknown_part_type", "The part type {type} is not known.", "无法识别配件类型 {type}。"),
            _no("missing_vehicle", "The application names no vehicle.", "适配记录未给出车型。"),
            _no(
                "unknown_element",
                "{element} is not known: it may restrict the application.",
                "无法识别元素 {element}：它可能限制适配范围。",
            ),
            _no(
                "year_out_of_range",
                "The year {year} is outside {first} to {last}.",
                "年份 {year} 不在 {first} 至 {last} 之间。",
            ),
            _no("years_reversed", "The years run from {first} to {last}.", "年份范围颠倒：{first} 至 {last}。"),
            _no(
                "invalid_position",
                "Position {position} is not possible for part type {type}.",
                "配件类型 {type} 不能使用安装位置 {position}。",
            ),
            _no(
                "part_type_disagrees",
                "The part {number} is of part type {known}, and this application says {said}.",
                "零件 {number} 的配件类型为 {known}，本条适配却为 {said}。",
            ),
            _no("duplicate", "The same application stands in line {other}.", "与第 {other} 行的适配记录完全相同。"),
            _no("duplicate_item", "The same part stands in line {other}.", "与第 {other} 行为同一零件。"),
            *(
                _no(
                    f"unknown_{kind}", f"The {en} {{id}} is not in the loaded list.", f"已加载的清单中没有{zh} {{id}}。"
                )
                for kind, (en, zh) in CODED.items()
            ),
            *(
                _odd(
                    f"unverified_{kind}",
                    f"The {en} {{id}} cannot be judged: no list is loaded ({{lines}} lines).",
                    f"未加载清单，无法核对{zh} {{id}}（共 {{lines}} 行）。",
                )
                for kind, (en, zh) in CODED.items()
            ),
            # records beside one another, and beside the catalogue
            _odd(
                "overlap",
                "Part {number} here and part {other_number} in line {other} are for the same vehicle and"
                " position, with nothing to choose by.",
                "本行零件 {number} 与第 {other} 行零件 {other_number} 适配同一车型和位置，且无选择依据。",
            ),
            _odd(
                "cnc_overlap",
                "Of this line (part {number}) and line {other} (part {other_number}), for the same vehicle and"
                " position, one has a condition and the other has none.",
                "本行（零件 {number}）与第 {other} 行（零件 {other_number}）适配同一车型和位置，一条带条件，一条不带。",
            ),
            _odd(
                "quantities_differ",
                "Line {other} says the same with another quantity.",
                "第 {other} 行内容相同但数量不同。",
            ),
            _odd("already_there", "The catalogue has this application already.", "目录中已有该适配记录。"),
            _odd(
                "nothing_to_delete",
                "The catalogue has nothing that this record deletes.",
                "目录中没有该记录要删除的内容。",
            ),
            _odd(
                "delete_in_full",
                "A full file replaces everything, so there is nothing to delete.",
                "全量文件会整体替换，无需删除。",
            ),
            _odd(
                "price_not_in_force",
                "The {list} price in {currency} is not in force on {day}.",
                "{list} 价格（{currency}）在 {day} 未生效。",
            ),
            _odd(
                "price_of_a_package",
                "The {list} price is per {unit}, not per piece.",
                "{list} 价格按 {unit} 计，而非按件。",
            ),
            _odd(
                "price_rounded",
                "The {list} price {price} {currency} was rounded to {rounded}.",
                "{list} 价格 {price} {currency} 已舍入为 {rounded}。",
            ),
            _odd(
                "bad_price",
                "The {list} price {price} {currency} cannot be read.",
                "{list} 价格 {price} {currency} 无法识别。",
            ),
            _odd("bad_gtin", "The GTIN {gtin} has a wrong check digit or length.", "GTIN {gtin} 的校验位或长度有误。"),
            _odd(
                "unknown_relative",
                "The part {number} of {brand}, named as {kind}, is not in the catalogue.",
                "作为 {kind} 给出的零件 {brand} {number} 不在目录中。",
            ),
            _odd(
                "circular",
                "The part {number}, named as {kind}, would lead back to this one.",
                "作为 {kind} 给出的零件 {number} 会形成循环。",
            ),
            _odd(
                "item_type_differs",
                "The file says part type {said} of part {number}; the catalogue keeps {known}.",
                "文件称零件 {number} 的配件类型为 {said}；目录保留 {known}。",
            ),
            _odd(
                "part_type_corrected",
                "The catalogue had part type {known} for part {number}; this full file says {said}, and counts.",
                "目录中零件 {number} 的配件类型为 {known}；本全量文件为 {said}，以本文件为准。",
            ),
            _odd(
                "brand_named",
                "The brand that was known by its code {code} only is called {name} from now on.",
                "此前仅有代码 {code} 的品牌，现名为 {name}。",
            ),
            _odd(
                "brand_name_taken",
                "The brand {code} calls itself {name}, as another brand is called already; it keeps the name {kept}.",
                "品牌 {code} 自称 {name}，但已有其他品牌使用该名称；仍称 {kept}。",
            ),
            _odd(
                "no_part_type",
                "The file says no part type; the part waits for a file that does.",
                "文件未给出配件类型，待其他文件补充。",
            ),
        )
    }
)
