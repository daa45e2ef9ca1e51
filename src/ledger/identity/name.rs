//! A company's name taken apart: place, own name (字号), trade, legal form, branch.
//!
//! Why apart: 深圳市远航电子有限公司, 东莞市远航电子有限公司 and 远航电子（香港）有限公司 share all but the place and are three
//! companies; 远航电子 may be any of them. Only the whole legal name may link; the parts weigh a proposal.

use super::words::{
    BRANCHES, FORMS, LATIN_FORM_WORDS, LATIN_FORMS, LATIN_PLACES, LATIN_TRADES, LOOSE_FORMS, NOBODY, PLACES, PROVINCES,
    TRADES,
};
use crate::domain::text::{fold_name, half_width, simplified};

/// The parts of a name, folded; what a name does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompanyName {
    pub place: Box<str>,
    /// 字号: what the company itself is called. Never empty.
    pub brand: Box<str>,
    pub trade: Box<str>,
    /// The folded name of the company that this is a branch of.
    pub branch_of: Option<Box<str>>,
}

/// The form in which two full legal names are equal: width, white space, brackets and 繁简 folded.
pub fn fold_legal(name: &str) -> String {
    fold_brackets(&simplified(&fold_name(name)))
}

fn fold_brackets(text: &str) -> String {
    let fold = |letter| match letter {
        '[' | '{' | '<' | '「' | '『' | '〈' | '《' | '﹙' | '〖' => '(',
        ']' | '}' | '>' | '」' | '』' | '〉' | '》' | '﹚' | '〗' => ')',
        other => other,
    };
    text.chars().map(fold).collect()
}

/// The folded name if it is a full legal one: it ends in a legal form and is somebody's in particular.
pub fn legal_name(name: &str) -> Option<Box<str>> {
    let folded = fold_legal(name);
    let has_form = FORMS.iter().any(|form| folded.ends_with(form)) || latin_form(&words(name));
    let is_somebody = parse(name).is_some_and(|parsed| !NOBODY.contains(&&*parsed.brand));
    (has_form && is_somebody).then(|| folded.into())
}

/// Every name that the text spells: one, or a Chinese and an English one side by side.
pub fn names(text: &str) -> Vec<CompanyName> {
    let latin: String = half_width(text).chars().filter(|letter| !is_chinese(*letter)).collect();
    if has_chinese(text) && latin_form(&words(&latin)) {
        let chinese: String = half_width(text).chars().filter(|letter| is_chinese(*letter)).collect();
        return parse(&chinese).into_iter().chain(parse(&latin)).collect();
    }
    parse(text).into_iter().collect()
}

fn parse(name: &str) -> Option<CompanyName> {
    if has_chinese(name) { parse_chinese(&fold_legal(name)) } else { parse_latin(&words(name)) }
}

fn is_chinese(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}')
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(is_chinese)
}

fn parse_chinese(folded: &str) -> Option<CompanyName> {
    if let Some((head, _)) = split_branch(folded) {
        return Some(CompanyName { branch_of: Some(head.into()), ..parse_chinese(head)? });
    }
    let (text, mut place) = without_brackets(folded);
    let forms = FORMS.iter().chain(LOOSE_FORMS);
    let rest = forms.filter_map(|form| text.strip_suffix(form)).min_by_key(|rest| rest.len()).unwrap_or(&text);
    let (rest, in_front) = strip_places(rest);
    let (rest, behind) =
        PLACES.iter().find_map(|place| Some((rest.strip_suffix(place)?, *place))).unwrap_or((rest, ""));
    for found in [behind, in_front] {
        if !found.is_empty() {
            place = found.into();
        }
    }
    let (brand, trade) = strip_trades(rest);
    (!brand.is_empty()).then(|| CompanyName { place, brand: brand.into(), trade: trade.into(), branch_of: None })
}

/// 深圳市远航电子有限公司东莞分公司 to the company and its branch.
fn split_branch(folded: &str) -> Option<(&str, &str)> {
    BRANCHES.iter().find(|branch| folded.ends_with(*branch))?;
    let end = folded.find("公司")? + "公司".len();
    let (head, branch) = folded.split_at(end);
    (!branch.is_empty() && !head.ends_with("分公司")).then_some((head, branch))
}

/// Brackets hold a place or a remark (已停用); either way the name goes on behind them.
fn without_brackets(folded: &str) -> (String, Box<str>) {
    let (mut text, mut place) = (String::new(), "".into());
    let mut rest = folded;
    while let Some((before, after)) = rest.split_once('(') {
        text.push_str(before);
        let (inside, behind) = after.split_once(')').unwrap_or((after, ""));
        if let (left, found) = strip_places(inside)
            && left.is_empty()
            && !found.is_empty()
        {
            place = found.into();
        } else if let Some((_, found)) = LATIN_PLACES.iter().find(|(latin, _)| *latin == inside) {
            place = (*found).into();
        }
        rest = behind;
    }
    text.push_str(rest);
    (text, place)
}

