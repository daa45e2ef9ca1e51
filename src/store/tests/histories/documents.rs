//! What happens in a made-up company, as facts: which event, between whom, about which earlier documents.
//!
//! Customers, orders and amounts are few, so that equal amounts, shared orders and names of documents that come later, or
//! never, are common.

use rust_decimal::Decimal;

use super::generate::{ERP, PEOPLE, SECOND};
use crate::domain::{Amount, Currency, Fact, FactKind, FieldMap, Id, Line, Value};
use crate::sim::rng::Rng;
use crate::store::tests::company::date;

const CUSTOMERS: u64 = 3;
const ORDERS: u64 = 4;
/// In units; few, and some the sums of others.
const AMOUNTS: &[i64] = &[100, 200, 300, 85, 1000, 985];
/// A history happens within two months of one of these years; four histories of a world share one, so that money of one
/// may be taken for another's, and those of the first cross the cutover.
const FIRST_YEAR: u64 = 2020;
const YEARS: u64 = 16;

pub struct Maker {
    pub rng: Rng,
    place: u64,
    book: &'static str,
    numbers: u64,
}

type Told = (usize, Vec<Fact>);

impl Maker {
    pub fn new(rng: Rng, place: u64) -> Self {
        Self { rng, place, book: "sz", numbers: 0 }
    }

    /// One event in `book`: which systems tell of it, and the facts of each.
    pub fn event(&mut self, book: &'static str) -> Vec<Told> {
        self.book = book;
        match self.rng.below(44) {
            0..=2 => vec![(ERP, vec![self.customer()])],
            3..=5 => vec![(ERP, vec![self.order()])],
            6..=13 => self.goods(),
            14..=15 => vec![(ERP, vec![self.goods_back()])],
            16..=21 => self.claim(),
            22..=23 => vec![(ERP, vec![self.adjustment()])],
            24..=31 => self.money(),
            32..=33 => vec![(ERP, vec![self.bill()])],
            34..=35 => vec![(ERP, vec![self.settlement()])],
            36..=37 => vec![(ERP, vec![self.statement()])],
            38 => vec![(SECOND, vec![self.message()])],
            _ => vec![(PEOPLE, vec![self.decision()])],
        }
    }

    fn number(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        format!("{prefix}{}{:05}", self.place, self.numbers)
    }

    /// The number of an earlier document, of one of another kind, or of one that comes later.
    fn any_number(&mut self, prefix: &str) -> String {
        let number = self.rng.below(self.numbers + 4);
        format!("{prefix}{}{number:05}", self.place)
    }

    fn reference(&self, kind: FactKind, numbering: &str, number: &str) -> Value {
        Value::Ref { number: number.into(), id: Id::of(self.book, kind, numbering, number) }
    }

    fn refers(&mut self, kind: FactKind, prefix: &str) -> Value {
        let number = self.any_number(prefix);
        self.reference(kind, "erp", &number)
    }

    fn a_customer(&mut self) -> (String, Value) {
        let code = format!("C{}{}", self.place, self.rng.below(CUSTOMERS));
        let customer = self.reference(FactKind::Party, "erp", &code);
        (code, customer)
    }

    fn an_order(&mut self) -> Value {
        let number = format!("SO{}{:05}", self.place, self.rng.below(ORDERS));
        self.reference(FactKind::Order, "erp", &number)
    }

    fn currency(&mut self) -> Value {
        let hkd = Currency::parse("HKD").unwrap();
        Value::Currency(*self.rng.pick(&[Currency::CNY, Currency::CNY, Currency::CNY, Currency::USD, hkd]))
    }

    fn day(&mut self) -> Value {
        let (month, day) = (self.rng.between(3, 4), self.rng.between(1, 28));
        Value::Date(date(&format!("{}-{month:02}-{day:02}", self.year())))
    }

    fn year(&self) -> u64 {
        FIRST_YEAR + self.place % YEARS
    }

    fn amount(&mut self) -> Amount {
        let cents = *self.rng.pick(&[0, 0, 0, 0, 2]);
        Amount(Amount::units(*self.rng.pick(AMOUNTS)).0 + cents * 10_000)
    }

