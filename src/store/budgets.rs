//! Quotas of chat servers, counted before a call: WeCom drops the excess silently, so the count must be ours.

use jiff::Timestamp;

use super::Store;
use super::engine::Tx;
use super::error::Result;

/// Windows older than this many of their own lengths are swept when a new one begins.
const KEPT_WINDOWS: i64 = 60;

impl Store {
    /// Takes one call of `app` to `member` out of the window that began at `window_start`; `false` when it is used up.
    pub async fn take_budget(
        &self,
        app: &str,
        member: &str,
        window_start: Timestamp,
        window_ms: i64,
        limit: u32,
    ) -> Result<bool> {
        let mut tx = self.engine.begin().await?;
        let taken = take(&mut tx, app, member, window_start, limit).await?;
        if taken {
            let oldest = window_start.as_microsecond().saturating_sub(window_ms.saturating_mul(1_000 * KEPT_WINDOWS));
            tx.execute(
                "DELETE FROM budget WHERE app = $1 AND member = $2 AND window_start < $3",
                vec![app.into(), member.into(), oldest.into()],
            )
            .await?;
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        Ok(taken)
    }
}

/// One statement decides, so two processes cannot both take the last unit.
async fn take(tx: &mut Tx, app: &str, member: &str, window_start: Timestamp, limit: u32) -> Result<bool> {
    if limit == 0 {
        return Ok(false);
    }
    let touched = tx
        .execute(
            "INSERT INTO budget (app, member, window_start, used) VALUES ($1, $2, $3, 1) \
             ON CONFLICT (app, member, window_start) DO UPDATE SET used = budget.used + 1 WHERE budget.used < $4",
            vec![app.into(), member.into(), window_start.into(), limit.into()],
        )
        .await?;
    Ok(touched == 1)
}
