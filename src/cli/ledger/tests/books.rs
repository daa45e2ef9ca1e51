//! `--book`: what nobody knows is refused by every command that asks for it.

use clap::Parser;

use crate::cli::args::{Cli, Command, LedgerCommand};
use crate::cli::ledger::books::{asked, check};
use crate::config::{Config, Origins};
use crate::store::tests::company::{BOOK, Page, customer, open};
use crate::store::tests::database::databases;

/// Commands that take `--book`, with what else they need.
const COMMANDS: [&str; 25] = [
    "party C1",
    "order SO1",
    "why AR1",
    "evidence",
    "reconcile --against aging.csv",
    "aging",
    "credit",
    "balances",
    "statement --party C1 --from 2026-01-01 --to 2026-01-31",
    "statement list",
    "statement confirm ST1",
    "statement dispute ST1",
    "allocate R1 AR1",
    "unallocate R1",
    "confirm R1",
    "reject R1 AR1",
    "identify R1 C1",
    "classify L1 interest",
    "pair L1 R1",
    "unpair L1 R1",
    "close --until 2026-01-31",
    "revoke D-1",
    "proposals",
    "decisions",
    "export --format csv",
];

fn parsed(command: &str, book: &str) -> LedgerCommand {
    let words = format!("bihuan ledger {command} --book {book}");
    // Who decides comes from the environment; a test has none.
    let decides = Cli::try_parse_from(format!("{words} --by lin").split(' '));
    let cli = decides.or_else(|_| Cli::try_parse_from(words.split(' '))).unwrap();
    let Command::Ledger(command) = cli.command else { panic!("{words} is no command of the ledger") };
    command
}

#[tokio::test]
async fn a_book_that_is_neither_configured_nor_stored_is_refused_with_those_that_are() {
    let config = Config::load(&Origins::default()).unwrap();
    for database in databases().await {
        let store = open(&database).await;
        assert!(check(&config, &store, asked(&parsed("aging", BOOK))).await.is_err(), "nothing came in for it yet");
        Page::of("erp", 1).facts("C1", "v1", &[customer("C1", "远航")]).apply(&store).await;
        for command in COMMANDS {
            let refused = check(&config, &store, asked(&parsed(command, "nowhere"))).await.unwrap_err();
            assert_eq!(refused.exit_code(), 1, "{command}");
            let told = refused.render();
            assert!(told.contains("`nowhere`") && told.contains("main, sz"), "{command}: {told}");
            for known in ["main", BOOK] {
                assert!(check(&config, &store, asked(&parsed(command, known))).await.is_ok(), "{command} of {known}");
            }
        }
    }
}
