//! The parts of a checkpoint, filled one after the other and sealed.

use niangjia_replication::{
    block,
    change::{Change, Value},
    checkpoint::{self, Draft, Item, Signed},
    keys::{Cert, Signer},
    planted::SMALL_OFFICES,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;
use rusqlite::params;

use super::{
    super::versions::damaged,
    Id,
    make::{Maker, Plan},
};
use crate::fault::Fault;

/// In the small offices of tests a part holds a few records, so that checkpoints come in several there too.
const SMALLER: usize = if SMALL_OFFICES { 250 } else { 1 };
/// Plain bytes of one part at most: never more than a frame, even where nothing packs.
pub(super) const LARGEST: usize = 1_000_000;
/// Plain bytes after which the next part begins.
const PART: usize = LARGEST / SMALLER;
/// Plain bytes of one block, as far as can be told before it is one.
const BLOCK: usize = 200_000 / SMALLER;
/// Changes of one block.
const CHANGES: usize = 2_000;

/// Fills parts and seals them, the last one marked.
pub(super) struct Writer<'m, 'r> {
    maker: &'m Maker<'m>,
    plan: &'m Plan,
    rng: &'r mut ChaCha20Rng,
    id: Id,
    certs: Vec<Cert>,
    signed: Vec<Signed>,
    part: u32,
    items: Vec<Item>,
    bytes: usize,
    changes: Vec<Change>,
    waiting: usize,
}

impl<'m, 'r> Writer<'m, 'r> {
    pub(super) fn begin(
        maker: &'m Maker<'m>,
        stream: i64,
        plan: &'m Plan,
        signed: Vec<Signed>,
        rng: &'r mut ChaCha20Rng,
    ) -> Result<Self, Fault> {
        debug_assert_eq!(plan.stream, stream, "one plan, one stream");
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let certs = maker.log.certs()?;
        let (items, changes) = (Vec::new(), Vec::new());
        Ok(Self { maker, plan, rng, id, certs, signed, part: 0, items, bytes: 0, changes, waiting: 0 })
    }

    pub(super) fn change(&mut self, change: Change) -> Result<(), Fault> {
        self.waiting += 64 + change.sets.iter().map(|s| 8 + weight(&s.value)).sum::<usize>();
        self.changes.push(change);
        if self.waiting >= BLOCK || self.changes.len() >= CHANGES { self.block() } else { Ok(()) }
    }

    /// Closes the block that is open.
    pub(super) fn block(&mut self) -> Result<(), Fault> {
        let changes = std::mem::take(&mut self.changes);
        self.waiting = 0;
        if changes.is_empty() {
            return Ok(());
        }
        self.put(Item::Settled(block::encode(&changes).map_err(damaged)?))
    }

    pub(super) fn put(&mut self, item: Item) -> Result<(), Fault> {
        let size = match &item {
            Item::Summary(told) => {
                told.chains.iter().map(|c| 80 + c.tags.len()).sum::<usize>() + 120 * told.standings.len()
            }
            Item::Settled(block) | Item::Parked { block, .. } | Item::Receipt(block) => block.len(),
        };
        if !self.items.is_empty() && self.bytes + size > PART {
            self.seal(false)?;
        }
        self.bytes += size;
        self.items.push(item);
        Ok(())
    }

    fn seal(&mut self, last: bool) -> Result<(), Fault> {
        self.part += 1;
        let (maker, stream) = (self.maker, *self.maker.memory.stream_name(self.plan.stream)?);
        let key = maker.log.keys.newest(&stream).ok_or_else(|| damaged("stream key to sum up under"))?;
        let cert = self.certs.last().ok_or_else(|| damaged("certificates"))?.id();
        let signer = Signer { key: maker.log.keys.device.clone(), cert };
        let draft = Draft {
            stream,
            maker: maker.memory.incarnation(maker.memory.own)?,
            id: self.id,
            part: self.part,
            last,
            cover: &self.plan.cover,
            signed: &self.signed,
            certs: &self.certs,
        };
        let bytes =
            checkpoint::seal(&draft, &std::mem::take(&mut self.items), key, &signer, self.rng).map_err(damaged)?;
        self.bytes = 0;
        maker
            .conn
            .prepare_cached(
                "INSERT INTO checkpoint_part (id, part, stream, last, mine, bytes) VALUES (?1, ?2, ?3, ?4, 1, ?5)",
            )?
            .execute(params![self.id, self.part, self.plan.stream, last, bytes])?;
        Ok(())
    }

    /// Seals what is left; checkpoints made here before are not needed any more, but for the one that the log stands on.
    pub(super) fn finish(mut self) -> Result<Id, Fault> {
        self.seal(true)?;
        self.maker
            .conn
            .prepare_cached(
                "DELETE FROM checkpoint_part WHERE stream = ?1 AND mine = 1 AND id <> ?2 AND id NOT IN (SELECT checkpoint FROM base)",
            )?
            .execute(params![self.plan.stream, self.id])?;
        Ok(self.id)
    }
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Text(t) => t.len(),
        Value::Bytes(b) | Value::Other(b) => b.len(),
        Value::Null | Value::Bool(_) | Value::Int(_) => 1,
    }
}
