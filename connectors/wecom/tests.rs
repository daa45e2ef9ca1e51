//! Against a fake office with tokens that go stale, an archive, contacts and scripted answers.

use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing};
use serde_json::{Value, json};

use super::channel::AppChannel;
use super::{WeCom, config};
use crate::sdk::conformance::{RecordingSleeper, check_probe, check_slice, serve};
use crate::sdk::{
    Channel as _, Connector, Context, Delivered, ErrorClass, OutgoingMessage, PullRequest, Slice, SourceError,
    parse_settings, read_settings,
};

#[derive(Debug, Default)]
struct Office {
    fetched_tokens: u32,
    /// Answers of the next calls instead of the usual ones: a status, or a body.
    trouble: Vec<String>,
    bodies: Vec<Value>,
    messages: u64,
}

type Shared = Arc<Mutex<Office>>;

fn app(office: &Shared) -> Router {
    Router::new()
        .route("/cgi-bin/gettoken", routing::get(token))
        .route("/cgi-bin/message/send", routing::post(call))
        .route("/cgi-bin/message/getchatdata", routing::post(call))
        .route("/cgi-bin/externalcontact/get_follow_user_list", routing::post(call))
        .route("/cgi-bin/externalcontact/batch/get_by_user", routing::post(call))
        .with_state(Arc::clone(office))
}

async fn token(State(office): State<Shared>, Query(query): Query<Vec<(String, String)>>) -> String {
    let mut office = office.lock().unwrap();
    office.fetched_tokens += 1;
    if !query.contains(&("corpsecret".to_owned(), "right".to_owned())) {
        return json!({"errcode": 40001, "errmsg": "invalid credential"}).to_string();
    }
    let token = format!("t{}", office.fetched_tokens);
    json!({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200}).to_string()
}

