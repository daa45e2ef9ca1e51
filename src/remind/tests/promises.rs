//! Promises 8, 9 and 10, one scene each.

use std::sync::Arc;
use std::time::Duration;

use bihuan_connectors::sdk::ErrorClass;

use super::scene::{Answer, Scene};
use crate::domain::Clock;
use crate::remind::Ticked;
use crate::remind::decide::{Feed, FeedFreshness};
use crate::remind::testing::{
    at, invoice, leftover, likely, ownerless, policy, policy_of, position, subject, unidentified,
};

#[tokio::test]
async fn an_overdue_claim_becomes_one_chat_and_a_second_look_sends_nothing() {
    for scene in Scene::all().await {
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        assert_eq!(scene.chat.calls(), 1);
        let text = scene.chat.seen()[0].clone();
        assert!(text.starts_with("zhangsan|张三，你好") && text.contains("12,345.00"), "{text}");
        scene.store.touch_subject(&subject()).await.unwrap();
        scene.later(60);
        process.tick().await.unwrap();
        assert_eq!(process.tick().await.unwrap(), Ticked::default());
        assert_eq!(scene.chat.calls(), 1);
        assert_eq!(scene.totals().await, "decided=1 delivered=1");
        scene.at("2026-03-17T10:10:00");
        process.tick().await.unwrap();
        assert_eq!(scene.chat.calls(), 3, "the fifteenth day is told to the salesperson and to the manager");
        assert_eq!(scene.totals().await, "decided=3 delivered=3");
    }
}

#[tokio::test]
async fn paid_between_decision_and_sending_sends_nothing_and_withdraws_the_message() {
    for scene in Scene::all().await {
        let process = scene.overdue().await;
        process.decider().decide_dirty(scene.clock.now()).await.unwrap();
        // Paid, and the decider has not looked at it again.
        scene.ledger.positions.lock().unwrap().clear();
        process.tick().await.unwrap();
        assert_eq!(scene.chat.calls(), 0);
        assert_eq!(scene.totals().await, "decided=1 superseded=1");
        assert_eq!(scene.store.delivery_totals().await.unwrap().get("superseded"), Some(&1));
    }
}

#[tokio::test]
async fn paid_while_the_message_waits_withdraws_it_before_anybody_consumes_it() {
    for scene in Scene::all().await {
        let process = scene.overdue().await;
        process.decider().decide_dirty(scene.clock.now()).await.unwrap();
        scene.commit(position(Vec::new())).await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, "decided=1 superseded=1"));
        // The payment bounces: the same claim is open again, and was never told.
        scene.commit(position(vec![invoice("AR1", 12_345, "2026-03-02")])).await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=1 delivered=1"));
    }
}

#[tokio::test]
async fn money_that_is_here_unmatched_holds_the_chase_and_later_rewords_it() {
    for scene in Scene::all().await {
        let mut customer = position(vec![invoice("AR1", 100, "2026-03-02")]);
        customer.likely_money = vec![likely("BANK1", 100, "2026-03-10")];
        scene.commit(customer).await;
        let process = scene.process().await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, "decided=1 held=1"));
        scene.at("2026-03-16T09:07:00");
        process.tick().await.unwrap();
        let text = scene.chat.seen()[0].clone();
        assert!(text.contains("BANK1 CNY 100.00"), "nobody matched it in three business days: {text}");
        assert_eq!(scene.totals().await, "decided=1 delivered=1");
    }
}

#[tokio::test]
async fn money_that_arrives_between_decision_and_sending_holds_the_message() {
    for scene in Scene::all().await {
        let process = scene.overdue().await;
        process.decider().decide_dirty(scene.clock.now()).await.unwrap();
        let key = subject();
        scene.ledger.positions.lock().unwrap().get_mut(&key).unwrap().likely_money =
            vec![likely("BANK1", 20_000, "2026-03-10")];
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, "decided=1 held=1"));
    }
}

