//! `ledger why`: what may be asked about.

use clap::Args;
use jiff::civil::Date;

use super::DAY;

#[derive(Debug, Clone, Args)]
pub struct WhyArgs {
    /// 单号、分录号（批.序）、哈希开头，或余额地址 · a document's number, BATCH.SEQ, the beginning of a row's hash, or the
    /// address of a balance (receivable:billed/CUST0001/CNY)
    #[arg(value_name = "WHAT")]
    pub what: Option<String>,
    #[arg(long)]
    pub book: Option<String>,
    /// 单据种类 · its kind, where a number stands for several (shipment, invoice, payment …)
    #[arg(long)]
    pub kind: Option<String>,
    /// 科目余额 · the balance of this account
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "what")]
    pub balance: Option<String>,
    /// 客户编码 · of this customer
    #[arg(long, value_name = "CODE", requires = "balance")]
    pub party: Option<String>,
    /// 订单号 · of this order (deposits)
    #[arg(long, value_name = "NUMBER", requires = "balance")]
    pub order: Option<String>,
    #[arg(long, value_name = "CUR", requires = "balance")]
    pub currency: Option<String>,
    /// 截至生效日 · balances: effective on this day or earlier
    #[arg(long, value_name = DAY)]
    pub as_of: Option<Date>,
    /// 最多列出 · balances: transfers that are listed; earlier ones are summed
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}
