use super::*;
use crate::domain::Value;
use crate::ledger::fixtures::{Doc, amount, day, id};
use crate::ledger::{Due, OpenItemKind};

const ORDER: &[(&str, FactKind, &str)] = &[("order_no", FactKind::Order, "O1")];
const OTHER: &[(&str, FactKind, &str)] = &[("order_no", FactKind::Order, "O2")];

/// Five hundred pieces at one yuan.
fn order() -> Document {
    Doc::new(FactKind::Order, "O1").date("ordered_on", day(0)).line(500, amount("500"), &[]).build()
}

/// What a loop is made of; nothing but the order unless said.
#[derive(Default)]
struct Scene {
    shipments: Vec<Document>,
    returns: Vec<Document>,
    invoices: Vec<Document>,
    adjustments: Vec<Document>,
    statements: Vec<Document>,
    payments: Vec<Document>,
    items: Vec<OpenItem>,
    paid: Vec<ItemPayment>,
    events: Vec<Document>,
    no_signatures: bool,
    carriers: bool,
}

impl Scene {
    fn state(&self) -> OrderState {
        let order = order();
        let documents = OrderDocuments {
            order: &order,
            shipments: &self.shipments,
            returns: &self.returns,
            invoices: &self.invoices,
            adjustments: &self.adjustments,
            statements: &self.statements,
            payments: &self.payments,
            items: &self.items,
            paid: &self.paid,
            signing: &Signing::of(&self.events, &jiff::tz::TimeZone::UTC),
            known: SignaturesKnown { by_source: !self.no_signatures, by_carrier: self.carriers },
        };
        order_state(&documents, day(90)).unwrap()
    }
}

fn shipment(pieces: i64) -> Doc {
    Doc::shipment("S1", day(1)).line(pieces, amount(&pieces.to_string()), ORDER)
}

fn item(document: &Document, gross: &str, open: &str, due: Due) -> OpenItem {
    OpenItem {
        id: document.id,
        document: document.id,
        number: document.number.clone(),
        kind: OpenItemKind::Invoice,
        issued_on: day(3),
        due,
        gross: amount(gross),
        open: amount(open),
        orders: vec![id(FactKind::Order, "O1")],
        salesperson: None,
        disputed: false,
    }
}

fn goods_gaps(shipped: i64, signed: bool, invoiced: i64, returned: i64, red: i64) -> Vec<Gap> {
    let money = |pieces: i64| amount(&pieces.to_string());
    let shipment = if signed { shipment(shipped).date("signed_on", day(2)) } else { shipment(shipped) };
    let blue = Doc::invoice("I1", day(3)).line(invoiced, money(invoiced), ORDER).build();
    let red = Doc::invoice("I2", day(5)).text("nature", "red").line(red, money(red), ORDER).build();
    let returned = Doc::returned("R1", day(4)).line(returned, money(returned), ORDER).build();
    let shipments = vec![shipment.build()];
    Scene { shipments, returns: vec![returned], invoices: vec![blue, red], ..Scene::default() }.state().gaps
}

#[test]
fn what_is_missing_in_an_order_is_named_with_its_amount() {
    let not_shipped =
        |pieces: i64| Gap::NotShipped(Goods { quantity: Decimal::from(pieces), amount: amount(&pieces.to_string()) });
    let cases = [
        ((500, true, 500, 0, 0), vec![]),
        ((200, true, 200, 0, 0), vec![not_shipped(300)]),
        ((500, false, 500, 0, 0), vec![Gap::NotSigned { shipments: vec!["S1".into()] }]),
        ((500, true, 380, 0, 0), vec![Gap::NotInvoiced { amount: amount("120") }]),
        ((500, true, 500, 40, 0), vec![Gap::ReturnWithoutRedInvoice { amount: amount("40") }]),
        ((500, true, 500, 40, 30), vec![Gap::ReturnWithoutRedInvoice { amount: amount("10") }]),
        ((500, true, 500, 40, 40), vec![]),
        ((500, true, 460, 40, 0), vec![]),
    ];
    for ((shipped, signed, invoiced, returned, red), expected) in cases {
        let found = goods_gaps(shipped, signed, invoiced, returned, red);
        assert_eq!(found, expected, "{shipped} shipped, {invoiced} invoiced, {returned} returned, {red} red");
    }
}

#[test]
fn nobody_is_asked_for_signatures_where_no_source_tells_of_them() {
    let scene = Scene { shipments: vec![shipment(500).build()], no_signatures: true, ..Scene::default() };
    assert_eq!(scene.state().gaps, [Gap::NotInvoiced { amount: amount("500") }]);
}

#[test]
fn a_carrier_tells_of_the_signature_and_can_be_asked_only_for_goods_with_a_waybill() {
    let signed = Doc::new(FactKind::Logistics, "E1").text("waybill", "SF1").text("event", "signed");
    let signed = signed.value("happened_at", Value::Instant("2026-01-03T02:00:00Z".parse().unwrap())).build();
    for (waybill, events, is_signed, is_missing) in [
        ("SF1", vec![signed.clone()], true, false),
        ("SF2", vec![signed.clone()], false, true),
        ("", vec![signed], false, false),
    ] {
        let shipments = vec![shipment(500).text("waybill", waybill).build()];
        let scene = Scene { shipments, events, no_signatures: true, carriers: true, ..Scene::default() };
        let state = scene.state();
        assert_eq!(state.signed.amount, if is_signed { amount("500") } else { Amount::ZERO }, "{waybill}");
        let missing = state.gaps.contains(&Gap::NotSigned { shipments: vec!["S1".into()] });
        assert_eq!(missing, is_missing, "{waybill}");
    }
}

