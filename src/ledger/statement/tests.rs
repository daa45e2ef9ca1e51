//! Stories that a customer would check line by line, and the law that statements of following periods join.

use proptest::prelude::*;

use super::*;
use crate::domain::{FactKind, Value};
use crate::ledger::fixtures::{BOOK, Doc, amount, day, id};
use crate::ledger::{BookPolicy, SettleInput, Terms, postings, settle};

/// The documents of customer `C1` as the store would bring them.
struct Customer {
    documents: HashMap<Id, Document>,
    journal: Vec<(Id, Posting)>,
    items: Vec<OpenItem>,
}

impl Customer {
    fn with(documents: Vec<Document>, policy: &BookPolicy) -> Self {
        let party = id(FactKind::Party, "C1");
        let terms = Terms::default();
        let currency = Currency::CNY;
        let settled = settle(&SettleInput {
            book: BOOK,
            party,
            currency,
            documents: &documents,
            twins: &[],
            terms: &terms,
            policy,
        });
        let mut journal = Vec::new();
        for document in &documents {
            journal.extend(postings(document, policy).unwrap().into_iter().map(|posting| (document.id, posting)));
        }
        let subject = Id([7; 16]);
        journal.extend(settled.postings.into_iter().map(|posting| (subject, posting)));
        let documents = documents.into_iter().map(|document| (document.id, document)).collect();
        Self { documents, journal, items: settled.items }
    }

    fn statement(&self, from: Date, to: Date) -> Result<Statement, StatementError> {
        self.statement_against(from, to, Amount::ZERO)
    }

    /// `off` is by how much the kept balance is wrong.
    fn statement_against(&self, from: Date, to: Date, off: Amount) -> Result<Statement, StatementError> {
        let party = id(FactKind::Party, "C1");
        let mut balances = vec![(Currency::CNY, AccountKind::Unbilled, off)];
        for (_, posting) in &self.journal {
            for (account, amount) in
                [(posting.debit, posting.amount), (posting.credit, posting.amount.checked_neg().unwrap())]
            {
                if account.party == Some(party) {
                    balances.push((Currency::CNY, account.kind, amount));
                }
            }
        }
        Statement::of(&StatementInput {
            party,
            currency: Currency::CNY,
            from,
            to,
            journal: &self.journal,
            documents: &self.documents,
            balances: &balances,
            items: &self.items,
            as_of: to,
        })
    }
}

fn told(lines: &[StatementLine]) -> Vec<String> {
    let one = |line: &StatementLine| {
        let words = [&line.order_no, &line.customer_order_no, &line.part_no, &line.about].map(|word| word.as_deref());
        let words: Vec<&str> = words.into_iter().flatten().collect();
        format!("{} {} {} {}", line.on, line.number, words.join(" "), line.gross.plain(Currency::CNY))
    };
    lines.iter().map(one).collect()
}

