//! Receivables: opening positions, monthly and single claims, estimates, due dates, price differences.

use jiff::civil::Date;

use super::catalog::PARTS;
use super::customer::{Habit, Terms};
use super::forms::FormId;
use super::state::{Adjustment, Claim, ClaimKind, ClaimLine, Status};
use super::{Company, Task, calendar, numbered};
use crate::sim::calendar::{MS_PER_MINUTE, add_days};

/// Opening claims lie so many days before the cutover.
const OPENING_AGE_DAYS: (i64, i64) = (5, 75);

impl Company {
    /// One claim that was open when the books were opened.
    pub(super) fn open_position(&mut self, customer: usize) {
        let book = self.customers[customer].book;
        let (low, high) = OPENING_AGE_DAYS;
        let day = add_days(self.today, -self.rng.between(low, high));
        let part = self.customers[customer].parts[0];
        let entry = self.next_entry(book);
        let counter = &mut self.counters[book.index()].openings;
        *counter += 1;
        let number = *counter;
        let line = ClaimLine {
            entry,
            part,
            quantity: PARTS[part].pack * self.rng.between(1, 10),
            gross: self.rng.between(300_000, 9_000_000),
            shipment_no: String::new(),
            order_no: numbered(book, format!("SO{:02}{:02}{:04}", day.year() % 100, day.month(), 9000 + number % 1000)),
            order: None,
        };
        let claim = Claim {
            fid: self.next_fid(book),
            no: numbered(book, format!("QC{number:08}")),
            customer,
            day,
            due: self.customers[customer].terms.due(day),
            kind: ClaimKind::Opening,
            open: line.gross,
            lines: vec![line],
            never_paid: false,
        };
        let index = self.claims.len();
        self.claims.push(claim);
        self.finish_claim(index, 8 * 60 * MS_PER_MINUTE + 30 * MS_PER_MINUTE);
    }

    pub(super) fn plan_billing(&mut self, shipment: usize) {
        let customer = self.shipments[shipment].customer;
        if self.customers[customer].billed_monthly {
            self.customers[customer].unbilled.push(shipment);
        } else if matches!(self.customers[customer].terms, Terms::OnDelivery | Terms::Prepaid) {
            self.plan_in(1, 1, Task::BillShipment(shipment));
        } else {
            self.plan_in(1, 4, Task::BillShipment(shipment));
        }
    }

    /// Monthly customers are billed on the first working days after their period.
    pub(super) fn plan_next_billing(&mut self, customer: usize) {
        let period_end = self.customers[customer].terms.period_end(self.today);
        let first = calendar::business_day_on_or_after(add_days(period_end, 1));
        let wait = self.rng.between(0, 2);
        self.plan(calendar::add_business_days(first, wait), Task::BillMonth(customer));
    }

    pub(super) fn bill_month(&mut self, customer: usize) {
        let terms = self.customers[customer].terms;
        let month_before = terms.period_end(add_days(self.today, -27));
        let period_end = if month_before < self.today { month_before } else { add_days(self.today, -1) };
        let waiting = std::mem::take(&mut self.customers[customer].unbilled);
        let (billed, later): (Vec<usize>, Vec<usize>) =
            waiting.into_iter().partition(|shipment| self.shipments[*shipment].day <= period_end);
        if !later.is_empty() && self.slip(300) {
            self.estimate(customer, &later);
        }
        self.customers[customer].unbilled = later;
        self.plan_next_billing(customer);
        if !billed.is_empty() {
            let claim = self.new_claim(customer, &billed, ClaimKind::Final, period_end);
            self.issue_claim(claim);
        }
    }

    pub(super) fn bill_shipment(&mut self, shipment: usize) {
        let customer = self.shipments[shipment].customer;
        let claim = self.new_claim(customer, &[shipment], ClaimKind::Final, self.today);
        self.issue_claim(claim);
    }

    /// 暂估 of what is shipped and not billed, taken back (冲回) at once by a red one: both to be ignored.
    fn estimate(&mut self, customer: usize, shipments: &[usize]) {
        let estimate = self.new_claim(customer, shipments, ClaimKind::Estimate, self.today);
        let at = self.time_between(16, 17);
        self.emit_claim(estimate, at, Status::Approved);
        let mut back = self.claims[estimate].clone();
        let book = self.customers[customer].book;
        (back.fid, back.no) = (self.next_fid(book), self.next_claim_no(book));
        for line in &mut back.lines {
            line.gross = -line.gross;
        }
        self.claims.push(back);
        self.emit_claim(self.claims.len() - 1, at + MS_PER_MINUTE, Status::Approved);
        self.truth.estimates += 2;
    }

    fn new_claim(&mut self, customer: usize, shipments: &[usize], kind: ClaimKind, due_from: Date) -> usize {
        let book = self.customers[customer].book;
        let mut lines = Vec::new();
        for shipment in shipments {
            for index in 0..self.shipments[*shipment].lines.len() {
                let entry = self.next_entry(book);
                let line = &self.shipments[*shipment].lines[index];
                lines.push(ClaimLine {
                    entry,
                    part: line.part,
                    quantity: line.quantity,
                    gross: line.gross,
                    shipment_no: self.shipments[*shipment].no.clone(),
                    order_no: self.orders[line.order].no.clone(),
                    order: Some(line.order),
                });
            }
        }
        let index = self.claims.len();
        if kind == ClaimKind::Final {
            for shipment in shipments {
                self.shipments[*shipment].claim = Some(index);
            }
        }
        let open = lines.iter().map(|line| line.gross).sum();
        let claim = Claim {
            fid: self.next_fid(book),
            no: self.next_claim_no(book),
            customer,
            day: self.today,
            due: self.customers[customer].terms.due(due_from),
            kind,
            lines,
            open,
            never_paid: false,
        };
        self.claims.push(claim);
        index
    }

