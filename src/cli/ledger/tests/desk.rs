//! One order of one customer, from ERP, bank and chat, on a clock that stands still.

use std::sync::Arc;

use bihuan_connectors::sdk::{CELL_SEPARATOR, PayloadShape, RecordBatchBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{Fact, FactKind};
use crate::mapping::{MapContext, Mapped, Mapping, Numbering, builtin};
use crate::store::tests::company::{BOOK, open, settle};
use crate::store::tests::database::databases;
use crate::store::{ApplyBatch, Counts, Outcome, Store, StreamId};
use crate::sync::native;

pub const CUSTOMER: &str = r#"{"FCUSTID":7,"FNumber":"CUST0007","FName":"深圳市远航电子有限公司","FShortName":"远航","FTaxRegisterCode":"91440300ma5fabcd0x","FRECCONDITIONID":{"FName":"月结30天"},"FSELLER":{"FNumber":"S001"},"FForbidStatus":"A"}"#;
pub const ORDER: &str = r#"{"FID":1,"FBillNo":"SO26010001","FDate":"2026-01-05T00:00:00","FCustId":{"FNumber":"CUST0007"},"FSalerId":{"FNumber":"S001"},"FSettleCurrId":{"FNumber":"PRE001"},"FRecConditionId":{"FName":"月结30天"},"FDocumentStatus":"C","FCancelStatus":"A","FCloseStatus":"A","FSaleOrderEntry":[{"FEntryID":11,"FMaterialId":{"FNumber":"STM32F103"},"FQty":800.0,"FTaxPrice":8.2,"FEntryTaxRate":13.0,"FAmount":5805.31,"FAllAmount":6560.0,"FDeliveryDate":"2026-02-05T00:00:00"}]}"#;
/// `@WAYBILL@` and `@STATUS@` are filled in.
const SHIPMENT: &str = r#"{"FID":100123,"FBillNo":"XSCKD000123","FDate":"2026-01-06T00:00:00","FCustomerID":{"FNumber":"CUST0007"},"FSalesManID":{"FNumber":"S001"},"FSettleCurrID":{"FNumber":"PRE001"},"FBillTypeID":{"FNumber":"XSCKD01_SYS"},"FCarriageNO":"@WAYBILL@","FNote":" ","FDocumentStatus":"@STATUS@","FCancelStatus":"A","FEntity":[{"FEntryID":200456,"FMaterialID":{"FNumber":"STM32F103"},"FLot":{"FNumber":"L2601"},"FRealQty":500.0,"FTaxPrice":820.0,"FPriceCoefficient":100.0,"FEntryTaxRate":13.0,"FAmount":3628.32,"FEntryTaxAmount":471.68,"FAllAmount":4100.0,"FSoorDerno":"SO26010001"}]}"#;
pub const RECEIVABLE: &str = r#"{"FID":1,"FBillNo":"AR00000001","FDATE":"2026-01-07T00:00:00","FENDDATE_H":"2026-02-06T00:00:00","FCUSTOMERID":{"FNumber":"CUST0007"},"FCURRENCYID":{"FNumber":"PRE001"},"FSALEERID":{"FNumber":"S001"},"FSetAccountType":"3","FISINIT":false,"FALLAMOUNTFOR":4100.0,"FDocumentStatus":"C","FCancelStatus":"A","FEntityDetail":[{"FEntryID":41,"FMATERIALID":{"FNumber":"STM32F103"},"FPriceQty":500.0,"FALLAMOUNTFOR_D":4100.0,"FSRCBILLNO":"XSCKD000123","FORDERNUMBER":"SO26010001"}]}"#;
pub const RECEIPT: &str = r#"{"FID":1,"FBILLNO":"SKD000001","FDATE":"2026-02-04T00:00:00","FCONTACTUNIT":{"FNumber":"CUST0007"},"FPAYUNIT":{"FName":"深圳市远航电子有限公司"},"FCURRENCYID":{"FNumber":"PRE001"},"FREALRECAMOUNTFOR":3000.0,"FSALEERID":{"FNumber":"S001"},"FDocumentStatus":"C","FCancelStatus":"A","FRECEIVEBILLENTRY":[{"FENTRYID":51,"FRECTOTALAMOUNTFOR":3000.0,"FSETTLETYPEID":{"FNumber":"JSFS04_SYS"},"FPURPOSEID":{"FNumber":"SFKYT01_SYS"},"FACCOUNTID":{"FNumber":"755900001"},"FTHIRDBILLNO":"C20260204000001","FCOMMENT":"货款 AR00000001","FSaleOrderNo":" ","FContactUnitE":{"FNumber":"CUST0007"}}]}"#;
/// 交易日期, 贷方(入账), 摘要, 收(付)方名称, 流水号
pub const BANK_LINE: [&str; 9] = [
    "20260204",
    "",
    "3,000.00",
    "5,012,300.00",
    "货款 AR00000001",
    "深圳市远航电子有限公司",
    "755912345610901",
    "转账汇款",
    "C20260204000001",
];
const BANK_COLUMNS: [&str; 9] =
    ["交易日期", "借方(出账)", "贷方(入账)", "余额", "摘要", "收(付)方名称", "收(付)方账号", "交易类型", "流水号"];
pub const MESSAGE: &str = r#"{"seq":1,"msgid":"M1","action":"send","from":"wmAAAA","tolist":["zhangsan"],"roomid":"","msgtime":1767571200000,"msgtype":"text","text":{"content":"SO26010001 发货了吗"}}"#;

pub fn shipment(waybill: &str, status: &str) -> String {
    SHIPMENT.replace("@WAYBILL@", waybill).replace("@STATUS@", status)
}

/// Where records come in.
pub struct Desk {
    pub store: Store,
    seconds: std::sync::atomic::AtomicI64,
}

/// An empty desk on every engine at hand, with the database that lives as long.
pub async fn desks() -> Vec<(Desk, crate::store::tests::database::TestDatabase)> {
    let mut desks = Vec::new();
    for database in databases().await {
        desks.push((Desk { store: open(&database).await, seconds: 0.into() }, database));
    }
    desks
}

impl Desk {
    /// One record of `stream` through the built-in mapping of that path; each is observed a second after the one before.
    pub async fn take(&self, source: &str, mapping: &str, key: &str, version: Option<&str>, payload: &str) {
        self.page(source, mapping, PayloadShape::Json, key, version, payload).await;
    }

    pub async fn take_bank_line(&self, cells: &[&str; 9]) {
        let shape = PayloadShape::Row(BANK_COLUMNS.map(str::to_owned).as_slice().into());
        let payload = cells.join(&char::from(CELL_SEPARATOR).to_string());
        self.page("bank", "bank/cmb.toml", shape, cells[8], None, &payload).await;
    }

    /// The whole loop of one order up to its payment in part, and what the customer asked.
    pub async fn one_order(&self) {
        self.take("erp", "kingdee/customer.toml", "7", Some("2026-01-05T09:00:00"), CUSTOMER).await;
        self.take("erp", "kingdee/order.toml", "1", Some("2026-01-05T09:10:00"), ORDER).await;
        let shipped = [("2026-01-06T18:00:00", " ", "B"), ("2026-01-06T18:30:00", "SF1234567890", "C")];
        for (version, waybill, status) in shipped {
            self.take("erp", "kingdee/outstock.toml", "100123", Some(version), &shipment(waybill, status)).await;
        }
        self.take("erp", "kingdee/receivable.toml", "1", Some("2026-01-07T09:00:00"), RECEIVABLE).await;
        self.take_bank_line(&BANK_LINE).await;
        self.take("erp", "kingdee/receipt.toml", "1", Some("2026-02-04T15:00:00"), RECEIPT).await;
        self.take("wecom", "wecom/message.toml", "M1", None, MESSAGE).await;
        self.settle().await;
    }

    pub async fn settle(&self) {
        settle(&self.store).await;
    }

    /// What a person decides.
    pub async fn decide(&self, facts: Vec<Fact>) {
        native::state(&self.store, self.now(), facts).await.unwrap();
        self.settle().await;
    }

    fn now(&self) -> Timestamp {
        let seconds = self.seconds.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Timestamp::from_second(1_770_000_000 + seconds).unwrap()
    }

    async fn page(
        &self,
        source: &str,
        path: &str,
        shape: PayloadShape,
        key: &str,
        version: Option<&str>,
        payload: &str,
    ) {
        let text = builtin::MAPPINGS.iter().find(|known| known.path == path).unwrap().text;
        let mapping = Mapping::parse(path, text).unwrap();
        let context = MapContext {
            book: BOOK.into(),
            numbering: Numbering::new("erp").with(FactKind::Payment, if source == "bank" { "bank" } else { "erp" }),
            time_zone: TimeZone::get("Asia/Shanghai").unwrap(),
        };
        let mut raw = RecordBatchBuilder::new(shape.clone(), self.now().as_microsecond());
        raw.push(key, version, payload.as_bytes());
        let raw = raw.finish();
        let outcome = match mapping.plan(&shape, &context).unwrap().map(raw.get(0).unwrap()) {
            Mapped::Facts(facts) => Outcome::Facts(facts),
            Mapped::Ignored(because) => Outcome::Ignored(because),
            Mapped::Quarantined(problem) => Outcome::Quarantined(problem),
        };
        let is_evidence = source == "bank";
        let batch = ApplyBatch {
            stream: StreamId::new(source, mapping.stream()),
            book: BOOK.into(),
            personal: source == "wecom",
            rank: if is_evidence { 110 } else { 100 },
            books: !is_evidence,
            mapping: mapping.id(),
            mapping_text: Arc::clone(mapping.text()),
            raw,
            records: vec![(0, outcome)],
            counted: Counts::default(),
            progress: None,
        };
        self.store.apply(batch).await.unwrap();
    }
}
