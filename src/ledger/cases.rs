//! Runs `tests/cases/ledger/*.toml`: documents in; items, allocations, leftovers and balances out.
//!
//! Why files: finance can read and write them. Every case is run with its documents in several orders.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use rust_decimal::Decimal;
use toml::{Table, Value as Toml};

use super::fixtures::{BOOK, amount, id, reference};
use super::{BookPolicy, Document, Due, OpenItemKind, Posting, ReceivableBasis, Role, SettleInput, Terms};
use super::{postings, settle};
use crate::domain::fact::{FieldSpec, FieldType, spec};
use crate::domain::{Amount, Currency, FactKind, FieldMap, Id, Line, Value};

/// One case, read.
struct Case {
    documents: Vec<Document>,
    terms: Terms,
    policy: BookPolicy,
    expect: Table,
}

/// What a case is compared by: the same names and lines as in its `[expect.…]` tables.
type Outcome = BTreeMap<String, Vec<String>>;

#[test]
fn every_case_comes_out_as_finance_wrote_it_in_every_order_of_its_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ledger");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() >= 10, "the cases are in {}", folder.display());
    let mut wrong = String::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let case = read(&std::fs::read_to_string(&file).unwrap(), &name);
        let expected = expected(&case.expect);
        let mut documents = case.documents.clone();
        for turn in 0..documents.len().max(1) * 2 {
            let found = run(&documents, &case);
            if found != expected {
                write!(wrong, "\n== {name}, order {turn}\nexpected {expected:#?}\nfound {found:#?}").unwrap();
                break;
            }
            documents.rotate_left(1);
            if turn % documents.len() == documents.len() - 1 {
                documents.reverse();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn run(documents: &[Document], case: &Case) -> Outcome {
    let mut posted: Vec<Posting> = Vec::new();
    for document in documents {
        posted.extend(postings(document, &case.policy).unwrap());
    }
    let mut outcome = Outcome::new();
    let numbers: BTreeMap<Id, &str> = documents.iter().map(|document| (document.id, &*document.number)).collect();
    for party in case.expect.keys().filter(|name| *name != "balances") {
        let customer = id(FactKind::Party, party);
        let own: Vec<Document> = documents.iter().filter(|document| concerns(document, customer)).cloned().collect();
        let currency = Currency::CNY;
        let (terms, policy) = (&case.terms, &case.policy);
        let input = SettleInput { book: BOOK, party: customer, currency, documents: &own, twins: &[], terms, policy };
        let settled = settle(&input);
        let number_of = |id: Id| -> String {
            let item = settled.items.iter().find(|item| item.id == id);
            let name = |item: &super::OpenItem| match item.kind {
                OpenItemKind::Invoice => item.number.to_string(),
                OpenItemKind::Unbilled => format!("{}(unbilled)", item.number),
            };
            numbers.get(&id).map(ToString::to_string).or(item.map(name)).unwrap_or_else(|| id.to_string())
        };
        let plain = |amount: Amount| amount.plain(currency);
        let items = settled.items.iter().map(|item| {
            let due = match item.due {
                Due::On(on) => format!("due {on}"),
                Due::Expected { on, missing } => format!("expected {on} ({missing})"),
            };
            let disputed = if item.disputed { " disputed" } else { "" };
            format!("{} {} open {} {due}{disputed}", number_of(item.id), plain(item.gross), plain(item.open))
        });
        let allocations = settled.allocations.iter().map(|allocation| {
            let tolerated = match allocation.tolerated {
                Amount::ZERO => String::new(),
                tolerated => format!(" + {} tolerated", plain(tolerated)),
            };
            let (from, item) = (number_of(allocation.from), number_of(allocation.item));
            let (amount, rung) = (plain(allocation.amount), allocation.rung.name());
            format!("{from} -> {item} {amount}{tolerated} {rung} {}", allocation.effective_on)
        });
        let left = |left: &super::Leftover| format!("{} {}", number_of(left.payment), plain(left.amount));
        outcome.insert(format!("{party}.items"), items.collect());
        outcome.insert(format!("{party}.allocations"), allocations.collect());
        outcome.insert(format!("{party}.leftovers"), settled.leftovers.iter().map(left).collect());
        outcome.insert(format!("{party}.deposits"), settled.deposits.iter().map(left).collect());
        posted.extend(settled.postings);
    }
    outcome.insert("balances".to_owned(), balances(&posted, documents));
    outcome
}

/// What the store would load for one customer.
fn concerns(document: &Document, customer: Id) -> bool {
    document.kind == FactKind::Settlement || document.parties().contains(&customer)
}

/// `account customer amount`, debit positive, zero left out.
fn balances(posted: &[Posting], documents: &[Document]) -> Vec<String> {
    let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
    let names: BTreeMap<Id, String> = documents
        .iter()
        .flat_map(|document| {
            let lines = document.lines.iter().map(|line| &line.fields);
            lines
                .chain([&document.fields])
                .filter_map(|fields| Some((fields.reference("customer")?, fields.text("customer")?.to_owned())))
        })
        .collect();
    for posting in posted {
        for (account, sign) in [(posting.debit, 1), (posting.credit, -1)] {
            let party = account.party.map_or_else(String::new, |party| format!(" {}", names[&party]));
            *sums.entry((account.kind.name().to_owned(), party)).or_default() += sign * posting.amount.0;
        }
    }
    let shown = |((account, party), sum): ((String, String), i64)| {
        (sum != 0).then(|| format!("{account}{party} {}", Amount(sum).plain(Currency::CNY)))
    };
    sums.into_iter().filter_map(shown).collect()
}

fn expected(expect: &Table) -> Outcome {
    let lines = |value: Option<&Toml>| -> Vec<String> {
        let list = value.and_then(Toml::as_array).cloned().unwrap_or_default();
        list.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    };
    let mut outcome = Outcome::from([("balances".to_owned(), lines(expect.get("balances")))]);
    for (party, table) in expect.iter().filter(|(name, _)| *name != "balances") {
        let table = table.as_table().unwrap();
        for name in ["items", "allocations", "leftovers", "deposits"] {
            outcome.insert(format!("{party}.{name}"), lines(table.get(name)));
        }
    }
    outcome
}

fn read(text: &str, name: &str) -> Case {
    let table: Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(table.contains_key("title"), "{name} has a title");
    let mut documents = Vec::new();
    for kind in FactKind::ALL {
        for row in table.get(kind.name()).and_then(Toml::as_array).into_iter().flatten() {
            documents.push(document(*kind, row.as_table().unwrap(), name));
        }
    }
    let terms = table.get("terms").map_or_else(Terms::default, |terms| terms.as_str().unwrap().parse().unwrap());
    let expect = table["expect"].as_table().unwrap().clone();
    Case { documents, terms, policy: policy(table.get("policy").and_then(Toml::as_table)), expect }
}

fn policy(table: Option<&Table>) -> BookPolicy {
    let mut policy = BookPolicy::default();
    for (name, value) in table.into_iter().flatten() {
        match (name.as_str(), value) {
            ("cutover", Toml::String(date)) => policy.cutover = Some(date.parse().unwrap()),
            ("oldest_first", Toml::Boolean(yes)) => policy.oldest_first = *yes,
            ("trust_source_due", Toml::Boolean(yes)) => policy.trust_source_due = *yes,
            ("receivable_basis", Toml::String(basis)) if basis == "shipments" => {
                policy.receivable_basis = ReceivableBasis::Shipments;
            }
            other => panic!("unknown policy {other:?}"),
        }
    }
    policy
}

/// `no` is the number; customer `C1`, currency CNY and the status that counts are understood.
fn document(kind: FactKind, row: &Table, case: &str) -> Document {
    let row_spec = spec(kind);
    let number = row["no"].as_str().unwrap();
    let mut fields = FieldMap::default();
    for (name, word) in [("customer", "C1"), ("currency", "CNY"), ("nature", "sale"), ("status", live_status(kind))] {
        let is_blue = name == "nature" && kind == FactKind::Invoice;
        if let Some(field) = row_spec.field(name).filter(|_| !is_blue) {
            fields.set(field.name, value(field, &Toml::String(word.to_owned()), case));
        }
    }
    let mut lines = Vec::new();
    for (name, toml) in row.iter().filter(|(name, _)| *name != "no") {
        if name == "lines" {
            for (index, line) in toml.as_array().unwrap().iter().enumerate() {
                let line = line.as_table().unwrap().iter().map(|(name, toml)| {
                    let field = row_spec.line_field(name).unwrap_or_else(|| panic!("{case}: {kind} line {name}"));
                    (field.name.into(), value(field, toml, case))
                });
                lines.push(Line { key: (index + 1).to_string().into(), fields: line.collect() });
            }
            continue;
        }
        let field = row_spec.field(name).unwrap_or_else(|| panic!("{case}: {kind} has no field {name}"));
        if toml.as_str() == Some("") {
            fields.remove(field.name);
        } else {
            fields.set(field.name, value(field, toml, case));
        }
    }
    let id = id(kind, number);
    let (book, numbering, number) = (BOOK.into(), "erp".into(), number.into());
    Document { id, kind, book, numbering, number, role: Role::Booked, fields, lines }
}

fn live_status(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Shipment => "shipped",
        FactKind::Bill => "held",
        _ => "active",
    }
}

fn value(field: &FieldSpec, toml: &Toml, case: &str) -> Value {
    match (field.field_type, toml) {
        (FieldType::Text | FieldType::Enum(_), Toml::String(text)) => Value::text(text.as_str()),
        (FieldType::Currency, Toml::String(code)) => Value::Currency(Currency::parse(code).unwrap()),
        (FieldType::Date, Toml::String(date)) => Value::Date(date.parse::<Date>().unwrap()),
        (FieldType::Amount, Toml::String(text)) => Value::Amount(amount(text)),
        (FieldType::Decimal, Toml::Integer(number)) => Value::Decimal(Decimal::from(*number)),
        (FieldType::Bool, Toml::Boolean(yes)) => Value::Bool(*yes),
        (FieldType::Ref(kind), Toml::String(number)) => reference(kind, number),
        other => panic!("{case}: field {} cannot be {other:?}", field.name),
    }
}
