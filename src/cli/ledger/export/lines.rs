//! The journal one transfer a line: CSV for sheets and databases, NDJSON for programs.
//!
//! NDJSON begins with the anchor, carries what people decided beside the transfers, and ends with the balances.

use std::io::{Result, Write};

use serde_json::{Value as Json, json};

use super::{Export, Writing};
use crate::cli::csv;
use crate::cli::ledger::fields_json;
use crate::ledger::{Account, Document};
use crate::store::JournalLine;

pub(super) struct Csv;
pub(super) struct Ndjson;

const COLUMNS: [&str; 18] = [
    "batch",
    "seq",
    "recorded_at",
    "book",
    "effective_on",
    "posted_on",
    "event",
    "document",
    "debit",
    "debit_customer",
    "debit_order",
    "credit",
    "credit_customer",
    "credit_order",
    "currency",
    "amount",
    "reversal",
    "hash",
];

fn cells(line: &JournalLine, export: &Export) -> [String; COLUMNS.len()] {
    let posting = &line.posting;
    let owner = |id: Option<crate::domain::Id>| id.map(|id| export.labels.of(id)).unwrap_or_default();
    let side = |account: &Account| [account.kind.name().to_owned(), owner(account.party), owner(account.order)];
    let [debit, debit_customer, debit_order] = side(&posting.debit);
    let [credit, credit_customer, credit_order] = side(&posting.credit);
    let (event, document) = export.labels.event(line);
    [
        line.batch.to_string(),
        line.seq.to_string(),
        line.recorded_at.to_string(),
        line.book.to_string(),
        posting.effective_on.to_string(),
        line.posted_on.to_string(),
        event.to_owned(),
        document,
        debit,
        debit_customer,
        debit_order,
        credit,
        credit_customer,
        credit_order,
        posting.currency.to_string(),
        posting.amount.plain(posting.currency),
        line.reversal.to_string(),
        line.hash.to_string(),
    ]
}

impl Writing for Csv {
    fn begin(&self, out: &mut dyn Write, _: &Export) -> Result<()> {
        out.write_all(csv::BYTE_ORDER_MARK.as_bytes())?;
        csv::row(out, &COLUMNS.map(str::to_owned))
    }

    fn entry(&self, out: &mut dyn Write, entry: &[JournalLine], export: &Export) -> Result<()> {
        entry.iter().try_for_each(|line| csv::row(out, &cells(line, export)))
    }

    fn end(&self, _: &mut dyn Write, _: &Export) -> Result<()> {
        Ok(())
    }
}

impl Writing for Ndjson {
    fn begin(&self, out: &mut dyn Write, export: &Export) -> Result<()> {
        writeln!(out, "{}", json!({ "type": "journal", "format": 1, "anchor": export.anchor }))?;
        export.decisions.iter().try_for_each(|decision| writeln!(out, "{decision}"))
    }

    fn entry(&self, out: &mut dyn Write, entry: &[JournalLine], export: &Export) -> Result<()> {
        for line in entry {
            let mut object = serde_json::Map::from_iter([("type".to_owned(), Json::from("transfer"))]);
            let cells = COLUMNS.iter().zip(cells(line, export)).filter(|(_, cell)| !cell.is_empty());
            object.extend(cells.map(|(name, cell)| ((*name).to_owned(), Json::from(cell))));
            object.insert("batch".to_owned(), line.batch.into());
            object.insert("seq".to_owned(), line.seq.into());
            object.insert("reversal".to_owned(), line.reversal.into());
            object.insert("cause".to_owned(), line.cause.to_string().into());
            writeln!(out, "{}", Json::Object(object))?;
        }
        Ok(())
    }

    fn end(&self, out: &mut dyn Write, export: &Export) -> Result<()> {
        for balance in export.balances.iter().filter(|_| export.is_whole) {
            let account = &balance.account;
            let object = json!({
                "type": "balance", "book": balance.book, "account": account.kind.name(),
                "customer": account.party.map(|id| export.labels.of(id)),
                "order": account.order.map(|id| export.labels.of(id)),
                "currency": balance.currency.as_str(), "amount": balance.amount.plain(balance.currency),
            });
            writeln!(out, "{object}")?;
        }
        Ok(())
    }
}

/// One decision as a line.
pub(super) fn decision(decision: &Document) -> String {
    json!({ "type": "decision", "book": decision.book, "decision": fields_json(decision) }).to_string()
}
