//! Rules and reasons of identity in the words of the people who decide.

use crate::ledger::Document;
use crate::ledger::identity::{Because, Edge, Evidence, Reason, Strength, points};

pub const fn strength(strength: Strength) -> (&'static str, &'static str) {
    match strength {
        Strength::Decision => ("decision", "人工决定 a decision"),
        Strength::CreditCode => ("credit_code", "统一社会信用代码相同 same credit code"),
        Strength::TaxNumber => ("tax_number", "税号相同 same tax number"),
        Strength::LegalName => ("legal_name", "全称相同 same full legal name"),
    }
}

pub const fn because(because: Because) -> (&'static str, &'static str) {
    match because {
        Because::Split(_) => ("split", "有决定分开 a decision keeps them apart"),
        Because::NumbersDiffer => ("numbers_differ", "税号不同 their numbers differ"),
        Because::NameOfSeveral => ("name_of_several", "此名称有多个税号 keys of this name carry different numbers"),
    }
}

pub const fn reason(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::SameName => ("same_name", "全称相同 same full name"),
        Reason::BranchOf => ("branch_of", "分公司 branch of the other"),
        Reason::SameBrand => ("same_brand", "字号相同 same own name"),
        Reason::SamePlace => ("same_place", "地名相同 same place"),
        Reason::PlaceOpen => ("place_open", "一方无地名 one names no place"),
        Reason::SameTrade => ("same_trade", "行业相同 same trade"),
        Reason::TradeOpen => ("trade_open", "一方无行业 one names no trade"),
        Reason::SameNumber => ("same_number", "号码相同 same number"),
        Reason::SameMiskeyedNumber => ("same_miskeyed_number", "同一错号 same mistyped number"),
        Reason::SameTaxpayer => ("same_taxpayer", "信用代码含对方税号 credit code contains the tax number"),
        Reason::SameAccount => ("same_account", "银行账号相同 same bank account"),
        Reason::SamePhone => ("same_phone", "电话相同 same telephone"),
        Reason::SameEmail => ("same_email", "邮箱相同 same e-mail"),
        Reason::NumbersDiffer => ("numbers_differ", "税号不同 numbers differ"),
    }
}

/// `字号相同 same own name 20 + 地名相同 same place 15`: what a person can add up.
pub fn sum(evidence: &Evidence) -> String {
    let mut text = String::new();
    for found in &evidence.reasons {
        let points = points(*found);
        text.push_str(match (text.is_empty(), points < 0) {
            (true, _) => "",
            (false, true) => " − ",
            (false, false) => " + ",
        });
        text.push_str(&format!("{} {}", reason(*found).1, points.abs()));
    }
    text
}

/// The value by which a rule links, as it stands at this key.
pub fn value<'a>(edge: &Edge, party: &'a Document) -> &'a str {
    let field = match edge.strength {
        Strength::Decision => return "",
        Strength::CreditCode | Strength::TaxNumber => "tax_number",
        Strength::LegalName => "name",
    };
    party.fields.text(field).unwrap_or_default()
}
