//! Logs and figures, usable from everywhere; depends on nothing of ours.
//!
//! The metrics are a small registry of our own instead of `metrics` + `metrics-exporter-prometheus`: those bring a dozen
//! crates and quantile sketches in floats, render the older Prometheus text, and let any code invent names and labels.
//! Here a name is a constant, a value is an integer, labels are bounded, and the page is OpenMetrics text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// For people or for log collectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// This variable wins over the configured filter, so that one run can be made talkative without touching a file.
const FILTER_VARIABLE: &str = "BIHUAN_LOG";

#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("`{filter}` is no log filter: {reason}")]
    Filter { filter: String, reason: String },
    #[error("logging is set up already")]
    Twice,
}

/// Sets logging up for the whole process; logs go to standard error, because standard output is the command's answer.
pub fn init(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = std::env::var(FILTER_VARIABLE).unwrap_or_else(|_| filter.to_owned());
    let parsed = EnvFilter::try_new(&filter)
        .map_err(|error| TelemetryError::Filter { filter: filter.clone(), reason: error.to_string() })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => subscriber.finish().try_init(),
        LogFormat::Json => subscriber.json().finish().try_init(),
    }
    .map_err(|_| TelemetryError::Twice)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MetricType {
    Counter,
    Gauge,
}

/// A name that the metrics page knows. OpenMetrics: a counter's samples end in `_total`, its family does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    name: &'static str,
    metric_type: MetricType,
    labels: &'static [&'static str],
    help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $metric_type:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub const $constant: Metric = Metric {
            name: $name, metric_type: MetricType::$metric_type, labels: &[$($label),*], help: $help,
        };)+
        /// All of them, in the order of the page.
        const ALL: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    RECORDS = Counter "bihuan_records" ["source", "stream", "outcome"] "Records read, by what became of them.";
    PULLS = Counter "bihuan_pulls" ["source", "stream", "result"] "Pages pulled, by ok or the class of the error.";
    STREAM_LAG_MS = Gauge "bihuan_stream_lag_ms" ["source", "stream"] "Age of the newest record that is covered.";
    QUARANTINED = Gauge "bihuan_quarantined" ["source", "stream"] "Records that wait in quarantine.";
    BATCH_MS = Counter "bihuan_batch_ms" ["source", "stream"] "Time spent on applying pages.";
    DIRTY = Gauge "bihuan_dirty_subjects" [] "Subjects whose settlement or reminders are not decided again yet.";
    REMINDERS = Counter "bihuan_reminders" ["outcome"] "Deliveries that ended, by how.";
    OUTBOX = Gauge "bihuan_outbox_pending" [] "Messages that are not terminal yet.";
    BROKER_RECONNECTS = Counter "bihuan_broker_reconnects" [] "Connections to the broker that were made again.";
    HTTP_REQUESTS = Counter "bihuan_http_requests" ["route", "status"] "Requests answered.";
}

/// Label sets of one name; the excess is counted together as `other`, because a label with unbounded values (an order
/// number, a user) would eat the memory of whoever stores the page.
const MAX_SERIES: usize = 500;

type Series = BTreeMap<Vec<Box<str>>, i64>;

/// What is counted in this process.
#[derive(Debug, Default)]
pub struct Registry {
    families: Mutex<BTreeMap<&'static str, Series>>,
}

/// The registry of the process.
pub fn metrics() -> &'static Registry {
    static REGISTRY: Registry = Registry { families: Mutex::new(BTreeMap::new()) };
    &REGISTRY
}

impl Registry {
    /// Counts up. Labels are values in the order of the constant's names.
    pub fn add(&self, metric: Metric, labels: &[&str], count: u64) {
        self.change(metric, labels, |value| value.saturating_add(i64::try_from(count).unwrap_or(i64::MAX)));
    }

    /// Sets a gauge.
    pub fn set(&self, metric: Metric, labels: &[&str], value: i64) {
        self.change(metric, labels, |_| value);
    }

    fn change(&self, metric: Metric, labels: &[&str], change: impl Fn(i64) -> i64) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "labels of {}", metric.name);
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let series = families.entry(metric.name).or_default();
        let mut key: Vec<Box<str>> = labels.iter().map(|label| (*label).into()).collect();
        if series.len() >= MAX_SERIES && !series.contains_key(&key) {
            key = vec!["other".into(); labels.len()];
        }
        let value = series.entry(key).or_default();
        *value = change(*value);
    }

    /// The page, as `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    pub fn render(&self) -> String {
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = String::new();
        for metric in ALL {
            let (type_name, suffix) = match metric.metric_type {
                MetricType::Counter => ("counter", "_total"),
                MetricType::Gauge => ("gauge", ""),
            };
            let Metric { name, labels, help, .. } = metric;
            // Writing to a String cannot fail.
            let _ = writeln!(page, "# TYPE {name} {type_name}\n# HELP {name} {help}");
            for (values, number) in families.get(name).into_iter().flatten() {
                let pairs = labels.iter().zip(values).map(|(label, value)| format!("{label}=\"{}\"", escaped(value)));
                let pairs = pairs.collect::<Vec<_>>().join(",");
                let braces = if pairs.is_empty() { String::new() } else { format!("{{{pairs}}}") };
                let _ = writeln!(page, "{name}{suffix}{braces} {number}");
            }
        }
        page.push_str("# EOF\n");
        page
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_openmetrics_text() {
        let registry = Registry::default();
        registry.add(RECORDS, &["erp", "order", "applied"], 3);
        registry.add(RECORDS, &["erp", "order", "applied"], 4);
        registry.set(DIRTY, &[], 9);
        let page = registry.render();
        assert!(page.contains("# TYPE bihuan_records counter\n"), "{page}");
        assert!(
            page.contains("bihuan_records_total{source=\"erp\",stream=\"order\",outcome=\"applied\"} 7\n"),
            "{page}"
        );
        assert!(page.contains("bihuan_dirty_subjects 9\n"), "{page}");
        assert!(page.ends_with("# EOF\n"), "{page}");
    }

    #[test]
    fn labels_are_escaped_and_bounded() {
        let registry = Registry::default();
        registry.add(REMINDERS, &["a\"b\\c\nd"], 1);
        for number in 0..MAX_SERIES * 2 {
            registry.add(REMINDERS, &[&number.to_string()], 1);
        }
        let page = registry.render();
        assert!(page.contains(r#"{outcome="a\"b\\c\nd"} 1"#), "{page}");
        assert!(page.contains("outcome=\"other\""));
        assert!(page.lines().count() <= MAX_SERIES + 2 * ALL.len() + 2);
    }

    #[test]
    fn a_wrong_filter_is_refused() {
        assert!(matches!(init("bihuan=loud=very", LogFormat::Text), Err(TelemetryError::Filter { .. })));
    }
}
