//! Raw payloads of one applied page as one blob: segment format v1.
//!
//! ```text
//! "BHSG" · version u8 = 1 · codec u8 · records u32 LE · meta length u32 LE · index: records × (length u32 LE) · meta · frames
//! ```
//! Meta is JSON: how the payloads are to be read (column names of rows) and the connector's complaints by position, so
//! that a stored record can be mapped again years later. Codec 1: the frames are one zstd stream of all payloads (ERP
//! JSON shrinks six to ten times only when records share a window). Codec 2 (`personal` streams): each frame is key id
//! (16 bytes) · nonce (12) · AES-256-GCM of the zstd-compressed payload, so that erasing one person is deleting one key;
//! the index then gives lengths of frames.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use bihuan_connectors::sdk::PayloadShape;
use serde::{Deserialize, Serialize};

use super::error::{Result, StoreError};
use crate::domain::Id;

const MAGIC: &[u8; 4] = b"BHSG";
const VERSION: u8 = 1;
const HEADER: usize = 14;
const ZSTD: u8 = 1;
const ENCRYPTED: u8 = 2;
/// Level 1 packs a page of JSON at several hundred MB a second; higher levels gain a tenth and cost triple.
const LEVEL: i32 = 1;
/// A page is bounded far below this by the connectors; a larger claim in a header is damage.
const MAX_RAW_BYTES: usize = 1 << 30;
const KEY_ID: usize = 16;
pub const SECRET: usize = 32;

/// The key of one data subject.
#[derive(Clone)]
pub struct DataKey {
    pub id: Id,
    pub secret: [u8; SECRET],
}

fn corrupt(problem: &str) -> StoreError {
    StoreError::Corrupt { what: "raw segment", problem: problem.to_owned() }
}

/// What is true of a whole segment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meta {
    shape: Shape,
    /// Why the connector could not take a record apart, by position.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    problems: BTreeMap<usize, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    #[default]
    Json,
    Row(Vec<String>),
    Opaque,
}

impl Meta {
    pub fn new<'a>(shape: &PayloadShape, problems: impl Iterator<Item = Option<&'a str>>) -> Self {
        let shape = match shape {
            PayloadShape::Json => Shape::Json,
            PayloadShape::Row(columns) => Shape::Row(columns.to_vec()),
            PayloadShape::Opaque => Shape::Opaque,
        };
        let problems = problems.enumerate().filter_map(|(position, text)| Some((position, text?.to_owned())));
        Self { shape, problems: problems.collect() }
    }

    pub fn shape(&self) -> PayloadShape {
        match &self.shape {
            Shape::Json => PayloadShape::Json,
            Shape::Row(columns) => PayloadShape::Row(columns.as_slice().into()),
            Shape::Opaque => PayloadShape::Opaque,
        }
    }

    pub fn problem(&self, position: usize) -> Option<&str> {
        self.problems.get(&position).map(String::as_str)
    }
}

fn header(codec: u8, meta: &Meta, lengths: &[usize]) -> Result<Vec<u8>> {
    let meta = serde_json::to_vec(meta).map_err(|error| corrupt(&error.to_string()))?;
    let mut out = Vec::with_capacity(HEADER + lengths.len() * 4 + meta.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[VERSION, codec]);
    let counts = [lengths.len(), meta.len()];
    for &number in counts.iter().chain(lengths) {
        out.extend_from_slice(&u32::try_from(number).map_err(|_| corrupt("too long"))?.to_le_bytes());
    }
    out.extend_from_slice(&meta);
    Ok(out)
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|error| corrupt(&error.to_string()))
}

pub fn encode(meta: &Meta, payloads: &[&[u8]]) -> Result<Vec<u8>> {
    let lengths: Vec<usize> = payloads.iter().map(|payload| payload.len()).collect();
    let mut out = header(ZSTD, meta, &lengths)?;
    out.extend_from_slice(&compress(&payloads.concat())?);
    Ok(out)
}

/// One encrypted frame a record, each with the key of its data subject.
pub fn encode_personal(meta: &Meta, payloads: &[(&[u8], &DataKey)]) -> Result<Vec<u8>> {
    let frames: Vec<Vec<u8>> = payloads.iter().map(|(payload, key)| seal(payload, key)).collect::<Result<_>>()?;
    let lengths: Vec<usize> = frames.iter().map(Vec::len).collect();
    let mut out = header(ENCRYPTED, meta, &lengths)?;
    frames.iter().for_each(|frame| out.extend_from_slice(frame));
    Ok(out)
}

fn cipher(secret: &[u8; SECRET]) -> Result<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, secret).map(LessSafeKey::new).map_err(|_| corrupt("unusable key"))
}

fn seal(payload: &[u8], key: &DataKey) -> Result<Vec<u8>> {
    let mut nonce = [0_u8; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| corrupt("no randomness for a nonce"))?;
    let mut sealed = compress(payload)?;
    cipher(&key.secret)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(key.id.0), &mut sealed)
        .map_err(|_| corrupt("encryption failed"))?;
    Ok([key.id.0.as_slice(), &nonce, &sealed].concat())
}

/// A stored segment, taken apart.
#[derive(Debug)]
pub struct Segment {
    pub meta: Meta,
    codec: u8,
    lengths: Vec<usize>,
    frames: Vec<u8>,
}

/// One record of a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Plain(&'a [u8]),
    /// To be opened with the key of this id; when the key is gone, the person was erased.
    Sealed {
        key: Id,
        frame: &'a [u8],
    },
}

