//! The calendar files beside the configuration, which reminders and due dates read alike.

use std::path::Path;

use super::AppError;
use crate::config::{Config, FileText, Mistakes};
use crate::diagnostic::Diagnostic;
use crate::domain::WorkingDays;

const DEFAULT: (&str, &str) = ("config/calendar/cn-2026.toml", include_str!("../../config/calendar/cn-2026.toml"));

/// `*.toml` of the calendar folder, by name; the built-in calendar when there is none.
pub(super) fn files(config: &Config) -> Result<Vec<FileText>, AppError> {
    let own = in_folder(&config.files.calendar)?;
    if own.is_empty() {
        return Ok(vec![FileText::new(DEFAULT.0, DEFAULT.1)]);
    }
    Ok(own)
}

fn in_folder(folder: &Path) -> Result<Vec<FileText>, AppError> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut mistakes = Mistakes::default();
    let files = paths.iter().filter_map(|path| FileText::load(path, &mut mistakes)).collect();
    Ok(mistakes.or(files)?)
}

/// All years together.
pub(super) fn working_days(config: &Config) -> Result<WorkingDays, AppError> {
    let mut mistakes = Mistakes::default();
    let mut years = Vec::new();
    for file in files(config)? {
        match toml::from_str::<WorkingDays>(&file.text) {
            Ok(year) => years.push(year),
            Err(error) => mistakes.add(Diagnostic::new(&file.name, "", 0..0, error.to_string(), None), ""),
        }
    }
    Ok(mistakes.or(WorkingDays::merged(&years))?)
}
