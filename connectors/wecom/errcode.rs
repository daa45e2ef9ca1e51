//! What each WeCom error code means for us. The text beside a code may change at any time and is only shown.

use std::time::Duration;

use crate::sdk::{ErrorClass, SourceError};

/// The block of a rate limit lasts as long as its window; the shortest is a minute.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(60);
/// Too many calls at once: one of them will be over in a moment.
const CONCURRENCY_WAIT: Duration = Duration::from_secs(1);

/// The token is unknown or expired: a new one mends it.
pub(super) const fn is_stale_token(code: i64) -> bool {
    matches!(code, 40014 | 42001)
}

/// The message can never reach this person: unknown, invisible to the app, disabled or unlicensed.
pub(super) const fn is_refused_recipient(code: i64) -> bool {
    matches!(code, 40003 | 40031 | 46004 | 50002 | 60111 | 81013 | 701008 | 701099)
}

/// The external contact is not a customer of the asked member, or the member has none.
pub(super) const fn is_no_customers(code: i64) -> bool {
    code == 84061
}

const fn class(code: i64) -> ErrorClass {
    match code {
        -1 | 6000 | 45035 => ErrorClass::Transient,
        45009 | 45036 => ErrorClass::Throttled { retry_after: Some(RATE_LIMIT_WAIT) },
        45033 => ErrorClass::Throttled { retry_after: Some(CONCURRENCY_WAIT) },
        // Secrets, tokens that a fresh login does not mend, permissions, address lists.
        40001
        | 40013
        | 40014
        | 40082
        | 40091
        | 41002
        | 41004
        | 42001
        | 48001..=48009
        | 50001..=50003
        | 60011
        | 60020
        | 301_002
        | 301_042
        | 301_052
        | 301_053 => ErrorClass::Auth,
        40056 | 40058 | 40063 | 50100 => ErrorClass::Config,
        41001 => ErrorClass::Bug,
        _ => ErrorClass::Data,
    }
}

const fn help(code: i64) -> Option<&'static str> {
    match code {
        40001 | 40013 | 40091 | 41002 | 41004 => Some(
            "correct `corp_id` or `secret`, then restart: it is not tried again, repeated wrong secrets ban this address \
             for an hour",
        ),
        60020 | 301_042 => Some(
            "add this machine's address to 企业可信IP of the app; that needs a trusted domain whose 备案主体 is the corp, or a \
             callback address",
        ),
        48001..=48009 => Some("let an administrator give the app this permission (客户联系 → 可调用接口的应用)"),
        40056 | 301_002 => Some("`agent_id` and `secret` must be of the same app"),
        _ => None,
    }
}

/// The error of a reply; `what` names the call.
pub(super) fn error(what: &str, code: i64, message: &str) -> SourceError {
    let error = SourceError::new(class(code), format!("{what}: {message} (errcode {code})"));
    match help(code) {
        Some(text) => error.help(text),
        None => error,
    }
}
