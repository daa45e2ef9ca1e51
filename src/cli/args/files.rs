//! `ledger export` and `ledger reconcile`: what other programs read from us, and what we read from them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::DAY;
use crate::ledger::reconcile::BalanceBasis;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Hledger,
    Beancount,
    Csv,
    Ndjson,
}

#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    #[arg(long)]
    pub book: Option<String>,
    /// 生效日起 · effective on this day or later
    #[arg(long, value_name = DAY)]
    pub from: Option<Date>,
    /// 生效日止 · effective on this day or earlier
    #[arg(long, value_name = DAY)]
    pub to: Option<Date>,
    /// 输出文件（默认标准输出） · file to write (default: standard output)
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Which of our figures the other list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BasisArg {
    /// 已发货与已开票 · goods and claims, as in `ledger aging`
    Open,
    /// 只计已开票 · claims only
    Billed,
    /// 扣除未核销款与预收 · less money that nothing took
    OpenNet,
    BilledNet,
}

impl From<BasisArg> for BalanceBasis {
    fn from(basis: BasisArg) -> Self {
        match basis {
            BasisArg::Open => Self::Open,
            BasisArg::Billed => Self::Billed,
            BasisArg::OpenNet => Self::OpenNet,
            BasisArg::BilledNet => Self::BilledNet,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct ReconcileArgs {
    /// 账龄表（CSV 或 XLSX） · the ERP's aging list
    #[arg(long, value_name = "FILE")]
    pub against: PathBuf,
    #[arg(long)]
    pub book: Option<String>,
    /// 对方的口径 · which of our figures the list shows
    #[arg(long, value_enum, default_value = "open")]
    pub basis: BasisArg,
    /// 表中没有币别列时的币种 · the currency of a list that has no such column
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
}
