//! The office as the link sees it.

use std::{collections::BTreeMap, sync::Arc};

use niangjia_core::{
    Fault,
    office::Office,
    replication::{
        Frontier, Stream,
        wire::{Received, Replica, ReplicaFault},
    },
};

use crate::moment;

/// One exchange's view of the office; remembers which record types arrived.
pub(crate) struct OfficeReplica {
    pub(crate) office: Arc<Office>,
    pub(crate) touched: Vec<String>,
}

fn failed(fault: Fault) -> ReplicaFault {
    ReplicaFault::new(fault)
}

impl Replica for OfficeReplica {
    fn frontiers(&mut self) -> Result<Vec<(Stream, Frontier)>, ReplicaFault> {
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

    fn counts(&mut self) -> Result<BTreeMap<String, u64>, ReplicaFault> {
        Ok(BTreeMap::new())
    }
}
