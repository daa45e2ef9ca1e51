//! `bihuan score-allocation`: what `cargo xtask score-allocation` runs. How right the automatic allocation is on the
//! labelled set, beside two plain ways to do it, and how long a large customer takes.
//!
//! Figures are printed and recorded in `docs/allocation.md`, never asserted here.

mod baselines;
pub mod identity;
mod latency;
mod measure;
mod report;

use super::args::ScoreArgs;
use super::output;
use crate::app::AppError;

/// The set that thresholds and weights are looked at with.
pub const TUNING_SEED: u64 = 20_260_301;
/// The set whose figures are printed; nothing is tuned on it.
pub const PRINTED_SEED: u64 = 20_261_129;

pub fn run(args: &ScoreArgs) -> Result<(), AppError> {
    let seed = if args.tuning { TUNING_SEED } else { PRINTED_SEED };
    let scores = measure::score(seed, args.payments);
    let latency = latency::measure(seed);
    output::print(&format!("{}\n{}", report::table(seed, &scores), report::latency(&latency)))
}
