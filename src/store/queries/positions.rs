//! What `remind` decides from: positions of customers, and money that belongs to nobody yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;

use super::{items, unspoken};
use crate::domain::text::fold_name;
use crate::domain::{Amount, Currency, Id};
use crate::ledger::{Document, Leftover, OpenItem, Role};
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;
use crate::store::journal::keys;
use crate::store::likely::{self, Clue};
use crate::store::types::{LikelyMoney, Position, Subject, UnidentifiedPayment};
use crate::store::{Store, documents};

const ITEMS: &str = concat!("SELECT ", items::item_columns!(), " FROM open_item WHERE subject {keys}");
const LEFTOVERS: &str = "SELECT l.subject, l.payment, l.amount, d.number, d.effective_on FROM leftover l \
     JOIN document d ON d.id = l.payment WHERE l.subject {keys}";
const GENERATIONS: &str = "SELECT id, remind_generation FROM subject WHERE id {keys}";
const UNPLACED: &str = "SELECT payment, book, currency, number, amount, paid_on, payer, remittance, salesperson, booked \
     FROM unplaced WHERE book = $1";

/// By subject, each with the number and the value date of the payment.
pub type Leftovers = HashMap<Id, Vec<(Leftover, Box<str>, Date)>>;

const ALL_SUBJECTS: &str = "SELECT book, party, currency FROM subject";

impl Store {
    /// Everybody the ledger knows, with each currency; what belongs to nobody yet included.
    pub async fn subjects(&self) -> Result<Vec<Subject>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch(ALL_SUBJECTS, Vec::new()).await?;
        let subject =
            |row: &Row| Ok(Subject { book: row.text(0)?.into(), party: row.id(1)?, currency: row.currency(2)? });
        let mut subjects = rows.iter().map(subject).collect::<Result<Vec<_>>>()?;
        subjects.sort();
        Ok(subjects)
    }

    /// Positions of subjects, in the order asked for; a subject that nobody knows has no items and generation zero.
    pub async fn positions(&self, subjects: &[Subject]) -> Result<Vec<Position>> {
        let mut tx = self.engine.read().await?;
        positions(&mut tx, subjects).await
    }

    /// Money that belongs to nobody yet, by book and day; of all books without `book`.
    pub async fn unidentified_payments(&self, book: Option<&str>) -> Result<Vec<UnidentifiedPayment>> {
        let mut tx = self.engine.read().await?;
        let books: Vec<String> = match book {
            Some(book) => vec![book.to_owned()],
            None => {
                let rows = tx.fetch("SELECT DISTINCT book FROM unplaced", Vec::new()).await?;
                rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_>>()?
            }
        };
        let mut payments = Vec::new();
        for book in books {
            payments.extend(unplaced(&mut tx, &book).await?);
        }
        payments.sort_by(|a, b| (&a.book, a.paid_on, &a.number).cmp(&(&b.book, b.paid_on, &b.number)));
        Ok(payments)
    }
}

pub(super) async fn unplaced(tx: &mut Tx, book: &str) -> Result<Vec<UnidentifiedPayment>> {
    tx.fetch(UNPLACED, vec![book.into()]).await?.iter().map(read_unplaced).collect()
}

fn read_unplaced(row: &Row) -> Result<UnidentifiedPayment> {
    Ok(UnidentifiedPayment {
        payment: row.id(0)?,
        book: row.text(1)?.into(),
        currency: row.currency(2)?,
        number: row.text(3)?.into(),
        amount: row.amount(4)?,
        paid_on: row.date(5)?,
        payer: row.opt_text(6)?.map(Into::into),
        text: row.opt_text(7)?.map(Into::into),
        salesperson: row.opt_text(8)?.map(Into::into),
        booked: row.bool(9)?,
    })
}

/// Positions within a transaction that the caller already has.
pub async fn positions(tx: &mut Tx, subjects: &[Subject]) -> Result<Vec<Position>> {
    let mut positions = standing(tx, subjects).await?;
    let ids: Vec<Id> = subjects.iter().map(Subject::id).collect();
    let mut generations = HashMap::new();
    for row in tx.fetch_in(GENERATIONS, &keys(&ids), Vec::new()).await? {
        generations.insert(row.id(0)?, row.int(1)?);
    }
    let likely = likely_money(tx, subjects).await?;
    for position in &mut positions {
        let subject = &position.subject;
        position.likely_money = likely.get(&(subject.party, subject.currency)).cloned().unwrap_or_default();
        position.generation = generations.get(&subject.id()).copied().unwrap_or(0);
    }
    Ok(positions)
}

