//! One event, one posting: which bank line is the same money as which booked receipt, which delivery of the warehouse the
//! same goods as which shipment, which tax invoice the same claim as which receivable.
//!
//! Why recomputed as a whole for one amount: whichever side comes first, and however many equal amounts a customer pays
//! in a week, the same documents must end in the same pairs. A pair is a statement about two documents and nothing
//! else; it must not know what either of them posts.

mod said;
mod side;

pub use said::Said;
use side::Side;
pub use side::{EventClass, paired_as};

use super::terms::days_between;
use super::{BookPolicy, Document};
use crate::domain::Id;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairReason {
    /// Both carry the bank's serial number, the waybill or the tax invoice's number; or the bank line names the bill.
    StrongKey,
    /// Equal amount, currency and direction, dates within the window, account (customer) and payer (orders) not in conflict.
    AmountAndDate,
    /// A person said so.
    Person,
}

impl PairReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::StrongKey => "strong_key",
            Self::AmountAndDate => "amount_and_date",
            Self::Person => "person",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub evidence: Id,
    pub booked: Id,
    pub reason: PairReason,
}

/// Pairs live evidence with live booked documents. All have the same book, class, currency and amount ([`paired_as`]);
/// any order of the arguments gives the same pairs, and each document is in at most one.
///
/// 1. An equal strong key pairs, whatever the dates; two different ones, two own accounts or two customers, never.
/// 2. Dates within the window: an equal payer (equal orders) before a blank one, near before far, the evidence's day
///    before the booked one. A later pass moves pairs along so that as many as possible are paired: equal amounts of equal
///    payers are interchangeable, but a line left over would be counted as unidentified money.
/// 3. Money of different payers (a third party paid, or the bank that accepted a bill) pairs only if each is the other's
///    one remaining candidate. Goods and claims for different orders never do.
///
/// What people said is the caller's to take out first, because it may cross amounts; only `said.apart` is looked at here.
pub fn pair(evidence: &[Document], booked: &[Document], said: &Said, policy: &BookPolicy) -> Vec<Pair> {
    let lines = sides(evidence);
    let receipts = sides(booked);
    let mut matching = Matching { line: vec![None; lines.len()], receipt: vec![None; receipts.len()] };
    let mut candidates = candidates(&lines, &receipts, policy);
    candidates.retain(|(_, _, _, line, receipt)| !said.apart.contains(&(lines[*line].id, receipts[*receipt].id)));

    for &(strength, _, _, line, receipt) in &candidates {
        if strength <= Strength::BlankPayer {
            matching.join(line, receipt);
        }
    }
    let serial = |line: usize, receipt: usize| lines[line].is_same_serial(&receipts[receipt]);
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); lines.len()];
    for &(strength, _, _, line, receipt) in &candidates {
        let fixed = |partner: Option<usize>, is_pair: &dyn Fn(usize) -> bool| partner.is_some_and(is_pair);
        let line_fixed = fixed(matching.line[line], &|other| serial(line, other));
        let receipt_fixed = fixed(matching.receipt[receipt], &|other| serial(other, receipt));
        if matches!(strength, Strength::EqualPayer | Strength::BlankPayer) && !line_fixed && !receipt_fixed {
            edges[line].push(receipt);
        }
    }
    for line in 0..lines.len() {
        if matching.line[line].is_none() {
            matching.augment(line, &edges);
        }
    }
    matching.join_unique(&candidates);

    matching
        .line
        .iter()
        .enumerate()
        .filter_map(|(line, receipt)| {
            let receipt = (*receipt)?;
            let reason = if serial(line, receipt) { PairReason::StrongKey } else { PairReason::AmountAndDate };
            Some(Pair { evidence: lines[line].id, booked: receipts[receipt].id, reason })
        })
        .collect()
}

/// Strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Serial,
    EqualPayer,
    BlankPayer,
    OtherPayer,
}

/// `(strength, distance in days, receipt before bank line, line, receipt)`; sorted, so the best comes first.
type Candidate = (Strength, i32, bool, usize, usize);

/// Sorted by (date, id), so that indexes break ties the same way in every order of arrival.
fn sides(documents: &[Document]) -> Vec<Side<'_>> {
    let mut sides: Vec<Side<'_>> = documents.iter().filter_map(Side::of).collect();
    sides.sort_by(|a, b| (a.date, a.id, a.number).cmp(&(b.date, b.id, b.number)));
    sides.dedup_by_key(|side| side.id);
    sides
}

