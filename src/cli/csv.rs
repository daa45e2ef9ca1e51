//! Comma-separated rows for sheets and other programs, RFC 4180.

use std::io::{Result, Write};

/// A sheet program takes a file for UTF-8 only when it begins with this.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Quoted where it must be, a quote doubled.
pub fn row(out: &mut dyn Write, cells: &[String]) -> Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        if cell.contains([',', '"', '\n', '\r']) {
            write!(out, "{comma}\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            write!(out, "{comma}{cell}")?;
        }
    }
    out.write_all(b"\r\n")
}

/// A text of a source that a sheet program would run as a formula gets an apostrophe in front.
pub fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
