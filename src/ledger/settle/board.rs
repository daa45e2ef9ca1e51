//! Where items and money lie while the rungs bring them together. Every change of an open amount goes through here, so
//! that an allocation, its posting and what is left can never disagree.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::civil::Date;

use super::items::{Credit, Item, Items, item_order};
use super::money::{Money, Purse};
use super::unbilled::{Side, Unbilled};
use super::view::View;
use super::{Allocation, Leftover, OpenItem, OpenItemKind, Proposal, Rung, SettleInput, Settlement};
use crate::domain::{Amount, FactKind, Id, IdMap};
use crate::ledger::posting::is_outgoing;
use crate::ledger::{Account, AccountKind, Posting};

/// A shortage is taken as a bank fee only up to this part of the payment: 50 short of 100 is not a fee.
const FEE_PART_OF_PAYMENT: i64 = 20;

pub(super) struct Board<'a> {
    pub input: &'a SettleInput<'a>,
    /// In the order of payment.
    pub items: Vec<Item>,
    pub credits: Vec<Credit>,
    pub purse: Purse<'a>,
    /// Items that a document's id names, in the order of payment, with the share that it stands for.
    pub targets: IdMap<Vec<(usize, i64)>>,
    /// Items with something open: in the order of payment, and by amount.
    pub open: BTreeSet<usize>,
    pub by_amount: BTreeSet<(i64, usize)>,
    /// (payment or bill, item): what a person said does not belong together. No rung but a person's own may pay it.
    pub barred: HashSet<(Id, Id)>,
    prebilled: Vec<OpenItem>,
    allocations: Vec<Allocation>,
    postings: Vec<Posting>,
}

/// Whether a payment that is used up may leave a small rest of the item as bank fee or rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortage {
    Tolerated,
    StaysOpen,
}

impl<'a> Board<'a> {
    pub fn new(input: &'a SettleInput<'a>, items: Items, purse: Purse<'a>) -> Self {
        let Items { items, credits, prebilled } = items;
        let mut targets: IdMap<Vec<(usize, i64)>> = IdMap::default();
        for (index, item) in items.iter().enumerate() {
            for (id, share) in &item.links {
                targets.entry(*id).or_default().push((index, *share));
            }
        }
        let open = (0..items.len()).collect();
        let by_amount = items.iter().enumerate().map(|(index, item)| (item.shown.open.0, index)).collect();
        Self {
            input,
            items,
            credits,
            purse,
            targets,
            open,
            by_amount,
            barred: HashSet::new(),
            prebilled,
            allocations: Vec::new(),
            postings: Vec::new(),
        }
    }

    pub fn open_of(&self, item: usize) -> i64 {
        self.items[item].shown.open.0
    }

    pub fn targets_of(&self, id: Id) -> Vec<(usize, i64)> {
        self.targets.get(&id).cloned().unwrap_or_default()
    }

    /// Whether a person said that this money does not pay this item.
    pub fn bars(&self, money: usize, item: usize) -> bool {
        !self.barred.is_empty()
            && self.barred.contains(&(self.purse.money[money].document.id, self.items[item].shown.id))
    }

    /// The first open item, in the order of payment, that `money` may pay.
    pub fn oldest_for(&self, money: usize) -> Option<usize> {
        self.open.iter().copied().find(|item| !self.bars(money, *item))
    }

    /// How much `money` may be short of an item it is meant to pay in full.
    pub fn tolerance(&self, money: &Money<'_>) -> i64 {
        let policy = self.input.policy;
        let fee = policy.bank_fee_tolerance.0.min(money.total / FEE_PART_OF_PAYMENT);
        fee.max(policy.rounding_tolerance.0).max(money.fee)
    }

    /// Pays `item` from `money`, at most `limit`; returns how much.
    pub fn pay(
        &mut self,
        money: usize,
        item: usize,
        limit: i64,
        rung: Rung,
        shortage: Shortage,
        explanation: &str,
    ) -> i64 {
        let source = &self.purse.money[money];
        let amount = source.left.min(limit).min(self.open_of(item));
        if amount <= 0 || rung != Rung::Pinned && self.bars(money, item) {
            return 0;
        }
        let (from, account) = (source.document.id, source.account);
        let effective_on = source.effective_on.max(self.items[item].effective_on);
        self.purse.money[money].left -= amount;
        for (kind, part) in self.reduce(item, amount) {
            self.post(effective_on, account, self.of_party(kind), part);
        }
        let rest = self.open_of(item);
        let source = &self.purse.money[money];
        let is_short =
            shortage == Shortage::Tolerated && source.left == 0 && (1..=self.tolerance(source)).contains(&rest);
        let tolerated = if is_short { self.forgive(item, rest, effective_on) } else { 0 };
        self.allocations.push(Allocation {
            from,
            item: self.items[item].shown.id,
            amount: Amount(amount),
            tolerated: Amount(tolerated),
            effective_on,
            rung,
            explanation: explanation.to_owned(),
        });
        amount
    }

