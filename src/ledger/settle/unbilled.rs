//! What stands behind `receivable:unbilled`: which invoice bills which goods, and what is left on either side.
//!
//! Shipments and red invoices raise the account; invoices, returns and adjustments lower it. Each is cut into entries by
//! the shipment and order that its lines name, and entries of opposite sign that name the same thing cancel out, in
//! fixed stages and each group in date order. What stays is either goods to be billed, an invoice in front of its goods
//! (先票后货), or a credit: goods came back, or a price was reduced, and no red invoice has been written yet.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::tails::tails;
use super::view::{Counted, Part, View, is_opening, parts};
use crate::domain::{Id, IdMap};
use crate::ledger::posting::gross_of;
use crate::ledger::{AccountKind, BookPolicy, Document, ReceivableBasis};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Shipment,
    /// Goods that left before cutover and were billed after it.
    Cutover,
    Red,
    /// The invoice is higher than its goods though it bills all pieces of them.
    TailUp,
    Invoice,
    Return,
    Adjustment,
    /// The invoice is lower than its goods though it bills all pieces of them.
    TailDown,
}

/// What entries must have in common to cancel out; shipments are tried first, orders last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Shipment(Id),
    Invoice(Id),
    Order(Id),
}

pub(super) struct Entry<'a> {
    pub side: Side,
    pub document: &'a Document,
    pub effective_on: Date,
    pub shipment: Option<Id>,
    pub order: Option<Id>,
    pub total: i64,
    pub left: i64,
    /// How much of a shipment is invoiced.
    pub with_invoices: i64,
    /// How much of a red invoice stands for returns and adjustments.
    pub with_credits: i64,
    /// Where a tail, or what was open at cutover, is posted to.
    pub contra: AccountKind,
    scopes: Vec<Scope>,
}

/// So much of a shipment's entry is billed by an invoice.
pub(super) struct Claim {
    pub shipment: Id,
    pub order: Option<Id>,
    pub invoice: Id,
    pub amount: i64,
}

pub(super) struct Unbilled<'a> {
    pub entries: Vec<Entry<'a>>,
    pub claims: Vec<Claim>,
    /// The parts of each invoice and red invoice, after resolving what they name.
    pub invoice_parts: IdMap<Vec<Part>>,
}

impl<'a> Unbilled<'a> {
    pub fn of(view: &View<'a>, policy: &BookPolicy) -> Self {
        let invoice_parts = invoice_parts(view);
        let mut this = Self { entries: Vec::new(), claims: Vec::new(), invoice_parts };
        let shipped: Vec<Vec<Part>> = view.shipments.iter().map(parts).collect();
        for (shipment, parts) in view.shipments.iter().zip(&shipped) {
            for part in parts {
                let order = part.order.map(Scope::Order);
                let scopes = [Scope::Shipment(shipment.document.id)].into_iter().chain(order).collect();
                this.push(Side::Shipment, shipment, part, scopes);
            }
        }
        this.add_invoices(view);
        this.add_credits(view);
        this.add_tails(view, &shipped, policy.rounding_tolerance.0);
        // Where shipments are the items, the opening positions are shipments, and an invoice only moves them.
        if let (Some(cutover), ReceivableBasis::Invoices) = (policy.cutover, policy.receivable_basis) {
            this.add_goods_before(cutover, view);
        }
        this.cancel();
        this
    }

    fn push(&mut self, side: Side, counted: &Counted<'a>, part: &Part, scopes: Vec<Scope>) {
        self.entries.push(Entry {
            side,
            document: counted.document,
            effective_on: counted.effective_on,
            shipment: part.shipment,
            order: part.order,
            total: part.gross,
            left: part.gross,
            with_invoices: 0,
            with_credits: 0,
            contra: AccountKind::PriceDifference,
            scopes,
        });
    }

    fn add_invoices(&mut self, view: &View<'a>) {
        let parts = std::mem::take(&mut self.invoice_parts);
        for invoice in view.invoices.iter().filter(|invoice| !is_opening(invoice.document)) {
            let own = Scope::Invoice(invoice.document.id);
            for part in parts.get(&invoice.document.id).map_or(&[][..], Vec::as_slice) {
                // A line that names a shipment waits for just that one, even if others of its order are unbilled.
                let named = part.shipment.map(Scope::Shipment).or(part.order.map(Scope::Order));
                self.push(Side::Invoice, invoice, part, named.into_iter().chain([own]).collect());
            }
        }
        for red in &view.reds {
            let reversed = red.document.fields.reference("reverses");
            for part in parts.get(&red.document.id).map_or(&[][..], Vec::as_slice) {
                let mut scopes: Vec<Scope> = part.shipment.map(Scope::Shipment).into_iter().collect();
                scopes.extend(part.order.map(Scope::Order));
                scopes.extend(reversed.map(Scope::Invoice));
                if part.shipment.is_none() && part.order.is_none() {
                    scopes.extend(scopes_of_invoice(&parts, reversed));
                }
                self.push(Side::Red, red, part, scopes);
            }
        }
        self.invoice_parts = parts;
    }

