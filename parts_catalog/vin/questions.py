"""What to ask a person after a VIN is decoded, and what to tell him, in both languages."""

from collections.abc import Iterator, Mapping

from parts_catalog.vin.answers import Certainty, Field, Notice, Question

NAMES: Mapping[str, tuple[str, str]] = {
    "maker": ("maker", "厂家"),
    "make": ("make", "品牌"),
    "model_line": ("model line", "车系"),
    "model_year": ("model year", "年款"),
    "fuel": ("fuel", "燃料类型"),
    "displacement_l": ("displacement in litres", "排量（升）"),
    "cylinders": ("number of cylinders", "气缸数"),
    "engine_code": ("engine", "发动机型号"),
    "aspiration": ("aspiration", "进气方式"),
    "transmission": ("transmission", "变速箱"),
    "drive": ("drive", "驱动方式"),
    "body": ("body", "车身形式"),
    "maker_country": ("maker's country", "厂家所在国"),
    "plant_country": ("country of the plant", "产地"),
    "plant": ("plant", "工厂"),
}
# In the order in which to ask: what decides most between parts comes first.
_ASKED = ("make", "model_line", "model_year", "fuel", "displacement_l", "body")
_OF_ENGINES = frozenset({"displacement_l"})

CHECK_DIGIT = Notice(
    "check_digit",
    "The check digit at position 9 does not agree. Not every maker uses one here; compare the VIN once more.",
    "第9位校验位不符。当地并非所有厂家都使用校验位，请再核对一遍车架号。",
)
NO_YEAR_CODE = Notice(
    "no_year_code",
    "Position 10 is no code of a model year.",
    "第10位不是年款代码。",
)
UNKNOWN_MAKER = Notice(
    "unknown_maker",
    "The maker's code (positions 1 to 3) is in none of our tables. A rule of your own can name it.",
    "前三位厂家代码不在任何表中，可自行添加规则。",
)
SMALL_MAKER = Notice(
    "small_maker",
    "Many small makers share this code; positions 12 to 14 tell them apart, and no table here does.",
    "该代码由多家小批量厂家共用，需第12至14位区分，现有各表均无记录。",
)
NO_VPIC = Notice(
    "vpic_not_installed",
    "vPIC, which knows North American VINs, is not installed (extra `vin`); model and engine are left to be asked.",
    "未安装北美车架号库 vPIC（附加组件 vin），车系和发动机需询问车主。",
)


def questions(fields: Mapping[str, Field]) -> list[Question]:
    """Ask for each field that decides between parts and is not certain; of an electric car, nothing of engines."""
    electric = fields["fuel"].value == "electric"
    return [
        _question(name, fields[name])
        for name in _ASKED
        if fields[name].certainty is not Certainty.CERTAIN and not (electric and name in _OF_ENGINES)
    ]


def _question(name: str, field: Field) -> Question:
    en, zh = NAMES[name]
    if not field.candidates:
        return Question(name, f"What is the car's {en}?", f"该车的{zh}是什么？")
    listed_en, listed_zh = " or ".join(map(str, field.candidates)), "还是".join(map(str, field.candidates))
    if len(field.candidates) == 1:
        return Question(name, f"Is the car's {en} {listed_en}?", f"该车的{zh}是{listed_zh}吗？", field.candidates)
    return Question(name, f"Which {en}: {listed_en}?", f"{zh}是哪一个：{listed_zh}？", field.candidates)


def contradiction(fields: Mapping[str, Field]) -> Iterator[Notice]:
    """Tell of the fields whose sources exclude one another."""
    for name, field in fields.items():
        if field.contradicted:
            listed, sources = ", ".join(map(str, field.candidates)), "; ".join(field.sources)
            yield Notice(
                f"contradiction:{name}",
                f"Sources disagree on the {NAMES[name][0]} ({listed}): {sources}.",
                f"各来源对{NAMES[name][1]}说法不一（{listed}）：{sources}。",
            )
