//! FACTS: every kind with its fields. The one table that mappings, ledger, store and documentation read.
//!
//! Amounts are gross (价税合计) unless the name says `net` or `tax`, in the document's `currency`, never negative: the
//! kind gives the sign (a red invoice is `nature = red`, goods coming back are a `return`).

use super::FactKind;

/// Part of every mapping version: a changed table re-opens the question whether stored facts are current.
pub const SCHEMA_VERSION: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    Text,
    Decimal,
    Amount,
    Currency,
    Date,
    Instant,
    Bool,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// The number of another document or party; its id is computed when the fact is assembled.
    Ref(FactKind),
}

#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    pub name: &'static str,
    pub field_type: FieldType,
    /// A record whose mapping yields no value for this field is quarantined.
    pub required: bool,
    pub doc: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub struct FactSpec {
    pub kind: FactKind,
    /// The field that holds the natural key.
    pub key: &'static str,
    pub fields: &'static [FieldSpec],
    /// Empty for kinds without lines. The first line field is the line's key.
    pub lines: &'static [FieldSpec],
    pub doc: &'static str,
}

impl FactSpec {
    pub fn field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub fn line_field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.lines.iter().find(|field| field.name == name)
    }
}

pub fn spec(kind: FactKind) -> &'static FactSpec {
    FACTS.iter().find(|spec| spec.kind == kind).unwrap_or(&FACTS[0])
}

const fn must(name: &'static str, field_type: FieldType, doc: &'static str) -> FieldSpec {
    FieldSpec { name, field_type, required: true, doc }
}

const fn may(name: &'static str, field_type: FieldType, doc: &'static str) -> FieldSpec {
    FieldSpec { name, field_type, required: false, doc }
}

use FieldType::{Amount, Bool, Currency, Date, Decimal, Enum, Instant, Ref, Text};

/// `draft` is kept and posts nothing; `void` withdraws; the third word says that it counts.
const SHIPMENT_STATUS: &[&str] = &["draft", "shipped", "void"];
const DOCUMENT_STATUS: &[&str] = &["draft", "active", "closed", "void"];

const MONEY_CLASS: &[&str] = &["customer", "own_transfer", "interest", "refund", "other"];

/// What people decide. `confirm` and `reject` answer a proposed allocation; `revoke` takes an earlier decision back.
const DECISIONS: &[&str] = &[
    "confirm",
    "reject",
    "snooze",
    "dispute",
    "promise",
    "hand_over",
    "identify",
    "allocate",
    "unallocate",
    "classify",
    "pair",
    "unpair",
    "link",
    "split",
    "rate",
    "close",
    "revoke",
];

const PRODUCT_LINE: &[FieldSpec] = &[
    must("line_no", Text, "the source's own line key"),
    may("part_no", Text, "manufacturer's part number (型号)"),
    may("brand", Text, "brand"),
    may("quantity", Decimal, "pieces"),
    may("unit_price", Decimal, "gross price a piece, `per` already divided out"),
    may("tax_rate", Decimal, "0.13 for 13 %"),
    may("net", Amount, "without tax"),
    may("tax", Amount, "tax"),
    may("gross", Amount, "with tax (价税合计)"),
    may("promised_on", Date, "promised delivery date"),
    may("note", Text, "free text"),
];