pub fn decode(body: &[u8]) -> Result<Segment> {
    if body.len() < HEADER || &body[..4] != MAGIC {
        return Err(corrupt("no segment header"));
    }
    if body[4] != VERSION {
        return Err(corrupt("unknown format version"));
    }
    let count = read_u32(body, 6)?;
    let index_end = count.checked_mul(4).and_then(|size| size.checked_add(HEADER)).ok_or_else(|| corrupt("index"))?;
    let start = index_end.checked_add(read_u32(body, 10)?).ok_or_else(|| corrupt("meta"))?;
    if body.len() < start {
        return Err(corrupt("header is cut off"));
    }
    let meta = serde_json::from_slice(&body[index_end..start]).map_err(|error| corrupt(&error.to_string()))?;
    let lengths: Vec<usize> =
        (0..count).map(|record| read_u32(body, HEADER + record * 4)).collect::<Result<Vec<_>>>()?;
    let total = lengths.iter().try_fold(0_usize, |sum, length| sum.checked_add(*length));
    let total = total.filter(|total| *total <= MAX_RAW_BYTES).ok_or_else(|| corrupt("impossible length"))?;
    let frames = match body[5] {
        ZSTD => zstd::bulk::decompress(&body[start..], total).map_err(|error| corrupt(&error.to_string()))?,
        ENCRYPTED => body[start..].to_vec(),
        _ => return Err(corrupt("unknown codec")),
    };
    if frames.len() != total {
        return Err(corrupt("payloads are cut off"));
    }
    Ok(Segment { meta, codec: body[5], lengths, frames })
}

fn read_u32(body: &[u8], at: usize) -> Result<usize> {
    let bytes = body.get(at..at + 4).and_then(|slice| <[u8; 4]>::try_from(slice).ok());
    bytes.map(|bytes| u32::from_le_bytes(bytes) as usize).ok_or_else(|| corrupt("cut off"))
}

impl Segment {
    pub fn frame(&self, position: usize) -> Result<Frame<'_>> {
        let length = *self.lengths.get(position).ok_or_else(|| corrupt("no such record"))?;
        let start: usize = self.lengths[..position].iter().sum();
        let frame = &self.frames[start..start + length];
        if self.codec == ZSTD {
            return Ok(Frame::Plain(frame));
        }
        let key = frame.get(..KEY_ID).and_then(Id::from_slice).ok_or_else(|| corrupt("frame without key id"))?;
        Ok(Frame::Sealed { key, frame: &frame[KEY_ID..] })
    }
}

/// Opens a sealed frame.
pub fn open(frame: &[u8], key: &DataKey) -> Result<Vec<u8>> {
    let nonce = frame.get(..NONCE_LEN).and_then(|slice| <[u8; NONCE_LEN]>::try_from(slice).ok());
    let nonce = Nonce::assume_unique_for_key(nonce.ok_or_else(|| corrupt("frame without nonce"))?);
    let mut sealed = frame[NONCE_LEN..].to_vec();
    let plain = cipher(&key.secret)?
        .open_in_place(nonce, Aad::from(key.id.0), &mut sealed)
        .map_err(|_| corrupt("frame does not fit its key"))?;
    zstd::bulk::decompress(plain, MAX_FRAME_BYTES).map_err(|error| corrupt(&error.to_string()))
}

/// One chat message with everything quoted in it; connectors bound a page to less.
const MAX_FRAME_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_out_as_they_went_in() {
        let columns = PayloadShape::Row(vec!["a".to_owned(), "b".to_owned()].into());
        let meta = Meta::new(&columns, [None, Some("too many columns"), None].into_iter());
        let segment = decode(&encode(&meta, &[b"{\"a\":1}", b"", b"\xff\x00"]).unwrap()).unwrap();
        let frames: Vec<_> = (0..3).map(|position| segment.frame(position).unwrap()).collect();
        assert_eq!(frames, [Frame::Plain(b"{\"a\":1}"), Frame::Plain(b""), Frame::Plain(b"\xff\x00")]);
        assert!(segment.frame(3).is_err());
        assert_eq!(segment.meta.shape(), columns);
        assert_eq!((segment.meta.problem(1), segment.meta.problem(2)), (Some("too many columns"), None));
    }

    #[test]
    fn a_personal_record_is_readable_with_its_own_key_only() {
        let mine = DataKey { id: Id([1; 16]), secret: [7; SECRET] };
        let other = DataKey { id: Id([1; 16]), secret: [8; SECRET] };
        let body = encode_personal(&Meta::default(), &[(b"hello".as_slice(), &mine)]).unwrap();
        assert!(!body.windows(5).any(|window| window == b"hello"));
        let segment = decode(&body).unwrap();
        let Frame::Sealed { key, frame } = segment.frame(0).unwrap() else { panic!("sealed") };
        assert_eq!(key, mine.id);
        assert_eq!(open(frame, &mine).unwrap(), b"hello");
        assert!(open(frame, &other).is_err());
    }

    #[test]
    fn damage_is_an_error_never_a_panic() {
        let body = encode(&Meta::default(), &[b"abc", b"defghij"]).unwrap();
        for cut in 0..body.len() {
            assert!(decode(&body[..cut]).is_err(), "cut at {cut}");
        }
        let mut claims_too_much = body.clone();
        claims_too_much[HEADER..HEADER + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(&claims_too_much).is_err());
    }
}