    /// Keeps up to `limit` of this money for an order whose goods are still to come; returns how much.
    pub fn keep(&mut self, money: usize, limit: i64) -> i64 {
        let kept = self.purse.money[money].left.min(limit);
        if kept > 0 && !self.purse.money[money].is_reserved {
            self.purse.keep(money, kept);
        }
        kept
    }

    /// Writes the rest of an item off as rounding or bank fee.
    fn forgive(&mut self, item: usize, rest: i64, effective_on: Date) -> i64 {
        let is_rounding = rest <= self.input.policy.rounding_tolerance.0;
        let kind = if is_rounding { AccountKind::Rounding } else { AccountKind::BankFee };
        for (account, part) in self.reduce(item, rest) {
            self.post(effective_on, Account::of_book(kind), self.of_party(account), part);
        }
        rest
    }

    /// Lets a credit reduce an item, at most by `limit`; returns by how much.
    pub fn credit(&mut self, credit: usize, item: usize, limit: i64, explanation: &str) -> i64 {
        let source = &self.credits[credit];
        let amount = source.left.min(limit).min(self.open_of(item));
        if amount <= 0 {
            return 0;
        }
        let (from, account) = (source.shown.document, self.of_party(source.account));
        let effective_on = source.effective_on.max(self.items[item].effective_on);
        self.use_credit(credit, amount);
        for (kind, part) in self.reduce(item, amount) {
            self.post(effective_on, account, self.of_party(kind), part);
        }
        let item = self.items[item].shown.id;
        self.note(from, item, amount, effective_on, Rung::CreditNote, explanation);
        amount
    }

    /// Covers a refund that was paid with money that had come in.
    pub fn refund_money(&mut self, refund: usize, money: usize, rung: Rung, explanation: &str) {
        let (back, source) = (&self.purse.refunds[refund], &self.purse.money[money]);
        let amount = back.left.min(source.left);
        if amount <= 0 {
            return;
        }
        let (to, from) = (back.document.id, source.document.id);
        let (debit, credit) = (source.account, back.account);
        let effective_on = back.effective_on.max(source.effective_on);
        self.purse.refunds[refund].left -= amount;
        self.purse.money[money].left -= amount;
        self.post(effective_on, debit, credit, amount);
        self.note(from, to, amount, effective_on, rung, explanation);
    }

    /// Covers a refund that was paid with a credit that nothing else took.
    pub fn refund_credit(&mut self, refund: usize, credit: usize, explanation: &str) {
        let (back, source) = (&self.purse.refunds[refund], &self.credits[credit]);
        let amount = back.left.min(source.left);
        if amount <= 0 {
            return;
        }
        let (to, from) = (back.document.id, source.shown.document);
        let (debit, credit_account) = (self.of_party(source.account), back.account);
        let effective_on = back.effective_on.max(source.effective_on);
        self.purse.refunds[refund].left -= amount;
        self.use_credit(credit, amount);
        self.post(effective_on, debit, credit_account, amount);
        self.note(from, to, amount, effective_on, Rung::CreditNote, explanation);
    }

    /// What was paid of each item, and when.
    pub fn paid(&self) -> IdMap<Vec<(Date, i64)>> {
        let mut paid: IdMap<Vec<(Date, i64)>> = IdMap::default();
        for allocation in &self.allocations {
            let amount = allocation.amount.0 + allocation.tolerated.0;
            paid.entry(allocation.item).or_default().push((allocation.effective_on, amount));
        }
        paid
    }

    /// Money that paid an item until it turned out to be none.
    pub fn pay_for_a_while(&mut self, item: usize, amount: i64, from: Date, until: Date) {
        let kind = match self.items[item].shown.kind {
            OpenItemKind::Invoice => AccountKind::Billed,
            OpenItemKind::Unbilled => AccountKind::Unbilled,
        };
        let (money, account) = (self.of_party(AccountKind::Unapplied), self.of_party(kind));
        self.post(from, money, account, amount);
        self.post(until, account, money, amount);
    }

    /// A refused bill becomes a claim, if it is an item of its own.
    pub fn claim_bill(&mut self, bill: Id, on: Date) {
        let claim = self.items.iter().find(|item| item.shown.id == bill);
        let gross = claim.map_or(0, |item| item.shown.gross.0);
        self.post(on, self.of_party(AccountKind::Billed), self.of_party(AccountKind::Unapplied), gross);
    }

