//! Against a fake that keeps bills, pages them, holds sessions and fails on demand.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing};
use serde_json::{Value, json};

use super::Kingdee;
use crate::sdk::conformance::{RecordingSleeper, check_probe, check_slice, serve};
use crate::sdk::{Connector, Context, ErrorClass, PullRequest, Slice, SourceError, parse_settings, read_settings};

/// One line of a bill: change stamp, bill, line id (0: no line), quantity as the server spells it.
type Line = (&'static str, u64, u64, &'static str);

#[derive(Debug)]
struct Fake {
    lines: Mutex<Vec<Line>>,
    /// What the next queries answer instead of rows.
    trouble: Mutex<Vec<String>>,
    password: &'static str,
    session: AtomicU32,
    logins: AtomicU32,
    queries: Mutex<Vec<Value>>,
}

impl Fake {
    fn new(lines: &[Line]) -> Arc<Self> {
        Arc::new(Self {
            lines: Mutex::new(lines.to_vec()),
            trouble: Mutex::default(),
            password: "right",
            session: AtomicU32::new(0),
            logins: AtomicU32::new(0),
            queries: Mutex::default(),
        })
    }

    fn app(self: &Arc<Self>) -> Router {
        let prefix = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub";
        Router::new()
            .route(&format!("{prefix}.AuthService.ValidateUser.common.kdsvc"), routing::post(log_in))
            .route(&format!("{prefix}.DynamicFormService.ExecuteBillQuery.common.kdsvc"), routing::post(query))
            .with_state(Arc::clone(self))
    }

    fn logins(&self) -> u32 {
        self.logins.load(Ordering::SeqCst)
    }

    fn trouble(&self, answers: &[&str]) {
        *self.trouble.lock().unwrap() = answers.iter().rev().map(|text| (*text).to_owned()).collect();
    }
}

async fn log_in(State(fake): State<Arc<Fake>>, body: String) -> Response {
    fake.logins.fetch_add(1, Ordering::SeqCst);
    let body: Value = serde_json::from_str(&body).unwrap();
    let parameters: Value = serde_json::from_str(body["parameters"].as_str().unwrap()).unwrap();
    assert_eq!(parameters[0], "acct");
    if parameters[2] != fake.password {
        return json!({"LoginResultType": 0, "Message": "密码错误", "KDSVCSessionId": ""}).to_string().into_response();
    }
    let session = fake.session.fetch_add(1, Ordering::SeqCst) + 1;
    let cookies = [(header::SET_COOKIE, "ASP.NET_SessionId=net; path=/".to_owned())];
    let id = format!("s{session}");
    (cookies, json!({"LoginResultType": 1, "Message": null, "KDSVCSessionId": id}).to_string()).into_response()
}

