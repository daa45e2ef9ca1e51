//! One cell: decoded strictly, freed from what exports wrap around values.

use encoding_rs::{DecoderResult, Encoding, UTF_8};

use crate::sdk::CELL_SEPARATOR;

/// Appends the decoded, cleaned cell; `false` when its bytes are not valid in the encoding (`row` is then unusable).
pub(super) fn push_cell(encoding: &'static Encoding, bytes: &[u8], row: &mut String) -> bool {
    let from = row.len();
    let valid = if encoding == UTF_8 || bytes.is_ascii() {
        std::str::from_utf8(bytes).map(|text| row.push_str(text)).is_ok()
    } else {
        decode(encoding, bytes, row)
    };
    if valid {
        clean(row, from);
    }
    valid
}

fn decode(encoding: &'static Encoding, bytes: &[u8], row: &mut String) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let Some(room) = decoder.max_utf8_buffer_length_without_replacement(bytes.len()) else {
        return false;
    };
    row.reserve(room);
    matches!(decoder.decode_to_string_without_replacement(bytes, row, true), (DecoderResult::InputEmpty, _))
}

/// Where in `bytes` the encoding breaks.
pub(super) fn malformed_at(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    if encoding == UTF_8 {
        return std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), |_| 0);
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut sink = String::new();
    sink.reserve(decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len()));
    match decoder.decode_to_string_without_replacement(bytes, &mut sink, true) {
        (DecoderResult::Malformed(length, after), read) => {
            read.saturating_sub(usize::from(length) + usize::from(after))
        }
        _ => 0,
    }
}

/// Takes away what is not the value: trailing tabs, `="…"` around numbers, the apostrophe before them. A separator
/// inside the text becomes a space.
fn clean(row: &mut String, from: usize) {
    let text = &row[from..];
    let mut value = text.trim_end_matches('\t');
    if let Some(inner) = value.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        value = inner.trim_end_matches('\t');
    }
    let value = value.strip_prefix('\'').unwrap_or(value);
    if value.len() != text.len() {
        let start = from + (value.as_ptr() as usize - text.as_ptr() as usize);
        let end = start + value.len();
        row.truncate(end);
        row.drain(from..start);
    }
    if row.as_bytes()[from..].contains(&CELL_SEPARATOR) {
        let repaired = row[from..].replace(char::from(CELL_SEPARATOR), " ");
        row.replace_range(from.., &repaired);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GB18030;

    #[test]
    fn a_cell_is_freed_from_what_exports_wrap_around_it() {
        for (input, output) in [
            ("6225880012345678\t", "6225880012345678"),
            ("=\"00123\"", "00123"),
            ("=\"00123\t\"\t", "00123"),
            ("'0012", "0012"),
            (" 1,234.50 ", " 1,234.50 "),
            ("a\u{1f}b", "a b"),
            ("", ""),
        ] {
            let mut row = "before".to_owned();
            assert!(push_cell(UTF_8, input.as_bytes(), &mut row));
            assert_eq!(row, format!("before{output}"));
        }
    }

    #[test]
    fn broken_bytes_are_refused_with_their_place_and_never_replaced() {
        let good = GB18030.encode("深圳，镕").0.into_owned();
        let mut row = String::new();
        assert!(push_cell(GB18030, &good, &mut row));
        assert_eq!(row, "深圳，镕");
        let broken = [good.as_slice(), b"\xff,x"].concat();
        assert!(!push_cell(GB18030, &broken, &mut String::new()));
        assert_eq!(malformed_at(GB18030, &broken), good.len());
        assert_eq!(malformed_at(UTF_8, b"ab\xffc"), 2);
    }
}
