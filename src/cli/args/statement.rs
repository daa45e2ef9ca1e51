//! `ledger statement`: drawing one up, and what becomes of it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{DAY, Person};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatementFormat {
    Text,
    Csv,
    Xlsx,
}

#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct StatementArgs {
    #[command(subcommand)]
    pub about: Option<StatementCommand>,
    #[command(flatten)]
    pub period: Option<StatementPeriod>,
    /// 谁发出 · who sent it (default: the user who is logged in)
    // Not in the period: what the environment fills in would be taken for a period without a customer.
    #[arg(long, env = "USER", value_name = "NAME")]
    pub by: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct StatementPeriod {
    /// 客户编码或全称 · the customer's code or full name
    #[arg(long, value_name = "CODE|NAME")]
    pub party: String,
    /// 首日 · first day
    #[arg(long, value_name = DAY)]
    pub from: Date,
    /// 末日 · last day
    #[arg(long, value_name = DAY)]
    pub to: Date,
    #[arg(long)]
    pub book: Option<String>,
    #[arg(long, value_enum, default_value_t = StatementFormat::Text)]
    pub format: StatementFormat,
    /// 输出文件（默认标准输出） · file to write (default: standard output)
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// 记为已发出 · record it as sent, to be confirmed or disputed
    #[arg(long)]
    pub sent: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum StatementCommand {
    /// 列出对账单及其状态 · statements and what became of them
    List {
        #[arg(long)]
        book: Option<String>,
        /// 客户编码 · only this customer's, by code
        #[arg(long, value_name = "CODE")]
        party: Option<String>,
    },
    /// 客户确认 · the customer agreed: to all that is not disputed, or that one dispute is settled
    Confirm(StatementAnswer),
    /// 客户有异议 · the customer disputes the whole or one line: not chased until it is settled
    Dispute(StatementAnswer),
}

#[derive(Debug, Clone, Args)]
pub struct StatementAnswer {
    /// 对账单号 · the statement's number
    pub number: String,
    /// 日期（默认今天） · on which day (default: today)
    #[arg(long, value_name = DAY)]
    pub on: Option<Date>,
    /// 只是这张发货或退货单 · only this shipment or return
    #[arg(long, value_name = "NUMBER")]
    pub shipment: Option<String>,
    #[command(flatten)]
    pub person: Person,
}
