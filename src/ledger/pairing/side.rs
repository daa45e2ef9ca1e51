//! What pairing looks at in a document, folded once, and which documents are looked at together.
//!
//! Why apart from the matching: money, goods and claims name the same things differently (a bank's serial, a waybill, the
//! number on a tax invoice), but are matched alike. It must not know who is matched with whom.

use jiff::civil::Date;

use super::super::Document;
use super::super::posting::{is_opening, is_outgoing};
use crate::domain::text::fold_name;
use crate::domain::{Amount, Currency, FactKind, Id};

/// What kind of event a document tells of; only documents of one class can be the same event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventClass {
    /// A bank line, a booked receipt, and the money that a bill brings when it matures or is discounted.
    Money,
    /// The shipment of the ERP and the delivery of the warehouse.
    Goods,
    /// The receivable of the ERP and the tax invoice.
    Claim,
}

impl EventClass {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Money => "pair",
            Self::Goods => "goods",
            Self::Claim => "claim",
        }
    }
}

/// The class of a document and the amount under which its twin is looked for; `None` when it has no twin.
///
/// A bill has one while it is held (its maturity may be seen by the bank first), once it has matured, and once it was
/// discounted (face value less interest); what was endorsed or dishonoured brings no money.
pub fn paired_as(document: &Document) -> Option<(EventClass, Currency, Amount)> {
    let currency = document.currency()?;
    let gross = document.gross()?;
    let (class, amount) = match document.kind {
        // Money of before cutover: the bank's line of it is history.
        FactKind::Payment if is_opening(document) => return None,
        FactKind::Payment => (EventClass::Money, gross),
        FactKind::Shipment => (EventClass::Goods, gross),
        FactKind::Invoice => (EventClass::Claim, gross),
        FactKind::Bill => match document.status() {
            "held" | "matured" => (EventClass::Money, gross),
            "discounted" => {
                let interest = document.fields.amount("interest").unwrap_or_default();
                (EventClass::Money, gross.checked_sub(interest).ok()?)
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((class, currency, amount))
}

/// A document as the matching sees it; empty texts are unknown.
pub struct Side<'a> {
    pub id: Id,
    pub class: EventClass,
    pub date: Date,
    pub currency: Currency,
    pub amount: Amount,
    /// Money out, or a red invoice: never the same event as its opposite.
    pub opposite: bool,
    /// The strong key: the bank's serial number, the waybill, the number on the tax invoice.
    pub serial: String,
    /// What must not differ: our own account, or the customer.
    pub owner: String,
    /// Who pays, or which orders it is for.
    pub payer: String,
    /// The text in which a bill's number may stand.
    text: String,
    /// Of a bill: money may come from whoever accepted it.
    bill: Option<String>,
    pub number: &'a str,
}

impl<'a> Side<'a> {
    /// `None` for what is not live, has no twin, or no date.
    pub fn of(document: &'a Document) -> Option<Self> {
        if !document.is_live() {
            return None;
        }
        let (class, currency, amount) = paired_as(document)?;
        let folded = |field: &str| fold_name(document.fields.text(field).unwrap_or_default());
        let bill = (document.kind == FactKind::Bill).then(|| fold_name(&document.number));
        let customer = || document.party().map(|party| party.to_string()).unwrap_or_default();
        let (serial, owner, payer) = match class {
            EventClass::Money => (folded("bank_ref"), folded("account"), folded("payer")),
            EventClass::Goods => (folded("waybill"), customer(), orders(document)),
            EventClass::Claim => (folded("tax_invoice_no"), customer(), orders(document)),
        };
        Some(Self {
            id: document.id,
            class,
            date: happened_on(document)?,
            currency,
            amount,
            opposite: is_outgoing(document) || document.fields.text("nature") == Some("red"),
            serial,
            owner,
            payer,
            text: folded("text"),
            bill,
            number: &document.number,
        })
    }

    /// Whether both carry the same strong key, or the bank line's text names the bill.
    pub fn is_same_serial(&self, other: &Self) -> bool {
        let names = |line: &Self, bill: &Self| {
            bill.bill.as_ref().is_some_and(|number| !number.is_empty() && line.text.contains(&**number))
        };
        (!self.serial.is_empty() && self.serial == other.serial) || names(self, other) || names(other, self)
    }

    pub fn is_bill(&self) -> bool {
        self.bill.is_some()
    }
}

/// The day on which the event happened; of a bill, the day on which its money comes.
fn happened_on(document: &Document) -> Option<Date> {
    if document.kind != FactKind::Bill {
        return document.effective_on();
    }
    let reached = document.fields.date("status_on").filter(|_| document.status() != "held");
    reached.or_else(|| document.fields.date("matures_on"))
}

/// The orders that its lines name, sorted.
fn orders(document: &Document) -> String {
    let mut orders: Vec<Id> = document.lines.iter().filter_map(|line| line.fields.reference("order_no")).collect();
    orders.sort_unstable();
    orders.dedup();
    orders.iter().map(Id::to_string).collect()
}
