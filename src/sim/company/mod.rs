//! The simulated distributor: lives one day after the other and leaves documents, bank lines and conversations behind.
//!
//! Each day works off the agenda (what earlier days planned), takes new orders, and closes. Everything that a day
//! makes visible lies within that day, so that a company can be extended day by day for ever and its past never
//! changes. A cause is always on an earlier day than its effect, or earlier on the same day.

mod bank;
mod billing;
pub mod catalog;
mod customer;
pub mod forms;
mod money;
mod papers;
mod receipts;
mod returns;
mod sales;
mod state;
mod talk;
#[cfg(test)]
mod tests;
pub mod timeline;
mod truth;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::calendar::{self, MS_PER_MINUTE, add_days};
use super::rng::Rng;
pub use customer::Customer;
use forms::{Doc, FormId};
use state::{AcceptanceBill, Adjustment, Claim, GoodsReturn, Order, Receipt, Shipment};
pub use timeline::Book;
use timeline::{BankLine, Draft, Timeline};
pub use truth::{Totals, Truth};

/// What a company is made from. The same settings make the same company, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanySettings {
    pub seed: u64,
    pub customers: usize,
    pub months: u32,
    /// The cutover: the first day, whose opening positions carry what was open before.
    pub start: Date,
    /// 100: the usual number of slips (late, wrong, twice, by somebody else), 0: none.
    pub messiness: u32,
}

impl Default for CompanySettings {
    fn default() -> Self {
        Self { seed: 7, customers: 40, months: 4, start: jiff::civil::date(2026, 1, 1), messiness: 100 }
    }
}

/// A person of the company: ERP code and chat user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salesperson {
    pub code: &'static str,
    pub user: &'static str,
    pub name: &'static str,
}

/// Something that was planned for a day. The numbers are indexes into the company's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    HandOver(usize),
    Block(usize),
    ApproveOrder(usize),
    PayDeposit { order: usize, cents: i64 },
    Ship { order: usize, last: bool },
    ApproveShipment(usize),
    ReopenShipment { shipment: usize, then_void: bool },
    ApproveShipmentAgain(usize),
    VoidShipment(usize),
    BillMonth(usize),
    BillShipment(usize),
    ApproveClaim(usize),
    ReopenClaim(usize),
    Pay(usize),
    Promise(usize),
    BookReceipt(usize),
    ApproveReceipt(usize),
    ReopenReceipt(usize),
    IdentifyReceipt(usize),
    Match { receipt: usize, pay: usize },
    MatureBill(usize),
    Complain(usize),
    TakeBack(usize),
    ApproveReturn(usize),
    RedClaim(usize),
    Adjust(usize),
    ApproveAdjustment(usize),
}

/// Running numbers of one book.
#[derive(Debug, Default, Clone)]
struct Counters {
    fid: i64,
    entry: i64,
    orders_in_month: (i32, i64),
    shipments: i64,
    claims: i64,
    openings: i64,
    receipts: i64,
    returns: i64,
    adjustments: i64,
    serial: i64,
}

#[derive(Debug)]
pub struct Company {
    settings: CompanySettings,
    rng: Rng,
    customers: Vec<Customer>,
    orders: Vec<Order>,
    shipments: Vec<Shipment>,
    claims: Vec<Claim>,
    receipts: Vec<Receipt>,
    bills: Vec<AcceptanceBill>,
    returns: Vec<GoodsReturn>,
    adjustments: Vec<Adjustment>,
    agenda: BTreeMap<Date, Vec<Task>>,
    counters: [Counters; 2],
    balances: BTreeMap<(Book, crate::domain::Currency), i64>,
    drafts: Vec<Draft>,
    bank_today: Vec<BankLine>,
    said_today: Vec<talk::Said>,
    /// Orders of the last weeks that are not fully shipped, for customers to ask about.
    open_orders: Vec<usize>,
    today: Date,
    last_day: Date,
    timeline: Timeline,
    truth: Truth,
}

impl Company {
    /// Lives from the first to the last day of the settings.
    pub fn generate(settings: CompanySettings) -> Self {
        let mut company = Self::founded(settings);
        let months = jiff::Span::new().try_months(i64::from(company.settings.months)).unwrap_or_default();
        let end = company.settings.start.saturating_add(months);
        while add_days(company.last_day, 1) < end {
            company.extend_one_day();
        }
        company
    }

    fn founded(settings: CompanySettings) -> Self {
        let mut rng = Rng::new(settings.seed);
        let customers = customer::customers(&mut rng, settings.customers, catalog::SALESPEOPLE.len());
        let start = settings.start;
        let counters = Counters { fid: 100_000, entry: 200_000, ..Counters::default() };
        Self {
            settings,
            rng,
            customers,
            orders: Vec::new(),
            shipments: Vec::new(),
            claims: Vec::new(),
            receipts: Vec::new(),
            bills: Vec::new(),
            returns: Vec::new(),
            adjustments: Vec::new(),
            agenda: BTreeMap::new(),
            counters: [counters.clone(), counters],
            balances: BTreeMap::new(),
            drafts: Vec::new(),
            bank_today: Vec::new(),
            said_today: Vec::new(),
            open_orders: Vec::new(),
            today: start,
            last_day: add_days(start, -1),
            timeline: Timeline::default(),
            truth: Truth::default(),
        }
    }

