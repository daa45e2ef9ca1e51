//! Payment terms and due dates. DESIGN 6, *Terms*; golden case there.
//!
//! Why a small closed form instead of the words people use: 月结30 means three different dates in three companies. The
//! words are expanded here, visibly ([`Terms::explain`]), every due date is counted from the expansion, and what is
//! printed (`Display`) reads back as the same terms. It must not know which document it is asked about.

mod print;
mod read;

#[cfg(test)]
mod tests;

use jiff::ToSpan;
use jiff::civil::Date;
use thiserror::Error;

use crate::domain::WorkingDays;

/// The event from which a due date is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    #[default]
    Shipped,
    Signed,
    Reconciled,
    Invoiced,
    InvoiceReceived,
}

impl Basis {
    pub const ALL: &[Self] = &[Self::Shipped, Self::Signed, Self::Reconciled, Self::Invoiced, Self::InvoiceReceived];

    /// The stable name; also what [`Due::Expected`] reports as missing.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Signed => "signed",
            Self::Reconciled => "reconciled",
            Self::Invoiced => "invoiced",
            Self::InvoiceReceived => "invoice_received",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|basis| basis.name() == name)
    }
}

/// Expanded terms: one instalment, or several whose percents add up to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms(Vec<Instalment>);

/// So much of a document (`30%预付，70%月结60`), due by a plan of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instalment {
    pub percent: u8,
    pub plan: Plan,
}

/// How a due date is counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub basis: Basis,
    /// The last day of the accounting month (25: a shipment of the 26th belongs to the next period; 31: the calendar
    /// month); `None` counts from the basis day itself.
    pub cutoff_day: Option<i8>,
    pub rule: DueRule,
    /// Days of the month on which the customer pays at all (付款日), ascending; empty: any day.
    pub pay_days: Vec<i8>,
    pub roll: Roll,
}

/// What is added to the basis day, or to the period's end where there is a cut-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueRule {
    Days(u16),
    /// So many months later, on this day (31 = the last day of the month).
    Months {
        months: u8,
        day: i8,
    },
}

impl Default for DueRule {
    fn default() -> Self {
        Self::Days(30)
    }
}

/// Where a due date goes that is no working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roll {
    #[default]
    Stays,
    /// 顺延: the next working day.
    Following,
    /// 遇休提前: the last working day before it.
    Preceding,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a payment term; try 月结30, 月结60/25 (cut-off day 25), net 30, 预付, 款到发货, 货到付款, \
     30%预付，70%月结30 付款日5/25 遇节假日顺延"
)]
pub struct TermsError(pub String);

/// When an item falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The last civil day, in the book's zone, on which it is not overdue.
    On(Date),
    /// The basis has not happened yet (`missing` says which); never overdue.
    Expected { on: Date, missing: &'static str },
}

impl Due {
    /// The real or the expected day.
    pub const fn date(self) -> Date {
        match self {
            Self::On(on) | Self::Expected { on, .. } => on,
        }
    }

    pub const fn is_expected(self) -> bool {
        matches!(self, Self::Expected { .. })
    }

    /// Days past due on `today`: zero on the due day and before; an expected due date is never overdue.
    pub fn days_overdue(self, today: Date) -> i32 {
        match self {
            Self::On(on) => days_between(on, today).max(0),
            Self::Expected { .. } => 0,
        }
    }
}

/// Civil days from `from` to `to`.
pub(super) fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// Longer terms than this are a slip of the keyboard.
const DAYS_MAX: u16 = 720;
const MONTHS_MAX: u8 = 24;
const LAST_DAY: i8 = 31;
/// More instalments than a year has months are no terms of trade.
const INSTALMENTS_MAX: usize = 12;
const WHOLE: u8 = 100;

impl Default for Terms {
    fn default() -> Self {
        Self::from(Plan::default())
    }
}

impl From<Plan> for Terms {
    fn from(plan: Plan) -> Self {
        Self(vec![Instalment { percent: WHOLE, plan }])
    }
}

impl Terms {
    /// Expands a short name; see the table in the tests.
    pub fn parse(text: &str) -> Result<Self, TermsError> {
        read::terms(text).ok_or_else(|| TermsError(text.chars().take(40).collect()))
    }

    /// Never empty; the percents add up to 100.
    pub fn instalments(&self) -> &[Instalment] {
        &self.0
    }

    pub fn counts_from(&self, basis: Basis) -> bool {
        self.0.iter().any(|instalment| instalment.plan.basis == basis)
    }
}

impl Plan {
    /// Due on the day of the basis event itself.
    const fn at_once(basis: Basis) -> Self {
        Self { basis, cutoff_day: None, rule: DueRule::Days(0), pay_days: Vec::new(), roll: Roll::Stays }
    }

    /// The last day of the accounting month that `basis_on` belongs to; the day itself without a cut-off.
    pub fn period_end(&self, basis_on: Date) -> Date {
        let Some(cutoff) = self.cutoff_day else { return basis_on };
        let this_month = day_of_month(basis_on, cutoff);
        if basis_on <= this_month { this_month } else { day_of_month(months_later(basis_on, 1), cutoff) }
    }

    /// The last day on which what has its basis on `basis_on` is not overdue.
    pub fn due_on(&self, basis_on: Date, working_days: &WorkingDays) -> Date {
        let start = self.period_end(basis_on);
        let counted = match self.rule {
            DueRule::Days(days) => start.saturating_add(i64::from(days).days()),
            DueRule::Months { months, day } => day_of_month(months_later(start, months), day),
        };
        let paid = self.pay_day(counted);
        match self.roll {
            Roll::Stays => paid,
            Roll::Following => working_days.on_or_after(paid),
            Roll::Preceding => working_days.on_or_before(paid),
        }
    }

    /// The first pay day on or after `date`.
    fn pay_day(&self, date: Date) -> Date {
        let days_in = |month: Date| self.pay_days.iter().map(move |day| day_of_month(month, *day));
        days_in(date).chain(days_in(months_later(date, 1))).find(|day| *day >= date).unwrap_or(date)
    }
}

/// The first day of the month so many months later.
fn months_later(date: Date, months: u8) -> Date {
    date.first_of_month().saturating_add(i64::from(months).months())
}

fn day_of_month(month: Date, day: i8) -> Date {
    let day = day.clamp(1, month.days_in_month());
    month.with().day(day).build().unwrap_or(month)
}
