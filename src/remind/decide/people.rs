//! Who is told: ERP salesperson code ↔ chat user ↔ manager, each with validity; from `config/people.toml`.

use jiff::civil::Date;
use serde::Deserialize;

/// In what role somebody is told. The name is hashed into reminder ids and part of routing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The salesperson of the document, else of the customer, else the finance queue.
    Owner,
    /// The owner's manager, else the finance queue.
    Manager,
    Finance,
    It,
}

impl Audience {
    pub const ALL: &[Self] = &[Self::Owner, Self::Manager, Self::Finance, Self::It];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Finance => "finance",
            Self::It => "it",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|audience| audience.name() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    Zh,
    En,
}

impl Language {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    pub fn parse(name: &str) -> Self {
        if name == "en" { Self::En } else { Self::Zh }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: Box<str>,
    /// User id in the chat system.
    pub chat: Box<str>,
    /// Salesperson codes in the ERP; several after a re-numbering.
    #[serde(default)]
    pub codes: Vec<Box<str>>,
    /// Books in which the codes mean this person; empty: all.
    #[serde(default)]
    pub books: Vec<Box<str>>,
    /// Chat user id of the manager.
    #[serde(default)]
    pub manager: Option<Box<str>>,
    #[serde(default)]
    pub language: Language,
    /// First day on which this row holds.
    #[serde(default)]
    pub from: Option<Date>,
    /// Last day on which this row holds (handed over, left).
    #[serde(default)]
    pub until: Option<Date>,
}

impl Person {
    fn holds(&self, book: &str, on: Date) -> bool {
        (self.books.is_empty() || self.books.iter().any(|known| &**known == book))
            && self.from.is_none_or(|from| from <= on)
            && self.until.is_none_or(|until| on <= until)
    }
}

/// A duty instead of a person. The first member whose row is valid is told: one who is responsible, not several who
/// each wait for the other; the rest are deputies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub name: Audience,
    #[serde(default)]
    pub books: Vec<Box<str>>,
    /// Chat user ids.
    pub members: Vec<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient {
    pub chat: Box<str>,
    pub name: Box<str>,
    pub language: Language,
}

/// `config/people.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    #[serde(default, rename = "person")]
    pub persons: Vec<Person>,
    #[serde(default, rename = "queue")]
    pub queues: Vec<Queue>,
}

/// Where a reminder goes, and what IT should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// In what role the recipient was found; an owner who is unknown ends as `Finance`.
    pub audience: Audience,
    pub recipient: Option<Recipient>,
    /// A salesperson code that leads to nobody.
    pub unmapped: Option<Box<str>>,
}

impl People {
    /// Resolves `to`. `code` is the document's salesperson, else the customer's.
    pub fn address(&self, to: Audience, code: Option<&str>, book: &str, on: Date) -> Addressed {
        if matches!(to, Audience::Finance | Audience::It) {
            return Addressed { audience: to, recipient: self.duty(to, book, on), unmapped: None };
        }
        let owner = code.and_then(|code| self.by_code(code, book, on));
        let unmapped = if owner.is_none() { code.map(Into::into) } else { None };
        let found = match to {
            Audience::Manager => {
                owner.and_then(|owner| owner.manager.as_deref()).and_then(|chat| self.by_chat(chat, book, on))
            }
            _ => owner,
        };
        match found {
            Some(person) => Addressed { audience: to, recipient: Some(recipient(person)), unmapped },
            None => {
                let recipient = self.duty(Audience::Finance, book, on);
                Addressed { audience: Audience::Finance, recipient, unmapped }
            }
        }
    }

    fn by_code(&self, code: &str, book: &str, on: Date) -> Option<&Person> {
        self.persons.iter().find(|person| person.holds(book, on) && person.codes.iter().any(|known| &**known == code))
    }

    /// Chat user ids are compared without case: chat systems hand them back in lower case.
    fn by_chat(&self, chat: &str, book: &str, on: Date) -> Option<&Person> {
        self.persons.iter().find(|person| person.holds(book, on) && person.chat.eq_ignore_ascii_case(chat))
    }

    fn duty(&self, name: Audience, book: &str, on: Date) -> Option<Recipient> {
        let queue = self.queues.iter().find(|queue| {
            queue.name == name && (queue.books.is_empty() || queue.books.iter().any(|known| &**known == book))
        })?;
        queue.members.iter().find_map(|chat| self.by_chat(chat, book, on)).map(recipient)
    }

