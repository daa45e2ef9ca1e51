//! Customers' contacts (客户联系): all contacts of the members that keep any, member by member.
//!
//! There is no way to ask for changes only, so each round reads all; unchanged contacts cost a comparison.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::Client;
use super::errcode;
use crate::sdk::{ErrorClass, Page, PayloadShape, RecordBatchBuilder, SourceError, from_json};

/// Members that one call may name.
const MAX_MEMBERS: usize = 100;
/// Contacts of one call.
const PAGE_CONTACTS: u32 = 100;

#[derive(Serialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Followers {
    #[serde(default)]
    follow_user: Vec<String>,
}

#[derive(Serialize)]
struct Request<'a> {
    userid_list: &'a [String],
    cursor: &'a str,
    limit: u32,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow, default)]
    external_contact_list: Vec<&'a RawValue>,
    #[serde(default)]
    next_cursor: String,
}

#[derive(Deserialize)]
struct Item {
    external_contact: Contact,
    #[serde(default)]
    follow_info: Follow,
}

#[derive(Deserialize)]
struct Contact {
    external_userid: String,
}

#[derive(Default, Deserialize)]
struct Follow {
    #[serde(default)]
    userid: String,
}

/// Where a page begins: after these members, at this cursor of the next ones.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Position {
    after_member: String,
    cursor: String,
}

impl Position {
    fn token(&self) -> String {
        format!("{}\n{}", self.after_member, self.cursor)
    }

    fn parse(token: &str) -> Result<Self, SourceError> {
        let (after_member, cursor) = token
            .split_once('\n')
            .ok_or_else(|| SourceError::new(ErrorClass::Bug, format!("wecom contact: resume token `{token}`")))?;
        Ok(Self { after_member: after_member.to_owned(), cursor: cursor.to_owned() })
    }
}

/// One page of contacts. `members` are the configured ones; empty means all that keep customers.
pub(super) async fn pull(
    client: &Client,
    members: &[String],
    resume: Option<&str>,
    now_micros: i64,
) -> Result<Page, SourceError> {
    let what = "wecom contacts";
    let position = resume.map_or_else(|| Ok(Position::default()), Position::parse)?;
    let members = members_after(client, members, &position.after_member).await?;
    let batch = RecordBatchBuilder::new(PayloadShape::Json, now_micros);
    if members.is_empty() {
        return Ok(Page { batch: batch.finish(), resume: None, token: Some(String::new()) });
    }
    let asked = &members[..members.len().min(MAX_MEMBERS)];
    let request = Request { userid_list: asked, cursor: &position.cursor, limit: PAGE_CONTACTS };
    let answer = client.read(what, "/cgi-bin/externalcontact/batch/get_by_user", &request).await?;
    let reply: Reply<'_> = if errcode::is_no_customers(answer.code) {
        Reply { external_contact_list: Vec::new(), next_cursor: String::new() }
    } else {
        from_json(what, &answer.body)?
    };
    let batch = push(what, batch, &reply.external_contact_list)?;
    let next = if !reply.next_cursor.is_empty() {
        Some(Position { cursor: reply.next_cursor, ..position })
    } else if members.len() > asked.len() {
        let after_member = asked.last().cloned().unwrap_or_default();
        Some(Position { after_member, cursor: String::new() })
    } else {
        None
    };
    // The next round begins anew: the empty token.
    let token = next.is_none().then(String::new);
    Ok(Page { batch: batch.finish(), resume: next.map(|next| next.token()), token })
}

/// Members in a fixed order, so that a page can go on after one of them.
async fn members_after(client: &Client, configured: &[String], after: &str) -> Result<Vec<String>, SourceError> {
    let mut members = if configured.is_empty() {
        let what = "wecom members with customers";
        let answer = client.read(what, "/cgi-bin/externalcontact/get_follow_user_list", &Nothing {}).await?;
        from_json::<Followers>(what, &answer.body)?.follow_user
    } else {
        configured.to_vec()
    };
    members.sort();
    members.dedup();
    members.retain(|member| member.as_str() > after);
    Ok(members)
}

/// One contact may be kept by several members, each with remarks of its own: the member is part of the key.
fn push(what: &str, mut batch: RecordBatchBuilder, items: &[&RawValue]) -> Result<RecordBatchBuilder, SourceError> {
    for raw in items {
        let item: Item = from_json(what, raw.get().as_bytes())?;
        let key = format!("{}|{}", item.external_contact.external_userid, item.follow_info.userid);
        batch.push(&key, None, raw.get().as_bytes());
    }
    Ok(batch)
}
