use proptest::prelude::*;

use super::super::fixtures::{TAX_A, TAX_B, party};
use super::*;

fn said(number: u8, a: u8, b: u8, apart: bool) -> Decided {
    let decided_at = Timestamp::from_second(i64::from(number)).unwrap();
    Decided { decision: Id([100 + number; 16]), decided_at, a: Id([a; 16]), b: Id([b; 16]), apart }
}

fn components(keys: &[PartyKey], decided: &[Decided]) -> Vec<Vec<u8>> {
    link(keys, decided).components.iter().map(|members| members.iter().map(|id| id.0[0]).collect()).collect()
}

fn because(keys: &[PartyKey], decided: &[Decided]) -> Vec<(u8, u8, Because)> {
    let refused = link(keys, decided).refused;
    refused.iter().map(|refused| (refused.edge.a.0[0], refused.edge.b.0[0], refused.because)).collect()
}

#[test]
fn equal_numbers_or_legal_names_link_and_siblings_stay_apart() {
    let keys = [
        party(1, "深圳市远航电子有限公司", TAX_A, &[]),
        party(2, "远航（深圳）", TAX_A, &[]),
        party(3, "深圳市遠航電子 有限公司", "", &[]),
        party(4, "东莞市远航电子有限公司", "", &[]),
        party(5, "远航电子（香港）有限公司", "", &[]),
        party(6, "远航电子(香港)有限公司", "", &[]),
    ];
    assert_eq!(components(&keys, &[]), [vec![1, 2, 3], vec![4], vec![5, 6]]);
}

#[test]
fn what_people_merely_call_it_links_nothing_nor_does_a_city_a_telephone_or_an_account() {
    let more = [("phone", "0755-26881234"), ("bank_account", "755900012310808"), ("email", "ap@voyage.cn")];
    let keys = [
        party(1, "远航电子", "", &more),
        party(2, "远航电子", "", &more),
        party(3, "深圳市远航电子有限公司", "", &more),
        party(4, "现金客户", "", &[]),
        party(5, "现金客户", "", &[]),
    ];
    assert_eq!(components(&keys, &[]), [vec![1], vec![2], vec![3], vec![4], vec![5]]);
}

#[test]
fn a_number_that_cannot_prove_itself_links_nothing() {
    for number in ["91350100M000100Y44", "58123456", "000000000000000000"] {
        let keys = [party(1, "甲贸易有限公司", number, &[]), party(2, "乙贸易有限公司", number, &[])];
        assert_eq!(components(&keys, &[]), [vec![1], vec![2]], "{number}");
    }
}

#[test]
fn conflicting_strong_keys_never_link_and_a_name_of_several_companies_says_nothing() {
    let name = "远航电子有限公司";
    let keys = [party(1, name, TAX_A, &[]), party(2, name, TAX_B, &[]), party(3, name, "", &[])];
    assert_eq!(components(&keys, &[]), [vec![1], vec![2], vec![3]]);
    assert_eq!(because(&keys, &[]), [(1, 2, Because::NameOfSeveral), (2, 3, Because::NameOfSeveral)]);
}

#[test]
fn a_conflict_counts_for_the_whole_component() {
    // 2 belongs to B by decision, so the name that it shares with A must not pull B in.
    let keys = [
        party(1, "甲贸易有限公司", TAX_A, &[]),
        party(2, "甲贸易有限公司", "", &[]),
        party(3, "乙贸易有限公司", TAX_B, &[]),
    ];
    assert_eq!(components(&keys, &[said(1, 2, 3, false)]), [vec![1], vec![2, 3]]);
    // A credit code and the tax number inside it are no conflict.
    let old = party(2, "甲贸易有限公司", "350100M000100Y4", &[]);
    assert_eq!(components(&[keys[0].clone(), old], &[]), [vec![1, 2]]);
}

#[test]
fn a_person_may_link_what_no_rule_would_and_split_what_a_rule_linked() {
    let keys = [party(1, "甲贸易有限公司", TAX_A, &[]), party(2, "乙贸易有限公司", TAX_B, &[])];
    assert_eq!(components(&keys, &[said(1, 1, 2, false)]), [vec![1, 2]]);
    let keys = [party(1, "甲贸易有限公司", TAX_A, &[]), party(2, "甲贸易有限公司", TAX_A, &[])];
    assert_eq!(components(&keys, &[said(1, 2, 1, true)]), [vec![1], vec![2]]);
    assert_eq!(because(&keys, &[said(1, 2, 1, true)])[0], (1, 2, Because::Split(Id([101; 16]))));
    assert_eq!(components(&keys, &[said(1, 2, 1, true), said(2, 1, 2, false)]), [vec![1, 2]], "the later word holds");
}

#[test]
fn a_split_keeps_apart_whatever_would_join_the_two_in_the_end() {
    let keys: Vec<PartyKey> = (1..=4).map(|number| party(number, "甲贸易有限公司", "", &[])).collect();
    assert_eq!(components(&keys, &[said(1, 1, 3, true)]), [vec![1, 2, 4], vec![3]]);
    let alone: Vec<PartyKey> = (1..=3).map(|number| party(number, &number.to_string(), "", &[])).collect();
    let chain = [said(1, 1, 2, false), said(2, 2, 3, false), said(3, 1, 3, true)];
    assert_eq!(components(&alone, &chain), [vec![1], vec![2, 3]], "of two links the newer one holds");
}

/// The definition to the letter: every pair is an edge, sorted by strength and keys, each checked against its component.
struct ByDefinition<'a> {
    /// Sorted by id.
    keys: Vec<&'a PartyKey>,
    splits: Vec<(Id, Id)>,
    component: BTreeMap<Id, Id>,
}

