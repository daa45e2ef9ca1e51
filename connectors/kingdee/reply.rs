//! Errors that Kingdee hides inside replies with status 200, and whose fault each is.

use serde::Deserialize;

use crate::sdk::{ErrorClass, SourceError, excerpt};

/// Plain text that some versions answer instead of JSON.
const PLAIN_ERROR: &[u8] = b"response_error:";
/// The server forgot the session; one new login mends it.
const SESSION_LOST: &str = "会话信息已丢失";

/// What a query reply turned out to be.
#[derive(Debug)]
pub(super) enum Verdict {
    Rows,
    SessionLost(String),
    Failed(SourceError),
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Envelope {
    result: ResultPart,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResultPart {
    response_status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Status {
    msg_code: Option<i64>,
    errors: Vec<Fault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Fault {
    field_name: Option<String>,
    message: Option<String>,
}

/// Looks at a reply before its rows are read. `what` names the call.
pub(super) fn judge(what: &str, body: &[u8]) -> Verdict {
    let text = body.trim_ascii();
    if text.starts_with(PLAIN_ERROR) {
        return verdict(what, None, &excerpt(text));
    }
    let envelope = match fault_object(text) {
        None => return Verdict::Rows,
        Some(json) => serde_json::Deserializer::from_slice(json).into_iter::<Envelope>().next(),
    };
    match envelope {
        Some(Ok(envelope)) => {
            let status = envelope.result.response_status;
            let messages: Vec<String> = status.errors.iter().map(Fault::text).collect();
            let message = if messages.is_empty() { excerpt(text) } else { messages.join("; ") };
            verdict(what, status.msg_code, &message)
        }
        _ => Verdict::Failed(SourceError::data(format!("{what}: neither rows nor an error: {}", excerpt(text)))),
    }
}

/// The error object, bare or as the only cell of a 1×1 table; `None` when the reply looks like rows.
fn fault_object(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 0..2 {
        match rest.strip_prefix(b"[") {
            Some(inner) => rest = inner.trim_ascii_start(),
            None => break,
        }
    }
    rest.starts_with(b"{").then_some(rest)
}

impl Fault {
    fn text(&self) -> String {
        let message = self.message.as_deref().unwrap_or("no message");
        match self.field_name.as_deref() {
            Some(field) if !field.is_empty() => format!("{field}: {message}"),
            _ => message.to_owned(),
        }
    }
}

fn verdict(what: &str, code: Option<i64>, message: &str) -> Verdict {
    if code == Some(1) || message.contains(SESSION_LOST) {
        return Verdict::SessionLost(message.to_owned());
    }
    let error = |class| {
        let code = code.map_or(String::new(), |code| format!(" (MsgCode {code})"));
        SourceError::new(class, format!("{what}: {message}{code}"))
    };
    Verdict::Failed(match code {
        Some(4 | 6 | 13) => error(ErrorClass::Transient),
        Some(14) => error(ErrorClass::Throttled { retry_after: None }),
        Some(2 | 7 | 15) => {
            error(ErrorClass::Auth).help("the API user needs the right to call WebAPI and to view this form")
        }
        Some(3 | 5 | 8..=12) => {
            error(ErrorClass::Config).help("check form, keys and filter of the stream with QueryBusinessInfo")
        }
        _ if message.contains("不存在") || message.contains("无法解析") => error(ErrorClass::Config),
        _ => error(ErrorClass::Data),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: i64, message: &str) -> String {
        format!(
            "[[{{\"Result\":{{\"ResponseStatus\":{{\"ErrorCode\":500,\"IsSuccess\":false,\"MsgCode\":{code},\
             \"Errors\":[{{\"FieldName\":null,\"Message\":\"{message}\",\"DIndex\":0}}]}}}}}}]]"
        )
    }

    #[test]
    fn an_error_inside_the_rows_gets_its_class() {
        for (code, class) in [
            (2, ErrorClass::Auth),
            (4, ErrorClass::Transient),
            (6, ErrorClass::Transient),
            (7, ErrorClass::Auth),
            (8, ErrorClass::Config),
            (9, ErrorClass::Config),
            (11, ErrorClass::Config),
            (13, ErrorClass::Transient),
            (14, ErrorClass::Throttled { retry_after: None }),
            (0, ErrorClass::Data),
        ] {
            match judge("query", reply(code, "坏了").as_bytes()) {
                Verdict::Failed(error) => {
                    assert_eq!(error.class, class, "{code}");
                    assert!(error.message.contains("坏了"), "{error}");
                }
                other => panic!("{code}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_lost_session_is_seen_by_code_and_by_text() {
        let bare = reply(0, "会话信息已丢失，请重新登录");
        for text in [reply(1, "x").as_str(), bare.trim_matches(['[', ']']), "response_error: 会话信息已丢失"] {
            assert!(matches!(judge("query", text.as_bytes()), Verdict::SessionLost(_)), "{text}");
        }
    }

    #[test]
    fn rows_are_rows() {
        for text in ["[]", "[[1,\"a\"]]", " [ [ 1 ] ]"] {
            assert!(matches!(judge("query", text.as_bytes()), Verdict::Rows), "{text}");
        }
        assert!(matches!(judge("query", b"response_error: no"), Verdict::Failed(_)));
    }
}