async fn call(
    State(office): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
    uri: axum::http::Uri,
    body: String,
) -> Response {
    let mut office = office.lock().unwrap();
    match office.trouble.pop() {
        Some(status) if status.len() == 3 => {
            return StatusCode::from_bytes(status.as_bytes()).unwrap().into_response();
        }
        Some(body) => return body.into_response(),
        None => {}
    }
    if query[0] != ("access_token".to_owned(), format!("t{}", office.fetched_tokens)) {
        return json!({"errcode": 40014, "errmsg": "invalid access_token"}).to_string().into_response();
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    office.bodies.push(body.clone());
    match uri.path().rsplit('/').next().unwrap() {
        "send" => json!({"errcode": 0, "invaliduser": "", "msgid": "m1"}).to_string(),
        "getchatdata" => archive(&body, office.messages),
        "get_follow_user_list" => json!({"errcode": 0, "follow_user": ["wang", "li"]}).to_string(),
        _ => contacts(&body),
    }
    .into_response()
}

/// Message 3 is sealed; message 2 holds a raw control character, as the real library writes them.
fn archive(body: &Value, messages: u64) -> String {
    let (seq, limit) = (body["seq"].as_u64().unwrap(), body["limit"].as_u64().unwrap());
    let entries: Vec<String> = (seq + 1..=messages)
        .take(usize::try_from(limit).unwrap())
        .map(|seq| match seq {
            2 => "{\"seq\":2,\"msgid\":\"m2\",\"decrypted\":{\"text\":\"a\u{1}b\"}}".to_owned(),
            3 => "{\"seq\":3,\"msgid\":\"m3\",\"encrypt_chat_msg\":\"xx\"}".to_owned(),
            _ => format!("{{\"seq\":{seq},\"msgid\":\"m{seq}\",\"decrypted\":{{ }}}}"),
        })
        .collect();
    format!("{{\"errcode\":0,\"chatdata\":[{}]}}", entries.join(","))
}

/// Both members keep contact c1; the cursor has two pages, the first one empty.
fn contacts(body: &Value) -> String {
    if body["cursor"] == "" {
        return json!({"errcode": 0, "external_contact_list": [], "next_cursor": "second"}).to_string();
    }
    let item = |member: &Value| json!({"external_contact": {"external_userid": "c1"}, "follow_info": {"userid": member, "remark": "#CUST0007"}});
    let items: Vec<Value> = body["userid_list"].as_array().unwrap().iter().map(item).collect();
    json!({"errcode": 0, "external_contact_list": items, "next_cursor": ""}).to_string()
}

fn context() -> Context {
    Context { source: "wecom".into(), time_zone: "Asia/Shanghai".into(), base_dir: ".".into() }
}

fn source(url: &str, secret: &str) -> WeCom {
    let text = format!(
        "type = \"wecom\"\nurl = \"{url}\"\ncorp_id = \"ww1\"\nrequests_per_second = 0\n\
         [archive]\nsecret = \"{secret}\"\n[contact]\nsecret = \"{secret}\"\n"
    );
    let settings = read_settings(parse_settings(&text).unwrap().1).unwrap();
    config::source(settings, &context(), Arc::new(RecordingSleeper::default())).unwrap()
}

fn channel(url: &str, secret: &str) -> AppChannel {
    let text = format!(
        "type = \"wecom\"\nurl = \"{url}\"\ncorp_id = \"ww1\"\nagent_id = 1000002\nsecret = \"{secret}\"\n\
         requests_per_second = 0\n"
    );
    let settings = read_settings(parse_settings(&text).unwrap().1).unwrap();
    config::channel(settings, &context(), Arc::new(RecordingSleeper::default())).unwrap()
}

fn message(text: &str) -> OutgoingMessage {
    OutgoingMessage { id: "d1".into(), recipient: "zhangsan".into(), text: text.into() }
}

async fn send(channel: &AppChannel) -> Result<Delivered, SourceError> {
    channel.send(&channel.encode(&message("还款提醒"))).await
}

fn now() -> jiff::Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn the_archive_is_read_after_its_last_sequence_number() {
    let office = Shared::default();
    office.lock().unwrap().messages = 1003;
    let server = serve(app(&office)).await.unwrap();
    let source = source(server.url(), "right");
    let pages = check_slice(&source, "message", &Slice::After(String::new()), now()).await.unwrap();
    assert_eq!(pages.iter().map(|page| page.batch.len()).collect::<Vec<_>>(), [1000, 3]);
    assert_eq!(pages[1].token.as_deref(), Some("1003"));
    let first: Vec<_> =
        pages[0].batch.iter().take(3).map(|record| (record.key, record.payload, record.problem)).collect();
    assert_eq!(first[0], ("m1", b"{\"seq\":1}".as_slice(), None));
    assert_eq!(first[1], ("m2", b"{\"seq\":2,\"text\":\"a b\"}".as_slice(), None));
    assert!(first[2].0 == "m3" && first[2].2.unwrap().contains("sealed"));
    let rest = check_slice(&source, "message", &Slice::After("1003".into()), now()).await.unwrap();
    assert!(rest.len() == 1 && rest[0].batch.is_empty() && rest[0].token.as_deref() == Some("1003"));
}

#[tokio::test]
async fn contacts_are_read_to_the_last_cursor_and_keyed_by_follower() {
    let office = Shared::default();
    let server = serve(app(&office)).await.unwrap();
    let pages =
        check_slice(&source(server.url(), "right"), "contact", &Slice::After(String::new()), now()).await.unwrap();
    let keys: Vec<_> = pages.iter().flat_map(|page| page.batch.iter().map(|record| record.key.to_owned())).collect();
    assert_eq!(keys, ["c1|li", "c1|wang"]);
    assert_eq!(pages.iter().map(|page| page.token.as_deref()).collect::<Vec<_>>(), [None, Some("")]);
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_and_anew_once_when_stale() {
    let office = Shared::default();
    let server = serve(app(&office)).await.unwrap();
    let channel = channel(server.url(), "right");
    let (one, two) = tokio::join!(send(&channel), send(&channel));
    assert_eq!((one.unwrap().message_id.as_deref(), two.is_ok()), (Some("m1"), true));
    assert_eq!(office.lock().unwrap().fetched_tokens, 1);
    for stale in [40014, 42001] {
        let before = office.lock().unwrap().fetched_tokens;
        office.lock().unwrap().trouble = vec![json!({"errcode": stale, "errmsg": "x"}).to_string()];
        assert!(send(&channel).await.is_ok());
        assert_eq!(office.lock().unwrap().fetched_tokens, before + 1);
    }
    let answer = json!({"errcode": 42001, "errmsg": "x"}).to_string();
    office.lock().unwrap().trouble = vec![answer.clone(), answer];
    assert_eq!(send(&channel).await.unwrap_err().class, ErrorClass::Auth);
}

#[tokio::test]
async fn a_wrong_secret_is_asked_with_once_ever() {
    let office = Shared::default();
    let server = serve(app(&office)).await.unwrap();
    let channel = channel(server.url(), "wrong");
    for _ in 0..3 {
        let error = send(&channel).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Auth);
        assert!(!error.message.contains("wrong") && error.help.is_some(), "{error:?}");
    }
    assert_eq!(office.lock().unwrap().fetched_tokens, 1);
}

#[tokio::test]
async fn what_the_server_answers_to_a_message_is_sorted() {
    let office = Shared::default();
    let server = serve(app(&office)).await.unwrap();
    let channel = channel(server.url(), "right");
    let code = |code: i64| json!({"errcode": code, "errmsg": "x"}).to_string();
    for (answer, class) in [
        ("500".to_owned(), "transient"),
        ("{\"errcode\":0".to_owned(), "transient"),
        ("<html>".to_owned(), "data"),
        (code(-1), "transient"),
        (code(45009), "throttled"),
        (code(45033), "throttled"),
        (code(60020), "auth"),
        (code(40056), "config"),
        (code(44004), "data"),
        (code(81013), "refused"),
        (code(60111), "refused"),
        (json!({"errcode": 0, "invaliduser": "zhangsan"}).to_string(), "refused"),
        (json!({"errcode": 0, "unlicenseduser": "zhangsan", "msgid": "m"}).to_string(), "refused"),
    ] {
        office.lock().unwrap().trouble = vec![answer.clone()];
        let sent = office.lock().unwrap().bodies.len();
        let found = match send(&channel).await {
            Ok(Delivered { refused: Some(_), .. }) => "refused",
            Ok(_) => "delivered",
            Err(error) => error.class.name(),
        };
        assert_eq!(found, class, "{answer}");
        assert_eq!(office.lock().unwrap().bodies.len(), sent, "nothing is sent twice by itself");
    }
}

#[tokio::test]
async fn reading_is_tried_again_and_a_long_wait_is_handed_back() {
    let office = Shared::default();
    let server = serve(app(&office)).await.unwrap();
    let source = source(server.url(), "right");
    let slice = Slice::After(String::new());
    let pull = || source.pull(PullRequest { stream: "message", slice: &slice, resume: None, now: now() });
    office.lock().unwrap().trouble = vec![json!({"errcode": -1}).to_string(), "502".into(), "{\"chatdata\":[".into()];
    assert!(pull().await.is_ok());
    office.lock().unwrap().trouble = vec![json!({"errcode": 45009}).to_string()];
    let wait = Some(std::time::Duration::from_secs(60));
    assert_eq!(pull().await.unwrap_err().class, ErrorClass::Throttled { retry_after: wait });
}

#[tokio::test]
async fn a_probe_fetches_tokens_and_nothing_else() {
    let office = Shared::default();
    let server = serve(app(&office)).await.unwrap();
    check_probe(&source(server.url(), "right")).await.unwrap();
    let office = office.lock().unwrap();
    assert_eq!((office.fetched_tokens, office.bodies.len()), (2, 0));
}

#[test]
fn the_bytes_of_a_message_never_change() {
    let channel = channel("http://127.0.0.1:9", "s");
    let expected = "{\"touser\":\"zhangsan\",\"msgtype\":\"text\",\"agentid\":1000002,\"text\":{\"content\":\"应收 \\\"A\\\"\\n第二行 x\"},\
                    \"safe\":0,\"enable_duplicate_check\":1,\"duplicate_check_interval\":14400}";
    assert_eq!(channel.encode(&message("应收 \"A\"\n第二行\u{1}x")), expected);
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let channel = channel("http://127.0.0.1:9", "s");
    for (text, bytes) in [
        ("催".repeat(682), 2046),
        ("催".repeat(683), 2046),
        ("a".repeat(2048), 2048),
        (format!("a{}", "催".repeat(1000)), 2047),
    ] {
        let body: Value = serde_json::from_slice(&channel.encode(&message(&text))).unwrap();
        let content = body["text"]["content"].as_str().unwrap();
        assert_eq!(content.len(), bytes);
        assert_eq!(content == text, text.len() <= 2048);
        assert_eq!(content.ends_with('…'), text.len() > 2048);
    }
}

#[tokio::test]
async fn a_message_to_more_than_one_person_is_not_sent() {
    let channel = channel("http://127.0.0.1:9", "s");
    for recipient in ["@all", "a|b", ""] {
        let message = OutgoingMessage { recipient: recipient.into(), ..message("x") };
        let error = channel.send(&channel.encode(&message)).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Config, "{recipient}");
    }
}
