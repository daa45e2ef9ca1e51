//! The clap tree.

mod credit;
mod files;
mod measure;
mod party;
mod statement;
mod why;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use credit::CreditArgs;
pub use files::{ExportArgs, ExportFormat, ReconcileArgs};
pub use measure::{BenchArgs, ScoreArgs, ScoreIdentityArgs};
pub use party::PartyCommand;
pub use statement::{StatementAnswer, StatementArgs, StatementCommand, StatementFormat, StatementPeriod};
pub use why::WhyArgs;

/// How days are shown in the help, and so recognized when one cannot be read.
pub const DAY: &str = "YYYY-MM-DD";

/// 闭环：ERP、财务与聊天之间的集成中间件 · integration middleware between ERP, finance and chat
#[derive(Debug, Parser)]
#[command(name = "bihuan", version, propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Global {
    /// 配置文件 · configuration file (default: ./bihuan.toml if it is there)
    #[arg(long, global = true, env = "BIHUAN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// 数据目录 · data folder (SQLite, inbox, demo clock)
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// 数据库 · `sqlite:FILE` or `postgres://…`
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// 消息队列 · `embedded` or `amqp://…`
    #[arg(long, global = true, value_name = "URL")]
    pub broker: Option<String>,
    /// 以 JSON 输出 · print one JSON object
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// 演示：模拟公司的完整闭环 · the whole loop on a simulated company
    Demo(DemoArgs),
    /// 常驻服务 · the daemon
    Run,
    /// 拉取一次 · pull every source (or one) once
    Sync {
        /// 来源名 · name of the source
        source: Option<String>,
        /// 全部重读 · read everything again; what has not changed changes nothing
        #[arg(long)]
        full: bool,
    },
    /// 数据流、台账与提醒的总数 · totals of streams, ledger and reminders
    Status,
    /// 检查配置与映射，可选探测来源 · check configuration and mappings
    Check {
        /// 同时探测每个来源 · also probe every source
        #[arg(long)]
        probe: bool,
    },
    /// 台账 · the ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// 客户身份 · which party keys are one customer
    #[command(subcommand)]
    Party(PartyCommand),
    /// 隔离区 · records that were kept out
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// 映射 · mappings
    #[command(subcommand)]
    Map(MapCommand),
    /// 提醒 · reminders
    #[command(subcommand)]
    Reminders(RemindersCommand),
    /// 升级数据库结构 · bring the database to this version's schema
    Migrate,
    /// 备份 SQLite 数据库 · copy the SQLite database, consistent while the daemon runs
    Backup { file: PathBuf },
    /// 可用的连接器及其设置 · connectors and their settings
    Connectors { name: Option<String> },
    /// 探测常驻服务是否健康 · ask the daemon's /healthz (for container health checks)
    Health,
    /// 测量 · what `cargo xtask bench` runs
    #[command(hide = true)]
    Bench(BenchArgs),
    /// 核销评分 · what `cargo xtask score-allocation` runs
    #[command(hide = true)]
    ScoreAllocation(ScoreArgs),
    /// 身份评分 · what `cargo xtask score-identity` runs
    #[command(hide = true)]
    ScoreIdentity(ScoreIdentityArgs),
}

