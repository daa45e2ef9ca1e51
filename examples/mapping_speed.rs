//! How many records a second one core maps: `cargo run --release --example mapping_speed`.
//!
//! Best of many short rounds; the figures go to `docs/benchmarks.md` and are asserted nowhere.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use bihuan::mapping::{MapContext, Mapped, Mapping, Numbering, builtin::MAPPINGS};
use bihuan_connectors::sdk::{PayloadShape, RecordBatch, RecordBatchBuilder};
use jiff::tz::TimeZone;

/// Few, so that the best round is one that nobody interrupted.
const RECORDS: usize = 1_000;
const ROUNDS: usize = 200;

/// Twelve fields over a JSON record of 1 KB, most of which nobody asks for.
const ORDER: &str = r#"
source_kind = "bench"
stream = "order"
lines = "complete"
[tables.currencies]
PRE001 = "CNY"
[[fact]]
kind = "payment"
[fact.fields]
payment_no = '.FBILLNO'
currency = '.FCURRENCYID.FNumber |> lookup currencies else quarantine |> currency'
paid_on = '.FDATE |> date("%Y-%m-%dT%H:%M:%S")'
gross = '.FREALRECAMOUNTFOR |> amount($currency)'
customer = 'party(.FCONTACTUNIT.FNumber)'
payer = '.FPAYUNIT.FName'
bank_ref = '.FTHIRDBILLNO'
text = '.FCOMMENT'
order_no = '.FSaleOrderNo'
salesperson = '.FSALEERID.FNumber'
direction = '"in"'
status = 'if .FCancelStatus == "B" then "void" else (.FDocumentStatus |> lookup { "C" = "active" } else quarantine)'
"#;

fn json_batch() -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(PayloadShape::Json, 0);
    let filler: String =
        (0..16).map(|n| format!(r#","FUnused{n}":{{"FNumber":"U{n:06}","FName":"未用 {n}"}}"#)).collect();
    for n in 0..RECORDS {
        let payload = format!(
            r#"{{"FID":{n},"FBILLNO":"SKD{n:06}","FDATE":"2026-03-28T00:00:00","FCONTACTUNIT":{{"FNumber":"CUST{:04}"}},"FPAYUNIT":{{"FName":"深圳市远航电子有限公司"}},"FCURRENCYID":{{"FNumber":"PRE001"}},"FREALRECAMOUNTFOR":{n}.50,"FTHIRDBILLNO":"C20260328{n:06}","FCOMMENT":"货款","FSaleOrderNo":"SO2603{:04}","FSALEERID":{{"FNumber":"S001"}}{filler},"FDocumentStatus":"C","FCancelStatus":"A"}}"#,
            n % 1000,
            n % 10_000,
        );
        builder.push(&n.to_string(), None, payload.as_bytes());
    }
    builder.finish()
}

fn row_batch() -> RecordBatch {
    let columns =
        "shipment_no,line_no,order_no,customer,part_no,quantity,unit_price,gross,currency,shipped_on,status,modified";
    let columns: Vec<String> = columns.split(',').map(str::to_owned).collect();
    let mut builder = RecordBatchBuilder::new(PayloadShape::Row(columns.into()), 0);
    for n in 0..RECORDS {
        let row = format!(
            "XSCKD{:06},{},SO2603{:04},CUST{:04},STM32F103,500,8.2,4100.00,CNY,2026-03-28,shipped,2026-03-28T18:00:00",
            n / 4,
            n % 4 + 1,
            n % 10_000,
            n % 1000,
        );
        builder.push(&n.to_string(), None, row.replace(',', "\x1f").as_bytes());
    }
    builder.finish()
}

fn measure(name: &str, mapping: &Mapping, batch: &RecordBatch, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let context =
        MapContext { book: "sz".into(), numbering: Numbering::new("erp"), time_zone: TimeZone::get("Asia/Shanghai")? };
    let plan = mapping.plan(&batch.shape, &context)?;
    let mut best = u128::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mapped = batch.iter().filter(|record| matches!(plan.map(*record), Mapped::Facts(_))).count();
        best = best.min(start.elapsed().as_nanos());
        if mapped != batch.len() {
            return Err(format!("{name}: only {mapped} records were mapped").into());
        }
    }
    let nanos = best / RECORDS as u128;
    let bytes = batch.get(RECORDS / 2).map_or(0, |record| record.payload.len());
    writeln!(out, "{name}: {nanos} ns a record of {bytes} bytes, {} records/s", 1_000_000_000 / nanos.max(1))?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let json = Mapping::parse("bench.toml", ORDER).map_err(|found| format!("{found:?}"))?;
    measure("JSON, 12 fields", &json, &json_batch(), &mut out)?;
    let rows = MAPPINGS.iter().find(|builtin| builtin.path == "csv/shipments.toml").ok_or("no csv mapping")?;
    let rows = Mapping::parse(rows.path, rows.text).map_err(|found| format!("{found:?}"))?;
    measure("CSV row, 12 columns", &rows, &row_batch(), &mut out)
}