    fn add_credits(&mut self, view: &View<'a>) {
        for returned in &view.returns {
            for part in parts(returned) {
                let named = part.shipment.map(Scope::Shipment).or(part.order.map(Scope::Order));
                self.push(Side::Return, returned, &part, named.into_iter().collect());
            }
        }
        for adjustment in &view.adjustments {
            let fields = &adjustment.document.fields;
            let (shipment, invoice) = (fields.reference("shipment_no"), fields.reference("invoice_no"));
            let mut scopes: Vec<Scope> = shipment.map(Scope::Shipment).into_iter().collect();
            scopes.extend(invoice.map(Scope::Invoice));
            let of_invoice = scopes_of_invoice(&self.invoice_parts, invoice);
            scopes.extend(of_invoice.into_iter().filter(|scope| matches!(scope, Scope::Shipment(_))));
            scopes.sort_unstable();
            scopes.dedup();
            let part = Part { shipment, order: None, pieces: None, gross: adjustment.gross };
            self.push(Side::Adjustment, adjustment, &part, scopes);
        }
    }

    fn add_tails(&mut self, view: &View<'a>, shipped: &[Vec<Part>], rounding_tolerance: i64) {
        for tail in tails(view, shipped, &self.invoice_parts, rounding_tolerance) {
            let side = if tail.excess > 0 { Side::TailDown } else { Side::TailUp };
            let shipment = tail.shipment.document.id;
            let gross = tail.excess.saturating_abs();
            let part = Part { shipment: Some(shipment), order: None, pieces: None, gross };
            let counted = Counted { effective_on: tail.effective_on, ..tail.shipment };
            self.push(side, &counted, &part, vec![Scope::Shipment(shipment)]);
            if let Some(entry) = self.entries.last_mut() {
                entry.contra = tail.account;
            }
        }
    }

    /// An invoice may bill goods that left before cutover and posted nothing. They were unbilled then, so they are part of
    /// the opening position: as much of them as is billed, at most what was shipped.
    fn add_goods_before(&mut self, cutover: Date, view: &View<'a>) {
        let mut billed: BTreeMap<Id, i128> = BTreeMap::new();
        for (invoices, sign) in [(&view.invoices, 1), (&view.reds, -1)] {
            for invoice in invoices.iter().filter(|invoice| !is_opening(invoice.document)) {
                let parts = self.invoice_parts.get(&invoice.document.id).map_or(&[][..], Vec::as_slice);
                for (shipment, gross) in parts.iter().filter_map(|part| Some((part.shipment?, part.gross))) {
                    *billed.entry(shipment).or_default() += sign * i128::from(gross);
                }
            }
        }
        for (shipment, billed) in billed {
            let Some(document) = view.all_shipments.get(&shipment).copied() else { continue };
            let is_old = document.effective_on().is_some_and(|date| date < cutover);
            let is_sale = document.fields.text("nature") == Some("sale") && document.status() == "shipped";
            let Some(shipped) = gross_of(document).ok().filter(|_| is_old && is_sale) else { continue };
            let Ok(gross) = i64::try_from(billed.clamp(0, i128::from(shipped.0))) else { continue };
            let part = Part { shipment: Some(shipment), order: None, pieces: None, gross };
            let counted = Counted { document, effective_on: cutover, gross };
            self.push(Side::Cutover, &counted, &part, vec![Scope::Shipment(shipment)]);
            if let Some(entry) = self.entries.last_mut() {
                entry.contra = AccountKind::Opening;
            }
        }
    }