#[tokio::test]
async fn a_chase_waits_while_the_payment_feed_is_stale_and_goes_out_when_it_is_fresh() {
    for scene in Scene::all().await {
        let feed = |complete: &str| {
            let complete_until = Some(at(complete));
            FeedFreshness(vec![Feed { book: "sz".into(), name: "bank-sz/statement".into(), complete_until }])
        };
        *scene.ledger.feeds.lock().unwrap() = feed("2026-03-02T18:00:00");
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, "decided=1 held=1"));
        *scene.ledger.feeds.lock().unwrap() = feed("2026-03-10T10:00:00");
        scene.later(1_800);
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=1 delivered=1"));
    }
}

#[tokio::test]
async fn nobody_is_disturbed_at_night_and_the_morning_brings_one_message() {
    for scene in Scene::all().await {
        scene.at("2026-03-10T20:00:00");
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, ""));
        scene.at("2026-03-10T23:00:00");
        scene.commit(position(vec![invoice("AR1", 12_345, "2026-03-02"), invoice("AR2", 99, "2026-03-03")])).await;
        process.tick().await.unwrap();
        scene.at("2026-03-11T09:07:00");
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=2 delivered=2"));
    }
}

#[tokio::test]
async fn two_crashes_after_the_call_are_one_chat() {
    for scene in Scene::all().await {
        scene.chat.will([Answer::TakenThenHangs, Answer::TakenThenHangs]);
        scene.commit(position(vec![invoice("AR1", 12_345, "2026-03-02")])).await;
        for _ in 0..2 {
            let process = scene.process().await;
            tokio::select! {
                result = process.tick() => panic!("the call hangs, the tick cannot end: {result:?}"),
                () = scene.chat.hangs.notified() => {} // kill -9: the tick is dropped where it stands
            }
            scene.later(30);
        }
        // Even a payment in between changes nothing about a message whose bytes may be out.
        scene.commit(position(Vec::new())).await;
        scene.process().await.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.chat.seen().len()), (3, 1), "the same bytes each time");
        assert_eq!(scene.totals().await, "decided=1 delivered=1");
    }
}

#[tokio::test]
async fn a_lost_answer_repeats_the_same_bytes() {
    for scene in Scene::all().await {
        scene.chat.will([Answer::TakenThenLost, Answer::TakenThenLost]);
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        assert_eq!(scene.totals().await, "decided=1 deferred=1");
        scene.later(10);
        process.tick().await.unwrap();
        scene.later(60);
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.chat.seen().len()), (3, 1));
        assert_eq!(scene.totals().await, "decided=1 delivered=1");
    }
}

#[tokio::test]
async fn outside_the_duplicate_window_a_lost_answer_stays_unknown() {
    for scene in Scene::all().await {
        scene.chat.will([Answer::TakenThenLost]);
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        scene.later(5 * 3_600);
        process.tick().await.unwrap();
        assert_eq!(scene.chat.calls(), 1, "the server would no longer know it as a duplicate");
        assert_eq!(scene.totals().await, "decided=1 unknown=1");
    }
}

#[tokio::test]
async fn a_channel_without_a_duplicate_check_is_never_repeated() {
    for scene in Scene::all_with(policy(), None, 30).await {
        scene.chat.will([Answer::TakenThenLost]);
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        scene.later(3_600);
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=1 unknown=1"));
    }
}

#[tokio::test]
async fn a_used_up_quota_defers_to_the_next_minute_then_delivers() {
    for scene in Scene::all_with(policy(), Some(Duration::from_secs(14_400)), 1).await {
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        scene.commit(position(vec![invoice("AR1", 12_345, "2026-03-02"), invoice("AR2", 99, "2026-03-03")])).await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=2 delivered=1 deferred=1"));
        scene.later(60);
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (2, "decided=2 delivered=2"));
    }
}

#[tokio::test]
async fn throttling_defers_and_decides_anew() {
    for scene in Scene::all().await {
        let retry_after = Some(Duration::from_secs(300));
        scene.chat.will([Answer::Error(ErrorClass::Throttled { retry_after })]);
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        assert_eq!(scene.totals().await, "decided=1 deferred=1");
        scene.commit(position(Vec::new())).await;
        scene.later(301);
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, "decided=1 superseded=1"));
    }
}