/// Items and leftovers as they stand, without what may become theirs.
pub async fn standing(tx: &mut Tx, subjects: &[Subject]) -> Result<Vec<Position>> {
    let ids: Vec<Id> = subjects.iter().map(Subject::id).collect();
    let ids = keys(&ids);
    let mut items: HashMap<Id, Vec<OpenItem>> = HashMap::new();
    for row in tx.fetch_in(ITEMS, &ids, Vec::new()).await? {
        let (subject, item) = items::read(&row)?;
        items.entry(subject).or_default().push(item);
    }
    let leftovers = leftovers(tx, &ids).await?;
    described(tx, subjects, items, leftovers).await
}

/// What was settled, under the customers' names.
pub async fn described(
    tx: &mut Tx,
    subjects: &[Subject],
    mut items: HashMap<Id, Vec<OpenItem>>,
    mut leftovers: Leftovers,
) -> Result<Vec<Position>> {
    let parties: Vec<Id> = subjects.iter().map(|subject| subject.party).collect();
    let mut masters = documents::load(tx, &parties).await?;
    masters.retain(|_, party| party.role != Role::Stub);
    let mut unspoken: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    for subject in subjects.iter().filter(|subject| !masters.contains_key(&subject.party)) {
        let its = unspoken.entry(subject.party).or_default();
        its.extend(items.get(&subject.id()).into_iter().flatten().map(|item| item.document));
        its.extend(leftovers.get(&subject.id()).into_iter().flatten().map(|(leftover, ..)| leftover.payment));
    }
    let codes = unspoken::codes(tx, &unspoken).await?;
    let positions = subjects.iter().map(|subject| {
        let id = subject.id();
        let mut items = items.remove(&id).unwrap_or_default();
        items.sort_by_key(|item| (item.due.date(), item.id));
        let master = masters.get(&subject.party);
        Position {
            subject: subject.clone(),
            code: master.map(|party| &party.number).or_else(|| codes.get(&subject.party)).cloned().unwrap_or_default(),
            name: field(master, "name").unwrap_or_default(),
            short_name: field(master, "short_name"),
            salesperson: field(master, "salesperson"),
            items,
            leftovers: leftovers.remove(&id).unwrap_or_default(),
            likely_money: Vec::new(),
            generation: 0,
        }
    });
    Ok(positions.collect())
}

fn field(document: Option<&Document>, name: &str) -> Option<Box<str>> {
    document?.fields.text(name).map(Into::into)
}

/// What no item took, by subject: leftover, number and value date of the payment.
pub(super) async fn leftovers(tx: &mut Tx, subjects: &[Vec<u8>]) -> Result<Leftovers> {
    let mut leftovers = Leftovers::new();
    for row in tx.fetch_in(LEFTOVERS, subjects, Vec::new()).await? {
        let leftover = Leftover { payment: row.id(1)?, amount: Amount(row.int(2)?) };
        let number = row.text(3)?.into();
        leftovers.entry(row.id(0)?).or_default().push((leftover, number, row.opt_date(4)?.unwrap_or_default()));
    }
    leftovers.values_mut().for_each(|list| list.sort_by_key(|(leftover, _, paid_on)| (*paid_on, leftover.payment)));
    Ok(leftovers)
}

/// Unplaced money of the subjects' books, given to every customer that the payer's name or the text suggests.
async fn likely_money(tx: &mut Tx, subjects: &[Subject]) -> Result<BTreeMap<(Id, Currency), Vec<LikelyMoney>>> {
    let books: BTreeSet<&str> = subjects.iter().map(|subject| &*subject.book).collect();
    let mut likely: BTreeMap<(Id, Currency), Vec<LikelyMoney>> = BTreeMap::new();
    for book in books {
        let payments = unplaced(tx, book).await?;
        let clues: Vec<Clue<'_>> = payments
            .iter()
            .map(|payment| Clue { payer_key: payment.payer.as_deref().map(fold_name), text: payment.text.as_deref() })
            .collect();
        let suspects = likely::suspects(tx, book, &clues).await?;
        for (payment, clue) in payments.iter().zip(&clues) {
            for party in suspects.parties(clue) {
                likely.entry((party, payment.currency)).or_default().push(LikelyMoney {
                    payment: payment.payment,
                    number: payment.number.clone(),
                    amount: payment.amount,
                    paid_on: payment.paid_on,
                    payer: payment.payer.clone(),
                    text: payment.text.clone(),
                });
            }
        }
    }
    likely.values_mut().for_each(|list| list.sort_by_key(|money| (money.paid_on, money.payment)));
    Ok(likely)
}