    /// The stages. Goods meet their invoices first, so that what comes back later meets its red invoice and not the
    /// goods; only then does anything else that names the same thing cancel out.
    fn cancel(&mut self) {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|index| {
            let entry = &self.entries[*index];
            (entry.effective_on, entry.document.id, entry.shipment, entry.order)
        });
        let groups = self.groups(&order);
        use Side::{Adjustment, Cutover, Invoice, Red, Return, Shipment, TailDown, TailUp};
        for (raising, lowering) in [
            (&[Shipment][..], &[TailDown][..]),
            (&[TailUp], &[Invoice]),
            (&[Shipment, Cutover], &[Invoice]),
            (&[Red], &[Return, Adjustment]),
            (&[Shipment, Red], &[Invoice, Return, Adjustment]),
        ] {
            for members in &groups {
                self.meet(members, raising, lowering);
            }
        }
        // What names nothing: a red invoice stands for any credit; an invoice bills the oldest goods.
        self.meet(&order, &[Red], &[Return, Adjustment]);
        let is_loose = |entry: &Entry<'_>| {
            entry.side != Invoice || entry.scopes.iter().all(|scope| matches!(scope, Scope::Invoice(_)))
        };
        let loose: Vec<usize> = order.into_iter().filter(|index| is_loose(&self.entries[*index])).collect();
        self.meet(&loose, &[Shipment], &[Invoice]);
        self.meet(&loose, &[Red], &[Invoice]);
    }

    /// Entries that name the same thing, each group in the order of `order`. One alone has nobody to meet.
    fn groups(&self, order: &[usize]) -> Vec<Vec<usize>> {
        let mut places: Vec<(Scope, usize)> = Vec::with_capacity(2 * order.len());
        for (place, index) in order.iter().enumerate() {
            places.extend(self.entries[*index].scopes.iter().map(|scope| (*scope, place)));
        }
        places.sort_unstable();
        let groups = places.chunk_by(|(a, _), (b, _)| a == b).filter(|group| group.len() > 1);
        groups.map(|group| group.iter().map(|(_, place)| order[*place]).collect()).collect()
    }

    /// Cancels entries of the given sides against each other, first come first served.
    fn meet(&mut self, members: &[usize], raising: &[Side], lowering: &[Side]) {
        let (mut ups, mut downs) = (members, members);
        while let (Some(up), Some(down)) = (self.next(&mut ups, raising), self.next(&mut downs, lowering)) {
            let amount = self.entries[up].left.min(self.entries[down].left);
            self.cancel_pair(up, down, amount);
        }
    }

    /// The first member of one of these sides of which something is left; those before it are done with.
    fn next(&self, members: &mut &[usize], sides: &[Side]) -> Option<usize> {
        let has_left = |index: &usize| self.entries[*index].left > 0 && sides.contains(&self.entries[*index].side);
        let position = members.iter().position(has_left)?;
        *members = &members[position..];
        members.first().copied()
    }

    fn cancel_pair(&mut self, up: usize, down: usize, amount: i64) {
        self.entries[up].left -= amount;
        self.entries[down].left -= amount;
        let lowering = self.entries[down].side;
        let invoice = self.entries[down].document.id;
        let raised = &mut self.entries[up];
        match lowering {
            Side::Invoice if raised.side == Side::Shipment => {
                raised.with_invoices += amount;
                let (shipment, order) = (raised.document.id, raised.order);
                self.claims.push(Claim { shipment, order, invoice, amount });
            }
            Side::Return | Side::Adjustment => raised.with_credits += amount,
            _ => {}
        }
    }
}

/// The shipments and orders that an invoice bills.
fn scopes_of_invoice(parts: &IdMap<Vec<Part>>, invoice: Option<Id>) -> Vec<Scope> {
    let parts = invoice.and_then(|invoice| parts.get(&invoice)).map_or(&[][..], Vec::as_slice);
    let mut scopes: Vec<Scope> = parts
        .iter()
        .flat_map(|part| part.shipment.map(Scope::Shipment).into_iter().chain(part.order.map(Scope::Order)))
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// The parts of every invoice. A red one that names nothing but the invoice it reverses takes over what that one names:
/// all of it when it reverses the whole, the only shipment when there is only one. A red line that names a return (the
/// ERP writes the return's number where the shipment's stands) is about the shipment that came back.
fn invoice_parts(view: &View<'_>) -> IdMap<Vec<Part>> {
    let mut known: IdMap<Vec<Part>> =
        view.invoices.iter().map(|invoice| (invoice.document.id, parts(invoice))).collect();
    let returned: HashMap<&str, Vec<Part>> =
        view.returns.iter().map(|returned| (&*returned.document.number, parts(returned))).collect();
    for red in &view.reds {
        let mut own = parts(red);
        let numbers: IdMap<&str> = red
            .document
            .lines
            .iter()
            .filter_map(|line| Some((line.fields.reference("shipment_no")?, line.fields.text("shipment_no")?)))
            .collect();
        for part in &mut own {
            let number = part.shipment.and_then(|shipment| numbers.get(&shipment));
            if let Some([first, rest @ ..]) = number.and_then(|number| returned.get(number)).map(Vec::as_slice) {
                let same = rest.iter().all(|other| other.shipment == first.shipment);
                part.shipment = first.shipment.filter(|_| same);
                part.order = part.order.or(first.order.filter(|_| same));
            }
        }
        let names_nothing = own.iter().all(|part| part.shipment.is_none() && part.order.is_none());
        let reversed = red.document.fields.reference("reverses").and_then(|reversed| known.get(&reversed));
        if let (true, Some(reversed)) = (names_nothing, reversed) {
            let whole = reversed.iter().map(|part| i128::from(part.gross)).sum::<i128>() == i128::from(red.gross);
            if whole {
                own = reversed.clone();
            } else if let ([only], [part]) = (reversed.as_slice(), own.as_mut_slice()) {
                (part.shipment, part.order) = (only.shipment, only.order);
            }
        }
        known.insert(red.document.id, own);
    }
    known
}