impl<'a> ByDefinition<'a> {
    fn members(&self, component: Id) -> Vec<&'a PartyKey> {
        self.keys.iter().filter(|key| self.component[&key.id] == component).copied().collect()
    }

    fn may_join(&self, root_a: Id, root_b: Id, by_person: bool) -> bool {
        let (left, right) = (self.members(root_a), self.members(root_b));
        let has = |side: &[&PartyKey], id: Id| side.iter().any(|key| key.id == id);
        let between = |x: Id, y: Id| has(&left, x) && has(&right, y);
        let split = self.splits.iter().any(|(x, y)| between(*x, *y) || between(*y, *x));
        let numbers = |side: &[&'a PartyKey]| -> BTreeSet<&'a str> {
            side.iter().filter_map(|key| key.linking_number()).map(taxpayer).collect()
        };
        let (x, y) = (numbers(&left), numbers(&right));
        !split && (by_person || x.is_subset(&y) || y.is_subset(&x))
    }

    fn join(&mut self, a: Id, b: Id, by_person: bool) {
        let (Some(&root_a), Some(&root_b)) = (self.component.get(&a), self.component.get(&b)) else { return };
        if self.may_join(root_a, root_b, by_person) {
            let joined = self.component.values_mut().filter(|of| **of == root_a || **of == root_b);
            joined.for_each(|of| *of = root_a.min(root_b));
        }
    }

    fn join_equal(&mut self, value: impl Fn(&'a PartyKey) -> Option<&'a str>) {
        let keys = self.keys.clone();
        for (at, b) in keys.iter().enumerate() {
            for a in &keys[..at] {
                if value(a).is_some() && value(a) == value(b) {
                    self.join(a.id, b.id, false);
                }
            }
        }
    }

    fn is_of_several(&self, name: &str) -> bool {
        let of_name = self.keys.iter().filter(|key| key.legal_name.as_deref() == Some(name));
        let parts: BTreeSet<Id> = of_name.map(|key| self.component[&key.id]).collect();
        let numbered = |part: &Id| self.members(*part).iter().any(|key| key.linking_number().is_some());
        let parts: Vec<Id> = parts.iter().filter(|part| numbered(part)).copied().collect();
        parts.iter().any(|a| parts.iter().any(|b| a != b && !self.may_join(*a, *b, false)))
    }
}

fn by_definition(keys: &[PartyKey], decided: &[Decided]) -> Vec<Vec<Id>> {
    let newest = newest(decided);
    let splits = newest.iter().filter(|said| said.apart).map(|said| (said.a, said.b)).collect();
    let component = keys.iter().map(|key| (key.id, key.id)).collect();
    let mut keys: Vec<&PartyKey> = keys.iter().collect();
    keys.sort_by_key(|key| key.id);
    let mut definition = ByDefinition { keys, splits, component };
    for said in newest.iter().filter(|said| !said.apart) {
        definition.join(said.a, said.b, true);
    }
    definition.join_equal(|key| credit_code(key));
    definition.join_equal(|key| tax_number(key));
    let names = definition.keys.iter().filter_map(|key| key.legal_name.as_deref());
    let several: BTreeSet<&str> = names.filter(|name| definition.is_of_several(name)).collect();
    definition.join_equal(|key| key.legal_name.as_deref().filter(|name| !several.contains(name)));
    let mut components: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    definition.component.iter().for_each(|(id, of)| components.entry(*of).or_default().push(*id));
    components.into_values().collect()
}

fn some_keys() -> impl Strategy<Value = Vec<PartyKey>> {
    let name = prop::sample::select(vec!["甲贸易有限公司", "乙贸易有限公司", "丙贸易有限公司", "丁"]);
    let tax = prop::sample::select(vec!["", "", TAX_A, TAX_B, "350100M000100Y4", "91350100M000100Y44"]);
    prop::collection::vec((name, tax), 2..10).prop_map(|keys| {
        keys.into_iter().enumerate().map(|(at, (name, tax))| party(at as u8 + 1, name, tax, &[])).collect()
    })
}

fn some_decisions() -> impl Strategy<Value = Vec<Decided>> {
    prop::collection::vec((1..10_u8, 1..10_u8, any::<bool>()), 0..6).prop_map(|decisions| {
        let numbered = decisions.into_iter().enumerate();
        numbered.map(|(at, (a, b, apart))| said(at as u8, a, b, apart)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn components_are_a_function_of_the_set_and_not_of_its_order(
        (keys, shuffled) in some_keys().prop_flat_map(|keys| (Just(keys.clone()), Just(keys).prop_shuffle())),
        (decided, again) in some_decisions().prop_flat_map(|said| (Just(said.clone()), Just(said).prop_shuffle())),
    ) {
        prop_assert_eq!(link(&keys, &decided), link(&shuffled, &again));
    }

    #[test]
    fn the_quick_way_comes_to_the_same_as_the_definition(keys in some_keys(), decided in some_decisions()) {
        prop_assert_eq!(link(&keys, &decided).components, by_definition(&keys, &decided));
    }

    #[test]
    fn no_component_holds_two_keys_that_a_standing_split_keeps_apart(keys in some_keys(), decided in some_decisions()) {
        let component = link(&keys, &decided).component_of();
        for split in newest(&decided).iter().filter(|said| said.apart) {
            if let (Some(a), Some(b)) = (component.get(&split.a), component.get(&split.b)) {
                prop_assert_ne!(a, b);
            }
        }
    }
}