#[test]
fn a_month_is_told_line_by_line_and_adds_up() {
    const ORDER: &[(&str, FactKind, &str)] = &[("order_no", FactKind::Order, "SO1")];
    let mut first = Doc::shipment("XS2", day(10)).line(10, amount("60"), ORDER).line(5, amount("40"), &[]);
    first = first.amount("gross", amount("100.50"));
    let mut first = first.build();
    first.lines[0].fields.set("part_no", Value::text("STM32"));
    first.lines[1].fields.set("customer_order_no", Value::text("PO-2"));
    let red = Doc::invoice("AR2", day(26)).text("nature", "red").amount("gross", amount("30"));
    let documents = vec![
        Doc::new(FactKind::Order, "SO1").text("customer_order_no", "PO-1").build(),
        Doc::shipment("XS1", day(-5)).line(1, amount("1000"), &[]).build(),
        first,
        Doc::shipment("XS3", day(40)).line(1, amount("7"), &[]).build(),
        Doc::returned("TH1", day(12)).line(2, amount("12"), &[("shipment_no", FactKind::Shipment, "XS2")]).build(),
        Doc::invoice("AR1", day(20)).line(1, amount("1000"), &[("shipment_no", FactKind::Shipment, "XS1")]).build(),
        red.refers("reverses", FactKind::Invoice, "AR1").build(),
        Doc::adjustment("ZR1", amount("30"), day(22)).refers("invoice_no", FactKind::Invoice, "AR1").build(),
        Doc::payment("SKD1", amount("999"), day(25)).text("payer", "远航").build(),
        Doc::payment("TK1", amount("40"), day(28)).text("direction", "out").build(),
    ];
    let customer = Customer::with(documents, &BookPolicy::default());
    let statement = customer.statement(day(0), day(30)).unwrap();
    assert_eq!(
        told(&statement.goods),
        [
            "2026-01-11 XS2 SO1 PO-1 STM32 60.00",
            "2026-01-11 XS2 PO-2 40.00",
            "2026-01-11 XS2  0.50",
            "2026-01-13 TH1 XS2 -12.00",
        ]
    );
    assert_eq!(told(&statement.deductions), ["2026-01-23 ZR1 AR1 -30.00"]);
    assert_eq!(told(&statement.money), ["2026-01-26 SKD1 远航 -999.00", "2026-01-29 TK1  40.00"]);
    assert_eq!(told(&statement.invoices), ["2026-01-21 AR1  1000.00", "2026-01-27 AR2 AR1 -30.00"]);
    let totals = statement.totals;
    let sums = [statement.opening, totals.shipped, totals.returned, totals.deducted, totals.paid, statement.closing];
    assert_eq!(sums, ["1000", "100.5", "12", "30", "959", "99.5"].map(amount));
    assert_eq!(totals.invoiced, amount("970"));
    assert_eq!(Amount::sum(statement.accounts.iter().map(|(_, amount)| *amount)), Ok(statement.closing));
}

#[test]
fn what_the_settlement_found_and_what_was_brought_in_have_their_place() {
    let policy = BookPolicy { cutover: Some(day(5)), ..BookPolicy::default() };
    let bills = [("shipment_no", FactKind::Shipment, "XS1")];
    let documents = vec![
        Doc::invoice("AR0", day(-30)).text("nature", "opening").amount("gross", amount("500")).build(),
        Doc::shipment("XS1", day(10)).line(10, amount("100"), &[]).build(),
        Doc::invoice("AR1", day(12)).line(10, amount("98"), &bills).build(),
        Doc::bill("YC1", amount("200"), day(14), "held").build(),
    ];
    let customer = Customer::with(documents, &policy);
    let statement = customer.statement(day(0), day(30)).unwrap();
    assert_eq!(statement.opening, amount("500"));
    assert_eq!(told(&statement.deductions), ["2026-01-13   -2.00"]);
    assert_eq!(statement.deductions[0].event, Some(Event::Deducted(AccountKind::PriceDifference)));
    assert_eq!(statement.money[0].event, Some(Event::Bill));
    assert_eq!(statement.closing, amount("398"));
}

#[test]
fn a_kept_balance_that_is_not_the_journals_is_refused_with_both_figures() {
    let customer =
        Customer::with(vec![Doc::shipment("XS1", day(10)).line(1, amount("100"), &[]).build()], &BookPolicy::default());
    let wrong = customer.statement_against(day(0), day(30), amount("0.01")).unwrap_err();
    assert_eq!(wrong.to_string(), "the kept balances come to 100.01, the journal to 100.00");
}

