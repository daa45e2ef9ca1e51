//! What is not there is said so, with its name, and ends with 1; what nobody can mean ends with 2.

use super::folder::Folder;
use super::order::WAREHOUSE;
use super::program::{bihuan, run};

#[test]
fn an_unknown_document_customer_decision_or_day_is_named_and_ends_with_1() {
    let folder = Folder::new(WAREHOUSE);
    folder.write("inbox/warehouse/.keep", "");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["ledger", "why", "AR404"], 1, "AR404"),
        (&["ledger", "order", "SO404"], 1, "SO404"),
        (&["ledger", "party", "CUST404"], 1, "CUST404"),
        (&["ledger", "allocate", "SKD404", "AR404"], 1, "SKD404"),
        (&["ledger", "identify", "SKD404", "CUST404"], 1, "SKD404"),
        (&["ledger", "revoke", "D-404"], 1, "D-404"),
        (&["party", "why", "CUST404"], 1, "CUST404"),
        (&["party", "link", "CUST404", "CUST405"], 1, "CUST404"),
        (&["party", "propose", "--book", "nowhere"], 1, "nowhere"),
        (&["ledger", "credit", "--party", "CUST404"], 1, "CUST404"),
        (&["ledger", "aging", "--book", "nowhere"], 1, "nowhere"),
        (&["ledger", "statement", "list", "--book", "nowhere"], 1, "nowhere"),
        (&["ledger", "aging", "--as-of", "2026-02-30"], 1, "2026-02-30"),
        (&["ledger", "export", "--format", "csv", "--from", "昨天"], 1, "昨天"),
        (&["ledger", "classify", "L1", "gift"], 2, "gift"),
        (&["ledger", "weigh"], 2, "weigh"),
    ];
    for (arguments, code, named) in cases {
        let mut command = bihuan();
        let ended = run(command.args(*arguments).arg("--data-dir").arg(folder.path()).env("USER", "lin"));
        assert_eq!(ended.code, Some(*code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(named) && ended.stdout.is_empty(), "{arguments:?}: {ended:?}");
    }
}
