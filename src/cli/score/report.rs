//! The scores as Markdown, ready for `docs/allocation.md`. Shares are printed in integers: no float comes near a ledger.

use std::fmt::Write as _;

use super::latency::Latency;
use super::measure::{ClassScore, METHODS, Scores};
use crate::sim::payments::CLASSES;

pub fn table(seed: u64, scores: &Scores) -> String {
    let mut all = ClassScore::default();
    for score in scores.values() {
        all.payments += score.payments;
        all.answerable += score.answerable;
        all.unclear += score.unclear;
        all.proposed += score.proposed;
        for (sum, tally) in all.tallies.iter_mut().zip(&score.tallies) {
            sum.placed += tally.placed;
            sum.wrong += tally.wrong;
            sum.complete += tally.complete;
        }
    }
    let mut text = format!("种子 seed {seed} · 收款 payments {}\n\n| 类别 class | 收款 payments |", all.payments);
    text.push_str(" 该问而提议 asked about |");
    for method in METHODS {
        let _ = write!(text, " {method}: 准确 precision | 召回 recall |");
    }
    text.push_str("\n|---|--:|--:|");
    text.push_str(&"--:|--:|".repeat(METHODS.len()));
    for row in CLASSES {
        let score = scores.get(&row.class).copied().unwrap_or_default();
        line(&mut text, &format!("{} {}", row.title, row.name), &score);
    }
    line(&mut text, "**合计 all**", &all);
    text.push('\n');
    text
}

fn line(text: &mut String, name: &str, score: &ClassScore) {
    let _ = write!(text, "\n| {name} | {} | {} |", score.payments, share(score.proposed, score.unclear));
    for tally in score.tallies {
        let precision = share(tally.placed - tally.wrong, tally.placed);
        let wrong = if tally.wrong > 0 { format!(" ({} ✗)", tally.wrong) } else { String::new() };
        let _ = write!(text, " {precision}{wrong} | {} |", share(tally.complete, score.answerable));
    }
}

/// `99.95 %`, cut and not rounded: a precision of 100 % is one without a mistake.
fn share(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let hundredths = u64::from(part) * 10_000 / u64::from(whole);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

pub fn latency(latency: &Latency) -> String {
    let Latency { open_items, documents, p50, p99 } = latency;
    let ms = |time: &std::time::Duration| format!("{}.{:01} ms", time.as_millis(), time.subsec_micros() / 100 % 10);
    format!(
        "一个客户 one customer · 未清项 open items {open_items} · 单据 documents {documents} · \
         重新核销 re-allocation p50 {} · p99 {}\n",
        ms(p50),
        ms(p99)
    )
}
