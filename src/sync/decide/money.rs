//! Decisions about money: what it pays, whose it is, what it is. Each is checked against what stands now.
//!
//! Why so strict: a pin beats every rule, so one that was wrong from the start would be right for ever.

use super::named::{self, MONEY, TARGETS};
use super::{DecideError, Draft, Person, refused};
use crate::domain::{Amount, Currency, FactKind, Id, Value};
use crate::ledger::attribution::{is_identification, moves};
use crate::ledger::decision::action;
use crate::ledger::{Document, Role};
use crate::store::{AllocationView, DocumentView, ProposalFilter, Store};

/// A payment is proposed for a dozen items at most.
const PROPOSALS_MAX: usize = 50;
/// Rungs that a person's pin does not take from.
const FIXED: [&str; 2] = ["booked_settlement", "pinned"];

pub async fn allocate(
    store: &Store,
    person: &Person<'_>,
    money: &str,
    target: &str,
    amount: Option<&str>,
) -> Result<Draft, DecideError> {
    let money = named::one(store, person.book, money, &MONEY).await?;
    let target = named::one(store, Some(&money.book), target, &TARGETS).await?;
    let currency = currency(&money)?;
    same_party(store, &money, &target).await?;
    let of_target = target.currency().filter(|_| target.kind != FactKind::Order);
    if let Some(other) = of_target.filter(|other| *other != currency) {
        return refused(format!(
            "{} 是 {currency}，{} 是 {other}：跨币别需要协议汇率，请用 --amount 和 --settles · different currencies need an \
             agreed rate: say --amount and --settles",
            money.number, target.number
        ));
    }
    let amount = amount.map(|text| named::amount(text, currency)).transpose()?;
    let free = free_money(store, &money, &target).await?;
    let open = open_amount(store, &money, &target).await?;
    let most = open.map_or(free, |open| open.min(free));
    if most <= 0 || amount.is_some_and(|amount| amount.0 > most) {
        let shown = |micros: i64| Amount(micros.max(0)).grouped(currency);
        let open = open.map_or(String::new(), |open| format!("；{} 可核销 {} · open", target.number, shown(open)));
        return refused(format!(
            "超出可用金额 · more than there is: {} 可用 {} · free{open} ({currency})",
            money.number,
            shown(free)
        ));
    }
    Ok(Draft::new(&money.book, "allocate").about(&money).naming(field_of(&target), &target).gross(amount))
}

/// The agreed rate: `amount` of the money settles `settles` of the target.
pub async fn rate(
    store: &Store,
    person: &Person<'_>,
    money: &str,
    target: &str,
    amount: &str,
    settles: &str,
) -> Result<Draft, DecideError> {
    let money = named::one(store, person.book, money, &[FactKind::Payment]).await?;
    let target = named::one(store, Some(&money.book), target, &TARGETS).await?;
    let (from, to) = (currency(&money)?, currency(&target)?);
    if from == to {
        return refused(format!("两张单据都是 {from}，不需要汇率 · both are in {from}: leave out --settles"));
    }
    same_party(store, &money, &target).await?;
    let (gross, to_gross) = (named::amount(amount, from)?, named::amount(settles, to)?);
    let free = Amount(free_money(store, &money, &target).await?.max(0));
    let open = open_amount(store, &money, &target).await?.map(|open| Amount(open.max(0)));
    if gross > free || open.is_some_and(|open| to_gross > open) {
        let open =
            open.map_or(String::new(), |open| format!("；{} 可核销 {} {to} · open", target.number, open.grouped(to)));
        let free = free.grouped(from);
        return refused(format!("超出可用金额 · more than there is: {} 可用 {free} {from} · free{open}", money.number));
    }
    let draft = Draft::new(&money.book, "rate").about(&money).naming(field_of(&target), &target).gross(Some(gross));
    let draft = draft.with("to_currency", Value::Currency(to)).with("to_gross", Value::Amount(to_gross));
    Ok(match target.fields.get("customer") {
        Some(customer) => draft.with("customer", customer.clone()),
        None => draft,
    })
}