/// One of a few documents on a day, worth some fen.
fn document(index: usize, kind: u8, on: i32, fen: i64) -> Document {
    let number = format!("D{index}");
    let gross = Amount(fen * 10_000);
    match kind {
        0 | 1 => Doc::shipment(&number, day(on)).line(1, gross, &[]).build(),
        2 => Doc::returned(&number, day(on)).line(1, gross, &[]).build(),
        3 => Doc::adjustment(&number, gross, day(on)).build(),
        4 => Doc::invoice(&number, day(on)).line(1, gross, &[("shipment_no", FactKind::Shipment, "D0")]).build(),
        5 => Doc::bill(&number, gross, day(on), "held").build(),
        _ => Doc::payment(&number, gross, day(on)).build(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_closing_balance_of_a_period_opens_the_next_and_two_periods_are_one(
        rows in prop::collection::vec((0..7_u8, 0..90_i32, 1..100_000_i64), 1..24),
        cut in 1..89_i32,
    ) {
        let documents = rows.iter().enumerate().map(|(index, (kind, on, fen))| document(index, *kind, *on, *fen));
        let customer = Customer::with(documents.collect(), &BookPolicy::default());
        let [first, second, whole] = [(0, cut - 1), (cut, 90), (0, 90)]
            .map(|(from, to)| customer.statement(day(from), day(to)).unwrap());
        prop_assert_eq!(first.closing, second.opening);
        prop_assert_eq!((first.opening, second.closing), (whole.opening, whole.closing));
        let lines = |statement: &Statement| statement.sections().map(|(_, lines)| lines.len()).iter().sum::<usize>();
        prop_assert_eq!(lines(&first) + lines(&second), lines(&whole));
        let open = Amount::sum(whole.items.iter().map(|item| item.open)).unwrap();
        let owed = whole.accounts.iter().filter(|(kind, _)| kind.is_receivable()).map(|(_, amount)| *amount);
        prop_assert_eq!(Amount::sum(owed).unwrap(), open, "{:?}", whole.items);
    }
}

#[test]
fn a_statement_of_another_system_gets_the_answer_and_keeps_its_own_words() {
    let listed = |number| [("shipment_no", FactKind::Shipment, number)];
    let theirs = Doc::new(FactKind::Statement, "ERP-1").text("status", "sent").date("sent_on", day(10));
    let theirs = theirs.line(1, amount("5"), &listed("XS1")).line(1, amount("6"), &listed("XS2")).build();
    let said = |answer, on: i32, about| Said { answer, by: "lin", on: day(on), about, note: None };
    let fact = answered(&theirs, &said(Answer::Disputed, 12, Some("XS2")), false).unwrap();
    assert_eq!((fact.fields.text("status"), fact.fields.reference("customer")), (Some("sent"), None));
    assert_eq!(fact.lines.iter().map(|line| &*line.key).collect::<Vec<_>>(), ["2"]);
    assert_eq!(fact.id(), theirs.id);
    let ours = answered(&theirs, &said(Answer::Confirmed, 12, None), true).unwrap();
    assert_eq!((ours.fields.date("confirmed_on"), ours.lines.len()), (Some(day(12)), 2));

    let wrong = [
        (said(Answer::Confirmed, 9, None), Refusal::BeforeSent(day(9), day(10))),
        (said(Answer::Confirmed, 12, Some("XS1")), Refusal::NotDisputed("XS1".to_owned())),
        (said(Answer::Disputed, 12, Some("XS9")), Refusal::NotOnIt("XS9".to_owned(), "XS1, XS2".to_owned())),
    ];
    for (said, refusal) in wrong {
        assert_eq!(answered(&theirs, &said, true), Err(refusal));
    }
}

#[test]
fn a_statement_that_is_sent_lists_each_document_once() {
    let documents = vec![
        Doc::shipment("XS1", day(10)).line(1, amount("60"), &[]).line(1, amount("40"), &[]).build(),
        Doc::returned("TH1", day(12)).line(1, amount("12"), &[]).build(),
        Doc::adjustment("ZR1", amount("3"), day(13)).build(),
        Doc::payment("SKD1", amount("50"), day(14)).build(),
    ];
    let statement = Customer::with(documents, &BookPolicy::default()).statement(day(0), day(30)).unwrap();
    let party = Doc::new(FactKind::Party, "C1").build();
    let fact = sent(&party, "bihuan", &statement, "lin", day(31)).unwrap();
    assert_eq!(&*fact.number, "DZ-C1-CNY-20260101-20260131");
    let lines: Vec<_> = fact
        .lines
        .iter()
        .map(|line| {
            let number = ["shipment_no", "return_no", "adjustment_no"].iter().find_map(|name| line.fields.text(name));
            (number.unwrap(), line.fields.amount("gross").unwrap())
        })
        .collect();
    assert_eq!(lines, [("XS1", amount("100")), ("TH1", amount("-12")), ("ZR1", amount("-3"))]);
    assert_eq!(fact.fields.amount("closing"), Some(amount("35")));
}
