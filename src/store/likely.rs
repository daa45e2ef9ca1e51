//! Whose unplaced money is likely to be: the payer's folded name is a customer's, or the text names one of the customer's
//! orders, shipments or invoices. A clue for people and for holding reminders back, never a booking.

use std::collections::{BTreeSet, HashMap};

use super::dirty;
use super::engine::Tx;
use super::error::Result;
use super::journal::keys;
use super::types::{NO_PARTY, Subject};
use crate::domain::text::{fold_name, half_width};
use crate::domain::{Currency, Id};
use crate::ledger::Document;

/// What a payment says about its origin.
#[derive(Debug)]
pub struct Clue<'a> {
    pub payer_key: Option<String>,
    pub text: Option<&'a str>,
}

/// Who bears the names and numbers of some clues, in one book.
#[derive(Debug, Default)]
pub struct Suspects {
    by_name: HashMap<String, Vec<Id>>,
    by_number: HashMap<String, Vec<Id>>,
}

const BY_NAME: &str = "SELECT name_key, id FROM document WHERE name_key {keys} AND kind = 'party' AND book = $1";
const BY_NUMBER: &str = "SELECT number, party FROM document WHERE number {keys} AND book = $1 AND party IS NOT NULL \
     AND kind IN ('order', 'shipment', 'invoice')";

pub async fn suspects(tx: &mut Tx, book: &str, clues: &[Clue<'_>]) -> Result<Suspects> {
    let names: BTreeSet<String> =
        clues.iter().filter_map(|clue| clue.payer_key.clone()).filter(|name| !name.is_empty()).collect();
    let numbers: BTreeSet<String> = clues.iter().filter_map(|clue| clue.text).flat_map(numbers_in).collect();
    let mut suspects = Suspects::default();
    for row in tx.fetch_in(BY_NAME, &names.into_iter().collect::<Vec<_>>(), vec![book.into()]).await? {
        suspects.by_name.entry(row.text(0)?.to_owned()).or_default().push(row.id(1)?);
    }
    for row in tx.fetch_in(BY_NUMBER, &numbers.into_iter().collect::<Vec<_>>(), vec![book.into()]).await? {
        suspects.by_number.entry(row.text(0)?.to_owned()).or_default().push(row.id(1)?);
    }
    Ok(suspects)
}

/// Marks for a decision: whoever watches money that belongs to nobody, and every customer that a payer's name or text
/// suggests. All documents are of one book.
pub async fn to_decide(tx: &mut Tx, touched: &[&Document]) -> Result<()> {
    let Some(book) = touched.first().map(|document| &document.book) else { return Ok(()) };
    let subject = |party: Id, currency: Currency| Subject { book: book.clone(), party, currency };
    let currencies = touched.iter().filter_map(|document| document.currency());
    let nobody: BTreeSet<Subject> = currencies.map(|currency| subject(NO_PARTY, currency)).collect();
    dirty::to_decide(tx, nobody.iter()).await?;
    let clues = touched.iter().map(|document| Clue {
        payer_key: document.fields.text("payer").map(fold_name),
        text: document.fields.text("text"),
    });
    let clues: Vec<Clue<'_>> = clues.collect();
    let suspects = suspects(tx, book, &clues).await?;
    let mut subjects = BTreeSet::new();
    for (document, clue) in touched.iter().zip(&clues) {
        let Some(currency) = document.currency() else { continue };
        subjects.extend(suspects.parties(clue).into_iter().map(|party| subject(party, currency).id()));
    }
    let sql = "UPDATE subject SET remind_generation = remind_generation + 1 WHERE id {keys}";
    tx.execute_in(sql, &keys(&subjects.into_iter().collect::<Vec<_>>()), Vec::new()).await.map(drop)
}

impl Suspects {
    pub fn parties(&self, clue: &Clue<'_>) -> BTreeSet<Id> {
        let by_name = clue.payer_key.iter().filter_map(|name| self.by_name.get(name));
        let numbers = clue.text.map(numbers_in).unwrap_or_default();
        let by_number = numbers.iter().filter_map(|number| self.by_number.get(number));
        by_name.chain(by_number).flatten().copied().collect()
    }
}

/// Shorter words are amounts and dates more often than document numbers.
const NUMBER_CHARACTERS: usize = 6;

/// Words of a remittance text that may be document numbers: ASCII letters, digits and hyphens, with a digit.
fn numbers_in(text: &str) -> Vec<String> {
    half_width(text)
        .split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'))
        .filter(|word| word.len() >= NUMBER_CHARACTERS && word.bytes().any(|byte| byte.is_ascii_digit()))
        .map(str::to_ascii_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_out_of_chinese_text() {
        assert_eq!(numbers_in("付货款ＳＯ26010001、ar00000012谢谢 12"), ["SO26010001", "AR00000012"]);
    }
}
