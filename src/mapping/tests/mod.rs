//! The language and the built-in mappings as a whole.

mod mistakes;
mod properties;

use bihuan_connectors::sdk::{PayloadShape, RawRecord};
use jiff::tz::TimeZone;

use super::builtin::MAPPINGS;
use super::*;
use crate::domain::fact::Value;
use crate::domain::{Fact, Id};

fn context() -> MapContext {
    MapContext {
        book: "sz".into(),
        numbering: Numbering::new("erp").with(FactKind::Payment, "bank"),
        time_zone: TimeZone::get("Asia/Shanghai").unwrap(),
    }
}

fn map(mapping: &Mapping, shape: &PayloadShape, payload: &[u8]) -> Mapped {
    let plan = mapping.plan(shape, &context()).unwrap();
    plan.map(RawRecord { key: "k", version: None, payload, problem: None })
}

fn facts(mapped: Mapped) -> Vec<Fact> {
    match mapped {
        Mapped::Facts(facts) => facts,
        other => panic!("no facts: {other:?}"),
    }
}

fn problem(mapped: Mapped) -> Problem {
    match mapped {
        Mapped::Quarantined(problem) => problem,
        other => panic!("not quarantined: {other:?}"),
    }
}

/// A mapping that is right but for what `field` says.
fn payment_with(field: &str) -> String {
    let name = field.split('=').next().unwrap().trim();
    let base = [
        "payment_no = '\"P1\"'",
        "currency = 'currency(\"CNY\")'",
        "paid_on = '.day |> date(\"%Y-%m-%d\")'",
        "gross = '.gross |> amount(\"CNY\")'",
        "status = '\"active\"'",
    ];
    let base: Vec<&str> = base.into_iter().filter(|line| !line.starts_with(&format!("{name} "))).collect();
    format!(
        "source_kind = \"t\"\nstream = \"s\"\nlines = \"partial\"\n[tables.ab]\nA = \"B\"\n[[fact]]\nkind = \"payment\"\n[fact.fields]\n{field}\n{}\n",
        base.join("\n")
    )
}