    fn fact(&self, kind: FactKind, numbering: &str, number: &str, fields: Vec<(&'static str, Value)>) -> Fact {
        let fields: FieldMap = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let (book, numbering) = (self.book.into(), numbering.into());
        Fact { kind, book, numbering, number: number.into(), fields, lines: Vec::new() }
    }

    /// A document of a customer on a day; its amount is in the lines unless `gross` is given.
    fn document(
        &mut self,
        kind: FactKind,
        number: &str,
        day: &'static str,
        gross: Option<Amount>,
        more: Vec<(&'static str, Value)>,
    ) -> Fact {
        let mut fields = vec![
            ("customer", self.a_customer().1),
            ("currency", self.currency()),
            (day, self.day()),
            ("status", Value::text("active")),
        ];
        fields.extend(gross.map(|gross| ("gross", Value::Amount(gross))));
        fields.extend(more);
        self.fact(kind, "erp", number, fields)
    }

    fn line(&mut self, key: usize, gross: Amount, more: Vec<(&'static str, Value)>) -> Line {
        let mut fields = FieldMap::default();
        fields.set("line_no", Value::text(key.to_string()));
        fields.set("quantity", Value::Decimal(Decimal::from(self.rng.between(1, 3) * 10)));
        fields.set("gross", Value::Amount(gross));
        more.into_iter().for_each(|(name, value)| fields.set(name, value));
        Line { key: key.to_string().into(), fields }
    }

    fn customer(&mut self) -> Fact {
        let code = self.a_customer().0;
        let name = format!("{code}电子有限公司");
        let terms = *self.rng.pick(&["月结30", "net 30", "款到发货", "what is this"]);
        let fields = [("code", code.as_str()), ("name", &name), ("terms", terms)];
        let fields = fields.map(|(field, text)| (field, Value::text(text)));
        self.fact(FactKind::Party, "erp", &code, fields.into())
    }

    fn order(&mut self) -> Fact {
        let number = format!("SO{}{:05}", self.place, self.rng.below(ORDERS));
        let status = *self.rng.pick(&["active", "active", "closed"]);
        let more = vec![("status", Value::text(status))];
        let mut order = self.document(FactKind::Order, &number, "ordered_on", None, more);
        let gross = self.amount();
        order.lines.push(self.line(1, gross, Vec::new()));
        order
    }

    fn shipment(&mut self) -> Fact {
        let number = self.number("XS");
        let nature = *self.rng.pick(&["sale", "sale", "sale", "sale", "sample", "exchange"]);
        let more = vec![("nature", Value::text(nature)), ("status", Value::text("shipped"))];
        let mut shipment = self.document(FactKind::Shipment, &number, "shipped_on", None, more);
        for key in 1..=1 + self.rng.below(3) as usize {
            let (gross, order) = (self.amount(), self.an_order());
            shipment.lines.push(self.line(key, gross, vec![("order_no", order)]));
        }
        shipment
    }

    /// Goods leave: the ERP tells it, with the customer or an order beside it; the warehouse may tell more of the same
    /// document, or tell of it under a number of its own.
    fn goods(&mut self) -> Vec<Told> {
        let shipment = self.shipment();
        let mut seen = shipment.clone();
        let signed = self.day();
        seen.fields.set("signed_on", signed);
        if self.rng.chance(500) {
            seen.numbering = "warehouse".into();
            seen.number = self.number("WH").into();
        }
        let mut facts = vec![shipment];
        match self.rng.below(6) {
            0 => facts.push(self.customer()),
            1 => facts.push(self.order()),
            2 => facts.push(self.shipment()),
            _ => {}
        }
        let mut told = vec![(ERP, facts)];
        if self.rng.chance(400) {
            told.push((SECOND, vec![seen]));
        }
        told
    }

    fn goods_back(&mut self) -> Fact {
        let number = self.number("TH");
        let disposition = *self.rng.pick(&["refund", "refund", "exchange"]);
        let more = vec![("disposition", Value::text(disposition))];
        let mut returned = self.document(FactKind::Return, &number, "returned_on", None, more);
        let (gross, shipment, order) = (self.amount(), self.refers(FactKind::Shipment, "XS"), self.an_order());
        returned.lines.push(self.line(1, gross, vec![("shipment_no", shipment), ("order_no", order)]));
        returned
    }

    /// The ERP's receivable, blue, red or opening; the tax platform may see it under a number of its own.
    fn claim(&mut self) -> Vec<Told> {
        let number = self.number("AR");
        let nature = *self.rng.pick(&["blue", "blue", "blue", "blue", "red", "opening"]);
        let mut more = vec![("nature", Value::text(nature))];
        if nature == "red" && self.rng.chance(700) {
            more.push(("reverses", self.refers(FactKind::Invoice, "AR")));
        }
        if self.rng.chance(200) {
            more.push(("due_on", self.day()));
        }
        let mut invoice = self.document(FactKind::Invoice, &number, "invoiced_on", None, more);
        for key in 1..=1 + self.rng.below(2) as usize {
            let gross = self.amount();
            let about = match self.rng.below(3) {
                0 => vec![("shipment_no", self.refers(FactKind::Shipment, "XS"))],
                1 => vec![("order_no", self.an_order())],
                _ => Vec::new(),
            };
            invoice.lines.push(self.line(key, gross, about));
        }
        let mut seen = invoice.clone();
        seen.numbering = "tax".into();
        seen.number = self.number("FP").into();
        let mut told = vec![(ERP, vec![invoice])];
        if self.rng.chance(300) {
            told.push((SECOND, vec![seen]));
        }
        told
    }

    fn adjustment(&mut self) -> Fact {
        let number = self.number("TZ");
        let reason = *self.rng.pick(&["allowance", "rebate", "price_difference", "write_off"]);
        let mut more = vec![("reason", Value::text(reason))];
        match self.rng.below(3) {
            0 => more.push(("invoice_no", self.refers(FactKind::Invoice, "AR"))),
            1 => more.push(("shipment_no", self.refers(FactKind::Shipment, "XS"))),
            _ => {}
        }
        let gross = self.amount();
        self.document(FactKind::Adjustment, &number, "adjusted_on", Some(gross), more)
    }

    /// A receipt as finance books it: plain, without a known customer, a deposit, for several customers, or a refund.
    fn receipt(&mut self) -> Fact {
        let number = self.number("SK");
        let named = [("SO", 5), ("AR", 5), ("XS", 5)];
        let text = format!("货款 {}", self.any_number(self.rng.clone().pick(&named).0));
        let gross = self.amount();
        let more = vec![("text", Value::text(text)), ("payer", Value::text(self.payer()))];
        let mut receipt = self.document(FactKind::Payment, &number, "paid_on", Some(gross), more);
        match self.rng.below(8) {
            0 => receipt.fields.remove("customer"),
            1 => {
                receipt.fields.set("purpose", Value::text("deposit"));
                let order = self.an_order();
                receipt.fields.set("order_no", order);
            }
            2 => {
                for key in 1..=2 {
                    let (share, customer) = (Amount(gross.0 / 20_000 * 10_000), self.a_customer().1);
                    receipt.lines.push(self.line(key, share, vec![("customer", customer)]));
                    receipt.lines.last_mut().unwrap().fields.remove("quantity");
                }
            }
            3 => receipt.fields.set("direction", Value::text("out")),
            4 => receipt.fields.set("fee", Value::Amount(Amount::units(15))),
            _ => {}
        }
        receipt
    }

    fn payer(&mut self) -> String {
        format!("C{}{}电子有限公司", self.place, self.rng.below(CUSTOMERS + 1))
    }

    /// Money is booked, seen by the bank, or both.
    fn money(&mut self) -> Vec<Told> {
        let receipt = self.receipt();
        let mut line = receipt.clone();
        line.numbering = "bank".into();
        line.number = self.number("BK").into();
        line.lines.clear();
        ["customer", "order_no", "purpose", "fee"].into_iter().for_each(|field| line.fields.remove(field));
        if self.rng.chance(150) {
            line.fields.set("class", Value::text(*self.rng.pick(&["own_transfer", "interest", "customer"])));
        }
        let mut receipt = receipt;
        if self.rng.chance(300) {
            let serial = Value::text(&*line.number);
            line.fields.set("bank_ref", serial.clone());
            receipt.fields.set("bank_ref", serial);
        }
        match self.rng.below(3) {
            0 => vec![(ERP, vec![receipt])],
            1 => vec![(SECOND, vec![line])],
            _ => vec![(ERP, vec![receipt]), (SECOND, vec![line])],
        }
    }

    fn bill(&mut self) -> Fact {
        let number = self.number("YC");
        let status = *self.rng.pick(&["held", "held", "matured", "discounted", "endorsed", "dishonoured"]);
        let mut more = vec![("status", Value::text(status)), ("status_on", self.day()), ("matures_on", self.day())];
        more.push(("interest", Value::Amount(Amount::units(3))));
        let gross = self.amount();
        self.document(FactKind::Bill, &number, "received_on", Some(gross), more)
    }

    fn settlement(&mut self) -> Fact {
        let number = self.number("HX");
        let more = vec![
            ("payment_no", self.refers(FactKind::Payment, "SK")),
            ("invoice_no", self.refers(FactKind::Invoice, "AR")),
        ];
        let gross = self.amount();
        let mut settlement = self.document(FactKind::Settlement, &number, "settled_on", Some(gross), more);
        settlement.fields.remove("customer");
        settlement
    }

    fn statement(&mut self) -> Fact {
        let number = self.number("DZ");
        let status = *self.rng.pick(&["sent", "confirmed", "disputed"]);
        let mut statement =
            self.document(FactKind::Statement, &number, "confirmed_on", None, vec![("status", Value::text(status))]);
        for key in 1..=2 {
            let (gross, shipment) = (self.amount(), self.refers(FactKind::Shipment, "XS"));
            let disputed = Value::Bool(self.rng.chance(300));
            statement.lines.push(self.line(key, gross, vec![("shipment_no", shipment), ("disputed", disputed)]));
            statement.lines.last_mut().unwrap().fields.remove("quantity");
        }
        statement
    }

    fn message(&mut self) -> Fact {
        let number = self.number("MS");
        let order = self.an_order();
        let fields = vec![("message_id", Value::text(&*number)), ("text", Value::text("到了吗")), ("order_no", order)];
        self.fact(FactKind::Message, "chat", &number, fields)
    }

    /// What a person decides about documents that may come later or never; `revoke` takes one of these back.
    fn decision(&mut self) -> Fact {
        let number = self.number("JD");
        let action = *self.rng.pick(&[
            "identify",
            "allocate",
            "unallocate",
            "confirm",
            "reject",
            "dispute",
            "promise",
            "classify",
            "pair",
            "unpair",
            "revoke",
            "revoke",
        ]);
        let instant = format!("{}-05-{:02}T08:00:00Z", self.year(), self.rng.between(1, 28));
        let mut fields = vec![
            ("decision_id", Value::text(&*number)),
            ("decided_at", Value::Instant(instant.parse().unwrap())),
            ("decided_by", Value::text("li")),
            ("action", Value::text(action)),
            ("customer", self.a_customer().1),
            ("payment_no", self.refers(FactKind::Payment, "SK")),
            ("invoice_no", self.refers(FactKind::Invoice, "AR")),
            ("currency", self.currency()),
            ("gross", Value::Amount(self.amount())),
        ];
        let evidence = self.any_number("BK");
        match action {
            "pair" | "unpair" => fields.push(("evidence_no", self.reference(FactKind::Payment, "bank", &evidence))),
            "classify" => fields.push(("class", Value::text("own_transfer"))),
            "revoke" => fields.push(("revokes", self.refers(FactKind::Decision, "JD"))),
            "promise" => fields.push(("until", self.day())),
            _ => {}
        }
        self.fact(FactKind::Decision, "erp", &number, fields)
    }
}
