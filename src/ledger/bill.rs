//! The life of an acceptance bill (承兑汇票), and what each step of it posts on its own day.
//!
//! Why steps and not a status: a source reports the status of today, but a balance of last month must show what was true
//! then. Sources that date every step fill a field each; one that knows only its status gives that step, and no earlier one.

use jiff::civil::Date;

use super::posting::{PostingError, amount_of, effective_on, gross_of, transfers};
use super::{Account, AccountKind, BookPolicy, Document, Posting};
use crate::domain::{Amount, Id};

/// What may become of a bill that was received, in the order in which steps of one day happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Endorsed,
    Discounted,
    Matured,
    Dishonoured,
}

impl Step {
    const ALL: &[Self] = &[Self::Endorsed, Self::Discounted, Self::Matured, Self::Dishonoured];

    const fn status(self) -> &'static str {
        match self {
            Self::Endorsed => "endorsed",
            Self::Discounted => "discounted",
            Self::Matured => "matured",
            Self::Dishonoured => "dishonoured",
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Endorsed => "endorsed_on",
            Self::Discounted => "discounted_on",
            Self::Matured => "matured_on",
            Self::Dishonoured => "dishonoured_on",
        }
    }
}

/// Where the value of the bill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Held,
    /// Passed on to a supplier; it may still come back.
    Transferred,
    /// Turned into money.
    Bank,
    /// Refused: what it paid is owed again.
    Gone,
}

/// The steps that happened, by day; never before the bill came.
fn steps(bill: &Document, received_on: Date) -> Result<Vec<(Date, Step)>, PostingError> {
    let mut steps = Vec::new();
    for step in Step::ALL {
        let dated = bill.fields.date(step.field());
        let is_now = bill.status() == step.status();
        let matures_on = || bill.fields.date("matures_on").filter(|_| *step == Step::Matured);
        let date = match (dated, is_now) {
            (Some(date), _) => date,
            (None, true) => {
                let known = bill.fields.date("status_on").or_else(matures_on);
                known.ok_or_else(|| PostingError::missing("status_on"))?
            }
            (None, false) => continue,
        };
        steps.push((date.max(received_on), *step));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// When the bill was refused; `None` while it stands.
pub(super) fn dishonoured_on(bill: &Document) -> Option<Date> {
    let received_on = bill.effective_on()?;
    let steps = steps(bill, received_on).ok()?;
    steps.into_iter().find(|(_, step)| *step == Step::Dishonoured).map(|(date, _)| date)
}

/// A bill that came before cutover paid what was open then. It is money no more, but its value was part of the position.
pub(super) fn is_opening(bill: &Document, policy: &BookPolicy) -> bool {
    policy.cutover.zip(bill.effective_on()).is_some_and(|(cutover, received_on)| received_on < cutover)
}

/// A bill received, and what became of it. A refused one gives the money back, so that what it paid opens again; one that
/// was discounted is bought back from the bank.
pub(super) fn postings(bill: &Document, policy: &BookPolicy) -> Result<Vec<Posting>, PostingError> {
    let received_on = bill.effective_on().ok_or_else(|| PostingError::missing("received_on"))?;
    let party = bill.party().ok_or_else(|| PostingError::missing("customer"))?;
    let interest = interest(bill)?;
    let rows = Rows { party, gross: gross_of(bill)?, interest };
    let mut place = Place::Held;
    let mut later = Vec::new();
    let mut before_cutover = Place::Held;
    for (date, step) in steps(bill, received_on)? {
        let (next, mut moved) = rows.step(place, step, date);
        place = next;
        if policy.cutover.is_some_and(|cutover| date < cutover) {
            before_cutover = place;
        } else {
            later.append(&mut moved);
        }
    }
    let first = match effective_on(bill, policy)? {
        Some(date) => rows.received(date, Account::of_party(AccountKind::Unapplied, party)),
        None => rows.opening(before_cutover, policy),
    };
    transfers(bill, first.into_iter().chain(later))
}

fn interest(bill: &Document) -> Result<Amount, PostingError> {
    let interest = amount_of(&bill.fields, "interest", bill)?.unwrap_or_default();
    if interest > gross_of(bill)? {
        return Err(PostingError::field("interest", "is more than the face value"));
    }
    Ok(interest)
}

type Row = (Date, Account, Account, Amount);

/// What all rows of one bill have in common.
struct Rows {
    party: Id,
    gross: Amount,
    interest: Amount,
}

impl Rows {
    fn own(&self, kind: AccountKind) -> Account {
        Account::of_party(kind, self.party)
    }

    fn received(&self, date: Date, from: Account) -> Vec<Row> {
        vec![(date, self.own(AccountKind::BillsHeld), from, self.gross)]
    }

    /// The position at cutover: a bill that was in hand or passed on then.
    fn opening(&self, place: Place, policy: &BookPolicy) -> Vec<Row> {
        let account = match place {
            Place::Held => AccountKind::BillsHeld,
            Place::Transferred => AccountKind::BillsTransferred,
            Place::Bank | Place::Gone => return Vec::new(),
        };
        let opening = Account::of_book(AccountKind::Opening);
        policy.cutover.map(|cutover| (cutover, self.own(account), opening, self.gross)).into_iter().collect()
    }

    fn step(&self, place: Place, step: Step, date: Date) -> (Place, Vec<Row>) {
        let (held, bank) = (self.own(AccountKind::BillsHeld), Account::of_book(AccountKind::Bank));
        let unapplied = self.own(AccountKind::Unapplied);
        let transferred = self.own(AccountKind::BillsTransferred);
        match (place, step) {
            (Place::Held, Step::Endorsed) => (Place::Transferred, vec![(date, transferred, held, self.gross)]),
            (Place::Held, Step::Matured) => (Place::Bank, vec![(date, bank, held, self.gross)]),
            (Place::Held, Step::Discounted) => {
                let interest = Account::of_book(AccountKind::DiscountInterest);
                let paid = Amount(self.gross.0 - self.interest.0);
                (Place::Bank, vec![(date, bank, held, paid), (date, interest, held, self.interest)])
            }
            (Place::Held, Step::Dishonoured) => (Place::Gone, vec![(date, unapplied, held, self.gross)]),
            (Place::Transferred, Step::Dishonoured) => (Place::Gone, vec![(date, unapplied, transferred, self.gross)]),
            (Place::Bank, Step::Dishonoured) => (Place::Gone, vec![(date, unapplied, bank, self.gross)]),
            // Whoever has the bill now gets the money: nothing of ours moves.
            (place, _) => (place, Vec::new()),
        }
    }
}