/// `confirm`, `reject` or `unallocate`: one decision for each thing that the money pays now, or for the one named. Of money
/// that pays nothing, what it is proposed for is confirmed or rejected.
pub async fn answer(
    store: &Store,
    person: &Person<'_>,
    action: &str,
    money: &str,
    target: Option<&str>,
) -> Result<Vec<Draft>, DecideError> {
    let money = named::one(store, person.book, money, &MONEY).await?;
    let target = match target {
        Some(number) => Some(named::one(store, Some(&money.book), number, &TARGETS).await?),
        None => None,
    };
    let mut answers: Vec<(Box<str>, Id, Amount)> =
        paying(store, &money).await?.into_iter().map(|paid| (paid.item_number, paid.item, paid.amount)).collect();
    if answers.is_empty() && action != "unallocate" {
        answers = proposed(store, &money).await?;
    }
    let mut answered: Vec<(Document, i64)> = Vec::new();
    for (number, item, amount) in &answers {
        let paid = paid_document(store, &money, number, *item).await?;
        let wanted = target.as_ref().is_none_or(|target| names(&paid, target));
        if let Some(document) = paid.filter(|_| wanted) {
            match answered.iter_mut().find(|(known, _)| known.id == document.id) {
                Some((_, known)) => *known += amount.0,
                None => answered.push((document, amount.0)),
            }
        }
    }
    match target {
        // What it might pay some day can be forbidden, but only what it pays or may pay can be confirmed.
        Some(target) if answered.is_empty() && action != "confirm" => answered.push((target, 0)),
        _ if answered.is_empty() => {
            return refused(format!(
                "{} 现在没有核销任何单据，也没有提议 · pays nothing now, and nothing is proposed",
                money.number
            ));
        }
        _ => {}
    }
    let draft = |(document, amount): (Document, i64)| {
        let draft = Draft::new(&money.book, action).about(&money).naming(field_of(&document), &document);
        draft.gross((action == "confirm").then_some(Amount(amount)))
    };
    Ok(answered.into_iter().map(draft).collect())
}

pub async fn identify(
    store: &Store,
    person: &Person<'_>,
    money: &str,
    customer: &str,
    amount: Option<&str>,
    remember: bool,
) -> Result<Draft, DecideError> {
    let money = named::one(store, person.book, money, &[FactKind::Payment]).await?;
    let customer = named::customer(store, &money.book, customer).await?;
    let currency = currency(&money)?;
    let amount = amount.map(|text| named::amount(text, currency)).transpose()?;
    let given = given(store, &money).await?;
    let own = if money.party() == Some(customer.id) { money.gross().unwrap_or_default().0 } else { 0 };
    let left = money.gross().unwrap_or_default().0 - given - own;
    if left <= 0 || amount.is_some_and(|amount| amount.0 > left) {
        let (number, left) = (&money.number, Amount(left.max(0)).grouped(currency));
        return refused(format!(
            "{number} 只有 {left} {currency} 可认领 · only {left} can be given to another customer"
        ));
    }
    let payer = money.fields.text("payer").filter(|_| remember);
    if remember && payer.is_none() {
        return refused(format!("{} 没有付款方名称，无法记住 · names no payer to remember", money.number));
    }
    let draft = Draft::new(&money.book, "identify").about(&money).naming("customer", &customer).gross(amount);
    Ok(match payer {
        Some(payer) => draft.with("payer", Value::text(payer)),
        None => draft,
    })
}

/// Only bank lines: what finance booked is finance's to change.
pub async fn classify(store: &Store, person: &Person<'_>, line: &str, class: &str) -> Result<Draft, DecideError> {
    let line = named::one(store, person.book, line, &[FactKind::Payment]).await?;
    if line.role != Role::Evidence {
        return refused(format!(
            "{} 已由财务入账，请在财务系统修改 · is booked: change it where it is booked",
            line.number
        ));
    }
    Ok(Draft::new(&line.book, "classify").about(&line).with("class", Value::text(class)))
}

pub async fn pair(
    store: &Store,
    person: &Person<'_>,
    action: &str,
    line: &str,
    receipt: &str,
) -> Result<Draft, DecideError> {
    let line = named::one(store, person.book, line, &[FactKind::Payment]).await?;
    let receipt = named::one(store, Some(&line.book), receipt, &[FactKind::Payment]).await?;
    if line.role != Role::Evidence || receipt.role != Role::Booked {
        let (line, receipt) = (&line.number, &receipt.number);
        return refused(format!(
            "需要银行流水与收款单 · a bank line and a receipt are needed, not {line} and {receipt}"
        ));
    }
    if line.currency() != receipt.currency() {
        return refused(format!("{} 与 {} 币别不同 · have different currencies", line.number, receipt.number));
    }
    Ok(Draft::new(&line.book, action).about(&receipt).naming("evidence_no", &line))
}

fn currency(money: &Document) -> Result<Currency, DecideError> {
    money.currency().ok_or_else(|| DecideError::Refused(format!("{} 没有币别 · has no currency", money.number)))
}

const fn field_of(target: &Document) -> &'static str {
    match target.kind {
        FactKind::Order => "order_no",
        FactKind::Shipment => "shipment_no",
        _ => "invoice_no",
    }
}

