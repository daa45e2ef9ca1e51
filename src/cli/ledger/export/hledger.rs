//! The journal for hledger: <https://hledger.org/1.25/hledger.html#journal-format>.

use std::collections::BTreeSet;
use std::io::{Result, Write};

use super::accounts::{escaped, root};
use super::{Export, Writing};
use crate::domain::{Amount, Currency};
use crate::ledger::Account;
use crate::store::JournalLine;

pub(super) struct Hledger;

/// hledger reads these as syntax in an account's name, some only in front or twice in a row; they are escaped wherever
/// they stand.
const SYNTAX: &str = ":;()[]*!=@\"|%{}";

fn account(book: &str, account: &Account, export: &Export) -> String {
    let plain = |text: &str| {
        escaped(text, '%', |letter| !letter.is_whitespace() && !letter.is_control() && !SYNTAX.contains(letter))
    };
    let mut name = format!("{}:{}", plain(book), account.kind.name());
    for owner in export.labels.owners(account) {
        name.push(':');
        name.push_str(&plain(&owner));
    }
    name
}

/// A description ends at a semicolon and at the end of the line.
fn description(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || letter == ';' { ' ' } else { letter }).collect()
}

fn money(amount: Amount, currency: Currency) -> String {
    format!("{} {currency}", amount.plain(currency))
}

impl Writing for Hledger {
    fn begin(&self, out: &mut dyn Write, export: &Export) -> Result<()> {
        writeln!(out, "; Bihuan 闭环, the journal up to {}", export.anchor)?;
        let currencies: BTreeSet<Currency> = export.balances.iter().map(|balance| balance.currency).collect();
        for currency in currencies {
            writeln!(out, "commodity {}", money(Amount::units(1000), currency))?;
        }
        let accounts: BTreeSet<(String, char)> = export
            .balances
            .iter()
            .map(|balance| (account(&balance.book, &balance.account, export), root(balance.account.kind).1))
            .collect();
        for (name, kind) in accounts {
            writeln!(out, "account {name}  ; type: {kind}")?;
        }
        Ok(())
    }

    fn entry(&self, out: &mut dyn Write, entry: &[JournalLine], export: &Export) -> Result<()> {
        let Some(first) = entry.first() else { return Ok(()) };
        let (event, number) = export.labels.event(first);
        let day = first.posting.effective_on;
        let posted = if first.posted_on == day { String::new() } else { format!("={}", first.posted_on) };
        writeln!(
            out,
            "\n{day}{posted} {event} {}  ; entry: {}, cause: {}",
            description(&number),
            first.batch,
            first.cause
        )?;
        for line in entry {
            let posting = &line.posting;
            let note = if line.reversal { "  ; reversal:" } else { "" };
            let amount = money(posting.amount, posting.currency);
            writeln!(out, "    {}  {amount}{note}", account(&line.book, &posting.debit, export))?;
            writeln!(out, "    {}  -{amount}{note}", account(&line.book, &posting.credit, export))?;
        }
        Ok(())
    }

    /// The balances as assertions, in one transaction that moves nothing.
    fn end(&self, out: &mut dyn Write, export: &Export) -> Result<()> {
        if !export.is_whole {
            return Ok(());
        }
        writeln!(out, "\n{} 余额核对 balances as Bihuan keeps them", export.last_day)?;
        for balance in &export.balances {
            let name = account(&balance.book, &balance.account, export);
            let (zero, amount) = (money(Amount::ZERO, balance.currency), money(balance.amount, balance.currency));
            writeln!(out, "    {name}  {zero} = {amount}")?;
        }
        Ok(())
    }
}