/// A claim is written when the period is billed and gets its tax invoice weeks later, at the latest in the next period.
const CLAIM_DAYS: i32 = 45;

fn window(class: EventClass, policy: &BookPolicy) -> i32 {
    match class {
        EventClass::Money | EventClass::Goods => i32::from(policy.pairing_days),
        EventClass::Claim => CLAIM_DAYS.max(i32::from(policy.pairing_days)),
    }
}

fn candidates(lines: &[Side<'_>], receipts: &[Side<'_>], policy: &BookPolicy) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut serials: Vec<(&str, usize)> =
        receipts.iter().enumerate().map(|(index, receipt)| (receipt.serial.as_str(), index)).collect();
    serials.sort_unstable();
    let bills: Vec<usize> = (0..receipts.len()).filter(|index| receipts[*index].is_bill()).collect();
    for (line_index, line) in lines.iter().enumerate() {
        let window = window(line.class, policy);
        let mut consider = |receipt_index: usize| {
            let receipt: &Side<'_> = &receipts[receipt_index];
            let days = days_between(line.date, receipt.date);
            if let Some(strength) = strength(line, receipt, days.abs() <= window) {
                found.push((strength, days.abs(), days < 0, line_index, receipt_index));
            }
        };
        let from = receipts.partition_point(|receipt| days_between(line.date, receipt.date) < -window);
        let to = receipts.partition_point(|receipt| days_between(line.date, receipt.date) <= window);
        (from..to).for_each(&mut consider);
        // A strong key counts beyond the window too.
        let first = serials.partition_point(|(serial, _)| *serial < line.serial.as_str());
        let same = serials[first..].iter().take_while(|(serial, _)| !serial.is_empty() && *serial == line.serial);
        let far = same.map(|(_, index)| *index).chain(bills.iter().copied());
        far.filter(|index| !(from..to).contains(index)).for_each(&mut consider);
    }
    found.sort_unstable();
    found
}

fn strength(line: &Side<'_>, receipt: &Side<'_>, in_window: bool) -> Option<Strength> {
    let conflict = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let what = |side: &Side<'_>| (side.class, side.currency, side.amount, side.opposite);
    if what(line) != what(receipt) {
        return None;
    }
    if line.is_same_serial(receipt) {
        return Some(Strength::Serial);
    }
    if !in_window || conflict(&line.serial, &receipt.serial) || conflict(&line.owner, &receipt.owner) {
        return None;
    }
    if receipt.is_bill() {
        return Some(Strength::OtherPayer);
    }
    match (line.payer.as_str(), receipt.payer.as_str()) {
        ("", _) | (_, "") => Some(Strength::BlankPayer),
        (ours, theirs) if ours == theirs => Some(Strength::EqualPayer),
        _ => (line.class == EventClass::Money).then_some(Strength::OtherPayer),
    }
}

/// Partner of each line and of each receipt.
struct Matching {
    line: Vec<Option<usize>>,
    receipt: Vec<Option<usize>>,
}

impl Matching {
    fn join(&mut self, line: usize, receipt: usize) {
        if self.line[line].is_none() && self.receipt[receipt].is_none() {
            self.line[line] = Some(receipt);
            self.receipt[receipt] = Some(line);
        }
    }

    /// Breadth-first search for an alternating path from a free line to a free receipt; flips it when there is one.
    fn augment(&mut self, start: usize, edges: &[Vec<usize>]) {
        let mut reached_from: Vec<Option<usize>> = vec![None; self.receipt.len()];
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(line) = queue.pop_front() {
            for &receipt in &edges[line] {
                if reached_from[receipt].is_some() {
                    continue;
                }
                reached_from[receipt] = Some(line);
                match self.receipt[receipt] {
                    Some(other) => queue.push_back(other),
                    None => return self.flip(start, receipt, &reached_from),
                }
            }
        }
    }

    fn flip(&mut self, start: usize, free_receipt: usize, reached_from: &[Option<usize>]) {
        let mut receipt = free_receipt;
        while let Some(line) = reached_from[receipt] {
            let before = self.line[line].replace(receipt);
            self.receipt[receipt] = Some(line);
            match before {
                Some(previous) if line != start => receipt = previous,
                _ => return,
            }
        }
    }

