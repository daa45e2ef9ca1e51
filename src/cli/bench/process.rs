//! Memory of this process, and programs beside it.

use std::process::Command;

use crate::app::AppError;

/// Starts counting the peak of resident memory anew; where the kernel does not allow it the peak is the process's whole.
pub fn reset_peak_memory() {
    // Linux: writing 5 resets VmHWM (man 5 proc, /proc/PID/clear_refs).
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// `VmHWM` (peak) or `VmRSS` (now) in MiB; zero where there is no /proc.
pub fn memory_mib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}

/// Runs a program to its end; its words when it fails.
pub fn run(command: &mut Command) -> Result<String, AppError> {
    let shown = format!("{:?}", command.get_program());
    let output = command.output().map_err(|error| AppError::Usage(format!("{shown}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(AppError::Refused(format!("{shown}: {}", String::from_utf8_lossy(&output.stderr))))
}
