//! What holds for every expression and every record.

use bihuan_connectors::sdk::{PayloadShape, RawRecord};
use proptest::prelude::*;

use super::super::ast::{self, Argument, BinaryOp, Expr, Node, Path, Step, TableRef, quoted};
use super::super::builtin::MAPPINGS;
use super::super::{Mapping, parser};
use super::{context, payment_with};

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
