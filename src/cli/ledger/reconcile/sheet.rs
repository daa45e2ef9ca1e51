//! A table that people made: CSV in UTF-8 or GB18030, or the first sheet of a workbook. Rows of text, nothing more.
//!
//! A number of a workbook is a double: it becomes the shortest decimal that reads back as the same double, and if that has
//! more than the fifteen digits that Excel keeps, what Excel itself shows. It must not know what the columns mean.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader as _, open_workbook_auto_from_rs};
use encoding_rs::GB18030;

use crate::app::AppError;

/// A list of a hundred thousand customers has some ten megabytes.
const MAX_BYTES: u64 = 64 << 20;
/// Digits of a double that a spreadsheet shows and computes with.
const SHEET_DIGITS: usize = 15;
const WORKBOOKS: [&str; 4] = ["xlsx", "xlsm", "xls", "ods"];

/// Rows from the first line on; cells are trimmed.
pub fn rows(path: &Path) -> Result<Vec<Vec<String>>, AppError> {
    let size = fs::metadata(path).map_err(|error| cannot_read(path, &error))?.len();
    if size > MAX_BYTES {
        return Err(cannot_read(path, &format!("{size} bytes are more than {MAX_BYTES}")));
    }
    let bytes = fs::read(path).map_err(|error| cannot_read(path, &error))?;
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut rows = if WORKBOOKS.contains(&&*extension) {
        workbook(bytes).map_err(|error| cannot_read(path, &error))?
    } else {
        text(&bytes).and_then(|text| delimited(&text)).map_err(|error| cannot_read(path, &error))?
    };
    rows.iter_mut().flatten().for_each(|cell| *cell = cell.trim().to_owned());
    Ok(rows)
}

fn cannot_read(path: &Path, problem: &dyn std::fmt::Display) -> AppError {
    AppError::Usage(format!("读不了文件 `{}` · cannot read it: {problem}", path.display()))
}

fn workbook(bytes: Vec<u8>) -> Result<Vec<Vec<String>>, calamine::Error> {
    let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes))?;
    let sheet = workbook.worksheet_range_at(0).ok_or(calamine::Error::Msg("the workbook has no sheet"))??;
    Ok(sheet.rows().map(|row| row.iter().map(cell).collect()).collect())
}

fn cell(data: &Data) -> String {
    match data {
        Data::Float(number) => number_text(*number),
        other => other.to_string(),
    }
}

fn number_text(number: f64) -> String {
    let shortest = number.to_string();
    let significant = shortest.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if significant > SHEET_DIGITS && shortest.contains('.') {
        return format!("{number:.*e}", SHEET_DIGITS - 1);
    }
    shortest
}

fn text(bytes: &[u8]) -> Result<String, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let decoded = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    decoded.map(std::borrow::Cow::into_owned).ok_or_else(|| "it is neither UTF-8 nor GB18030".to_owned())
}

/// Commas, or tabs where the first line has only those.
fn delimited(text: &str) -> Result<Vec<Vec<String>>, String> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains('\t') && !first.contains(',') { b'\t' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let row = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|record| record.map(row).map_err(|error| error.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_a_sheet_is_what_the_sheet_shows() {
        let sum = [0.1, 0.2].iter().sum();
        for (number, expected) in [
            (1234.5, "1234.5"),
            (1001.0, "1001"),
            (-0.07, "-0.07"),
            (99_999_999.99, "99999999.99"),
            (1e15, "1000000000000000"),
            (sum, "3.00000000000000e-1"),
        ] {
            assert_eq!(number_text(number), expected);
        }
    }

    #[test]
    fn text_is_read_with_a_byte_order_mark_in_gb18030_and_with_tabs() {
        let expected =
            vec![vec!["客户编码".to_owned(), "余额".to_owned()], vec!["C1".to_owned(), "1,000.50".to_owned()]];
        let csv = "客户编码,余额\nC1,\"1,000.50\"\n";
        assert_eq!(delimited(&text(format!("\u{feff}{csv}").as_bytes()).unwrap()).unwrap(), expected);
        assert_eq!(delimited(&text(&GB18030.encode(csv).0).unwrap()).unwrap(), expected);
        assert_eq!(delimited("客户编码\t余额\nC1\t1,000.50\n").unwrap(), expected);
        assert!(text(b"\xff\xff\xff").is_err());
    }
}