/// Whether the money is, or was given to, a customer of the target.
async fn same_party(store: &Store, money: &Document, target: &Document) -> Result<(), DecideError> {
    let receipt = store.receipt_of(money.id).await?;
    let decisions = store.decisions_about(&[money.id, receipt]).await?;
    let given = decisions.iter().filter(|decision| is_identification(decision));
    let mut owners: Vec<_> = given.filter_map(|decision| decision.fields.reference("customer")).collect();
    owners.extend(money.parties());
    if receipt != money.id {
        owners.extend(store.documents_by_id(&[receipt]).await?.iter().flat_map(Document::parties));
    }
    if target.parties().iter().any(|party| owners.contains(party)) {
        return Ok(());
    }
    let (money, target) = (&money.number, &target.number);
    if owners.is_empty() {
        return refused(format!(
            "{money} 还不知道是谁的款，请先 `ledger identify` · nobody's money yet: identify it first"
        ));
    }
    refused(format!(
        "{money} 与 {target} 不属于同一客户；代付请先 `ledger identify {money} 客户` · another customer's; if it was paid \
         for them, identify it first"
    ))
}

/// What the money pays now.
async fn paying(store: &Store, money: &Document) -> Result<Vec<AllocationView>, DecideError> {
    let receipt = store.receipt_of(money.id).await?;
    Ok(store.allocations_of(receipt).await?)
}

/// Micros that are neither settled in the ERP nor given to something else by a person.
async fn free_money(store: &Store, money: &Document, target: &Document) -> Result<i64, DecideError> {
    let mut free = money.gross().unwrap_or_default().0;
    for rate in store.decisions_about(&[money.id]).await?.iter().filter(|one| action(one) == "rate") {
        free -= rate.fields.amount("gross").unwrap_or_default().0;
    }
    for allocation in paying(store, money).await?.iter().filter(|one| FIXED.contains(&&*one.rung)) {
        let paid = paid_document(store, money, &allocation.item_number, allocation.item).await?;
        let is_again = &*allocation.rung == "pinned" && names(&paid, target);
        free -= if is_again { 0 } else { allocation.amount.0 };
    }
    Ok(free)
}

/// Micros of the target that are neither settled in the ERP, nor credited, nor given to other money by a person; `None`
/// for an order, whose goods may still come.
async fn open_amount(store: &Store, money: &Document, target: &Document) -> Result<Option<i64>, DecideError> {
    if target.kind == FactKind::Order {
        return Ok(None);
    }
    let receipt = store.receipt_of(money.id).await?;
    let views = store.document(Some(&target.book), Some(target.kind), &target.number).await?;
    let Some(view) = views.into_iter().find(|view| view.document.id == target.id) else { return Ok(Some(0)) };
    let DocumentView { items, allocations, .. } = view;
    let gross: i64 = items.iter().map(|item| item.gross.0.max(0)).sum();
    let is_fixed = |one: &&AllocationView| {
        let others = one.from != receipt && FIXED.contains(&&*one.rung);
        let booked = ["booked_settlement", "credit_note", "agreed_rate"].contains(&&*one.rung);
        items.iter().any(|item| item.id == one.item) && (others || booked)
    };
    let fixed: i64 = allocations.iter().filter(is_fixed).map(|one| one.amount.0 + one.tolerated.0).sum();
    Ok(Some(gross - fixed))
}

/// `(number, item, amount)` of what the money is proposed for.
async fn proposed(store: &Store, money: &Document) -> Result<Vec<(Box<str>, Id, Amount)>, DecideError> {
    let filter = ProposalFilter { book: Some(&money.book), payment: Some(&money.number), customer: None };
    let found = store.proposals(filter, PROPOSALS_MAX).await?;
    Ok(found.into_iter().map(|proposal| (proposal.item, proposal.item_id, proposal.amount)).collect())
}

/// The invoice or shipment whose item is paid.
async fn paid_document(
    store: &Store,
    money: &Document,
    number: &str,
    item: Id,
) -> Result<Option<Document>, DecideError> {
    let views = store.document(Some(&money.book), None, number).await?;
    let paid = views.into_iter().find(|view| view.items.iter().any(|known| known.id == item));
    Ok(paid.map(|view| view.document))
}

/// Whether the document that is paid is the target, or is for the order that is the target.
fn names(paid: &Option<Document>, target: &Document) -> bool {
    let for_order =
        |document: &Document| document.lines.iter().any(|line| line.fields.reference("order_no") == Some(target.id));
    paid.as_ref().is_some_and(|document| document.id == target.id || for_order(document))
}

/// Micros of a payment that people gave to customers already.
async fn given(store: &Store, money: &Document) -> Result<i64, DecideError> {
    let decisions = store.decisions_about(&[money.id]).await?;
    let decisions: Vec<&Document> = decisions.iter().collect();
    let about = |decision: &Document| decision.fields.reference("payment_no");
    Ok(moves(money, &decisions, &about).iter().map(|part| part.amount.0).sum())
}