async fn query(State(fake): State<Arc<Fake>>, headers: HeaderMap, body: String) -> Response {
    let session = format!("kdservice-sessionid=s{}", fake.session.load(Ordering::SeqCst));
    let cookie = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if cookie != format!("ASP.NET_SessionId=net; {session}") {
        return error(1, "会话信息已丢失").into_response();
    }
    match fake.trouble.lock().unwrap().pop() {
        Some(status) if status.len() == 3 => {
            return StatusCode::from_bytes(status.as_bytes()).unwrap().into_response();
        }
        Some(text) if !text.is_empty() => return text.into_response(),
        _ => {}
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    let data = &body["data"];
    fake.queries.lock().unwrap().push(data.clone());
    let filter = data["FilterString"].as_str().unwrap();
    let bounds: Vec<String> = filter.split('\'').skip(1).step_by(2).map(|text| text.replacen(' ', "T", 1)).collect();
    let mut lines = fake.lines.lock().unwrap().clone();
    if let [from, to, ..] = &bounds[..] {
        lines.retain(|line| padded(line.0) >= padded(from) && padded(line.0) < padded(to));
    }
    lines.sort_by_key(|line| (line.0, line.1));
    let start = data["StartRow"].as_u64().unwrap() as usize;
    let limit = data["Limit"].as_u64().unwrap() as usize;
    let rows: Vec<String> = lines.iter().skip(start).take(limit).map(row).collect();
    format!("[{}]", rows.join(",")).into_response()
}

/// Stamps compare as instants: the server leaves zero milliseconds out.
fn padded(stamp: &str) -> String {
    if stamp.contains('.') { stamp.to_owned() } else { format!("{stamp}.000") }
}

fn row((stamp, bill, line, quantity): &Line) -> String {
    let line = if *line == 0 { "null".to_owned() } else { line.to_string() };
    format!("[{bill},\"{stamp}\",\"C\\\"1\",{line},{quantity}]")
}

fn error(code: u32, message: &str) -> String {
    json!([[{"Result": {"ResponseStatus": {"MsgCode": code, "Errors": [{"Message": message}]}}}]]).to_string()
}

fn connector(url: &str, password: &str, page_rows: u32) -> (Kingdee, Arc<RecordingSleeper>) {
    let text = format!(
        "type = \"kingdee\"\nurl = \"{url}\"\naccount = \"acct\"\nuser = \"u\"\npassword = \"{password}\"\n\
         page_rows = {page_rows}\nrequests_per_second = 0\n[streams.doc]\nform = \"F\"\n\
         header = [\"FID\", \"FModifyDate\", \"FCust.FNumber\"]\nentity = \"FEntity\"\n\
         lines = [\"FEntity_FEntryID\", \"FQty\"]\n"
    );
    let context = Context { source: "erp".into(), time_zone: "Asia/Shanghai".into(), base_dir: ".".into() };
    let sleeper = Arc::new(RecordingSleeper::default());
    let settings = read_settings(parse_settings(&text).unwrap().1).unwrap();
    (Kingdee::new(settings, &context, sleeper.clone()).unwrap(), sleeper)
}

fn january() -> Slice {
    Slice::Span { from: "2025-12-31T16:00:00Z".parse().unwrap(), to: "2026-01-31T16:00:00Z".parse().unwrap() }
}

async fn pull(connector: &Kingdee, resume: Option<&str>) -> Result<crate::sdk::Page, SourceError> {
    let slice = january();
    connector.pull(PullRequest { stream: "doc", slice: &slice, resume, now: now() }).await
}

fn now() -> jiff::Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

/// All bills of the slice as (key, version, payload), whatever the pages.
async fn bills(lines: &[Line], page_rows: u32) -> Vec<(String, String, String)> {
    let fake = Fake::new(lines);
    let server = serve(fake.app()).await.unwrap();
    let (connector, _) = connector(server.url(), "right", page_rows);
    let pages = check_slice(&connector, "doc", &january(), now()).await.unwrap();
    let mut all = Vec::new();
    for page in &pages {
        for record in page.batch.iter() {
            let payload = String::from_utf8(record.payload.to_vec()).unwrap();
            all.push((record.key.to_owned(), record.version.unwrap().to_owned(), payload));
        }
    }
    all
}

const LINES: &[Line] = &[
    ("2025-12-31T23:59:59.999", 1, 10, "1"),
    ("2026-01-01T00:00:00", 2, 21, "500.0"),
    ("2026-01-01T00:00:00", 2, 20, "1E-2"),
    ("2026-01-02T08:00:00.123", 3, 30, "12345678901234567890.123456789"),
    ("2026-01-02T08:00:00.123", 4, 40, "4"),
    ("2026-01-02T08:00:00.123", 4, 41, "4"),
    ("2026-01-02T08:00:00.123", 4, 42, "4"),
    ("2026-01-02T08:00:00.123", 5, 50, "5"),
    ("2026-01-03T00:00:00", 6, 0, "null"),
    ("2026-02-01T00:00:00", 7, 70, "7"),
];

#[tokio::test]
async fn bills_come_whole_and_text_exact_whatever_the_page_size() {
    let one_page = bills(LINES, 100).await;
    let texts: Vec<_> = one_page.iter().map(|(key, version, payload)| format!("{key} {version} {payload}")).collect();
    let head = |bill: u64, stamp: &str| {
        format!(
            "{bill} {stamp} {{\"FID\":{bill},\"FModifyDate\":\"{stamp}\",\"FCust\":{{\"FNumber\":\"C\\\"1\"}},\"FEntity\":"
        )
    };
    let eight = "2026-01-02T08:00:00.123";
    let lines = "{\"FEntryID\":40,\"FQty\":4},{\"FEntryID\":41,\"FQty\":4},{\"FEntryID\":42,\"FQty\":4}";
    assert_eq!(
        texts,
        [
            head(2, "2026-01-01T00:00:00") + "[{\"FEntryID\":20,\"FQty\":1E-2},{\"FEntryID\":21,\"FQty\":500.0}]}",
            head(3, eight) + "[{\"FEntryID\":30,\"FQty\":12345678901234567890.123456789}]}",
            head(4, eight) + &format!("[{lines}]}}"),
            head(5, eight) + "[{\"FEntryID\":50,\"FQty\":5}]}",
            head(6, "2026-01-03T00:00:00") + "[]}",
        ]
    );
    for page_rows in 1..=9 {
        assert_eq!(bills(LINES, page_rows).await, one_page, "{page_rows} rows a page");
    }
}

#[tokio::test]
async fn a_bill_that_changes_while_it_is_paged_hides_no_other() {
    let fake = Fake::new(LINES);
    let server = serve(fake.app()).await.unwrap();
    let (connector, _) = connector(server.url(), "right", 3);
    let first = pull(&connector, None).await.unwrap();
    assert_eq!(first.batch.iter().map(|record| record.key).collect::<Vec<_>>(), ["2"]);
    // Bill 2 moves out of the window: by row numbers, bill 3 would now be skipped.
    fake.lines.lock().unwrap().retain(|line| line.1 != 2);
    let mut keys = Vec::new();
    let mut resume = first.resume;
    while let Some(token) = resume {
        let page = pull(&connector, Some(&token)).await.unwrap();
        keys.extend(page.batch.iter().map(|record| record.key.to_owned()));
        resume = page.resume;
    }
    assert_eq!(keys, ["3", "4", "5", "6"]);
}

#[tokio::test]
async fn the_query_asks_for_the_window_in_the_zone_of_the_source() {
    let fake = Fake::new(LINES);
    let server = serve(fake.app()).await.unwrap();
    let (connector, _) = connector(server.url(), "right", 100);
    pull(&connector, None).await.unwrap();
    let query = fake.queries.lock().unwrap()[0].clone();
    assert_eq!(query["FieldKeys"], "FID,FModifyDate,FCust.FNumber,FEntity_FEntryID,FQty");
    assert_eq!(query["OrderString"], "FModifyDate ASC,FID ASC");
    let window = "FModifyDate>='2026-01-01 00:00:00.000' and FModifyDate<'2026-02-01 00:00:00.000'";
    assert_eq!(query["FilterString"], window);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_ever() {
    let fake = Fake::new(LINES);
    let server = serve(fake.app()).await.unwrap();
    let (connector, sleeper) = connector(server.url(), "wrong", 100);
    for _ in 0..3 {
        let error = pull(&connector, None).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Auth);
        assert!(error.message.contains("密码错误") && !error.message.contains("wrong"), "{error}");
    }
    assert!(connector.probe().await.is_err());
    assert_eq!((fake.logins(), sleeper.slept().len()), (1, 0));
}

#[tokio::test]
async fn concurrent_pulls_share_one_login_and_a_lost_session_is_renewed_once() {
    let fake = Fake::new(LINES);
    let server = serve(fake.app()).await.unwrap();
    let (connector, _) = connector(server.url(), "right", 100);
    let (one, two) = tokio::join!(pull(&connector, None), pull(&connector, None));
    assert_eq!((one.unwrap().batch.len(), two.unwrap().batch.len(), fake.logins()), (5, 5, 1));
    fake.session.fetch_add(7, Ordering::SeqCst);
    assert_eq!(pull(&connector, None).await.unwrap().batch.len(), 5);
    assert_eq!(fake.logins(), 2);
    fake.trouble(&[&error(1, "x"), &error(1, "x")]);
    assert_eq!(pull(&connector, None).await.unwrap_err().class, ErrorClass::Transient);
    assert_eq!(fake.logins(), 3);
}

#[tokio::test]
async fn trouble_is_retried_or_reported_as_its_class_says() {
    let fake = Fake::new(LINES);
    let server = serve(fake.app()).await.unwrap();
    let (connector, sleeper) = connector(server.url(), "right", 100);
    fake.trouble(&["500", &error(4, "busy"), "[[1,"]);
    assert_eq!(pull(&connector, None).await.unwrap().batch.len(), 5);
    assert_eq!(sleeper.slept().len(), 3);
    for (answer, class) in [
        ("401", ErrorClass::Auth),
        ("404", ErrorClass::Config),
        ("<html>login</html>", ErrorClass::Data),
        ("[[1,2]]", ErrorClass::Data),
        (&error(2, "no right"), ErrorClass::Auth),
        (&error(9, "标识为FXxx的字段不存在"), ErrorClass::Config),
        ("response_error: 当前查询串无法解析", ErrorClass::Config),
    ] {
        fake.trouble(&[answer]);
        assert_eq!(pull(&connector, None).await.unwrap_err().class, class, "{answer}");
    }
}

#[tokio::test]
async fn a_probe_has_no_side_effects() {
    let fake = Fake::new(LINES);
    let server = serve(fake.app()).await.unwrap();
    let (connector, _) = connector(server.url(), "right", 100);
    check_probe(&connector).await.unwrap();
    assert!(fake.queries.lock().unwrap().iter().all(|query| query["Limit"] == 1));
}

#[test]
fn a_mistake_in_a_stream_is_shown_at_its_place() {
    for (setting, wrong, message) in [
        ("page_rows = 0", "0", "`page_rows` must lie between 1 and 10000"),
        ("[streams.x]\nform = \"F\"", "[streams.x]", "stream `x`: a new stream needs `header`"),
        ("[streams.order]\nextra = [\"FDate\"]", "[streams.order]", "stream `order`: `FDate` is asked for twice"),
        ("[streams.order]\nextra = [\"F'x\"]", "[streams.order]", "stream `order`: `F'x` is not a key"),
    ] {
        let text = format!(
            "type = \"kingdee\"\nurl = \"http://e\"\naccount = \"a\"\nuser = \"u\"\npassword = \"p\"\n{setting}\n"
        );
        let context = Context { source: "erp".into(), time_zone: "Asia/Shanghai".into(), base_dir: ".".into() };
        let (_, table) = parse_settings(&text).unwrap();
        let error = (super::ENTRY.build)(table, &context).unwrap_err();
        assert!(error.message.starts_with(message), "{error}");
        let shown = error.span.map(|span| &text[span]).unwrap();
        assert!(shown.starts_with(wrong), "{shown}");
    }
}
