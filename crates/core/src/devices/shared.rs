//! What county PCs tell each other: the keys of offices that were invited after a further county PC had joined. They stand
//! in the county's own stream, which county PCs alone can open.

use niangjia_derive::Record;
use niangjia_replication::{Stream, keys::StreamKey};
use rusqlite::Connection;

use crate::{
    fault::Fault,
    identity::Keys,
    office::{Desk, Office},
    record::Record as _,
    store::{memory::Memory, rows, set_secret},
};

/// The key of one stream in one epoch, from one county PC to the others.
#[derive(Clone, Record)]
#[record(name = "shared_key", plural = "shared_keys", zh = "数据流密钥", en = "Stream key", title = "of")]
pub struct SharedKey {
    #[field(zh = "数据流", en = "Stream", required)]
    pub of: String,
    #[field(zh = "期次", en = "Epoch")]
    pub epoch: Option<i64>,
    #[field(zh = "密钥", en = "Key", kind = "bytes")]
    pub key: Vec<u8>,
}

/// Tells the county's other PCs of new keys.
pub(crate) fn tell(desk: &mut Desk<'_>, keys: &[(Stream, StreamKey)]) -> Result<(), Fault> {
    let own = desk.office().own_stream();
    for (stream, key) in keys {
        desk.act.create(&own, SharedKey::of(*stream, key), None)?;
    }
    Ok(())
}

impl SharedKey {
    pub(super) fn of(stream: Stream, key: &StreamKey) -> Self {
        Self { of: stream.to_string(), epoch: Some(i64::from(key.epoch())), key: key.secret().to_vec() }
    }
}

impl Office {
    /// Takes up keys that another PC of the county has told of; returns whether any was new. They need no place in the tail: an old copy of the
    /// database learns them again from the same records.
    pub(super) fn told(&self, conn: &Connection, memory: &Memory, keys: &mut Keys) -> Result<bool, Fault> {
        let before = keys.streams.len();
        let layout = self.store.schema.kind(SharedKey::TYPE.name).ok_or_else(Fault::not_found)?;
        // Only from the stream that nobody but the county writes.
        let own = memory.known_stream(&self.own_stream());
        for row in rows::select(conn, layout, "void = 0 AND stream = ?1", &[&own])? {
            let told = SharedKey::from_values(&row.values)?;
            let epoch = told.epoch.and_then(|epoch| u32::try_from(epoch).ok());
            let (Ok(stream), Some(epoch), Ok(key)) =
                (told.of.parse::<Stream>(), epoch, <[u8; 32]>::try_from(told.key.as_slice()))
            else {
                continue;
            };
            if keys.streams.contains_key(&(stream, epoch)) {
                continue;
            }
            let key = StreamKey::from_bytes(epoch, &key);
            set_secret(conn, &Keys::secret_name(&stream, epoch), key.secret())?;
            keys.streams.insert((stream, epoch), key);
        }
        Ok(keys.streams.len() > before)
    }
}