#[test]
fn a_sample_is_shipped_and_nothing_is_claimed_for_it() {
    let sample = shipment(500).text("nature", "sample").date("signed_on", day(2)).build();
    let state = Scene { shipments: vec![sample], ..Scene::default() }.state();
    assert_eq!((state.shipped.amount, state.gaps), (amount("500"), vec![]));
}

#[test]
fn an_allowance_is_not_missing_in_the_invoices() {
    let shipment = shipment(500).date("signed_on", day(2)).build();
    let invoice = Doc::invoice("I1", day(3)).line(495, amount("495"), ORDER).build();
    let allowance = Doc::adjustment("A1", amount("5"), day(3)).refers("shipment_no", FactKind::Shipment, "S1").build();
    let (shipments, invoices) = (vec![shipment], vec![invoice]);
    let state = Scene { shipments, invoices, adjustments: vec![allowance], ..Scene::default() }.state();
    assert_eq!((state.adjusted, state.gaps), (amount("5"), vec![]));
}

#[test]
fn what_is_open_is_overdue_not_due_waiting_or_disputed() {
    let invoice = Doc::invoice("I1", day(3)).line(500, amount("500"), ORDER).build();
    let shipments = vec![shipment(500).date("signed_on", day(2)).build()];
    let expected = Due::Expected { on: day(200), missing: "reconciled" };
    for (due, disputed, gap) in [
        (Due::On(day(89)), false, Gap::Overdue { amount: amount("120"), since: day(89) }),
        (Due::On(day(90)), false, Gap::NotDue { amount: amount("120") }),
        (expected, false, Gap::WaitsFor { step: "reconciled", amount: amount("120") }),
        (Due::On(day(1)), true, Gap::Disputed { amount: amount("120") }),
    ] {
        let items = vec![OpenItem { disputed, ..item(&invoice, "500", "120", due) }];
        let paid = vec![ItemPayment { item: invoice.id, amount: amount("380") }];
        let (shipments, invoices) = (shipments.clone(), vec![invoice.clone()]);
        let state = Scene { shipments, invoices, items, paid, ..Scene::default() }.state();
        assert_eq!((state.open, state.paid), (amount("120"), amount("380")), "{gap:?}");
        assert_eq!(state.gaps, [gap]);
        assert!(!state.is_shared);
    }
}

#[test]
fn of_what_is_about_several_orders_this_orders_share_counts() {
    let two = |doc: Doc| doc.line(500, amount("500"), ORDER).line(300, amount("300"), OTHER).build();
    let shipment = two(Doc::shipment("S1", day(1)).date("signed_on", day(2)));
    let by_shipment = [("shipment_no", FactKind::Shipment, "S1")];
    let invoice = Doc::invoice("I1", day(3)).line(800, amount("800"), &by_shipment).build();
    let shared = OpenItem {
        orders: vec![id(FactKind::Order, "O1"), id(FactKind::Order, "O2")],
        ..item(&invoice, "800", "160", Due::On(day(10)))
    };
    let paid = vec![ItemPayment { item: invoice.id, amount: amount("640") }];
    let (shipments, invoices) = (vec![shipment], vec![invoice]);
    let state = Scene { shipments, invoices, items: vec![shared], paid, ..Scene::default() }.state();
    assert_eq!((state.shipped.amount, state.invoiced), (amount("500"), amount("500")));
    assert_eq!((state.paid, state.open), (amount("400"), amount("100")));
    assert_eq!(state.gaps, [Gap::Overdue { amount: amount("100"), since: day(10) }]);
    assert!(state.is_shared);
}

#[test]
fn deposits_signatures_and_confirmed_statements_are_told_with_their_amounts() {
    let signed = shipment(200).date("signed_on", day(2)).build();
    let unsigned = Doc::shipment("S2", day(4)).line(300, amount("300"), ORDER).build();
    let by_shipment = |number| [("shipment_no", FactKind::Shipment, number)];
    let statement = Doc::new(FactKind::Statement, "ST1").text("status", "confirmed");
    let statement = statement.line(0, amount("200"), &by_shipment("S1")).build();
    let deposit = Doc::payment("P1", amount("150"), day(0)).text("purpose", "deposit");
    let deposit = deposit.refers("order_no", FactKind::Order, "O1").build();
    let other = Doc::payment("P2", amount("70"), day(0)).text("purpose", "deposit");
    let other = other.refers("order_no", FactKind::Order, "O2").build();
    let scene = Scene {
        shipments: vec![signed, unsigned],
        statements: vec![statement],
        payments: vec![deposit, other],
        ..Scene::default()
    };
    let state = scene.state();
    assert_eq!((state.deposited, state.reconciled), (amount("150"), amount("200")));
    assert_eq!((state.signed.amount, state.shipped.amount), (amount("200"), amount("500")));
    assert!(state.gaps.contains(&Gap::NotSigned { shipments: vec!["S2".into()] }), "{:?}", state.gaps);
}
