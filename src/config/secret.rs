//! A setting that may be the text itself or say where the text lies, because an address can hold a password.
//!
//! It is read when it is used, not when the file is: `bihuan ledger aging` needs no broker and no secret of one.

use serde::Deserialize;

use bihuan_connectors::sdk::{Context, Secret, SecretText};

use super::Config;
use super::mistakes::Mistakes;

/// An address or secret, shown nowhere. Forms: the text, `env:NAME`, `file:PATH`, `credential:NAME`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Location(SecretText);

impl Config {
    /// The text of a location; files count from the folder of the configuration.
    pub fn secret(&self, location: &Location) -> Result<Secret, Mistakes> {
        let context = Context { source: String::new(), time_zone: String::new(), base_dir: self.base_dir.clone() };
        location.0.resolve(&context).map_err(|error| self.mistake(&error))
    }

    /// The store's address, a relative SQLite path laid under the data folder.
    pub fn store_url(&self) -> Result<Secret, Mistakes> {
        let url = self.secret(&self.store.url)?;
        let Some(path) = url.expose().strip_prefix("sqlite:") else { return Ok(url) };
        Ok(Secret::new(format!("sqlite:{}", self.data_dir.join(path).display())))
    }

    /// The broker's address or [`EMBEDDED`](super::broker::EMBEDDED).
    pub fn broker_url(&self) -> Result<Secret, Mistakes> {
        self.secret(&self.broker.url)
    }
}
