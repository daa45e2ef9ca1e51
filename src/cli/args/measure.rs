//! What is measured and scored; `cargo xtask` calls these, so they are hidden.

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    #[arg(long)]
    pub postgres: String,
    #[arg(long)]
    pub amqp: String,
    #[arg(long, default_value_t = 500_000)]
    pub lines: usize,
}

#[derive(Debug, Clone, Args)]
pub struct ScoreArgs {
    /// 收款笔数 · at least so many payments
    #[arg(long, default_value_t = 20_000)]
    pub payments: usize,
    /// 用于调参的集合 · the set that thresholds are tuned on, instead of the printed one
    #[arg(long)]
    pub tuning: bool,
}

#[derive(Debug, Clone, Args)]
pub struct ScoreIdentityArgs {
    /// 编码数 · at least so many party keys
    #[arg(long, default_value_t = 20_000)]
    pub keys: usize,
    /// 用于调参的集合 · the set that points are tuned on, instead of the printed one
    #[arg(long)]
    pub tuning: bool,
}
