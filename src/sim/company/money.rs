//! Money: who pays what, for whom, in which words. How finance books it is in `receipts`.

use super::catalog::{self, PAYING_AGENTS};
use super::state::{Purpose, Receipt};
use super::{Company, Task};
use crate::domain::Currency;
use crate::sim::calendar::add_days;
use crate::sim::company::Book;

/// A payment runs over at most so many claims.
const CLAIMS_PER_PAYMENT: usize = 10;
/// Claims due so many days after the one that is paid are paid with it.
const PAID_TOGETHER_DAYS: i64 = 6;
/// Bank fees that the payer's bank takes from the amount, in cents.
const BANK_FEE: (i64, i64) = (500, 4_500);
/// Nobody gives an acceptance bill for less, in cents.
const SMALLEST_BILL: i64 = 1_000_000;

/// What a payment is made of before it has a document.
struct Payment {
    customer: usize,
    amount: i64,
    shares: Vec<(usize, i64)>,
    pays: Vec<(usize, i64)>,
    purpose: Purpose,
    order: Option<usize>,
}

impl Company {
    pub(super) fn pay(&mut self, claim: usize) {
        let customer = self.claims[claim].customer;
        if self.claims[claim].open <= 0 {
            return;
        }
        let own = self.claims_to_pay(claim);
        let siblings = self.sibling_claim(customer);
        let mut due: i64 = own.iter().map(|claim| self.claims[*claim].open).sum();
        let credit = self.customers[customer].credit.min(due);
        self.customers[customer].credit -= credit;
        due -= credit;
        if due <= 0 {
            own.iter().for_each(|claim| self.claims[*claim].open = 0);
            return;
        }
        if siblings.is_none() && own.len() == 1 && self.slip(50) {
            self.pay_part(claim, due);
            return;
        }
        let fee = if self.slip(80) { self.rng.between(BANK_FEE.0, BANK_FEE.1) } else { 0 };
        let own_share = if due > fee * 20 { due - fee } else { due };
        let mut pays = self.settle(&own, own_share);
        let mut shares = vec![(customer, own_share)];
        if let Some((sibling, claim)) = siblings {
            let open = self.claims[claim].open;
            pays.extend(self.settle(&[claim], open));
            shares.push((sibling, open));
        }
        let amount = shares.iter().map(|share| share.1).sum();
        self.receive(Payment { customer, amount, shares, pays, purpose: Purpose::Sale, order: None });
    }

    fn claims_to_pay(&mut self, claim: usize) -> Vec<usize> {
        let together = self.rng.chance(450);
        let last_due = add_days(self.claims[claim].due, PAID_TOGETHER_DAYS);
        let mut claims = vec![claim];
        if together {
            let all = &self.claims;
            let others = self.customers[all[claim].customer].claims.iter().copied().filter(|other| {
                let other_claim = &all[*other];
                *other != claim && other_claim.open > 0 && !other_claim.never_paid && other_claim.due <= last_due
            });
            claims.extend(others.take(CLAIMS_PER_PAYMENT - 1));
        }
        claims
    }

    /// Sometimes a company pays for its sibling in the same book and currency.
    fn sibling_claim(&mut self, customer: usize) -> Option<(usize, usize)> {
        let own = &self.customers[customer];
        let (first, last) = (own.family, (own.family + 3).min(self.customers.len()));
        let sibling = (first..last).find(|index| {
            let other = &self.customers[*index];
            *index != customer && other.family == own.family && other.book == own.book && other.currency == own.currency
        })?;
        if !self.slip(250) {
            return None;
        }
        let claims = &self.claims;
        let open = self.customers[sibling].claims.iter().find(|claim| claims[**claim].open > 0)?;
        Some((sibling, *open))
    }

    /// A round sum now, the rest later.
    fn pay_part(&mut self, claim: usize, due: i64) {
        let customer = self.claims[claim].customer;
        let part = due * self.rng.between(3, 8) / 10 / 100_000 * 100_000;
        self.plan_in(4, 15, Task::Pay(claim));
        if part <= 0 {
            return;
        }
        self.claims[claim].open -= part;
        let (shares, pays) = (vec![(customer, part)], vec![(claim, part)]);
        self.receive(Payment { customer, amount: part, shares, pays, purpose: Purpose::Sale, order: None });
    }

    /// Spreads money over claims; the customer regards them as paid, fee or not.
    fn settle(&mut self, claims: &[usize], money: i64) -> Vec<(usize, i64)> {
        let mut left = money;
        let mut pays = Vec::with_capacity(claims.len());
        for claim in claims {
            let taken = self.claims[*claim].open.min(left);
            self.claims[*claim].open = 0;
            left -= taken;
            if taken > 0 {
                pays.push((*claim, taken));
            }
        }
        pays
    }

    pub(super) fn pay_deposit(&mut self, order: usize, cents: i64) {
        let customer = self.orders[order].customer;
        let shares = vec![(customer, cents)];
        let payment = Payment {
            customer,
            amount: cents,
            shares,
            pays: Vec::new(),
            purpose: Purpose::Deposit,
            order: Some(order),
        };
        let receipt = self.receive(payment);
        self.orders[order].deposits.push((receipt, cents));
    }

