//! Callbacks of WeCom (接收消息与事件): the signature first, then the cipher, then the XML.
//!
//! All ways in which a text can fail to open give one error: telling them apart would help who forges. Nothing here
//! reads clocks or keeps what was seen; the caller refuses repeated messages.

use std::collections::BTreeMap;

use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use thiserror::Error;

use crate::sdk::Secret;

/// A push is a few kilobytes; a card event is the largest.
const MAX_BODY_BYTES: usize = 256 * 1024;
const MAX_DEPTH: usize = 16;
const MAX_FIELDS: usize = 256;

const AES_KEY_CHARS: usize = 43;
const AES_KEY_BYTES: usize = 32;
const IV_BYTES: usize = 16;
/// Random bytes, then the length of the message.
const HEAD_BYTES: usize = 16 + 4;
/// Padding is to blocks of 32, twice the cipher's own.
const PAD_BLOCK: usize = 32;

/// The 43 characters carry 258 bits: two are spare and usually not zero.
const KEY_ALPHABET: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallbackError {
    #[error("the EncodingAESKey must be the 43 characters that the administration page shows")]
    Key,
    #[error("the signature is wrong")]
    Signature,
    #[error("the callback cannot be opened")]
    Sealed,
    #[error("the callback is for somebody else")]
    Receiver,
    #[error("the callback is not the promised XML")]
    Xml,
}

/// Opens and seals callbacks of one app.
#[derive(Debug)]
pub struct Callback {
    token: Secret,
    key: Secret,
    receive_id: String,
}

impl Callback {
    /// `receive_id` is the corp id for a company's own app.
    pub fn new(token: Secret, encoding_aes_key: &Secret, receive_id: &str) -> Result<Self, CallbackError> {
        let text = encoding_aes_key.expose();
        let key = KEY_ALPHABET.decode(text).map_err(|_| CallbackError::Key)?;
        if text.len() != AES_KEY_CHARS || key.len() != AES_KEY_BYTES {
            return Err(CallbackError::Key);
        }
        // Kept as text so that it lies in memory that is wiped and never printed.
        Ok(Self { token, key: Secret::new(STANDARD.encode(key)), receive_id: receive_id.to_owned() })
    }

    /// The signature of a sealed text.
    pub fn signature(&self, timestamp: &str, nonce: &str, sealed: &str) -> String {
        let mut parts = [self.token.expose(), timestamp, nonce, sealed];
        parts.sort_unstable();
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Checks the signature and opens the text; nothing is looked at before the signature is right.
    pub fn open(&self, signature: &str, timestamp: &str, nonce: &str, sealed: &str) -> Result<Vec<u8>, CallbackError> {
        if sealed.len() > MAX_BODY_BYTES {
            return Err(CallbackError::Sealed);
        }
        let expected = self.signature(timestamp, nonce, sealed);
        let given = signature.to_ascii_lowercase();
        verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).map_err(|_| CallbackError::Signature)?;
        self.decrypt(sealed)
    }

    fn decrypt(&self, sealed: &str) -> Result<Vec<u8>, CallbackError> {
        let mut bytes = STANDARD.decode(sealed).map_err(|_| CallbackError::Sealed)?;
        let key = DecryptingKey::cbc(self.unbound()?).map_err(|_| CallbackError::Sealed)?;
        let context = DecryptionContext::Iv128(self.iv()?);
        let plain = key.decrypt(&mut bytes, context).map_err(|_| CallbackError::Sealed)?;
        let (message, receiver) = take_apart(plain).ok_or(CallbackError::Sealed)?;
        if receiver != self.receive_id.as_bytes() {
            return Err(CallbackError::Receiver);
        }
        Ok(message.to_vec())
    }

    /// Seals a reply; `random` must be fresh random bytes.
    pub fn seal(&self, random: [u8; 16], message: &[u8]) -> Result<String, CallbackError> {
        let length = u32::try_from(message.len()).map_err(|_| CallbackError::Sealed)?;
        let mut bytes = [&random[..], &length.to_be_bytes(), message, self.receive_id.as_bytes()].concat();
        let pad = PAD_BLOCK - bytes.len() % PAD_BLOCK;
        let filler = u8::try_from(pad).map_err(|_| CallbackError::Sealed)?;
        bytes.resize(bytes.len() + pad, filler);
        let key = EncryptingKey::cbc(self.unbound()?).map_err(|_| CallbackError::Sealed)?;
        let context = EncryptionContext::Iv128(self.iv()?);
        key.less_safe_encrypt(&mut bytes, context).map_err(|_| CallbackError::Sealed)?;
        Ok(STANDARD.encode(bytes))
    }

    fn key_bytes(&self) -> Result<Vec<u8>, CallbackError> {
        STANDARD.decode(self.key.expose()).map_err(|_| CallbackError::Key)
    }

    fn unbound(&self) -> Result<UnboundCipherKey, CallbackError> {
        UnboundCipherKey::new(&AES_256, &self.key_bytes()?).map_err(|_| CallbackError::Key)
    }

    /// The protocol takes the beginning of the key.
    fn iv(&self) -> Result<FixedLength<IV_BYTES>, CallbackError> {
        FixedLength::try_from(&self.key_bytes()?[..IV_BYTES]).map_err(|_| CallbackError::Key)
    }
}

