//! Limits, groups, and what must hold of them whatever the figures are.

use proptest::prelude::*;

use super::*;
use crate::domain::{FactKind, FieldMap, Value};
use crate::ledger::Role;

const CNY: Currency = Currency::CNY;
const ACCOUNTS: [AccountKind; 7] = [
    AccountKind::Unbilled,
    AccountKind::Billed,
    AccountKind::Unapplied,
    AccountKind::Deposit,
    AccountKind::BillsHeld,
    AccountKind::BillsTransferred,
    AccountKind::Sales,
];

type Balance = (Currency, AccountKind, Amount);

fn party(code: &str, fields: &[(&'static str, Value)]) -> Document {
    let fields: FieldMap = fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    Document {
        id: Id::of("sz", FactKind::Party, "erp", code),
        kind: FactKind::Party,
        book: "sz".into(),
        numbering: "erp".into(),
        number: code.into(),
        role: Role::Booked,
        fields,
        lines: Vec::new(),
    }
}

fn units(units: i64) -> Value {
    Value::Amount(Amount::units(units))
}

/// A customer that owes `owes` units for goods that are invoiced.
fn customer(code: &str, owes: i64, fields: &[(&'static str, Value)]) -> Customer {
    let exposure = Exposure::of([(CNY, AccountKind::Billed, Amount::units(owes))]).unwrap();
    Customer::of(&party(code, fields), exposure, CNY).unwrap()
}

fn member(code: &str, owes: i64, group: &str, limit: Option<i64>) -> Customer {
    let limit = limit.map_or(Value::Null, units);
    customer(code, owes, &[("group", Value::text(group)), ("group_limit", limit)])
}

#[test]
fn what_is_used_is_goods_and_claims_less_money_and_bills_stand_beside_it() {
    let balances = [
        (AccountKind::Unbilled, 300),
        (AccountKind::Billed, 1_000),
        (AccountKind::Unapplied, -200),
        (AccountKind::Deposit, -50),
        (AccountKind::Deposit, -30),
        (AccountKind::BillsHeld, 400),
        (AccountKind::BillsTransferred, 70),
        (AccountKind::Sales, -9_999),
    ];
    let exposure = Exposure::of(balances.map(|(kind, amount)| (CNY, kind, Amount::units(amount)))).unwrap();
    let line = Line::new(CNY, Some(Amount::units(1_020)), exposure).unwrap();
    let expected =
        Figures { used: Amount::units(1_020), bills_held: Amount::units(400), bills_transferred: Amount::units(70) };
    assert_eq!((line.figures(), line.free, line.is_over()), (expected, Some(Amount::ZERO), false));
}

#[test]
fn an_invoice_ahead_of_its_goods_uses_nothing_until_they_leave() {
    let balances = [(CNY, AccountKind::Billed, Amount::units(500)), (CNY, AccountKind::Unbilled, Amount::units(-500))];
    assert!(Exposure::of(balances).unwrap().is_nothing());
}

#[test]
fn another_currency_is_shown_beside_and_never_measured() {
    let usd = (Currency::USD, AccountKind::Billed, Amount::units(1_000_000));
    let exposure = Exposure::of([usd, (CNY, AccountKind::Billed, Amount::units(10))]).unwrap();
    let line = Line::new(CNY, Some(Amount::units(10)), exposure).unwrap();
    assert!(!line.is_over());
    let beside: Vec<_> = line.beside().map(|(currency, figures)| (currency, figures.used)).collect();
    assert_eq!(beside, [(Currency::USD, Amount::units(1_000_000))]);
}

#[test]
fn a_limit_of_zero_is_a_limit_and_no_limit_is_none() {
    let [none, zero] = [None, Some(Amount::ZERO)].map(|limit| {
        let owing = Exposure::of([(CNY, AccountKind::Unbilled, Amount(1))]).unwrap();
        Line::new(CNY, limit, owing).unwrap()
    });
    assert_eq!((none.is_over(), none.free), (false, None));
    assert_eq!((zero.is_over(), zero.free), (true, Some(Amount(-1))));
}

#[test]
fn members_are_found_by_a_folded_name_and_the_smallest_of_their_limits_counts() {
    let all = [
        member("C2", 70, "遠航（集團）", Some(120)),
        member("C1", 60, "远航(集团)", Some(100)),
        member("C3", 10, " 远航（集团） ", None),
        member("C4", 1_000, "晨光", None),
        customer("C5", 1_000, &[("group", Value::text(" "))]),
    ];
    let credit = Credit::of(all).unwrap();
    let [far, bright] = &credit.groups[..] else { panic!("{credit:?}") };
    assert_eq!(
        (&*far.name, far.line.limit, far.line.free),
        ("远航(集团)", Some(Amount::units(100)), Some(Amount::units(-40)))
    );
    assert_eq!((far.limits_differ(), far.stated.clone()), (true, vec![Amount::units(100), Amount::units(120)]));
    assert_eq!(far.members.iter().map(|member| &*member.code).collect::<Vec<_>>(), ["C1", "C2", "C3"]);
    assert_eq!((bright.line.is_over(), bright.limits_differ(), bright.line.free), (false, false, None));
    assert_eq!(
        credit.customers.iter().map(|customer| &*customer.code).collect::<Vec<_>>(),
        ["C5"],
        "blank is no group"
    );
}

#[test]
fn a_group_of_one_name_in_another_book_is_another_group() {
    let mut abroad = member("C2", 70, "远航", Some(100));
    abroad.book = "hk".into();
    let credit = Credit::of([member("C1", 60, "远航", Some(100)), abroad]).unwrap();
    assert_eq!(credit.groups.len(), 2);
    assert!(!credit.groups.iter().any(Group::is_over));
}

#[test]
fn who_is_over_comes_first_and_a_member_over_its_own_limit_brings_its_group_up() {
    let own = |limit| ("credit_limit", units(limit));
    let all = || {
        [
            customer("C1", 5, &[own(10)]),
            customer("C2", 15, &[own(10)]),
            member("C3", 5, "安", Some(1_000)),
            customer("C4", 5, &[("group", Value::text("远航")), own(10)]),
            customer("C5", 15, &[("group", Value::text("远航")), own(10)]),
        ]
    };
    let credit = Credit::of(all()).unwrap();
    let codes = |customers: &[Customer]| customers.iter().map(|one| one.code.to_string()).collect::<Vec<_>>();
    assert_eq!(credit.groups.iter().map(|group| &*group.name).collect::<Vec<_>>(), ["远航", "安"]);
    assert_eq!(
        (codes(&credit.groups[0].members), codes(&credit.customers)),
        (vec!["C5".into(), "C4".into()], vec!["C2".into(), "C1".into()])
    );
    let over = credit.over();
    assert_eq!((over.groups.len(), codes(&over.customers)), (1, vec!["C2".to_owned()]));
    let about = Credit::of(all()).unwrap().about("C4");
    assert_eq!((about.groups[0].members.len(), about.customers.len()), (2, 0), "with the whole group");
    assert!(Credit::of(all()).unwrap().about("C9").is_empty());
}

#[test]
fn what_cannot_be_stored_is_an_error_and_never_wraps() {
    let most = Amount(i64::MAX);
    let two = [(CNY, AccountKind::Billed, most), (CNY, AccountKind::Unbilled, Amount(1))];
    assert_eq!(Exposure::of(two), Err(AmountError::Overflow));
    // The same with money first, that takes it back: it fits in any order.
    let three = [two[0], two[1], (CNY, AccountKind::Unapplied, Amount(-1))];
    assert_eq!(Exposure::of(three), Exposure::of([three[2], three[0], three[1]]));
    assert!(Exposure::of(three).is_ok());
    let members = [member("C1", 9_000_000_000_000, "远航", None), member("C2", 9_000_000_000_000, "远航", None)];
    assert_eq!(Credit::of(members), Err(AmountError::Overflow));
    let held = Exposure::of([(CNY, AccountKind::Unapplied, Amount(-2))]).unwrap();
    assert_eq!(Line::new(CNY, Some(most), held), Err(AmountError::Overflow));
}

fn balances() -> impl Strategy<Value = Vec<Balance>> {
    let amount = prop_oneof![-1_000_000_000_i64..1_000_000_000, Just(i64::MAX), Just(i64::MIN), Just(i64::MAX / 2)];
    let one = (prop::sample::select(vec![CNY, Currency::USD]), prop::sample::select(ACCOUNTS.to_vec()), amount);
    prop::collection::vec(one.prop_map(|(currency, account, amount)| (currency, account, Amount(amount))), 0..6)
}

/// Members of one group by their balances; none when one of them alone is too much to store.
fn group_of(all: &[(Vec<Balance>, Option<i64>)]) -> Option<Vec<Customer>> {
    let one = |(index, (balances, limit)): (usize, &(Vec<Balance>, Option<i64>))| {
        let limit = limit.map_or(Value::Null, |limit| Value::Amount(Amount(limit)));
        let fields = [("group", Value::text("远航")), ("group_limit", limit)];
        let exposure = Exposure::of(balances.iter().copied()).ok()?;
        Customer::of(&party(&format!("C{index}"), &fields), exposure, CNY).ok()
    };
    all.iter().enumerate().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_group_is_the_sum_of_its_members_in_any_order_or_too_much_to_store_in_any_order(
        members in prop::collection::vec((balances(), prop::option::of(0..2_000_000_000_i64)), 1..6),
        turns in 0..6_usize,
    ) {
        let Some(customers) = group_of(&members) else { return Ok(()) };
        let mut other = customers.clone();
        let middle = turns % other.len();
        other.rotate_left(middle);
        other.reverse();
        let credit = Credit::of(customers.clone());
        prop_assert_eq!(&credit, &Credit::of(other));
        let wide = |figure: fn(&Figures) -> Amount| {
            customers.iter().map(|one| i128::from(figure(&one.line.figures()).0)).sum::<i128>()
        };
        let used = wide(|figures| figures.used);
        let limit = members.iter().filter_map(|(_, limit)| *limit).min();
        match credit {
            Ok(credit) => {
                let line = &credit.groups[0].line;
                prop_assert_eq!(i128::from(line.figures().used.0), used);
                prop_assert_eq!(i128::from(line.figures().bills_held.0), wide(|figures| figures.bills_held));
                prop_assert_eq!(line.limit, limit.map(Amount));
                prop_assert_eq!(line.is_over(), limit.is_some_and(|limit| used > i128::from(limit)));
                prop_assert_eq!(line.free.map(|free| i128::from(free.0)), limit.map(|limit| i128::from(limit) - used));
            }
            Err(error) => prop_assert_eq!(error, AmountError::Overflow),
        }
    }

    #[test]
    fn balances_in_any_order_are_the_same_exposure(balances in balances(), turns in 0..6_usize) {
        let mut other = balances.clone();
        if !other.is_empty() {
            let middle = turns % other.len();
            other.rotate_left(middle);
        }
        prop_assert_eq!(Exposure::of(balances), Exposure::of(other));
    }

    #[test]
    fn a_group_without_a_limit_limits_nothing(owes in prop::collection::vec(0..1_000_000_i64, 1..6)) {
        let members = owes.iter().enumerate().map(|(index, owes)| member(&format!("C{index}"), *owes, "远航", None));
        let credit = Credit::of(members).unwrap();
        prop_assert!(!credit.groups[0].is_over() && credit.groups[0].line.free.is_none());
        prop_assert!(credit.over().is_empty());
    }
}
