//! Replay: the log becomes rows again, and what waited for its key becomes rows at last.

use std::collections::HashSet;

use niangjia_replication::{Block, Head, Incarnation, Limits, change::Change, planted};

use super::{
    deeds_of,
    forks::Carrier,
    intake::Intake,
    log::{Fresh, Opened, put_out},
    orders::{self, Why},
    versions::damaged,
};
use crate::fault::Fault;

/// Number, stream, chain, hash and bytes of a segment.
type Waiting = (i64, i64, i64, [u8; 32], Vec<u8>);

impl Intake<'_> {
    /// Applies segments whose key has come, each chain in its order. Returns the changes that were new.
    pub(crate) fn open_keyless(&mut self) -> Result<u64, Fault> {
        let mut count = 0;
        loop {
            let mut rows = self.conn.prepare_cached(
                "SELECT s.no, s.stream, s.chain, s.hash, s.bytes FROM aside a CROSS JOIN segment s ON s.no = a.segment WHERE a.why = 2 ORDER BY s.no",
            )?;
            let waiting: Vec<Waiting> = rows
                .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?
                .collect::<Result<_, _>>()?;
            let (mut blocked, mut settled) = (HashSet::new(), false);
            for (no, stream, chain, hash, bytes) in waiting {
                let opened = self.log.reopen(self.conn, &bytes)?.1;
                if let Opened::Changes(changes, _) = &opened {
                    self.collect(&self.memory.stream_name(stream)?.clone(), changes)?;
                }
                match opened {
                    _ if blocked.contains(&(stream, chain)) => {}
                    Opened::Keyless => drop(blocked.insert((stream, chain))),
                    Opened::Bad(_) => {
                        orders::set_aside(self.conn, no, Why::Unreadable)?;
                        settled = true;
                    }
                    Opened::Changes(changes, county) => {
                        self.conn.prepare_cached("DELETE FROM aside WHERE segment = ?1")?.execute([no])?;
                        let name = self.memory.incarnation(chain)?;
                        let carried = self.place(no, &name, &changes)?;
                        self.forked |= self.parts((stream, chain, carried), &changes)?;
                        if self.forked {
                            self.expect((stream, chain, carried), &changes)?;
                        } else {
                            let carrier = Carrier { stream, chain: name, hash: Some(hash) };
                            count += self.apply(carrier, &changes, county)?;
                        }
                        settled = true;
                    }
                }
            }
            if !settled {
                break;
            }
        }
        self.unpark()?;
        Ok(count)
    }

    /// Notes which changes a segment carries that came unopened. Returns their incarnation.
    fn place(&mut self, no: i64, chain: &Incarnation, changes: &[Change]) -> Result<i64, Fault> {
        let (carried, first, last) = self.span(chain, changes)?;
        self.conn
            .prepare_cached("UPDATE segment SET carried = ?2, first_ctr = ?3, last_ctr = ?4 WHERE no = ?1")?
            .execute([no, carried, first, last])?;
        Ok(carried)
    }

    /// Takes back a block of this PC that the database does not hold: applied, and to be sent again under its own ids.
    pub(crate) fn take_back(&mut self, entry: &super::TailBlock) -> Result<u64, Fault> {
        let stream = self.memory.stream(self.conn, &entry.stream)?;
        let inc = self.memory.number(self.conn, entry.incarnation)?;
        if self.memory.held_on_any_branch(stream, inc, entry.last) {
            return Ok(0);
        }
        let county = self.log.keys.issuing.is_some();
        let carrier = self.waiting_in(stream)?;
        let changes = decoded(&entry.block)?;
        self.collect(&entry.stream, &changes)?;
        let count = self.replay_changes(carrier, changes, county)?;
        self.unpark()?;
        put_out(
            self.conn,
            &[Fresh {
                stream,
                inc,
                changes: entry.changes,
                deeds: deeds_of(&entry.stream, &entry.block)?,
                first: entry.first,
                last: entry.last,
                block: entry.block.clone(),
            }],
        )?;
        Ok(count)
    }

    /// Replays the whole log: what checkpoints stand for, segments in the order in which they came, then what waits in the outbox.
    pub(crate) fn replay(&mut self) -> Result<u64, Fault> {
        self.disown()?;
        let mut count = self.replay_bases()?;
        let mut blocked = HashSet::new();
        let mut rows = self.conn.prepare(
            "SELECT no, stream, chain, seq, hash, bytes, last_ctr FROM segment s WHERE NOT EXISTS (
               SELECT 1 FROM base b WHERE b.stream = s.stream AND b.chain = s.chain AND b.seq >= s.seq) ORDER BY no",
        )?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let (no, stream, number): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (seq, hash) = (row.get::<_, i64>(3)?.unsigned_abs(), row.get(4)?);
            let chain = self.memory.incarnation(number)?;
            let (signer, opened) = self.log.reopen(self.conn, row.get_ref(5)?.as_blob().map_err(damaged)?)?;
            let beyond = match &signer {
                Some(signer) => self.beyond(signer, stream, number, &chain, &Head { seq, hash })?,
                None => false,
            };
            let why = match &opened {
                _ if beyond => Why::Order,
                Opened::Bad(_) => Why::Unreadable,
                Opened::Keyless => Why::Key,
                Opened::Changes(..) if blocked.contains(&(stream, number)) => Why::Key,
                Opened::Changes(..) => {
                    let Opened::Changes(changes, county) = opened else { continue };
                    if row.get::<_, i64>(6)? == 0 {
                        self.place(no, &chain, &changes)?;
                    }
                    let carrier = Carrier { stream, chain, hash: Some(hash) };
                    count += self.replay_changes(carrier, changes, county)?;
                    continue;
                }
            };
            if why == Why::Key {
                blocked.insert((stream, number));
            }
            orders::set_aside(self.conn, no, why)?;
        }
        let county = self.log.keys.issuing.is_some();
        let mut rows = self.conn.prepare("SELECT stream, block FROM outbox ORDER BY no")?;
        let mut rows = rows.query([])?;
        while let (Some(row), false) = (rows.next()?, planted!("rebuild skips the outbox")) {
            let carrier = self.waiting_in(row.get(0)?)?;
            let changes = decoded(row.get_ref(1)?.as_blob().map_err(damaged)?)?;
            count += self.replay_changes(carrier, changes, county)?;
        }
        self.unpark()?;
        Ok(count)
    }

    /// What waits in the outbox will go out on this PC's own chain.
    fn waiting_in(&self, stream: i64) -> Result<Carrier, Fault> {
        Ok(Carrier { stream, chain: self.memory.incarnation(self.memory.own)?, hash: None })
    }

    fn replay_changes(&mut self, carrier: Carrier, mut changes: Vec<Change>, county: bool) -> Result<u64, Fault> {
        if planted!("rebuild skips events") {
            changes.iter_mut().for_each(|c| c.event = None);
        }
        self.apply(carrier, &changes, county)
    }
}

fn decoded(block: &[u8]) -> Result<Vec<Change>, Fault> {
    let block = Block::decode(block, &Limits::STANDARD).map_err(damaged)?;
    Ok(block.changes().map(|c| c.to_owned()).collect())
}
