//! What a company wants to be reminded of: typed, from `config/reminders.toml`.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::Audience;

/// Every rule there is. The name is hashed into reminder ids, stored and part of routing keys, so it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    Overdue,
    DueSoon,
    /// Our own side has not done what the due date waits for (开票, 对账, 签收).
    MissingStep,
    Unmatched,
    Unidentified,
    UnmappedSalesperson,
}

impl Rule {
    pub const ALL: &[Self] = &[
        Self::Overdue,
        Self::DueSoon,
        Self::MissingStep,
        Self::Unmatched,
        Self::Unidentified,
        Self::UnmappedSalesperson,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::DueSoon => "due_soon",
            Self::MissingStep => "missing_step",
            Self::Unmatched => "unmatched",
            Self::Unidentified => "unidentified",
            Self::UnmappedSalesperson => "unmapped_salesperson",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }

    /// Asks the customer for money, so it waits while money may already be here or the payment feed is stale.
    pub const fn is_chase(self) -> bool {
        matches!(self, Self::Overdue | Self::DueSoon)
    }
}

/// Whether a book's reminders reach people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Decided and shown, not sent: the state of every book until somebody accepts its reconciled figures.
    #[default]
    Shadow,
    Send,
    Off,
}

/// One step of a ladder: after so many days, tell this audience.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    pub days: u16,
    pub to: Audience,
}

impl Level {
    /// Hashed into reminder ids: the days and the audience, so that a level that is inserted later renames no other.
    pub fn name(&self) -> String {
        format!("{}:{}", self.days, self.to.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DueSoon {
    pub days_before: u16,
    pub to: Audience,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overdue {
    /// At one time only the highest level that was reached is wanted.
    pub levels: Vec<Level>,
    /// After the last level, again every so many days; `None` says it once.
    #[serde(default)]
    pub repeat_days: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingStep {
    /// Days since the goods left or the claim was issued.
    pub levels: Vec<Level>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyRule {
    /// Business days after the money arrived.
    pub after_days: u16,
    pub to: Audience,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holds {
    /// A chase that unmatched money covers waits so many business days after that money was paid, then it is sent
    /// with the money named in it.
    pub money_days: u16,
    /// A payment feed that has brought nothing for more than so many business days is stale.
    pub feed_days: u16,
}

/// Deviations of one book.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookRules {
    pub mode: Option<Mode>,
}

/// `config/reminders.toml`. A rule that is left out is off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(default)]
    pub mode: Mode,
    /// What is owed below this, in units of its currency, is not worth a message.
    #[serde(default)]
    pub minimum_open: Decimal,
    /// Local times of business days at which messages may go out, `09:07-11:52`.
    pub send_windows: Vec<super::SendWindow>,
    /// Lines of one message before `… and N more`.
    pub digest_lines: usize,
    pub holds: Holds,
    pub due_soon: Option<DueSoon>,
    pub overdue: Option<Overdue>,
    pub missing_step: Option<MissingStep>,
    pub unidentified: Option<MoneyRule>,
    pub unmatched: Option<MoneyRule>,
    #[serde(default)]
    pub books: BTreeMap<Box<str>, BookRules>,
}

/// More lines than this make a chat message unreadable, whatever the byte limit allows.
pub const MAX_DIGEST_LINES: usize = 40;
/// A longer ladder is a mistake in the file, not a policy.
pub const MAX_LEVELS: usize = 20;

impl Rules {
    pub fn mode_of(&self, book: &str) -> Mode {
        self.books.get(book).and_then(|rules| rules.mode).unwrap_or(self.mode)
    }

    /// The same rules with every book sending: for the demo and tests, which have nobody to accept the figures.
    pub fn sending(mut self) -> Self {
        self.mode = Mode::Send;
        self.books.values_mut().for_each(|book| book.mode = None);
        self
    }

    /// What the types cannot say. Every mistake, each naming its key.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.send_windows.is_empty() {
            mistakes.push("`send_windows` is empty, so nothing could ever be sent".to_owned());
        }
        if !(1..=MAX_DIGEST_LINES).contains(&self.digest_lines) {
            mistakes.push(format!("`digest_lines` must be 1 to {MAX_DIGEST_LINES}, it is {}", self.digest_lines));
        }
        let ladders = [
            ("overdue.levels", self.overdue.as_ref().map(|rule| &rule.levels)),
            ("missing_step.levels", self.missing_step.as_ref().map(|rule| &rule.levels)),
        ];
        for (key, levels) in ladders {
            let Some(levels) = levels else { continue };
            if levels.is_empty() || levels.len() > MAX_LEVELS {
                mistakes.push(format!("`{key}` needs 1 to {MAX_LEVELS} levels, it has {}", levels.len()));
            }
            if !levels.is_sorted_by_key(|level| level.days) {
                mistakes.push(format!("`{key}` must be sorted by days"));
            }
            if levels.iter().any(|level| level.days == 0) {
                mistakes.push(format!("`{key}`: a level of 0 days would fire on the due day itself; use `due_soon`"));
            }
        }
        if self.overdue.as_ref().is_some_and(|rule| rule.repeat_days == Some(0)) {
            mistakes.push("`overdue.repeat_days` must be at least 1".to_owned());
        }
        mistakes
    }
}
