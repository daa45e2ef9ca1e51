//! The language and the built-in mappings as a whole.

use bihuan_connectors::sdk::{PayloadShape, RawRecord};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::ast::{Argument, BinaryOp, Expr, Node, Path, Step, TableRef, quoted};
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

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = r#"source_kind = "kingdee"
stream = "outstock"
lines = "all"
[[fact]]
kind = "shipment"
[fact.fields]
shipment_no = '.FBillNo |> trimm'
custmer = '.FCustomerID.FNumber'
customer = 'party(.FCustomerID.FNumber'
currency = '"CNY"'
shipped_on = '.FDate |> date("%Y-%m")'
nature = '"sold"'
status = '.S |> lookup { "C" = "shiped" } else quarantine'
[[fact.lines]]
each = '.FEntity'
line_no = '.FEntryID'
quantity = '.FRealQty'
gross = '..A |> amount($currncy)'
"#;
    assert_eq!(
        mistakes(text),
        [
            "3: `lines` is `complete` or `partial`",
            "7: there is no function `trimm`",
            "8: shipment has no field `custmer`",
            "9: expected `,` or `)`, found the end of the expression",
            "10: `currency` takes currency, this is text",
            "11: the format does not hold a whole date",
            "12: `nature` cannot be `sold`",
            "13: `status` cannot be `shiped`",
            "17: `quantity` takes decimal, this is text",
            "18: this fact has no field `currncy` to refer to",
        ]
    );
    let first = &Mapping::parse("mappings/x.toml", text).unwrap_err()[1];
    insta::assert_snapshot!(first.render(text), @r"
    error: there is no function `trimm`
     --> mappings/x.toml:7:28
      |
    7 | shipment_no = '.FBillNo |> trimm'
      |                            ^^^^^
      |
      = help: did you mean `trim`?
    ");
}

#[test]
fn each_kind_of_mistake_has_its_own_words() {
    for (field, message) in [
        ("text = '.a + 1'", "9: `+` takes decimal, this is text"),
        ("text = '..a'", "9: there is no enclosing record here"),
        ("text = 'if .a then .b else .c'", "9: `if` takes bool, this is text"),
        ("text = 'if true then .b else 1'", "9: `then` gives text, `else` gives decimal"),
        ("text = 'first(.a, 1)'", "9: `first` mixes text with decimal"),
        ("text = '.a |> lookup nope else null'", "9: there is no table `nope`"),
        ("text = '.a |> lookup { \"x\" = \"y\" }'", "9: expected `else`, found the end of the expression"),
        ("text = 'party(.a)'", "9: `text` takes text, this is party"),
        ("text = 'name'", "9: `name` is not a value"),
        ("text = 'trim()'", "9: `trim` needs `x`"),
        ("text = 'trim(.a, .b)'", "9: `trim` takes fewer arguments"),
        ("text = '.a |> split(sep = \",\", part = 1)'", "9: `split` has no parameter `sep`"),
        ("text = '.a |> find(.b)'", "9: `pattern` of `find` is a text literal"),
        ("text = '.a |> find(\"[a\")'", "9: `[` is not closed"),
        ("text = '$text'", "9: `$text` refers to other fields itself"),
        ("text = '$nope'", "9: this fact has no field `nope` to refer to"),
        ("text = 7", "9: an expression is a TOML text"),
        ("gross = '1 / 3'", "9: `gross` takes amount, this is division without `round`"),
        ("gross = 'null'", "9: `gross` is required, it cannot be null"),
        ("text = 'if .a == null then .b else .c'", "9: nothing is ever equal to this"),
        ("text = 'if .a == \" \" then .b else .c'", "9: nothing is ever equal to this"),
        ("currency = 'currency(\"RMB\")'", "9: `RMB`: 未知币种 `RMB` is not a known currency code"),
        ("text = '.a ='", "9: unexpected `=`"),
    ] {
        assert_eq!(mistakes(&payment_with(field)), [message], "{field}");
    }
    let missing = payment_with("text = '.a'").replace("status = ", "\"extra.status\" = ");
    assert_eq!(mistakes(&missing), ["7: payment needs the field `status`"]);
    assert!(mistakes("x = ")[0].contains("not TOML"));
    assert_eq!(mistakes("").len(), 3, "source_kind, stream, lines");
}

#[test]
fn an_expression_too_large_or_too_deep_is_refused_and_not_run() {
    let deep = payment_with(&format!("text = '{}.a{}'", "(".repeat(200), ")".repeat(200)));
    assert!(mistakes(&deep)[0].contains("nest at most"));
    let long = payment_with(&format!("text = 'concat(.a{})'", ", .a".repeat(1000)));
    assert!(mistakes(&long)[0].contains("at most 400 parts"));
}

