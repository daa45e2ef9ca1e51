//! Which form and keys each stream asks for: a table, extended by the settings.
//!
//! It knows names only. What a key means is the mapping's business; statuses are not filtered here, because an
//! un-approved (反审核) or voided bill would then vanish instead of arriving with its new state.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::rows::Tree;
use crate::sdk::SettingsError;

/// The change stamp of every form: the window of a pull and the version of a record.
const VERSION_KEY: &str = "FModifyDate";
/// A wide form with all its entry keys has some hundred.
const MAX_KEYS: usize = 500;

/// A stream that is built in.
struct Form {
    name: &'static str,
    doc: &'static str,
    form: &'static str,
    key: &'static str,
    header: &'static str,
    /// Entity name and the keys of its lines; the first is the line's own id.
    entity: Option<(&'static str, &'static str)>,
}

const FORMS: &[Form] = &[
    Form {
        name: "adjust",
        doc: "其他应收单 allowances, rebates, price differences",
        form: "AR_OtherRecAble",
        key: "FID",
        header: "FID FBillNo FDATE FCUSTOMERID.FNumber FCURRENCYID.FNumber FAMOUNTFOR FReason FSRCBILLNO \
                 FDocumentStatus FCancelStatus FModifyDate",
        entity: None,
    },
    Form {
        name: "bill",
        doc: "应收票据 acceptance bills",
        form: "CN_BILLRECEIVABLE",
        key: "FID",
        header: "FID FBillNumber FDate FContactUnit.FNumber FCurrencyId.FNumber FAmount FDueDate FBillStatus \
                 FStatusDate FSALEERID.FNumber FDocumentStatus FModifyDate",
        entity: None,
    },
    Form {
        name: "customer",
        doc: "客户 customers",
        form: "BD_Customer",
        key: "FCUSTID",
        header: "FCUSTID FNumber FName FShortName FTaxRegisterCode FRECCONDITIONID.FName FSELLER.FNumber \
                 FGROUPCUSTID.FNumber FIsGroup FForbidStatus FModifyDate",
        entity: None,
    },
    Form {
        name: "match",
        doc: "应收核销 settlements booked in the ERP",
        form: "AR_Match",
        key: "FID",
        header: "FID FDATE FReceiveBillNo FReceivableBillNo FCURRENCYID.FNumber FMatchAmount FDocumentStatus FModifyDate",
        entity: None,
    },
    Form {
        name: "order",
        doc: "销售订单 sales orders",
        form: "SAL_SaleOrder",
        key: "FID",
        header: "FID FBillNo FDate FCustId.FNumber FSalerId.FNumber FSettleCurrId.FNumber FRecConditionId.FName \
                 FDocumentStatus FCancelStatus FCloseStatus FModifyDate",
        entity: Some((
            "FSaleOrderEntry",
            "FSaleOrderEntry_FEntryID FMaterialId.FNumber FQty FTaxPrice FEntryTaxRate FAmount FAllAmount FDeliveryDate",
        )),
    },
    Form {
        name: "outstock",
        doc: "销售出库单 shipments",
        form: "SAL_OUTSTOCK",
        key: "FID",
        header: "FID FBillNo FDate FCustomerID.FNumber FSalesManID.FNumber FSettleCurrID.FNumber FBillTypeID.FNumber \
                 FCarriageNO FNote FDocumentStatus FCancelStatus FModifyDate",
        entity: Some((
            "FEntity",
            "FEntity_FEntryID FMaterialID.FNumber FLot.FNumber FRealQty FTaxPrice FPriceCoefficient FEntryTaxRate \
             FAmount FEntryTaxAmount FAllAmount FSoorDerno",
        )),
    },
    Form {
        name: "receipt",
        doc: "收款单 money received",
        form: "AR_RECEIVEBILL",
        key: "FID",
        header: "FID FBILLNO FDATE FCONTACTUNIT.FNumber FPAYUNIT.FName FCURRENCYID.FNumber FREALRECAMOUNTFOR \
                 FSALEERID.FNumber FDocumentStatus FCancelStatus FModifyDate",
        entity: Some((
            "FRECEIVEBILLENTRY",
            "FRECEIVEBILLENTRY_FENTRYID FRECTOTALAMOUNTFOR FSETTLETYPEID.FNumber FPURPOSEID.FNumber \
             FACCOUNTID.FNumber FTHIRDBILLNO FCOMMENT FSaleOrderNo FContactUnitE.FNumber",
        )),
    },
    Form {
        name: "receivable",
        doc: "应收单 receivables: the claims",
        form: "AR_receivable",
        key: "FID",
        header: "FID FBillNo FDATE FENDDATE_H FCUSTOMERID.FNumber FCURRENCYID.FNumber FSALEERID.FNumber \
                 FSetAccountType FISINIT FALLAMOUNTFOR FDocumentStatus FCancelStatus FModifyDate",
        entity: Some((
            "FEntityDetail",
            "FEntityDetail_FEntryID FMATERIALID.FNumber FPriceQty FALLAMOUNTFOR_D FSRCBILLNO FORDERNUMBER",
        )),
    },
    Form {
        name: "return",
        doc: "销售退货单 goods returned",
        form: "SAL_RETURNSTOCK",
        key: "FID",
        header: "FID FBillNo FDate FRetcustId.FNumber FSettleCurrId.FNumber FSalesManId.FNumber FReturnReason \
                 FDocumentStatus FCancelStatus FModifyDate",
        entity: Some(("FEntity", "FEntity_FEntryID FMaterialId.FNumber FRealQty FAllAmount FOrderNo FSrcBillNo")),
    },
];

