//! What people type into the remittance text.

use crate::sim::rng::Rng;

const SAYS_NOTHING: &[&str] = &["", "货款", "付货款", "往来款", "电子元件货款", "转账", "payment for goods"];

pub fn says_nothing(rng: &mut Rng) -> String {
    (*rng.pick(SAYS_NOTHING)).to_owned()
}

/// A text with these numbers, as they were typed.
pub fn naming(rng: &mut Rng, numbers: &[String]) -> String {
    let list = numbers.join(*rng.pick(&["、", "，", ",", " ", "/", "；", " + "]));
    match rng.below(7) {
        0 => list,
        1 => format!("货款{list}"),
        2 => format!("付 {list} 货款"),
        3 => format!("支付{list}款项，请查收"),
        4 => format!("INV {list} thanks"),
        5 => format!("{list}尾款"),
        _ => format!("单号：{list}"),
    }
}

/// One number with one slip of the pen, two in a fifth of the cases. `SO26010012`, `XSCKD001234` or `AR00001234`.
pub fn slipped(rng: &mut Rng, number: &str) -> String {
    let mut typed = slip(rng, number);
    if rng.chance(200) {
        typed = slip(rng, &typed);
    }
    typed
}

fn slip(rng: &mut Rng, number: &str) -> String {
    let letters = number.chars().take_while(|letter| !letter.is_numeric()).collect::<String>();
    let digits = number.strip_prefix(&letters).unwrap_or_default().to_owned();
    let significant = digits.trim_start_matches('0');
    match rng.below(8) {
        0 => number.chars().map(full_width).collect(),
        1 => number.to_lowercase(),
        2 => number.replacen('0', "O", 1 + rng.below(3) as usize),
        3 => format!("{letters} {}", in_groups(&digits, " ")),
        4 => format!("{letters}-{digits}"),
        5 if significant.len() < digits.len() => format!("{letters}{significant}"),
        5 => format!("{letters} {digits}"),
        // One zero too few.
        6 if digits.starts_with("00") => format!("{letters}{}", &digits[1..]),
        6 => format!("{letters}：{digits}"),
        _ if digits.is_ascii() && significant.len() >= 6 => digits,
        _ => format!("{letters}. {digits}"),
    }
}

fn full_width(letter: char) -> char {
    match letter {
        '!'..='~' => char::from_u32(u32::from(letter) + 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

fn in_groups(digits: &str, between: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(between)
}
