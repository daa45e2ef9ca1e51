//! Which party keys are one company. Only an equal tax number or an equal full legal name links; all else proposes.
//!
//! Why so strict: 深圳X, 东莞X and X香港 are three companies, and money paid to the wrong one is found months later.
//! Nothing durable hangs on a component: documents and journal carry the party key only.

use std::collections::BTreeMap;

use crate::domain::Id;
use crate::domain::text::fold_name;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyKey {
    pub id: Id,
    /// Full legal name.
    pub name: Box<str>,
    pub tax_number: Option<Box<str>>,
}

/// Strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkReason {
    TaxNumber,
    LegalName,
}

/// Two keys that may be one company; a person decides. `a < b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proposal {
    pub reason: LinkReason,
    pub a: Id,
    pub b: Id,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Linked {
    /// Every key is in exactly one; members sorted, components sorted by their first member.
    pub components: Vec<Vec<Id>>,
    /// Equal names with different tax numbers.
    pub proposals: Vec<Proposal>,
}

/// Links party keys of one book group; any order gives the same result.
///
/// An equal tax number links, unless it fails its own check digit: then it is a slip and proposes nothing. An equal
/// folded name links only while all keys of that name agree on the tax number (or have none).
pub fn link(keys: &[PartyKey]) -> Linked {
    let mut sorted: Vec<&PartyKey> = keys.iter().collect();
    sorted.sort_by_key(|key| key.id);
    sorted.dedup_by_key(|key| key.id);
    let mut by_tax: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let tax_numbers: Vec<Option<String>> = sorted.iter().map(|key| tax_number(key)).collect();
    for (index, key) in sorted.iter().enumerate() {
        if let Some(tax) = &tax_numbers[index] {
            by_tax.entry(tax.clone()).or_default().push(index);
        }
        let name = legal_name(&key.name);
        if !name.is_empty() {
            by_name.entry(name).or_default().push(index);
        }
    }
    let mut sets = Sets((0..sorted.len()).collect());
    let mut proposals = Vec::new();
    for members in by_tax.values() {
        members.iter().for_each(|member| sets.join(members[0], *member));
    }
    for members in by_name.values() {
        let mut known: Vec<&String> = members.iter().filter_map(|member| tax_numbers[*member].as_ref()).collect();
        known.sort_unstable();
        known.dedup();
        if known.len() <= 1 {
            members.iter().for_each(|member| sets.join(members[0], *member));
            continue;
        }
        // One chain of proposals, not every pair: a name on ten thousand keys stays readable.
        let pairs = members.windows(2).filter(|pair| tax_numbers[pair[0]] != tax_numbers[pair[1]]);
        proposals.extend(pairs.map(|pair| Proposal {
            reason: LinkReason::LegalName,
            a: sorted[pair[0]].id,
            b: sorted[pair[1]].id,
        }));
    }
    let mut components: BTreeMap<usize, Vec<Id>> = BTreeMap::new();
    for (index, key) in sorted.iter().enumerate() {
        components.entry(sets.root(index)).or_default().push(key.id);
    }
    let mut components: Vec<Vec<Id>> = components.into_values().collect();
    components.sort_unstable();
    proposals.sort_unstable();
    Linked { components, proposals }
}

/// The tax number as it is compared; `None` when it is blank or a Chinese one with a wrong check digit.
fn tax_number(key: &PartyKey) -> Option<String> {
    let folded = fold_name(key.tax_number.as_deref()?);
    let is_chinese = folded.chars().count() == CREDIT_CODE_LENGTH;
    (!folded.is_empty() && (!is_chinese || is_credit_code(&folded))).then_some(folded)
}

const CREDIT_CODE_LENGTH: usize = 18;
/// GB 32100-2015: digits and letters without I, O, S, V, Z.
const CREDIT_CODE_ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether `code` is a 统一社会信用代码: eighteen characters whose weighted sum is divisible by 31.
pub fn is_credit_code(code: &str) -> bool {
    if code.len() != CREDIT_CODE_LENGTH {
        return false;
    }
    let mut weight = 1;
    let mut sum = 0;
    for (index, byte) in code.bytes().enumerate() {
        let Some(value) = CREDIT_CODE_ALPHABET.iter().position(|letter| *letter == byte) else { return false };
        // The last character is the check digit itself.
        sum += value * if index + 1 == CREDIT_CODE_LENGTH { 1 } else { weight };
        weight = weight * 3 % CREDIT_CODE_ALPHABET.len();
    }
    sum % CREDIT_CODE_ALPHABET.len() == 0
}

