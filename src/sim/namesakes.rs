//! Party keys of made-up companies, several a company and labelled with whose they are: what identity is scored on.
//!
//! Every company is known to several systems under its legal name and under what people made of it (简称, brackets, 繁体,
//! 有限责任公司, an English name, a branch, a remark). The hard part is who looks alike and is somebody else: sibling
//! companies in other places and in Hong Kong, the group, another trade under the same own name, cash customers.

use std::collections::HashSet;
use std::sync::Arc;

use super::rng::Rng;
use crate::domain::credit_code::credit_code_check;
use crate::domain::{Fact, FactKind, FieldMap, Value};

/// How a key writes its company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alias {
    Legal,
    /// Width, brackets, white space.
    Typeset,
    Traditional,
    /// 有限责任公司 for 有限公司, the place in brackets.
    Restyled,
    /// 深圳远航电子, 远航电子, 远航.
    Short,
    English,
    Branch,
    /// （已停用）, （勿用）.
    Remark,
}

impl Alias {
    pub const ALL: [Self; 8] = [
        Self::Legal,
        Self::Typeset,
        Self::Traditional,
        Self::Restyled,
        Self::Short,
        Self::English,
        Self::Branch,
        Self::Remark,
    ];
}

/// One party key and the truth about it.
#[derive(Debug, Clone)]
pub struct Namesake {
    pub fact: Fact,
    pub company: usize,
    pub alias: Alias,
}

/// Own names are made of these, simplified and traditional in turn.
const LETTERS: &[(&str, &str, &str)] = &[
    ("远", "遠", "YUAN"),
    ("航", "航", "HANG"),
    ("华", "華", "HUA"),
    ("联", "聯", "LIAN"),
    ("创", "創", "CHUANG"),
    ("鸿", "鴻", "HUNG"),
    ("达", "達", "TAT"),
    ("腾", "騰", "TENG"),
    ("宏", "宏", "WANG"),
    ("瑞", "瑞", "SHUI"),
    ("丰", "豐", "FUNG"),
    ("兴", "興", "HING"),
    ("亿", "億", "YIK"),
    ("万", "萬", "MAN"),
    ("汇", "匯", "WUI"),
    ("锐", "銳", "YUI"),
    ("凯", "凱", "HOI"),
    ("诺", "諾", "NOK"),
    ("盛", "盛", "SHING"),
    ("迈", "邁", "MAI"),
    ("飞", "飛", "FEI"),
    ("众", "眾", "CHUNG"),
    ("优", "優", "YAU"),
    ("维", "維", "WAI"),
    ("邦", "邦", "BONG"),
    ("源", "源", "YUEN"),
    ("翔", "翔", "CHEUNG"),
    ("睿", "睿", "RUI"),
    ("峰", "峰", "FENG"),
    ("讯", "訊", "SHUN"),
    ("顺", "順", "SOON"),
    ("卓", "卓", "CHEUK"),
    ("嘉", "嘉", "KA"),
    ("泽", "澤", "CHAK"),
    ("骏", "駿", "CHUN"),
    ("启", "啟", "KAI"),
    ("铭", "銘", "MING"),
    ("宇", "宇", "YU"),
    ("星", "星", "SING"),
    ("恒", "恆", "HANG"),
];
const TRADES: &[(&str, &str, &str)] = &[
    ("电子", "電子", "ELECTRONICS"),
    ("科技", "科技", "TECHNOLOGY"),
    ("电子科技", "電子科技", "ELECTRONIC TECHNOLOGY"),
    ("半导体", "半導體", "SEMICONDUCTOR"),
    ("实业", "實業", "INDUSTRIAL"),
    ("贸易", "貿易", "TRADING"),
    ("微电子", "微電子", "MICROELECTRONICS"),
    ("智能科技", "智能科技", "INTELLIGENT TECHNOLOGY"),
];
const CITIES: &[(&str, &str)] = &[
    ("深圳", "440300"),
    ("东莞", "441900"),
    ("惠州", "441300"),
    ("广州", "440100"),
    ("苏州", "320500"),
    ("厦门", "350200"),
];
/// Alphabet of the organization part of a credit code.
const CODE_LETTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// One legal person.
struct Company {
    /// Index into [`CITIES`]; `None` is Hong Kong.
    city: Option<usize>,
    brand: Vec<usize>,
    trade: usize,
    group: bool,
    number: String,
    phone: String,
    email: String,
    account: String,
}