/// What the text field `text` becomes for `expression`, over a record.
fn text_of(expression: &str, json: &str) -> Result<Option<String>, Problem> {
    let mapping = Mapping::parse("t.toml", &payment_with(&format!("text = '''{expression}'''"))).unwrap_or_else(|d| {
        panic!("{expression}: {d:?}");
    });
    let json = json.replacen('{', r#"{"day":"2026-01-05","gross":"1.00","#, 1);
    let json = json.replace(",}", "}");
    match map(&mapping, &PayloadShape::Json, json.as_bytes()) {
        Mapped::Facts(facts) => Ok(facts[0].fields.text("text").map(str::to_owned)),
        Mapped::Quarantined(problem) => Err(problem),
        Mapped::Ignored(_) => panic!("ignored"),
    }
}

fn mistakes(text: &str) -> Vec<String> {
    let found = Mapping::parse("t.toml", text).err().unwrap_or_default();
    found.into_iter().map(|diagnostic| format!("{}: {}", diagnostic.line, diagnostic.message)).collect()
}

#[test]
fn every_builtin_mapping_does_what_its_cases_say() {
    let mut failures = String::new();
    for builtin in MAPPINGS {
        match Mapping::parse(builtin.path, builtin.text) {
            Err(diagnostics) => {
                let rendered = diagnostics.iter().map(|diagnostic| diagnostic.render(builtin.text));
                failures += &rendered.collect::<Vec<_>>().join("\n\n");
            }
            Ok(mapping) => {
                let report = run_cases(&mapping, builtin.cases);
                assert!(report.passed > 0, "{} has cases", builtin.path);
                for failure in report.failures {
                    failures += &format!("{}: {}: {}\n", builtin.path, failure.case, failure.message);
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn the_builtin_list_is_what_lies_in_the_folder() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let mut found = Vec::new();
    for folder in std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            if !path.ends_with(".case.toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert_eq!(found, MAPPINGS.iter().map(|builtin| builtin.path).collect::<Vec<_>>());
}

#[test]
fn the_reference_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/README.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, function_reference()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == function_reference(), "mappings/README.md is stale: run `UPDATE=1 cargo test mapping::`");
}

#[test]
fn every_function_has_a_builder_and_its_example_parses() {
    for function in functions::FUNCTIONS {
        assert!(parser::parse(function.example, 0).is_ok(), "{}", function.example);
        let built = functions::build(function.name, &["%Y-%m-%d"], &[1]);
        let unknown = built.is_err_and(|reason| reason.contains("is not built"));
        assert!(!unknown, "{}", function.name);
    }
}

#[test]
fn expressions_mean_what_the_guide_says() {
    let record = r#"{"a":" x ","blank":" ","n":"1,234.50","list":["p","q",3],"esc":"a\"b\u4e2d","o":{"k":true},}"#;
    for (expression, expected) in [
        (".a", Some("x")),
        (".blank", None),
        (".missing.deep", None),
        (".o.k", Some("true")),
        (".esc", Some("a\"b中")),
        (".list[1]", Some("q")),
        (".list |> join(\"+\")", Some("p+q+3")),
        ("first(.blank, .missing, .a)", Some("x")),
        ("concat(.a, \"-\", .list[0])", Some("x-p")),
        ("concat(.a, .blank)", None),
        ("if is_empty(.blank) then \"none\" else \"some\"", Some("none")),
        ("if .missing == \"x\" then \"y\" else \"n\"", Some("n")),
        ("if .missing != \"x\" then \"y\" else \"n\"", Some("y")),
        ("if (.n |> decimal) > 1000 and not (.a == \"y\") then \"big\" else \"small\"", Some("big")),
        ("if .n |> decimal > 1000 then \"big\" else \"small\"", Some("big")),
        ("if round((.n |> decimal) / 3, 2) == 411.5 then \"y\" else \"n\"", Some("y")),
        ("if 1 + 2 * 3 == 7 and -2 + 5 == 3 then \"y\" else \"n\"", Some("y")),
        ("\"A\" |> lookup ab else null", Some("B")),
        (".a |> lookup { \"y\" = \"z\" } else \"other\"", Some("other")),
        (".a |> lookup { \"y\" = \"z\" } else null", None),
        (".blank |> lookup { \"y\" = \"z\" } else quarantine", None),
        ("\"深圳ＡＢ（12）\" |> half_width |> lower", Some("深圳ab(12)")),
        ("\"#CUST0007\" |> split(\"#\", 1)", Some("CUST0007")),
        ("\"tel 0755-123\" |> digits", Some("0755123")),
        ("\"请发 HSO26010001\" |> find(\"H?SO[0-9]{8}\")", Some("HSO26010001")),
        ("if \"abc\" |> starts_with(\"ab\") and contains(.a, \"x\") then \"y\" else \"n\"", Some("y")),
    ] {
        assert_eq!(text_of(expression, record).unwrap().as_deref(), expected, "{expression}");
    }
}

#[test]
fn a_record_that_cannot_be_mapped_tells_field_value_reason_and_line() {
    let refused =
        text_of(".a |> lookup { \"y\" = \"z\" } else quarantine \"nobody knows\"", r#"{"a":"x",}"#).unwrap_err();
    assert_eq!((&*refused.field, &*refused.value, &*refused.reason), ("text", "x", "nobody knows"));
    assert_eq!(refused.at.as_deref(), Some("t.toml:9"));
    let refused = text_of(".list", r#"{"list":[1],}"#).unwrap_err();
    assert!(refused.reason.contains("a list"), "{refused:?}");
    let refused = text_of("\"a\" |> required", r#"{"day":"2026-02-30",}"#).unwrap_err();
    assert_eq!((&*refused.field, &*refused.value), ("paid_on", "2026-02-30"));
    let long = format!("{{\"gross\":\"{}\",}}", "九".repeat(1000));
    let refused = text_of("\"a\"", &long).unwrap_err();
    assert_eq!((refused.value.chars().count(), &*refused.field), (MAX_VALUE_CHARS, "gross"));
    let refused = text_of(".a", r#"{"a":"x\u0000y",}"#).unwrap_err();
    assert!(refused.reason.contains("NUL"), "{refused:?}");
}

#[test]
fn unreadable_records_are_quarantined_as_a_whole() {
    let mapping = Mapping::parse("t.toml", &payment_with("text = '.a'")).unwrap();
    for payload in [b"{".as_slice(), b"\xff\xfe", b"<html>", b"{\"a\":1}}"] {
        assert_eq!(&*problem(map(&mapping, &PayloadShape::Json, payload)).field, "record");
    }
    let plan = mapping.plan(&PayloadShape::Opaque, &context()).unwrap();
    let record = RawRecord { key: "f.csv:3", version: None, payload: b"a\x1fb", problem: Some("too many columns") };
    let told = problem(plan.map(record));
    assert_eq!((&*told.field, &*told.value, &*told.reason), ("record", "a | b", "too many columns"));
}

#[test]
fn references_get_the_id_of_their_own_number_range() {
    let mapping = Mapping::parse("t.toml", &payment_with("customer = 'party(.c)'\norder_no = '.o'")).unwrap();
    let json = br#"{"c":"C1","o":null,"day":"2026-01-05","gross":1}"#;
    let fact = facts(map(&mapping, &PayloadShape::Json, json)).remove(0);
    assert_eq!((&*fact.numbering, &*fact.number), ("bank", "P1"));
    let expected = Value::Ref { number: "C1".into(), id: Id::of("sz", FactKind::Party, "erp", "C1") };
    assert_eq!(fact.fields.get("customer"), Some(&expected));
    assert_eq!(fact.fields.get("order_no"), Some(&Value::Null));
    assert_eq!(fact.fields.get("payer"), None, "no opinion");
}

#[test]
fn rows_are_bound_by_column_name_and_a_missing_column_is_told() {
    let mapping = Mapping::parse("t.toml", &payment_with("text = '.\"摘 要\"'\npayer = '.gone?'")).unwrap();
    let row = |columns: &[&str]| PayloadShape::Row(columns.iter().map(|name| (*name).to_owned()).collect());
    let shape = row(&["gross", "day", "摘 要"]);
    let fact = facts(map(&mapping, &shape, "1.50\u{1f}2026-01-05\u{1f}货".as_bytes())).remove(0);
    assert_eq!(fact.fields.text("text"), Some("货"));
    assert_eq!(fact.fields.get("payer"), Some(&Value::Null));
    let error = mapping.plan(&row(&["grosss", "day", "摘 要"]), &context()).unwrap_err().to_string();
    assert!(error.contains("no column `gross`, did you mean `grosss`?"), "{error}");
    let kingdee = MAPPINGS.iter().find(|builtin| builtin.path == "kingdee/outstock.toml").unwrap();
    let kingdee = Mapping::parse(kingdee.path, kingdee.text).unwrap();
    assert!(matches!(kingdee.plan(&shape, &context()), Err(MapError::NotInRows { .. })));
}

#[test]
fn the_version_of_a_mapping_is_its_text() {
    let id = |text: &str| Mapping::parse("t.toml", text).unwrap().id();
    let text = payment_with("text = '.a'");
    assert_eq!(id(&text), id(&text));
    assert_ne!(id(&text), id(&format!("{text}\n# a word")));
}
