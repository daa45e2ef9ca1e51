//! Bad days: dirty rows, mistakes in settings and mappings, sources that answer with nonsense.

use std::collections::BTreeMap;
use std::sync::Arc;

use bihuan::domain::SystemClock;
use bihuan::sim::csv::{DirtyRow, write_shipment_csv};
use bihuan::sim::{CompanySettings, FaultKind, Faults};
use bihuan::store::{Progress, Store, StoreSettings, StreamId};
use jiff::civil::date;
use serde_json::Value;

use super::figures::Figures;
use super::folder::Folder;
use super::office::Office;
use super::order::WAREHOUSE;
use super::program::{Running, on, run, until};

const LINES: usize = 3_000;
const SEED: u64 = 11;

/// Where an operator finds the reason of each kind: field, part of the value, part of the reason.
fn complaint(kind: DirtyRow) -> (&'static str, &'static str, &'static str) {
    match kind {
        DirtyRow::ImpossibleDate => ("shipped_on", "2026-02-30", "not a valid date"),
        DirtyRow::NegativeQuantity => ("quantity", "-", "`return` mapping"),
        DirtyRow::UnknownCurrency => ("currency", "RMX", "not a known currency"),
        DirtyRow::EmptyShipmentNo => ("shipment_no", "", "required"),
        DirtyRow::BrokenEncoding => ("", "", "utf-8"),
        DirtyRow::TooManyColumns => ("record", ",x,y", "more cells than the 12 columns"),
    }
}

#[test]
fn dirty_rows_wait_in_quarantine_with_field_value_and_reason_and_all_others_are_applied() {
    let folder = Folder::new(WAREHOUSE);
    let file = folder.write("inbox/warehouse/all.csv", "");
    println!("seed {SEED}");
    let counts = write_shipment_csv(&file, LINES, SEED, 5, 1).unwrap();
    assert_eq!(counts.dirty.len(), DirtyRow::ALL.len(), "too few rows for every kind: {counts:?}");

    let figures = Figures::read(folder.sync(&[]).json());
    let stream = figures.stream("warehouse", "shipments");
    assert_eq!((stream.read, stream.quarantined), (counts.rows, counts.dirty_rows()));
    assert_eq!((stream.applied, stream.ignored), (counts.rows - counts.dirty_rows(), 0));
    for (currency, gross) in &counts.shipped_gross {
        assert_eq!(figures.ledger["main"][currency.as_str()].shipped.0, gross.to_decimal(), "{currency}");
    }

    let listed = on(folder.path(), &["quarantine", "list", "--limit", "1000", "--json"]).json();
    let entries = listed["quarantine"].as_array().unwrap();
    assert_eq!(entries.len() as u64, counts.dirty_rows());
    let mut found: BTreeMap<DirtyRow, u64> = BTreeMap::new();
    for entry in entries {
        let has = |key: &str, part: &str| entry[key].as_str().unwrap().to_lowercase().contains(&part.to_lowercase());
        let kind = DirtyRow::ALL.into_iter().find(|kind| {
            let (field, value, reason) = complaint(*kind);
            has("field", field) && has("value", value) && has("reason", reason)
        });
        *found.entry(kind.unwrap_or_else(|| panic!("what is wrong here? {entry}"))).or_default() += 1;
    }
    assert_eq!(found, counts.dirty);
    let shown = on(folder.path(), &["quarantine", "show", entries[0]["id"].as_str().unwrap(), "--json"]).json();
    assert!(!shown["payload"].as_str().unwrap().is_empty(), "{shown}");
}

/// Every command that would start something must refuse, and leave nothing behind.
fn refused_with(folder: &Folder, expected: &[&str]) {
    for command in ["check", "sync", "run", "status"] {
        let ended = on(folder.path(), &[command]).expect_code(2);
        let places = ended.stderr.lines().filter(|line| line.trim_start().starts_with("-->")).count();
        assert_eq!(places, expected.len(), "`{command}` shows {places} places: {ended:?}");
        assert!(ended.stderr.contains('^'), "{ended:?}");
        for words in expected {
            assert!(ended.stderr.contains(words), "`{command}` does not mention `{words}`: {ended:?}");
        }
        assert!(ended.stdout.is_empty() && !folder.has_database(), "`{command}` started something");
    }
}

#[test]
fn three_mistakes_in_the_settings_are_told_at_once_and_nothing_is_started() {
    let config = WAREHOUSE.replace("[books.main]", "[books.main]\ncutover = \"2026-02-30\"\nbank_fees = \"1\"");
    refused_with(&Folder::new(&format!("{config}every = \"soon\"\n")), &["2026-02-30", "bank_fees", "soon"]);
}

#[test]
fn three_mistakes_in_a_mapping_are_told_at_once_and_nothing_is_started() {
    let mapping = include_str!("../../mappings/csv/shipments.toml")
        .replace("'.quantity |> decimal'", "'.quantity |> decimall'")
        .replace("nature      = '\"sale\"'", "nature      = '\"sold\"'")
        .replace("part_no     =", "part_number =");
    let folder = Folder::new(WAREHOUSE);
    folder.write("mappings/csv/shipments.toml", mapping);
    for command in ["check", "sync", "run"] {
        let ended = on(folder.path(), &[command]).expect_code(2);
        let places = ended.stderr.lines().filter(|line| line.trim_start().starts_with("-->")).count();
        assert_eq!(places, 3, "{ended:?}");
        for words in ["decimall", "sold", "part_number", "mappings/csv/shipments.toml", "^"] {
            assert!(ended.stderr.contains(words), "`{words}` is not mentioned: {ended:?}");
        }
        assert!(!folder.has_database(), "`{command}` started something");
    }
}

