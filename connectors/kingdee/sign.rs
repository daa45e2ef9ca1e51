//! Signed headers: every call proves itself, no session and no login (SDK 8 and later).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sdk::{Secret, SourceError};

/// What the vendor's SDK mixes into the client secret; public in every copy of it.
const MIX: &[u8] = b"0054f397c6234378b09ca7d3e5debce7";
/// An encoded secret has this length; another length means that there is none.
const ENCODED_SECRET_LEN: usize = 32;

/// Who signs.
#[derive(Debug)]
pub(super) struct Signer {
    app_id: String,
    app_secret: Secret,
    client_id: String,
    client_secret: Secret,
    app_data: String,
}

impl Signer {
    /// `app_data` is `acctId,user,lcid,orgNum`.
    pub(super) fn new(app_id: String, app_secret: Secret, app_data: String) -> Result<Self, SourceError> {
        let bad = || SourceError::config("`app_id` must look like <client id>_<encoded secret>");
        let (client_id, encoded) = app_id.split_once('_').ok_or_else(bad)?;
        let client_secret = if encoded.len() == ENCODED_SECRET_LEN {
            let bytes = STANDARD.decode(encoded).map_err(|_| bad())?;
            let mixed: Vec<u8> = bytes.iter().zip(MIX).map(|(byte, mix)| byte ^ mix).collect();
            STANDARD.encode(mixed)
        } else {
            String::new()
        };
        let (client_id, client_secret) = (client_id.to_owned(), Secret::new(client_secret));
        Ok(Self { app_id, app_secret, client_id, client_secret, app_data })
    }

    /// The headers of a POST to `path`; the nonce is the time stamp, as in the vendor's SDK.
    pub(super) fn headers(&self, path: &str, unix_seconds: i64) -> Vec<(&'static str, String)> {
        let stamp = unix_seconds.to_string();
        let text = format!("POST\n{}\n\nx-api-nonce:{stamp}\nx-api-timestamp:{stamp}\n", path.replace('/', "%2F"));
        let app_text = format!("{}{}", self.app_id, self.app_data);
        vec![
            ("X-Api-ClientID", self.client_id.clone()),
            ("X-Api-Auth-Version", "2.0".to_owned()),
            ("x-api-timestamp", stamp.clone()),
            ("x-api-nonce", stamp),
            ("x-api-signheaders", "x-api-timestamp,x-api-nonce".to_owned()),
            ("X-Api-Signature", signature(&self.client_secret, &text)),
            ("X-Kd-Appkey", self.app_id.clone()),
            ("X-Kd-Appdata", STANDARD.encode(&self.app_data)),
            ("X-Kd-Signature", signature(&self.app_secret, &app_text)),
        ]
    }
}

/// Base64 of the hexadecimal *text* of the digest, not of the digest.
fn signature(secret: &Secret, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let digest = hmac::sign(&key, text.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    STANDARD.encode(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_come_out() {
        let signer = Signer::new(
            "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4".to_owned(),
            Secret::new("test-app-secret-value"),
            "dcid-1,user-1,2052,100".to_owned(),
        )
        .unwrap();
        assert_eq!(signer.client_secret.expose(), "UVJWUANVXl8KXFlfWV1YSBNCShcUQRNL");
        let path = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc";
        let headers = signer.headers(path, 1_700_000_000);
        for (name, value) in [
            (
                "X-Api-Signature",
                "MjNhMzg5MmZiMWE1MTQ1ZGE5NWFkYmZiZWYxYzhlY2NjNzcwM2ZjNDJlZTczMzBhNzkxOTk1ODhjNDZkMTEzYw==",
            ),
            ("X-Kd-Appdata", "ZGNpZC0xLHVzZXItMSwyMDUyLDEwMA=="),
            (
                "X-Kd-Signature",
                "NjI5MzRiZGVhNGJhOWY2N2Y2YzQ2MzQ5ODA3N2JiZTRiMDRmOTUwNjI3YWIzODU1ODBkZDdhNzgwMzdmMDgxMg==",
            ),
        ] {
            assert!(headers.iter().any(|header| header.0 == name && header.1 == value), "{name}: {headers:?}");
        }
    }
}
