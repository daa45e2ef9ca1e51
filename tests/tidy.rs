//! The project's rules as tests: what may use what, what is fenced where, how big things are, what may be shipped.
//!
//! Everything is read as text, so a rule costs no compile time and its failure says file, line and the way out.

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/shipping.rs"]
mod shipping;
#[path = "tidy/source.rs"]
mod source;

/// Fails with all findings, one a line.
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
