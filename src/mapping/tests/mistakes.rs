//! What a person is told who wrote a mapping wrongly.

use super::*;

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
