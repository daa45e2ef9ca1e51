//! How finance books what came in: late, twice, as a draft, for nobody, and settled or not; acceptance bills.

use super::forms::FormId;
use super::state::{AcceptanceBill, Purpose, Status};
use super::{Book, Company, Task, calendar, numbered};
use crate::sim::calendar::{MS_PER_MINUTE, add_days};

/// Finance books a receipt at most so many calendar days after the bank has it.
const BOOKING_LAG_DAYS: i64 = 3;

impl Company {
    pub(super) fn plan_booking(&mut self, receipt: usize) {
        let in_bank = self.receipts[receipt].in_bank;
        if in_bank && self.slip(25) {
            return;
        }
        let lags: Vec<i64> =
            (0..=BOOKING_LAG_DAYS).filter(|lag| calendar::is_business_day(add_days(self.today, *lag))).collect();
        let lag = *self.rng.pick(&lags);
        if lag == 0 || !in_bank {
            self.book_receipt(receipt);
        } else {
            self.plan(add_days(self.today, lag), Task::BookReceipt(receipt));
        }
    }

    pub(super) fn next_receipt_no(&mut self, book: Book) -> String {
        let counter = &mut self.counters[book.index()].receipts;
        *counter += 1;
        numbered(book, format!("SKD{:06}", *counter))
    }

    pub(super) fn book_receipt(&mut self, receipt: usize) {
        let at = self.time_between(9, 17);
        if self.rng.chance(300) {
            self.receipts[receipt].day = self.today;
        }
        if self.slip(15) {
            self.book_twice(receipt, at);
        }
        if self.slip(10) {
            // Entered and forgotten.
            self.emit_receipt(receipt, at, Status::Draft);
        } else if self.rng.chance(150) {
            self.emit_receipt(receipt, at, Status::Draft);
            self.plan_in(1, 2, Task::ApproveReceipt(receipt));
        } else {
            self.finish_receipt(receipt, at);
        }
    }

    /// A second document for the same money, noticed and voided within the hour.
    fn book_twice(&mut self, receipt: usize, at: i64) {
        let mut copy = self.receipts[receipt].clone();
        let book = self.customers[copy.customer].book;
        (copy.fid, copy.no) = (self.next_fid(book), self.next_receipt_no(book));
        for share in &mut copy.shares {
            share.2 = self.next_entry(book);
        }
        for (minutes, status) in [(5, Status::Draft), (45, Status::Void)] {
            let doc = self.receipt_paper(&copy, status);
            self.emit(book, FormId::Receipt, copy.fid, at + minutes * MS_PER_MINUTE, doc);
        }
    }

    pub(super) fn approve_receipt(&mut self, receipt: usize) {
        let at = self.time_between(9, 11);
        self.finish_receipt(receipt, at);
    }

    fn finish_receipt(&mut self, receipt: usize, at: i64) {
        self.emit_receipt(receipt, at, Status::Approved);
        self.count_booked(receipt, 1);
        if self.slip(25) {
            self.plan_in(1, 3, Task::ReopenReceipt(receipt));
        } else if self.receipts[receipt].identified {
            self.plan_matches(receipt);
        } else if self.rng.chance(400) {
            self.plan_in(3, 8, Task::IdentifyReceipt(receipt));
        }
    }

    pub(super) fn reopen_receipt(&mut self, receipt: usize) {
        let at = self.time_between(13, 16);
        self.emit_receipt(receipt, at, Status::Reopened);
        self.count_booked(receipt, -1);
        self.plan_in(1, 2, Task::ApproveReceipt(receipt));
    }

    /// Finance learns whose money it is.
    pub(super) fn identify_receipt(&mut self, receipt: usize) {
        let (customer, amount) = (self.receipts[receipt].customer, self.receipts[receipt].amount);
        if !self.receipts[receipt].booked || self.receipts[receipt].identified {
            return;
        }
        self.receipts[receipt].identified = true;
        self.totals(customer).unidentified_booked -= amount;
        let at = self.time_between(9, 17);
        self.emit_receipt(receipt, at, Status::Approved);
        self.plan_matches(receipt);
    }

