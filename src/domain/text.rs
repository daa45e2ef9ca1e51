//! Folding of text that people typed, for comparing only; what is stored and shown stays as it came.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_width_brackets_and_spaces_are_equal() {
        assert_eq!(fold_name("远航电子（深圳） 有限公司"), fold_name("远航电子(深圳)有限公司"));
        assert_eq!(fold_name("Ａcme Ltd"), fold_name("ACME LTD"));
        assert_ne!(fold_name("深圳远航"), fold_name("东莞远航"));
    }
}
