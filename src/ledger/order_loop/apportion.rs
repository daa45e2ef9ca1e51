//! What of a document belongs to one order, when it is about several.
//!
//! Why pro rata of the lines: nobody pays or returns by order, but the lines say what each order stands for. Shares are
//! whole cents and add up to the whole, whichever order asks. It must not know what the amounts mean.

use std::collections::{BTreeMap, HashMap};

use crate::domain::amount::AmountError;
use crate::domain::{Amount, Currency, FactKind, Id};
use crate::ledger::Document;

/// How much of a document stands for each order; `None` for what names none.
pub type Weights = BTreeMap<Option<Id>, i64>;

/// The weights of the documents of a loop: those of shipments first, because others name them.
#[derive(Debug, Default)]
pub struct Apportion {
    of: HashMap<Id, Weights>,
}

impl Apportion {
    /// Shipments, then invoices, then everything else: in the order in which they name each other.
    pub fn of<'a>(documents: impl Iterator<Item = &'a Document> + Clone) -> Self {
        let mut apportion = Self::default();
        let rank = |document: &Document| match document.kind {
            FactKind::Shipment => 0,
            FactKind::Invoice if document.fields.reference("reverses").is_none() => 1,
            _ => 2,
        };
        for turn in 0..=2 {
            for document in documents.clone().filter(|document| rank(document) == turn) {
                let weights = apportion.weigh(document);
                apportion.of.insert(document.id, weights);
            }
        }
        apportion
    }

    /// A line counts for the order that it names, else as the shipment that it names, else as the document that the
    /// header names.
    fn weigh(&self, document: &Document) -> Weights {
        let mut weights = Weights::new();
        for line in &document.lines {
            let gross = line.fields.amount("gross").map_or(0, |gross| gross.0.max(0));
            let shipment = line.fields.reference("shipment_no").and_then(|shipment| self.of.get(&shipment));
            match (line.fields.reference("order_no"), shipment) {
                (Some(order), _) => *weights.entry(Some(order)).or_default() += gross,
                (None, Some(shipped)) => spread(&mut weights, gross, shipped),
                (None, None) => *weights.entry(None).or_default() += gross,
            }
        }
        let names_nothing = weights.keys().all(Option::is_none);
        if !names_nothing {
            return weights;
        }
        if let Some(order) = document.fields.reference("order_no") {
            return Weights::from([(Some(order), document.gross().map_or(0, |gross| gross.0))]);
        }
        let named = ["reverses", "invoice_no", "shipment_no"].map(|field| document.fields.reference(field));
        named.into_iter().flatten().find_map(|id| self.of.get(&id)).cloned().unwrap_or(weights)
    }

    /// The part of `amount`, something about `document`, that is this order's.
    pub fn share(&self, document: Id, order: Id, amount: Amount, currency: Currency) -> Result<Amount, AmountError> {
        self.share_among(document, order, amount, currency, &[])
    }

    /// As [`Apportion::share`], where only `among` these orders anything is left; all of them if it is empty.
    pub fn share_among(
        &self,
        document: Id,
        order: Id,
        amount: Amount,
        currency: Currency,
        among: &[Id],
    ) -> Result<Amount, AmountError> {
        let Some(weights) = self.of.get(&document) else {
            return Ok(if among == [order] { amount } else { Amount::ZERO });
        };
        let counts = |of: &Option<Id>| among.is_empty() || of.is_none_or(|of| among.contains(&of));
        let weights: Weights = weights.iter().filter(|(of, _)| counts(of)).map(|(of, weight)| (*of, *weight)).collect();
        part(amount, currency, &weights, order)
    }

    /// Whether the document is about other orders, or nothing, too.
    pub fn is_shared(&self, document: Id) -> bool {
        self.of.get(&document).is_some_and(|weights| weights.values().filter(|weight| **weight > 0).count() > 1)
    }
}