/// Prints a tree with every bracket, so that binding powers cannot hide a mistake.
fn print(expr: &Expr) -> String {
    match &expr.node {
        Node::Path(path) => path.to_string(),
        Node::Field(name) => format!("${name}"),
        Node::Text(text) => quoted(text),
        Node::Number(number) => number.to_string(),
        Node::Bool(value) => value.to_string(),
        Node::Null => "null".to_owned(),
        Node::Quarantine(reason) => {
            reason.as_ref().map_or("quarantine".to_owned(), |r| format!("quarantine {}", quoted(r)))
        }
        Node::Call { name, args } => {
            let arg = |arg: &Argument| match &arg.name {
                Some(name) => format!("{} = {}", name.text, print(&arg.value)),
                None => print(&arg.value),
            };
            format!("{}({})", name.text, args.iter().map(arg).collect::<Vec<_>>().join(", "))
        }
        Node::Lookup { input, table, otherwise } => {
            let table = match table {
                TableRef::Named(name) => name.text.clone(),
                TableRef::Inline(entries) => {
                    let entry = |(key, value): &(String, String)| format!("{} = {}", quoted(key), quoted(value));
                    format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
                }
            };
            format!("({} |> lookup {table} else {})", print(input), print(otherwise))
        }
        Node::If { condition, then, otherwise } => {
            format!("(if {} then {} else {})", print(condition), print(then), print(otherwise))
        }
        Node::Not(inner) => format!("(not {})", print(inner)),
        Node::Minus(inner) => format!("(-{})", print(inner)),
        Node::Binary { op, left, right } => format!("({} {} {})", print(left), op.symbol(), print(right)),
    }
}

fn node(node: Node) -> Expr {
    Expr { node, span: 0..0 }
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let name = prop::sample::select(vec!["a", "数量", "B_2"]);
    let text = "[a\"\\\\ 中]{0,4}";
    let path = (any::<bool>(), prop::collection::vec(prop_oneof!["[a-c]{1,2}", "[ (.]{1,2}"], 1..3), any::<bool>());
    let leaf = prop_oneof![
        (path, 0_usize..3).prop_map(|((outer, keys, optional), index)| {
            let steps = keys.into_iter().map(Step::Key).chain([Step::Index(index)]).collect();
            node(Node::Path(Path { outer, steps, optional }))
        }),
        text.prop_map(|text| node(Node::Text(text))),
        (0_i64..10_000, 0_u32..4).prop_map(|(m, s)| node(Node::Number(rust_decimal::Decimal::new(m, s)))),
        any::<bool>().prop_map(|value| node(Node::Bool(value))),
        Just(node(Node::Null)),
        name.clone().prop_map(|name| node(Node::Field(name.to_owned()))),
        prop::option::of(text).prop_map(|reason| node(Node::Quarantine(reason))),
    ];
    let ops =
        vec![BinaryOp::Or, BinaryOp::And, BinaryOp::Equal, BinaryOp::LessOrEqual, BinaryOp::Subtract, BinaryOp::Divide];
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let call_name = name.clone().prop_map(|text| ast::Name { text: text.to_owned(), span: 0..0 });
        let arg = (prop::option::of(call_name.clone()), inner).prop_map(|(name, value)| Argument { name, value });
        prop_oneof![
            (call_name, prop::collection::vec(arg, 0..3)).prop_map(|(name, args)| node(Node::Call { name, args })),
            (boxed.clone(), boxed.clone(), prop::sample::select(ops.clone()))
                .prop_map(|(left, right, op)| node(Node::Binary { op, left, right })),
            (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(condition, then, otherwise)| node(Node::If {
                condition,
                then,
                otherwise
            })),
            boxed.clone().prop_map(|inner| node(Node::Not(inner))),
            boxed.clone().prop_map(|inner| node(Node::Minus(inner))),
            (boxed, prop::collection::vec((text, text), 0..3)).prop_map(|(input, entries)| {
                let otherwise = Box::new(node(Node::Null));
                node(Node::Lookup { input, table: TableRef::Inline(entries), otherwise })
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_parsed_back(expr in any_expr()) {
        let printed = print(&expr);
        let parsed = parser::parse(&printed, 0).map_err(|error| TestCaseError::fail(format!("{printed}: {error:?}")))?;
        prop_assert_eq!(print(&parsed), printed);
    }

    #[test]
    fn no_text_makes_the_parser_panic(source in r#"[.$a-c0-9"\\ (){}\[\]|>=!,+*/-]{0,40}|.{0,30}"#) {
        let _ = parser::parse(&source, 7);
        let _ = Mapping::parse("t.toml", &payment_with(&format!("text = '''{source}'''"))).map_err(|found| {
            found.iter().for_each(|diagnostic| drop(diagnostic.render(&source)));
        });
    }

    #[test]
    fn no_bytes_make_a_builtin_mapping_panic(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), r#"[{}\[\]":,0-9a-zF\x1f. -]{0,200}"#.prop_map(String::into_bytes)],
        which in 0..MAPPINGS.len(),
        cut in 0_usize..2000,
    ) {
        let mapping = Mapping::parse(MAPPINGS[which].path, MAPPINGS[which].text).unwrap();
        let columns: Vec<String> = mapping.program().paths.iter().filter_map(|path| match path.steps.as_slice() {
            [Step::Key(key)] => Some(key.clone()),
            _ => None,
        }).collect();
        for shape in [PayloadShape::Json, PayloadShape::Row(columns.into()), PayloadShape::Opaque] {
            let Ok(plan) = mapping.plan(&shape, &context()) else { continue };
            plan.map(RawRecord { key: "k", version: None, payload: &bytes, problem: None });
            // A record of the cases, cut short anywhere.
            let cases = MAPPINGS[which].cases.as_bytes();
            let start = cases.windows(2).position(|pair| pair == b"{\"").unwrap_or(0);
            let record = &cases[start..cases.len().min(start + cut)];
            plan.map(RawRecord { key: "k", version: None, payload: record, problem: None });
        }
    }
}
