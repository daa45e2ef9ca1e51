//! A year's worth of every kind of document in small: what reports are compared on. No randomness: what a customer does
//! follows from its number, so that every combination comes up and every run is the same.

use rust_decimal::Decimal;

use super::company::{Page, bank_line, customer, date, fact, invoice, receipt, reference, settle, shipment, with};
use crate::domain::{Amount, Currency, Fact, FactKind, Line, Value};
use crate::store::Store;

const ORDERS: u32 = 3;
/// Customers of one page.
const PAGE: u32 = 100;

/// Trades with `customers` customers and settles.
pub async fn fill(store: &Store, customers: u32) {
    for first in (0..customers).step_by(PAGE as usize) {
        let (mut page, mut bank) = (Page::of("everything", 1), Page::of_bank(1));
        for number in first..customers.min(first + PAGE) {
            let (facts, lines) = Customer { number }.trade();
            page = page.facts(&format!("customer {number}"), "v1", &facts);
            bank = bank.facts(&format!("bank {number}"), "v1", &lines);
        }
        page.apply(store).await;
        bank.apply(store).await;
    }
    settle(store).await;
}

struct Customer {
    number: u32,
}

fn day(days: u32) -> String {
    date("2026-01-05").checked_add(jiff::ToSpan::days(i64::from(days))).unwrap().to_string()
}