#[tokio::test]
async fn refused_credentials_hold_everything_until_a_restart_and_lose_nothing() {
    for scene in Scene::all().await {
        scene.chat.will([Answer::Error(ErrorClass::Auth)]);
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        let mut other = position(vec![invoice("AR9", 7, "2026-03-02")]);
        other.subject.book = "hk".into();
        scene.commit(other).await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, "decided=2 held=2"));
        scene.process().await.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (2, "decided=2 delivered=2"));
    }
}

#[tokio::test]
async fn a_recipient_whom_the_server_does_not_know_is_a_failure_with_its_reason() {
    for scene in Scene::all().await {
        scene.chat.will([Answer::Refused("invaliduser zhangsan")]);
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        assert_eq!(scene.totals().await, "decided=1 failed=1");
        let listed = scene.store.list_reminders(None, 10).await.unwrap();
        assert_eq!(listed[0].reason.as_deref(), Some("invaliduser zhangsan"));
    }
}

#[tokio::test]
async fn an_unmapped_salesperson_reaches_finance_and_it_is_told() {
    for scene in Scene::all().await {
        let mut customer = position(vec![invoice("AR1", 100, "2026-03-02")]);
        customer.salesperson = Some("S77".into());
        customer.leftovers = vec![leftover("SKD1", 3, "2026-03-02")];
        scene.commit(customer).await;
        scene.ledger.unidentified.lock().unwrap().push(unidentified("BANK9", 800, "2026-03-06"));
        scene.store.touch_subject(&ownerless()).await.unwrap();
        scene.process().await.tick().await.unwrap();
        let mut recipients: Vec<String> =
            scene.chat.seen().iter().map(|text| text.split('|').next().unwrap().to_owned()).collect();
        recipients.sort();
        assert_eq!(recipients, ["it", "wangfang"], "finance gets one message with everything");
        assert_eq!(scene.totals().await, "decided=4 delivered=4");
    }
}

#[tokio::test]
async fn a_shadow_book_shows_what_it_would_say_and_says_it_once_it_may() {
    for mut scene in Scene::all_with(policy_of(include_str!("../../../config/reminders.toml")), None, 30).await {
        let process = scene.overdue().await;
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (0, "decided=1 held=1"));
        scene.policy = policy();
        scene.process().await.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=1 delivered=1"));
    }
}

#[tokio::test]
async fn a_message_lost_by_the_embedded_broker_is_published_again_at_the_next_start() {
    for scene in Scene::all().await {
        let process = scene.overdue().await;
        process.decider().decide_dirty(scene.clock.now()).await.unwrap();
        process.relay.publish_due(scene.clock.now()).await.unwrap();
        drop(process); // with its queue
        scene.process().await.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=1 delivered=1"));
    }
}

#[tokio::test]
async fn a_message_that_comes_twice_is_sent_once() {
    for scene in Scene::all().await {
        let process = scene.overdue().await;
        process.decider().decide_dirty(scene.clock.now()).await.unwrap();
        let claim_until = scene.clock.now();
        let twice = scene.store.claim_outbox(scene.clock.now(), claim_until, 10).await.unwrap();
        process.broker.publish(&twice).await.unwrap();
        process.broker.publish(&twice).await.unwrap();
        process.tick().await.unwrap();
        assert_eq!((scene.chat.calls(), scene.totals().await.as_str()), (1, "decided=1 delivered=1"));
    }
}

#[tokio::test]
async fn the_daemons_loops_deliver_when_nudged_and_stop_when_told() {
    for scene in Scene::all().await {
        let process = Arc::new(scene.process().await);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let running = tokio::spawn(Arc::clone(&process).run(stopped));
        scene.chat.will([Answer::TakenThenLost]);
        scene.commit(position(vec![invoice("AR1", 12_345, "2026-03-02")])).await;
        process.nudge();
        while scene.chat.calls() < 1 {
            tokio::task::yield_now().await;
        }
        while scene.totals().await != "decided=1 deferred=1" {
            tokio::task::yield_now().await;
        }
        scene.later(10);
        while scene.totals().await != "decided=1 delivered=1" {
            tokio::task::yield_now().await;
        }
        stop.send(true).unwrap();
        running.await.unwrap();
        assert_eq!(scene.chat.seen().len(), 1);
    }
}
