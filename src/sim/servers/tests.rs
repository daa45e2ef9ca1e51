//! Each system speaks its protocol, over real sockets.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::sim::CompanySettings;
use crate::sim::company::forms::FormId;
use crate::sim::company::timeline::BANK_FILE_MS;

const QUERY: &str = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc";
const LOGIN: &str = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.ValidateUser.common.kdsvc";

struct Site {
    world: Arc<World>,
    server: SimServer,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Site {
    /// One month of business, seen from its end.
    async fn start() -> Self {
        let company = Company::generate(CompanySettings { months: 1, ..CompanySettings::default() });
        let clock = Arc::new(SimClock::new(company.end()));
        let world = World::new(company, clock);
        Self { server: SimServer::start(world.clone(), 0).await.unwrap(), world }
    }

    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await.unwrap();
        let reply = String::from_utf8_lossy(&reply).into_owned();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((&reply, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask("POST", path, "", &body.to_string()).await.json()
    }

    async fn log_in(&self, account: &str) -> String {
        let parameters = json!([account, "svc", "secret", 2052]).to_string();
        let reply = self.post(LOGIN, json!({"format": 1, "parameters": parameters})).await;
        assert_eq!(reply["LoginResultType"], 1);
        format!("cookie: kdservice-sessionid={}\r\n", reply["KDSVCSessionId"].as_str().unwrap())
    }

    async fn query(&self, session: &str, form: &str, keys: &str, filter: &str, start: usize, limit: usize) -> Value {
        let data = json!({"FormId": form, "FieldKeys": keys, "FilterString": filter,
            "OrderString": "FModifyDate ASC,FID ASC", "TopRowCount": 0, "StartRow": start, "Limit": limit});
        self.ask("POST", QUERY, session, &json!({"data": data}).to_string()).await.json()
    }

    async fn token(&self) -> String {
        let reply = self.ask("GET", "/cgi-bin/gettoken?corpid=ww&corpsecret=s", "", "").await.json();
        reply["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, token: &str, to: &str, text: &str) -> Value {
        let body = json!({"touser": to, "msgtype": "text", "agentid": 1, "text": {"content": text},
            "enable_duplicate_check": 1, "duplicate_check_interval": 14400});
        self.post(&format!("/cgi-bin/message/send?access_token={token}"), body).await
    }
}

#[tokio::test]
async fn the_erp_answers_one_row_an_entry_line_and_pages_lose_nothing() {
    let site = Site::start().await;
    let session = site.log_in("sz").await;
    let keys = "FID,FBillNo,FEntity_FEntryID,FRealQty,FModifyDate";
    let filter = "FModifyDate>='2026-01-01 00:00:00' and FModifyDate<'2026-02-01 00:00:00'";
    let whole = site.query(&session, "SAL_OUTSTOCK", keys, filter, 0, 2000).await;
    let mut paged = Vec::new();
    loop {
        let page = site.query(&session, "SAL_OUTSTOCK", keys, filter, paged.len(), 37).await;
        let rows = page.as_array().unwrap().clone();
        let last = rows.len() < 37;
        paged.extend(rows);
        if last {
            break;
        }
    }
    assert!(paged.len() > 50);
    assert_eq!(whole.as_array().unwrap(), &paged);
    assert!(paged[0][3].is_f64() && paged[0][1].as_str().unwrap().starts_with("XSCKD"));
    let headers = site.query(&session, "SAL_OUTSTOCK", "FID", filter, 0, 2000).await;
    let company = site.world.company();
    assert_eq!(headers.as_array().unwrap().len(), company.timeline().form(Book::Sz, FormId::Outstock).documents());
}

#[tokio::test]
async fn what_the_clock_has_not_reached_is_not_there() {
    let company = Company::generate(CompanySettings { months: 1, ..CompanySettings::default() });
    let start = crate::sim::calendar::instant(jiff::civil::date(2026, 1, 6), 0);
    let world = World::new(company, Arc::new(SimClock::new(start)));
    let site = Site { server: SimServer::start(world.clone(), 0).await.unwrap(), world };
    let session = site.log_in("hk").await;
    let count = async || site.query(&session, "SAL_SaleOrder", "FID", "", 0, 2000).await.as_array().unwrap().len();
    let before = count().await;
    let moved = site.post("/sim/clock", json!({"now": "2026-01-06T00:00:00+08:00"})).await;
    assert_eq!(moved["local"], "2026-01-06 00:00");
    site.post("/sim/clock", json!({"now": "2026-01-06T00:19:00+08:00"})).await;
    assert_eq!(count().await, before);
    site.world.advance_to(site.world.company().end());
    let session = site.log_in("hk").await;
    let later = site.query(&session, "SAL_SaleOrder", "FID", "", 0, 2000).await;
    assert!(later.as_array().unwrap().len() > before);
}

#[tokio::test]
async fn the_erp_hides_its_errors_in_the_rows() {
    let site = Site::start().await;
    let message = |reply: &Value| reply[0][0]["Result"]["ResponseStatus"]["Errors"][0]["Message"].to_string();
    let lost = site.query("", "SAL_OUTSTOCK", "FID", "", 0, 10).await;
    assert!(message(&lost).contains("会话信息已丢失"));
    let session = site.log_in("sz").await;
    let unknown = site.query(&session, "SAL_OUTSTOCK", "FID,FNope", "", 0, 10).await;
    assert!(message(&unknown).contains("元数据中标识为FNope的字段不存在"));
    let form = site.query(&session, "SAL_NOPE", "FID", "", 0, 10).await;
    assert!(message(&form).contains("业务对象不存在"));
    let filter = site.query(&session, "SAL_OUTSTOCK", "FID", "FSecret='1'", 0, 10).await;
    assert!(message(&filter).contains("当前查询串无法解析"));
    let parameters = json!(["sz", "svc", "wrong", 2052]).to_string();
    let refused = site.post(LOGIN, json!({"parameters": parameters})).await;
    assert_eq!(refused["LoginResultType"], 0);
    site.world.advance_to(site.world.now() + SignedDuration::from_hours(1));
    let idle = site.query(&session, "SAL_OUTSTOCK", "FID", "", 0, 10).await;
    assert_eq!(idle[0][0]["Result"]["ResponseStatus"]["MsgCode"], 1);
}

#[tokio::test]
async fn a_repeated_message_is_delivered_once_and_the_thirty_first_in_a_minute_vanishes() {
    let site = Site::start().await;
    let token = site.token().await;
    for _ in 0..3 {
        assert_eq!(site.send(&token, "ZhangWei", "到期提醒").await["errcode"], 0);
    }
    let log = site.world.chats();
    assert_eq!((log.delivered.len(), log.duplicates, log.dropped), (1, 2, 0));
    for number in 0..32 {
        assert_eq!(site.send(&token, "zhangwei", &format!("{number}")).await["errcode"], 0);
    }
    let log = site.world.chats();
    assert_eq!((log.delivered.len(), log.dropped), (30, 3));
    let partly = site.send(&token, "zhangwei|nobody|liuyang", "x").await;
    assert_eq!((&partly["errcode"], &partly["invaliduser"]), (&json!(0), &json!("nobody")));
    assert_eq!(site.send(&token, "nobody", "x").await["errcode"], 81013);
    let seen = site.ask("GET", "/sim/chats?after=30", "", "").await.json();
    assert_eq!((seen["chats"].as_array().unwrap().len(), &seen["chats"][0]["to"]), (1, &json!("liuyang")));
    assert!(site.ask("GET", "/", "", "").await.body.contains("业务员"));
}

#[tokio::test]
async fn a_token_expires_with_the_simulated_time_and_long_texts_are_cut() {
    let site = Site::start().await;
    let token = site.token().await;
    assert_eq!(token, site.token().await);
    site.send(&token, "liuyang", &"测".repeat(1000)).await;
    assert_eq!(site.world.chats().delivered[0].text.len(), 2046);
    site.world.advance_to(site.world.now() + SignedDuration::from_hours(3));
    assert_eq!(site.send(&token, "liuyang", "x").await["errcode"], 42001);
    assert_eq!(site.send("nonsense", "liuyang", "x").await["errcode"], 40014);
    assert_eq!(site.send("", "liuyang", "x").await["errcode"], 41001);
    let fresh = site.token().await;
    assert_ne!(fresh, token);
    assert_eq!(site.send(&fresh, "liuyang", "x").await["errcode"], 0);
    let refused = site.ask("GET", "/cgi-bin/gettoken?corpid=ww&corpsecret=wrong", "", "").await.json();
    assert_eq!(refused["errcode"], 40001);
}

#[tokio::test]
async fn the_archive_and_the_contacts_are_paged_to_their_end() {
    let site = Site::start().await;
    let token = site.token().await;
    let mut seq = 0;
    let mut seen = 0;
    loop {
        let path = format!("/cgi-bin/message/getchatdata?access_token={token}");
        let page = site.post(&path, json!({"seq": seq, "limit": 10})).await;
        let chats = page["chatdata"].as_array().unwrap().clone();
        if chats.is_empty() {
            break;
        }
        for chat in &chats {
            assert_eq!(chat["seq"], seq + 1);
            assert_eq!(chat["msgid"], chat["decrypted"]["msgid"]);
            seq += 1;
        }
        seen += chats.len();
    }
    assert_eq!(seen as u64, site.world.company().truth().messages);
    let users: Vec<&str> = catalog::SALESPEOPLE.iter().map(|person| person.user).collect();
    let (mut cursor, mut contacts) = (String::new(), Vec::new());
    loop {
        let path = format!("/cgi-bin/externalcontact/batch/get_by_user?access_token={token}");
        let page = site.post(&path, json!({"userid_list": users, "cursor": cursor, "limit": 7})).await;
        contacts.extend(page["external_contact_list"].as_array().unwrap().clone());
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(contacts.len(), site.world.company().timeline().contacts.len());
    assert!(contacts.iter().any(|contact| contact["follow_info"]["remark"].as_str().unwrap().contains("#CUST00")));
}

#[tokio::test]
async fn faults_are_injected_and_stop_after_their_number() {
    let site = Site::start().await;
    let spoil = async |kind: &str| {
        let body = json!({"rate_per_mille": 1000, "kinds": [kind], "times": 1}).to_string();
        assert_eq!(site.ask("POST", "/sim/faults", "", &body).await.status, 204);
        site.ask("GET", "/cgi-bin/gettoken?corpid=ww&corpsecret=s", "", "").await
    };
    assert_eq!(spoil("server_error").await.status, 500);
    let throttled = spoil("too_many").await;
    assert_eq!((throttled.status, throttled.head.contains("retry-after: 1")), (429, true));
    assert!(spoil("html").await.body.starts_with("<html>"));
    assert_eq!(spoil("unauthorized").await.status, 401);
    assert_eq!(spoil("limit").await.json()["errcode"], 45009);
    for kind in ["half_body", "hang_up"] {
        let cut = spoil(kind).await;
        assert!(serde_json::from_str::<Value>(&cut.body).is_err(), "{kind}: {}", cut.body);
    }
    assert_eq!(site.world.faults_injected(), 1);
    assert!(!site.token().await.is_empty());
}

#[tokio::test]
async fn a_request_that_lost_its_answer_was_done_nevertheless() {
    let site = Site::start().await;
    let token = site.token().await;
    site.world.set_faults(Faults {
        rate_per_mille: 1000,
        kinds: vec![FaultKind::HangUp],
        times: 1,
        ..Faults::default()
    });
    let body = json!({"touser": "liuyang", "msgtype": "text", "agentid": 1, "text": {"content": "一次"},
        "enable_duplicate_check": 1});
    let path = format!("/cgi-bin/message/send?access_token={token}");
    site.ask("POST", &path, "", &body.to_string()).await;
    site.post(&path, body).await;
    let log = site.world.chats();
    assert_eq!((log.delivered.len(), log.duplicates), (1, 1));
}

#[tokio::test]
async fn the_company_lives_on_behind_the_servers() {
    let site = Site::start().await;
    let end = site.world.now();
    assert_eq!(site.world.next_event_after(end), None);
    let mut next = None;
    for _ in 0..7 {
        site.world.extend_one_day();
        next = next.or(site.world.next_event_after(end));
    }
    assert!(next.unwrap() > end);
    for _ in 0..500 {
        let before = site.world.now();
        let now = site.world.advance_to_next_event(SignedDuration::from_mins(20));
        assert!(now.duration_since(before) >= SignedDuration::from_mins(20));
    }
    assert!(site.world.company().last_day() > jiff::civil::date(2026, 2, 13));
    let folder = tempfile::tempdir().unwrap();
    let (sz, hk) = (folder.path().join("sz"), folder.path().join("hk"));
    let first_file = crate::sim::calendar::instant(jiff::civil::date(2026, 2, 2), BANK_FILE_MS);
    let before = site.world.write_bank_files(&sz, &hk, end, false).unwrap();
    assert!(before > 30 && site.world.write_bank_files(&sz, &hk, first_file, false).unwrap() <= 2);
    assert!(people_toml().parse::<toml::Table>().unwrap()["person"].as_array().unwrap().len() == 9);
}
