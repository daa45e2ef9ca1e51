//! Customers: who they are, how they pay, how careful they are.

use std::sync::Arc;

use jiff::civil::Date;

use super::catalog;
use super::timeline::Book;
use crate::domain::Currency;
use crate::sim::calendar::add_days;
use crate::sim::rng::Rng;

/// Payment terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// 月结: so many days after the end of the accounting month, which ends on the cut-off day or on its last day.
    Monthly { days: i64, cutoff: Option<i8> },
    /// So many days after the claim.
    Net(i64),
    /// 预付: money before goods.
    Prepaid,
    /// 货到付款.
    OnDelivery,
}

/// A customer on delivery is expected to pay within so many days.
const ON_DELIVERY_DAYS: i64 = 7;

impl Terms {
    /// As the ERP's 收款条件 is named.
    pub fn name(self) -> String {
        match self {
            Self::Monthly { days, cutoff: None } => format!("月结{days}天"),
            Self::Monthly { days, cutoff: Some(day) } => format!("月结{days}/{day}"),
            Self::Net(days) => format!("net {days}"),
            Self::Prepaid => "预付".to_owned(),
            Self::OnDelivery => "货到付款".to_owned(),
        }
    }

    /// The last day of the accounting month that `day` belongs to.
    pub fn period_end(self, day: Date) -> Date {
        let last = day.last_of_month();
        match self {
            Self::Monthly { cutoff: Some(cutoff), .. } if day.day() <= cutoff => {
                day.with().day(cutoff).build().unwrap_or(last)
            }
            Self::Monthly { cutoff: Some(cutoff), .. } => {
                let next = add_days(last, 1);
                next.with().day(cutoff).build().unwrap_or(next)
            }
            _ => last,
        }
    }

