//! Which party keys are one company. Only an equal number that proves itself or an equal full legal name links; all else
//! proposes, and what people said wins.
//!
//! Why so strict: 深圳X, 东莞X and X香港 are three companies, and money paid to the wrong one is found months later.
//! Nothing durable hangs on a component: documents, journal, terms and pins carry the party key only, so a link or a split
//! changes what is shown together and never what was posted. It must not know where party keys are kept.
//!
//! The way of a party key: [`PartyKey::of`] reads what its document says, [`link`] joins a closed set of keys to components,
//! [`evidence`] weighs two keys that no rule links.

mod cluster;
mod directory;
mod link;
mod name;
mod number;
mod propose;
mod words;

pub use cluster::clusters;
pub use directory::{Directory, Proposal};
pub use link::{Because, Decided, Edge, Linked, Refused, Strength, link};
pub use name::CompanyName;
pub use number::Number;
pub use propose::{CLUE_RULES, Clue, ClueKind, Evidence, MAX_SHARED, PROPOSE_AT, Reason, evidence, points};

use super::Document;
use crate::domain::{FactKind, Id};

/// What one party key says about who it is, folded for comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyKey {
    pub id: Id,
    pub number: Option<Number>,
    /// The folded full legal name; `None` for what people merely call it.
    pub legal_name: Option<Box<str>>,
    /// The name as it came, folded, whatever it is.
    pub folded: Box<str>,
    pub names: Vec<CompanyName>,
    /// Where a proposal may start from, sorted.
    pub clues: Vec<Clue>,
}

impl PartyKey {
    pub fn of(party: &Document) -> Option<Self> {
        if party.kind != FactKind::Party {
            return None;
        }
        let text = |field| party.fields.text(field).unwrap_or_default();
        let name = text("name");
        let mut names = name::names(name);
        for short in name::names(text("short_name")) {
            if !names.contains(&short) {
                names.push(short);
            }
        }
        let mut key = Self {
            id: party.id,
            number: Number::read(text("tax_number")),
            legal_name: name::legal_name(name),
            folded: name::fold_legal(name).into(),
            names,
            clues: Vec::new(),
        };
        key.clues = propose::clues(&key, text("phone"), text("email"), text("bank_account"));
        Some(key)
    }

    /// A key of which only what links is known: for [`link`] and [`clusters`], and nothing to weigh.
    pub fn that_links(id: Id, number: Option<&str>, legal_name: Option<&str>) -> Self {
        let number = number.and_then(Number::read);
        let legal_name = legal_name.map(Into::into);
        Self { id, number, legal_name, folded: "".into(), names: Vec::new(), clues: Vec::new() }
    }

    /// The clues by which whoever may be one with it by rule is found. Others may have them too: [`link`] decides.
    pub fn ties(&self) -> impl Iterator<Item = Clue> {
        let name = self.legal_name.as_deref().map(|name| Clue::new(ClueKind::Name, name));
        let number = self.linking_number().map(|number| Clue::new(ClueKind::Taxpayer, number::taxpayer(number)));
        name.into_iter().chain(number)
    }

    /// The number by which it links.
    pub fn linking_number(&self) -> Option<&str> {
        self.number.as_ref().and_then(Number::linking)
    }
}

#[cfg(test)]
mod fixtures {
    use super::*;
    use crate::domain::{FieldMap, Value};
    use crate::ledger::Role;

    pub const TAX_A: &str = "91350100M000100Y43";
    pub const TAX_B: &str = "91440300708461136T";

    /// A party key that is numbered by one byte, with further fields of its document.
    pub fn party(number: u8, name: &str, tax: &str, more: &[(&'static str, &str)]) -> PartyKey {
        let fields = [("name", name), ("tax_number", tax)];
        let fields = fields.iter().chain(more).filter(|(_, value)| !value.is_empty());
        let fields: FieldMap = fields.map(|(name, value)| ((*name).into(), Value::text(*value))).collect();
        let document = Document {
            id: Id([number; 16]),
            kind: FactKind::Party,
            book: "sz".into(),
            numbering: "erp".into(),
            number: number.to_string().into(),
            role: Role::Booked,
            fields,
            lines: Vec::new(),
        };
        PartyKey::of(&document).unwrap()
    }
}
