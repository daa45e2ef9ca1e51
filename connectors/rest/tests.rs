//! Against a fake that lists five records in every paging style.

use std::sync::Arc;

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing};
use serde_json::{Value, json};

use super::Rest;
use crate::sdk::conformance::{RecordingSleeper, check_probe, check_slice, serve};
use crate::sdk::{Connector as _, Context, ErrorClass, PullRequest, Slice, parse_settings, read_settings};

async fn list(Query(query): Query<Vec<(String, String)>>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|value| value != "Bearer right") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let find = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let number = |name: &str| find(name).and_then(|text| text.parse::<usize>().ok());
    let start = match (number("page"), number("skip"), number("after")) {
        (Some(page), _, _) => (page - 1) * 2,
        (_, Some(skip), _) => skip,
        (_, _, Some(after)) => after,
        _ => 0,
    };
    let all: Vec<Value> = (1..=5).map(|id| json!({"id": id, "at": {"v": format!("v{id}")}})).collect();
    let end = (start + 2).min(all.len());
    let next = (end < all.len()).then_some(end);
    let link = next.map(|next| format!("/api/deals?after={next}"));
    let away = next.map(|_| "http://127.0.0.2:9/api");
    let page = all.get(start..end).unwrap_or_default();
    json!({"data": {"list": page}, "cursor": next, "link": link, "away": away}).to_string().into_response()
}

fn app() -> Router {
    Router::new()
        .route("/api/deals", routing::get(list))
        .route("/api/page", routing::get(|| async { "<html>login</html>" }))
        .route("/api/odd", routing::get(|| async { "[{\"id\":null},{\"id\":\"x\"}]" }))
}

fn connector(url: &str, token: &str, resource: &str) -> Rest {
    let text = format!(
        "type = \"rest\"\nurl = \"{url}/api\"\nauth = {{ bearer = \"{token}\" }}\nrequests_per_second = 0\n[streams.deal]\n{resource}\n"
    );
    let context = Context { source: "crm".into(), time_zone: "Asia/Shanghai".into(), base_dir: ".".into() };
    let settings = read_settings(parse_settings(&text).unwrap().1).unwrap();
    Rest::new(settings, &context, Arc::new(RecordingSleeper::default())).unwrap()
}

const DEALS: &str = "path = \"/deals\"\nitems = \"data.list\"\nkey = [\"id\"]\nversion = \"at.v\"\n";

fn all() -> Slice {
    Slice::After(String::new())
}

#[tokio::test]
async fn every_way_of_paging_reads_every_record_once() {
    let server = serve(app()).await.unwrap();
    for paging in [
        "{ page = \"page\" }",
        "{ offset = \"skip\" }",
        "{ cursor = \"after\", next = \"cursor\" }",
        "{ next = \"link\" }",
    ] {
        let connector = connector(server.url(), "right", &format!("{DEALS}paging = {paging}"));
        check_probe(&connector).await.unwrap();
        let pages = check_slice(&connector, "deal", &all(), jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        let found: Vec<_> =
            pages.iter().flat_map(|page| page.batch.iter()).map(|record| (record.key, record.version)).collect();
        assert_eq!(
            found,
            [("1", Some("v1")), ("2", Some("v2")), ("3", Some("v3")), ("4", Some("v4")), ("5", Some("v5"))],
            "{paging}"
        );
    }
}

#[test]
fn a_window_is_asked_for_in_the_zone_of_the_source() {
    let connector =
        connector("http://127.0.0.1:9", "right", "path = \"/deals\"\nkey = [\"id\"]\nfrom = \"updated_from\"\n");
    let slice =
        Slice::Span { from: "2026-01-04T16:00:00Z".parse().unwrap(), to: "2026-01-05T16:00:00Z".parse().unwrap() };
    let mut query = Vec::new();
    connector.add_window(&connector.resources[0], &slice, &mut query).unwrap();
    assert_eq!(query, [("updated_from".to_owned(), "2026-01-05T00:00:00".to_owned())]);
}

#[tokio::test]
async fn failures_carry_their_class() {
    let server = serve(app()).await.unwrap();
    for (token, resource, class) in [
        ("wrong", DEALS, ErrorClass::Auth),
        ("right", "path = \"/nowhere\"\nkey = [\"id\"]", ErrorClass::Config),
        ("right", "path = \"/page\"\nkey = [\"id\"]", ErrorClass::Data),
        ("right", "path = \"/deals\"\nitems = \"rows\"\nkey = [\"id\"]", ErrorClass::Data),
    ] {
        let connector = connector(server.url(), token, resource);
        let slice = all();
        let request = PullRequest { stream: "deal", slice: &slice, resume: None, now: jiff::Timestamp::UNIX_EPOCH };
        assert_eq!(connector.pull(request).await.unwrap_err().class, class, "{resource}");
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_next_page_to_another_server() {
    let server = serve(app()).await.unwrap();
    let connector = connector(server.url(), "right", &format!("{DEALS}paging = {{ next = \"away\" }}"));
    let error = check_slice(&connector, "deal", &all(), jiff::Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(error.contains("another server"), "{error}");
}

#[tokio::test]
async fn an_item_without_a_key_is_a_problem_and_not_lost() {
    let server = serve(app()).await.unwrap();
    let connector = connector(server.url(), "right", "path = \"/odd\"\nkey = [\"id\"]");
    let pages = check_slice(&connector, "deal", &all(), jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    let found: Vec<_> = pages[0].batch.iter().map(|record| (record.key, record.problem)).collect();
    assert_eq!(found, [("deal@first#1", Some("no key at id")), ("x", None)]);
}
