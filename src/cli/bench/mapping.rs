//! (c) mapping alone, on one core: twelve fields from CSV rows and from 1 KB JSON.

use std::sync::Arc;
use std::time::Instant;

use bihuan_connectors::sdk::{CELL_SEPARATOR, PayloadShape, RecordBatch, RecordBatchBuilder};
use jiff::tz::TimeZone;

use super::{Figure, rate};
use crate::app::AppError;
use crate::mapping::{MapContext, Mapped, Mapping, Numbering, builtin};

const RECORDS: usize = 20_000;
const ROUNDS: usize = 25;
/// A real bill carries much that no mapping names; so does this one.
const JSON_BYTES: usize = 1_024;

const JSON_MAPPING: &str = r#"
source_kind = "bench"
stream = "shipments"
lines = "partial"
[[fact]]
kind = "shipment"
[fact.fields]
shipment_no = '.shipment_no'
customer = 'party(.customer)'
currency = '.currency |> currency'
shipped_on = '.shipped_on |> date("%Y-%m-%d")'
nature = '"sale"'
status = '.status |> lower'
[[fact.lines]]
line_no = '.line_no'
order_no = '.order_no'
part_no = '.part_no'
quantity = '.quantity |> decimal'
unit_price = '.unit_price |> price'
gross = '.gross |> amount($currency)'
"#;

const COLUMNS: [&str; 12] = [
    "shipment_no",
    "line_no",
    "order_no",
    "customer",
    "part_no",
    "quantity",
    "unit_price",
    "gross",
    "currency",
    "shipped_on",
    "status",
    "modified",
];

pub fn measure() -> Result<Vec<Figure>, AppError> {
    let known = builtin::MAPPINGS.iter().find(|known| known.path == "csv/shipments.toml");
    let csv = known.map_or("", |known| known.text);
    let rows = rows();
    let json = json();
    Ok(vec![
        Figure::new("(c) mapping, 12 fields, CSV rows", timed(csv, &rows)?, "", "", "≥ 1,000,000 /s"),
        Figure::new("(c) mapping, 12 fields, 1 KB JSON", timed(JSON_MAPPING, &json)?, "", "", "≥ 400,000 /s"),
    ])
}

fn cells(index: usize) -> [String; 12] {
    let text = |prefix: &str, number: usize| format!("{prefix}{number:06}");
    [
        text("XSCKD", index / 3),
        (index % 3 + 1).to_string(),
        text("SO2601", index / 9),
        text("CUST", index % 1_000),
        "STM32F103C8T6".to_owned(),
        "2500.0".to_owned(),
        "1.2345".to_owned(),
        "3086.25".to_owned(),
        "CNY".to_owned(),
        "2026-03-05".to_owned(),
        "shipped".to_owned(),
        "2026-03-05T10:11:12".to_owned(),
    ]
}

fn rows() -> RecordBatch {
    let names: Arc<[String]> = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    let mut batch = RecordBatchBuilder::new(PayloadShape::Row(names), 0);
    for index in 0..RECORDS {
        let cells = cells(index);
        batch.push(&cells[0], None, cells.join(char::from(CELL_SEPARATOR).to_string().as_str()).as_bytes());
    }
    batch.finish()
}

fn json() -> RecordBatch {
    let mut batch = RecordBatchBuilder::new(PayloadShape::Json, 0);
    for index in 0..RECORDS {
        let cells = cells(index);
        let fields: Vec<String> =
            COLUMNS.iter().zip(&cells).map(|(name, cell)| format!("\"{name}\":\"{cell}\"")).collect();
        let body = fields.join(",");
        let padding = "x".repeat(JSON_BYTES.saturating_sub(body.len() + 20));
        batch.push(&cells[0], None, format!("{{\"remark\":\"{padding}\",{body}}}").as_bytes());
    }
    batch.finish()
}

/// The median of the rounds.
fn timed(text: &str, batch: &RecordBatch) -> Result<String, AppError> {
    let mapping = Mapping::parse("bench.toml", text).map_err(|found| crate::cli::mistakes(found, text))?;
    let context = MapContext {
        book: "main".into(),
        numbering: Numbering { default: "erp".into(), by_kind: Vec::new() },
        time_zone: TimeZone::UTC,
    };
    let plan = mapping.plan(&batch.shape, &context).map_err(|error| AppError::Usage(error.to_string()))?;
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mapped = batch.iter().filter(|record| matches!(plan.map(*record), Mapped::Facts(_))).count();
        times.push(started.elapsed());
        if mapped != RECORDS {
            return Err(AppError::Refused(format!("only {mapped} of {RECORDS} records could be mapped")));
        }
    }
    times.sort_unstable();
    Ok(rate(RECORDS, times[ROUNDS / 2]))
}