#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// 跑到最后一天后退出 · stop at the generator's last day
    #[arg(long)]
    pub once: bool,
    /// 随机种子 · the same seed gives the same company
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// 客户数 · customers
    #[arg(long, default_value_t = 40)]
    pub customers: u32,
    /// 月数 · months
    #[arg(long, default_value_t = 4)]
    pub months: u32,
    /// 使用已在运行的模拟服务 · use servers that are already simulated elsewhere (tests)
    #[arg(long, hide = true, value_name = "URL")]
    pub sim_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// 一个客户 · one customer by code
    Party {
        code: String,
        #[arg(long)]
        book: Option<String>,
        #[command(flatten)]
        at: PastArgs,
    },
    /// 一张订单的闭环 · one order's loop
    Order {
        number: String,
        #[arg(long)]
        book: Option<String>,
    },
    /// 为什么 · why a document, a row of the journal or a balance is as it is, down to the bytes that came in
    Why(WhyArgs),
    /// 佐证 · what bank, warehouse and tax platform have seen, and what of it is not booked, or booked and not seen
    Evidence {
        #[arg(long)]
        book: Option<String>,
        /// 单据种类 · payment, shipment or invoice
        #[arg(long)]
        kind: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// 与 ERP 账龄表核对 · our balances against the ERP's aging list, with the likely cause of each difference
    Reconcile(ReconcileArgs),
    /// 账龄 · who owes what since when
    Aging {
        #[arg(long)]
        book: Option<String>,
        #[command(flatten)]
        at: PastArgs,
    },
    /// 信用额度 · what customers and groups may owe, and what they owe against it
    Credit(CreditArgs),
    /// 余额 · what every account has, now or at a point of the past, from the journal
    Balances {
        #[arg(long)]
        book: Option<String>,
        /// 客户代码 · only accounts of this customer
        #[arg(long, value_name = "CODE")]
        party: Option<String>,
        /// 科目 · only this kind of account (receivable:billed, cash:unapplied …)
        #[arg(long)]
        account: Option<String>,
        /// 按过账日 · by the day of posting: a closed period stays as it was
        #[arg(long)]
        posted: bool,
        #[command(flatten)]
        at: PastArgs,
    },
    /// 对账单 · a customer's statement of account
    Statement(Box<StatementArgs>),
    /// 手工核销 · this money pays this invoice, shipment or order, whatever the rules say
    Allocate {
        /// 收款或票据号 · number of the payment or bill
        payment: String,
        /// 发票、发货或订单号 · what it pays
        target: String,
        /// 金额（默认：能核销的全部） · how much (default: all that it can)
        #[arg(long)]
        amount: Option<String>,
        /// 跨币种：--amount 抵付目标单据币别的多少 · across currencies: what --amount settles there, the agreed rate
        #[arg(long, value_name = "AMOUNT", requires = "amount")]
        settles: Option<String>,
        #[command(flatten)]
        person: Person,
    },
    /// 取消核销 · this money does not pay this (default: anything that it pays now)
    Unallocate {
        payment: String,
        target: Option<String>,
        #[command(flatten)]
        person: Person,
    },
    /// 确认核销 · what the rules placed is right and stays
    Confirm {
        payment: String,
        target: Option<String>,
        #[command(flatten)]
        person: Person,
    },
    /// 否决核销 · this money never pays this
    Reject {
        payment: String,
        target: String,
        #[command(flatten)]
        person: Person,
    },
    /// 到款认领、代付 · this money is this customer's
    Identify {
        payment: String,
        /// 客户编码或全称 · code or full name
        customer: String,
        /// 金额（默认：全部） · how much (default: all of it)
        #[arg(long)]
        amount: Option<String>,
        /// 记住付款方 · so is all money of this payer that nobody else is known to own
        #[arg(long)]
        remember: bool,
        #[command(flatten)]
        person: Person,
    },
    /// 银行流水归类 · what a bank line is
    Classify {
        line: String,
        #[arg(value_parser = ["customer", "own_transfer", "interest", "refund", "other"])]
        class: String,
        #[command(flatten)]
        person: Person,
    },
    /// 对应 · this bank line is this receipt, though the amounts may differ
    Pair {
        line: String,
        receipt: String,
        #[command(flatten)]
        person: Person,
    },
    /// 不对应 · this bank line is not this receipt
    Unpair {
        line: String,
        receipt: String,
        #[command(flatten)]
        person: Person,
    },
    /// 关账 · close a book's period: what comes late is posted on the first open day (--book is required)
    Close {
        /// 最后一天 · the last closed day
        #[arg(long, value_name = DAY)]
        until: jiff::civil::Date,
        #[command(flatten)]
        person: Person,
    },
    /// 撤销决定 · take a decision back
    Revoke {
        #[arg(required = true)]
        decisions: Vec<String>,
        #[command(flatten)]
        person: Person,
    },
    /// 核销提议 · what payments may be for, where the evidence is not enough to place them; the surest first
    Proposals {
        #[arg(long)]
        book: Option<String>,
        /// 客户代码 · the customer's code
        #[arg(long)]
        party: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// 人工决定及其现状 · what people decided, and what became of it
    Decisions {
        #[arg(long)]
        book: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// 导出分录，供其他程序核对 · the journal for hledger, beancount, sheets and programs
    Export(ExportArgs),
    /// 用存下的原始记录重算台账，与现有台账比较 · make the ledger again from its raw records and compare
    Rebuild {
        /// 只比较，不改动 · compare only; nothing is changed
        #[arg(long, required = true)]
        check: bool,
    },
    /// 校验哈希链与余额 · recompute the hash chain and the balances
    Verify {
        /// 校验截断 · a batch and its hash that were noted earlier
        #[arg(long, value_name = "BATCH:HASH")]
        anchor: Option<String>,
    },
}

/// Who decides, in which book, and why.
#[derive(Debug, Clone, Args)]
pub struct Person {
    /// 谁 · who decides (default: the user who is logged in)
    #[arg(long, env = "USER", value_name = "NAME")]
    pub by: String,
    #[arg(long)]
    pub book: Option<String>,
    /// 原因 · why
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Two times: when a thing counts, and when it became known.
#[derive(Debug, Clone, Copy, Args)]
pub struct PastArgs {
    /// 截至日期 · as if nothing had happened after this day (default: today)
    #[arg(long, value_name = DAY)]
    pub as_of: Option<jiff::civil::Date>,
    /// 当时所知 · only what was known at this instant, such as 2026-03-31T18:00:00+08:00 (default: now)
    #[arg(long, value_name = "INSTANT")]
    pub known_at: Option<jiff::Timestamp>,
}

#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// 列出 · list
    List {
        #[arg(long)]
        source: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// 一条记录及其原文 · one record with its raw bytes
    Show { id: String },
}

#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// 运行映射旁的用例 · run the cases beside the mappings
    Test {
        /// 映射文件或目录（默认：内置映射） · mapping file or folder (default: the built-in ones)
        path: Option<PathBuf>,
    },
    /// 用映射转换一个记录文件并打印事实 · map one file of JSON records and print the facts
    Run {
        mapping: PathBuf,
        records: PathBuf,
        #[arg(long, default_value = "main")]
        book: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum RemindersCommand {
    /// 列出 · list deliveries and their states
    List {
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// 预览下一次会发送什么 · what would be sent now
    Preview,
}
