//! The words of the trade: people, places, company names, parts. All invented, all plausible.

use super::Salesperson;

pub const SALESPEOPLE: &[Salesperson] = &[
    Salesperson { code: "YW001", user: "zhangwei", name: "张伟" },
    Salesperson { code: "YW002", user: "liuyang", name: "刘洋" },
    Salesperson { code: "YW003", user: "chenjing", name: "陈静" },
    Salesperson { code: "YW004", user: "huanglei", name: "黄磊" },
    Salesperson { code: "YW005", user: "wumin", name: "吴敏" },
    Salesperson { code: "YW006", user: "linxia", name: "林霞" },
];
/// Who leads the salespeople, and who looks after money that nobody knows.
pub const MANAGER: Salesperson = Salesperson { code: "YW000", user: "sunqiang", name: "孙强" };
pub const FINANCE: Salesperson = Salesperson { code: "CW001", user: "caiwu", name: "财务" };

pub const IT: Salesperson = Salesperson { code: "IT001", user: "gaoming", name: "高明" };

/// Everybody who has a chat account in the company.
pub fn members() -> impl Iterator<Item = Salesperson> {
    SALESPEOPLE.iter().copied().chain([MANAGER, FINANCE, IT])
}

pub const OWN_NAMES: [&str; 2] = ["深圳市启合电子有限公司", "QIHE ELECTRONICS (HK) LIMITED"];
pub const OWN_ACCOUNTS: [&str; 2] = ["755900012310808", "012-668-2-001234-5"];

pub const CITIES: &[&str] = &["深圳市", "东莞市", "惠州市", "广州市", "苏州", "珠海", "中山市", "上海", "杭州", "厦门"];
pub const FIRST: &[&str] = &[
    "华", "鼎", "瑞", "远", "科", "智", "恒", "创", "联", "宏", "晶", "凯", "诺", "盛", "德", "迈", "拓", "英", "博",
    "天", "卓", "飞", "金", "众", "普",
];
pub const SECOND: &[&str] = &[
    "芯", "达", "联", "航", "锐", "信", "通", "泰", "微", "能", "图", "腾", "光", "维", "邦", "源", "翔", "创", "优",
    "控", "视", "睿", "峰", "源达", "讯",
];
pub const FIRST_LATIN: &[&str] = &[
    "HUA", "DING", "RUI", "YUAN", "KE", "ZHI", "HENG", "CHUANG", "LIAN", "HONG", "JING", "KAI", "NUO", "SHENG", "DE",
    "MAI", "TUO", "YING", "BO", "TIAN", "ZHUO", "FEI", "JIN", "ZHONG", "PU",
];
pub const SECOND_LATIN: &[&str] = &[
    "XIN", "DA", "LIAN", "HANG", "RUI", "XIN", "TONG", "TAI", "WEI", "NENG", "TU", "TENG", "GUANG", "WEI", "BANG",
    "YUAN", "XIANG", "CHUANG", "YOU", "KONG", "SHI", "RUI", "FENG", "YUANDA", "XUN",
];
pub const TRADES: &[&str] =
    &["电子有限公司", "科技有限公司", "智能科技有限公司", "通信技术有限公司", "自动化设备有限公司", "光电股份有限公司"];
pub const SURNAMES: &[&str] = &["李", "王", "赵", "周", "徐", "郑", "何", "罗", "梁", "谢"];
pub const TITLES: &[&str] = &["工", "经理", "小姐", "采购", "总"];
/// Companies that pay for others (委托付款): their names say nothing about the customer.
pub const PAYING_AGENTS: &[&str] = &[
    "深圳市前海汇通供应链有限公司",
    "东莞市顺捷进出口有限公司",
    "EVERGOLD TRADING CO., LIMITED",
    "深圳市一达通企业服务有限公司",
];
/// Whom the company pays, by book.
pub const SUPPLIERS: [&[&str]; 2] = [
    &["艾睿（中国）电子贸易有限公司", "顺丰速运有限公司", "深圳市南方集成技术有限公司", "上海贝岭股份有限公司"],
    &["ARROW ASIA PAC LIMITED", "SF EXPRESS (HONG KONG) LIMITED", "WPG (H.K.) LIMITED", "FUTURE ELECTRONICS INC"],
];
pub const RETURN_REASONS: &[&str] = &["引脚氧化", "型号错发", "批次不良", "数量不符", "客户项目取消"];

/// A part that the company sells.
#[derive(Debug)]
pub struct Part {
    pub number: &'static str,
    pub brand: &'static str,
    /// Price of one piece with tax, in millionths of a yuan.
    pub price: i64,
    /// Sold in multiples of this.
    pub pack: i64,
    /// The price on delivery notes is for so many pieces (价格系数).
    pub per: i64,
}

const fn part(number: &'static str, brand: &'static str, price: i64, pack: i64, per: i64) -> Part {
    Part { number, brand, price, pack, per }
}

pub const PARTS: &[Part] = &[
    part("STM32F103C8T6", "ST", 9_800_000, 500, 1),
    part("STM32G030F6P6", "ST", 3_650_000, 1000, 1),
    part("STM32H743VIT6", "ST", 58_600_000, 100, 1),
    part("GD32F303RCT6", "GigaDevice", 8_900_000, 500, 1),
    part("GD25Q64CSIG", "GigaDevice", 2_480_000, 2000, 1),
    part("W25Q128JVSIQ", "Winbond", 4_120_000, 2000, 1),
    part("TPS54331DR", "TI", 3_980_000, 1000, 1),
    part("TPS5430DDAR", "TI", 6_750_000, 1000, 1),
    part("LM358DR", "TI", 485_000, 2500, 1),
    part("SN65HVD230DR", "TI", 5_260_000, 500, 1),
    part("AMS1117-3.3", "AMS", 318_000, 2500, 1),
    part("MP1584EN-LF-Z", "MPS", 2_870_000, 1000, 1),
    part("ESP32-WROOM-32E", "Espressif", 16_400_000, 300, 1),
    part("ESP32-C3-MINI-1", "Espressif", 9_350_000, 500, 1),
    part("NRF52832-QFAA-R", "Nordic", 14_700_000, 300, 1),
    part("CH340G", "WCH", 1_960_000, 1000, 1),
    part("CP2102-GMR", "Silicon Labs", 7_880_000, 500, 1),
    part("MAX485ESA+T", "ADI", 3_240_000, 1000, 1),
    part("ADUM1201ARZ", "ADI", 8_150_000, 500, 1),
    part("AD8232ACPZ-R7", "ADI", 21_300_000, 200, 1),
    part("BAT54S", "Nexperia", 92_500, 3000, 1),
    part("BSS138", "Nexperia", 118_000, 3000, 1),
    part("AO3400A", "AOS", 216_000, 3000, 1),
    part("IRFZ44NPBF", "Infineon", 3_120_000, 500, 1),
    part("PC817C", "Sharp", 268_000, 2000, 1),
    part("HF115F/012-1ZS3", "Hongfa", 4_730_000, 500, 1),
    part("KF2EDG-5.08-4P", "KEFA", 865_000, 1000, 1),
    part("RC0603FR-0710KL", "Yageo", 8_650, 50_000, 1000),
    part("RC0402JR-074K7L", "Yageo", 5_340, 100_000, 1000),
    part("CL10B104KB8NNNC", "Samsung", 17_900, 40_000, 1000),
    part("GRM188R61A106KE69D", "Murata", 86_300, 20_000, 1000),
    part("BLM18PG121SN1D", "Murata", 53_200, 20_000, 1000),
];
