//! The kinds of payments: in words, and how many of a thousand episodes are of each.
//!
//! The shares are a judgement of what a distributor's bank statement looks like, with the hard kinds more frequent than
//! in life so that each is measured on hundreds of payments.

use crate::sim::rng::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Exact,
    Named,
    Slip,
    Recurring,
    BundleNamed,
    BundleMonth,
    BundleLoose,
    Partial,
    Fee,
    Over,
    WrongReference,
    ThirdParty,
    TwoCurrencies,
    Deposit,
    Bill,
    Duplicate,
    Twins,
    Contradiction,
    OnAccount,
    NearFee,
}

pub struct ClassRow {
    pub class: Class,
    pub name: &'static str,
    pub title: &'static str,
    /// Of a thousand episodes.
    share: u64,
    /// What happens, and what a clerk does.
    pub words: &'static str,
}

const fn row(class: Class, name: &'static str, title: &'static str, share: u64, words: &'static str) -> ClassRow {
    ClassRow { class, name, title, share, words }
}

pub const CLASSES: &[ClassRow] = &[
    row(
        Class::Exact,
        "exact",
        "单笔等额",
        160,
        "one invoice to the cent, the text says nothing or `货款`: that invoice",
    ),
    row(
        Class::Named,
        "named",
        "写明单号",
        150,
        "the text names invoice, shipment or order; of an order that was billed in two invoices, one is paid: the named \
         one, and of two the one of that amount",
    ),
    row(
        Class::Slip,
        "slip",
        "单号笔误",
        110,
        "as before, typed with full-width digits, dropped zeros, spaces, hyphens, lower case, O for 0, or without its \
         letters; half of them are part payments, so that the amount does not help: the named one",
    ),
    row(
        Class::Recurring,
        "recurring",
        "每月同额",
        50,
        "the same amount every month, each paid around its due date without a word: the one that is due",
    ),
    row(Class::BundleNamed, "bundle_named", "多张并付·写明", 70, "two to five invoices in one sum, all named: these"),
    row(
        Class::BundleMonth,
        "bundle_month",
        "整月并付",
        70,
        "all invoices of a month in one sum around their due date, the text names the month or nothing: these",
    ),
    row(
        Class::BundleLoose,
        "bundle_loose",
        "多张并付·未写明",
        40,
        "two or three of the customer's open invoices in one sum, nothing named: the only ones that add up to it",
    ),
    row(
        Class::Partial,
        "partial",
        "部分付款",
        60,
        "part of an invoice that the text names; the rest later, named or exactly what is left: that invoice, both times",
    ),
    row(
        Class::Fee,
        "fee",
        "短付手续费",
        60,
        "an invoice, or two, less a bank charge of 5 to 45; half of them named, some with the charge stated: those, paid",
    ),
    row(Class::Over, "over", "多付", 15, "a named invoice rounded up: the invoice, the rest is left as credit"),
    row(
        Class::WrongReference,
        "wrong_reference",
        "单号写错",
        40,
        "the text names an invoice that was paid long ago (last month's text), or a number that is not this customer's; \
         the amount is that of one open invoice: that one",
    ),
    row(
        Class::ThirdParty,
        "third_party",
        "第三方代付",
        40,
        "another company pays, finance booked the receipt for this customer, or a line of it: as if the customer had paid",
    ),
    row(
        Class::TwoCurrencies,
        "two_currencies",
        "两种币别",
        30,
        "an invoice in CNY and one in USD with the same number before the currency, each paid: each from its own; money \
         in HKD, in which nothing was billed: left",
    ),
    row(
        Class::Deposit,
        "deposit",
        "预收款",
        35,
        "a deposit for an order, then the rest of the invoice; some orders are not shipped yet: the order's own invoice, \
         or left; also money in front of an invoice that names the order",
    ),
    row(
        Class::Bill,
        "bill",
        "承兑汇票",
        30,
        "an acceptance bill over an invoice or over two, named or not; a dishonoured one: those; nothing",
    ),
    row(
        Class::Duplicate,
        "duplicate",
        "重复付款",
        20,
        "the same invoice is paid twice within days: the invoice once, the second is left as credit; and the bank's own \
         line beside the receipt: never placed",
    ),
    row(Class::Twins, "twins", "两张同额", 15, "two open invoices of one amount and one due date, one is paid: ask"),
    row(
        Class::Contradiction,
        "contradiction",
        "单号与金额矛盾",
        20,
        "the text names an open invoice, the amount is that of another: ask",
    ),
    row(
        Class::OnAccount,
        "on_account",
        "往来款",
        20,
        "a round sum over several open invoices, nothing named, equal to none of them: ask",
    ),
    row(
        Class::NearFee,
        "near_fee",
        "两张相近",
        10,
        "short of two open invoices of one month by a plausible charge each, nothing named: ask",
    ),
];

pub(super) fn draw(rng: &mut Rng) -> Class {
    let all: u64 = CLASSES.iter().map(|row| row.share).sum();
    let mut left = rng.below(all);
    for row in CLASSES {
        if left < row.share {
            return row.class;
        }
        left -= row.share;
    }
    Class::Exact
}
