//! How the ERP shows its documents: flat fields by key, one row per entry line.
//!
//! The tables below are the columns that a query may ask for; a key that is not here is answered with the ERP's own
//! "field does not exist". Spelling and capitals follow the real forms, which differ from form to form.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

/// One value as the ERP answers it. Base data that is not set is null, text that is not set is a single space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Number(Decimal),
    Text(Arc<str>),
}

impl Cell {
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The ERP answers empty text with one space.
    pub fn text_or_blank(text: &str) -> Self {
        if text.is_empty() { Self::text(" ") } else { Self::text(text) }
    }

    pub fn cents(cents: i64) -> Self {
        Self::Number(Decimal::new(cents, 2))
    }

    /// Pieces, written `500.0` as the ERP does.
    pub fn pieces(pieces: i64) -> Self {
        Self::Number(Decimal::new(pieces.saturating_mul(10), 1))
    }

    pub fn day(day: Date) -> Self {
        Self::text(format!("{day}T00:00:00"))
    }

    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Number(value) => out.push_str(&value.to_string()),
            Self::Text(text) => out.push_str(&serde_json::Value::from(&**text).to_string()),
        }
    }
}

/// A document's state at one moment. Lines are shared between versions: most versions change only the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    pub header: Box<[Cell]>,
    pub lines: Arc<[Box<[Cell]>]>,
}

/// One kind of document.
#[derive(Debug)]
pub struct Form {
    pub id: &'static str,
    pub header: &'static [&'static str],
    pub lines: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormId {
    Customer,
    Order,
    Outstock,
    Return,
    Receivable,
    Receipt,
    Bill,
    Match,
    Adjust,
}

impl FormId {
    pub const ALL: [Self; 9] = [
        Self::Customer,
        Self::Order,
        Self::Outstock,
        Self::Return,
        Self::Receivable,
        Self::Receipt,
        Self::Bill,
        Self::Match,
        Self::Adjust,
    ];

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.form().id.eq_ignore_ascii_case(id))
    }

    pub fn index(self) -> usize {
        self as usize
    }

    pub fn form(self) -> &'static Form {
        match self {
            Self::Customer => &CUSTOMER,
            Self::Order => &ORDER,
            Self::Outstock => &OUTSTOCK,
            Self::Return => &RETURN,
            Self::Receivable => &RECEIVABLE,
            Self::Receipt => &RECEIPT,
            Self::Bill => &BILL,
            Self::Match => &MATCH,
            Self::Adjust => &ADJUST,
        }
    }
}

/// The change stamp: every form has it, the query window is on it.
pub const MODIFIED: &str = "FModifyDate";

/// Where a key is found in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Header(usize),
    Line(usize),
}

impl Form {
    pub fn place(&self, key: &str) -> Option<Place> {
        let position = |keys: &[&str]| keys.iter().position(|known| known.eq_ignore_ascii_case(key));
        position(self.header).map(Place::Header).or_else(|| position(self.lines).map(Place::Line))
    }

