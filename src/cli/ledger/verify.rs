//! `ledger verify`: the proof that nothing was changed behind our back.

use crate::app::AppError;
use crate::cli::output;
use crate::store::{Anchor, Store};

pub async fn run(store: &Store, anchor: Option<&str>, as_json: bool) -> Result<(), AppError> {
    let anchor = match anchor {
        Some(text) => Some(
            Anchor::parse(text)
                .ok_or_else(|| AppError::Usage(format!("`{text}` 不是 BATCH:HASH · is not BATCH:HASH")))?,
        ),
        None => None,
    };
    let found = store.verify(anchor).await?;
    if as_json {
        output::json(&found)?;
    } else {
        output::print(&format!(
            "{} 批 batches, {} 笔 transfers, {} 份单据 documents\n锚点 anchor {}\n",
            found.batches, found.transfers, found.documents, found.anchor
        ))?;
    }
    if found.is_sound() { Ok(()) } else { Err(AppError::Different(found.findings.join("\n"))) }
}