/// So many keys, and a few more: the last family is completed.
pub fn namesakes(seed: u64, count: usize) -> Vec<Namesake> {
    let mut rng = Rng::new(seed);
    let mut keys: Vec<Namesake> = Vec::with_capacity(count + 20);
    let mut companies = 0;
    // No office registers a name twice.
    let mut registered = HashSet::new();
    while keys.len() < count {
        for company in family(&mut rng) {
            if !registered.insert(legal_name(&company)) {
                continue;
            }
            for alias in aliases(&mut rng, &company) {
                let fact = key(&mut rng, &company, alias, keys.len());
                keys.push(Namesake { fact, company: companies, alias });
            }
            companies += 1;
        }
        if rng.chance(10) {
            // A customer that is nobody: every system has one, and they have nothing to do with each other.
            let fact = party(keys.len(), vec![("name", (*rng.pick(&["现金客户", "零售客户", "散客"])).to_owned())]);
            keys.push(Namesake { fact, company: companies, alias: Alias::Legal });
            companies += 1;
        }
    }
    keys
}

/// One to four siblings under one own name.
fn family(rng: &mut Rng) -> Vec<Company> {
    let letters = if rng.chance(150) { 2 } else { 3 };
    let brand: Vec<usize> = (0..letters).map(|_| rng.below(LETTERS.len() as u64) as usize).collect();
    let trade = rng.below(TRADES.len() as u64) as usize;
    let first = rng.below(CITIES.len() as u64) as usize;
    let mut places = vec![(Some(first), trade, false)];
    if rng.chance(400) {
        places.push((Some((first + 1) % CITIES.len()), trade, false));
    }
    if rng.chance(400) {
        places.push((None, trade, false));
    }
    if rng.chance(150) {
        places.push((Some(first), (trade + 1) % TRADES.len(), false));
    }
    if rng.chance(100) {
        places.push((Some(first), trade, true));
    }
    let shared = contact(rng);
    let company = |(city, trade, group): (Option<usize>, usize, bool)| {
        // Siblings often have one telephone and one purchasing mailbox; accounts are each company's own.
        let own = contact(rng);
        let phone = if rng.chance(300) { shared.0.clone() } else { own.0 };
        let email = if rng.chance(300) { shared.1.clone() } else { own.1 };
        let account = format!("7559{:012}", rng.below(1_000_000_000_000));
        let number = number(rng, city);
        Company { city, brand: brand.clone(), trade, group, number, phone, email, account }
    };
    places.into_iter().map(company).collect()
}

fn contact(rng: &mut Rng) -> (String, String) {
    (format!("0755-{:08}", rng.between(20_000_000, 89_999_999)), format!("po{}@mail.example", rng.below(1_000_000_000)))
}

/// A credit code whose check digit holds; in Hong Kong the eight digits of a business registration.
fn number(rng: &mut Rng, city: Option<usize>) -> String {
    let Some(city) = city else { return format!("{:08}", rng.between(10_000_000, 79_999_999)) };
    let organization: String = (0..9).map(|_| char::from(*rng.pick(CODE_LETTERS))).collect();
    let body = format!("91{}{organization}", CITIES[city].1);
    let check = credit_code_check(&body).unwrap_or('0');
    format!("{body}{check}")
}

/// The legal name once or twice, and what people made of it.
fn aliases(rng: &mut Rng, company: &Company) -> Vec<Alias> {
    let mut aliases = vec![Alias::Legal];
    let wanted = [
        (Alias::Legal, 250),
        (Alias::Typeset, 250),
        (Alias::Traditional, if company.city.is_none() { 500 } else { 100 }),
        (Alias::Restyled, 150),
        (Alias::Short, 300),
        (Alias::English, if company.city.is_none() { 500 } else { 0 }),
        (Alias::Branch, if company.city.is_some() { 60 } else { 0 }),
        (Alias::Remark, 50),
    ];
    aliases.extend(wanted.into_iter().filter(|(_, per_mille)| rng.chance(*per_mille)).map(|(alias, _)| alias));
    aliases
}

fn key(rng: &mut Rng, company: &Company, alias: Alias, index: usize) -> Fact {
    let mut fields = vec![("name", name(rng, company, alias))];
    // A branch has a number and an account of its own.
    let is_branch = alias == Alias::Branch;
    // What people call it is known to chat and CRM, which hardly ever know numbers; an English name comes with the papers.
    let knows_number = match alias {
        Alias::Short => 100,
        Alias::English => 700,
        _ => 500,
    };
    if rng.chance(knows_number) && !is_branch {
        let slip = rng.chance(30);
        fields.push(("tax_number", if slip { with_slip(rng, &company.number) } else { company.number.clone() }));
    }
    if rng.chance(600) {
        fields.push(("phone", company.phone.clone()));
    }
    if rng.chance(500) {
        fields.push(("email", company.email.clone()));
    }
    if rng.chance(400) && !is_branch {
        fields.push(("bank_account", company.account.clone()));
    }
    party(index, fields)
}

