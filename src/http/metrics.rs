//! OpenMetrics text from the store's totals. Labels are bounded: configured sources, streams, books, currencies, states.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::store::{BookTotals, ReminderTotals, Store, StoreError, StreamTotals};

pub async fn render(store: &Store, today: &(dyn Fn(&str) -> Date + Sync)) -> Result<String, StoreError> {
    let streams = store.stream_totals().await?;
    let books = store.book_totals(today).await?;
    let reminders = store.reminder_totals().await?;
    Ok(text(&streams, &books, &reminders))
}

fn text(streams: &[StreamTotals], books: &[BookTotals], reminders: &ReminderTotals) -> String {
    let mut text = String::new();
    family(&mut text, "bihuan_records", "counter", "Records read, by what became of them.");
    for total in streams {
        let counts = total.counts;
        let outcomes = [
            ("applied", counts.applied),
            ("unchanged", counts.unchanged),
            ("ignored", counts.ignored),
            ("quarantined", counts.quarantined),
        ];
        for (outcome, count) in outcomes {
            let labels = format!(
                "source=\"{}\",stream=\"{}\",outcome=\"{outcome}\"",
                escape(&total.source),
                escape(&total.stream)
            );
            let _ = writeln!(text, "bihuan_records_total{{{labels}}} {count}");
        }
    }
    family(&mut text, "bihuan_quarantine_open", "gauge", "Records that lie in quarantine.");
    for total in streams {
        let labels = format!("source=\"{}\",stream=\"{}\"", escape(&total.source), escape(&total.stream));
        let _ = writeln!(text, "bihuan_quarantine_open{{{labels}}} {}", total.open_quarantine);
    }
    family(&mut text, "bihuan_ledger_amount", "gauge", "Figures of the ledger, in units of the currency.");
    for total in books {
        for (figure, amount) in total.figures() {
            let labels =
                format!("book=\"{}\",currency=\"{}\",figure=\"{figure}\"", escape(&total.book), total.currency);
            let _ = writeln!(text, "bihuan_ledger_amount{{{labels}}} {}", amount.plain(total.currency));
        }
    }
    family(&mut text, "bihuan_reminders", "gauge", "Reminders and deliveries by state.");
    let states = [
        ("decided", reminders.decided),
        ("delivered", reminders.delivered),
        ("deferred", reminders.deferred),
        ("held", reminders.held),
        ("superseded", reminders.superseded),
        ("failed", reminders.failed),
        ("unknown", reminders.unknown),
    ];
    for (state, count) in states {
        let _ = writeln!(text, "bihuan_reminders{{state=\"{state}\"}} {count}");
    }
    text.push_str("# EOF\n");
    text
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# TYPE {name} {kind}\n# HELP {name} {help}");
}

fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
