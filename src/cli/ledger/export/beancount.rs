//! The journal for Beancount 2: <https://beancount.github.io/docs/beancount_language_syntax.html>.

use std::collections::BTreeSet;
use std::io::{Result, Write};

use jiff::ToSpan as _;

use super::accounts::{escaped, root};
use super::{Export, Writing};
use crate::ledger::Account;
use crate::store::JournalLine;

pub(super) struct Beancount;

/// Accounts must be opened before their first row; nothing we keep is older.
const OPENED_ON: &str = "1970-01-01";

/// `Assets:Receivable:Unbilled:B-sz:P-CUST0001`. A part begins with a capital letter and has letters, digits and `-`.
fn account(book: &str, account: &Account, export: &Export) -> String {
    let plain = |text: &str| escaped(text, '-', |letter| letter.is_ascii_alphanumeric());
    let mut name = root(account.kind).0.to_owned();
    for part in account.kind.name().split(':') {
        name.push(':');
        name.extend(part.split('_').flat_map(capitalized));
    }
    name.push_str(&format!(":B-{}", plain(book)));
    for owner in export.labels.owners(account) {
        name.push_str(&format!(":P-{}", plain(&owner)));
    }
    name
}

fn capitalized(word: &str) -> impl Iterator<Item = char> {
    word.chars().enumerate().map(|(index, letter)| if index == 0 { letter.to_ascii_uppercase() } else { letter })
}

fn text(text: &str) -> String {
    let clean: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    format!("\"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Writing for Beancount {
    fn begin(&self, out: &mut dyn Write, export: &Export) -> Result<()> {
        writeln!(out, "; Bihuan 闭环, the journal up to {}\noption \"title\" \"Bihuan 闭环\"", export.anchor)?;
        let accounts: BTreeSet<String> =
            export.balances.iter().map(|balance| account(&balance.book, &balance.account, export)).collect();
        for name in accounts {
            writeln!(out, "{OPENED_ON} open {name}")?;
        }
        Ok(())
    }

    fn entry(&self, out: &mut dyn Write, entry: &[JournalLine], export: &Export) -> Result<()> {
        let Some(first) = entry.first() else { return Ok(()) };
        let (event, number) = export.labels.event(first);
        writeln!(out, "\n{} * {} {}", first.posting.effective_on, text(event), text(&number))?;
        writeln!(out, "  entry: \"{}\"\n  cause: \"{}\"", first.batch, first.cause)?;
        if first.posted_on != first.posting.effective_on {
            writeln!(out, "  posted: {}", first.posted_on)?;
        }
        for line in entry {
            let posting = &line.posting;
            let amount = posting.amount.plain(posting.currency);
            let currency = posting.currency;
            writeln!(out, "  {}  {amount} {currency}", account(&line.book, &posting.debit, export))?;
            writeln!(out, "  {}  -{amount} {currency}", account(&line.book, &posting.credit, export))?;
        }
        Ok(())
    }

    /// A balance holds at the beginning of its day, and to the last digit: `~ 0` is the tolerance.
    fn end(&self, out: &mut dyn Write, export: &Export) -> Result<()> {
        if !export.is_whole {
            return Ok(());
        }
        let day = export.last_day.saturating_add(1.day());
        writeln!(out)?;
        for balance in &export.balances {
            let name = account(&balance.book, &balance.account, export);
            let (amount, currency) = (balance.amount.plain(balance.currency), balance.currency);
            writeln!(out, "{day} balance {name}  {amount} ~ 0 {currency}")?;
        }
        Ok(())
    }
}
