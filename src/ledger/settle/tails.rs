//! Tail differences: all pieces of a shipment are invoiced, but not for the amount that was shipped.
//!
//! Why it is posted and not left open: the last invoice of a shipment says what the goods cost; the difference will
//! never be billed, and unbilled must reach zero. Within the rounding tolerance it is rounding, else a price difference.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::view::{Counted, Part, View, is_opening, is_red, parts};
use crate::domain::{Id, IdMap};
use crate::ledger::AccountKind;

pub(super) struct Tail<'a> {
    pub shipment: Counted<'a>,
    /// Shipped more than invoiced (positive), or less; never zero.
    pub excess: i64,
    pub account: AccountKind,
    /// When the last of the documents counted.
    pub effective_on: Date,
}

/// What is known about one shipment from the documents that name it. Sums in `i128`: many documents may name one.
struct Billing {
    shipped: i128,
    shipped_pieces: Option<Decimal>,
    invoiced: i128,
    /// Blue less red; `None` as soon as a blue line does not say how many pieces.
    invoiced_pieces: Option<Decimal>,
    is_invoiced: bool,
    returned: i128,
    returned_pieces: Option<Decimal>,
    latest: Date,
}

/// `shipped` are the parts of each shipment.
pub(super) fn tails<'a>(
    view: &View<'a>,
    shipped: &[Vec<Part>],
    invoice_parts: &IdMap<Vec<Part>>,
    rounding_tolerance: i64,
) -> Vec<Tail<'a>> {
    let mut billings = billings(view, shipped, invoice_parts);
    let mut adjustments = adjustments(view, invoice_parts);
    let mut tails = Vec::new();
    for shipment in &view.shipments {
        let Some(billing) = billings.remove(&shipment.document.id) else { continue };
        let Some(mut excess) = excess(&billing, rounding_tolerance) else { continue };
        let mut effective_on = billing.latest;
        // An adjustment that somebody booked explains the difference before we do.
        for index in adjustments.by_shipment.remove(&shipment.document.id).unwrap_or_default() {
            let (left, adjusted_on) = &mut adjustments.left[index];
            if excess > 0 && *left > 0 {
                let explained = excess.min(*left);
                excess -= explained;
                *left -= explained;
                effective_on = effective_on.max(*adjusted_on);
            }
        }
        if excess != 0 {
            let is_rounding = excess.unsigned_abs() <= rounding_tolerance.unsigned_abs();
            let account = if is_rounding { AccountKind::Rounding } else { AccountKind::PriceDifference };
            tails.push(Tail { shipment: *shipment, excess, account, effective_on });
        }
    }
    tails
}

fn billings(view: &View<'_>, shipped: &[Vec<Part>], invoice_parts: &IdMap<Vec<Part>>) -> IdMap<Billing> {
    let mut billings: IdMap<Billing> = IdMap::default();
    for (shipment, parts) in view.shipments.iter().zip(shipped) {
        let pieces = parts
            .iter()
            .map(|part| part.pieces)
            .try_fold(Decimal::ZERO, |sum, pieces| pieces.and_then(|pieces| sum.checked_add(pieces)));
        billings.insert(
            shipment.document.id,
            Billing {
                shipped: i128::from(shipment.gross),
                shipped_pieces: pieces,
                invoiced: 0,
                invoiced_pieces: Some(Decimal::ZERO),
                is_invoiced: false,
                returned: 0,
                returned_pieces: Some(Decimal::ZERO),
                latest: shipment.effective_on,
            },
        );
    }
    let claims = view.invoices.iter().filter(|invoice| !is_opening(invoice.document)).chain(&view.reds);
    for invoice in claims {
        let red = is_red(invoice.document);
        for part in invoice_parts.get(&invoice.document.id).map_or(&[][..], Vec::as_slice) {
            let Some(billing) = part.shipment.and_then(|shipment| billings.get_mut(&shipment)) else { continue };
            billing.latest = billing.latest.max(invoice.effective_on);
            if red {
                // A red line without pieces reduces a price, not a quantity.
                let pieces = part.pieces.unwrap_or_default();
                billing.invoiced -= i128::from(part.gross);
                billing.invoiced_pieces = billing.invoiced_pieces.and_then(|sum| sum.checked_sub(pieces));
            } else {
                billing.is_invoiced = true;
                billing.invoiced += i128::from(part.gross);
                billing.invoiced_pieces = add(billing.invoiced_pieces, part.pieces);
            }
        }
    }
    for returned in &view.returns {
        for part in parts(returned) {
            let Some(billing) = part.shipment.and_then(|shipment| billings.get_mut(&shipment)) else { continue };
            billing.latest = billing.latest.max(returned.effective_on);
            billing.returned += i128::from(part.gross);
            billing.returned_pieces = add(billing.returned_pieces, part.pieces);
        }
    }
    billings
}

fn add(sum: Option<Decimal>, pieces: Option<Decimal>) -> Option<Decimal> {
    sum.zip(pieces).and_then(|(sum, pieces)| sum.checked_add(pieces))
}

/// How much more was shipped than is or ever will be invoiced; `None` while that is not decided, and when the difference
/// is larger than the goods: that is a wrong line, not a price.
fn excess(billing: &Billing, rounding_tolerance: i64) -> Option<i64> {
    if !billing.is_invoiced {
        return None;
    }
    let pieces = billing.shipped_pieces.filter(|pieces| !pieces.is_zero()).zip(billing.invoiced_pieces);
    let without_return = billing.shipped - billing.invoiced;
    let with_return = without_return - billing.returned;
    let decided = match pieces {
        Some((shipped, invoiced)) if invoiced == shipped => Some(without_return),
        Some((shipped, invoiced)) if add(Some(invoiced), billing.returned_pieces) == Some(shipped) => Some(with_return),
        Some(_) => None,
        None => {
            let within = |excess: &i128| excess.unsigned_abs() <= u128::from(rounding_tolerance.unsigned_abs());
            [without_return, with_return].into_iter().find(within)
        }
    };
    decided.filter(|excess| excess.abs() <= billing.shipped).and_then(|excess| i64::try_from(excess).ok())
}

/// Booked adjustments by the shipments that they concern, directly or through the invoice that they name.
struct Adjustments {
    by_shipment: IdMap<Vec<usize>>,
    left: Vec<(i64, Date)>,
}

fn adjustments(view: &View<'_>, invoice_parts: &IdMap<Vec<Part>>) -> Adjustments {
    let mut by_shipment: IdMap<Vec<usize>> = IdMap::default();
    for (index, adjustment) in view.adjustments.iter().enumerate() {
        let fields = &adjustment.document.fields;
        let invoice = fields.reference("invoice_no").and_then(|invoice| invoice_parts.get(&invoice));
        let billed = invoice.into_iter().flatten().filter_map(|part| part.shipment);
        let mut shipments: Vec<Id> = fields.reference("shipment_no").into_iter().chain(billed).collect();
        shipments.sort_unstable();
        shipments.dedup();
        for shipment in shipments {
            by_shipment.entry(shipment).or_default().push(index);
        }
    }
    let left = view.adjustments.iter().map(|adjustment| (adjustment.gross, adjustment.effective_on)).collect();
    Adjustments { by_shipment, left }
}