/// Adds `gross` in the proportion of `like`; what rounding leaves goes to the last.
fn spread(weights: &mut Weights, gross: i64, like: &Weights) {
    let mut told = 0;
    let (mut before, total) = (0_i128, total(like));
    for (order, weight) in like {
        before += i128::from(*weight);
        let upto = if total == 0 { 0 } else { i128::from(gross) * before / total };
        let upto = i64::try_from(upto).unwrap_or(gross);
        *weights.entry(*order).or_default() += upto - told;
        told = upto;
    }
    if gross > told {
        *weights.entry(None).or_default() += gross - told;
    }
}

fn total(weights: &Weights) -> i128 {
    weights.values().map(|weight| i128::from(*weight)).sum()
}

/// The difference of two cumulated shares, so that the parts of all orders add up to the whole.
fn part(amount: Amount, currency: Currency, weights: &Weights, order: Id) -> Result<Amount, AmountError> {
    let (unit, total) = (i128::from(currency.minor_unit().0), total(weights));
    if total == 0 {
        return Ok(Amount::ZERO);
    }
    let units = i128::from(amount.0) / unit;
    let before: i128 = weights.range(..Some(order)).map(|(_, weight)| i128::from(*weight)).sum();
    let own = weights.get(&Some(order)).map_or(0, |weight| i128::from(*weight));
    let upto = |weight: i128| (units * weight).div_euclid(total) * unit;
    let part = upto(before + own) - upto(before);
    i64::try_from(part).map(Amount).map_err(|_| AmountError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::{Doc, amount, day, id};
    use proptest::prelude::*;

    const A: &str = "A";
    const B: &str = "B";

    fn order(number: &str) -> Id {
        id(FactKind::Order, number)
    }

    #[test]
    fn a_line_counts_for_its_order_else_for_those_of_its_shipment() {
        let of = |number| [("order_no", FactKind::Order, number)];
        let shipment = Doc::shipment("S", day(1)).line(6, amount("60"), &of(A)).line(4, amount("40"), &of(B)).build();
        let by_shipment = [("shipment_no", FactKind::Shipment, "S")];
        let invoice =
            Doc::invoice("I", day(2)).line(5, amount("50"), &by_shipment).line(1, amount("9"), &of(B)).build();
        let red = Doc::invoice("R", day(3)).text("nature", "red").amount("gross", amount("11.80"));
        let red = red.refers("reverses", FactKind::Invoice, "I").build();
        let apportion = Apportion::of([&red, &invoice, &shipment].into_iter());
        let share = |document: &Document, number: &str, whole: &str| {
            apportion.share(document.id, order(number), amount(whole), Currency::CNY).unwrap()
        };
        assert_eq!((share(&shipment, A, "100"), share(&shipment, B, "100")), (amount("60"), amount("40")));
        assert_eq!((share(&invoice, A, "59"), share(&invoice, B, "59")), (amount("30"), amount("29")));
        assert_eq!((share(&red, A, "11.80"), share(&red, B, "11.80")), (amount("6"), amount("5.80")));
        let left = apportion.share_among(invoice.id, order(B), amount("10"), Currency::CNY, &[order(B)]).unwrap();
        assert_eq!(left, amount("10"), "of what is left only for B");
        assert!(apportion.is_shared(invoice.id));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn the_shares_of_all_orders_add_up_to_the_whole(
            cents in 0..1_000_000_000_i64,
            weights in prop::collection::vec(0..1_000_000_000_000_i64, 1..8),
        ) {
            let total = Amount(cents * 10_000);
            let weights: Weights =
                weights.into_iter().enumerate().map(|(index, weight)| (Some(order(&index.to_string())), weight)).collect();
            let parts = weights.keys().flatten().map(|order| part(total, Currency::CNY, &weights, *order).unwrap());
            let sum = Amount::sum(parts).unwrap();
            prop_assert!(sum == total || weights.values().all(|weight| *weight == 0), "{sum:?} of {total:?}");
        }
    }
}
