"""Fit answers in words: what to tell a person, in English and Chinese."""

from collections.abc import Mapping

from parts_catalog.equipment import EQUIPMENT
from parts_catalog.parts import FitAnswer, FitVerdict

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


def question_words(question: str) -> tuple[str, str]:
    """Name what is asked for: a vehicle attribute, or a piece of equipment."""
    if question in ATTRIBUTES:
        return ATTRIBUTES[question]
    plain = question.replace("_", " ")
    en, zh = EQUIPMENT.get(question, (plain, plain))
    return f"whether it has {en}", f"是否配备{zh}"


def answer_words(answer: FitAnswer) -> tuple[str, str]:
    """Give one sentence per language that says the whole answer."""
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
