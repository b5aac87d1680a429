//! Taking a checkpoint in: part by part as they come, then all at once; and again whenever the tables are made anew.

use std::collections::BTreeSet;

use niangjia_replication::{
    Bad, Block, Frontier, Head, Incarnation, Limits, Segment,
    change::{Change, Hlc},
    checkpoint::{Item, Part, Summary, TAG},
    keys::{chain_from_cbor, verify_chain},
    planted,
};
use rusqlite::{OptionalExtension as _, params};

use super::{
    super::{
        apply::{RECEIPT, counter},
        base, forks,
        forks::{Carrier, Forks},
        heads,
        intake::{Intake, Taken, park},
        log::Opened,
        said,
        versions::damaged,
    },
    Id,
    counts::nested,
    cover,
    disown::{made, wants_another},
    items,
    make::owned,
    stood_on, summary,
};
use crate::fault::Fault;

impl Intake<'_> {
    /// Takes one part of a checkpoint; with the last one it becomes rows.
    pub(in crate::store) fn take_part(&mut self, number: i64, part: Part<'_>, bytes: &[u8]) -> Result<Taken, Fault> {
        let Some(root) = self.log.keys.root else {
            return Ok(Taken::Aside(Bad::Untrusted("this office follows no county")));
        };
        let header = part.header().clone();
        // The registrar keeps every segment: what others have let go of is asked for there.
        if self.log.keys.issuing.is_some() && !self.only_summed_up {
            return Ok(Taken::Known);
        }
        let mut known = self.conn.prepare_cached("SELECT 1 FROM checkpoint_part WHERE id = ?1 AND part = ?2")?;
        if known.exists(params![header.id, header.part])? {
            return Ok(Taken::Known);
        }
        let verified = match part.verify(&root) {
            Ok(verified) => verified,
            Err(bad) => return Ok(Taken::Aside(bad)),
        };
        self.summed.insert(header.id);
        let Some(key) = self.log.keys.streams.get(&(header.stream, header.epoch)) else {
            // The segments that it stands for bring the grant of that key, or are held until it comes.
            return Ok(Taken::Known);
        };
        // Looked into before it is kept: what cannot be read would be met only when the tables are made again.
        let opened = verified.open(key, &Limits::STANDARD).and_then(|items| {
            items.iter().try_for_each(|item| match item {
                Item::Settled(block) | Item::Parked { block, .. } => Block::decode(block, &Limits::STANDARD).map(drop),
                Item::Receipt(segment) => Segment::parse(segment, &Limits::STANDARD).map(drop),
                Item::Summary(_) => Ok(()),
            })?;
            Ok(items)
        });
        let items = match opened {
            Ok(items) => items,
            Err(bad) => return Ok(Taken::Aside(bad)),
        };
        if header.part == 1 {
            // Seen with its first part, or all of it would come again and again.
            let beside = match items.first() {
                Some(Item::Summary(told)) => self.fits_beside(number, &header.cover, told)?,
                _ => true,
            };
            if !beside || self.has_all(number, &header.cover)? {
                return Ok(Taken::Known);
            }
        }
        // Where something is held already, a checkpoint is looked at in its order, or a lost first part would leave the rest
        // lying here.
        if header.part > 1 && !self.begun(number, &header.id)? {
            return Ok(Taken::Known);
        }
        self.conn
            .prepare_cached(
                "INSERT INTO checkpoint_part (id, part, stream, last, mine, bytes) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
            )?
            .execute(params![header.id, header.part, number, header.last, bytes])?;
        let (there, last): (i64, Option<i64>) = self
            .conn
            .prepare_cached(
                "SELECT count(*), max(CASE WHEN last = 1 THEN part END) FROM checkpoint_part WHERE id = ?1",
            )?
            .query_row([header.id], |r| Ok((r.get(0)?, r.get(1)?)))?;
        if last != Some(there) {
            return Ok(Taken::New(0));
        }
        // Only the first part says what is covered, and this need not be it.
        let cover = cover(self.conn, &header.id)?;
        Ok(Taken::New(self.load(number, &header.id, &cover)?))
    }

    fn begun(&self, stream: i64, id: &Id) -> Result<bool, Fault> {
        let mut first = self.conn.prepare_cached("SELECT 1 FROM checkpoint_part WHERE id = ?1 AND part = 1")?;
        let mut held = self.conn.prepare_cached("SELECT 1 FROM segment WHERE stream = ?1 AND mine = 0")?;
        Ok(first.exists([id])? || !held.exists([stream])?)
    }

    /// Whether nothing would come of a checkpoint: all that it covers is here, or stands in one that is believed.
    pub(super) fn has_all(&mut self, stream: i64, cover: &Frontier) -> Result<bool, Fault> {
        if wants_another(self.conn, &self.log, stream)? {
            return Ok(false);
        }
        for (chain, seen) in cover.chains() {
            let chain = self.memory.number(self.conn, chain.0)?;
            for head in seen {
                if !heads::holds(self.conn, stream, chain, head)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether the log may stand on a checkpoint: nothing of what is held here may be forgotten by it.
    pub(super) fn fits(&mut self, stream: i64, id: &Id, cover: &Frontier, summary: &Summary) -> Result<bool, Fault> {
        for (chain, seen) in cover.chains() {
            let [head] = seen else { return Ok(false) };
            let tags = summary.chains.iter().find(|c| c.chain == chain).map_or(&[][..], |c| &c.tags);
            let named = usize::try_from(head.seq).is_ok_and(|seq| seq.checked_mul(TAG) == Some(tags.len()));
            if !named || !tags.ends_with(&head.hash[..TAG]) {
                return Ok(false);
            }
            let number = self.memory.number(self.conn, chain.0)?;
            // What the incarnations before this one wrote may have been lost here; of the present one it is another life's.
            let own = number == self.memory.own;
            if forks::is_forked(self.conn, stream, number)? || (own && !heads::holds(self.conn, stream, number, head)?)
            {
                return Ok(false);
            }
            // What is held of the chain must be of the branch that the checkpoint stands for.
            let mut held = self
                .conn
                .prepare_cached("SELECT seq, hash FROM segment WHERE stream = ?1 AND chain = ?2 AND seq <= ?3")?;
            let rows = held.query_map(params![stream, number, i64::try_from(head.seq).map_err(damaged)?], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, [u8; 32]>(1)?))
            })?;
            for row in rows {
                let (seq, hash) = row?;
                let at = usize::try_from(seq - 1).map_err(damaged)? * TAG;
                if tags.get(at..at + TAG) != Some(&hash[..TAG]) {
                    return Ok(false);
                }
            }
        }
        if !self.fits_beside(stream, cover, summary)? {
            return Ok(false);
        }
        for standing in &summary.standings {
            let inc = self.memory.number(self.conn, standing.incarnation.0)?;
            if forks::is_forked(self.conn, stream, inc)? && self.told_twice(stream, inc, id)? {
                return Ok(false);
            }
            if !self.holds_all_of(stream, inc, standing)? && self.beside(stream, inc, standing, cover)?.is_none() {
                return Ok(false);
            }
            if !self.means_the_same(stream, inc, id, standing)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a checkpoint goes with those that the log stands on: none names another branch, and where it stands for less of some chain,
    /// the segments between are here, or the one that stands for them goes on standing beside it.
    fn fits_beside(&mut self, stream: i64, cover: &Frontier, summary: &Summary) -> Result<bool, Fault> {
        let stay = self.stay(stream, cover)?;
        for row in &stay {
            if row.aside || forks::is_forked(self.conn, stream, row.chain)? {
                return Ok(false);
            }
        }
        // What is let go of must be of the branch that takes its place; one that is laid aside may be anybody's invention.
        let aside = base::aside(self.conn, stream)?;
        for covered in &summary.chains {
            let chain = self.memory.number(self.conn, covered.chain.0)?;
            if !aside && !base::agrees(self.conn, stream, chain, &covered.tags)? {
                return Ok(false);
            }
        }
        if stay.is_empty() {
            return Ok(true);
        }
        for id in stood_on(self.conn, stream)? {
            if !nested(&super::summary(self.conn, &self.log, &id)?.0, summary) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Of what [`past`](Self::past) finds, the chains of which the segments between are not here.
    fn stay(&self, stream: i64, cover: &Frontier) -> Result<Vec<base::Row>, Fault> {
        let mut stay = Vec::new();
        for (row, upto) in self.past(stream, cover)? {
            if forks::is_forked(self.conn, stream, row.chain)?
                || !base::holds_between(self.conn, stream, row.chain, upto, row.seq)?
            {
                stay.push(row);
            }
        }
        Ok(stay)
    }

    /// The chains of which the checkpoints below stand for more than another one that covers this, each with how far that one goes.
    fn past(&self, stream: i64, cover: &Frontier) -> Result<Vec<(base::Row, i64)>, Fault> {
        let mut past = Vec::new();
        for row in base::rows(self.conn, stream)? {
            let upto = cover.head(self.memory.incarnation(row.chain)?).map_or(Ok(0), |head| i64::try_from(head.seq));
            let upto = upto.map_err(damaged)?;
            if row.seq > upto {
                past.push((row, upto));
            }
        }
        Ok(past)
    }

    /// Where a checkpoint covers more of this PC's own chain than is here, or counts more of its changes, by whatever chain they
    /// came, another life of this database went on under its name.
    fn meet_another_life(&mut self, stream: i64, cover: &Frontier, told: &Summary) -> Result<(), Fault> {
        let own = self.memory.incarnation(self.memory.own)?;
        let covered = match cover.head(own) {
            Some(head) => heads::holds(self.conn, stream, self.memory.own, &head)?,
            None => true,
        };
        let counted = match told.standings.iter().find(|standing| standing.incarnation == own) {
            Some(standing) => self.holds_all_of(stream, self.memory.own, standing)?,
            None => true,
        };
        if covered && counted { Ok(()) } else { self.part() }
    }

    /// A whole checkpoint becomes rows, beside whatever stands here already.
    fn load(&mut self, stream: i64, id: &Id, cover: &Frontier) -> Result<u64, Fault> {
        let (told, _) = summary(self.conn, &self.log, id)?;
        let root = self.log.keys.root.ok_or_else(|| damaged("root"))?;
        for chain in &told.certs {
            let certs = chain_from_cbor(chain).ok().filter(|certs| verify_chain(certs, &root).is_ok());
            if let Some(cert) = certs.as_ref().and_then(|certs| certs.last()) {
                self.conn
                    .prepare_cached("INSERT OR IGNORE INTO cert (id, chain) VALUES (?1, ?2)")?
                    .execute(params![cert.id().to_bytes(), chain])?;
            }
        }
        let (maker, _) = made(self.conn, id)?;
        self.meet_another_life(stream, cover, &told)?;
        if self.has_all(stream, cover)?
            || !self.fits(stream, id, cover, &told)?
            || self.shut_out(stream, &maker, cover, &told)?
        {
            self.conn.prepare_cached("DELETE FROM checkpoint_part WHERE id = ?1")?.execute([id])?;
            return Ok(0);
        }
        let count = self.settle_all(stream, id)?;
        let stay: BTreeSet<i64> = self.stay(stream, cover)?.iter().map(|row| row.chain).collect();
        if self.past(stream, cover)?.len() > stay.len() {
            // From here on segments are read that the checkpoint before stood for, and which may have come behind what follows them.
            base::in_turn(self.conn, stream)?;
        }
        let mut below = base::rows(self.conn, stream)?;
        below.retain(|row| !stay.contains(&row.chain));
        for row in &below {
            self.conn
                .prepare_cached("DELETE FROM base WHERE stream = ?1 AND chain = ?2")?
                .execute([stream, row.chain])?;
        }
        self.conn.prepare_cached("DELETE FROM base_count WHERE stream = ?1")?.execute([stream])?;
        for other in stood_on(self.conn, stream)? {
            count_on(self, stream, &super::summary(self.conn, &self.log, &other)?.0)?;
        }
        stand_on(self, stream, id, cover, &told)?;
        // What waited for its key and is covered waits no more.
        self.conn
            .prepare_cached(
                "DELETE FROM aside WHERE segment IN (SELECT s.no FROM segment s JOIN base b ON b.stream = s.stream AND b.chain = s.chain
                   WHERE s.stream = ?1 AND s.seq <= b.seq)",
            )?
            .execute([stream])?;
        self.conn
            .prepare_cached(
                "DELETE FROM checkpoint_part WHERE stream = ?1 AND id NOT IN (SELECT checkpoint FROM base WHERE stream = ?1)",
            )?
            .execute([stream])?;
        self.memory.load_received(self.conn)?;
        self.loaded = true;
        Ok(count)
    }

    /// Applies what a checkpoint holds and is not held here. Returns how many changes were new.
    fn settle_all(&mut self, stream: i64, id: &Id) -> Result<u64, Fault> {
        let (told, county) = summary(self.conn, &self.log, id)?;
        let cover = cover(self.conn, id)?;
        let mut beside = Vec::new();
        for s in &told.standings {
            let inc = self.memory.number(self.conn, s.incarnation.0)?;
            beside.push(self.beside(stream, inc, s, &cover)?.unwrap_or_default());
        }
        let own = self.conn.prepare_cached("SELECT 1 FROM checkpoint_part WHERE id = ?1 AND mine = 1")?.exists([id])?;
        let name = *self.memory.stream_name(stream)?;
        let mut count = 0;
        let forks = Forks::load(self.conn, &mut self.memory, &self.log)?;
        let mut parked: Vec<(Incarnation, bool, Change)> = Vec::new();
        let mut receipts: Vec<Vec<u8>> = Vec::new();
        for part in 1.. {
            let Some((items, _)) = items(self.conn, &self.log, id, part)? else { break };
            for item in items {
                match item {
                    Item::Summary(_) => {}
                    Item::Settled(block) => {
                        let changes = owned(&block)?;
                        self.collect(&name, &changes)?;
                        for change in &changes {
                            count += u64::from(self.settle_one(stream, change)?);
                        }
                    }
                    Item::Parked { chain, county, block } => {
                        parked.extend(owned(&block)?.into_iter().map(|change| (chain, county, change)));
                    }
                    Item::Receipt(segment) => receipts.push(segment),
                }
            }
        }
        for (chain, by_county, change) in parked {
            let inc = self.memory.number(self.conn, change.dot.incarnation.0)?;
            let ctr = counter(change.dot)?;
            if self.memory.held(stream, inc, ctr) {
                continue;
            }
            let named = forks.resolve(Carrier { stream, chain, hash: None }, &change)?;
            let known = named.as_ref().unwrap_or(&change);
            let named = said::inward(self.conn, &self.log, &self.memory, &forks, stream, known)?.or(named);
            let change = named.as_ref().unwrap_or(&change);
            park(self.conn, &mut self.memory, stream, change, by_county)?;
            let inc = self.memory.number(self.conn, change.dot.incarnation.0)?;
            self.memory.parked.insert((stream, inc, ctr));
            count += 1;
        }
        if planted!("a checkpoint forgets how far it goes") {
            return Ok(count);
        }
        for (s, beside) in told.standings.iter().zip(&beside) {
            let inc = self.memory.number(self.conn, s.incarnation.0)?;
            let signed = |n: u64| i64::try_from(n).map_err(damaged);
            let (applied, confirmed, news) = (signed(s.applied)?, signed(s.confirmed)?, signed(s.news)?);
            let more = !self.holds_all_of(stream, inc, s)?;
            let head = self.memory.head_mut(stream, inc);
            if more {
                // What is held of it and not covered is known, or the checkpoint would not fit.
                let beside_it = i64::try_from(beside.len()).map_err(damaged)?;
                (head.changes, head.digest) = (signed(s.changes)? + beside_it, s.digest);
                beside.values().for_each(|id| head.digest.add(id));
                for counter in &s.carried {
                    self.memory.carry(stream, inc, signed(*counter)?);
                }
            }
            let head = self.memory.head_mut(stream, inc);
            // What is held of it may have come by other chains: all that its own one brought is here in any case.
            head.applied = head.applied.max(applied);
            head.news = head.news.max(news);
            // Only the county's word counts as the county's; what this PC sums up itself, it has from the county's receipts.
            if county || own {
                head.confirmed = head.confirmed.max(confirmed);
            }
        }
        // The newest first.
        for segment in receipts.iter().rev() {
            self.confirm(stream, segment)?;
        }
        let wall = u64::try_from(self.moment.wall).unwrap_or(0);
        self.memory.hlc = Hlc::observe(self.memory.hlc, told.hlc, wall);
        Ok(count)
    }

    /// What the county has confirmed below a checkpoint, by its own signature, whoever summed up: nothing but a later change would
    /// make it sign again. A receipt that cannot be read, or that an order shuts out, confirms nothing.
    fn confirm(&mut self, stream: i64, bytes: &[u8]) -> Result<(), Fault> {
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(damaged)?;
        let (signer, header, hash) = (segment.signer(), *segment.header(), segment.hash());
        let (_, Opened::Changes(changes, county)) = self.log.reopen(self.conn, bytes)? else { return Ok(()) };
        let chain = self.memory.number(self.conn, header.chain.0)?;
        if header.stream != *self.memory.stream_name(stream)?
            || self.beyond(&signer, stream, chain, &header.chain, &Head { seq: header.seq, hash })?
        {
            return Ok(());
        }
        for receipt in changes.iter().filter(|change| &*change.kind == RECEIPT) {
            self.applier(true).settle(stream, receipt, county)?;
        }
        Ok(())
    }

    fn settle_one(&mut self, stream: i64, change: &Change) -> Result<bool, Fault> {
        let inc = self.memory.number(self.conn, change.dot.incarnation.0)?;
        let ctr = counter(change.dot)?;
        let held = self.memory.held(stream, inc, ctr);
        // One that waits here for its causes is taken as it was written, now that they have come.
        let waits = if held && self.memory.parked.contains(&(stream, inc, ctr)) {
            self.conn
                .prepare_cached("SELECT no, county, block FROM parked WHERE stream = ?1 AND inc = ?2 AND ctr = ?3")?
                .query_row([stream, inc, ctr], |r| Ok((r.get::<_, i64>(0)?, r.get(1)?, r.get::<_, Vec<u8>>(2)?)))
                .optional()?
        } else if held {
            return Ok(false);
        } else {
            None
        };
        if let Some((no, county, block)) = waits {
            let block = Block::decode(&block, &Limits::STANDARD).map_err(damaged)?;
            let own = block.changes().next().ok_or_else(|| damaged("parked"))?.to_owned();
            self.memory.parked.remove(&(stream, inc, ctr));
            self.applier(false).settle(stream, &own, county)?;
            self.conn.prepare_cached("DELETE FROM parked WHERE no = ?1")?.execute([no])?;
            return Ok(false);
        }
        self.applier(true).settle(stream, change, false)?;
        Ok(true)
    }

    /// The checkpoints that the logs stand on, when the tables are made again: what is in them comes first.
    pub(in crate::store) fn replay_bases(&mut self) -> Result<u64, Fault> {
        let mut statement = self.conn.prepare("SELECT DISTINCT stream FROM base ORDER BY stream")?;
        let streams: Vec<i64> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        let mut count = 0;
        for stream in streams {
            for id in stood_on(self.conn, stream)? {
                count += self.settle_all(stream, &id)?;
            }
        }
        Ok(count)
    }
}

/// Notes that a log stands on a checkpoint; of a chain for which another one stands already, that one stands for more.
pub(super) fn stand_on(
    intake: &mut Intake<'_>,
    stream: i64,
    id: &Id,
    cover: &Frontier,
    told: &Summary,
) -> Result<(), Fault> {
    for (chain, heads) in cover.chains() {
        let (Some(head), Some(known)) = (heads.first(), told.chains.iter().find(|c| c.chain == chain)) else {
            continue;
        };
        let number = intake.memory.number(intake.conn, chain.0)?;
        intake
            .conn
            .prepare_cached(
                "INSERT INTO base (stream, chain, seq, hash, tags, signer, checkpoint) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (stream, chain) DO NOTHING",
            )?
            .execute(params![
                stream,
                number,
                i64::try_from(head.seq).map_err(damaged)?,
                head.hash,
                known.tags,
                known.signer,
                id
            ])?;
    }
    count_on(intake, stream, told)
}

/// Notes how far a checkpoint counts that a log stands on.
fn count_on(intake: &mut Intake<'_>, stream: i64, told: &Summary) -> Result<(), Fault> {
    for s in &told.standings {
        let inc = intake.memory.number(intake.conn, s.incarnation.0)?;
        intake
            .conn
            .prepare_cached(
                "INSERT INTO base_count (stream, inc, ctr) VALUES (?1, ?2, ?3) ON CONFLICT (stream, inc) DO UPDATE SET ctr = max(ctr, ?3)",
            )?
            .execute(params![stream, inc, i64::try_from(s.applied).map_err(damaged)?])?;
    }
    Ok(())
}