/// The legal name as it is compared: width, brackets and white space by [`fold_name`], traditional characters to
/// simplified ones.
fn legal_name(name: &str) -> String {
    fold_name(name).chars().map(simplified).collect()
}

/// Characters that occur in the names of companies, traditional and simplified in turn; not a dictionary.
const SIMPLIFIED: &[&str] = &[
    "業业東东豐丰麗丽義义億亿雲云亞亚產产僑侨儀仪價价優优會会傳传倫伦興兴軍军農农馮冯創创劉刘動动務务",
    "勝胜華华協协單单衛卫廠厂歷历雙双發发啟启員员國国圖图園园場场壓压聲声處处備备頭头奧奥學学寶宝實实",
    "賓宾對对導导島岛嶺岭師师幣币廣广慶庆應应開开張张強强彙汇匯汇總总戰战擴扩撥拨數数時时曉晓術术機机",
    "權权條条楊杨極极構构標标樹树歐欧氣气漢汉滬沪澤泽濟济測测灣湾滿满燈灯點点熱热愛爱獨独環环現现電电",
    "畢毕盧卢碼码確确禮礼種种積积穩稳競竞範范紅红級级線线組组經经結结絡络統统維维綠绿網网羅罗聯联藝艺",
    "蘇苏蘭兰藍蓝藥药虛虚視视計计訊讯設设許许証证證证試试誠诚調调諾诺謝谢識识財财責责貨货貿贸資资賽赛",
    "購购車车軟软輝辉達达運运進进遠远連连邁迈鄭郑針针鋼钢錦锦鎮镇長长門门間间聞闻陳陈陽阳陸陆際际隊队",
    "難难順顺項项預预領领顯显風风飛飞馬马駿骏騰腾鵬鹏齊齐龍龙",
];

fn simplified(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    let pairs = SIMPLIFIED.iter().flat_map(|row| row.chars().step_by(2).zip(row.chars().skip(1).step_by(2)));
    pairs.into_iter().find(|(traditional, _)| *traditional == letter).map_or(letter, |(_, to)| to)
}

/// Union by the smaller index, with path halving.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8, name: &str, tax: &str) -> PartyKey {
        let tax_number = (!tax.is_empty()).then(|| tax.into());
        PartyKey { id: Id([number; 16]), name: name.into(), tax_number }
    }

    fn components(keys: &[PartyKey]) -> Vec<Vec<u8>> {
        let linked = link(keys);
        let mut reversed = keys.to_vec();
        reversed.reverse();
        assert_eq!(linked, link(&reversed), "any order gives the same");
        linked.components.iter().map(|members| members.iter().map(|id| id.0[0]).collect()).collect()
    }

    const TAX_A: &str = "91350100M000100Y43";
    const TAX_B: &str = "91440300708461136T";

    #[test]
    fn the_check_digit_of_a_credit_code_is_verified() {
        assert!(is_credit_code(TAX_A) && is_credit_code(TAX_B));
        assert!(!is_credit_code("91350100M000100Y44"));
        assert!(!is_credit_code("91350100M000100YI3"));
        assert!(!is_credit_code("9135"));
    }

    #[test]
    fn equal_tax_numbers_or_legal_names_link_and_siblings_stay_apart() {
        let keys = [
            key(1, "深圳市远航电子有限公司", TAX_A),
            key(2, "远航（深圳）", TAX_A),
            key(3, "深圳市遠航電子有限公司", ""),
            key(4, "东莞市远航电子有限公司", ""),
            key(5, "远航电子（香港）有限公司", ""),
        ];
        assert_eq!(components(&keys), [vec![1, 2, 3], vec![4], vec![5]]);
    }

    #[test]
    fn conflicting_strong_keys_propose_and_never_link() {
        let keys =
            [key(1, "远航电子有限公司", TAX_A), key(2, "远航电子有限公司", TAX_B), key(3, "远航电子有限公司", "")];
        assert_eq!(components(&keys), [vec![1], vec![2], vec![3]]);
        let proposed: Vec<(u8, u8)> = link(&keys).proposals.iter().map(|pair| (pair.a.0[0], pair.b.0[0])).collect();
        assert_eq!(proposed, [(1, 2), (2, 3)]);
    }

    #[test]
    fn a_tax_number_with_a_slip_links_nothing() {
        let slip = "91350100M000100Y44";
        assert_eq!(components(&[key(1, "甲有限公司", slip), key(2, "乙有限公司", slip)]), [vec![1], vec![2]]);
    }
}
