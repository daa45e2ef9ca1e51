//! Where messages reach people: one chat channel. Its own settings stay as they stand, for its connector.

use std::path::Path;
use std::sync::Arc;

use bihuan_connectors::sdk::{Channel, ChannelEntry, Context, SettingsTable};
use serde::Deserialize;
use toml::Spanned;

use super::layers::Layers;
use super::mistakes::Mistakes;
use super::read::collect;
use super::sources::{take_keys, take_table, wrong};

const TABLE: &str = "channel";
const KEYS: &[&str] = &["type"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelKeys {
    #[serde(rename = "type")]
    pub kind: Spanned<Box<str>>,
}

/// `[channel]`.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    /// The channel's kind; whether it exists is known to the registry.
    pub kind: Spanned<Box<str>>,
    pub(super) layers: Arc<Layers>,
}

impl ChannelSettings {
    /// Its own settings; spans count in the whole configuration.
    fn settings(&self) -> SettingsTable<'_> {
        let mut root = self.layers.merged(&mut Mistakes::default());
        let (span, mut table) = take_table(&mut root, TABLE).unwrap_or_default();
        take_keys(&mut table, KEYS);
        Spanned::new(span, table)
    }

    /// Builds the channel, with all mistakes of its settings at their places.
    pub fn build(&self, entry: &ChannelEntry, base_dir: &Path) -> Result<Arc<dyn Channel>, Mistakes> {
        let context = Context { source: TABLE.to_owned(), time_zone: "UTC".to_owned(), base_dir: base_dir.to_owned() };
        let mut mistakes = Mistakes::default();
        let mut report = |span, message: &str, help| self.layers.report(span, message, help, &mut mistakes);
        let built = collect(self.settings(), KEYS, &mut report, |table| (entry.build)(table, &context).map_err(wrong));
        built.ok_or(mistakes)
    }

    /// A kind that the registry does not have.
    pub fn unknown_kind(&self, known: &[&str]) -> Mistakes {
        let mut mistakes = Mistakes::default();
        let message = format!("there is no channel `{}`", self.kind.get_ref());
        self.layers.report(
            Some(self.kind.span()),
            &message,
            Some(format!("channels: {}", known.join(", "))),
            &mut mistakes,
        );
        mistakes
    }
}
