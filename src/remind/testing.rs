//! What the tests of this module share: one policy, and positions in one line.

use jiff::Timestamp;
use jiff::civil::Date;

use super::decide::{Policy, PolicyTexts};
use crate::domain::{Amount, Currency, Id};
use crate::ledger::{Due, Leftover, OpenItem, OpenItemKind};
use crate::store::{LikelyMoney, NO_PARTY, Position, Subject, UnidentifiedPayment};

pub const PEOPLE: &str = r#"
person = [
  { name = "张三", chat = "zhangsan", codes = ["S01"], manager = "lisi" },
  { name = "Amy", chat = "amy", codes = ["S02"], manager = "lisi", language = "en" },
  { name = "李四", chat = "lisi" },
  { name = "王芳", chat = "wangfang" },
  { name = "信息部", chat = "it" },
]
queue = [{ name = "finance", members = ["wangfang"] }, { name = "it", members = ["it"] }]
"#;

pub fn policy() -> Policy {
    policy_of(include_str!("../../config/reminders.toml")).sending()
}

pub fn policy_of(reminders: &str) -> Policy {
    Policy::parse(&PolicyTexts {
        reminders: ("reminders.toml", reminders),
        people: ("people.toml", PEOPLE),
        calendars: vec![("cn-2026.toml", include_str!("../../config/calendar/cn-2026.toml"))],
        zones: Vec::new(),
        default_zone: "Asia/Shanghai",
    })
    .unwrap()
}

/// Local time in Shanghai.
pub fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn subject() -> Subject {
    Subject { book: "sz".into(), party: Id([7; 16]), currency: Currency::CNY }
}

pub fn ownerless() -> Subject {
    Subject { party: NO_PARTY, ..subject() }
}

pub fn position(items: Vec<OpenItem>) -> Position {
    Position {
        subject: subject(),
        code: "CUST0007".into(),
        name: "深圳市远航电子有限公司".into(),
        short_name: Some("远航电子".into()),
        salesperson: Some("S01".into()),
        items,
        leftovers: Vec::new(),
        likely_money: Vec::new(),
        generation: 1,
    }
}

pub fn invoice(number: &str, open: i64, due: &str) -> OpenItem {
    OpenItem {
        id: Id::from_parts(&[number.as_bytes()]),
        document: Id::from_parts(&[number.as_bytes()]),
        number: number.into(),
        kind: OpenItemKind::Invoice,
        issued_on: day("2026-01-05"),
        due: Due::On(day(due)),
        gross: Amount::units(open),
        open: Amount::units(open),
        orders: vec![Id::from_parts(&[b"order", number.as_bytes()])],
        salesperson: None,
        disputed: false,
    }
}

pub fn likely(number: &str, amount: i64, paid_on: &str) -> LikelyMoney {
    LikelyMoney {
        payment: Id::from_parts(&[number.as_bytes()]),
        number: number.into(),
        amount: Amount::units(amount),
        paid_on: day(paid_on),
        payer: Some("远航电子".into()),
        text: None,
    }
}

pub fn leftover(number: &str, amount: i64, paid_on: &str) -> (Leftover, Box<str>, Date) {
    let leftover = Leftover { payment: Id::from_parts(&[number.as_bytes()]), amount: Amount::units(amount) };
    (leftover, number.into(), day(paid_on))
}

pub fn unidentified(number: &str, amount: i64, paid_on: &str) -> UnidentifiedPayment {
    UnidentifiedPayment {
        payment: Id::from_parts(&[number.as_bytes()]),
        book: "sz".into(),
        currency: Currency::CNY,
        number: number.into(),
        amount: Amount::units(amount),
        paid_on: day(paid_on),
        payer: Some("东莞市恒达贸易有限公司".into()),
        text: Some("货款".into()),
        salesperson: None,
        booked: true,
    }
}
