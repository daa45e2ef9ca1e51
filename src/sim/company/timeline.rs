//! What became visible when: versions of ERP documents, bank lines, chat messages. Everything only grows.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::forms::{Cell, Doc, FormId};
use crate::domain::Currency;
use crate::sim::calendar;

/// Whose books a document is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    Sz,
    Hk,
}

impl Book {
    pub const ALL: [Self; 2] = [Self::Sz, Self::Hk];

    pub fn code(self) -> &'static str {
        match self {
            Self::Sz => "sz",
            Self::Hk => "hk",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|book| book.code() == code)
    }

    pub fn index(self) -> usize {
        self as usize
    }
}

/// One state of one document.
#[derive(Debug, Clone)]
pub struct Version {
    pub fid: i64,
    pub visible_from: Timestamp,
    /// When the next version of the same document replaced it.
    pub superseded_at: Option<Timestamp>,
    pub doc: Doc,
}

/// All versions of one form in one book, in the order of their change stamps, which are unique in it.
#[derive(Debug, Default)]
pub struct FormLog {
    versions: Vec<Version>,
    newest: HashMap<i64, usize>,
}

impl FormLog {
    /// Adds a version; its change stamp becomes the newest of the form.
    pub fn push(&mut self, fid: i64, visible_from: Timestamp, mut doc: Doc) {
        if let Some(stamp) = doc.header.last_mut() {
            *stamp = Cell::text(calendar::stamp_text(visible_from));
        }
        let index = self.versions.len();
        if let Some(previous) = self.newest.insert(fid, index) {
            self.versions[previous].superseded_at = Some(visible_from);
        }
        self.versions.push(Version { fid, visible_from, superseded_at: None, doc });
    }

    /// The newest version that `now` can see of every document whose stamp lies in `[from, to)`, oldest stamp first.
    pub fn visible(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> impl Iterator<Item = &Version> {
        let start = self.versions.partition_point(|version| version.visible_from < from);
        self.versions[start..]
            .iter()
            .take_while(move |version| version.visible_from < to && version.visible_from <= now)
            .filter(move |version| version.superseded_at.is_none_or(|replaced| replaced > now))
    }

    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Documents, not versions.
    pub fn documents(&self) -> usize {
        self.newest.len()
    }
}

/// What is wrong with a damaged row, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirt {
    ImpossibleDate,
    NotANumber,
    EmptySerial,
    BrokenEncoding,
    TooManyColumns,
}

impl Dirt {
    pub const ALL: [Self; 5] =
        [Self::ImpossibleDate, Self::NotANumber, Self::EmptySerial, Self::BrokenEncoding, Self::TooManyColumns];
}

/// One line of a bank statement. Exactly one of the two amounts is not zero.
#[derive(Debug, Clone)]
pub struct BankLine {
    pub book: Book,
    pub day: Date,
    pub serial: String,
    pub currency: Currency,
    pub money_in: i64,
    pub money_out: i64,
    pub balance: i64,
    pub text: String,
    pub counterparty: String,
    pub account: String,
    pub kind: &'static str,
    pub dirt: Option<Dirt>,
}

/// One entry of the conversation archive; `payload` is the decrypted message.
#[derive(Debug, Clone)]
pub struct ChatMessage {
    pub seq: u64,
    pub msgid: String,
    pub at: Timestamp,
    pub payload: Value,
}

/// A customer's person as one salesperson follows him or her.
#[derive(Debug, Clone)]
pub struct Contact {
    pub visible_from: Timestamp,
    pub external_userid: String,
    pub name: String,
    pub corp_name: String,
    pub follower: String,
    pub remark: String,
    pub mobile: String,
}

/// An ERP version that was made today and has no final stamp yet.
#[derive(Debug)]
pub struct Draft {
    pub book: Book,
    pub form: FormId,
    pub fid: i64,
    pub ms_of_day: i64,
    pub doc: Doc,
}

#[derive(Debug, Default)]
pub struct Timeline {
    erp: [[FormLog; FormId::ALL.len()]; 2],
    pub bank: [Vec<BankLine>; 2],
    pub chats: Vec<ChatMessage>,
    pub contacts: Vec<Contact>,
    newest_stamp: [Option<Timestamp>; 2],
}

/// A bank's file of a day is there at this time of that day: 17:00.
pub const BANK_FILE_MS: i64 = 17 * 60 * calendar::MS_PER_MINUTE;

impl Timeline {
    pub fn form(&self, book: Book, form: FormId) -> &FormLog {
        &self.erp[book.index()][form.index()]
    }

    /// Files the day's drafts in the order of their time of day, giving each book strictly rising stamps.
    pub fn close_day(&mut self, day: Date, mut drafts: Vec<Draft>) {
        drafts.sort_by_key(|draft| draft.ms_of_day);
        for draft in drafts {
            let newest = &mut self.newest_stamp[draft.book.index()];
            let wanted = calendar::instant(day, draft.ms_of_day);
            let stamp = newest.map_or(wanted, |last| {
                wanted.max(last.saturating_add(jiff::SignedDuration::from_millis(1)).unwrap_or(last))
            });
            *newest = Some(stamp);
            self.erp[draft.book.index()][draft.form.index()].push(draft.fid, stamp, draft.doc);
        }
    }

    /// The first instant after `now` at which something becomes visible.
    pub fn next_event_after(&self, now: Timestamp) -> Option<Timestamp> {
        let erp = self.erp.iter().flatten().filter_map(|log| {
            let next = log.versions.partition_point(|version| version.visible_from <= now);
            log.versions.get(next).map(|version| version.visible_from)
        });
        let bank = self.bank.iter().filter_map(|lines| {
            let next = lines.partition_point(|line| calendar::instant(line.day, BANK_FILE_MS) <= now);
            lines.get(next).map(|line| calendar::instant(line.day, BANK_FILE_MS))
        });
        let next_chat = self.chats.partition_point(|chat| chat.at <= now);
        let chat = self.chats.get(next_chat).map(|chat| chat.at);
        erp.chain(bank).chain(chat).min()
    }
}
