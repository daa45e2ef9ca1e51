//! Texts of messages: minijinja templates, Chinese and English, compiled in and replaceable by files of the same name.
//!
//! Why lines are rendered one by one: a chat server cuts a text at a byte limit in the middle of a sentence, so the
//! message is built from whole lines and says how many are missing. It must not know where a message goes.

use std::collections::BTreeMap;

use minijinja::{Environment, Value, context};
use thiserror::Error;

use super::decide::{Content, Language, MoneyHere, Rule, Wanted};
use crate::domain::{Hash, Id};

/// What WeCom shows of a text; the strictest of the channels.
pub const MAX_TEXT_BYTES: usize = 2048;
/// Names and remittance texts are foreign: so many characters of them are shown.
const MAX_FOREIGN_CHARS: usize = 40;
/// Order numbers or payments named in one line; a line must stay short enough to fit a message alone.
const MAX_NAMED: usize = 3;
/// Steps of one macro call; ours take under a thousand.
const FUEL: u64 = 50_000;

macro_rules! defaults {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../config/templates/", $name)))),+]
    };
}

/// `(name, text)`; a file `templates/zh/overdue.txt.j2` beside the config replaces `zh/overdue.txt.j2`.
pub const DEFAULTS: &[(&str, &str)] = defaults![
    "zh/frame.txt.j2",
    "zh/overdue.txt.j2",
    "zh/due_soon.txt.j2",
    "zh/missing_step.txt.j2",
    "zh/unmatched.txt.j2",
    "zh/unidentified.txt.j2",
    "zh/unmapped_salesperson.txt.j2",
    "en/frame.txt.j2",
    "en/overdue.txt.j2",
    "en/due_soon.txt.j2",
    "en/missing_step.txt.j2",
    "en/unmatched.txt.j2",
    "en/unidentified.txt.j2",
    "en/unmapped_salesperson.txt.j2",
];

#[derive(Debug, Error)]
pub enum TemplateError {
    #[error("`{0}` replaces no template; the names are those under config/templates")]
    UnknownName(String),
    #[error("template `{name}`")]
    Broken { name: String, source: minijinja::Error },
}

#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    fingerprint: Hash,
}

impl Templates {
    /// The defaults with `replacements` (name, text) over them.
    pub fn new(replacements: &[(String, String)]) -> Result<Self, TemplateError> {
        let mut texts: BTreeMap<&str, &str> = DEFAULTS.iter().copied().collect();
        for (name, text) in replacements {
            match texts.get_mut(name.as_str()) {
                Some(known) => *known = text,
                None => return Err(TemplateError::UnknownName(name.clone())),
            }
        }
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        let mut parts: Vec<&[u8]> = vec![b"templates-1"];
        for (name, text) in texts {
            parts.extend([name.as_bytes(), text.as_bytes()]);
            environment
                .add_template_owned(name.to_owned(), text.to_owned())
                .map_err(|source| TemplateError::Broken { name: name.to_owned(), source })?;
        }
        let fingerprint = Hash::of_parts(&parts);
        let templates = Self { environment, fingerprint };
        templates.try_all()?;
        Ok(templates)
    }

    /// A template that calls a missing name is found when it is loaded, not when a message is due.
    fn try_all(&self) -> Result<(), TemplateError> {
        for language in [Language::Zh, Language::En] {
            self.call(language, "frame", "head", &[Value::from("x"), Value::from(1)])?;
            self.call(language, "frame", "more", &[Value::from(1)])?;
            for rule in Rule::ALL {
                self.call(language, rule.name(), "title", &[Value::from(1)])?;
                self.call(language, rule.name(), "line", &[sample()])?;
                self.call(language, rule.name(), "act", &[])?;
            }
        }
        Ok(())
    }

    pub fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    fn call(&self, language: Language, file: &str, name: &str, args: &[Value]) -> Result<String, TemplateError> {
        let template = format!("{}/{file}.txt.j2", language.name());
        self.environment
            .get_template(&template)
            .and_then(|loaded| loaded.render_captured(()))
            .and_then(|mut captured| captured.with_state_mut(|state| state.call_macro(name, args)))
            .map(|text| text.trim_end().to_owned())
            .map_err(|source| TemplateError::Broken { name: format!("{template}: {name}"), source })
    }