    fn use_credit(&mut self, credit: usize, amount: i64) {
        let credit = &mut self.credits[credit];
        credit.left -= amount;
        credit.shown.open = Amount(-credit.left);
    }

    fn note(&mut self, from: Id, item: Id, amount: i64, effective_on: Date, rung: Rung, explanation: &str) {
        let explanation = explanation.to_owned();
        let amount = Amount(amount);
        self.allocations.push(Allocation {
            from,
            item,
            amount,
            tolerated: Amount::ZERO,
            effective_on,
            rung,
            explanation,
        });
    }

    /// Lowers an item's open amount, its billed part first; returns how much of each account that was.
    fn reduce(&mut self, index: usize, amount: i64) -> [(AccountKind, i64); 2] {
        let item = &mut self.items[index];
        self.by_amount.remove(&(item.shown.open.0, index));
        let billed = amount.min(item.billed);
        item.billed -= billed;
        item.unbilled -= amount - billed;
        item.shown.open = Amount(item.shown.open.0 - amount);
        if item.shown.open.is_zero() {
            self.open.remove(&index);
        } else {
            self.by_amount.insert((item.shown.open.0, index));
        }
        [(AccountKind::Billed, billed), (AccountKind::Unbilled, amount - billed)]
    }

    fn of_party(&self, kind: AccountKind) -> Account {
        Account::of_party(kind, self.input.party)
    }

    fn post(&mut self, effective_on: Date, debit: Account, credit: Account, amount: i64) {
        if amount > 0 && debit != credit {
            let (currency, amount) = (self.input.currency, Amount(amount));
            self.postings.push(Posting { effective_on, debit, credit, currency, amount });
        }
    }

    /// Money that people gave to this customer: from nobody, or from whoever paid it.
    pub fn post_identified(&mut self, view: &View<'_>) {
        let party = self.input.party;
        for counted in view.money.iter().filter(|counted| counted.document.kind == FactKind::Payment) {
            let moves = view.moves.get(&counted.document.id).into_iter().flatten();
            for part in moves.filter(|part| part.customer == party) {
                let (debit, credit) =
                    if is_outgoing(counted.document) { (part.to, part.from) } else { (part.from, part.to) };
                self.post(counted.effective_on, debit, credit, part.amount.0);
            }
        }
    }

    /// Money that left for another currency at an agreed rate, or came from one.
    pub fn post_crossings(&mut self) {
        for crossing in std::mem::take(&mut self.purse.crossings) {
            self.post(crossing.effective_on, crossing.debit, crossing.credit, crossing.amount);
        }
    }

    /// Tail differences between shipment and invoice, and goods that were unbilled at cutover.
    pub fn post_tails(&mut self, unbilled: &Unbilled<'_>) {
        let party = self.of_party(AccountKind::Unbilled);
        for entry in &unbilled.entries {
            let difference = Account::of_book(entry.contra);
            let amount = entry.total - entry.left;
            match entry.side {
                Side::TailDown => self.post(entry.effective_on, difference, party, amount),
                Side::TailUp | Side::Cutover => self.post(entry.effective_on, party, difference, amount),
                _ => {}
            }
        }
    }

    pub fn finish(self, proposals: Vec<Proposal>) -> Settlement {
        let credits = self.credits.into_iter().map(|credit| credit.shown);
        let mut items: Vec<OpenItem> =
            self.items.into_iter().map(|item| item.shown).chain(credits).chain(self.prebilled).collect();
        items.sort_by_key(item_order);
        let mut leftovers: BTreeMap<(Date, Id), i64> = BTreeMap::new();
        let mut deposits = leftovers.clone();
        for money in self.purse.money.iter().filter(|money| money.left > 0) {
            let list = if money.is_reserved { &mut deposits } else { &mut leftovers };
            *list.entry((money.effective_on, money.document.id)).or_default() += money.left;
        }
        for refund in self.purse.refunds.iter().filter(|refund| refund.left > 0) {
            *leftovers.entry((refund.effective_on, refund.document.id)).or_default() -= refund.left;
        }
        let list = |rows: BTreeMap<(Date, Id), i64>| {
            rows.into_iter().map(|((_, payment), left)| Leftover { payment, amount: Amount(left) }).collect()
        };
        Settlement {
            items,
            allocations: self.allocations,
            leftovers: list(leftovers),
            proposals,
            deposits: list(deposits),
            postings: self.postings,
        }
    }
}
