//! Leases: who works on what, among several daemons and the command line.
//!
//! A lease that is not renewed in time is free for anybody. The fence number grows with every change of holder, so a
//! holder that was asleep past its time is recognised when it comes back.

use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::engine::Cell;
use super::error::{Result, StoreError};

/// The number that a lease was given at; larger than every earlier one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// Taken when free, expired, or already ours (which keeps the fence).
const ACQUIRE: &str = "INSERT INTO lease (name, holder, fence, until) VALUES ($1, $2, 1, $3) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until, \
     fence = CASE WHEN lease.holder = excluded.holder AND lease.until > $4 THEN lease.fence ELSE lease.fence + 1 END \
     WHERE lease.until <= $4 OR lease.holder = excluded.holder";

impl Store {
    /// The lease, or `None` while somebody else holds it.
    pub async fn acquire_lease(&self, name: &str, holder: &str, ttl_ms: i64) -> Result<Option<Fence>> {
        let now = self.clock.now();
        let until = later(now, ttl_ms);
        let mut tx = self.engine.begin().await?;
        let taken = tx.execute(ACQUIRE, vec![name.into(), holder.into(), until.into(), now.into()]).await?;
        let fence = match tx.fetch_one("SELECT fence FROM lease WHERE name = $1", vec![name.into()]).await? {
            Some(row) if taken > 0 => Some(Fence(row.int(0)?)),
            _ => None,
        };
        tx.commit().await?;
        Ok(fence)
    }

    /// Prolongs a lease that is still held under this fence; otherwise it is lost and the work must stop.
    pub async fn renew_lease(&self, name: &str, fence: Fence, ttl_ms: i64) -> Result<()> {
        let now = self.clock.now();
        let sql = "UPDATE lease SET until = $1 WHERE name = $2 AND fence = $3 AND until > $4";
        let args = vec![later(now, ttl_ms).into(), name.into(), fence.0.into(), now.into()];
        self.touch_lease(name, sql, args).await
    }

    /// Gives a lease back; a lease that was lost meanwhile is left alone.
    pub async fn release_lease(&self, name: &str, fence: Fence) -> Result<()> {
        let sql = "UPDATE lease SET until = 0 WHERE name = $1 AND fence = $2";
        match self.touch_lease(name, sql, vec![name.into(), fence.0.into()]).await {
            Err(StoreError::LeaseLost { .. }) => Ok(()),
            other => other,
        }
    }

    async fn touch_lease(&self, name: &str, sql: &'static str, args: Vec<Cell>) -> Result<()> {
        let mut tx = self.engine.begin().await?;
        let touched = tx.execute(sql, args).await?;
        tx.commit().await?;
        if touched == 0 { Err(StoreError::LeaseLost { name: name.to_owned() }) } else { Ok(()) }
    }
}

fn later(now: Timestamp, ttl_ms: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_millis(ttl_ms)).unwrap_or(Timestamp::MAX)
}