    /// The text of one message: at most `max_lines` reminders and [`MAX_TEXT_BYTES`], cut by whole lines.
    /// `wanted` is in the order of the text; `numbers` names orders.
    pub fn render(
        &self,
        language: Language,
        name: &str,
        wanted: &[&Wanted],
        numbers: &BTreeMap<Id, Box<str>>,
        max_lines: usize,
    ) -> Result<String, TemplateError> {
        let mut text =
            self.call(language, "frame", "head", &[Value::from(foreign(name)), Value::from(wanted.len())])?;
        let more = |left: usize| self.call(language, "frame", "more", &[Value::from(left)]);
        let reserve = more(wanted.len())?.len() + 1;
        let mut shown = 0;
        let mut group: Option<(Rule, String)> = None;
        for reminder in wanted {
            let rule = reminder.rule;
            let mut addition = String::new();
            let mut act = None;
            if group.as_ref().is_none_or(|(current, _)| *current != rule) {
                let count = wanted.iter().filter(|other| other.rule == rule).count();
                if let Some((_, act)) = &group {
                    addition = format!("\n{act}");
                }
                let title = self.call(language, rule.name(), "title", &[Value::from(count)])?;
                addition = format!("{addition}\n{title}");
                act = Some(self.call(language, rule.name(), "act", &[])?);
            }
            let line = self.call(language, rule.name(), "line", &[line_context(&reminder.content, numbers)])?;
            addition = format!("{addition}\n{}", line.trim_start_matches('\n'));
            let closing = act.as_ref().or(group.as_ref().map(|(_, act)| act)).map_or(0, |act| act.len() + 1);
            let full = text.len() + addition.len() + closing + reserve > MAX_TEXT_BYTES || shown >= max_lines;
            if full && shown > 0 {
                break;
            }
            text.push_str(&addition);
            if let Some(act) = act {
                group = Some((rule, act));
            }
            shown += 1;
        }
        if let Some((_, act)) = group {
            text = format!("{text}\n{act}");
        }
        if shown < wanted.len() {
            text = format!("{text}\n{}", more(wanted.len() - shown)?);
        }
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        Ok(text)
    }
}

fn sample() -> Value {
    context! {
        book => "sz", customer => "x", number => "x", orders => "x", amount => "x", on => "x", due_on => "x",
        days => 1, missing => "invoiced", payer => "x", text => "x", money => "x",
    }
}

fn line_context(content: &Content, numbers: &BTreeMap<Id, Box<str>>) -> Value {
    let currency = content.currency;
    let amount = |amount: crate::domain::Amount| format!("{currency} {}", amount.grouped(currency));
    let customer = match (&content.party_name, &content.party_code) {
        (Some(name), Some(code)) => format!("{} ({})", foreign(name), foreign(code)),
        (name, code) => name.as_ref().or(code.as_ref()).map(|text| foreign(text)).unwrap_or_default(),
    };
    let orders: Vec<String> =
        content.orders.iter().filter_map(|order| numbers.get(order)).map(|number| foreign(number)).collect();
    let money = |money: &MoneyHere| format!("{} {} ({})", foreign(&money.number), amount(money.amount), money.paid_on);
    context! {
        book => &*content.book,
        customer => customer,
        number => foreign(&content.number),
        orders => named(&orders),
        amount => amount(content.amount),
        on => content.on.map(|date| date.to_string()),
        due_on => content.due_on.map(|date| date.to_string()),
        days => content.days,
        missing => content.missing,
        payer => content.payer.as_deref().map(foreign),
        text => content.text.as_deref().map(foreign),
        money => named(&content.money_here.iter().map(money).collect::<Vec<_>>()),
    }
}

fn named(names: &[String]) -> String {
    let shown = names[..names.len().min(MAX_NAMED)].join(", ");
    if names.len() > MAX_NAMED { format!("{shown} … (+{})", names.len() - MAX_NAMED) } else { shown }
}

