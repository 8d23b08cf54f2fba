"""What a workshop does to see whether a finding is so before it changes a part: one row per fault, quickest first."""

from collections.abc import Mapping
from types import MappingProxyType

_Test = tuple[str, str]  # in English and in Chinese

CONFIRMING: Mapping[str, tuple[_Test, ...]] = MappingProxyType(
    {
        "thermostat_stuck_open": (
            ("Warm up from cold: the upper hose gets warm before the engine is", "冷车启动：发动机未热，上水管已变热"),
            (
                "Take the thermostat out and heat it in water: it opens too early or never closes",
                "拆下节温器放入热水：过早开启或不能关闭",
            ),
        ),
        "thermostat_stuck_closed": (
            ("Engine hot: the upper hose stays cold", "发动机已热，上水管仍冷"),
            ("Take the thermostat out and heat it in water: it does not open", "拆下节温器放入热水：不开启"),
        ),
        "coolant_leak": (
            (
                "Coolant level, and traces under hoses, pump and radiator",
                "检查液位以及水管、水泵、散热器下方的渗漏痕迹",
            ),
            (
                "Press the cooling system to the pressure on its cap: it must hold for ten minutes",
                "按水箱盖标注压力打压，应保压十分钟",
            ),
        ),
        "water_pump": (
            ("Play and noise of the pump, traces at its weep hole", "检查水泵轴间隙、异响及泄水孔痕迹"),
            ("Engine warm: little flow at the filler neck when revved", "热车加油门时加水口水流微弱"),
        ),
        "cooling_fan": (
            ("Switch the fan on by the diagnostic tester", "用诊断仪驱动风扇"),
            ("Voltage and ground at its plug, then its relay and fuse", "测量插头电源和搭铁，再查继电器和保险丝"),
        ),
        "coolant_sensor": (
            ("Car cold over night: compare with intake air and outside air", "停放过夜后与进气温度、外温对比"),
            ("Resistance of the sensor at two temperatures, then plug and wires", "在两个温度下测电阻，再查插头和线束"),
        ),
        "air_flow_meter": (
            ("Air mass at idle and at 2500 rpm against the table of the engine", "怠速和2500转时的进气量与标准值对比"),
            (
                "Look for dirt on the wire and for leaks behind the meter, then unplug it and see the trims",
                "检查热线脏污及后方漏气，再拔下插头看燃油修正",
            ),
        ),
        "vacuum_leak": (
            ("Smoke into the intake: it comes out at the leak", "进气系统打烟，观察漏点"),
            ("Trims at idle and at 2500 rpm: they fall with speed", "对比怠速与2500转的燃油修正：转速升高后下降"),
        ),
        "fuel_pump": (
            (
                "Fuel pressure at idle, under load, and ten minutes after switching off",
                "测怠速、负荷及熄火十分钟后的油压",
            ),
            ("Current and supply voltage of the pump, then its filter", "测油泵电流和供电电压，再查滤清器"),
        ),
        "injector_clogged": (
            (
                "Balance of the cylinders, then the amount of each injector on the bench",
                "各缸平衡测试，再上台架测喷油量",
            ),
            ("Resistance and pulse of each injector", "测各喷油器电阻和驱动脉冲"),
        ),
        "injector_leaking": (
            ("Pressure after switching off: it falls within minutes", "熄火后油压数分钟内下降"),
            ("Take the rail out under pressure: one drips", "保持油压拆下油轨：有喷油器滴漏"),
        ),
        "misfire": (
            (
                "Misfires by cylinder, then change coil and plug with another cylinder",
                "读取各缸失火次数，再与其他缸互换线圈和火花塞",
            ),
            ("Compression of the cylinder that misses", "测失火缸的压缩压力"),
        ),
        "upstream_oxygen_sensor": (
            (
                "Look at its course at 2500 rpm, and when it is made rich and lean by hand",
                "观察2500转时的波形，并人为加浓、变稀",
            ),
            ("Current of its heater, and leaks of the exhaust in front of it", "测加热电流，并查前方排气漏气"),
        ),
        "catalyst": (
            ("Leaks of the exhaust and misfires first: they look the same", "先排除排气漏气和失火"),
            (
                "Sensor behind the catalyst at steady 2500 rpm: it follows the one in front",
                "稳定2500转时后氧波形跟随前氧",
            ),
        ),
        "evap": (
            ("Seal and seat of the fuel cap", "检查油箱盖密封圈及安装"),
            ("Smoke into the vapour system with the purge valve closed", "关闭碳罐电磁阀，对蒸汽系统打烟"),
        ),
        "egr_stuck_closed": (
            (
                "Open the valve by the tester at idle: the engine must run worse",
                "怠速时用诊断仪打开EGR阀：发动机应抖动",
            ),
            ("Soot in valve and cooler", "检查阀和冷却器积碳"),
        ),
        "egr_stuck_open": (
            ("Blank the valve off: idle becomes smooth", "堵住EGR阀：怠速恢复平稳"),
            ("Soot in the seat of the valve", "检查阀座积碳"),
        ),
        "particulate_filter": (
            ("Pressure across the filter at idle and at 2500 rpm", "测怠速和2500转时的压差"),
            ("Hoses and sensor of that pressure, then a forced regeneration", "检查压差管路和传感器，再强制再生"),
        ),
        "underboost": (
            ("Press the intake from compressor to throttle: look for leaks", "对压气机至节气门段打压查漏"),
            ("Play of the shaft, movement of the wastegate and its solenoid", "检查轴间隙、废气旁通阀及电磁阀动作"),
        ),
        "throttle_body": (
            ("Look at the plate for deposits", "检查节气门积碳"),
            ("Clean it, teach it again, and watch the idle", "清洗后重新匹配并观察怠速"),
        ),
        "exhaust_restriction": (
            ("Pressure in front of the catalyst at 2500 rpm", "测2500转时三元前排气背压"),
            ("Vacuum of the intake held at 2500 rpm: it falls slowly", "保持2500转时进气真空度缓慢下降"),
        ),
        "alternator": (
            (
                "Charging voltage at idle and at 2000 rpm, with lights and fan on",
                "开大灯和鼓风机，测怠速和2000转充电电压",
            ),
            (
                "Belt and tensioner, then the drop from B+ to the battery and at ground",
                "检查皮带和张紧轮，再测B+至蓄电池及搭铁压降",
            ),
            ("Ripple of the voltage: a diode", "测电压纹波：二极管"),
        ),
        "battery_12v": (
            ("Charge it, then test it under load or by its conductance", "充电后做负荷或电导测试"),
            ("Current at rest after half an hour", "休眠半小时后测暗电流"),
        ),
        "starter": (
            ("Voltage of the battery and current while cranking", "测起动时蓄电池电压和电流"),
            ("Drop over cables and solenoid while cranking", "测起动时电缆和电磁开关压降"),
        ),
        "transmission_slip": (
            ("Level and look of the fluid", "检查油位和油质"),
            ("Turbine against engine speed in each gear with the converter locked", "锁止时对比各挡涡轮与发动机转速"),
        ),
        "air_filter": (
            ("Look at the element against the light", "对光检查滤芯"),
            ("Pressure behind it at full throttle", "测全负荷时滤芯后负压"),
        ),
        "hybrid_battery": (
            (
                "High voltage: qualified people only. Blocks at rest and under load",
                "高压作业须持证。测各模块静态和负载电压",
            ),
            ("Fan and air ducts of the battery", "检查电池冷却风扇和风道"),
        ),
        "traction_battery_fade": (
            ("High voltage: qualified people only. Capacity by a full charge", "高压作业须持证。满充测容量"),
            ("Spread of the cells at the end of it", "测充电末端单体压差"),
        ),
        "cell_spread": (
            ("High voltage: qualified people only. Insulation first", "高压作业须持证。先测绝缘"),
            ("Cells at rest and at the end of a charge", "测静置和充电末端单体电压"),
        ),
        "dcdc_converter": (
            ("12 V with the car ready and all consumers on", "车辆就绪并开启全部用电器，测12V电压"),
            ("High voltage: qualified people only. Input voltage of the converter", "高压作业须持证。测转换器输入电压"),
        ),
    }
)
