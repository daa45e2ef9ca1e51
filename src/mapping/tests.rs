//! The language and the built-in mappings as a whole.

use super::builtin::MAPPINGS;
use super::*;

#[test]
fn every_builtin_mapping_does_what_its_cases_say() {
    let mut failures = String::new();
    for builtin in MAPPINGS {
        match Mapping::parse(builtin.path, builtin.text) {
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    failures += &diagnostic.render(builtin.text);
                    failures += "\n\n";
                }
            }
            Ok(mapping) => {
                let report = run_cases(&mapping, builtin.cases);
                for failure in report.failures {
                    let (path, case, message) = (builtin.path, failure.case, failure.message);
                    println!("@@{}|{case}\n{}@@end", path.trim_end_matches(".toml"), message.trim_start_matches("made facts:\n").trim_start_matches("the facts are\n"));
                    failures += &format!("{path}: {case}: {message}\n");
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
