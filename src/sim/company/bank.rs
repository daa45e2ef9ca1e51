//! The bank's side: receipts as the bank prints them, and everything else that moves on an account.

use jiff::civil::Date;

use super::catalog::{OWN_ACCOUNTS, OWN_NAMES, SUPPLIERS};
use super::timeline::{BankLine, Dirt};
use super::{Book, Company, calendar};
use crate::domain::Currency;

/// Balance of every account on the first day, in cents.
const FIRST_BALANCE: i64 = 500_000_000;
/// Interest comes on this day of the month or the next working day.
const INTEREST_DAY: i8 = 21;

/// What a line is, in the words of the two banks.
struct Words {
    transfer: &'static str,
    interest: &'static str,
    own: &'static str,
    fee: &'static str,
    supplier: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        transfer: "转账汇款", interest: "结息", own: "内部转账", fee: "手续费", supplier: "付货款"
    },
    Words {
        transfer: "TT",
        interest: "INTEREST",
        own: "OWN ACCOUNT TRANSFER",
        fee: "BANK CHARGES",
        supplier: "SUPPLIER PAYMENT",
    },
];

impl Company {
    /// Money of a customer; returns the bank's serial number.
    pub(super) fn bank_receipt(&mut self, customer: usize, cents: i64, payer: &str, text: &str) -> String {
        let (book, currency) = (self.customers[customer].book, self.customers[customer].currency);
        let account = self.customers[customer].account.clone();
        let kind = WORDS[book.index()].transfer;
        self.bank_line(book, currency, cents, text, (payer, &account), kind)
    }

    /// An acceptance bill is paid at maturity.
    pub(super) fn bank_collection(&mut self, customer: usize, cents: i64, bill_no: &str) {
        let book = self.customers[customer].book;
        let text = format!("票据托收 {bill_no}");
        self.bank_line(book, self.customers[customer].currency, cents, &text, ("票据清算专户", ""), "票据托收");
    }

    /// What happens on accounts besides customers' money.
    pub(super) fn bank_routine(&mut self) {
        for book in Book::ALL {
            let words = &WORDS[book.index()];
            let currency = if book == Book::Sz { Currency::CNY } else { Currency::USD };
            for _ in 0..self.rng.between(0, 3) {
                let supplier = *self.rng.pick(SUPPLIERS[book.index()]);
                let cents = -self.rng.between(100_000, 8_000_000);
                self.bank_line(
                    book,
                    currency,
                    cents,
                    words.supplier,
                    (supplier, "4000021109200888123"),
                    words.transfer,
                );
            }
            if self.rng.chance(250) {
                let cents = -self.rng.between(500, 9_900);
                self.bank_line(book, currency, cents, words.fee, ("", ""), words.fee);
            }
            if self.is_interest_day() {
                let cents = self.rng.between(5_000, 90_000);
                self.bank_line(book, currency, cents, words.interest, ("", ""), words.interest);
            }
        }
        if self.rng.chance(60) {
            self.own_transfer();
        }
    }

    fn is_interest_day(&self) -> bool {
        let day = self.today.with().day(INTEREST_DAY).build().unwrap_or(self.today);
        calendar::business_day_on_or_after(day) == self.today
    }

    /// From another account of the same company that is not connected.
    fn own_transfer(&mut self) {
        for (book, currency) in [(Book::Sz, Currency::CNY), (Book::Hk, Currency::HKD)] {
            let cents = self.rng.between(10, 100) * 1_000_000;
            let (own, name, account) = (WORDS[book.index()].own, OWN_NAMES[book.index()], OWN_ACCOUNTS[book.index()]);
            let kind = WORDS[book.index()].transfer;
            self.bank_line(book, currency, cents, own, (name, account), kind);
        }
    }

    /// A positive amount is money in.
    fn bank_line(
        &mut self,
        book: Book,
        currency: Currency,
        cents: i64,
        text: &str,
        (counterparty, account): (&str, &str),
        kind: &'static str,
    ) -> String {
        let serial = self.next_serial(book);
        self.bank_today.push(BankLine {
            book,
            day: self.today,
            serial: serial.clone(),
            currency,
            money_in: cents.max(0),
            money_out: (-cents).max(0),
            balance: 0,
            text: text.to_owned(),
            counterparty: counterparty.to_owned(),
            account: account.to_owned(),
            kind,
            dirt: None,
        });
        serial
    }

    fn next_serial(&mut self, book: Book) -> String {
        let counter = &mut self.counters[book.index()].serial;
        *counter += 1;
        let day: Date = self.today;
        match book {
            Book::Sz => format!("C{}{:06}", calendar::compact(day), *counter),
            Book::Hk => format!("FT{}{:06}", calendar::compact(day), *counter),
        }
    }

    /// Balances are drawn up and the day's rows go into the statement, some of them damaged. Only money out is ever
    /// damaged, so that an unreadable row never hides a receipt that the truth counts.
    pub(super) fn close_bank_day(&mut self) {
        for mut line in std::mem::take(&mut self.bank_today) {
            let balance = self.balances.entry((line.book, line.currency)).or_insert(FIRST_BALANCE);
            *balance += line.money_in - line.money_out;
            line.balance = *balance;
            if line.money_out > 0 && self.slip(25) {
                line.dirt = Some(*self.rng.pick(&Dirt::ALL));
                self.truth.dirty_bank_rows[line.book.index()] += 1;
            }
            self.truth.bank_rows[line.book.index()] += 1;
            self.timeline.bank[line.book.index()].push(line);
        }
    }
}