pub const FACTS: &[FactSpec] = &[
    FactSpec {
        kind: FactKind::Party,
        key: "code",
        lines: &[],
        doc: "a customer as one system codes it (party key)",
        fields: &[
            must("code", Text, "the system's code"),
            must("name", Text, "full legal name"),
            may("short_name", Text, "what people call it"),
            may("tax_number", Text, "统一社会信用代码 or tax number"),
            may("terms", Text, "payment terms by short name (月结30, net 30, 预付 …)"),
            may("salesperson", Text, "owner's code in this system"),
            may("credit_limit", Amount, "what it may owe, in the book's currency"),
            may("group", Text, "集团: name or code, in this system, of the group whose members share `group_limit`"),
            may("group_limit", Amount, "what all members of the group together may owe, in the book's currency"),
            may("status", Enum(&["active", "blocked", "void"]), "blocked: no new orders"),
            may("phone", Text, "proposes an identity, never links"),
            may("email", Text, "proposes an identity, never links"),
            may("bank_account", Text, "the account it pays from: proposes an identity, never links"),
        ],
    },
    FactSpec {
        kind: FactKind::Contact,
        key: "contact_id",
        lines: &[],
        doc: "a person at a customer, as the chat knows him or her",
        fields: &[
            must("contact_id", Text, "external user id"),
            may("name", Text, "as the salesperson sees it"),
            may("customer", Ref(FactKind::Party), "party key, when a remark or tag carries the code"),
            may("owner", Text, "chat user id of the salesperson who follows"),
            may("phone", Text, "remark mobile"),
            may("status", Enum(&["active", "void"]), "void: no longer a contact"),
        ],
    },
    FactSpec {
        kind: FactKind::Lead,
        key: "lead_no",
        lines: &[],
        doc: "somebody who might buy",
        fields: &[
            must("lead_no", Text, "number"),
            may("name", Text, "person or company"),
            may("salesperson", Text, "owner"),
            may("status", Text, "the CRM's own word"),
            may("created_on", Date, "first seen"),
        ],
    },
    FactSpec {
        kind: FactKind::Deal,
        key: "deal_no",
        lines: &[],
        doc: "an opportunity and its stage",
        fields: &[
            must("deal_no", Text, "number"),
            may("lead_no", Ref(FactKind::Lead), "where it came from"),
            may("customer", Ref(FactKind::Party), "party key"),
            may("name", Text, "title"),
            may("stage", Text, "the CRM's own word"),
            may("currency", Currency, "of the amount"),
            may("amount", Amount, "expected"),
            may("salesperson", Text, "owner"),
            may("closing_on", Date, "expected"),
        ],
    },
    FactSpec {
        kind: FactKind::Quote,
        key: "quote_no",
        lines: PRODUCT_LINE,
        doc: "an offer, one version",
        fields: &[
            must("quote_no", Text, "number"),
            may("deal_no", Ref(FactKind::Deal), "its deal"),
            may("customer", Ref(FactKind::Party), "party key"),
            may("currency", Currency, "of the amounts"),
            may("quoted_on", Date, "date"),
            may("valid_until", Date, "last day"),
            may("status", Enum(DOCUMENT_STATUS), "state"),
            may("salesperson", Text, "owner"),
        ],
    },
    FactSpec {
        kind: FactKind::Contract,
        key: "contract_no",
        lines: &[],
        doc: "what was signed",
        fields: &[
            must("contract_no", Text, "number"),
            may("quote_no", Ref(FactKind::Quote), "its quote"),
            may("customer", Ref(FactKind::Party), "party key"),
            may("currency", Currency, "of the amount"),
            may("amount", Amount, "total"),
            may("signed_on", Date, "date"),
            may("terms", Text, "payment terms by short name"),
            may("status", Enum(DOCUMENT_STATUS), "state"),
        ],
    },
    FactSpec {
        kind: FactKind::Order,
        key: "order_no",
        lines: PRODUCT_LINE,
        doc: "a sales order",
        fields: &[
            must("order_no", Text, "number"),
            must("customer", Ref(FactKind::Party), "party key"),
            must("currency", Currency, "of the amounts"),
            must("ordered_on", Date, "date"),
            must("status", Enum(DOCUMENT_STATUS), "state"),
            may("contract_no", Ref(FactKind::Contract), "its contract"),
            may("quote_no", Ref(FactKind::Quote), "its quote"),
            may("customer_order_no", Text, "the customer's own number of it (客户订单号)"),
            may("salesperson", Text, "owner's code in this system"),
            may("terms", Text, "overrides the customer's terms"),
            may("gross", Amount, "total with tax; else the sum of the lines"),
        ],
    },
    FactSpec {
        kind: FactKind::Shipment,
        key: "shipment_no",
        doc: "goods that left for a customer",
        fields: &[
            must("shipment_no", Text, "number"),
            must("customer", Ref(FactKind::Party), "party key"),
            must("currency", Currency, "of the amounts"),
            must("shipped_on", Date, "the day the goods left: the effective date"),
            must("status", Enum(SHIPMENT_STATUS), "state"),
            must(
                "nature",
                Enum(&["sale", "free", "sample", "loan", "consignment", "exchange", "intercompany"]),
                "only `sale` posts",
            ),
            may("signed_on", Date, "the day the customer signed; else the logistics events of its waybills tell"),
            may("waybill", Text, "carrier's number; several may stand in one field"),
            may("salesperson", Text, "owner's code in this system"),
        ],
        lines: &[
            must("line_no", Text, "the source's own line key"),
            may("order_no", Ref(FactKind::Order), "the order it fulfils"),
            may(
                "customer_order_no",
                Text,
                "the customer's own order number, where the line has another than its order",
            ),
            may("part_no", Text, "part number"),
            may("brand", Text, "brand"),
            may("lot", Text, "lot"),
            may("date_code", Text, "date code"),
            must("quantity", Decimal, "pieces, greater than zero: goods coming back are a return"),
            may("unit_price", Decimal, "gross price a piece"),
            may("tax_rate", Decimal, "0.13 for 13 %"),
            may("net", Amount, "without tax"),
            may("tax", Amount, "tax"),
            must("gross", Amount, "with tax, from the source, never recomputed"),
        ],
    },
    FactSpec {
        kind: FactKind::Logistics,
        key: "event_id",
        lines: &[],
        doc: "what happened to a waybill",
        fields: &[
            must("event_id", Text, "carrier's event id"),
            must("waybill", Text, "carrier's number"),
            must("happened_at", Instant, "when"),
            must("event", Enum(&["collected", "transit", "delivering", "signed", "refused", "problem"]), "what"),
            may("note", Text, "carrier's words"),
        ],
    },
    FactSpec {
        kind: FactKind::Statement,
        key: "statement_no",
        doc: "a 对账单 sent to a customer",
        fields: &[
            must("statement_no", Text, "number"),
            must("customer", Ref(FactKind::Party), "party key"),
            must("currency", Currency, "of the amounts"),
            may("from", Date, "first day"),
            may("to", Date, "last day"),
            must("status", Enum(&["draft", "sent", "confirmed", "disputed", "void"]), "state"),
            may("opening", Amount, "owed before the first day"),
            may("closing", Amount, "owed after the last day"),
            may("sent_on", Date, "when it was sent"),
            may("confirmed_on", Date, "when the customer agreed"),
            may("said_by", Text, "who sent, confirmed or disputed it last"),
            may("said_on", Date, "when"),
            may("note", Text, "what was said about it"),
        ],
        lines: &[
            must("line_no", Text, "line key"),
            may("shipment_no", Ref(FactKind::Shipment), "what it lists"),
            may("return_no", Ref(FactKind::Return), "what it lists"),
            may("adjustment_no", Ref(FactKind::Adjustment), "what it lists: 扣款"),
            may("gross", Amount, "what it adds to the balance"),
            may("disputed", Bool, "held from dunning"),
            may("confirmed_on", Date, "when a dispute about it was settled"),
        ],
    },
    FactSpec {
        kind: FactKind::Invoice,
        key: "invoice_no",
        doc: "a claim on the customer: the ERP's 应收单, or the tax invoice where there is no such feed",
        fields: &[
            must("invoice_no", Text, "number"),
            must("customer", Ref(FactKind::Party), "party key"),
            must("currency", Currency, "of the amounts"),
            must("invoiced_on", Date, "date"),
            must("status", Enum(DOCUMENT_STATUS), "state"),
            may(
                "nature",
                Enum(&["blue", "red", "opening"]),
                "blue unless told; red reduces; opening is a position at cutover",
            ),
            may("due_on", Date, "the ERP's own due date"),
            may("received_on", Date, "the day the customer got it (收票): terms such as 票到30天 count from it"),
            may("salesperson", Text, "owner's code in this system"),
            may("reverses", Ref(FactKind::Invoice), "the blue invoice that a red one reduces"),
            may("tax_invoice_no", Text, "发票号码: a strong key for pairing the claim with its tax invoice"),
            may("gross", Amount, "total with tax; else the sum of the lines"),
        ],
        lines: &[
            must("line_no", Text, "line key"),
            may("shipment_no", Ref(FactKind::Shipment), "the shipment it bills"),
            may("order_no", Ref(FactKind::Order), "the order it bills"),
            may("part_no", Text, "part number"),
            may("quantity", Decimal, "pieces"),
            may("net", Amount, "without tax"),
            may("tax", Amount, "tax"),
            must("gross", Amount, "with tax"),
        ],
    },
    FactSpec {
        kind: FactKind::Payment,
        key: "payment_no",
        doc: "money that came in (or went back), as finance booked it or as the bank saw it",
        fields: &[
            must("payment_no", Text, "number"),
            must("currency", Currency, "of the amounts"),
            must("paid_on", Date, "value date"),
            must("gross", Amount, "what was received"),
            must("status", Enum(DOCUMENT_STATUS), "state"),
            may(
                "nature",
                Enum(&["receipt", "opening"]),
                "receipt unless told; opening is a customer's money at cutover (期初预收、余款)",
            ),
            may("direction", Enum(&["in", "out"]), "`in` unless told; `out` is a refund paid"),
            may("customer", Ref(FactKind::Party), "party key, when the source knows whose money it is"),
            may("payer", Text, "name of the paying account"),
            may("payer_account", Text, "number of the paying account"),
            may("account", Text, "our own account"),
            may("bank_ref", Text, "the bank's own serial number: a strong key for pairing"),
            may("text", Text, "remittance text"),
            may("fee", Amount, "bank charge that the payer's bank took from the amount"),
            may("method", Enum(&["transfer", "cash", "bill", "offset"]), "how"),
            may("purpose", Enum(&["receivable", "deposit", "other"]), "`deposit`: 预收 for an order"),
            may("class", Enum(MONEY_CLASS), "only `customer` money is a receipt"),
            may("order_no", Ref(FactKind::Order), "the order a deposit is for"),
            may("salesperson", Text, "owner's code in this system"),
        ],
        lines: &[
            must("line_no", Text, "line key"),
            may("customer", Ref(FactKind::Party), "one payment for several customers: whose share"),
            may("invoice_no", Ref(FactKind::Invoice), "what finance booked it against"),
            may("order_no", Ref(FactKind::Order), "the order it names"),
            must("gross", Amount, "share"),
        ],
    },
    FactSpec {
        kind: FactKind::Bill,
        key: "bill_no",
        lines: &[],
        doc: "an acceptance bill (银承, 商承): number and sub-range",
        fields: &[
            must("bill_no", Text, "number and sub-range"),
            must("customer", Ref(FactKind::Party), "who gave it"),
            must("currency", Currency, "of the amount"),
            must("gross", Amount, "face value"),
            must("received_on", Date, "date"),
            may("matures_on", Date, "date"),
            must(
                "status",
                Enum(&["draft", "held", "matured", "discounted", "endorsed", "dishonoured", "void"]),
                "state",
            ),
            may("status_on", Date, "when the state was reached"),
            may("endorsed_on", Date, "passed on to a supplier (背书)"),
            may("discounted_on", Date, "sold to the bank (贴现)"),
            may("matured_on", Date, "its money came (到期收款)"),
            may("dishonoured_on", Date, "refused (拒付); after endorsement or discount too (追索)"),
            may("interest", Amount, "discount interest"),
            may("invoice_no", Ref(FactKind::Invoice), "what it pays"),
            may("salesperson", Text, "owner"),
        ],
    },
    FactSpec {
        kind: FactKind::Return,
        key: "return_no",
        doc: "goods that came back",
        fields: &[
            must("return_no", Text, "number"),
            must("customer", Ref(FactKind::Party), "party key"),
            must("currency", Currency, "of the amounts"),
            must("returned_on", Date, "date"),
            must("status", Enum(DOCUMENT_STATUS), "state"),
            may(
                "disposition",
                Enum(&["refund", "exchange", "repair", "reject"]),
                "only `refund` posts; refund unless told",
            ),
            may("cause", Text, "why"),
            may("salesperson", Text, "owner"),
        ],
        lines: &[
            must("line_no", Text, "line key"),
            may("shipment_no", Ref(FactKind::Shipment), "the shipment it takes back"),
            may("order_no", Ref(FactKind::Order), "the order"),
            may("part_no", Text, "part number"),
            may("lot", Text, "lot"),
            must("quantity", Decimal, "pieces"),
            must("gross", Amount, "with tax"),
        ],
    },
    FactSpec {
        kind: FactKind::Adjustment,
        key: "adjustment_no",
        lines: &[],
        doc: "an allowance, rebate or price difference that reduces what is owed (折让, 返利)",
        fields: &[
            must("adjustment_no", Text, "number"),
            must("customer", Ref(FactKind::Party), "party key"),
            must("currency", Currency, "of the amount"),
            must("adjusted_on", Date, "date"),
            must("gross", Amount, "how much less is owed"),
            must("reason", Enum(&["allowance", "rebate", "price_difference", "rounding", "write_off"]), "why"),
            must("status", Enum(DOCUMENT_STATUS), "state"),
            may("shipment_no", Ref(FactKind::Shipment), "the shipment it concerns"),
            may("invoice_no", Ref(FactKind::Invoice), "the invoice it concerns"),
        ],
    },
    FactSpec {
        kind: FactKind::Settlement,
        key: "settlement_no",
        lines: &[],
        doc: "a match that was booked in the ERP (核销)",
        fields: &[
            must("settlement_no", Text, "number"),
            must("currency", Currency, "of the amount"),
            must("settled_on", Date, "date"),
            must("payment_no", Ref(FactKind::Payment), "the money"),
            must("invoice_no", Ref(FactKind::Invoice), "the claim"),
            must("gross", Amount, "how much"),
            must("status", Enum(DOCUMENT_STATUS), "state"),
        ],
    },
    FactSpec {
        kind: FactKind::Message,
        key: "message_id",
        lines: &[],
        doc: "one chat message",
        fields: &[
            must("message_id", Text, "the chat system's id"),
            must("sent_at", Instant, "when"),
            must("sender", Text, "chat user id, ours or external"),
            may("room", Text, "group, empty for one to one"),
            may("recipients", Text, "comma-separated user ids"),
            may("contact", Ref(FactKind::Contact), "the outside person in it"),
            may("text", Text, "what was said"),
            may("message_type", Text, "text, image, file …"),
            may("order_no", Ref(FactKind::Order), "the first order number that the text names"),
            may("status", Enum(&["active", "void"]), "void: recalled"),
        ],
    },
    FactSpec {
        kind: FactKind::Decision,
        key: "decision_id",
        lines: &[],
        doc: "what a person decided (button, web page, command); pinned, the machine works around it",
        fields: &[
            must("decision_id", Text, "idempotency key"),
            must("decided_at", Instant, "when"),
            must("decided_by", Text, "who"),
            must("action", Enum(DECISIONS), "what"),
            may("customer", Ref(FactKind::Party), "about whom"),
            may("other_customer", Ref(FactKind::Party), "link, split: the second party key"),
            may("payment_no", Ref(FactKind::Payment), "about which money"),
            may("evidence_no", Ref(FactKind::Payment), "pair, unpair: the bank line that is, or is not, that money"),
            may("bill_no", Ref(FactKind::Bill), "about which acceptance bill"),
            may("invoice_no", Ref(FactKind::Invoice), "about which claim"),
            may("shipment_no", Ref(FactKind::Shipment), "about which goods that are not billed"),
            may("order_no", Ref(FactKind::Order), "about which order"),
            may("statement_no", Ref(FactKind::Statement), "about which statement"),
            may("payer", Text, "identify: from now on money of this payer is this customer's"),
            may("class", Enum(MONEY_CLASS), "classify: what the money is"),
            may("currency", Currency, "of the amount"),
            may("gross", Amount, "how much"),
            may("to_currency", Currency, "rate: the currency of the claim"),
            may("to_gross", Amount, "rate: what the amount settles there"),
            may("until", Date, "snooze, promise, close: the last day"),
            may(
                "revokes",
                Ref(FactKind::Decision),
                "revoke: the decision that is taken back; it names the same documents",
            ),
            may("note", Text, "why"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_and_its_key_is_a_required_text() {
        assert_eq!(FACTS.len(), FactKind::ALL.len());
        for kind in FactKind::ALL {
            let row = spec(*kind);
            assert_eq!(row.kind, *kind);
            let key = row.field(row.key).expect("the key is a field");
            assert!(key.required && key.field_type == Text, "{kind}");
            assert!(row.lines.is_empty() || row.lines[0].required, "{kind}: the first line field is the line's key");
        }
    }
}
