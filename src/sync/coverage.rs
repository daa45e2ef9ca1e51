//! Which part of a stream to ask for next: sets of spans on the source's own clock, or an opaque token, or files.

use bihuan_connectors::sdk::Slice;
use jiff::{SignedDuration, Timestamp};

use crate::store::Progress;

/// A change stamp may be written a while before its transaction commits (DESIGN, facts on Kingdee: 5–10 minutes), so
/// each span starts this much before the last one ended. What comes again is *unchanged* and costs one comparison.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// A first pull that reaches years back is cut, so that progress is committed and a restart does not begin again.
const LONGEST_SPAN: SignedDuration = SignedDuration::from_hours(24 * 31);

/// The spans still to be read, oldest first: holes between covered spans, an interrupted one from where it stopped, and
/// the newest stretch up to `now`. `full` asks for everything since `start` again.
pub fn next_spans(progress: &Progress, start: Timestamp, now: Timestamp, full: bool) -> Vec<Slice> {
    let from = match progress.covered_until {
        Some(until) if !full => until.checked_sub(OVERLAP).map_or(start, |overlapped| overlapped.max(start)),
        _ => start,
    };
    let mut spans = Vec::new();
    let mut begin = from;
    while begin < now {
        let end = begin.checked_add(LONGEST_SPAN).map_or(now, |end| end.min(now));
        spans.push(Slice::Span { from: begin, to: end });
        begin = end;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_first_pull_is_cut_into_months_and_a_later_one_overlaps_ten_minutes() {
        let start = at("2026-01-01T00:00:00Z");
        let fresh = Progress::default();
        let spans = next_spans(&fresh, start, at("2026-03-01T00:00:00Z"), false);
        assert_eq!(spans.len(), 2);
        let covered = Progress { covered_until: Some(at("2026-03-01T00:00:00Z")), ..Progress::default() };
        let spans = next_spans(&covered, start, at("2026-03-01T01:00:00Z"), false);
        assert_eq!(spans, [Slice::Span { from: at("2026-02-28T23:50:00Z"), to: at("2026-03-01T01:00:00Z") }]);
        assert_eq!(next_spans(&covered, start, at("2026-03-01T01:00:00Z"), true).len(), 2);
    }
}
