//! A stick in somebody's pocket, and what lies on it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use niangjia_core::replication::{
    Limits, Segment, Stream,
    packet::{Item, Reader},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::Desk;

/// A stick in somebody's pocket.
#[must_use]
pub fn stick() -> TempDir {
    tempfile::tempdir().expect("a stick")
}

/// A county without a hub, and 平明镇 that has joined it by a packet and a telephone call.
pub async fn pair(stick: &Path) -> (Desk, Desk) {
    let county = Desk::county().await;
    let (invite, code) = county.invitation(stick, "平明镇总工会", "320722104").await;
    let pingming = Desk::joined(&invite, &code, "李强").await;
    (county, pingming)
}

/// One file of a packet of one part.
pub async fn packet(from: &Desk, to: &str, stick: &Path) -> PathBuf {
    let files = from.export(to, stick).await;
    assert_eq!(files.len(), 1);
    files[0].clone()
}

/// What lies in a file.
#[must_use]
pub fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Streams of the segments in a packet.
#[must_use]
pub fn streams(path: &Path) -> BTreeSet<Stream> {
    let (mut reader, mut streams) = (Reader::default(), BTreeSet::new());
    reader.push(&bytes(path));
    while let Some(item) = reader.take().unwrap() {
        if let Item::Segment(segment) = item {
            streams.insert(Segment::parse(&segment, &Limits::STANDARD).unwrap().header().stream);
        }
    }
    reader.finish().unwrap();
    streams
}

/// One count of what a packet brought.
#[must_use]
pub fn received(answer: &Value, what: &str) -> u64 {
    answer["received"][what].as_u64().unwrap()
}

/// Numbers of nobody, with a right check digit.
#[must_use]
pub fn number(n: usize) -> String {
    let digits = format!("99010119800101{:03}", 100 + n);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = digits.bytes().zip(weights).map(|(d, w)| usize::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[sum % 11]))
}
