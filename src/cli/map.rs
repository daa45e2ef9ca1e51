//! `bihuan map`: run the cases beside mappings; map a file of records and look at the facts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bihuan_connectors::sdk::{PayloadShape, RecordBatchBuilder};
use jiff::tz::TimeZone;

use super::args::{Global, MapCommand};
use super::output;
use crate::app::AppError;
use crate::domain::fact;
use crate::mapping::{MapContext, Mapped, Mapping, Numbering, builtin, run_cases};

pub fn run(global: &Global, command: MapCommand) -> Result<(), AppError> {
    match command {
        MapCommand::Test { path } => test(path.as_deref()),
        MapCommand::Run { mapping, records, book } => map_file(global, &mapping, &records, &book),
    }
}

/// A mapping's name, its text and the text of its cases, where it has any.
struct Subject {
    name: String,
    mapping: String,
    cases: Option<String>,
}

fn test(path: Option<&Path>) -> Result<(), AppError> {
    let mut failed = Vec::new();
    let mut passed = 0;
    for subject in subjects(path)? {
        let mapping = match Mapping::parse(&subject.name, &subject.mapping) {
            Ok(mapping) => mapping,
            Err(mistakes) => {
                failed.extend(mistakes.iter().map(|mistake| mistake.render(&subject.mapping)));
                continue;
            }
        };
        let Some(cases) = &subject.cases else {
            output::print(&format!("{:<32} 没有用例 · no cases\n", subject.name))?;
            continue;
        };
        let report = run_cases(&mapping, cases);
        passed += report.passed;
        output::print(&format!(
            "{:<32} {} 通过 passed, {} 失败 failed\n",
            subject.name,
            report.passed,
            report.failures.len()
        ))?;
        failed.extend(
            report.failures.iter().map(|failure| format!("{}: {}\n{}", subject.name, failure.case, failure.message)),
        );
    }
    if failed.is_empty() {
        output::print(&format!("共 {passed} 个用例通过 · cases passed\n"))
    } else {
        Err(AppError::Usage(failed.join("\n\n")))
    }
}

fn subjects(path: Option<&Path>) -> Result<Vec<Subject>, AppError> {
    let Some(path) = path else {
        let subject = |known: &builtin::BuiltinMapping| Subject {
            name: format!("mappings/{}", known.path),
            mapping: known.text.to_owned(),
            cases: Some(known.cases.to_owned()),
        };
        return Ok(builtin::MAPPINGS.iter().map(subject).collect());
    };
    let mut files = Vec::new();
    collect(path, &mut files, 0)?;
    files
        .into_iter()
        .map(|file| {
            let cases = file.with_extension("case.toml");
            Ok(Subject {
                name: file.display().to_string(),
                mapping: read(&file)?,
                cases: if cases.is_file() { Some(read(&cases)?) } else { None },
            })
        })
        .collect()
}

/// A folder of mappings is `<system>/<stream>.toml`, two levels deep.
const MAX_DEPTH: u8 = 3;

fn collect(path: &Path, files: &mut Vec<PathBuf>, depth: u8) -> Result<(), AppError> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let fault = |source| AppError::Folder { path: path.display().to_string(), source };
    if depth >= MAX_DEPTH {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path).map_err(fault)?.collect::<Result<Vec<_>, _>>().map_err(fault)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() || (name.ends_with(".toml") && !name.ends_with(".case.toml")) {
            collect(&path, files, depth + 1)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, AppError> {
    std::fs::read_to_string(path).map_err(|error| AppError::Usage(format!("{}: {error}", path.display())))
}

/// One JSON object a line in, one fact a line out.
fn map_file(global: &Global, mapping_path: &Path, records: &Path, book: &str) -> Result<(), AppError> {
    let text = read(mapping_path)?;
    let mapping =
        Mapping::parse(&mapping_path.display().to_string(), &text).map_err(|found| super::mistakes(found, &text))?;
    let context = MapContext {
        book: book.into(),
        numbering: Numbering { default: "erp".into(), by_kind: Vec::new() },
        time_zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
    };
    let plan = mapping.plan(&PayloadShape::Json, &context).map_err(|error| AppError::Usage(error.to_string()))?;
    let mut batch = RecordBatchBuilder::new(PayloadShape::Json, 0);
    let lines: Arc<str> = read(records)?.into();
    for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        batch.push(&format!("{}:{}", records.display(), index + 1), None, line.as_bytes());
    }
    for record in batch.finish().iter() {
        match plan.map(record) {
            Mapped::Facts(facts) => {
                for found in facts {
                    let body = fact::encode(&found.fields, &found.lines);
                    output::print(&if global.json {
                        format!("{{\"kind\":\"{}\",\"book\":\"{book}\",\"fact\":{body}}}\n", found.kind)
                    } else {
                        format!("{} {} {body}\n", found.kind, found.number)
                    })?;
                }
            }
            Mapped::Ignored(because) => output::complain(&format!("{}: 忽略 · ignored: {because}", record.key)),
            Mapped::Quarantined(problem) => output::complain(&format!(
                "{}: 隔离 · quarantined: {} = `{}`: {}",
                record.key, problem.field, problem.value, problem.reason
            )),
        }
    }
    Ok(())
}
