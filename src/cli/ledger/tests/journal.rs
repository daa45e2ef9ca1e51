//! `ledger why` of rows of the journal and of balances.

use crate::cli::args::WhyArgs;
use crate::cli::ledger::why::balance::{Address, Extent};
use crate::cli::ledger::why::entry::Asked;
use crate::cli::ledger::why::{balance, entry, run};
use crate::domain::Amount;
use crate::store::BalanceView;
use crate::store::tests::company::date;

use super::desk::{Desk, desks};

async fn balances(desk: &Desk, address: &str, as_of: Option<&str>, limit: usize) -> Vec<BalanceView> {
    let extent = Extent { book: None, as_of: as_of.map(date), limit };
    balance::find(&desk.store, &Address::parse(address).unwrap(), extent).await.unwrap()
}

fn tree(views: &[BalanceView]) -> String {
    views.iter().map(|view| balance::tree(view, None).render()).collect()
}

fn asked(what: &str) -> WhyArgs {
    WhyArgs {
        what: Some(what.to_owned()),
        book: None,
        kind: None,
        balance: None,
        party: None,
        order: None,
        currency: None,
        as_of: None,
        limit: 50,
    }
}

#[tokio::test]
async fn a_balance_is_the_sum_of_the_transfers_that_are_listed_and_of_those_that_are_not() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let billed = balances(&desk, "receivable:billed/CUST0007/CNY", None, 50).await;
        insta::assert_snapshot!("a_balance", tree(&billed));
        let json = balance::balance_json(&billed[0], None);
        insta::assert_snapshot!("a_balance_json", serde_json::to_string_pretty(&json).unwrap());
        let cut = balances(&desk, "receivable:billed/CUST0007/CNY", None, 1).await;
        insta::assert_snapshot!("a_balance_cut", tree(&cut));
        assert_eq!(cut[0].amount, Amount::units(1100));
        for address in ["bank", "sales/CNY", "cash:unapplied/CUST0007", "receivable:unbilled/CUST0007"] {
            let views = balances(&desk, address, None, 50).await;
            let sum = Amount::sum(views[0].transfers.iter().map(|(_, change, _)| *change)).unwrap();
            assert_eq!(views[0].amount, sum, "{address}");
        }
    }
}

#[tokio::test]
async fn a_balance_as_of_a_day_counts_what_was_effective_by_then() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        for (day, amount) in [("2026-01-07", 4100), ("2026-02-03", 4100), ("2026-02-04", 1100)] {
            let views = balances(&desk, "receivable:billed/CUST0007", Some(day), 50).await;
            assert_eq!(views[0].amount, Amount::units(amount), "{day}");
        }
    }
}

#[tokio::test]
async fn a_row_of_the_journal_is_found_by_place_and_by_hash_and_leads_to_its_cause() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let views = balances(&desk, "receivable:billed/CUST0007", None, 50).await;
        let mut told = String::new();
        for (line, _, _) in &views[0].transfers {
            let place = entry::row_name(line);
            let by_place = entry::find(&desk.store, &Asked::parse(&place).unwrap()).await.unwrap().unwrap();
            let hash: String = line.hash.to_string().chars().take(11).collect();
            let by_hash = entry::find(&desk.store, &Asked::parse(&hash).unwrap()).await.unwrap().unwrap();
            assert_eq!(by_place, by_hash);
            let tree = entry::tree(&by_place).render();
            told += &tree.lines().take(5).collect::<Vec<_>>().join("\n");
            told.push('\n');
        }
        insta::assert_snapshot!("entries", told);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_named_with_a_way_out() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let with = |change: fn(&mut WhyArgs)| {
            let mut args = WhyArgs { what: None, ..asked("") };
            change(&mut args);
            args
        };
        for (args, told) in [
            (asked("999.1"), "999.1"),
            (asked("deadbeef00"), "deadbeef00"),
            (asked("receivable:billed/CUST007"), "CUST0007"),
            (asked("cash:deposit/CUST0007"), "cash:deposit/CUST0007"),
            (asked("receivable:billed/CUST0007/USD"), "USD"),
            (with(|args| args.balance = Some("receivable:biled".to_owned())), "did you mean `receivable:billed`"),
            (with(|args| args.balance = Some("nothing".to_owned())), "cash:unapplied"),
        ] {
            let refused = run(&desk.store, &args, true).await.unwrap_err();
            assert_eq!(refused.exit_code(), 1, "{args:?}");
            assert!(refused.render().contains(told), "{told}: {}", refused.render());
        }
        let early = WhyArgs { as_of: Some(date("2025-12-31")), ..asked("receivable:billed/CUST0007") };
        let refused = run(&desk.store, &early, true).await.unwrap_err();
        assert!(refused.exit_code() == 1 && refused.render().contains("2025-12-31"), "{}", refused.render());
        let nothing = WhyArgs { what: None, ..asked("") };
        assert_eq!(run(&desk.store, &nothing, true).await.unwrap_err().exit_code(), 2);
    }
}
