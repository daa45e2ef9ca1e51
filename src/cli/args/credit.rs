//! `ledger credit`: whose limits are looked at.

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct CreditArgs {
    #[arg(long)]
    pub book: Option<String>,
    /// 客户编码 · only this customer, with its whole group
    #[arg(long, value_name = "CODE")]
    pub party: Option<String>,
    /// 只列超额 · only what is over a limit
    #[arg(long)]
    pub over: bool,
}
