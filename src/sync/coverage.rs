//! Which part of a stream to ask for next: sets of spans on the source's own clock, or an opaque token, or files.

use bihuan_connectors::sdk::Slice;
use jiff::{SignedDuration, Timestamp};

use crate::store::Progress;

/// A change stamp may be written a while before its transaction commits (DESIGN, facts on Kingdee: 5–10 minutes), so
/// each span starts this much before the last one ended. What comes again is *unchanged* and costs one comparison.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// A first pull that reaches years back is cut, so that progress is committed and a restart does not begin again.
const LONGEST_SPAN: SignedDuration = SignedDuration::from_hours(24 * 31);

/// The spans still to be read, oldest first: interrupted ones (to go on where they stopped), holes between covered ones,
/// and the newest stretch up to `now`. `full` asks for everything since `start` again.
pub fn next_spans(progress: &Progress, start: Timestamp, now: Timestamp, full: bool) -> Vec<Slice> {
    if full {
        return cut(start, now);
    }
    let mut known: Vec<(Timestamp, Timestamp)> = progress.covered.clone();
    let mut spans: Vec<Slice> = Vec::new();
    for (from, to, _) in &progress.unfinished {
        spans.push(Slice::Span { from: *from, to: *to });
        known.push((*from, *to));
    }
    known.sort_unstable();
    let mut until = start;
    for (from, to) in known {
        spans.extend(cut(until, from));
        until = until.max(to);
    }
    let overlapped = until.checked_sub(OVERLAP).map_or(start, |overlapped| overlapped.max(start));
    spans.extend(cut(overlapped, now));
    spans
}

/// `[from, to)` in pieces of at most [`LONGEST_SPAN`]; nothing when it is empty.
fn cut(from: Timestamp, to: Timestamp) -> Vec<Slice> {
    let mut pieces = Vec::new();
    let mut begin = from;
    while begin < to {
        let end = begin.checked_add(LONGEST_SPAN).map_or(to, |end| end.min(to));
        pieces.push(Slice::Span { from: begin, to: end });
        begin = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn span(from: &str, to: &str) -> Slice {
        Slice::Span { from: at(from), to: at(to) }
    }

    const START: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn a_first_pull_is_cut_into_months_and_a_later_one_overlaps_ten_minutes() {
        let spans = next_spans(&Progress::default(), at(START), at("2026-03-01T00:00:00Z"), false);
        assert_eq!(spans.len(), 2);
        let covered = Progress { covered: vec![(at(START), at("2026-03-01T00:00:00Z"))], ..Progress::default() };
        let now = at("2026-03-01T01:00:00Z");
        assert_eq!(next_spans(&covered, at(START), now, false), [span("2026-02-28T23:50:00Z", "2026-03-01T01:00:00Z")]);
        assert_eq!(next_spans(&covered, at(START), now, true).len(), 2, "everything again");
    }

    #[test]
    fn an_interrupted_span_goes_on_as_itself_and_holes_are_filled() {
        let (a, b, c, d) =
            ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z");
        let progress = Progress {
            covered: vec![(at(START), at(a)), (at(b), at(c))],
            unfinished: vec![(at(c), at(d), "page 7".to_owned())],
            ..Progress::default()
        };
        let spans = next_spans(&progress, at(START), at(d), false);
        assert_eq!(spans, [span(c, d), span(a, b), span("2026-01-04T23:50:00Z", d)]);
    }
}
