//! Places where a test may kill the process: `BIHUAN_FAILPOINT=apply:before_commit:3` aborts at the third visit.
//!
//! Compiled under debug assertions only; a release binary has none. Every place has its name in [`FAILPOINTS`], so that
//! a test can visit each and show that after a restart nothing is missing and nothing happened twice.

/// All names, in the order in which a shipment passes them.
pub const FAILPOINTS: &[&str] = &[
    "apply:after_raw",
    "apply:before_commit",
    "apply:after_commit",
    "pair:before_commit",
    "settle:before_commit",
    "settle:after_commit",
    "decide:before_save",
    "decide:after_save",
    "relay:before_publish",
    "relay:after_publish",
    "notify:bytes_stored",
    "notify:after_call",
];

/// Names the variable that arms one: `name:nth`.
pub const VARIABLE: &str = "BIHUAN_FAILPOINT";

#[cfg(debug_assertions)]
pub fn visit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static ARMED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static VISITS: AtomicU32 = AtomicU32::new(0);
    debug_assert!(FAILPOINTS.contains(&name), "fail point {name} is missing in the list");
    let armed = ARMED.get_or_init(|| parse(&std::env::var(VARIABLE).ok()?));
    if let Some((place, nth)) = armed
        && place == name
        && VISITS.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        std::process::abort();
    }
}

#[cfg(debug_assertions)]
fn parse(text: &str) -> Option<(String, u32)> {
    let (name, nth) = text.rsplit_once(':')?;
    Some((name.to_owned(), nth.parse().ok()?))
}

macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(debug_assertions)]
        $crate::failpoint::visit($name);
    };
}
pub(crate) use failpoint;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_may_contain_a_colon() {
        assert_eq!(parse("apply:before_commit:3"), Some(("apply:before_commit".to_owned(), 3)));
        assert_eq!(parse("apply"), None);
    }
}
