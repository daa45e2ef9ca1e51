//! One customer's papers while they are being written: orders, goods, invoices, money, and the answers.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::papers::{Draft, id};
use super::{Answer, Class, Customer, Label, Paper, text};
use crate::domain::{Amount, Currency, Fact, FactKind, Id};
use crate::sim::rng::Rng;

/// Episodes begin within so many days.
pub const DAYS: i64 = 500;
/// Micros of a cent.
const CENT: i64 = 10_000;
/// Reels and trays hold so many pieces.
const PACKS: &[i64] = &[250, 500, 1_000, 2_000, 2_500, 3_000, 4_000, 5_000, 10_000];
/// A customer in so many of a thousand buys by the round price: its amounts are whole hundreds.
const ROUND_CUSTOMERS: u32 = 100;

/// An invoice as the customer knows it.
#[derive(Debug, Clone)]
pub struct Claim {
    pub invoice: String,
    pub order: String,
    pub shipment: String,
    pub gross: Amount,
    pub due_on: Date,
}

impl Claim {
    pub fn id(&self) -> Id {
        id(FactKind::Invoice, &self.invoice)
    }
}

/// A payment to be written.
pub struct Money {
    pub amount: Amount,
    pub on: Date,
    pub text: String,
}

pub struct History {
    pub rng: Rng,
    code: String,
    name: String,
    class: Class,
    is_round: bool,
    /// First day of the episode.
    pub start: Date,
    pub currency: Currency,
    /// Last numbers that were given; other customers take some in between.
    orders: i64,
    shipments: i64,
    invoices: i64,
    payments: i64,
    /// Amounts in cents that this customer was billed or paid by a class that means them to be unique.
    used: BTreeSet<i64>,
    /// Paid in full, with the day.
    pub settled: Vec<(Claim, Date)>,
    papers: Vec<Paper>,
    labels: Vec<Label>,
}

