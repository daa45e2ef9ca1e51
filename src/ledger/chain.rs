//! The hash chain over the journal: proof that no row was changed, removed or inserted after it was written.
//!
//! Why over hashes only: the chain can be checked without reading a payload, and personal content stays outside of it.
//! Pure arithmetic; the store keeps the heads and knows which transfers belong to which batch.

use thiserror::Error;

use super::{Account, Posting};
use crate::domain::{Hash, Id};

/// Version of both recipes; part of the hashed bytes.
const CHAIN_VERSION: &[u8] = b"1";

/// One batch of the journal, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub batch: u64,
    pub recorded_at_micros: i64,
    /// In any order.
    pub transfers: Vec<Hash>,
    /// The head that was stored with the batch.
    pub head: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainError {
    #[error("batch {batch} does not hash to its recorded head: a transfer of it was changed, removed or inserted")]
    Broken { batch: u64 },
    #[error("batch {found} follows batch {previous}: a batch is missing or out of place")]
    Gap { previous: u64, found: u64 },
    #[error("batch {batch} was recorded at or before the batch in front of it")]
    Time { batch: u64 },
}

/// The head after a batch.
pub fn head(previous: &Hash, batch: u64, recorded_at_micros: i64, transfers: &[Hash]) -> Hash {
    let mut sorted: Vec<&Hash> = transfers.iter().collect();
    sorted.sort_unstable();
    let (batch, recorded_at) = (batch.to_be_bytes(), recorded_at_micros.to_be_bytes());
    let mut parts: Vec<&[u8]> = vec![b"chain", CHAIN_VERSION, &previous.0, &batch, &recorded_at];
    parts.extend(sorted.iter().map(|hash| hash.0.as_slice()));
    Hash::of_parts(&parts)
}

/// Hash of one journal row: everything that has a meaning, nothing that a rebuild would number anew.
pub fn transfer_hash(book: &str, cause: Id, posting: &Posting) -> Hash {
    let effective_on = posting.effective_on.to_string();
    let debit = account_bytes(&posting.debit);
    let credit = account_bytes(&posting.credit);
    let amount = posting.amount.0.to_be_bytes();
    let currency = posting.currency.as_str().as_bytes();
    Hash::of_parts(&[
        b"transfer",
        CHAIN_VERSION,
        book.as_bytes(),
        &cause.0,
        effective_on.as_bytes(),
        &debit,
        &credit,
        currency,
        &amount,
    ])
}

fn account_bytes(account: &Account) -> Vec<u8> {
    let mut bytes = account.kind.name().as_bytes().to_vec();
    for owner in [account.party, account.order] {
        bytes.push(0);
        bytes.extend(owner.iter().flat_map(|id| id.0));
    }
    bytes
}

/// Walks a chain that starts after `start` (batch number, time and head; `(0, i64::MIN, Hash::ZERO)` for the whole) and
/// returns the last head, or names the first batch that does not fit.
pub fn verify(start: (u64, i64, Hash), links: impl IntoIterator<Item = Link>) -> Result<Hash, ChainError> {
    let (mut batch, mut time, mut known) = start;
    for link in links {
        if Some(link.batch) != batch.checked_add(1) {
            return Err(ChainError::Gap { previous: batch, found: link.batch });
        }
        if link.recorded_at_micros <= time {
            return Err(ChainError::Time { batch: link.batch });
        }
        if head(&known, link.batch, link.recorded_at_micros, &link.transfers) != link.head {
            return Err(ChainError::Broken { batch: link.batch });
        }
        (batch, time, known) = (link.batch, link.recorded_at_micros, link.head);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<Link> {
        let mut known = Hash::ZERO;
        (1..=5_u64)
            .map(|batch| {
                let transfers: Vec<Hash> = (0..4).map(|row| Hash::of(&[batch as u8, row])).collect();
                let time = batch as i64 * 1_000;
                known = head(&known, batch, time, &transfers);
                Link { batch, recorded_at_micros: time, transfers, head: known }
            })
            .collect()
    }

    const START: (u64, i64, Hash) = (0, i64::MIN, Hash::ZERO);

    #[test]
    fn an_untouched_chain_verifies_in_any_order_of_rows_and_from_any_anchor() {
        let mut links = chain();
        links.iter_mut().for_each(|link| link.transfers.reverse());
        let last = links[4].head;
        assert_eq!(verify(START, links.clone()), Ok(last));
        let anchor = (links[2].batch, links[2].recorded_at_micros, links[2].head);
        assert_eq!(verify(anchor, links.split_off(3)), Ok(last));
    }

    #[test]
    fn a_row_changed_removed_or_inserted_is_named_by_its_batch() {
        for tamper in [
            (|link: &mut Link| link.transfers[0].0[31] ^= 1) as fn(&mut Link),
            |link| link.transfers.truncate(3),
            |link| link.transfers.push(Hash::ZERO),
            |link| link.recorded_at_micros += 1,
        ] {
            let mut links = chain();
            tamper(&mut links[2]);
            assert_eq!(verify(START, links), Err(ChainError::Broken { batch: 3 }));
        }
        let mut links = chain();
        links.remove(2);
        assert_eq!(verify(START, links), Err(ChainError::Gap { previous: 2, found: 4 }));
    }
}