/// Text that came from outside: no line breaks, nothing a chat client would take for markup, bounded.
fn foreign(text: &str) -> String {
    let mut clean: String = text
        .chars()
        .filter(|character| !matches!(character, '<' | '>'))
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(MAX_FOREIGN_CHARS)
        .collect();
    if text.chars().count() > MAX_FOREIGN_CHARS {
        clean.push('…');
    }
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remind::decide::{FeedFreshness, decide};
    use crate::remind::testing::{at, invoice, leftover, likely, policy, position, unidentified};
    use crate::store::Position;

    fn message(positions: &[Position], to: &str, language: Language, now: &str) -> String {
        let money = [unidentified("BANK9", 800, "2026-03-06")];
        let decided = decide(positions, &money, &policy(), at(now), &FeedFreshness::default());
        let mut wanted: Vec<&Wanted> = decided.subjects.iter().flat_map(|subject| &subject.wanted).collect();
        wanted.retain(|wanted| wanted.recipient.as_ref().is_some_and(|recipient| &*recipient.chat == to));
        wanted.sort_by_key(|wanted| (wanted.rule, wanted.content.due_on, wanted.content.on, wanted.id));
        let numbers = [(Id::from_parts(&[b"order", b"AR1"]), Box::from("SO26010001"))].into_iter().collect();
        Templates::new(&[]).unwrap().render(language, to, &wanted, &numbers, 12).unwrap()
    }

    fn customer() -> Position {
        let mut customer = position(vec![
            invoice("AR1", 12_345, "2026-03-02"),
            invoice("AR2", 1_000_000, "2026-03-03"),
            invoice("AR3", 60, "2026-03-12"),
        ]);
        customer.likely_money = vec![likely("BANK1", 500, "2026-03-09")];
        customer.leftovers = vec![leftover("SKD00012", 88, "2026-03-02")];
        customer
    }

    #[test]
    fn a_salesperson_reads_chinese() {
        insta::assert_snapshot!(message(&[customer()], "zhangsan", Language::Zh, "2026-03-10T10:10:00"));
    }

    #[test]
    fn a_salesperson_in_hong_kong_reads_english() {
        insta::assert_snapshot!(message(&[customer()], "zhangsan", Language::En, "2026-03-10T10:10:00"));
    }

    #[test]
    fn finance_reads_of_money_without_an_owner_and_it_of_people_without_an_account() {
        let mut stranger = customer();
        stranger.salesperson = Some("S77".into());
        stranger.items[0].due = crate::ledger::Due::Expected { on: "2026-03-02".parse().unwrap(), missing: "invoiced" };
        let finance = message(std::slice::from_ref(&stranger), "wangfang", Language::Zh, "2026-03-10T10:10:00");
        let it = message(&[stranger], "it", Language::En, "2026-03-10T10:10:00");
        insta::assert_snapshot!(format!("{finance}\n\n{it}"));
    }

    #[test]
    fn a_long_message_is_cut_by_whole_lines_and_says_how_many_are_missing() {
        let items = (0..40).map(|number| invoice(&format!("AR{number:08}"), 12_345, "2026-03-02")).collect();
        let decided = decide(&[position(items)], &[], &policy(), at("2026-03-10T10:10:00"), &FeedFreshness::default());
        let wanted: Vec<&Wanted> = decided.subjects[0].wanted.iter().collect();
        for max_lines in [1, 12, 40] {
            let text = Templates::new(&[]).unwrap().render(Language::Zh, "张三", &wanted, &BTreeMap::new(), max_lines);
            let text = text.unwrap();
            let lines = text.matches('•').count();
            assert!(text.len() <= MAX_TEXT_BYTES && lines <= max_lines, "{} bytes, {lines} lines", text.len());
            assert!(text.contains(&format!("另有 {} 条", 40 - lines)), "{text}");
        }
    }

    #[test]
    fn foreign_text_cannot_break_the_message() {
        assert_eq!(foreign("a\nb <a href='x'>c</a>"), "a b a href='x'c/a");
        assert_eq!(foreign(&"长".repeat(50)).chars().count(), MAX_FOREIGN_CHARS + 1);
    }

    #[test]
    fn a_broken_or_unknown_replacement_is_refused_when_loaded() {
        let replace = |name: &str, text: &str| Templates::new(&[(name.to_owned(), text.to_owned())]).unwrap_err();
        assert!(matches!(replace("zh/x.txt.j2", ""), TemplateError::UnknownName(_)));
        assert!(matches!(replace("zh/overdue.txt.j2", "{% macro title("), TemplateError::Broken { .. }));
        assert!(matches!(replace("zh/overdue.txt.j2", "no macros"), TemplateError::Broken { .. }));
    }
}