impl History {
    pub fn new(mut rng: Rng, index: u64) -> Self {
        let is_round = rng.chance(ROUND_CUSTOMERS);
        let (orders, shipments) = (rng.between(1, 800), rng.between(1_000, 90_000));
        let (invoices, payments) = (rng.between(1_000, 60_000), rng.between(1_000, 60_000));
        Self {
            rng,
            code: format!("C{index:05}"),
            name: format!("深圳市第{index}电子有限公司"),
            class: Class::Exact,
            is_round,
            start: date(2025, 1, 1),
            currency: Currency::CNY,
            orders,
            shipments,
            invoices,
            payments,
            used: BTreeSet::new(),
            settled: Vec::new(),
            papers: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// A customer with thousands of papers: amounts to the cent, so that there are enough of them.
    pub fn of_size(rng: Rng) -> Self {
        Self { is_round: false, ..Self::new(rng, 0) }
    }

    pub fn begin(&mut self, class: Class, start: i64) {
        self.class = class;
        self.start = after(date(2025, 1, 1), start);
        self.currency = Currency::CNY;
    }

    pub fn finish(self) -> Customer {
        Customer { party: id(FactKind::Party, &self.code), papers: self.papers, labels: self.labels }
    }

    /// An amount that this customer has not had yet.
    pub fn amount(&mut self) -> Amount {
        loop {
            let packs = self.rng.between(1, 12);
            // Ten-thousandths of a unit a piece, small parts more often than large ones.
            let most = *self.rng.pick(&[2_000, 9_000, 30_000]);
            let price = self.rng.between(80, most);
            let cents = *self.rng.pick(PACKS) * packs * price / 100;
            let cents = if self.is_round { cents / 10_000 * 10_000 } else { cents };
            if cents > 20_000 && self.used.insert(cents) {
                return Amount(cents * CENT);
            }
        }
    }

    pub fn claim(&mut self) -> Claim {
        let gross = self.amount();
        self.claim_of(gross)
    }

    /// Order, goods and invoice over `gross`, invoiced within the first days of the episode.
    pub fn claim_of(&mut self, gross: Amount) -> Claim {
        let on = after(self.start, self.rng.between(0, 6));
        self.claim_on(gross, on)
    }

    pub fn claim_on(&mut self, gross: Amount, invoiced_on: Date) -> Claim {
        let order = self.order(gross, before(invoiced_on, 20));
        self.claim_for(&order, gross, invoiced_on)
    }

    pub fn order(&mut self, gross: Amount, ordered_on: Date) -> String {
        self.orders = (self.orders + self.rng.between(1, 9)) % 10_000;
        let number = format!("SO{:02}{:02}{:04}", ordered_on.year() % 100, ordered_on.month(), self.orders);
        let order = self.draft(FactKind::Order, &number).date("ordered_on", ordered_on).line(1_000, gross, &[]);
        self.book(order.build());
        number
    }

    /// Goods and invoice of an order that is there.
    pub fn claim_for(&mut self, order: &str, gross: Amount, invoiced_on: Date) -> Claim {
        self.shipments += self.rng.between(1, 30);
        self.invoices += self.rng.between(1, 30);
        let shipment = format!("XSCKD{:06}", self.shipments);
        let invoice = format!("AR{:08}", self.invoices);
        let ordered = ("order_no", FactKind::Order, order);
        let goods = self.draft(FactKind::Shipment, &shipment).text("status", "shipped").text("nature", "sale");
        let goods = goods.date("shipped_on", before(invoiced_on, 3)).line(1_000, gross, &[ordered]);
        self.book(goods.build());
        let due_on = end_of_next_month(invoiced_on);
        let claim = self.draft(FactKind::Invoice, &invoice).date("invoiced_on", invoiced_on).date("due_on", due_on);
        let claim = claim.line(1_000, gross, &[("shipment_no", FactKind::Shipment, &shipment), ordered]);
        self.book(claim.build());
        Claim { invoice, order: order.to_owned(), shipment, gross, due_on }
    }

    pub fn draft(&self, kind: FactKind, number: &str) -> Draft {
        Draft::new(kind, number, &self.code, self.currency)
    }

    pub fn book(&mut self, fact: Fact) {
        self.papers.push(Paper { fact, books: true });
    }

    /// A paper that somebody saw and nobody booked.
    pub fn see(&mut self, fact: Fact) {
        self.papers.push(Paper { fact, books: false });
    }

    pub fn next_payment(&mut self) -> String {
        self.payments += self.rng.between(1, 30);
        format!("SKD{:06}", self.payments)
    }

    /// The receipt of a payment, still to be booked.
    pub fn receipt(&mut self, money: &Money) -> Draft {
        let number = self.next_payment();
        let receipt = self.draft(FactKind::Payment, &number).date("paid_on", money.on).amount("gross", money.amount);
        let receipt = receipt.text("payer", &self.name);
        if money.text.is_empty() { receipt } else { receipt.text("text", &money.text) }
    }

    pub fn pay(&mut self, money: &Money, answer: Answer) {
        let receipt = self.receipt(money).build();
        self.label(receipt.id(), answer);
        self.book(receipt);
    }

    pub fn label(&mut self, payment: Id, answer: Answer) {
        self.labels.push(Label { class: self.class, payment, currency: self.currency, answer });
    }

    /// Pays claims in full.
    pub fn pay_all(&mut self, claims: &[Claim], on: Date, text: String) {
        self.pay(&Money { amount: total(claims), on, text }, whole(claims));
        self.settled.extend(claims.iter().map(|claim| (claim.clone(), on)));
    }

    /// Some days around the day on which `claim` is due.
    pub fn around_due(&mut self, claim: &Claim) -> Date {
        after(claim.due_on, self.rng.between(-12, 12))
    }

    /// By one of its three numbers.
    pub fn name_of(&mut self, claim: &Claim) -> String {
        match self.rng.below(10) {
            0..=4 => claim.invoice.clone(),
            5..=7 => claim.order.clone(),
            _ => claim.shipment.clone(),
        }
    }

    pub fn naming(&mut self, claims: &[Claim]) -> String {
        let numbers: Vec<String> = claims.iter().map(|claim| self.name_of(claim)).collect();
        text::naming(&mut self.rng, &numbers)
    }

    pub fn says_nothing(&mut self) -> String {
        text::says_nothing(&mut self.rng)
    }

    /// Marks an amount as taken, so that no later episode has it by chance.
    pub fn take(&mut self, amount: Amount) -> Amount {
        self.used.insert(amount.0 / CENT);
        amount
    }
}

pub fn whole(claims: &[Claim]) -> Answer {
    Answer::Place(claims.iter().map(|claim| (claim.id(), claim.gross)).collect())
}

pub fn total(claims: &[Claim]) -> Amount {
    Amount(claims.iter().map(|claim| claim.gross.0).sum())
}

pub fn cents(cents: i64) -> Amount {
    Amount(cents * CENT)
}

/// `percent` of an amount, to the unit.
pub fn part(amount: Amount, percent: i64) -> Amount {
    Amount(amount.0 / 100 * percent / (100 * CENT) * (100 * CENT))
}

pub fn after(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

pub fn before(day: Date, days: i64) -> Date {
    after(day, -days)
}

/// 月结30: what was invoiced in a month is due at the end of the next one.
fn end_of_next_month(day: Date) -> Date {
    day.first_of_month().saturating_add(1.month()).last_of_month()
}
