//! Conversations between customers and salespeople, as the archive hands them out.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::catalog::SALESPEOPLE;
use super::timeline::{ChatMessage, Contact};
use super::{Book, Company, Task, calendar};
use crate::sim::calendar::MS_PER_MINUTE;

/// Chats end at half past six.
const LAST_CHAT_MS: i64 = (18 * 60 + 30) * MS_PER_MINUTE;
/// The archive's record of this number says that a member went to another corporation.
const SWITCH_SEQ: u64 = 40;
const LEAVER: &str = "hexiaoyu";
/// One room in so many customers: their chat is a group.
const GROUP_ONE_IN: usize = 5;
/// Of a thousand open orders so many are asked about on a day.
const ASKED_PER_MILLE: u32 = 25;

/// A message of today that has no number yet.
#[derive(Debug)]
pub struct Said {
    ms_of_day: i64,
    from: String,
    to: Vec<String>,
    room: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Text(String),
    /// Takes back the message that was said this many places before.
    RecallOf(usize),
    Other(&'static str, Value),
}

impl Company {
    /// Every customer with a chat is followed by its salesperson, some by two.
    pub(super) fn meet_contacts(&mut self) {
        for index in 0..self.customers.len() {
            let customer = &self.customers[index];
            let Some(external_userid) = customer.external_userid.clone() else { continue };
            let remark = match customer.book {
                Book::Sz => format!("{}#{}", customer.contact_name, customer.code),
                // The chat belongs to the mainland book; a code of the other book would point at somebody else there.
                Book::Hk => format!("{}-{}", customer.short_name, customer.contact_name),
            };
            let mut contact = Contact {
                visible_from: calendar::instant(self.today, 8 * 60 * MS_PER_MINUTE),
                external_userid,
                name: customer.contact_name.clone(),
                corp_name: customer.short_name.to_string(),
                follower: SALESPEOPLE[customer.seller].user.to_owned(),
                remark,
                mobile: format!("139{:08}", self.rng.below(100_000_000)),
            };
            let second = SALESPEOPLE[(customer.seller + 1) % SALESPEOPLE.len()].user;
            self.timeline.contacts.push(contact.clone());
            if self.rng.chance(80) {
                second.clone_into(&mut contact.follower);
                contact.remark = contact.name.clone();
                self.timeline.contacts.push(contact);
            }
        }
    }

    /// Customers ask for their goods, salespeople answer, and other things are sent.
    pub(super) fn chat(&mut self) {
        self.prune_open_orders();
        for order in self.open_orders.clone() {
            if self.rng.chance(ASKED_PER_MILLE) {
                self.ask_for_goods(order);
            }
        }
        for customer in 0..self.customers.len() {
            if self.rng.chance(8) {
                self.small_talk(customer);
            }
        }
    }

    fn ask_for_goods(&mut self, order: usize) {
        let (customer, no) = (self.orders[order].customer, self.orders[order].no.clone());
        let at = self.time_between(9, 17);
        let question = match self.rng.below(4) {
            0 => format!("{no} 发货了吗？"),
            1 => format!("你好，{no} 剩下的什么时候能发？产线等料"),
            2 => format!("麻烦查一下{no}的运单号"),
            _ => format!("请问订单 {no} 今天能出吗"),
        };
        if !self.say(customer, true, at, Body::Text(question)) {
            return;
        }
        let later = at + self.rng.between(5, 150) * MS_PER_MINUTE;
        let answer = match self.rng.below(4) {
            0 => format!("{no} 今天下午发，运单号稍后给您"),
            1 => "仓库在备货了，我催一下".to_owned(),
            2 => format!("{no} 原厂交期推迟一周，抱歉"),
            // Some questions stay without an answer.
            _ => return,
        };
        self.say(customer, false, later, Body::Text(answer));
        if self.slip(40) {
            self.say(customer, false, later + MS_PER_MINUTE, Body::RecallOf(1));
        }
    }

    fn small_talk(&mut self, customer: usize) {
        let at = self.time_between(9, 18);
        let body = match self.rng.below(6) {
            0 => Body::Other("image", json!({"image": {"sdkfileid": "CtYSIM", "md5sum": "00", "filesize": 18_181}})),
            1 => Body::Other(
                "file",
                json!({"file": {"filename": "对账单.xlsx", "fileext": "xlsx", "filesize": 20_480, "md5sum": "00",
                    "sdkfileid": "CtYSIM"}}),
            ),
            2 => Body::Other("emotion", json!({"emotion": {"type": 1, "width": 48, "height": 48, "imagesize": 900}})),
            // Types that no documentation names: they must be stored, not understood.
            3 => Body::Other("qydiskfile", json!({"info": {"filename": "报价.pdf"}})),
            4 => Body::Other("hologram", json!({"hologram": {"shape": "cube"}})),
            _ => Body::Text("好的，收到，谢谢".to_owned()),
        };
        self.say(customer, true, at, body);
    }