    /// Header cells in column order; a key that is not given is null.
    pub fn header_row(&self, cells: impl IntoIterator<Item = (&'static str, Cell)>) -> Box<[Cell]> {
        row(self.id, self.header, cells)
    }

    pub fn line_row(&self, cells: impl IntoIterator<Item = (&'static str, Cell)>) -> Box<[Cell]> {
        row(self.id, self.lines, cells)
    }
}

fn row(form: &str, keys: &[&str], cells: impl IntoIterator<Item = (&'static str, Cell)>) -> Box<[Cell]> {
    let mut row = vec![Cell::Null; keys.len()];
    for (key, cell) in cells {
        let position = keys.iter().position(|known| *known == key);
        debug_assert!(position.is_some(), "{form} has no column {key}");
        if let Some(position) = position {
            row[position] = cell;
        }
    }
    row.into()
}

static CUSTOMER: Form = Form {
    id: "BD_Customer",
    header: &[
        "FCUSTID",
        "FNumber",
        "FName",
        "FShortName",
        "FTaxRegisterCode",
        "FRECCONDITIONID.FName",
        "FSELLER.FNumber",
        "FGROUPCUSTID.FNumber",
        "FIsGroup",
        "FForbidStatus",
        MODIFIED,
    ],
    lines: &[],
};

static ORDER: Form = Form {
    id: "SAL_SaleOrder",
    header: &[
        "FID",
        "FBillNo",
        "FDate",
        "FCustId.FNumber",
        "FSalerId.FNumber",
        "FSettleCurrId.FNumber",
        "FRecConditionId.FName",
        "FDocumentStatus",
        "FCancelStatus",
        "FCloseStatus",
        MODIFIED,
    ],
    lines: &[
        "FSaleOrderEntry_FEntryID",
        "FMaterialId.FNumber",
        "FQty",
        "FTaxPrice",
        "FEntryTaxRate",
        "FAmount",
        "FAllAmount",
        "FDeliveryDate",
    ],
};

static OUTSTOCK: Form = Form {
    id: "SAL_OUTSTOCK",
    header: &[
        "FID",
        "FBillNo",
        "FDate",
        "FCustomerID.FNumber",
        "FSalesManID.FNumber",
        "FSettleCurrID.FNumber",
        "FBillTypeID.FNumber",
        "FCarriageNO",
        "FNote",
        "FDocumentStatus",
        "FCancelStatus",
        MODIFIED,
    ],
    lines: &[
        "FEntity_FEntryID",
        "FMaterialID.FNumber",
        "FLot.FNumber",
        "FRealQty",
        "FTaxPrice",
        "FPriceCoefficient",
        "FEntryTaxRate",
        "FAmount",
        "FEntryTaxAmount",
        "FAllAmount",
        "FSoorDerno",
    ],
};

static RETURN: Form = Form {
    id: "SAL_RETURNSTOCK",
    header: &[
        "FID",
        "FBillNo",
        "FDate",
        "FRetcustId.FNumber",
        "FSettleCurrId.FNumber",
        "FSalesManId.FNumber",
        "FReturnReason",
        "FDocumentStatus",
        "FCancelStatus",
        MODIFIED,
    ],
    lines: &["FEntity_FEntryID", "FMaterialId.FNumber", "FRealQty", "FAllAmount", "FOrderNo", "FSrcBillNo"],
};

static RECEIVABLE: Form = Form {
    id: "AR_receivable",
    header: &[
        "FID",
        "FBillNo",
        "FDATE",
        "FENDDATE_H",
        "FCUSTOMERID.FNumber",
        "FCURRENCYID.FNumber",
        "FSALEERID.FNumber",
        "FSetAccountType",
        "FISINIT",
        "FALLAMOUNTFOR",
        "FDocumentStatus",
        "FCancelStatus",
        MODIFIED,
    ],
    lines: &[
        "FEntityDetail_FEntryID",
        "FMATERIALID.FNumber",
        "FPriceQty",
        "FALLAMOUNTFOR_D",
        "FSRCBILLNO",
        "FORDERNUMBER",
    ],
};

static RECEIPT: Form = Form {
    id: "AR_RECEIVEBILL",
    header: &[
        "FID",
        "FBILLNO",
        "FDATE",
        "FCONTACTUNIT.FNumber",
        "FPAYUNIT.FName",
        "FCURRENCYID.FNumber",
        "FREALRECAMOUNTFOR",
        "FSALEERID.FNumber",
        "FDocumentStatus",
        "FCancelStatus",
        MODIFIED,
    ],
    lines: &[
        "FRECEIVEBILLENTRY_FENTRYID",
        "FRECTOTALAMOUNTFOR",
        "FSETTLETYPEID.FNumber",
        "FPURPOSEID.FNumber",
        "FACCOUNTID.FNumber",
        "FTHIRDBILLNO",
        "FCOMMENT",
        "FSaleOrderNo",
        "FContactUnitE.FNumber",
    ],
};

static BILL: Form = Form {
    id: "CN_BILLRECEIVABLE",
    header: &[
        "FID",
        "FBillNumber",
        "FDate",
        "FContactUnit.FNumber",
        "FCurrencyId.FNumber",
        "FAmount",
        "FDueDate",
        "FBillStatus",
        "FStatusDate",
        "FSALEERID.FNumber",
        "FDocumentStatus",
        MODIFIED,
    ],
    lines: &[],
};

static MATCH: Form = Form {
    id: "AR_Match",
    header: &[
        "FID",
        "FDATE",
        "FReceiveBillNo",
        "FReceivableBillNo",
        "FCURRENCYID.FNumber",
        "FMatchAmount",
        "FDocumentStatus",
        MODIFIED,
    ],
    lines: &[],
};

static ADJUST: Form = Form {
    id: "AR_OtherRecAble",
    header: &[
        "FID",
        "FBillNo",
        "FDATE",
        "FCUSTOMERID.FNumber",
        "FCURRENCYID.FNumber",
        "FAMOUNTFOR",
        "FReason",
        "FSRCBILLNO",
        "FDocumentStatus",
        "FCancelStatus",
        MODIFIED,
    ],
    lines: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_starts_with_its_id_and_ends_with_its_change_stamp() {
        for form in FormId::ALL {
            let spec = form.form();
            assert!(spec.header[0].contains("ID"), "{}", spec.id);
            assert_eq!(spec.header.last(), Some(&MODIFIED), "{}", spec.id);
            assert_eq!(FormId::parse(spec.id), Some(form));
        }
    }

    #[test]
    fn numbers_keep_their_text() {
        let mut out = String::new();
        for cell in [Cell::cents(123_450), Cell::pieces(500), Cell::text("a\"b"), Cell::Null, Cell::text_or_blank("")] {
            cell.write_json(&mut out);
            out.push(' ');
        }
        assert_eq!(out, "1234.50 500.0 \"a\\\"b\" null \" \" ");
    }
}
