//! Settings of a drop folder; the sample with every key is `example.toml`.

use std::sync::Arc;

use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};
use serde::Deserialize;
use toml::Spanned;

use super::folder::Folder;
use super::{FileFormat, FileSource, Inner, csv, ndjson};
use crate::sdk::{Connector, Context, SettingsError, SettingsTable, bounded, one_line, read_settings};

const PAGE_ROWS: usize = 2_000;
const MAX_PAGE_ROWS: usize = 50_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Relative paths count from the base folder.
    folder: Spanned<String>,
    #[serde(default = "any")]
    pattern: Spanned<String>,
    /// The one stream that it yields.
    #[serde(default = "statement")]
    stream_name: Spanned<String>,
    #[serde(default)]
    personal: bool,
    #[serde(default)]
    format: FormatName,
    encoding: Option<Spanned<String>>,
    #[serde(default = "comma")]
    delimiter: Spanned<String>,
    #[serde(default)]
    header: Vec<String>,
    key: Spanned<Vec<String>>,
    #[serde(default)]
    key_prefix: String,
    version: Option<String>,
    #[serde(default)]
    footer_prefix: Vec<Spanned<String>>,
    #[serde(default)]
    quoted_line_ends: bool,
    #[serde(default = "page_rows")]
    page_rows: Spanned<usize>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FormatName {
    #[default]
    Csv,
    Ndjson,
}

fn any() -> Spanned<String> {
    Spanned::new(0..0, "*".to_owned())
}

fn statement() -> Spanned<String> {
    Spanned::new(0..0, "statement".to_owned())
}

fn comma() -> Spanned<String> {
    Spanned::new(0..0, ",".to_owned())
}

fn page_rows() -> Spanned<usize> {
    Spanned::new(0..0, PAGE_ROWS)
}

pub(super) fn build(table: SettingsTable<'_>, context: &Context) -> Result<Arc<dyn Connector>, SettingsError> {
    let settings: Settings = read_settings(table)?;
    let folder = context.base_dir.join(one_line("folder", &settings.folder)?);
    let folder = Folder::new(folder, one_line("pattern", &settings.pattern)?);
    let stream = one_line("stream_name", &settings.stream_name)?;
    let page_rows = bounded("page_rows", &settings.page_rows, 1..=MAX_PAGE_ROWS)?;
    let personal = settings.personal;
    let format = format(settings)?;
    Ok(Arc::new(FileSource { inner: Arc::new(Inner { folder, format, page_rows }), stream, personal }))
}

fn format(settings: Settings) -> Result<FileFormat, SettingsError> {
    if settings.key.get_ref().iter().any(|name| name.trim().is_empty()) {
        return Err(SettingsError::at(&settings.key, "a key column has no name"));
    }
    let footer_prefix = settings.footer_prefix.iter().map(|prefix| one_line("footer_prefix", prefix));
    let footer_prefix = footer_prefix.collect::<Result<_, _>>()?;
    let key = settings.key.into_inner();
    match settings.format {
        FormatName::Ndjson => {
            Ok(FileFormat::Ndjson(ndjson::Format { key, key_prefix: settings.key_prefix, version: settings.version }))
        }
        FormatName::Csv => {
            let encoding = encoding(settings.encoding.as_ref())?;
            Ok(FileFormat::Csv(csv::Format {
                encoding,
                delimiter: delimiter(&settings.delimiter, encoding)?,
                header: settings.header,
                key,
                key_prefix: settings.key_prefix,
                version: settings.version,
                footer_prefix,
                quoted_line_ends: settings.quoted_line_ends,
            }))
        }
    }
}

fn encoding(setting: Option<&Spanned<String>>) -> Result<&'static Encoding, SettingsError> {
    let Some(setting) = setting else {
        return Ok(UTF_8);
    };
    match Encoding::for_label(setting.get_ref().as_bytes()) {
        // GB18030 reads all that GBK reads and the rarer characters of names besides.
        Some(found) if found == GBK => Ok(GB18030),
        Some(found) if found != UTF_16LE && found != UTF_16BE => Ok(found),
        _ => Err(SettingsError::at(setting, format!("`{}` is not a supported encoding", setting.get_ref()))
            .help("use utf-8, gb18030 or big5")),
    }
}

/// Lines are split before they are decoded, so the delimiter must not be able to be half of a character.
fn delimiter(setting: &Spanned<String>, encoding: &'static Encoding) -> Result<u8, SettingsError> {
    match setting.get_ref().as_bytes() {
        [byte @ (b',' | b';' | b'\t')] => Ok(*byte),
        [b'|'] if encoding == UTF_8 => Ok(b'|'),
        _ => Err(SettingsError::at(setting, "`delimiter` must be a comma, a semicolon or a tab")
            .help("a bar is possible in UTF-8 only: in other encodings it can be half of a character")),
    }
}