    /// Third-party payers: pairs what has exactly one candidate on both sides among what is left.
    fn join_unique(&mut self, candidates: &[Candidate]) {
        let left: Vec<(usize, usize)> = candidates
            .iter()
            .filter(|(_, _, _, line, receipt)| self.line[*line].is_none() && self.receipt[*receipt].is_none())
            .map(|(_, _, _, line, receipt)| (*line, *receipt))
            .collect();
        let mut of_line = vec![0_usize; self.line.len()];
        let mut of_receipt = vec![0_usize; self.receipt.len()];
        for &(line, receipt) in &left {
            of_line[line] += 1;
            of_receipt[receipt] += 1;
        }
        for (line, receipt) in left {
            if of_line[line] == 1 && of_receipt[receipt] == 1 {
                self.join(line, receipt);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Doc, amount, day};
    use super::*;
    use crate::domain::FactKind;
    use proptest::prelude::*;

    fn bank(number: &str, paid_on: i32, payer: &str, serial: &str) -> Document {
        payment(number, paid_on, payer, serial).evidence().build()
    }

    fn receipt(number: &str, paid_on: i32, payer: &str, serial: &str) -> Document {
        payment(number, paid_on, payer, serial).build()
    }

    fn payment(number: &str, paid_on: i32, payer: &str, serial: &str) -> Doc {
        Doc::payment(number, amount("1000.00"), day(paid_on)).text("payer", payer).text("bank_ref", serial)
    }

    fn shown(evidence: &[Document], booked: &[Document]) -> Vec<String> {
        let number = |documents: &[Document], id: Id| {
            documents.iter().find(|document| document.id == id).map(|document| document.number.to_string()).unwrap()
        };
        let mut pairs: Vec<String> = pair(evidence, booked, &Said::default(), &BookPolicy::default())
            .iter()
            .map(|pair| format!("{}={}", number(evidence, pair.evidence), number(booked, pair.booked)))
            .collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn an_equal_serial_number_pairs_whatever_the_dates_and_two_different_ones_never() {
        let lines = [bank("B1", 1, "甲公司", "T001"), bank("B2", 20, "甲公司", "T002")];
        let receipts = [receipt("R1", 20, "甲公司", "T001"), receipt("R2", 1, "甲公司", "T009")];
        assert_eq!(shown(&lines, &receipts), ["B1=R1"]);
    }

    #[test]
    fn amount_and_date_pair_within_the_window_and_an_equal_payer_goes_first() {
        let lines = [bank("B1", 10, "甲（深圳）公司", ""), bank("B2", 10, "乙公司", ""), bank("B3", 10, "", "")];
        let receipts =
            [receipt("R1", 12, "乙公司", ""), receipt("R2", 13, "甲(深圳)公司", ""), receipt("R3", 30, "", "")];
        assert_eq!(shown(&lines, &receipts), ["B1=R2", "B2=R1"]);
    }

    #[test]
    fn equal_amounts_in_a_row_are_all_paired_though_the_nearest_dates_would_leave_one_over() {
        let lines = [bank("B1", 1, "甲公司", ""), bank("B2", 4, "甲公司", "")];
        let receipts = [receipt("R1", 4, "甲公司", ""), receipt("R2", 7, "甲公司", "")];
        assert_eq!(shown(&lines, &receipts), ["B1=R1", "B2=R2"]);
    }

    #[test]
    fn a_third_party_payer_pairs_only_when_nothing_else_could_be_meant() {
        let line = [bank("B1", 10, "老板娘", "")];
        assert_eq!(shown(&line, &[receipt("R1", 11, "甲公司", "")]), ["B1=R1"]);
        assert!(shown(&line, &[receipt("R1", 11, "甲公司", ""), receipt("R2", 11, "乙公司", "")]).is_empty());
    }

    fn goods(number: &str, shipped_on: i32, order: &str, waybill: &str) -> Doc {
        let line = [("order_no", FactKind::Order, order)];
        Doc::shipment(number, day(shipped_on)).text("waybill", waybill).line(10, amount("1000.00"), &line)
    }

    #[test]
    fn the_warehouse_and_the_erp_tell_of_the_same_goods_by_waybill_or_by_order_amount_and_day() {
        let seen = |number: &str, on, order: &str, waybill: &str| goods(number, on, order, waybill).evidence().build();
        let booked = |number: &str, on, order: &str, waybill: &str| goods(number, on, order, waybill).build();
        let warehouse = [seen("W1", 1, "SO1", "SF1"), seen("W2", 3, "SO2", ""), seen("W3", 3, "SO3", "SF3")];
        let erp = [booked("X1", 30, "SO9", "SF1"), booked("X2", 4, "SO2", ""), booked("X3", 3, "SO4", "")];
        assert_eq!(shown(&warehouse, &erp), ["W1=X1", "W2=X2"], "SO3 and SO4 are two deliveries");
        let other = goods("X4", 3, "SO3", "").refers("customer", FactKind::Party, "C2").build();
        assert!(shown(&[seen("W3", 3, "SO3", "")], &[other]).is_empty(), "two customers are two deliveries");
    }

    #[test]
    fn a_tax_invoice_pairs_with_its_receivable_weeks_later_and_red_never_with_blue() {
        let claim = |number: &str, on, tax_invoice: &str| {
            Doc::invoice(number, day(on)).amount("gross", amount("1000.00")).text("tax_invoice_no", tax_invoice)
        };
        let taxed = [claim("T1", 40, "").evidence().build(), claim("T2", 90, "2644").evidence().build()];
        let booked = [claim("AR1", 5, "").build(), claim("AR2", 5, "2644").build()];
        assert_eq!(shown(&taxed, &booked), ["T1=AR1", "T2=AR2"]);
        let red = [claim("T1", 5, "").text("nature", "red").evidence().build()];
        assert!(shown(&red, &booked).is_empty());
    }

    #[test]
    fn the_money_of_a_bill_that_matures_is_the_bill_and_not_a_new_payment() {
        let bill =
            |status: &str| Doc::bill("130258100-1", amount("1000.00"), day(1), status).date("matures_on", day(60));
        let line = |on, text: &str| payment("B1", on, "招商银行", "").text("text", text).evidence().build();
        let named = [line(75, "票据到期 130258100-1 托收")];
        assert_eq!(shown(&named, &[bill("held").build()]), ["B1=130258100-1"]);
        assert_eq!(shown(&[line(61, "托收")], &[bill("matured").build()]), ["B1=130258100-1"]);
        assert!(shown(&[line(75, "货款")], &[bill("held").build()]).is_empty(), "neither the number nor the day fits");
        assert!(shown(&named, &[bill("endorsed").build()]).is_empty(), "somebody else collects it");
        let customers_own = receipt("R1", 60, "招商银行", "");
        assert_eq!(shown(&[line(61, "托收")], &[bill("held").build(), customers_own]), ["B1=R1"]);
    }

    #[test]
    fn money_out_another_account_and_voids_do_not_pair() {
        let line = [bank("B1", 10, "甲公司", "")];
        let out = payment("R1", 10, "甲公司", "").text("direction", "out").build();
        let void = payment("R2", 10, "甲公司", "").text("status", "void").build();
        let account = payment("R3", 10, "甲公司", "").text("account", "6225").build();
        let on_6226 = [payment("B1", 10, "甲公司", "").text("account", "6226").evidence().build()];
        assert!(shown(&line, &[out, void]).is_empty());
        assert!(shown(&on_6226, &[account]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_order_gives_the_same_pairs_and_no_document_is_in_two(
            lines in prop::collection::vec((0..12_i32, 0..3_usize, 0..4_usize), 0..8),
            receipts in prop::collection::vec((0..12_i32, 0..3_usize, 0..4_usize), 0..8),
            rotate in 0..8_usize,
        ) {
            let payers = ["", "甲公司", "乙公司"];
            let serials = ["", "", "T1", "T2"];
            let build = |prefix: &str, rows: &[(i32, usize, usize)]| -> Vec<Document> {
                rows.iter().enumerate().map(|(index, (date, payer, serial))| {
                    let number = format!("{prefix}{index}");
                    payment(&number, *date, payers[*payer], serials[*serial]).build()
                }).collect()
            };
            let (mut left, mut right) = (build("B", &lines), build("R", &receipts));
            let pairs = shown(&left, &right);
            let mut seen: Vec<&str> = pairs.iter().flat_map(|pair| pair.split('=')).collect();
            seen.sort_unstable();
            let count = seen.len();
            seen.dedup();
            prop_assert_eq!(count, seen.len());
            left.reverse();
            let middle = rotate.min(right.len());
            right.rotate_left(middle);
            prop_assert_eq!(pairs, shown(&left, &right));
        }
    }
}