fn line(key: &str, fields: Vec<(&'static str, Value)>) -> Line {
    let fields = fields.into_iter().map(|(name, value)| (name.into(), value));
    Line { key: key.into(), fields: [("line_no".into(), Value::text(key))].into_iter().chain(fields).collect() }
}

fn pieces(number: u32) -> (&'static str, Value) {
    ("quantity", Value::Decimal(Decimal::from(number)))
}

fn gross(amount: Amount) -> (&'static str, Value) {
    ("gross", Value::Amount(amount))
}

fn sum(parts: &[Amount]) -> Amount {
    Amount::sum(parts.iter().copied()).unwrap()
}

impl Customer {
    fn every(&self, nth: u32) -> bool {
        self.number.is_multiple_of(nth)
    }

    fn code(&self) -> String {
        format!("C{:04}", self.number)
    }

    fn named(&self, kind: &str, of: &str) -> String {
        format!("{kind}{:04}-{of}", self.number)
    }

    fn currency(&self) -> Currency {
        [Currency::CNY, Currency::USD, Currency::parse("JPY").unwrap()][self.number as usize % 3]
    }

    /// Value of part `half` of order `order`, with an odd last digit where the currency has one.
    fn price(&self, order: u32, half: u32) -> Amount {
        let units = i64::from(1_000 + self.number * 7 + order * 130 + half * 401);
        let cents = if self.currency().minor_digits() == 0 { 0 } else { i64::from(self.number % 97) };
        Amount(units * 1_000_000 + cents * 10_000)
    }

    fn own(&self, fact: Fact) -> Fact {
        let owned = with(fact, "currency", Value::Currency(self.currency()));
        with(owned, "customer", reference(FactKind::Party, &self.code()))
    }

    fn money(&self, number: &str, on: u32, amount: Amount) -> Fact {
        with(self.own(receipt(number, None, &day(on), 1)), "gross", Value::Amount(amount))
    }

    /// Facts of the ERP, and of the bank.
    fn trade(&self) -> (Vec<Fact>, Vec<Fact>) {
        let salesperson = Value::text(format!("S{}", self.number % 4));
        let mut facts =
            vec![with(customer(&self.code(), &format!("客户{}有限公司", self.number)), "salesperson", salesperson)];
        for order in 0..ORDERS {
            facts.push(self.order(order));
            facts.extend(self.shipments(order));
        }
        facts.extend(self.invoices());
        facts.extend(self.statement());
        facts.extend(self.returns());
        facts.extend(self.receipts());
        (facts, self.bank())
    }

    fn order(&self, order: u32) -> Fact {
        let number = self.named("O", &order.to_string());
        let fields = vec![
            ("order_no", Value::text(&*number)),
            ("ordered_on", Value::Date(date(&day(order * 20)))),
            ("status", Value::text(if self.every(11) && order == 1 { "closed" } else { "active" })),
            ("salesperson", Value::text(format!("S{}", self.number % 4))),
        ];
        let mut fact = self.own(fact(FactKind::Order, &number, fields));
        for half in 0..2 {
            fact.lines.push(line(&half.to_string(), vec![pieces(100), gross(self.price(order, half))]));
        }
        fact
    }

    /// One line of goods of an order; part, brand and lot follow from the numbers.
    fn goods(&self, key: &str, order: u32, half: u32, amount: Amount) -> Line {
        let part = (self.number + half) % 5;
        line(
            key,
            vec![
                ("order_no", reference(FactKind::Order, &self.named("O", &order.to_string()))),
                ("part_no", Value::text(format!("STM32-{part}"))),
                ("brand", Value::text(if part.is_multiple_of(2) { "ST" } else { "GD" })),
                ("lot", Value::text(format!("L{}", (self.number + order) % 3))),
                pieces(100),
                gross(amount),
            ],
        )
    }

    /// The first half of each order in a shipment of its own; the second halves of orders 0 and 1 go together.
    fn shipments(&self, order: u32) -> Vec<Fact> {
        let make = |name: &str, lines: Vec<Line>| {
            let number = self.named("S", name);
            let mut made = self.own(shipment(&number, "", &day(order * 20 + 5), 1));
            made.lines = lines;
            let signed = !(self.number + order).is_multiple_of(3);
            if signed { with(made, "signed_on", Value::Date(date(&day(order * 20 + 7)))) } else { made }
        };
        let mut made = vec![make(&format!("{order}a"), vec![self.goods("1", order, 0, self.price(order, 0))])];
        if order == 1 {
            let both = [0, 1].map(|order| self.goods(&order.to_string(), order, 1, self.price(order, 1)));
            made.push(make("1b", both.to_vec()));
        }
        made
    }

    /// Order 0 is billed by order, order 1 by shipment (with what went along of order 0), order 2 only by some.
    fn invoices(&self) -> Vec<Fact> {
        let by_shipment = |key: &str, name: &str, amount: Amount| {
            line(key, vec![("shipment_no", reference(FactKind::Shipment, &self.named("S", name))), gross(amount)])
        };
        let make = |name: &str, on: u32, lines: Vec<Line>| {
            let mut made = self.own(invoice(&self.named("I", name), "", &day(on), 1));
            made.fields.remove("gross");
            made.lines = lines;
            made
        };
        let by_order = vec![
            ("order_no", reference(FactKind::Order, &self.named("O", "0"))),
            ("shipment_no", reference(FactKind::Shipment, &self.named("S", "0a"))),
            gross(self.price(0, 0)),
        ];
        let both = sum(&[self.price(0, 1), self.price(1, 1)]);
        let mut made = vec![
            make("0", 10, vec![line("1", by_order)]),
            make("1", 30, vec![by_shipment("1", "1a", self.price(1, 0)), by_shipment("2", "1b", both)]),
        ];
        if self.every(2) {
            made.push(make("2", 60, vec![by_shipment("1", "2a", self.price(2, 0))]));
        }
        if self.every(17) {
            // In front of its goods (先票后货).
            let order = reference(FactKind::Order, &self.named("O", "2"));
            made.push(make("F", 62, vec![line("1", vec![("order_no", order), gross(self.price(2, 1))])]));
        }
        if self.every(5) {
            let red = make("R", 65, vec![by_shipment("1", "0a", Amount::units(50))]);
            let red = with(red, "reverses", reference(FactKind::Invoice, &self.named("I", "0")));
            made.push(with(red, "nature", Value::text("red")));
        }
        made
    }

    fn statement(&self) -> Vec<Fact> {
        let number = self.named("T", "1");
        let status = ["confirmed", "disputed", "sent"][self.number as usize % 3];
        let fields = vec![
            ("statement_no", Value::text(&*number)),
            ("from", Value::Date(date(&day(0)))),
            ("to", Value::Date(date(&day(31)))),
            ("status", Value::text(status)),
        ];
        let mut made = self.own(fact(FactKind::Statement, &number, fields));
        for (key, name, disputed) in [("1", "0a", false), ("2", "1b", self.every(2))] {
            let shipment = reference(FactKind::Shipment, &self.named("S", name));
            let fields = vec![("shipment_no", shipment), ("disputed", Value::Bool(disputed)), gross(self.price(0, 0))];
            made.lines.push(line(key, fields));
        }
        vec![made]
    }

    fn returns(&self) -> Vec<Fact> {
        if !self.every(4) {
            return Vec::new();
        }
        let number = self.named("B", "1");
        let fields = vec![
            ("return_no", Value::text(&*number)),
            ("returned_on", Value::Date(date(&day(50)))),
            ("status", Value::text("active")),
            ("cause", Value::text(if self.every(3) { "引脚氧化" } else { "型号发错" })),
            ("disposition", Value::text(if self.every(8) { "exchange" } else { "refund" })),
        ];
        let mut made = self.own(fact(FactKind::Return, &number, fields));
        let part = ("part_no", Value::text(format!("STM32-{}", self.number % 5)));
        let shipment = ("shipment_no", reference(FactKind::Shipment, &self.named("S", "0a")));
        made.lines.push(line("1", vec![shipment, part, pieces(3), gross(Amount::units(30))]));
        vec![made]
    }

    fn receipts(&self) -> Vec<Fact> {
        let mut first = self.money(&self.named("R", "0"), 45, self.price(0, 0));
        first.fields.set("text", Value::text(format!("货款 {}", self.named("I", "0"))));
        first.fields.set("bank_ref", Value::text(self.named("BK", "0")));
        let mut made = vec![first, self.money(&self.named("R", "1"), 70, Amount::units(1_234))];
        if self.every(5) {
            // More than was shipped of the order: the rest waits.
            let deposit = self.money(&self.named("D", "2"), 40, Amount::units(4_000));
            let deposit = with(deposit, "purpose", Value::text("deposit"));
            made.push(with(deposit, "order_no", reference(FactKind::Order, &self.named("O", "2"))));
        }
        if self.every(10) {
            made.push(with(self.money(&self.named("P", "1"), 80, Amount::units(7)), "direction", Value::text("out")));
        }
        if self.every(7) {
            let mut nobodys = self.money(&self.named("U", "1"), 55, Amount::units(99));
            nobodys.fields.remove("customer");
            made.push(nobodys);
        }
        if self.every(13) {
            // More than everything that is owed.
            made.push(self.money(&self.named("X", "1"), 75, Amount::units(99_999)));
        }
        if self.every(10) {
            made.push(self.bill());
        }
        made
    }

    fn bill(&self) -> Fact {
        let number = self.named("N", "1");
        let fields = vec![
            ("bill_no", Value::text(&*number)),
            ("received_on", Value::Date(date(&day(48)))),
            ("matures_on", Value::Date(date(&day(90)))),
            ("status", Value::text(if self.every(4) { "matured" } else { "held" })),
            gross(Amount::units(500)),
        ];
        self.own(fact(FactKind::Bill, &number, fields))
    }

    /// The bank shows the first receipt, and now and then money that nobody has booked.
    fn bank(&self) -> Vec<Fact> {
        let make = |serial: String, on: u32, amount: Amount| {
            let seen = with(bank_line(&serial, "某公司", &day(on), 1), "currency", Value::Currency(self.currency()));
            with(seen, "gross", Value::Amount(amount))
        };
        let mut seen = vec![make(self.named("BK", "0"), 45, self.price(0, 0))];
        if self.every(9) {
            seen.push(make(self.named("BK", "1"), 61, Amount::units(88)));
        }
        seen
    }
}

/// Numbers of all orders that [`fill`] made.
pub fn orders(customers: u32) -> Vec<String> {
    let of = |number| (0..ORDERS).map(move |order| Customer { number }.named("O", &order.to_string()));
    (0..customers).flat_map(of).collect()
}