    pub fn due(self, day: Date) -> Date {
        match self {
            Self::Monthly { days, .. } => add_days(self.period_end(day), days),
            Self::Net(days) => add_days(day, days),
            Self::Prepaid => day,
            Self::OnDelivery => add_days(day, ON_DELIVERY_DAYS),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    Punctual,
    Slack,
    Bad,
}

#[derive(Debug, Clone)]
pub struct Customer {
    pub fid: i64,
    pub code: Arc<str>,
    pub name: Arc<str>,
    pub short_name: Arc<str>,
    pub tax_code: String,
    pub book: Book,
    pub currency: Currency,
    pub terms: Terms,
    /// Index into the salespeople.
    pub seller: usize,
    pub habit: Habit,
    /// No new orders are taken.
    pub blocked: bool,
    /// New orders in a thousand working days.
    pub order_rate: u32,
    /// Index of the first of the sibling companies (深圳X, 东莞X, X香港) it belongs to; itself if it has none.
    pub family: usize,
    /// 对应集团客户: code of the head of its family, where one ERP account set has both.
    pub group_head: Option<Arc<str>>,
    /// 集团客户: has a sibling that names it.
    pub is_group_head: bool,
    /// Billed once a month for everything, else once a shipment.
    pub billed_monthly: bool,
    pub pays_by_bill: bool,
    /// Somebody else often pays for it.
    pub agent: Option<&'static str>,
    pub account: String,
    pub external_userid: Option<String>,
    pub contact_name: String,
    /// Parts it usually buys, as indexes.
    pub parts: Vec<usize>,
    /// Credit left from goods returned after they were paid.
    pub credit: i64,
    pub claims: Vec<usize>,
    pub unbilled: Vec<usize>,
}

/// One customer of the HK book in so many.
const HK_ONE_IN: u64 = 4;

/// One customer in so many is the first of a family.
const FAMILY_EVERY: usize = 6;

fn code_of(index: usize) -> String {
    format!("CUST{:04}", index + 1)
}

/// All customers; every sixth starts a family of sibling companies.
pub fn customers(rng: &mut Rng, count: usize, sellers: usize) -> Vec<Customer> {
    let mut customers: Vec<Customer> = Vec::with_capacity(count);
    let mut family: Option<(usize, usize, usize, u8)> = None;
    while customers.len() < count {
        let index = customers.len();
        let sibling = family.take();
        let (head, first, second, step) = sibling.unwrap_or_else(|| {
            // A stride that is coprime to the number of pairs gives every family its own name.
            let pairs = catalog::FIRST.len() * catalog::SECOND.len();
            let pair = (index * 47 + 11) % pairs;
            (index, pair / catalog::SECOND.len(), pair % catalog::SECOND.len(), 0)
        });
        if step < 2 && (step > 0 || index.is_multiple_of(FAMILY_EVERY)) {
            family = Some((head, first, second, step + 1));
        }
        let round = index / (catalog::FIRST.len() * catalog::SECOND.len());
        customers.push(customer(rng, Place { index, head, first, second, step, round }, sellers));
    }
    customers
}

#[derive(Clone, Copy)]
struct Place {
    index: usize,
    head: usize,
    first: usize,
    second: usize,
    /// 0: alone or first of a family, 1: 东莞 sibling, 2: HK sibling.
    step: u8,
    /// Which time round the list of names this is.
    round: usize,
}

fn customer(rng: &mut Rng, place: Place, sellers: usize) -> Customer {
    let alone_in_hk = place.index % 6 > 2 && rng.below(HK_ONE_IN) == 0;
    let book = if place.step == 2 || alone_in_hk { Book::Hk } else { Book::Sz };
    let currency = match book {
        Book::Sz if place.index % 6 == 4 && rng.chance(400) => Currency::USD,
        Book::Sz => Currency::CNY,
        Book::Hk if rng.chance(650) => Currency::USD,
        Book::Hk => Currency::HKD,
    };
    let (name, short_name) = names(rng, place, book);
    let habit = match rng.below(10) {
        0..=5 => Habit::Punctual,
        6..=8 => Habit::Slack,
        _ => Habit::Bad,
    };
    let terms = terms(rng, book);
    let code = code_of(place.index);
    let home = book == Book::Sz && currency == Currency::CNY;
    Customer {
        fid: 100_000 + place.index as i64,
        code: code.into(),
        name: name.into(),
        short_name: short_name.into(),
        tax_code: tax_code(rng, book),
        book,
        currency,
        terms,
        seller: rng.below(sellers as u64) as usize,
        habit,
        blocked: false,
        order_rate: rng.between(60, 260) as u32,
        family: place.head,
        // The second of a family is in the first's book, the third in Hong Kong has an account set of its own.
        group_head: (place.step == 1).then(|| code_of(place.head).into()),
        is_group_head: place.step == 0 && place.index.is_multiple_of(FAMILY_EVERY),
        billed_monthly: matches!(terms, Terms::Monthly { .. }) && rng.chance(600),
        pays_by_bill: home && matches!(terms, Terms::Monthly { .. }) && rng.chance(150),
        agent: rng.chance(150).then(|| *rng.pick(catalog::PAYING_AGENTS)),
        account: format!("{}{:012}", rng.pick(&["7559", "4000", "6217", "1100"]), rng.below(1_000_000_000_000)),
        external_userid: rng.chance(850).then(|| format!("wmSIM{:06}{:04X}", place.index + 1, rng.below(0x10000))),
        contact_name: format!("{}{}", rng.pick(catalog::SURNAMES), rng.pick(catalog::TITLES)),
        parts: (0..8).map(|_| rng.below(catalog::PARTS.len() as u64) as usize).collect(),
        credit: 0,
        claims: Vec::new(),
        unbilled: Vec::new(),
    }
}

fn names(rng: &mut Rng, place: Place, book: Book) -> (String, String) {
    let brand = format!("{}{}", catalog::FIRST[place.first], catalog::SECOND[place.second]);
    let trade = catalog::TRADES[(place.head + place.round) % catalog::TRADES.len()];
    match book {
        Book::Hk if rng.chance(500) => (format!("{brand}（香港）{trade}"), format!("{brand}香港")),
        Book::Hk => {
            let latin = format!("{}{}", catalog::FIRST_LATIN[place.first], catalog::SECOND_LATIN[place.second]);
            (format!("{latin} TECHNOLOGY (HONG KONG) LIMITED"), format!("{brand}香港"))
        }
        Book::Sz => {
            let city = match place.step {
                1 => "东莞市",
                0 if place.index.is_multiple_of(6) => "深圳市",
                _ => catalog::CITIES[place.index % catalog::CITIES.len()],
            };
            (format!("{city}{brand}{trade}"), format!("{}{brand}", city.trim_end_matches('市')))
        }
    }
}

fn terms(rng: &mut Rng, book: Book) -> Terms {
    match (rng.below(100), book) {
        (0..=34, _) => Terms::Monthly { days: 30, cutoff: None },
        (35..=49, _) => Terms::Monthly { days: 60, cutoff: None },
        (50..=64, Book::Sz) => Terms::Monthly { days: 30, cutoff: Some(25) },
        (50..=64, Book::Hk) => Terms::Net(30),
        (65..=84, _) => Terms::Prepaid,
        _ => Terms::OnDelivery,
    }
}

fn tax_code(rng: &mut Rng, book: Book) -> String {
    match book {
        Book::Sz => format!("914403{:02}MA5{:07}", rng.between(0, 19), rng.below(10_000_000)),
        Book::Hk => format!("{:08}", rng.below(100_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_golden_case_of_the_cut_off_day() {
        let terms = Terms::Monthly { days: 30, cutoff: Some(25) };
        assert_eq!(terms.period_end(date(2026, 1, 26)), date(2026, 2, 25));
        assert_eq!(terms.due(date(2026, 1, 26)), date(2026, 3, 27));
        assert_eq!(Terms::Monthly { days: 30, cutoff: None }.due(date(2026, 1, 31)), date(2026, 3, 2));
    }

    #[test]
    fn a_thousand_customers_have_a_thousand_names_and_some_are_siblings() {
        let customers = customers(&mut Rng::new(7), 1000, 6);
        let mut names: Vec<&str> = customers.iter().map(|customer| &*customer.name).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert!(names.len() > before - 20, "{} names of {before}", names.len());
        assert!(customers.iter().any(|customer| customer.book == Book::Hk && customer.family != 0));
        let sibling = &customers[1];
        assert_eq!((sibling.family, sibling.name.starts_with("东莞市")), (0, true));
        let heads: Vec<_> = customers.iter().filter(|customer| customer.is_group_head).map(|head| &head.code).collect();
        let named: Vec<_> = customers.iter().filter_map(|customer| customer.group_head.as_ref()).collect();
        assert_eq!((named[0], sibling.book), (&customers[0].code, customers[0].book));
        assert_eq!(heads, named, "every head is named by one sibling");
    }
}
