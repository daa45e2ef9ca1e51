//! Deciding, told as scenes: what is here, what time it is, what is wanted.

use std::fmt::Write as _;

use super::*;
use crate::ledger::Due;
use crate::remind::testing::{at, day, invoice, leftover, likely, policy, policy_of, position, unidentified};
use crate::store::{Position, UnidentifiedPayment};

fn scene(positions: &[Position], money: &[UnidentifiedPayment], policy: &Policy, now: &str) -> String {
    scene_with(positions, money, policy, now, &FeedFreshness::default())
}

/// One line a reminder, then what happens next.
fn scene_with(
    positions: &[Position],
    money: &[UnidentifiedPayment],
    policy: &Policy,
    now: &str,
    feeds: &FeedFreshness,
) -> String {
    let decided = decide(positions, money, policy, at(now), feeds);
    let mut text = String::new();
    for subject in decided.subjects {
        for wanted in &subject.wanted {
            let to = wanted.recipient.as_ref().map_or("nobody", |recipient| &recipient.chat);
            let (rule, level, number) = (wanted.rule.name(), &wanted.level, &wanted.content.number);
            write!(text, "{rule} {level} {number} days={} → {to}", wanted.content.days).unwrap();
            if !wanted.content.money_here.is_empty() {
                write!(text, " money={}", wanted.content.money_here.len()).unwrap();
            }
            if let Some(hold) = &wanted.hold {
                write!(text, " held({})", hold.reason().split(':').next().unwrap()).unwrap();
            }
            text.push('\n');
        }
        let wake = subject.wake_at.map(|wake| wake.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()));
        let wake = wake.map_or("never".to_owned(), |wake| wake.strftime("%F %H:%M").to_string());
        writeln!(text, "open={} wake={wake}", subject.may_open).unwrap();
    }
    text
}

#[test]
fn only_the_highest_level_reached_is_wanted_and_managers_hear_of_old_debt() {
    let due = "2026-03-02"; // a Monday
    let text = |now: &str| scene(&[position(vec![invoice("AR1", 100, due)])], &[], &policy(), now);
    assert_eq!(text("2026-02-24T09:10:00"), "open=true wake=2026-02-27 09:07\n", "three days before");
    assert_eq!(
        text("2026-02-27T09:10:00"),
        "due_soon 3:owner AR1 days=3 → zhangsan\nopen=true wake=2026-03-03 09:07\n"
    );
    assert_eq!(text("2026-03-02T23:59:59").lines().next().unwrap(), "due_soon 3:owner AR1 days=0 → zhangsan");
    assert_eq!(
        text("2026-03-03T00:00:00"),
        "overdue 1:owner AR1 days=1 → zhangsan\nopen=false wake=2026-03-03 09:07\n",
        "overdue begins at midnight, but nobody is woken up"
    );
    assert_eq!(text("2026-03-10T10:10:00"), "overdue 7:owner AR1 days=8 → zhangsan\nopen=true wake=2026-03-17 09:07\n");
    assert_eq!(
        text("2026-03-17T10:10:00").lines().filter(|line| line.starts_with("overdue 15")).count(),
        2,
        "the fifteenth day is told to the owner and to the manager"
    );
    assert_eq!(
        text("2026-04-01T10:10:00"),
        "overdue 30:manager AR1 days=30 → lisi\nopen=true wake=2026-05-06 09:07\n",
        "repeated thirty days later: the 1st of May is a holiday"
    );
}

#[test]
fn a_repetition_after_the_last_level_is_another_reminder() {
    let decide_at = |now: &str| {
        let position = position(vec![invoice("AR1", 100, "2026-03-02")]);
        decide(&[position], &[], &policy(), at(now), &FeedFreshness::default()).subjects[0].wanted[0].id
    };
    assert_eq!(decide_at("2026-04-01T10:10:00"), decide_at("2026-04-30T10:10:00"));
    assert_ne!(decide_at("2026-04-01T10:10:00"), decide_at("2026-05-06T10:10:00"));
}

#[test]
fn a_claim_that_is_paid_disputed_or_tiny_is_not_chased() {
    let mut paid = invoice("AR1", 100, "2026-03-02");
    paid.open = crate::domain::Amount::ZERO;
    let mut disputed = invoice("AR2", 100, "2026-03-02");
    disputed.disputed = true;
    let mut tiny = invoice("AR3", 1, "2026-03-02");
    tiny.open = crate::domain::Amount(990_000);
    let text = scene(&[position(vec![paid, disputed, tiny])], &[], &policy(), "2026-03-10T10:10:00");
    assert_eq!(text, "open=true wake=never\n");
}

#[test]
fn an_expected_due_date_never_chases_the_customer_but_asks_our_own_side() {
    let mut item = invoice("XSCKD1", 100, "2026-02-01");
    item.due = Due::Expected { on: day("2026-02-01"), missing: "invoiced" };
    let text = scene(&[position(vec![item])], &[], &policy(), "2026-03-10T10:10:00");
    assert_eq!(text, "missing_step 30:manager XSCKD1 days=64 → lisi\nopen=true wake=never\n");
}

