//! `ledger why`: what a document rests on — the records that speak of it, what it posted by which rule, its pair, its money.
//!
//! It must not decide anything: everything shown was stored when it was decided.

use serde_json::{Value as Json, json};

use super::proposals::{proposal_json, proposal_line};
use super::{allocation_json, document_json, in_book, item_json};
use crate::app::AppError;
use crate::cli::output;
use crate::domain::{Currency, FactKind};
use crate::ledger::{Role, event};
use crate::store::{DocumentView, JournalRow, ProposalFilter, ProposalView, Store};

/// A payment is proposed for a dozen items at most, in each of a few books.
const PROPOSALS_MAX: usize = 100;

pub async fn run(
    store: &Store,
    book: Option<&str>,
    kind: Option<&str>,
    number: &str,
    as_json: bool,
) -> Result<(), AppError> {
    let kind = match kind {
        None => None,
        Some(name) => Some(FactKind::parse(name).ok_or_else(|| {
            let kinds: Vec<&str> = FactKind::ALL.iter().map(|kind| kind.name()).collect();
            AppError::Usage(format!("没有单据种类 `{name}` · no such kind; one of {}", kinds.join(", ")))
        })?),
    };
    let found = store.document(book, kind, number).await?;
    if found.is_empty() {
        return Err(AppError::Refused(format!("没有单据 `{number}` · no such document{}", in_book(book))));
    }
    let filter = ProposalFilter { book, payment: Some(number), ..ProposalFilter::default() };
    let proposed = store.proposals(filter, PROPOSALS_MAX).await?;
    if as_json {
        let documents: Vec<Json> = found.iter().map(|view| why_json(view, &proposed)).collect();
        return output::json(&json!({ "documents": documents }));
    }
    for view in &found {
        output::print(&why_text(view, &proposed))?;
    }
    Ok(())
}

/// What a payment is proposed for, also where a number is a payment's in two books or another document's too.
fn of_payment<'a>(view: &DocumentView, proposed: &'a [ProposalView]) -> impl Iterator<Item = &'a ProposalView> {
    let is_money = matches!(view.document.kind, FactKind::Payment | FactKind::Bill);
    let book = view.document.book.clone();
    proposed.iter().filter(move |proposal| is_money && proposal.book == book)
}

const fn role_name(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Booked => ("booked", "已入账 booked"),
        Role::Evidence => ("evidence", "仅佐证 evidence only"),
        Role::Stub => ("stub", "仅被引用或已撤回 only named, or withdrawn"),
    }
}

fn journal_json(row: &JournalRow) -> Json {
    let currency = row.posting.currency;
    json!({
        "batch": row.batch, "recorded_at": row.recorded_at.to_string(), "on": row.posting.effective_on.to_string(),
        "debit": row.posting.debit.kind.name(), "credit": row.posting.credit.kind.name(),
        "amount": row.posting.amount.plain(currency), "currency": currency.as_str(),
        "reversal": row.reversal, "rule": event(&row.posting, row.reversal),
    })
}

fn why_json(view: &DocumentView, proposed: &[ProposalView]) -> Json {
    let currency = view.document.currency().unwrap_or(Currency::CNY);
    let sources: Vec<Json> = view
        .sources
        .iter()
        .map(|source| {
            json!({
                "source": source.source, "stream": source.stream, "record": source.record_key, "books": source.books,
            })
        })
        .collect();
    let allocations: Vec<Json> =
        view.allocations.iter().map(|allocation| allocation_json(allocation, currency)).collect();
    json!({
        "book": view.document.book, "role": role_name(view.document.role).0, "document": document_json(&view.document),
        "sources": sources, "journal": view.journal.iter().map(journal_json).collect::<Vec<_>>(),
        "items": view.items.iter().map(|item| item_json(item, currency)).collect::<Vec<_>>(), "allocations": allocations,
        "proposals": of_payment(view, proposed).map(proposal_json).collect::<Vec<_>>(),
        "paired_with": view.paired_with.iter().map(document_json).collect::<Vec<_>>(),
    })
}

/// A tree of two levels: each branch is one kind of reason, each leaf one reason.
fn why_text(view: &DocumentView, proposed: &[ProposalView]) -> String {
    let document = &view.document;
    let currency = document.currency().unwrap_or(Currency::CNY);
    let gross = document.gross().map(|gross| format!("{} {currency}", gross.grouped(currency))).unwrap_or_default();
    let on = document.effective_on().map(|day| day.to_string()).unwrap_or_default();
    let role = role_name(document.role).1;
    let mut text = format!(
        "{} {} {} {on} {gross} {} · {role}\n",
        document.book,
        document.kind,
        document.number,
        document.status()
    );
    let sources = view.sources.iter().map(|source| {
        let says = if source.books { "入账 books" } else { "佐证 evidence" };
        format!("{}/{} {} · {says}", source.source, source.stream, source.record_key)
    });
    let journal = view.journal.iter().map(|row| {
        let posting = &row.posting;
        let back = if row.reversal { "冲回 takes back: " } else { "" };
        format!(
            "{} #{} Dr {} / Cr {} {} · {back}{}",
            posting.effective_on,
            row.batch,
            posting.debit.kind.name(),
            posting.credit.kind.name(),
            posting.amount.grouped(posting.currency),
            event(posting, row.reversal)
        )
    });
    let pairs =
        view.paired_with.iter().map(|other| format!("{} {} · 同一笔钱 the same money", other.kind, other.number));
    let allocations = view.allocations.iter().map(|allocation| {
        let amount = allocation.amount.grouped(currency);
        let (from, to) = (&allocation.from_number, &allocation.item_number);
        format!("{from} → {to} {amount} · {} · {}", allocation.rung, allocation.explanation)
    });
    let items = view.items.iter().map(|item| {
        let (gross, open) = (item.gross.grouped(currency), item.open.grouped(currency));
        format!("{} {gross}，未清 open {open}", item.number)
    });
    let branches: [(&str, Vec<String>); 6] = [
        ("来源 records that speak of it", sources.collect()),
        ("分录 what it posted, and by which rule", journal.collect()),
        ("配对 paired with", pairs.collect()),
        ("未清项 open items", items.collect()),
        ("核销 allocations", allocations.collect()),
        ("待确认的提议 proposals", of_payment(view, proposed).map(proposal_line).collect()),
    ];
    let branches: Vec<_> = branches.into_iter().filter(|(_, leaves)| !leaves.is_empty()).collect();
    for (index, (title, leaves)) in branches.iter().enumerate() {
        let is_last = index + 1 == branches.len();
        text.push_str(&format!("{} {title}\n", if is_last { "└─" } else { "├─" }));
        for (index, leaf) in leaves.iter().enumerate() {
            let stem = if is_last { "  " } else { "│ " };
            let twig = if index + 1 == leaves.len() { "└─" } else { "├─" };
            text.push_str(&format!("{stem} {twig} {leaf}\n"));
        }
    }
    text
}
