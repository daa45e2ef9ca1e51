//! Reading JSON that a foreign server promised: what is wrong is said with the beginning of what came instead.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{ErrorClass, SourceError};

/// Enough to recognise a login page or a proxy's message in a log line.
const EXCERPT_CHARS: usize = 120;

/// The first characters of a body on one line, for messages.
pub fn excerpt(body: &[u8]) -> String {
    let head = &body[..body.len().min(EXCERPT_CHARS * 4)];
    let text = String::from_utf8_lossy(head);
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT_CHARS).collect();
    if shown.len() < body.len() {
        shown.push('…');
    }
    shown
}

/// Reads the JSON of a reply. `what` names the call.
///
/// A text that breaks off is *transient*: some proxies end half a body as if it were whole. Anything else that is not
/// the promised JSON is *data*: asking again would bring the same.
pub fn from_json<'a, T: Deserialize<'a>>(what: &str, body: &'a [u8]) -> Result<T, SourceError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(SourceError::data(format!("{what}: HTML or XML came instead of JSON: {}", excerpt(body)))
            .help("the address may lead to a login page or a proxy; check `url`"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let (class, reason) = match error.classify() {
            Category::Eof => (ErrorClass::Transient, "the JSON breaks off"),
            _ => (ErrorClass::Data, "not the promised JSON"),
        };
        SourceError::new(class, format!("{what}: {reason} ({error}): {}", excerpt(body)))
    })
}

/// The value at a dotted path of an object; an empty path is the value itself.
pub fn json_member<'a>(json: &'a RawValue, path: &str) -> Option<&'a RawValue> {
    if path.is_empty() {
        return Some(json);
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let members: HashMap<String, &'a RawValue> = serde_json::from_str(json.get()).ok()?;
    json_member(members.get(first)?, rest)
}

/// A value as plain text: texts without quotes, numbers as they were written; `None` for null and for empty texts.
pub fn json_text(json: &RawValue) -> Option<String> {
    let text = match json.get() {
        "null" => return None,
        quoted if quoted.starts_with('"') => serde_json::from_str::<String>(quoted).ok()?,
        other => other.to_owned(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Repairs raw control characters inside JSON strings, which some servers forget to escape: line ends and tabs are
/// escaped, others become a space. Returns the input untouched when there is nothing to repair.
pub fn sanitize_control_characters(body: &[u8]) -> Cow<'_, [u8]> {
    let mut repaired: Option<Vec<u8>> = None;
    let (mut in_string, mut escaped) = (false, false);
    for (index, &byte) in body.iter().enumerate() {
        if in_string && byte < 0x20 {
            let output = repaired.get_or_insert_with(|| body[..index].to_vec());
            match byte {
                // A backslash before it would swallow our escape: the pair becomes an escaped backslash and a space.
                _ if escaped => output.extend_from_slice(b"\\ "),
                b'\n' => output.extend_from_slice(b"\\n"),
                b'\r' => output.extend_from_slice(b"\\r"),
                b'\t' => output.extend_from_slice(b"\\t"),
                _ => output.push(b' '),
            }
            escaped = false;
            continue;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        if let Some(output) = &mut repaired {
            output.push(byte);
        }
    }
    repaired.map_or(Cow::Borrowed(body), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_instead_of_json_is_classed_and_shown() {
        for (body, class, part) in [
            ("<html><title>登录</title>", ErrorClass::Data, "<html><title>登录</title>"),
            ("{\"rows\": [1, 2", ErrorClass::Transient, "breaks off"),
            ("", ErrorClass::Transient, "breaks off"),
            ("oops", ErrorClass::Data, "oops"),
        ] {
            let error = from_json::<serde_json::Value>("call", body.as_bytes()).unwrap_err();
            assert_eq!(error.class, class, "{body}");
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(from_json::<u8>("call", b"\xef\xbb\xbf7").unwrap(), 7);
    }

    #[test]
    fn an_excerpt_is_short_and_one_line() {
        assert_eq!(excerpt("一\n二".as_bytes()), "一 二");
        assert_eq!(excerpt(&[b'x'; 500]).chars().count(), EXCERPT_CHARS + 1);
    }

    #[test]
    fn raw_control_characters_in_strings_are_repaired_and_nothing_else() {
        for (input, output) in [
            ("{\"a\":\"x\u{1}y\nz\"}\n", "{\"a\":\"x y\\nz\"}\n"),
            ("{\"a\":\"q\\\"\u{2}\"}", "{\"a\":\"q\\\" \"}"),
            ("{\n \"a\": 1 }", "{\n \"a\": 1 }"),
            ("{\"a\":\"x\\\u{1}y\"}", "{\"a\":\"x\\\\ y\"}"),
        ] {
            assert_eq!(sanitize_control_characters(input.as_bytes()), output.as_bytes());
        }
    }
}