/// Two streams of the simulated ERP.
fn erp(office: &Office) -> String {
    format!(
        r#"
[books.sz]
cutover = "2025-01-01"
[sources.erp-sz]
type = "kingdee"
numbering = "erp"
url = "{}"
account = "sz"
user = "svc_bihuan"
password = "simulated"
requests_per_second = 0
[sources.erp-sz.streams.customer]
[sources.erp-sz.streams.outstock]
"#,
        office.url
    )
}

fn old_company() -> Office {
    Office::of(CompanySettings { customers: 6, months: 1, start: date(2025, 1, 1), ..CompanySettings::default() })
}

fn progress(folder: &Folder) -> Vec<Progress> {
    let url = format!("sqlite:{}", folder.path().join("bihuan.db").display());
    let settings = StoreSettings { url, clock: Arc::new(SystemClock), policies: Arc::new(|_| Default::default()) };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&settings).await.unwrap();
        let mut all = Vec::new();
        for stream in ["customer", "outstock"] {
            all.push(store.progress(&StreamId::new("erp-sz", stream)).await.unwrap());
        }
        store.close().await;
        all
    })
}

fn always(kind: FaultKind) -> Faults {
    Faults { seed: SEED, rate_per_mille: 1000, kinds: vec![kind], path: "/k3cloud".to_owned(), times: 0 }
}

/// What a source may answer, whether it passes by trying again, and the word by which the log classes it.
const NONSENSE: [(FaultKind, bool, &str); 6] = [
    (FaultKind::Unauthorized, false, "auth"),
    (FaultKind::Html, false, "data"),
    (FaultKind::TooMany, true, "throttled"),
    (FaultKind::ServerError, true, "transient"),
    (FaultKind::HalfBody, true, "transient"),
    (FaultKind::HangUp, true, "transient"),
];

#[test]
fn a_source_that_answers_nonsense_is_retried_or_stopped_as_its_class_says_and_its_cursor_stays() {
    let office = old_company().at_the_end();
    let healthy = Folder::new(&erp(&office));
    let expected = Figures::read(healthy.sync(&[]).json());
    assert!(expected.stream("erp-sz", "outstock").applied > 0);
    for (kind, passes, class) in NONSENSE {
        let folder = Folder::new(&erp(&office));
        on(folder.path(), &["migrate"]).expect_code(0);
        let untouched = progress(&folder);

        office.world.set_faults(always(kind));
        let mut sync = super::program::bihuan();
        sync.env("BIHUAN_LOG", "warn").args(["sync", "--json", "--data-dir"]).arg(folder.path());
        let ended = run(&mut sync).expect_code(4);
        assert!(ended.stderr.contains(class), "{kind:?} is not classed as {class}: {ended:?}");
        let tries = office.world.faults_injected();
        assert_eq!(tries > 2, passes, "{kind:?}: {tries} tries for two streams");
        assert_eq!(format!("{:?}", progress(&folder)), format!("{untouched:?}"), "{kind:?}: the cursor moved");
        let figures: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(Figures::read(figures).sum(|stream| stream.read), 0, "{kind:?}");

        // Twice only: what passes by itself must not even be noticed.
        office.world.set_faults(Faults { times: 2, ..always(kind) });
        let ended = folder.sync(&[]);
        assert_eq!(ended.code, Some(if passes { 0 } else { 4 }), "{kind:?}: {ended:?}");
        office.world.set_faults(Faults::default());
        let figures = Figures::read(folder.sync(&[]).json());
        assert_eq!(figures.ledger, expected.ledger, "{kind:?}: after the fault");
        assert_eq!(folder.status().stream("erp-sz", "outstock").applied, expected.stream("erp-sz", "outstock").applied);
    }
}

#[test]
fn a_source_that_fails_in_the_middle_of_a_months_work_stops_it_and_the_next_run_completes_it() {
    let (office, healthy) = (Office::open(6, 1), Office::open(6, 1));
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = Figures::read(run(&mut healthy.demo(other.path())).json());
    let middle = bihuan::sim::calendar::instant(date(2026, 1, 14), 0);
    let demo = Running::start(&mut office.demo(folder.path()));
    until("the demo reaches the middle of the month", || office.world.now() >= middle);
    office.world.set_faults(always(FaultKind::Unauthorized));
    let ended = demo.wait().expect_code(4);
    assert!(ended.stderr.contains("erp-") && ended.stderr.contains("401"), "{ended:?}");
    office.world.set_faults(Faults::default());
    run(&mut office.demo(folder.path())).json();
    let figures = Figures::read(on(folder.path(), &["status", "--json"]).json());
    assert_eq!((figures.ledger, figures.reminders), (expected.ledger, expected.reminders));
    assert_eq!(office.chats(), healthy.chats());
}