    /// Deposits of a claim's orders are used up before the customer pays more.
    pub(super) fn use_deposits(&mut self, claim: usize) {
        let orders: Vec<usize> = self.claims[claim].lines.iter().filter_map(|line| line.order).collect();
        for (position, order) in orders.iter().enumerate() {
            if orders[..position].contains(order) {
                continue;
            }
            let billed = self.claims[claim].lines.iter().filter(|line| line.order == Some(*order));
            let mut wanted: i64 = billed.map(|line| line.gross).sum();
            for index in 0..self.orders[*order].deposits.len() {
                let (receipt, left) = self.orders[*order].deposits[index];
                let taken = left.min(wanted).min(self.claims[claim].open);
                if taken <= 0 {
                    continue;
                }
                wanted -= taken;
                self.orders[*order].deposits[index].1 -= taken;
                self.claims[claim].open -= taken;
                self.receipts[receipt].pays.push((claim, taken));
                let pay = self.receipts[receipt].pays.len() - 1;
                if self.rng.chance(500) {
                    self.plan_in(1, 3, Task::Match { receipt, pay });
                }
            }
        }
    }

    /// The money arrives today: as a bill, or on the bank account, and then finance books it, mostly.
    fn receive(&mut self, payment: Payment) -> usize {
        let Payment { customer, amount, shares, pays, purpose, order } = payment;
        let payer = &self.customers[customer];
        let (book, currency) = (payer.book, payer.currency);
        let wants_bill = payer.pays_by_bill && shares.len() == 1 && amount >= SMALLEST_BILL;
        let by_bill = wants_bill && purpose == Purpose::Sale && self.rng.chance(500);
        let in_bank = !by_bill && (book == Book::Hk || currency == Currency::CNY);
        let comment = self.remittance_text(customer, &pays, order);
        let payer_name = self.payer_name(customer);
        let index = self.receipts.len();
        let shares = shares.into_iter().map(|(whose, cents)| (whose, cents, self.next_entry(book))).collect();
        let serial = if in_bank { self.bank_receipt(customer, amount, &payer_name, &comment) } else { String::new() };
        let receipt = Receipt {
            fid: self.next_fid(book),
            no: self.next_receipt_no(book),
            customer,
            identified: by_bill || purpose == Purpose::Deposit || !self.slip(60),
            payer: payer_name,
            amount,
            day: self.today,
            shares,
            purpose,
            by_bill,
            serial: if self.rng.chance(300) { serial } else { String::new() },
            comment,
            order,
            pays,
            in_bank,
            booked: false,
        };
        self.receipts.push(receipt);
        if by_bill {
            self.accept_bill(index);
        }
        if in_bank {
            let totals = self.totals(customer);
            totals.received_bank_only += amount;
            totals.receipts_bank_only += 1;
        }
        self.plan_booking(index);
        index
    }

    /// Itself, an agent that pays for many, or itself with other brackets.
    fn payer_name(&mut self, customer: usize) -> String {
        let name = self.customers[customer].name.clone();
        let agent = self.customers[customer].agent;
        if let Some(agent) = agent.filter(|_| self.slip(500)) {
            return agent.to_owned();
        }
        if self.slip(15) {
            return (*self.rng.pick(PAYING_AGENTS)).to_owned();
        }
        if self.slip(100) { name.replace('（', "(").replace('）', ")") } else { name.to_string() }
    }

    fn remittance_text(&mut self, customer: usize, pays: &[(usize, i64)], order: Option<usize>) -> String {
        let hk = self.customers[customer].book == Book::Hk;
        let lead = if hk { "PAYMENT" } else { "货款" };
        let claims = pays.iter().map(|(claim, _)| *claim);
        let reference = if let Some(order) = order {
            self.orders[order].no.clone()
        } else if self.slip(60) {
            self.wrong_reference(customer)
        } else if self.rng.chance(350) {
            String::new()
        } else if self.rng.chance(500) {
            claims.take(3).map(|claim| self.claims[claim].no.as_str()).collect::<Vec<_>>().join(" ")
        } else {
            let orders = claims.filter_map(|claim| self.claims[claim].lines.first());
            orders.take(3).map(|line| line.order_no.as_str()).collect::<Vec<_>>().join(" ")
        };
        if reference.is_empty() { lead.to_owned() } else { format!("{lead} {reference}") }
    }

    /// A slip of the finger, somebody else's order, or the customer's own number.
    fn wrong_reference(&mut self, customer: usize) -> String {
        let book = self.customers[customer].book;
        let own = format!("PO{}", self.rng.between(4_500_000, 4_599_999));
        match self.rng.below(3) {
            0 => format!("SO26O{:05}", self.rng.below(100_000)),
            1 if !self.orders.is_empty() => {
                let order = &self.orders[self.rng.below(self.orders.len() as u64) as usize];
                let same_book = self.customers[order.customer].book == book;
                if same_book { order.no.clone() } else { own }
            }
            _ => own,
        }
    }

    pub(super) fn seller_user(&self, customer: usize) -> &'static str {
        catalog::SALESPEOPLE[self.customers[customer].seller].user
    }
}
