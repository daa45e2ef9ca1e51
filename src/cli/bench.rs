//! stub
use super::args::BenchArgs;
use crate::app::AppError;
pub async fn run(_args: &BenchArgs) -> Result<(), AppError> { Ok(()) }