    pub(super) fn next_claim_no(&mut self, book: super::Book) -> String {
        let counter = &mut self.counters[book.index()].claims;
        *counter += 1;
        numbered(book, format!("AR{:08}", *counter))
    }

    fn issue_claim(&mut self, claim: usize) {
        let at = self.time_between(15, 18);
        if self.slip(100) {
            self.emit_claim(claim, at, Status::Draft);
            self.plan_in(1, 2, Task::ApproveClaim(claim));
        } else {
            self.finish_claim(claim, at);
        }
    }

    pub(super) fn approve_claim(&mut self, claim: usize) {
        let at = self.time_between(9, 11);
        self.finish_claim(claim, at);
    }

    fn finish_claim(&mut self, claim: usize, at: i64) {
        self.emit_claim(claim, at, Status::Approved);
        self.count_invoiced(claim, 1);
        let customer = self.claims[claim].customer;
        self.customers[customer].claims.push(claim);
        self.use_deposits(claim);
        self.plan_payment(claim);
        if self.claims[claim].kind == ClaimKind::Final {
            if self.slip(40) {
                self.plan_in(3, 12, Task::Adjust(claim));
            } else if self.slip(20) {
                self.plan_in(1, 3, Task::ReopenClaim(claim));
            }
        }
    }

    /// 反审核 in the morning, approved again the same afternoon: no amount changes.
    pub(super) fn reopen_claim(&mut self, claim: usize) {
        let (down, up) = (self.time_between(9, 12), self.time_between(13, 17));
        self.emit_claim(claim, down, Status::Reopened);
        self.emit_claim(claim, up, Status::Approved);
    }

    fn count_invoiced(&mut self, claim: usize, sign: i64) {
        let (customer, kind) = (self.claims[claim].customer, self.claims[claim].kind);
        let gross = self.claims[claim].gross() * sign;
        let totals = self.totals(customer);
        match kind {
            ClaimKind::Final => totals.invoiced += gross,
            ClaimKind::Opening => totals.opening += gross,
            ClaimKind::Red => totals.credited -= gross,
            ClaimKind::Estimate => {}
        }
    }

    /// A red claim is approved as it is made.
    pub(super) fn finish_red_claim(&mut self, claim: Claim) {
        self.claims.push(claim);
        let index = self.claims.len() - 1;
        let at = self.time_between(14, 17);
        self.emit_claim(index, at, Status::Approved);
        self.count_invoiced(index, 1);
    }

    fn plan_payment(&mut self, claim: usize) {
        let habit = self.customers[self.claims[claim].customer].habit;
        let (low, high, never) = match habit {
            Habit::Punctual => (-3, 2, 10),
            Habit::Slack => (2, 20, 30),
            Habit::Bad => (15, 60, 200),
        };
        if self.slip(never) {
            self.claims[claim].never_paid = true;
            return;
        }
        let due = self.claims[claim].due;
        let late = self.rng.between(low, high);
        // Opening claims that are due long since are not all paid on the first morning.
        let soonest = match self.claims[claim].kind {
            ClaimKind::Opening => add_days(self.today, self.rng.between(3, 40)),
            _ => self.today,
        };
        self.plan(add_days(due, late).max(soonest), Task::Pay(claim));
        if late > 5 {
            self.plan(add_days(due, 3), Task::Promise(claim));
        }
    }

    fn emit_claim(&mut self, claim: usize, at: i64, status: Status) {
        let doc = self.claim_paper(&self.claims[claim], status);
        let (fid, book) = (self.claims[claim].fid, self.customers[self.claims[claim].customer].book);
        self.emit(book, FormId::Receivable, fid, at, doc);
    }

    /// Price difference, allowance or rebate: the customer owes less.
    pub(super) fn adjust(&mut self, claim: usize) {
        let gross = self.claims[claim].gross();
        let amount = gross * self.rng.between(5, 30) / 1000;
        if amount <= 0 || self.claims[claim].open < amount {
            return;
        }
        self.claims[claim].open -= amount;
        let customer = self.claims[claim].customer;
        let book = self.customers[customer].book;
        let counter = &mut self.counters[book.index()].adjustments;
        *counter += 1;
        let no = numbered(book, format!("QTYS{:06}", *counter));
        let reason = *self.rng.pick(&["价差", "价差", "折让", "返利"]);
        let fid = self.next_fid(book);
        self.adjustments.push(Adjustment { fid, no, claim, amount, reason, day: self.today });
        let index = self.adjustments.len() - 1;
        let at = self.time_between(14, 17);
        if self.rng.chance(300) {
            self.emit_adjustment(index, at, Status::Draft);
            self.plan_in(1, 2, Task::ApproveAdjustment(index));
        } else {
            self.finish_adjustment(index, at);
        }
    }

    pub(super) fn approve_adjustment(&mut self, adjustment: usize) {
        let at = self.time_between(9, 11);
        self.finish_adjustment(adjustment, at);
    }

    fn finish_adjustment(&mut self, adjustment: usize, at: i64) {
        self.emit_adjustment(adjustment, at, Status::Approved);
        let (claim, amount) = (self.adjustments[adjustment].claim, self.adjustments[adjustment].amount);
        let customer = self.claims[claim].customer;
        self.totals(customer).adjusted += amount;
    }

    fn emit_adjustment(&mut self, adjustment: usize, at: i64, status: Status) {
        let paper = &self.adjustments[adjustment];
        let doc = self.adjustment_paper(paper, status);
        let (fid, book) = (paper.fid, self.customers[self.claims[paper.claim].customer].book);
        self.emit(book, FormId::Adjust, fid, at, doc);
    }
}