    /// What the types cannot say: members and managers who are nobody, codes that two people claim at one time.
    pub fn mistakes(&self) -> Vec<String> {
        let known = |chat: &str| self.persons.iter().any(|person| person.chat.eq_ignore_ascii_case(chat));
        let mut mistakes = Vec::new();
        for queue in &self.queues {
            if matches!(queue.name, Audience::Owner | Audience::Manager) {
                mistakes.push(format!("a queue cannot be named `{}`; use finance or it", queue.name.name()));
            }
            for member in queue.members.iter().filter(|member| !known(member)) {
                mistakes.push(format!("queue `{}`: `{member}` is no person's chat id", queue.name.name()));
            }
        }
        for (index, person) in self.persons.iter().enumerate() {
            if let Some(manager) = person.manager.as_deref().filter(|manager| !known(manager)) {
                mistakes.push(format!("person `{}`: manager `{manager}` is no person's chat id", person.name));
            }
            for other in &self.persons[index + 1..] {
                let code = person.codes.iter().find(|code| other.codes.contains(code));
                if let Some(code) = code.filter(|_| overlap(person, other)) {
                    let (a, b) = (&person.name, &other.name);
                    mistakes.push(format!("code `{code}` is claimed by `{a}` and `{b}` at the same time"));
                }
            }
        }
        mistakes
    }
}

fn overlap(a: &Person, b: &Person) -> bool {
    let books = a.books.is_empty() || b.books.is_empty() || a.books.iter().any(|book| b.books.contains(book));
    let before =
        |end: Option<Date>, start: Option<Date>| matches!((end, start), (Some(end), Some(start)) if end < start);
    books && !before(a.until, b.from) && !before(b.until, a.from)
}

fn recipient(person: &Person) -> Recipient {
    Recipient { chat: person.chat.clone(), name: person.name.clone(), language: person.language }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn people() -> People {
        toml::from_str(
            r#"
            person = [
              { name = "张三", chat = "zhangsan", codes = ["S01"], manager = "LiSi", until = "2026-03-31" },
              { name = "赵六", chat = "zhaoliu", codes = ["S01", "S02"], from = "2026-04-01" },
              { name = "李四", chat = "lisi" },
              { name = "王芳", chat = "wangfang", books = ["sz"] },
            ]
            queue = [{ name = "finance", books = ["sz"], members = ["wangfang"] }]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn the_person_behind_a_code_depends_on_the_day_and_the_unknown_go_to_finance() {
        let march = date(2026, 3, 2);
        for (to, code, on, audience, chat, unmapped) in [
            (Audience::Owner, Some("S01"), march, Audience::Owner, Some("zhangsan"), None),
            (Audience::Owner, Some("S01"), date(2026, 4, 1), Audience::Owner, Some("zhaoliu"), None),
            (Audience::Manager, Some("S01"), march, Audience::Manager, Some("lisi"), None),
            (Audience::Manager, Some("S01"), date(2026, 4, 1), Audience::Finance, Some("wangfang"), None),
            (Audience::Owner, Some("S99"), march, Audience::Finance, Some("wangfang"), Some("S99")),
            (Audience::Owner, None, march, Audience::Finance, Some("wangfang"), None),
            (Audience::It, None, march, Audience::It, None, None),
        ] {
            let addressed = people().address(to, code, "sz", on);
            assert_eq!(addressed.audience, audience, "{to:?} {code:?}");
            assert_eq!(addressed.recipient.as_ref().map(|recipient| &*recipient.chat), chat, "{to:?} {code:?}");
            assert_eq!(addressed.unmapped.as_deref(), unmapped, "{to:?} {code:?}");
        }
        assert_eq!(people().address(Audience::Finance, None, "hk", march).recipient, None);
        assert_eq!(people().mistakes(), Vec::<String>::new());
    }

    #[test]
    fn members_who_are_nobody_and_codes_claimed_twice_are_mistakes() {
        let mut people = people();
        people.persons[1].from = None;
        people.queues[0].members.push("ghost".into());
        let mistakes = people.mistakes().join("\n");
        assert!(mistakes.contains("`ghost`") && mistakes.contains("`S01`"), "{mistakes}");
    }
}
