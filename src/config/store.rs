//! Where the ledger is kept.

use serde::Deserialize;

use super::secret::Location;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// `sqlite:PATH`, relative to the data folder, or `postgres://…`.
    pub url: Location,
}
