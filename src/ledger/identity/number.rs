//! A company's number as a party key carries it, by what it can prove.
//!
//! Why so strict: an equal number links without asking anybody, so a number that cannot prove itself (a slip, a row of
//! zeros, a Hong Kong registration, which carries no check digit) must never be taken for one that can.

use crate::domain::credit_code::{CREDIT_CODE_LENGTH, TAX_NUMBER_LENGTH, is_credit_code, is_tax_number};
use crate::domain::text::fold_name;

/// A number as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// 统一社会信用代码, 18 characters, GB 32100-2015.
    CreditCode(Box<str>),
    /// The 15 characters that came before it: six digits of region, nine of GB 11714.
    TaxNumber(Box<str>),
    /// Looks like one of the above and fails its check: somebody mistyped it.
    Miskeyed(Box<str>),
    /// Any other number, such as a 商業登記 of Hong Kong; nothing about it can be checked.
    Unchecked(Box<str>),
}

/// A shorter "number" is a remark.
const MIN_LENGTH: usize = 5;

impl Number {
    /// `None` for what is no number: blank, a word, the same character all along.
    pub fn read(text: &str) -> Option<Self> {
        let folded: String = fold_name(text).chars().filter(char::is_ascii_alphanumeric).collect();
        let first = folded.chars().next()?;
        if folded.len() < MIN_LENGTH || folded.chars().all(|letter| letter == first) {
            return None;
        }
        let folded = folded.into_boxed_str();
        Some(match folded.len() {
            CREDIT_CODE_LENGTH if is_credit_code(&folded) => Self::CreditCode(folded),
            TAX_NUMBER_LENGTH if is_tax_number(&folded) => Self::TaxNumber(folded),
            CREDIT_CODE_LENGTH | TAX_NUMBER_LENGTH => Self::Miskeyed(folded),
            _ => Self::Unchecked(folded),
        })
    }

    pub fn text(&self) -> &str {
        match self {
            Self::CreditCode(text) | Self::TaxNumber(text) | Self::Miskeyed(text) | Self::Unchecked(text) => text,
        }
    }

    /// What an equal number links by; `None` for a number that cannot prove itself.
    pub fn linking(&self) -> Option<&str> {
        matches!(self, Self::CreditCode(_) | Self::TaxNumber(_)).then(|| self.text())
    }
}

/// The old tax number inside a number that links: equal for one company before and after 2015, different for two.
pub fn taxpayer(linking: &str) -> &str {
    if linking.len() == CREDIT_CODE_LENGTH { linking.get(2..17).unwrap_or(linking) } else { linking }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_what_they_can_prove() {
        let credit_code = Number::read(" ９１４４０３００708461136t ").unwrap();
        assert_eq!(credit_code, Number::CreditCode("91440300708461136T".into()));
        let tax_number = Number::read("440300708461136").unwrap();
        assert_eq!(tax_number, Number::TaxNumber("440300708461136".into()));
        assert_eq!(taxpayer(credit_code.text()), taxpayer(tax_number.text()));
        assert_eq!(Number::read("440300708461137").unwrap().linking(), None);
        assert_eq!(Number::read("BR 5812-3456-000"), Some(Number::Unchecked("BR58123456000".into())));
        for nothing in ["", "无", "0000", "000000000000000", "111111111111111111"] {
            assert_eq!(Number::read(nothing), None, "{nothing}");
        }
    }
}
