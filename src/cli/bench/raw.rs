//! The raw limit: COPY into a staging table, checks, one merge into a flat table; by `psql`, without any of our code.
//!
//! COPY cannot take rows with too many columns or broken bytes, so those few are left out of its file: the limit is the
//! most favourable that plain SQL could have.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::process;
use crate::app::AppError;

const COLUMNS: usize = 12;

/// Everything after COPY: checks that a careful person would write, the newest version of each key, one merge.
const MERGE: &str = "
CREATE TABLE IF NOT EXISTS raw_shipment (
  shipment_no text, line_no text, order_no text, customer text, part_no text, quantity numeric, unit_price numeric,
  gross numeric, currency text, shipped_on date, status text, modified text, PRIMARY KEY (shipment_no, line_no));
INSERT INTO raw_shipment
SELECT DISTINCT ON (shipment_no, line_no) shipment_no, line_no, order_no, customer, part_no, quantity::numeric,
       unit_price::numeric, gross::numeric, currency, shipped_on::date, status, modified
FROM raw_staging
WHERE shipment_no <> '' AND quantity ~ '^[0-9]+(\\.[0-9]+)?$' AND gross ~ '^[0-9]+(\\.[0-9]+)?$'
  AND currency IN ('CNY', 'USD', 'HKD', 'EUR') AND shipped_on ~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]$' AND shipped_on <> '2026-02-30'
ORDER BY shipment_no, line_no, modified DESC
ON CONFLICT (shipment_no, line_no) DO UPDATE SET
  order_no = excluded.order_no, customer = excluded.customer, part_no = excluded.part_no, quantity = excluded.quantity,
  unit_price = excluded.unit_price, gross = excluded.gross, currency = excluded.currency, shipped_on = excluded.shipped_on,
  status = excluded.status, modified = excluded.modified
WHERE raw_shipment.modified < excluded.modified;
";

const STAGING: &str = "DROP TABLE IF EXISTS raw_staging; CREATE UNLOGGED TABLE raw_staging (shipment_no text, line_no text,
  order_no text, customer text, part_no text, quantity text, unit_price text, gross text, currency text, shipped_on text,
  status text, modified text);";

/// Copies the rows that COPY can read.
pub fn clean(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut reader = BufReader::new(std::fs::File::open(from)?);
    let mut writer = BufWriter::new(std::fs::File::create(to)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let commas = line.iter().filter(|byte| **byte == b',').count();
        if std::str::from_utf8(&line).is_ok() && commas + 1 == COLUMNS {
            writer.write_all(&line)?;
        }
        line.clear();
    }
    writer.flush()
}

/// One timed load; `fresh` starts from an empty table.
pub fn load(url: &str, file: &Path, fresh: bool) -> Result<Duration, AppError> {
    if fresh {
        psql(url, "DROP TABLE IF EXISTS raw_shipment")?;
    }
    psql(url, STAGING)?;
    let copy = format!("\\copy raw_staging FROM '{}' WITH (FORMAT csv, HEADER true)", file.display());
    let started = Instant::now();
    psql(url, &copy)?;
    psql(url, MERGE)?;
    Ok(started.elapsed())
}

pub fn psql(url: &str, sql: &str) -> Result<String, AppError> {
    process::run(Command::new("psql").args([
        url,
        "--no-psqlrc",
        "--quiet",
        "--set",
        "ON_ERROR_STOP=1",
        "--command",
        sql,
    ]))
}

/// A database of its own, so that a bench can be repeated on one server.
pub fn database(server: &str, purpose: &str) -> Result<String, AppError> {
    let name = format!("bihuan_bench_{purpose}_{}", std::process::id());
    psql(server, &format!("CREATE DATABASE {name}"))?;
    let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
    Ok(format!("{base}/{name}"))
}