    /// A late payer says when.
    pub(super) fn promise(&mut self, claim: usize) {
        if self.claims[claim].open <= 0 {
            return;
        }
        let (customer, no) = (self.claims[claim].customer, self.claims[claim].no.clone());
        let at = self.time_between(10, 16);
        let ask = format!("您好，{no} 的货款已经到期，麻烦安排一下");
        self.say(customer, false, at, Body::Text(ask));
        let promise = match self.rng.below(3) {
            0 => format!("{no} 的货款这周五安排付款"),
            1 => "下周三付，老板出差了".to_owned(),
            _ => format!("月底前付清 {no}，请放心"),
        };
        self.say(customer, true, at + 25 * MS_PER_MINUTE, Body::Text(promise));
    }

    /// Something is wrong with the goods; they come back some days later.
    pub(super) fn complain(&mut self, shipment: usize) {
        let customer = self.shipments[shipment].customer;
        let line = &self.shipments[shipment].lines[0];
        let part = super::catalog::PARTS[line.part].number;
        let (no, order_no) = (self.shipments[shipment].no.clone(), self.orders[line.order].no.clone());
        let at = self.time_between(9, 16);
        let text = match self.rng.below(3) {
            0 => format!("{order_no} 收到的 {part} 有一批引脚氧化，要退货"),
            1 => format!("送货单 {no} 里 {part} 型号错了，怎么退？"),
            _ => format!("{part} 上线不良率很高，{order_no} 这批我们要求退换"),
        };
        self.say(customer, true, at, Body::Text(text));
        let answer = "抱歉，我马上和仓库确认，给您办退货".to_owned();
        self.say(customer, false, at + 40 * MS_PER_MINUTE, Body::Text(answer));
        self.plan_in(2, 8, Task::TakeBack(shipment));
    }

    /// False when the customer has no chat.
    fn say(&mut self, customer: usize, by_customer: bool, ms_of_day: i64, body: Body) -> bool {
        let Some(external) = self.customers[customer].external_userid.clone() else { return false };
        let seller = self.seller_user(customer).to_owned();
        let group = customer.is_multiple_of(GROUP_ONE_IN);
        let room = if group { format!("wrSIM{customer:06}") } else { String::new() };
        let (from, other) = if by_customer { (external, seller) } else { (seller, external) };
        let mut to = vec![other];
        if group {
            to.push("caiwu".to_owned());
        }
        self.said_today.push(Said { ms_of_day: ms_of_day.min(LAST_CHAT_MS), from, to, room, body });
        true
    }

    /// Numbers the day's messages in the order of their time.
    pub(super) fn close_chat_day(&mut self) {
        let mut said: Vec<(usize, Said)> = std::mem::take(&mut self.said_today).into_iter().enumerate().collect();
        // A recall names what was said just before it in the same conversation, whatever was said in between.
        let times: Vec<i64> = said.iter().map(|(_, said)| said.ms_of_day).collect();
        said.sort_by_key(|(place, said)| (said.ms_of_day, *place));
        let mut ids = vec![String::new(); times.len()];
        for (place, said) in said {
            let seq = self.timeline.chats.last().map_or(1, |last| last.seq + 1);
            let at = calendar::instant(self.today, said.ms_of_day);
            if seq == SWITCH_SEQ {
                self.push_switch(seq, at);
            }
            let seq = self.timeline.chats.last().map_or(1, |last| last.seq + 1);
            let msgid = format!("{}_{}_external", 1000 + seq, at.as_millisecond());
            ids[place] = msgid.clone();
            let payload = payload(&msgid, at, said, |back| ids[place.saturating_sub(back)].clone());
            self.truth.messages += 1;
            self.timeline.chats.push(ChatMessage { seq, msgid, at, payload });
        }
    }

    fn push_switch(&mut self, seq: u64, at: Timestamp) {
        let msgid = format!("{}_{}", 1000 + seq, at.as_millisecond());
        let payload = json!({"msgid": msgid, "action": "switch", "time": at.as_millisecond(), "user": LEAVER});
        self.truth.messages += 1;
        self.timeline.chats.push(ChatMessage { seq, msgid, at, payload });
    }
}

fn payload(msgid: &str, at: Timestamp, said: Said, id_before: impl Fn(usize) -> String) -> Value {
    let mut message = json!({
        "msgid": msgid, "action": "send", "from": said.from, "tolist": said.to, "roomid": said.room,
        "msgtime": at.as_millisecond(),
    });
    match said.body {
        Body::Text(content) => {
            message["msgtype"] = "text".into();
            message["text"] = json!({"content": content});
        }
        Body::RecallOf(back) => {
            message["action"] = "recall".into();
            message["msgtype"] = "revoke".into();
            message["revoke"] = json!({"pre_msgid": id_before(back)});
        }
        Body::Other(kind, fields) => {
            message["msgtype"] = kind.into();
            if let Value::Object(fields) = fields {
                for (key, value) in fields {
                    message[key] = value;
                }
            }
        }
    }
    message
}
