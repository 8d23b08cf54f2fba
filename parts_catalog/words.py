"""Fit answers in words: what to tell a person, in English and Chinese."""

from collections.abc import Mapping

from parts_catalog.equipment import EQUIPMENT
from parts_catalog.parts import FitAnswer, FitVerdict, Related, Relation

# The vehicle attributes one may be asked for, as `VehicleConfig` names them.
ATTRIBUTES: Mapping[str, tuple[str, str]] = {
    "make": ("the make", "品牌"),
    "model_line": ("the model line", "车型"),
    "model_year": ("the model year", "年款"),
    "build_month": ("the build month", "生产年月"),
    "fuel": ("the fuel", "燃料类型"),
    "displacement_l": ("the displacement", "排量"),
    "engine_code": ("the engine code", "发动机型号"),
    "aspiration": ("the aspiration (naturally aspirated or turbocharged)", "进气形式（自然吸气或涡轮增压）"),
    "transmission": ("the transmission", "变速箱类型"),
    "drive": ("the driven wheels", "驱动形式"),
    "body": ("the body style", "车身形式"),
    "region": ("the market the car was built for", "销售地区"),
    "cylinders": ("the number of cylinders", "气缸数"),
}

POSITIONS: Mapping[str, tuple[str, str]] = {
    "front": ("front", "前"),
    "rear": ("rear", "后"),
    "upper": ("upper", "上"),
    "lower": ("lower", "下"),
    "upstream": ("upstream of the catalyst", "前级"),
    "downstream": ("downstream of the catalyst", "后级"),
    "driver": ("driver's side", "主驾侧"),
    "passenger": ("passenger's side", "副驾侧"),
}


# Codes that one may be asked for, by the names that ACES files give them in snake_case.
CODES: Mapping[str, tuple[str, str]] = {
    "submodel": ("the submodel or trim", "配置款型"),
    "engine_base": ("the engine", "发动机"),
    "engine_block": ("the engine block", "发动机缸体"),
    "engine_vin": ("the engine's letter in the VIN", "VIN中的发动机代码"),
    "engine_designation": ("the engine's designation", "发动机名称"),
    "engine_version": ("the engine's version", "发动机版本"),
    "engine_mfr": ("the engine's maker", "发动机制造商"),
    "drive_type": ("the driven wheels", "驱动形式"),
    "body_type": ("the body style", "车身形式"),
    "body_num_doors": ("the number of doors", "车门数"),
    "fuel_type": ("the fuel", "燃料类型"),
    "transmission_type": ("the transmission", "变速箱类型"),
    "transmission_num_speeds": ("the number of gears", "变速箱挡位数"),
    "brake_abs": ("whether and how it has ABS", "是否配备ABS及类型"),
    "wheel_base": ("the wheelbase", "轴距"),
    "bed_length": ("the length of the bed", "货箱长度"),
}


def question_words(question: str) -> tuple[str, str]:
    """Name what is asked for: a vehicle attribute, a code of a catalogue, or a piece of equipment."""
    if question in ATTRIBUTES:
        return ATTRIBUTES[question]
    if question in CODES:
        return CODES[question]
    plain = question.replace("_", " ")
    en, zh = EQUIPMENT.get(question, (plain, plain))
    return f"whether it has {en}", f"是否配备{zh}"


def related_words(related: Related) -> tuple[str, str]:
    """Say in one sentence per language how a part stands in for another, and whether it is there."""
    name = f"{related.part.brand} {related.part.number}"
    stock_en = f"{related.available} in stock" if related.available else "not in stock"
    stock_zh = f"库存{related.available}件" if related.available else "无库存"
    match related.relation:
        case Relation.REPLACED_BY:
            since_en, since_zh = (f" since {related.since}", f"自{related.since}起") if related.since else ("", "")
            return f"Replaced by {name}{since_en}, {stock_en}.", f"{since_zh}由{name}替代，{stock_zh}。"
        case Relation.REPLACES:
            return f"Replaced {name}, which may still be fitted, {stock_en}.", f"替代{name}，旧件仍可使用，{stock_zh}。"
        case Relation.INTERCHANGE:
            return f"Interchanges with {name}, {stock_en}.", f"可与{name}互换，{stock_zh}。"


def answer_words(answer: FitAnswer) -> tuple[str, str]:
    """Say the whole answer in each language."""
    en, zh = _verdict_words(answer)
    if not answer.ambiguous:
        return en, zh
    return (
        f"{en} The catalogue does not say which of several parts or quantities: compare with the part on the car.",
        f"{zh}目录列有多个配件或数量，未注明如何区分：请与车上原件核对。",
    )


def _verdict_words(answer: FitAnswer) -> tuple[str, str]:
    conditions_en, conditions_zh = "; ".join(answer.conditions_en), "；".join(answer.conditions_zh)
    match answer.verdict:
        case FitVerdict.FITS:
            return "Fits your car.", "适合您的车。"
        case FitVerdict.FITS_IF:
            return f"Fits your car on condition: {conditions_en}.", f"符合以下条件时适合您的车：{conditions_zh}。"
        case FitVerdict.DEPENDS_ON:
            en, zh = question_words(answer.question or "")
            also_en = f" Also on condition: {conditions_en}." if conditions_en else ""
            also_zh = f"另需符合：{conditions_zh}。" if conditions_zh else ""
            return (
                f"It depends: please tell us {en}.{also_en}",
                f"需要确认：请告诉我们{zh}。{also_zh}",
            )
        case FitVerdict.DOES_NOT_FIT:
            return "Does not fit your car.", "不适合您的车。"
        case FitVerdict.UNKNOWN:
            return (
                "Unknown: the catalogue says nothing about this part and your car.",
                "未知：目录中没有该配件与您的车的适配信息。",
            )