    /// Lives one more calendar day and returns it. What was visible before stays as it was.
    pub fn extend_one_day(&mut self) -> Date {
        self.today = add_days(self.last_day, 1);
        if self.today == self.settings.start {
            self.open_the_books();
        }
        if calendar::is_business_day(self.today) {
            self.work_off_agenda();
            self.take_orders();
            self.chat();
            self.bank_routine();
        }
        let drafts = std::mem::take(&mut self.drafts);
        self.timeline.close_day(self.today, drafts);
        self.close_bank_day();
        self.close_chat_day();
        self.last_day = self.today;
        self.today
    }

    fn work_off_agenda(&mut self) {
        while let Some(entry) = self.agenda.first_entry() {
            if *entry.key() > self.today {
                return;
            }
            for task in entry.remove() {
                self.perform(task);
            }
        }
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::HandOver(customer) => self.hand_over(customer),
            Task::Block(customer) => self.block(customer),
            Task::ApproveOrder(order) => self.approve_order(order),
            Task::PayDeposit { order, cents } => self.pay_deposit(order, cents),
            Task::Ship { order, last } => self.ship(order, last),
            Task::ApproveShipment(shipment) => self.approve_shipment(shipment),
            Task::ReopenShipment { shipment, then_void } => self.reopen_shipment(shipment, then_void),
            Task::ApproveShipmentAgain(shipment) => self.approve_shipment_again(shipment),
            Task::VoidShipment(shipment) => self.void_shipment(shipment),
            Task::BillMonth(customer) => self.bill_month(customer),
            Task::BillShipment(shipment) => self.bill_shipment(shipment),
            Task::ApproveClaim(claim) => self.approve_claim(claim),
            Task::ReopenClaim(claim) => self.reopen_claim(claim),
            Task::Pay(claim) => self.pay(claim),
            Task::Promise(claim) => self.promise(claim),
            Task::BookReceipt(receipt) => self.book_receipt(receipt),
            Task::ApproveReceipt(receipt) => self.approve_receipt(receipt),
            Task::ReopenReceipt(receipt) => self.reopen_receipt(receipt),
            Task::IdentifyReceipt(receipt) => self.identify_receipt(receipt),
            Task::Match { receipt, pay } => self.match_receipt(receipt, pay),
            Task::MatureBill(bill) => self.mature_bill(bill),
            Task::Complain(shipment) => self.complain(shipment),
            Task::TakeBack(shipment) => self.take_back(shipment),
            Task::ApproveReturn(goods) => self.approve_return(goods),
            Task::RedClaim(goods) => self.red_claim(goods),
            Task::Adjust(claim) => self.adjust(claim),
            Task::ApproveAdjustment(adjustment) => self.approve_adjustment(adjustment),
        }
    }

    /// Plans `task` for the first working day on or after `day`, but never for today: effects follow causes.
    fn plan(&mut self, day: Date, task: Task) {
        let day = calendar::business_day_on_or_after(day.max(add_days(self.today, 1)));
        self.agenda.entry(day).or_default().push(task);
    }

    /// Plans `task` for a working day `low` to `high` working days from now.
    fn plan_in(&mut self, low: i64, high: i64, task: Task) {
        let count = self.rng.between(low, high);
        self.plan(calendar::add_business_days(self.today, count), task);
    }

    /// True as often as slips of this kind happen in this company.
    fn slip(&mut self, per_mille: u32) -> bool {
        let chance = per_mille.saturating_mul(self.settings.messiness) / 100;
        self.rng.chance(chance.min(1000))
    }

    /// A time of day in milliseconds between two hours.
    fn time_between(&mut self, from_hour: i64, to_hour: i64) -> i64 {
        self.rng.between(from_hour * 60 * MS_PER_MINUTE, to_hour * 60 * MS_PER_MINUTE - 1)
    }

    fn emit(&mut self, book: Book, form: FormId, fid: i64, ms_of_day: i64, doc: Doc) {
        self.drafts.push(Draft { book, form, fid, ms_of_day, doc });
    }

    fn next_fid(&mut self, book: Book) -> i64 {
        let counters = &mut self.counters[book.index()];
        counters.fid += 1;
        counters.fid
    }

    fn next_entry(&mut self, book: Book) -> i64 {
        let counters = &mut self.counters[book.index()];
        counters.entry += 1;
        counters.entry
    }

    fn totals(&mut self, customer: usize) -> &mut Totals {
        let customer = &self.customers[customer];
        self.truth.at(customer.book, customer.currency)
    }

    pub fn settings(&self) -> &CompanySettings {
        &self.settings
    }

    pub fn last_day(&self) -> Date {
        self.last_day
    }

    /// The instant at which everything of the last day is visible: its local midnight.
    pub fn end(&self) -> Timestamp {
        calendar::instant(add_days(self.last_day, 1), 0)
    }

    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    pub fn salespeople(&self) -> &'static [Salesperson] {
        catalog::SALESPEOPLE
    }
}

/// Document numbers of the HK book carry an H before them.
fn numbered(book: Book, number: String) -> String {
    match book {
        Book::Sz => number,
        Book::Hk => format!("H{number}"),
    }
}
