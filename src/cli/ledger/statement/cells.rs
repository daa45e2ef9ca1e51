//! The rows of a statement before they have a format: what stands in which column, and what of it is source text.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::party::due_words;
use super::Paper;
use crate::domain::{Amount, Currency};
use crate::ledger::statement::{Event, Section, Statement, StatementLine};
use crate::ledger::{AccountKind, OpenItem};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Empty,
    /// Ours.
    Label(String),
    /// As a source gave it: a spreadsheet must never take it for a formula.
    Source(String),
    Day(Date),
    Quantity(Decimal),
    Money(Amount),
}

impl Cell {
    fn source(text: Option<&str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Empty, |text| Self::Source(text.to_owned()))
    }

    fn label(text: impl Into<String>) -> Self {
        Self::Label(text.into())
    }

    /// For a person or a CSV file.
    pub fn shown(&self, currency: Currency, grouped: bool) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Label(text) | Self::Source(text) => text.clone(),
            Self::Day(day) => day.to_string(),
            Self::Quantity(number) => number.normalize().to_string(),
            Self::Money(amount) if grouped => amount.grouped(currency),
            Self::Money(amount) => amount.plain(currency),
        }
    }
}

/// How many of the first columns are words (the others are numbers).
pub const WORDS: usize = 8;

pub const COLUMNS: [&str; 11] = [
    "日期 date",
    "事项 event",
    "单号 document",
    "我方订单 our order",
    "客户订单 your order",
    "型号 part",
    "品牌 brand",
    "备注 note",
    "数量 quantity",
    "含税单价 price",
    "含税金额 gross",
];

pub type Row = [Cell; COLUMNS.len()];

pub const fn section_words(section: Section) -> &'static str {
    match section {
        Section::Goods => "发货与退货 · goods",
        Section::Deductions => "扣款与调整 · deductions",
        Section::Money => "收款 · payments",
        Section::Invoices => "本期开票（不影响余额） · invoices (do not move the balance)",
    }
}

pub const fn section_name(section: Section) -> &'static str {
    match section {
        Section::Goods => "goods",
        Section::Deductions => "deductions",
        Section::Money => "payments",
        Section::Invoices => "invoices",
    }
}

pub const fn event_words(line: &StatementLine) -> &'static str {
    match line.event {
        None if line.gross.is_negative() => "红字发票 red invoice",
        None => "开票 invoiced",
        Some(Event::Shipped) => "发货 shipped",
        Some(Event::Returned) => "退货 returned",
        Some(Event::Paid) if line.gross.is_negative() => "收款 paid",
        Some(Event::Paid) => "退款 refunded",
        Some(Event::Bill) if line.gross.is_negative() => "收票据 bill received",
        Some(Event::Bill) => "票据拒付 bill dishonoured",
        Some(Event::OtherCurrency) => "他币结算 other currency",
        Some(Event::OnBehalf) => "委托付款 on behalf",
        Some(Event::Deducted(account)) => account_words(account),
    }
}

pub const fn account_words(account: AccountKind) -> &'static str {
    match account {
        AccountKind::Unbilled => "已发未开票 not invoiced yet",
        AccountKind::Billed => "已开票未收 invoiced",
        AccountKind::Unapplied => "未核销收款 unmatched money",
        AccountKind::Deposit => "预收款 deposits",
        AccountKind::Allowance => "折让 allowance",
        AccountKind::Rebate => "返利 rebate",
        AccountKind::PriceDifference => "价格差异 price difference",
        AccountKind::Rounding => "尾差 rounding",
        AccountKind::WriteOff => "核销坏账 write-off",
        AccountKind::BankFee => "银行手续费 bank fee",
        other => other.name(),
    }
}

pub fn row(line: &StatementLine) -> Row {
    let decimal = |number: Option<Decimal>| number.map_or(Cell::Empty, Cell::Quantity);
    [
        Cell::Day(line.on),
        Cell::label(event_words(line)),
        Cell::source(Some(&line.number)),
        Cell::source(line.order_no.as_deref()),
        Cell::source(line.customer_order_no.as_deref()),
        Cell::source(line.part_no.as_deref()),
        Cell::source(line.brand.as_deref()),
        Cell::source(line.about.as_deref()),
        decimal(line.quantity),
        decimal(line.unit_price),
        Cell::Money(line.gross),
    ]
}

/// The foot: from the opening to the closing balance, and what that consists of.
pub fn summary(statement: &Statement) -> Vec<(String, Amount)> {
    let totals = &statement.totals;
    let mut rows = vec![
        (format!("期初余额 opening balance {}", statement.from), statement.opening),
        ("＋ 发货 shipped".to_owned(), totals.shipped),
        ("－ 退货 returned".to_owned(), totals.returned),
        ("－ 扣款与调整 deducted".to_owned(), totals.deducted),
        ("－ 收款 paid".to_owned(), totals.paid),
        (format!("＝ 期末余额 closing balance {}", statement.to), statement.closing),
    ];
    let accounts = statement.accounts.iter();
    rows.extend(accounts.map(|(account, amount)| (format!("　其中 of it: {}", account_words(*account)), *amount)));
    rows.push(("本期开票 invoiced in the period".to_owned(), totals.invoiced));
    rows
}

/// What is due when, in sum.
pub fn due_summary(statement: &Statement) -> Vec<(&'static str, Amount)> {
    let aging = &statement.aging;
    let overdue = aging.overdue().unwrap_or_default();
    let rows = [
        ("已逾期 overdue", overdue),
        ("未到期 not due yet", aging.not_due),
        ("到期日未定 due date still open", aging.expected),
        ("有争议 disputed", aging.disputed),
        ("可抵减 credits", aging.credits),
    ];
    rows.into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
}

pub const ITEM_COLUMNS: [&str; 5] = ["单号 document", "日期 date", "到期 due", "逾期天数 days overdue", "未清 open"];

pub fn item_row(item: &OpenItem, as_of: Date) -> [Cell; ITEM_COLUMNS.len()] {
    let days = item.due.days_overdue(as_of);
    let late = match (item.disputed, days) {
        (true, _) => Cell::label("争议 disputed"),
        (false, ..=0) => Cell::Empty,
        (false, days) => Cell::Quantity(days.into()),
    };
    [
        Cell::Source(item.number.to_string()),
        Cell::Day(item.issued_on),
        Cell::label(due_words(&item.due)),
        late,
        Cell::Money(item.open),
    ]
}

/// The head of a statement.
pub fn head(paper: &Paper) -> [(&'static str, String); 5] {
    let statement = &paper.statement;
    [
        ("我方 from", format!("{} ({})", paper.from, paper.book)),
        ("客户 to", format!("{} {}", paper.code, paper.to)),
        ("期间 period", format!("{} – {}", statement.from, statement.to)),
        ("币种 currency", statement.currency.to_string()),
        ("制表 drawn up", statement.as_of.to_string()),
    ]
}
