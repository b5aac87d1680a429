//! The office as the link sees it.

use std::{
    collections::BTreeMap,
    io::ErrorKind::NotFound,
    path::{Path, PathBuf},
    sync::Arc,
};

use niangjia_core::{
    Fault,
    identity::Identity,
    office::Office,
    replication::{
        Frontier, Incarnation, RecordId, Stream,
        wire::{About, Found, Kept, Lack, Received, Replica, ReplicaFault, held::Numbered},
    },
};

use crate::moment;

/// One exchange's view of the office; remembers which record types arrived.
pub(crate) struct OfficeReplica {
    pub(crate) office: Arc<Office>,
    pub(crate) touched: Vec<String>,
    pub(crate) begun: Begins,
    /// The end of the log when the frontiers were asked for last: so much is in step when the hub has the same.
    pub(crate) end: i64,
}

/// Where the beginning of a frame is kept that a break left: sealed bytes, as on the line, for the office and for its spool.
pub(crate) struct Begins(pub(crate) PathBuf);

impl Begins {
    pub(crate) fn of(data: &Path) -> Self {
        Self(data.join("line.part"))
    }

    pub(crate) fn begun(&self, stream: &Stream) -> Vec<u8> {
        let kept = std::fs::read(&self.0).unwrap_or_default();
        // The hub compares what is offered to it, so a torn or foreign file costs nothing but its bytes.
        let of = kept.iter().position(|byte| *byte == b'\n').map(|end| kept.split_at(end));
        of.filter(|(name, _)| *name == stream.to_string().as_bytes())
            .map_or_else(Vec::new, |(_, rest)| rest[1..].to_vec())
    }

    pub(crate) fn keep(&self, stream: &Stream, bytes: &[u8]) {
        let kept = if bytes.is_empty() {
            std::fs::remove_file(&self.0)
        } else {
            std::fs::write(&self.0, [stream.to_string().as_bytes(), b"\n", bytes].concat())
        };
        if let Err(cause) = kept.or_else(|cause| if cause.kind() == NotFound { Ok(()) } else { Err(cause) }) {
            tracing::debug!(%cause, "the beginning of a frame is not kept; it comes again whole");
        }
    }
}

fn failed(fault: Fault) -> ReplicaFault {
    ReplicaFault::new(fault)
}

impl Replica for OfficeReplica {
    fn compare_anew(&mut self) {
        self.office.compare_anew();
    }

    fn meets(&mut self, epoch: &Incarnation) -> Result<(), ReplicaFault> {
        self.office.meets(epoch).map_err(failed)
    }

    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault> {
        self.end = self.office.log_end().map_err(failed)?;
        self.office.frontiers().map_err(failed)
    }

