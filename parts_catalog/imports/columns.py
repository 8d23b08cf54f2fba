"""The columns of suppliers' tables: which heading means what, in English and Chinese, one row per field."""

from collections.abc import Mapping
from types import MappingProxyType

from parts_catalog.spelling import name_key

# Field: headings, spelled any way (case, spaces and signs do not count).
_HEADINGS: Mapping[str, str] = {
    "action": "action|操作",
    "brand": "brand|brand name|brand code|make of part|品牌|配件品牌|品牌名称",
    "number": "part number|part no|number|sku|item|article|article number"
    "|零件号|配件号|产品编号|产品型号|货号|编号|零件编号",
    "part_type": "part type|type|category|product|配件类型|产品类型|类别|品类|配件名称类别",
    "name_en": "name en|english name|part name|description|英文名称|英文名",
    "name_zh": "name zh|chinese name|名称|中文名称|产品名称|配件名称|零件名称|品名",
    "oe": "oe|oe number|oem|oem number|oe no|OE号|OE编号|原厂号|原厂编号|原厂件号",
    "interchange": "interchange|cross reference|competitor number|互换号|对照号|通用号",
    "gtin": "gtin|ean|upc|barcode|条码|条形码|商品条码",
    "superseded_by": "superseded by|replaced by|替代号|新编号|替换件号",
    "price": "price|net price|retail price|价格|单价|零售价|售价",
    "currency": "currency|币种|货币",
    "make": "make|vehicle make|car make|厂牌|汽车品牌|车辆品牌|车品牌|主机厂",
    "model_line": "model|model line|vehicle|vehicle model|车型|车系|适用车型",
    "years": "year|years|model year|model years|年款|年份|年代",
    "year_from": "year from|from year|起始年款|起始年份|开始年份",
    "year_to": "year to|to year|结束年款|结束年份|截止年份",
    "built_from": "built from|production from|build from|生产开始|生产起始年月|投产年月",
    "built_to": "built to|production to|build to|生产结束|生产截止年月|停产年月",
    "fuel": "fuel|fuel type|燃料|燃料类型|燃油类型",
    "displacement_l": "displacement|engine size|litres|liters|排量",
    "cylinders": "cylinders|缸数|气缸数",
    "aspiration": "aspiration|进气形式|进气方式",
    "transmission": "transmission|gearbox|变速箱|变速箱类型|变速器",
    "drive": "drive|drive type|驱动|驱动形式|驱动方式",
    "body": "body|body style|车身|车身形式",
    "engine_code": "engine code|engine|发动机型号|发动机|发动机代码",
    "region": "region|market|地区|销售地区|市场",
    "position": "position|fitting position|location|位置|安装位置",
    "quantity": "quantity|qty|per car|数量|用量|单车用量",
    "note_en": "note|notes|remark|remarks|comment|英文备注",
    "note_zh": "备注|说明|限定条件|注意事项",
    "base_vehicle": "base vehicle|base vehicle id",
}  # fmt: skip
HEADINGS: Mapping[str, str] = MappingProxyType(
    {name_key(word): field for field, words in _HEADINGS.items() for word in words.split("|")}
)
# What a person calls each field, for the sentence about a cell.
FIELDS: Mapping[str, str] = MappingProxyType({field: words.split("|")[0] for field, words in _HEADINGS.items()})
VEHICLE = ("make", "model_line", "base_vehicle")
