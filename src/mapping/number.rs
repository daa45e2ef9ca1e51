//! Numbers as people and programs write them, read exactly or not at all.

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::domain::text::half_width;

/// A mantissa of so many digits fits an `i64` without a look.
const QUICK_DIGITS: usize = 18;
/// Longer texts are no numbers, and cleaning them would only cost time.
const MAX_NUMBER_BYTES: usize = 128;

/// `1234.5`, `-1,234.50`, `＋１２`, `1 234`, `5E+2`. A comma must stand before a group of three digits: `1,5` is refused,
/// because it could mean one and a half.
pub fn decimal(text: &str) -> Option<Decimal> {
    quick(text.as_bytes()).or_else(|| slow(text))
}

fn quick(bytes: &[u8]) -> Option<Decimal> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if digits.len() > QUICK_DIGITS + 1 {
        return None;
    }
    let (mut mantissa, mut count, mut scale) = (0_i64, 0, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' if count < QUICK_DIGITS => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                count += 1;
                scale = scale.map(|scale| scale + 1);
            }
            b'.' if scale.is_none() && count > 0 => scale = Some(0_u32),
            _ => return None,
        }
    }
    if count == 0 || scale == Some(0) {
        return None;
    }
    Some(Decimal::new(if negative { -mantissa } else { mantissa }, scale.unwrap_or(0)))
}

fn slow(text: &str) -> Option<Decimal> {
    if text.len() > MAX_NUMBER_BYTES {
        return None;
    }
    let narrow: String = half_width(text).chars().filter(|character| !character.is_whitespace()).collect();
    let unsigned = narrow.strip_prefix('+').unwrap_or(&narrow);
    if unsigned.starts_with('+') || (unsigned.starts_with('-') && narrow.starts_with('+')) {
        return None;
    }
    let plain = without_commas(unsigned)?;
    let plain_shape = plain.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    if plain_shape { Decimal::from_str_exact(&plain).ok() } else { scientific(&plain) }
}

fn without_commas(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(',') {
        return Some(Cow::Borrowed(text));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, _) = digits.split_once('.').unwrap_or((digits, ""));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    let all_commas_in_whole = text.matches(',').count() == whole.matches(',').count();
    (grouped && all_commas_in_whole).then(|| Cow::Owned(text.replace(',', "")))
}

/// `1.5E-3`, which JSON writers use for small numbers; refused when it is not exact.
fn scientific(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let mantissa = Decimal::from_str_exact(mantissa).ok()?;
    let power = Decimal::from_i128_with_scale(10, 0);
    let mut factor = Decimal::ONE;
    for _ in 0..exponent.unsigned_abs().min(Decimal::MAX_SCALE) {
        factor = factor.checked_mul(power)?;
    }
    if exponent.unsigned_abs() > Decimal::MAX_SCALE {
        return mantissa.is_zero().then_some(Decimal::ZERO);
    }
    if exponent >= 0 {
        return mantissa.checked_mul(factor);
    }
    let quotient = mantissa.checked_div(factor)?;
    (quotient.checked_mul(factor)? == mantissa).then_some(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, expected) in [
            ("500.0", "500.0"),
            ("-1,234,567.50", "-1234567.50"),
            ("＋１，２３４．５", "1234.5"),
            (" 12 345 ", "12345"),
            ("5E+2", "500"),
            ("1.5e-3", "0.0015"),
            ("0", "0"),
            (".5", "0.5"),
            ("12345678901234567890.12345678", "12345678901234567890.12345678"),
        ] {
            assert_eq!(decimal(text).map(|number| number.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in
            ["1,5", "12,34", "1234,567", "1,234.5,6", "abc", "", "-", "+-1", "--1", "1.2.3", "1e", "0x10", "一百"]
        {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_number_survives_its_own_text(mantissa in any::<i64>(), scale in 0_u32..12) {
            let number = Decimal::new(mantissa, scale);
            prop_assert_eq!(decimal(&number.to_string()), Some(number));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = decimal(&text);
        }
    }
}