    fn segments_after(
        &mut self,
        stream: &Stream,
        hub: &Frontier,
        max_bytes: usize,
    ) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.office.segments_after(stream, hub, max_bytes).map_err(failed)
    }

    fn certificates_of(&mut self, segment: &[u8]) -> Result<Option<Vec<u8>>, ReplicaFault> {
        self.office.certificates_of(segment).map_err(failed)
    }

    fn segments_below(&mut self, lack: &Lack, max_bytes: usize) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.office.segments_below(lack, max_bytes).map_err(failed)
    }

    fn holds_below(&mut self, lack: &Lack) -> Result<bool, ReplicaFault> {
        self.office.holds_below(lack).map_err(failed)
    }

    fn hears_of_the_lost(&mut self, told: &Lack) -> Result<bool, ReplicaFault> {
        self.office.hears_of_the_lost(told).map_err(failed)
    }

    fn heard_of_the_lost(&mut self, told: &Lack) {
        self.office.heard_of_the_lost(told);
    }

    fn receive(&mut self, stream: &Stream, segments: Vec<Vec<u8>>) -> Result<Received, ReplicaFault> {
        let (received, changed) = self.office.receive(stream, &segments, moment()).map_err(failed)?;
        for kind in changed.kinds {
            if !self.touched.contains(&kind) {
                self.touched.push(kind);
            }
        }
        Ok(Received { segments: received.segments, changes: received.changes, bytes: received.bytes })
    }

    fn hub_has(&mut self, stream: &Stream, frontier: &Frontier) -> Result<(), ReplicaFault> {
        self.office.hub_has(stream, frontier).map(drop).map_err(failed)
    }

    fn begun(&mut self, stream: &Stream) -> Vec<u8> {
        self.begun.begun(stream)
    }

    fn keep_begun(&mut self, stream: &Stream, bytes: &[u8]) {
        self.begun.keep(stream, bytes);
    }

    fn orders(&mut self, epoch: &Incarnation) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.office.orders_for(&epoch.to_string()).map_err(failed)
    }

    fn orders_told(&mut self, epoch: &Incarnation, orders: &[Vec<u8>]) -> Result<(), ReplicaFault> {
        self.office.orders_told(&epoch.to_string(), orders).map_err(failed)
    }

    fn wants_checkpoint(&mut self, stream: &Stream) -> Result<Option<Option<(RecordId, u32)>>, ReplicaFault> {
        self.office.wants_checkpoint(stream).map_err(failed)
    }

    fn stands_on(&mut self, stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        self.office.stands_on(stream).map_err(failed)
    }

    fn tried(&mut self, stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        self.office.tried(stream, moment().wall).map_err(failed)
    }

    fn checkpoint_for(&mut self, hub: &Incarnation) -> Result<Option<(Stream, Vec<u8>)>, ReplicaFault> {
        self.office.checkpoint_for(hub).map_err(failed)
    }

    fn checkpoint_sent(&mut self, hub: &Incarnation, part: &[u8]) -> Result<(), ReplicaFault> {
        self.office.checkpoint_sent(hub, part).map_err(failed)
    }

    fn due(&mut self) -> Result<bool, ReplicaFault> {
        self.office.compare_due(moment().wall).map_err(failed)
    }

    fn chains(&mut self) -> Result<Vec<Kept>, ReplicaFault> {
        self.office.chains_kept().map_err(failed)
    }

    fn held(&mut self, of: &Kept) -> Result<Vec<Numbered>, ReplicaFault> {
        self.office.segments_held(of).map_err(failed)
    }

    fn segment(&mut self, of: &Kept, segment: &Numbered) -> Result<Option<Vec<u8>>, ReplicaFault> {
        self.office.segment_bytes(of, segment).map_err(failed)
    }

    fn checked(&mut self, found: Found) -> Result<(), ReplicaFault> {
        self.office.compared(moment().wall, found).map_err(failed)
    }

    fn counts(&mut self) -> Result<BTreeMap<String, u64>, ReplicaFault> {
        self.office.told_to_hub().map_err(failed)
    }

    fn about(&self) -> Option<About> {
        let Identity { name, code, .. } = self.office.identity();
        Some(About { name: name.clone(), code: code.clone(), version: env!("CARGO_PKG_VERSION").to_owned() })
    }
}

/// The view of a county that is founded again: it takes everything and has nothing of its own yet.
pub(crate) struct Fetching<'o> {
    pub(crate) office: &'o Office,
}

impl Replica for Fetching<'_> {
    fn compare_anew(&mut self) {
        self.office.compare_anew();
    }

    fn meets(&mut self, epoch: &Incarnation) -> Result<(), ReplicaFault> {
        self.office.meets(epoch).map_err(failed)
    }

    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault> {
        self.office.frontiers().map_err(failed)
    }

    fn segments_after(&mut self, _: &Stream, _: &Frontier, _: usize) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        Ok(Vec::new())
    }

    fn segments_below(&mut self, lack: &Lack, max_bytes: usize) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        self.office.segments_below(lack, max_bytes).map_err(failed)
    }

    fn holds_below(&mut self, lack: &Lack) -> Result<bool, ReplicaFault> {
        self.office.holds_below(lack).map_err(failed)
    }

    fn wants_checkpoint(&mut self, stream: &Stream) -> Result<Option<Option<(RecordId, u32)>>, ReplicaFault> {
        // Everything as segments, as far as there are any.
        if self.office.only_summed_up(stream) { self.office.wants_checkpoint(stream).map_err(failed) } else { Ok(None) }
    }

    fn stands_on(&mut self, stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        self.office.stands_on(stream).map_err(failed)
    }

    fn tried(&mut self, stream: &Stream) -> Result<Vec<RecordId>, ReplicaFault> {
        self.office.tried(stream, moment().wall).map_err(failed)
    }

    fn takes_anything(&self) -> bool {
        self.office.takes_anything()
    }

    fn receive(&mut self, stream: &Stream, segments: Vec<Vec<u8>>) -> Result<Received, ReplicaFault> {
        let (received, _) = self.office.receive(stream, &segments, moment()).map_err(failed)?;
        Ok(Received { segments: received.segments, changes: received.changes, bytes: received.bytes })
    }

    fn hub_has(&mut self, stream: &Stream, frontier: &Frontier) -> Result<(), ReplicaFault> {
        self.office.hub_has(stream, frontier).map(drop).map_err(failed)
    }
}
