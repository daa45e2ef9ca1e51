//! Check digits of the numbers that the Chinese state gives to a company.
//!
//! Here and not with identity, because whoever makes up companies (the simulation) must make numbers that hold.

/// Characters of a 统一社会信用代码.
pub const CREDIT_CODE_LENGTH: usize = 18;
/// Characters of the tax number (税号) that came before it.
pub const TAX_NUMBER_LENGTH: usize = 15;

/// GB 32100-2015: digits and letters without I, O, S, V, Z.
const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// The weights of GB 11714-1997.
const ORGANIZATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Whether `code` is a 统一社会信用代码: an office that registers, a region of six digits, and the right check digit.
pub fn is_credit_code(code: &str) -> bool {
    let Some((body, check)) = code.split_at_checked(CREDIT_CODE_LENGTH - 1) else { return false };
    // A row of zeros has a valid check digit; no office and no region is numbered zero.
    let has_office = !body.starts_with('0') && body.as_bytes()[2..8].iter().all(u8::is_ascii_digit);
    has_office && check.chars().eq(credit_code_check(body))
}

/// The check digit that makes a credit code of its first seventeen characters.
pub fn credit_code_check(body: &str) -> Option<char> {
    let (mut weight, mut sum) = (1, 0);
    for byte in body.bytes() {
        sum += weight * ALPHABET.iter().position(|letter| *letter == byte)?;
        weight = weight * 3 % ALPHABET.len();
    }
    let check = (ALPHABET.len() - sum % ALPHABET.len()) % ALPHABET.len();
    (body.len() == CREDIT_CODE_LENGTH - 1).then(|| char::from(ALPHABET[check]))
}

/// Whether `number` is a tax number of 15 characters: a region of six digits, an organization code of GB 11714.
pub fn is_tax_number(number: &str) -> bool {
    let Some((region, organization)) = number.split_at_checked(6) else { return false };
    let has_region = !region.starts_with('0') && region.bytes().all(|byte| byte.is_ascii_digit());
    let Some((body, check)) = organization.split_at_checked(8) else { return false };
    has_region && check.chars().eq(organization_check(body))
}

/// The check character of an organization code of its first eight characters.
pub fn organization_check(body: &str) -> Option<char> {
    let values: Option<Vec<u32>> = body.chars().map(|letter| letter.to_digit(36)).collect();
    let values = values.filter(|values| values.len() == ORGANIZATION_WEIGHTS.len())?;
    let sum: u32 = values.iter().zip(ORGANIZATION_WEIGHTS).map(|(value, weight)| value * weight).sum();
    match 11 - sum % 11 {
        10 => Some('X'),
        11 => Some('0'),
        digit => char::from_digit(digit, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_of_a_credit_code_is_verified() {
        assert!(is_credit_code("91350100M000100Y43") && is_credit_code("91440300708461136T"));
        let zeros = "000000000000000000";
        for wrong in ["91350100M000100Y44", "91350100M000100YI3", "9135", zeros, "91A50100M000100Y43", "九"] {
            assert!(!is_credit_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn every_slip_of_one_character_in_a_credit_code_is_found() {
        let code = "91440300708461136T";
        for place in 0..code.len() {
            for other in ALPHABET {
                let mut slip = code.as_bytes().to_vec();
                slip[place] = *other;
                let slip = String::from_utf8(slip).unwrap();
                assert!(slip == code || !is_credit_code(&slip), "{slip}");
            }
        }
    }

    #[test]
    fn the_organization_code_inside_a_tax_number_is_verified() {
        assert!(is_tax_number("440300708461136") && is_tax_number("350100M000100Y4"));
        for wrong in ["440300708461137", "000000000000000", "4403007084", "X40300708461136"] {
            assert!(!is_tax_number(wrong), "{wrong}");
        }
    }
}