/// Province, city and district in front; the nearest place that is known by name, or what stands before 市 or 县.
fn strip_places(text: &str) -> (&str, &str) {
    let (mut rest, mut found) = (text, "");
    while let Some(place) = PROVINCES.iter().chain(PLACES).find(|place| rest.starts_with(**place)) {
        found = place;
        rest = &rest[place.len()..];
        rest = rest.strip_prefix(['省', '市']).unwrap_or(rest);
    }
    for unit in ['市', '县', '区'] {
        let Some((before, behind)) = rest.split_once(unit) else { continue };
        // A unit of government has two or three characters; 社区 or 小区 in a name stand further back.
        if (2..=3).contains(&before.chars().count()) {
            found = if found.is_empty() { before } else { found };
            rest = behind;
        }
    }
    (rest, found)
}

/// Takes trades off the end as long as a name is left in front of them.
fn strip_trades(text: &str) -> (&str, &str) {
    let mut brand = text;
    while let Some(rest) = TRADES
        .iter()
        .filter_map(|trade| brand.strip_suffix(trade))
        .filter(|rest| !rest.is_empty())
        .min_by_key(|rest| rest.len())
    {
        brand = rest;
    }
    (brand, &text[brand.len()..])
}

fn words(name: &str) -> Vec<String> {
    let folded = half_width(name).to_uppercase().replace("H.K.", "HK").replace("HONG KONG", "HONGKONG");
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn latin_form(words: &[String]) -> bool {
    words.last().is_some_and(|last| LATIN_FORMS.contains(&last.as_str()))
}

fn parse_latin(words: &[String]) -> Option<CompanyName> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_form = |word: &&str| LATIN_FORMS.contains(word) || LATIN_FORM_WORDS.contains(word);
    while words.len() > 1 && words.last().is_some_and(is_form) {
        words.pop();
    }
    let mut place = "";
    words.retain(|word| match LATIN_PLACES.iter().find(|(latin, _)| latin == word) {
        Some((_, found)) => {
            place = found;
            false
        }
        None => true,
    });
    let mut trade = Vec::new();
    while words.len() > 1 {
        let Some((_, spelling)) = LATIN_TRADES.iter().find(|(latin, _)| Some(latin) == words.last()) else { break };
        trade.push(*spelling);
        words.pop();
    }
    trade.reverse();
    let brand: Box<str> = words.concat().into();
    (!brand.is_empty()).then(|| CompanyName {
        place: place.into(),
        brand,
        trade: trade.join(" ").into(),
        branch_of: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> String {
        let all = names(name).into_iter().map(|name| {
            let branch = name.branch_of.map(|head| format!("<{head}")).unwrap_or_default();
            format!("{}|{}|{}{branch}", name.place, name.brand, name.trade)
        });
        all.collect::<Vec<_>>().join(" + ")
    }

    #[test]
    fn a_name_is_taken_apart_into_place_own_name_and_trade() {
        for (name, expected) in [
            ("深圳市远航电子有限公司", "深圳|远航|电子"),
            ("深圳市遠航電子有限責任公司", "深圳|远航|电子"),
            ("广东省深圳市宝安区远航微电子科技有限公司", "深圳|远航|微电子科技"),
            ("远航电子（深圳）有限公司", "深圳|远航|电子"),
            ("远航电子（香港）有限公司", "香港|远航|电子"),
            ("远航电子(HK)有限公司", "香港|远航|电子"),
            ("远航香港有限公司", "香港|远航|"),
            ("远航香港", "香港|远航|"),
            ("深圳远航", "深圳|远航|"),
            ("远航", "|远航|"),
            ("石狮市远航贸易有限公司", "石狮|远航|贸易"),
            ("深圳市远航电子有限公司（已停用）", "深圳|远航|电子"),
            ("深圳市远航集团有限公司", "深圳|远航|集团"),
            ("深圳市电子有限公司", "深圳|电子|"),
            ("远航电子经营部", "|远航|电子"),
            ("深圳市远航电子有限公司东莞分公司", "深圳|远航|电子<深圳市远航电子有限公司"),
            ("VOYAGE ELECTRONICS (HONG KONG) CO., LIMITED", "香港|VOYAGE|ELECTRONIC"),
            ("Voyage Electronics (H.K.) Co Ltd", "香港|VOYAGE|ELECTRONIC"),
            ("ＶＯＹＡＧＥ　Technology　Limited", "|VOYAGE|TECHNOLOGY"),
            ("远航电子有限公司 VOYAGE ELECTRONICS LTD", "|远航|电子 + |VOYAGE|ELECTRONIC"),
            ("TCL科技有限公司", "|TCL|科技"),
        ] {
            assert_eq!(parts(name), expected, "{name}");
        }
        assert!(names("").is_empty() && names("（）").is_empty() && names("有限公司").is_empty());
    }

    #[test]
    fn only_a_name_that_ends_in_a_legal_form_and_is_somebodys_is_a_legal_name() {
        assert_eq!(legal_name("深圳市遠航電子（中國） 有限公司"), legal_name("深圳市远航电子[中国]有限公司"));
        assert_eq!(legal_name("Voyage Electronics Limited").as_deref(), Some("VOYAGEELECTRONICSLIMITED"));
        for other in ["远航电子", "现金客户", "测试有限公司", "有限公司", "张三", "VOYAGE", "远航电子经营部", ""]
        {
            assert_eq!(legal_name(other), None, "{other}");
        }
        assert_ne!(legal_name("深圳市远航电子有限公司"), legal_name("深圳市远航电子有限责任公司"));
    }
}
