//! The rule behind a transfer in words people use: the table of events of DESIGN 6, read backwards.
//!
//! It must not know where the transfer is stored. A reversal is worded as the event that it takes back.

use super::{AccountKind, Posting};

/// Which event of the ledger moves value between these two accounts.
pub fn event(posting: &Posting, reversal: bool) -> &'static str {
    use AccountKind::{
        Bank, Billed, BillsHeld, BillsTransferred, Deposit, DiscountInterest, FxClearing, Opening, Returns, Sales,
        Unapplied, Unbilled, Unidentified,
    };
    let (debit, credit) = (posting.debit.kind, posting.credit.kind);
    let (debit, credit) = if reversal { (credit, debit) } else { (debit, credit) };
    match (debit, credit) {
        (Unbilled, Sales) => "销售发货 · goods shipped for sale: owed, not invoiced yet",
        (Returns, Unbilled) => "退货退款 · goods came back for refund",
        (Billed, Unbilled) => "开票 · invoice: unbilled becomes billed",
        (Unbilled, Billed) => "红字发票 · red invoice: billed becomes unbilled again",
        (Billed, Opening) => "期初 · opening position at cutover",
        (Bank, Unidentified) => "到款待认领 · money came in, owner unknown",
        (Bank, Unapplied) => "客户付款 · a customer's money came in",
        (Bank, Deposit) => "预收 · deposit for an order",
        (Unapplied | Deposit, Bank) => "退款（或已贴现票据拒付）· money paid back, or a discounted bill bought back",
        (Unidentified, Unapplied) => "到款认领 · money identified",
        (Unapplied, Unapplied) => "委托付款 · paid on behalf of another customer",
        (BillsHeld, Unapplied) => "收到票据 · acceptance bill received",
        (Bank, BillsHeld) => "票据到期或贴现 · bill matured or discounted",
        (DiscountInterest, BillsHeld) => "贴现息 · discount interest",
        (BillsTransferred, BillsHeld) => "票据背书 · bill endorsed",
        (Unapplied | Deposit, FxClearing) => "跨币种核销转出 · money leaves for another currency at an agreed rate",
        (FxClearing, Unapplied) => "跨币种核销转入 · money comes from another currency at an agreed rate",
        (Opening, Unapplied | Deposit) => "期初预收或余款 · a customer's money at cutover",
        (BillsHeld | BillsTransferred, Opening) => "期初票据 · bill in hand or passed on at cutover",
        (Unapplied, BillsHeld) => "票据拒付 · bill dishonoured",
        (Unapplied, BillsTransferred) => "已背书票据拒付 · endorsed bill dishonoured",
        (Billed | Unbilled, Unapplied) => "票据拒付，债权恢复 · bill dishonoured, what it paid is owed again",
        (Unapplied | Deposit, Unbilled | Billed) => "核销 · money allocated to a claim",
        (debit, _) if debit.is_adjustment() => "调整 · allowance, fee or difference reduces what is owed",
        (_, credit) if credit.is_adjustment() => "调整 · difference adds to what is owed",
        _ => "转账 · transfer between accounts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, Currency};
    use crate::ledger::Account;
    use crate::ledger::fixtures::day;

    #[test]
    fn a_reversal_is_worded_as_the_event_that_it_takes_back() {
        let account = Account::of_book;
        let of = |debit, credit| Posting {
            effective_on: day(0),
            debit: account(debit),
            credit: account(credit),
            currency: Currency::CNY,
            amount: Amount::units(1),
        };
        let shipped = event(&of(AccountKind::Unbilled, AccountKind::Sales), false);
        assert!(shipped.starts_with("销售发货"));
        assert_eq!(event(&of(AccountKind::Sales, AccountKind::Unbilled), true), shipped);
        assert!(event(&of(AccountKind::Unbilled, AccountKind::Billed), false).starts_with("红字发票"));
    }
}