    fn count_booked(&mut self, receipt: usize, sign: i64) {
        let paper = &mut self.receipts[receipt];
        paper.booked = sign > 0;
        let (customer, amount, by_bill) = (paper.customer, paper.amount * sign, paper.by_bill);
        let (in_bank, deposit, identified) = (paper.in_bank, paper.purpose == Purpose::Deposit, paper.identified);
        if by_bill {
            return;
        }
        let totals = self.totals(customer);
        totals.received_booked += amount;
        totals.receipts_booked = totals.receipts_booked.saturating_add_signed(sign);
        if deposit {
            totals.deposits_booked += amount;
        }
        if !identified {
            totals.unidentified_booked += amount;
        }
        if in_bank {
            totals.received_bank_only -= amount;
            totals.receipts_bank_only = totals.receipts_bank_only.saturating_add_signed(-sign);
        }
    }

    fn emit_receipt(&mut self, receipt: usize, at: i64, status: Status) {
        let doc = self.receipt_paper(&self.receipts[receipt], status);
        let (fid, book) = (self.receipts[receipt].fid, self.customers[self.receipts[receipt].customer].book);
        self.emit(book, FormId::Receipt, fid, at, doc);
    }

    /// Half of the payments are settled in the ERP; the rest is left to whoever reads.
    fn plan_matches(&mut self, receipt: usize) {
        if self.receipts[receipt].by_bill || !self.rng.chance(500) {
            return;
        }
        for pay in 0..self.receipts[receipt].pays.len() {
            self.plan_in(1, 2, Task::Match { receipt, pay });
        }
    }

    pub(super) fn match_receipt(&mut self, receipt: usize, pay: usize) {
        if !self.receipts[receipt].booked || !self.receipts[receipt].identified {
            self.plan_in(2, 5, Task::Match { receipt, pay });
            return;
        }
        let (claim, cents) = self.receipts[receipt].pays[pay];
        let customer = self.receipts[receipt].customer;
        let book = self.customers[customer].book;
        let fid = self.next_fid(book);
        let doc = self.match_paper(fid, &self.receipts[receipt], claim, cents);
        let at = self.time_between(16, 18);
        self.emit(book, FormId::Match, fid, at, doc);
        self.totals(customer).matched += cents;
    }

    pub(super) fn accept_bill(&mut self, receipt: usize) {
        let (customer, amount) = (self.receipts[receipt].customer, self.receipts[receipt].amount);
        let book = self.customers[customer].book;
        let due = add_days(self.today, self.rng.between(20, 90));
        let no = format!(
            "1{:014}{:015}",
            30_758_400_000_000_i64 + self.rng.below(999_999) as i64,
            self.rng.next_u64() >> 16
        );
        let fid = self.next_fid(book);
        self.bills.push(AcceptanceBill {
            fid,
            no,
            customer,
            amount,
            day: self.today,
            due,
            status: "A",
            status_day: self.today,
        });
        let index = self.bills.len() - 1;
        let totals = self.totals(customer);
        totals.bills += amount;
        totals.bills_held += amount;
        let at = self.time_between(9, 16);
        self.emit_bill(index, at);
        self.plan(due, Task::MatureBill(index));
    }

    /// At maturity the money comes to the bank: the bank's line is evidence of the bill, not another receipt.
    pub(super) fn mature_bill(&mut self, bill: usize) {
        let (customer, amount, no) = (self.bills[bill].customer, self.bills[bill].amount, self.bills[bill].no.clone());
        self.bills[bill].status = "B";
        self.bills[bill].status_day = self.today;
        let at = self.time_between(14, 17);
        self.emit_bill(bill, at);
        self.bank_collection(customer, amount, &no);
        self.totals(customer).bills_held -= amount;
    }

    fn emit_bill(&mut self, bill: usize, at: i64) {
        let doc = self.bill_paper(&self.bills[bill]);
        let (fid, book) = (self.bills[bill].fid, self.customers[self.bills[bill].customer].book);
        self.emit(book, FormId::Bill, fid, at, doc);
    }
}
