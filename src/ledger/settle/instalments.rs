//! One document, several due dates: an item for each instalment.
//!
//! Why items of their own: aging, reminders and allocation each ask when an amount is due, and none of them should have
//! to know that it is a part of something. The first keeps the id of the whole, so that one that is due at once reads
//! as before.

use super::due::DuePart;
use super::items::Item;
use crate::domain::{Amount, Currency, Id};

const WHOLE: i128 = 100;

/// `item` as it falls due. Parts are cut to whole cents, the last takes what is left over.
pub(super) fn split(item: Item, parts: &[DuePart], currency: Currency) -> Vec<Item> {
    if let [only] = parts {
        let mut item = item;
        item.shown.due = only.due;
        return vec![item];
    }
    let cent = currency.minor_unit().0;
    let (mut percent, mut billed_left) = (0, item.billed);
    let mut items = Vec::with_capacity(parts.len());
    for (position, part) in parts.iter().enumerate() {
        let before = percent;
        percent += i128::from(part.percent);
        let cut = |amount: i64| up_to(amount, percent, cent) - up_to(amount, before, cent);
        let gross = cut(item.shown.gross.0);
        if gross == 0 {
            continue;
        }
        let billed = gross.min(billed_left);
        billed_left -= billed;
        let mut shown = item.shown.clone();
        shown.due = part.due;
        shown.number = format!("{} ({}/{})", item.shown.number, position + 1, parts.len()).into();
        shown.gross = Amount(gross);
        shown.open = Amount(gross);
        if !items.is_empty() {
            let position = position.to_string();
            shown.id = Id::from_parts(&[b"instalment", &item.shown.id.0, position.as_bytes()]);
        }
        let links = item.links.iter().map(|(id, share)| (*id, cut(*share))).collect();
        items.push(Item { shown, billed, unbilled: gross - billed, links, effective_on: item.effective_on });
    }
    items
}

/// The first so many percent of an amount, in whole cents; all of it at 100.
fn up_to(amount: i64, percent: i128, cent: i64) -> i64 {
    if percent == WHOLE {
        return amount;
    }
    let exact = i128::from(amount) * percent / WHOLE;
    i64::try_from(exact - exact % i128::from(cent)).unwrap_or(amount)
}