fn with_slip(rng: &mut Rng, number: &str) -> String {
    let place = rng.below(number.len() as u64) as usize;
    let digit = rng.pick(b"0123456789");
    number.char_indices().map(|(at, letter)| if at == place { char::from(*digit) } else { letter }).collect()
}

fn party(index: usize, fields: Vec<(&'static str, String)>) -> Fact {
    let number: Arc<str> = format!("K{index:06}").into();
    let fields = fields.into_iter().chain([("code", number.to_string())]);
    let fields: FieldMap = fields.map(|(name, value)| (name.into(), Value::text(value))).collect();
    let book = if index.is_multiple_of(4) { "hk" } else { "sz" };
    Fact {
        kind: FactKind::Party,
        book: book.into(),
        numbering: "erp".into(),
        number: (&*number).into(),
        fields,
        lines: Vec::new(),
    }
}

impl Company {
    fn brand(&self) -> String {
        self.brand.iter().map(|letter| LETTERS[*letter].0).collect()
    }

    fn trade(&self) -> &'static str {
        if self.group { "集团" } else { TRADES[self.trade].0 }
    }
}

fn legal_name(company: &Company) -> String {
    let (brand, trade) = (company.brand(), company.trade());
    match company.city {
        Some(city) => format!("{}市{brand}{trade}有限公司", CITIES[city].0),
        None => format!("{brand}{trade}（香港）有限公司"),
    }
}

fn name(rng: &mut Rng, company: &Company, alias: Alias) -> String {
    let (brand, trade, legal) = (company.brand(), company.trade(), legal_name(company));
    let city = company.city.map(|city| CITIES[city].0);
    match alias {
        Alias::Legal => legal,
        Alias::Typeset => match rng.below(3) {
            0 => legal.replace('（', "(").replace('）', ")").replace("有限公司", " 有限公司 "),
            1 => legal.replace('（', "【").replace('）', "】").replace('市', "市　"),
            _ => format!(" {} ", legal.replace('（', " (").replace('）', ") ")),
        },
        Alias::Traditional => traditional(&legal),
        Alias::Restyled if rng.chance(500) => legal.replace("有限公司", "有限责任公司"),
        Alias::Restyled => format!("{brand}{trade}（{}）有限公司", city.unwrap_or("HK")),
        Alias::Short => match rng.below(4) {
            0 => format!("{}{brand}{trade}", city.unwrap_or("香港")),
            1 => format!("{}{brand}", city.unwrap_or("香港")),
            2 => format!("{brand}{trade}"),
            _ => brand,
        },
        Alias::English => {
            let words: String = company.brand.iter().map(|letter| LETTERS[*letter].2).collect();
            let place = *rng.pick(&["(HK)", "(HONG KONG)", "(H.K.)"]);
            format!("{words} {} {place} {}", TRADES[company.trade].2, rng.pick(&["LIMITED", "CO., LTD", "CO LIMITED"]))
        }
        Alias::Branch => format!("{legal}{}分公司", CITIES[rng.below(CITIES.len() as u64) as usize].0),
        Alias::Remark => format!("{legal}{}", rng.pick(&["（已停用）", "（勿用）", "(旧)"])),
    }
}

fn traditional(text: &str) -> String {
    let more = [
        ("电", "電"),
        ("导体", "導體"),
        ("实业", "實業"),
        ("贸", "貿"),
        ("团", "團"),
        ("东", "東"),
        ("广", "廣"),
        ("苏", "蘇"),
        ("厦门", "廈門"),
    ];
    let pairs = LETTERS.iter().map(|(from, to, _)| (*from, *to)).chain(more);
    pairs.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_keys_and_every_way_to_write_a_company() {
        let (first, again) = (namesakes(1, 2_000), namesakes(1, 2_000));
        let names = |keys: &[Namesake]| -> Vec<String> {
            keys.iter().filter_map(|key| key.fact.fields.text("name")).map(str::to_owned).collect()
        };
        assert_eq!(names(&first), names(&again));
        assert_ne!(names(&first), names(&namesakes(2, 2_000)));
        for alias in Alias::ALL {
            assert!(first.iter().filter(|key| key.alias == alias).count() > 5, "{alias:?}");
        }
    }
}
