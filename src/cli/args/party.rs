//! `party`: questions and decisions about who is one customer.

use clap::Subcommand;

use super::Person;

#[derive(Debug, Subcommand)]
pub enum PartyCommand {
    /// 为什么是、或可能是同一客户 · why this party key is one customer with others, and which may be
    Why {
        /// 客户编码或全称，可加 账簿: 或 编号范围: · code or full name, after BOOK: or NUMBERING: where several have it
        party: String,
        #[arg(long)]
        book: Option<String>,
    },
    /// 合并显示 · these two party keys are one customer
    Link {
        a: String,
        b: String,
        #[command(flatten)]
        person: Person,
    },
    /// 分开 · these two are different customers, whatever the rules say
    Split {
        a: String,
        b: String,
        #[command(flatten)]
        person: Person,
    },
    /// 可能是同一客户的编码 · which party keys may be one customer; the surest first
    Propose {
        /// 只看这一个 · only of this one
        party: Option<String>,
        #[arg(long)]
        book: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}