/// What the settings may say about one stream: more keys of a built-in one, or all of a new one.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamSettings {
    /// FormId; needed for a new stream, replaces the built-in one otherwise.
    form: Option<String>,
    /// Key of the record, `FID` unless said.
    key: Option<String>,
    /// All header keys; replaces the built-in ones.
    header: Option<Vec<String>>,
    /// More header keys, such as a tenant's own `F_ABCD_Text`.
    #[serde(default)]
    extra: Vec<String>,
    /// Entity that holds the lines.
    entity: Option<String>,
    /// All line keys, the line's own id first; replaces the built-in ones.
    lines: Option<Vec<String>>,
    /// More line keys.
    #[serde(default)]
    extra_lines: Vec<String>,
    /// Another condition, such as `FSaleOrgId.FNumber='100'` when companies share an account set.
    pub(super) filter: Option<String>,
}

/// A stream ready to be asked for.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) form: String,
    pub(super) filter: Option<String>,
    /// All asked keys, in the order of a row's cells.
    pub(super) keys: Vec<String>,
    pub(super) key_column: usize,
    pub(super) version_column: usize,
    pub(super) header: Tree,
    pub(super) entity: Option<Entity>,
}

/// The lines of a document.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) name: String,
    /// Cell with the line's own id; null when the document has no lines.
    pub(super) id_column: usize,
    pub(super) line: Tree,
}

impl Stream {
    pub(super) fn key_name(&self) -> &str {
        &self.keys[self.key_column]
    }
}

/// The built-in streams, changed and extended as the settings say, by name.
pub(super) fn streams(settings: &BTreeMap<String, Spanned<StreamSettings>>) -> Result<Vec<Stream>, SettingsError> {
    let mut result = Vec::new();
    for form in FORMS.iter().filter(|form| !settings.contains_key(form.name)) {
        result.push(built_in(form, StreamSettings::default()).map_err(SettingsError::new)?);
    }
    for (name, one) in settings {
        let changed = one.get_ref().clone();
        let stream = match FORMS.iter().find(|form| form.name == name) {
            Some(form) => built_in(form, changed),
            None => new_stream(name, changed),
        };
        result.push(stream.map_err(|reason| SettingsError::at(one, format!("stream `{name}`: {reason}")))?);
    }
    result.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(result)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn built_in(form: &Form, changed: StreamSettings) -> Result<Stream, String> {
    let lines = changed.lines.or_else(|| form.entity.map(|(_, lines)| words(lines))).unwrap_or_default();
    assemble(Parts {
        name: form.name,
        doc: form.doc,
        form: changed.form.unwrap_or_else(|| form.form.to_owned()),
        key: changed.key.unwrap_or_else(|| form.key.to_owned()),
        header: [changed.header.unwrap_or_else(|| words(form.header)), changed.extra].concat(),
        entity: changed.entity.or_else(|| form.entity.map(|(entity, _)| entity.to_owned())),
        lines: [lines, changed.extra_lines].concat(),
        filter: changed.filter,
    })
}

fn new_stream(name: &str, settings: StreamSettings) -> Result<Stream, String> {
    assemble(Parts {
        name,
        doc: "a form named in the settings",
        form: settings.form.ok_or("a new stream needs `form`")?,
        key: settings.key.unwrap_or_else(|| "FID".to_owned()),
        header: [settings.header.ok_or("a new stream needs `header`")?, settings.extra].concat(),
        entity: settings.entity,
        lines: [settings.lines.unwrap_or_default(), settings.extra_lines].concat(),
        filter: settings.filter,
    })
}

struct Parts<'a> {
    name: &'a str,
    doc: &'a str,
    form: String,
    key: String,
    header: Vec<String>,
    entity: Option<String>,
    lines: Vec<String>,
    filter: Option<String>,
}

fn assemble(parts: Parts<'_>) -> Result<Stream, String> {
    let Parts { name, doc, form, key, header: header_keys, entity, lines, filter } = parts;
    let find = |wanted: &str| {
        let place = header_keys.iter().position(|key| key.eq_ignore_ascii_case(wanted));
        place.ok_or_else(|| format!("the header keys lack `{wanted}`"))
    };
    let (key_column, version_column) = (find(&key)?, find(VERSION_KEY)?);
    let mut header = Tree::default();
    for (column, key) in header_keys.iter().enumerate() {
        header.insert(key, column)?;
    }
    let entity = match (entity, lines.is_empty()) {
        (None, true) => None,
        (Some(entity), false) => Some(line_layout(entity, &lines, header_keys.len())?),
        _ => return Err("`entity` and `lines` belong together".to_owned()),
    };
    if let Some(entity) = &entity {
        header.reserve(&entity.name)?;
    }
    let keys = [header_keys, lines].concat();
    if keys.len() > MAX_KEYS {
        return Err(format!("more than {MAX_KEYS} keys"));
    }
    Ok(Stream {
        name: name.to_owned(),
        doc: doc.to_owned(),
        form,
        filter,
        keys,
        key_column,
        version_column,
        header,
        entity,
    })
}

/// The queried key `FEntity_FEntryID` stands in the line as `FEntryID`.
fn line_layout(name: String, lines: &[String], first_column: usize) -> Result<Entity, String> {
    let prefix = format!("{name}_");
    let mut line = Tree::default();
    for (index, key) in lines.iter().enumerate() {
        line.insert(key.strip_prefix(&prefix).unwrap_or(key), first_column + index)?;
    }
    Ok(Entity { name, id_column: first_column, line })
}
