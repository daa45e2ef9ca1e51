//! Secrets: read from settings, shown nowhere.
//!
//! A setting names where the secret lies: `env:NAME`, `file:PATH` (as container secrets do), `credential:NAME` (systemd's
//! LoadCredential), or, for trials only, the text itself. Neither type has a `Display` or a `Serialize`, and `Debug` prints a placeholder.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{Context, SettingsError};

/// A password or key is far shorter; a bigger file is a mistaken path.
const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// A setting that says where a secret lies.
pub struct SecretText {
    place: Spanned<SecretString>,
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Spanned::<String>::deserialize(deserializer)?;
        let span = text.span();
        Ok(Self { place: Spanned::new(span, SecretString::from(text.into_inner())) })
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl SecretText {
    /// Looks the secret up; a file path counts from the context's base folder.
    pub fn resolve(&self, context: &Context) -> Result<Secret, SettingsError> {
        let place = self.place.get_ref().expose_secret();
        let text = if let Some(name) = place.strip_prefix("env:") {
            std::env::var(name).map_err(|_| self.error(format!("the environment variable `{name}` is not set")))?
        } else if let Some(path) = place.strip_prefix("file:") {
            read_file(&context.base_dir.join(path))
                .map_err(|reason| self.error(format!("the secret file `{path}` cannot be read: {reason}")))?
        } else if let Some(name) = place.strip_prefix("credential:") {
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| self.error("CREDENTIALS_DIRECTORY is not set: this is no systemd service".to_owned()))?;
            read_file(&Path::new(&folder).join(name))
                .map_err(|reason| self.error(format!("the credential `{name}` cannot be read: {reason}")))?
        } else {
            place.to_owned()
        };
        if text.is_empty() {
            return Err(self.error("the secret is empty".to_owned()));
        }
        Ok(Secret(SecretString::from(text)))
    }

    fn error(&self, message: String) -> SettingsError {
        SettingsError::at(&self.place, message).help("use env:NAME, file:PATH or credential:NAME")
    }
}

/// Reads a secret file; the line end that editors add is not part of the secret.
fn read_file(path: &Path) -> Result<String, std::io::Error> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(std::io::Error::other("it is larger than any secret"));
    }
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

/// A secret that is ready for use.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one place that builds a request.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdk::{parse_settings, read_settings};

    #[derive(Debug, Deserialize)]
    struct Sample {
        password: SecretText,
    }

    fn resolve(place: &str, base: &Path) -> Result<Secret, SettingsError> {
        let text = format!("type = \"x\"\npassword = \"{place}\"\n");
        let (_, table) = parse_settings(&text)?;
        let sample: Sample = read_settings(table)?;
        assert!(!format!("{sample:?}").contains(place));
        sample.password.resolve(&Context { source: "s".into(), time_zone: "UTC".into(), base_dir: base.into() })
    }

    #[test]
    fn a_secret_comes_from_text_or_file_and_is_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pw"), "from file\n").unwrap();
        let secret = resolve("file:pw", folder.path()).unwrap();
        assert_eq!(secret.expose(), "from file");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(resolve("plain", folder.path()).unwrap().expose(), "plain");
    }

    #[test]
    fn a_secret_that_is_not_there_is_a_mistake_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        for place in ["env:BIHUAN_TEST_NO_SUCH_VARIABLE", "file:nowhere"] {
            let error = resolve(place, folder.path()).unwrap_err();
            assert!(error.span.is_some() && error.help.is_some(), "{error:?}");
        }
    }
}