#[test]
fn money_that_is_here_but_not_matched_holds_the_chase_then_rewords_it() {
    let mut customer = position(vec![invoice("AR1", 100, "2026-03-02"), invoice("AR2", 60, "2026-03-03")]);
    customer.likely_money = vec![likely("BANK1", 120, "2026-03-09")];
    let text = |now: &str| scene(std::slice::from_ref(&customer), &[], &policy(), now);
    assert_eq!(
        text("2026-03-10T10:10:00"),
        "overdue 7:owner AR1 days=8 → zhangsan money=1 held(money_here)\n\
         overdue 7:owner AR2 days=7 → zhangsan money=1\n\
         open=true wake=2026-03-13 09:07\n",
        "the older claim is covered, the younger one is not and names the money"
    );
    assert_eq!(
        text("2026-03-13T10:10:00").matches("held").count(),
        0,
        "three business days later nobody waits any longer"
    );
}

#[test]
fn a_stale_payment_feed_holds_every_chase_of_its_book() {
    let feed = |complete: Option<&str>, book: &str| {
        FeedFreshness(vec![Feed {
            book: book.into(),
            name: "bank-sz/statement".into(),
            complete_until: complete.map(at),
        }])
    };
    let customer = position(vec![invoice("AR1", 100, "2026-03-02")]);
    let text = |feeds: &FeedFreshness| {
        scene_with(std::slice::from_ref(&customer), &[], &policy(), "2026-03-10T10:10:00", feeds)
    };
    let held = "overdue 7:owner AR1 days=8 → zhangsan held(stale_feed)\nopen=true wake=2026-03-10 10:40\n";
    assert_eq!(text(&feed(None, "sz")), held);
    assert_eq!(text(&feed(Some("2026-03-05T18:00:00"), "sz")), held, "Thursday is three business days ago");
    assert!(!text(&feed(Some("2026-03-06T18:00:00"), "sz")).contains("held"), "Friday is two business days ago");
    assert!(!text(&feed(None, "hk")).contains("held"), "another book's feed does not matter");
}

#[test]
fn money_without_an_owner_goes_to_finance_and_money_without_a_claim_to_the_owner() {
    let mut customer = position(Vec::new());
    customer.leftovers = vec![leftover("SKD1", 500, "2026-03-05"), leftover("SKD2", 50, "2026-03-09")];
    let money = [unidentified("BANK9", 800, "2026-03-09"), unidentified("BANK10", 900, "2026-03-10")];
    let text = scene(&[customer], &money, &policy(), "2026-03-10T10:10:00");
    assert_eq!(
        text,
        "unmatched 3:owner SKD1 days=5 → zhangsan\nopen=true wake=2026-03-12 09:07\n\
         unidentified 1:finance BANK9 days=1 → wangfang\nopen=true wake=2026-03-11 09:07\n"
    );
}

#[test]
fn an_unmapped_salesperson_goes_to_finance_and_it_hears_of_it_once() {
    let mut customer = position(vec![invoice("AR1", 100, "2026-03-02"), invoice("AR2", 60, "2026-03-02")]);
    customer.salesperson = Some("S77".into());
    let text = scene(&[customer], &[], &policy(), "2026-03-10T10:10:00");
    assert_eq!(text.matches("→ wangfang").count(), 2, "{text}");
    assert_eq!(text.matches("unmapped_salesperson 0:it S77 days=0 → it").count(), 1, "{text}");
}

#[test]
fn a_shadow_book_decides_but_sends_nothing_and_an_off_book_decides_nothing() {
    let customer = [position(vec![invoice("AR1", 100, "2026-03-02")])];
    let defaults = include_str!("../../../config/reminders.toml");
    let shadow = scene(&customer, &[], &policy_of(defaults), "2026-03-10T10:10:00");
    assert!(shadow.starts_with("overdue 7:owner AR1 days=8 → zhangsan held(shadow)\n"), "{shadow}");
    let off = policy_of(&format!("{defaults}\n[books.sz]\nmode = \"off\"\n"));
    assert_eq!(scene(&customer, &[], &off, "2026-03-10T10:10:00"), "open=false wake=never\n");
}

#[test]
fn several_reminders_for_one_person_are_one_message_and_its_id_is_the_same_everywhere() {
    let mut other = position(vec![invoice("AR3", 5, "2026-03-02")]);
    other.salesperson = Some("S02".into());
    let positions = [position(vec![invoice("AR1", 100, "2026-03-02"), invoice("AR2", 60, "2026-03-09")]), other];
    let decided = decide(&positions, &[], &policy(), at("2026-03-10T10:10:00"), &FeedFreshness::default());
    let wanted: Vec<(&Wanted, i64)> =
        decided.subjects.iter().flat_map(|subject| subject.wanted.iter().map(|wanted| (wanted, 0))).collect();
    let digests = super::digests(&wanted);
    let shown: Vec<(&str, usize, &str)> =
        digests.iter().map(|digest| (&*digest.recipient.chat, digest.lines.len(), digest.kind)).collect();
    assert_eq!(shown, [("amy", 1, "overdue"), ("zhangsan", 2, "overdue")]);
    let reversed: Vec<(&Wanted, i64)> = wanted.iter().rev().copied().collect();
    assert_eq!(super::digests(&reversed), digests);
    let again: Vec<(&Wanted, i64)> = wanted.iter().map(|(wanted, _)| (*wanted, 1)).collect();
    assert_ne!(super::digests(&again)[0].id, digests[0].id, "opened once more: another message");
}
