//! Folding of text that people typed, for comparing only; what is stored and shown stays as it came.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Full-width ASCII (`ＡＢ１２（`) to half-width, ideographic space to space, CJK brackets to `()`.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{3000}' => ' ',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(character as u32 - 0xfee0).unwrap_or(character),
            '【' | '〔' => '(',
            '】' | '〕' => ')',
            other => other,
        })
        .collect()
}

/// The form in which two company names are compared: half width, no white space, ASCII letters upper-case.
pub fn fold_name(name: &str) -> String {
    half_width(name).chars().filter(|character| !character.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// The simplified form of every character that has one: 遠航電子 to 远航电子. One character at a time, so it is good for
/// comparing and not for showing: where the simplified form depends on the word (乾 in 乾坤) it takes the first.
pub fn simplified(text: &str) -> String {
    text.chars().map(|letter| SIMPLIFIED.get(&letter).copied().unwrap_or(letter)).collect()
}

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let rows = include_str!("simplified.txt").lines().filter(|row| !row.starts_with('#'));
    rows.flat_map(|row| row.chars().step_by(2).zip(row.chars().skip(1).step_by(2))).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_width_brackets_and_spaces_are_equal() {
        assert_eq!(fold_name("远航电子（深圳） 有限公司"), fold_name("远航电子(深圳)有限公司"));
        assert_eq!(fold_name("Ａcme Ltd"), fold_name("ACME LTD"));
        assert_ne!(fold_name("深圳远航"), fold_name("东莞远航"));
    }

    #[test]
    fn traditional_characters_fold_to_their_simplified_form() {
        assert_eq!(simplified("深圳市遠航電子（香港）實業"), "深圳市远航电子（香港）实业");
        assert_eq!(simplified("廣東鵬躍國際貿易 Ltd"), "广东鹏跃国际贸易 Ltd");
        assert!(SIMPLIFIED.len() > 2_900, "{} characters", SIMPLIFIED.len());
    }
}