/// Message and receiver of a deciphered text whose padding is whole.
fn take_apart(plain: &[u8]) -> Option<(&[u8], &[u8])> {
    let pad = usize::from(*plain.last()?);
    if pad == 0 || pad > PAD_BLOCK || pad > plain.len() {
        return None;
    }
    let (content, padding) = plain.split_at(plain.len() - pad);
    if padding.iter().any(|byte| usize::from(*byte) != pad) {
        return None;
    }
    let length = content.get(HEAD_BYTES - 4..HEAD_BYTES)?.try_into().ok().map(u32::from_be_bytes)?;
    content[HEAD_BYTES..].split_at_checked(usize::try_from(length).ok()?)
}

/// The leaves of a callback's XML by dotted path below the root (`Encrypt`, `SelectedItems.SelectedItem.QuestionKey`);
/// of repeated ones the first. Document types and entities other than the five predefined are refused.
pub fn xml_fields(body: &[u8]) -> Result<BTreeMap<String, String>, CallbackError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(CallbackError::Xml);
    }
    let text = std::str::from_utf8(body).map_err(|_| CallbackError::Xml)?;
    let mut reader = Reader::from_str(text);
    let mut fields = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    loop {
        match reader.read_event().map_err(|_| CallbackError::Xml)? {
            Event::Start(tag) => {
                path.push(tag.name().as_ref().to_owned());
                value.clear();
                if path.len() > MAX_DEPTH || fields.len() > MAX_FIELDS {
                    return Err(CallbackError::Xml);
                }
            }
            Event::Text(text) => value.push_str(&text.xml10_content()),
            Event::CData(text) => value.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => value.push(resolve(&reference)?),
            Event::End(_) => {
                let leaf = std::mem::take(&mut value);
                if path.len() > 1 && !leaf.trim().is_empty() {
                    fields.entry(path[1..].join(".")).or_insert(leaf);
                }
                path.pop();
            }
            Event::DocType(_) => return Err(CallbackError::Xml),
            Event::Eof if path.is_empty() => return Ok(fields),
            Event::Eof => return Err(CallbackError::Xml),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, CallbackError> {
    if let Some(c) = reference.resolve_char_ref().map_err(|_| CallbackError::Xml)? {
        return Ok(c);
    }
    match reference.xml10_content().as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(CallbackError::Xml),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Vec<Value> {
        let all: Value = serde_json::from_str(include_str!("fixtures/callback_vectors.json")).unwrap();
        all["callback"].as_array().unwrap().clone()
    }

    fn callback(vector: &Value) -> Callback {
        let text = |name: &str| vector[name].as_str().unwrap();
        let key = Secret::new(text("encoding_aes_key"));
        Callback::new(Secret::new(text("token")), &key, text("receive_id")).unwrap()
    }

    #[test]
    fn the_published_vectors_open_and_seal_to_the_byte() {
        for vector in vectors() {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            let callback = callback(&vector);
            let signature = callback.signature(text("timestamp"), text("nonce"), text("encrypt"));
            if let Some(published) = vector["msg_signature"].as_str() {
                assert_eq!(signature, published, "{}", vector["id"]);
            }
            let opened = callback.open(&signature, text("timestamp"), text("nonce"), text("encrypt")).unwrap();
            assert_eq!(String::from_utf8(opened).unwrap(), text("msg"), "{}", vector["id"]);
            let random: Vec<u8> = (0..16)
                .map(|place| u8::from_str_radix(&text("random_hex")[2 * place..2 * place + 2], 16).unwrap())
                .collect();
            let sealed = callback.seal(random.try_into().unwrap(), text("msg").as_bytes()).unwrap();
            assert_eq!(sealed, text("encrypt"), "{}", vector["id"]);
        }
    }

    #[test]
    fn a_forged_or_damaged_callback_does_not_open() {
        let vector = &vectors()[0];
        let callback = callback(vector);
        let text = |name: &str| vector[name].as_str().unwrap();
        let open = |sealed: &str, signature: &str| callback.open(signature, text("timestamp"), text("nonce"), sealed);
        assert_eq!(open(text("encrypt"), "00"), Err(CallbackError::Signature));
        for sealed in ["", "AAAA", "not base64!", &STANDARD.encode([7; 64])] {
            let signature = callback.signature(text("timestamp"), text("nonce"), sealed);
            assert_eq!(open(sealed, &signature), Err(CallbackError::Sealed), "{sealed}");
        }
        let other =
            Callback::new(Secret::new(text("token")), &Secret::new(text("encoding_aes_key")), "wwOTHER").unwrap();
        assert_eq!(other.decrypt(text("encrypt")), Err(CallbackError::Receiver));
    }

    #[test]
    fn the_fields_of_an_event_are_read_and_tricks_are_refused() {
        let fields = xml_fields(
            b"<xml><Event><![CDATA[template_card_event]]></Event><A>x &amp; &#65;</A><S><I><Q>1</Q></I></S><N/></xml>",
        )
        .unwrap();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("A", "x & A"), ("Event", "template_card_event"), ("S.I.Q", "1")]);
        let deep = "<a>".repeat(40);
        for bad in ["<!DOCTYPE x [<!ENTITY e 'y'>]><xml><A>&e;</A></xml>", "<xml><A>&e;</A></xml>", "<xml><A>", &deep] {
            assert_eq!(xml_fields(bad.as_bytes()), Err(CallbackError::Xml), "{bad}");
        }
    }
}
