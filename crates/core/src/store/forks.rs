//! Forks: two databases that went on under one name, such as a cloned PC. Both wrote different changes under the same
//! incarnation and counter, and both are kept: from where a chain parts, each branch counts as an incarnation of its own,
//! named after the segment that it begins with. So what is shown is a function of the segments held, whichever came first.
//! The same where one of the two was restored and another chain carries on what it wrote: its branch is named after that chain.
//
// A fork is rare and a chain is left as soon as its fork is known (its owner takes a new incarnation), so nothing here is
// kept up to date step by step: whenever a segment of a forked chain comes, the tables are made again from the log.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use niangjia_replication::{
    Head, Incarnation,
    change::{Change, Dot, RecordId},
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    apply::{counter, first_of_a_record},
    base, carried,
    log::LogKeys,
    memory::Memory,
    versions::damaged,
};
use crate::fault::Fault;

const PURPOSE: &str = "niangjia 2026-11 branch of a forked chain";

/// The forked chains of the log, by stream and chain.
#[derive(Default)]
pub(crate) struct Forks(BTreeMap<(i64, Incarnation), Forked>);

#[derive(Default)]
struct Forked {
    branches: Vec<Branch>,
    /// Chains that carry other changes than this one under the same numbers, and their branch.
    carriers: HashMap<Incarnation, usize>,
    /// The branch of each segment behind the fork.
    of: HashMap<[u8; 32], usize>,
    written: HashMap<i64, Vec<Written>>,
}

/// What stands behind a fork, up to the next one; or what another chain carried on.
struct Branch {
    name: Incarnation,
    /// Its first counter; none for what stands before the first fork.
    first: i64,
    /// The branch that it left; `None` where that is the chain before its first fork.
    from: Option<usize>,
}

/// A change of a branch, as far as a reference from another chain may mean it.
struct Written {
    branch: usize,
    tag: [u8; 8],
    record: RecordId,
    fields: HashSet<String>,
    event: bool,
    /// It made the record: whoever saw the record saw it, in fields that it does not name too.
    made: bool,
}

/// The carrier of a change.
#[derive(Clone, Copy)]
pub(crate) struct Carrier {
    pub(crate) stream: i64,
    pub(crate) chain: Incarnation,
    /// The segment; `None` for what waits in the outbox.
    pub(crate) hash: Option<[u8; 32]>,
}

/// Notes that a chain is forked. Returns whether that is new.
pub(super) fn note(conn: &Connection, stream: i64, chain: i64) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("INSERT OR IGNORE INTO fork (stream, chain) VALUES (?1, ?2)")?.execute([stream, chain])? > 0)
}

/// Whether a chain is known to be forked.
pub(super) fn is_forked(conn: &Connection, stream: i64, chain: i64) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM fork WHERE stream = ?1 AND chain = ?2")?.exists([stream, chain])?)
}

/// How far another side that holds these heads of a forked chain holds what this PC wrote on it.
pub(super) fn own_part(conn: &Connection, stream: i64, chain: i64, heads: &[Head]) -> Result<i64, Fault> {
    let mut find = conn
        .prepare_cached("SELECT prev, mine FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4")?;
    let mut own = 0;
    for head in heads {
        let (mut seq, mut hash) = (i64::try_from(head.seq).map_err(damaged)?, head.hash);
        // Down the branch of the other one, to where it left this PC's.
        while seq > own {
            let found: Option<([u8; 32], bool)> =
                find.query_row(params![stream, chain, seq, hash], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
            match found {
                Some((_, true)) => own = seq,
                Some((prev, false)) => (seq, hash) = (seq - 1, prev),
                None => break,
            }
        }
    }
    Ok(own)
}

impl Written {
    fn of(change: &Change, branch: usize) -> Self {
        Self {
            branch,
            tag: change.id().tag,
            record: change.record,
            fields: change.sets.iter().map(|s| s.field.to_string()).collect(),
            event: change.event.is_some(),
            made: first_of_a_record(change),
        }
    }
}

impl Forks {
    /// Reads the forked chains, and what was written behind the forks.
    pub(crate) fn load(conn: &Connection, memory: &mut Memory, log: &LogKeys<'_>) -> Result<Self, Fault> {
        let mut statement = conn.prepare_cached("SELECT stream, chain FROM fork ORDER BY stream, chain")?;
        let chains: Vec<(i64, i64)> =
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        let mut forks = Self::default();
        for (stream, chain) in chains {
            let name = memory.incarnation(chain)?;
            forks.0.insert((stream, name), Forked::load(conn, log, memory, (stream, chain), name)?);
        }
        for ((stream, chain), forked) in &forks.0 {
            let chain = memory.number(conn, chain.0)?;
            for branch in &forked.branches {
                let number = memory.number(conn, branch.name.0)?;
                let mut from = branch.from;
                while let Some(before) = from.map(|from| &forked.branches[from]) {
                    let before_number = memory.number(conn, before.name.0)?;
                    memory.note_branch(*stream, before_number, number);
                    from = before.from;
                }
                if number != chain {
                    memory.note_branch(*stream, chain, number);
                }
            }
            // What was read under the name of one branch may count under that of another, which holds the same change.
            for (branch, other) in forked.shared() {
                let branch = memory.number(conn, forked.branches[branch].name.0)?;
                let other = memory.number(conn, forked.branches[other].name.0)?;
                memory.note_branch(*stream, branch, other);
            }
            forked.name_batches(conn, memory, *stream, chain)?;
        }
        Ok(forks)
    }

    /// The name and number that a change has here.
    pub(super) fn dot(&self, carrier: Carrier, change: &Change) -> Result<Dot, Fault> {
        Ok(match self.0.get(&(carrier.stream, change.dot.incarnation)) {
            Some(forked) => Dot { incarnation: forked.name_of(carrier, change)?, ..change.dot },
            None => change.dot,
        })
    }

    /// The change under the name that it has here, where that is not the one it bears.
    pub(super) fn resolve(&self, carrier: Carrier, change: &Change) -> Result<Option<Change>, Fault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut named = change.clone();
        named.dot = self.dot(carrier, change)?;
        for set in &mut named.sets {
            let field = set.field.clone();
            set.seen = self.seen(carrier, change.record, &set.seen, |w| w.fields.contains(&*field))?;
        }
        if let Some(event) = &mut named.event {
            event.seen = self.seen(carrier, change.record, &event.seen, |w| w.event)?;
        }
        Ok((named != *change).then_some(named))
    }

    /// The forked chain that an incarnation is, or is a branch of; and then which one. A branch may fork again, and what was read
    /// before that was known bears the name of the branch.
    fn named(&self, stream: i64, incarnation: Incarnation) -> Option<(&Forked, Option<usize>)> {
        if let Some(forked) = self.0.get(&(stream, incarnation)) {
            return Some((forked, None));
        }
        let mut forks = self.0.iter().filter(|((of, _), _)| *of == stream).map(|(_, forked)| forked);
        forks.find_map(|forked| {
            let branch = forked.branches.iter().position(|branch| branch.name == incarnation)?;
            Some((forked, Some(branch)))
        })
    }

    fn seen(
        &self,
        carrier: Carrier,
        record: RecordId,
        seen: &[Dot],
        means: impl Fn(&Written) -> bool,
    ) -> Result<Vec<Dot>, Fault> {
        let mut out = Vec::with_capacity(seen.len());
        for dot in seen {
            let Some((forked, on)) = self.named(carrier.stream, dot.incarnation) else {
                out.push(*dot);
                continue;
            };
            let at = counter(*dot)?;
            if dot.incarnation == carrier.chain {
                let incarnation = forked.before(carrier.hash, at).unwrap_or(dot.incarnation);
                out.push(Dot { incarnation, ..*dot });
                continue;
            }
            if let Some(name) = forked.carried_on(carrier.chain, at) {
                out.push(Dot { incarnation: name, ..*dot });
                continue;
            }
            let meant: Vec<&Written> = forked
                .written
                .get(&at)
                .into_iter()
                .flatten()
                .filter(|w| w.record == record && (w.made || means(w)))
                .filter(|w| on.is_none_or(|branch| forked.descends(w.branch, branch)))
                .collect();
            match meant.as_slice() {
                [] => out.push(*dot),
                // Several branches may carry the same change, because a disk was copied with what waited on it: it goes under the
                // name of one of them, and that need not be the one that was read.
                [one, more @ ..] if more.iter().all(|w| w.tag == one.tag) => {
                    out.push(Dot { incarnation: forked.name_at(one.branch, at), ..*dot });
                }
                // The author saw one of them and nobody can tell which: then none counts as seen, and a person chooses. The change
                // waits for its record all the same ([`super::apply`]).
                _ => {}
            }
        }
        Ok(out)
    }
}

impl Forked {
    fn load(
        conn: &Connection,
        log: &LogKeys<'_>,
        memory: &Memory,
        (stream, chain): (i64, i64),
        name: Incarnation,
    ) -> Result<Self, Fault> {
        let (mut forked, mut trunk) = (Self::default(), Vec::new());
        let mut statement = conn.prepare_cached(
            "SELECT hash, prev, bytes, (SELECT count(*) FROM segment o WHERE o.stream = s.stream AND o.chain = s.chain AND o.seq = s.seq AND o.prev = s.prev)
             FROM segment s WHERE stream = ?1 AND chain = ?2 ORDER BY seq, hash",
        )?;
        let mut rows = statement.query([stream, chain])?;
        while let Some(row) = rows.next()? {
            let (hash, prev, siblings): ([u8; 32], [u8; 32], i64) = (row.get(0)?, row.get(1)?, row.get(3)?);
            let from = forked.of.get(&prev).copied();
            let branch = if siblings > 1 {
                forked.branches.push(Branch { name: branch_name(name, &hash), first: i64::MAX, from });
                Some(forked.branches.len() - 1)
            } else {
                from
            };
            let changes = log.changes(conn, row.get_ref(2)?.as_blob().map_err(damaged)?)?;
            if let Some(branch) = branch {
                forked.of.insert(hash, branch);
                for change in changes.iter().filter(|change| change.dot.incarnation == name) {
                    let at = counter(change.dot)?;
                    forked.branches[branch].first = forked.branches[branch].first.min(at);
                    forked.written.entry(at).or_default().push(Written::of(change, branch));
                }
            } else {
                trunk.extend(changes.into_iter().filter(|change| change.dot.incarnation == name));
            }
        }
        let below = base::count(conn, stream, chain)?;
        forked.load_carried(carried::of(conn, log, memory, stream, chain)?, name, trunk, below)?;
        Ok(forked)
    }

    /// Finds what other chains carry under numbers that mean something else here. A carrier parts with the first change that
    /// differs from all that stood under its number before, on the chain itself or with a carrier whose name comes first; and with the
    /// first one that the chain itself passed over, because there the number went to another stream. What lies `below` the checkpoint
    /// was compared as it came.
    fn load_carried(
        &mut self,
        carried: BTreeMap<Incarnation, Vec<Change>>,
        name: Incarnation,
        mut common: Vec<Change>,
        below: i64,
    ) -> Result<(), Fault> {
        let mut parted = Vec::new();
        let mut known: HashMap<i64, HashSet<[u8; 8]>> = HashMap::new();
        let mut top = 0;
        for change in &common {
            let at = counter(change.dot)?;
            known.entry(at).or_default().insert(change.id().tag);
            top = top.max(at);
        }
        for (at, written) in &self.written {
            known.entry(*at).or_default().extend(written.iter().map(|w| w.tag));
        }
        let fork = self.branches.iter().map(|branch| branch.first).min().unwrap_or(i64::MAX);
        for (carrier, changes) in carried {
            let mut own: Option<usize> = None;
            for change in changes {
                let (at, tag) = (counter(change.dot)?, change.id().tag);
                let there = known.entry(at).or_default();
                if there.contains(&tag) {
                    continue;
                }
                let passed_over = below < at && at < top;
                let apart = own.is_some() || at >= fork || passed_over || !there.is_empty();
                there.insert(tag);
                if !apart {
                    common.push(change);
                    continue;
                }
                let branch = *own.get_or_insert_with(|| {
                    self.branches.push(Branch { name: branch_name(name, &carrier.0), first: at, from: None });
                    self.branches.len() - 1
                });
                self.branches[branch].first = self.branches[branch].first.min(at);
                self.carriers.insert(carrier, branch);
                parted.push((at, Written::of(&change, branch)));
            }
        }
        // What stands before the forks, as far as a reference may mean it or what was carried.
        let Some(first) = parted.iter().map(|(at, _)| *at).min() else { return Ok(()) };
        self.branches.push(Branch { name, first: i64::MAX, from: None });
        let before = self.branches.len() - 1;
        for change in &common {
            let at = counter(change.dot)?;
            if at >= first {
                self.written.entry(at).or_default().push(Written::of(change, before));
            }
        }
        for (at, written) in parted {
            self.written.entry(at).or_default().push(written);
        }
        Ok(())
    }

    /// The branch of a chain that carries others changes under these numbers, where it has one of its own under this.
    fn carried_on(&self, chain: Incarnation, at: i64) -> Option<Incarnation> {
        let branch = *self.carriers.get(&chain)?;
        let own = self.written.get(&at)?.iter().any(|written| written.branch == branch);
        own.then(|| self.branches[branch].name)
    }

    /// Whether a branch is another one, or left it somewhere.
    fn descends(&self, mut branch: usize, other: usize) -> bool {
        while branch != other {
            let Some(from) = self.branches[branch].from else { return false };
            branch = from;
        }
        true
    }

    /// The name of the branch on which a change of this chain stands.
    fn name_of(&self, carrier: Carrier, change: &Change) -> Result<Incarnation, Fault> {
        let own = change.dot.incarnation;
        let (at, tag) = (counter(change.dot)?, change.id().tag);
        if carrier.chain == own {
            let branch = carrier.hash.and_then(|hash| self.of.get(&hash));
            return Ok(branch.map_or(own, |branch| self.name_at(*branch, at)));
        }
        // Carried by another chain, after a restore: the same change, or one of yet another branch.
        if let Some(same) = self.written.get(&at).into_iter().flatten().find(|w| w.tag == tag) {
            return Ok(self.branches[same.branch].name);
        }
        if let Some(branch) = self.carriers.get(&carrier.chain).map(|branch| &self.branches[*branch])
            && branch.first <= at
        {
            return Ok(branch.name);
        }
        let carried = |at: usize| self.carriers.values().any(|branch| *branch == at);
        let behind = self.branches.iter().enumerate().any(|(n, branch)| branch.first <= at && !carried(n));
        Ok(if behind { branch_name(own, &carrier.chain.0) } else { own })
    }

    /// The branch on the way to a segment on which a counter stands; `None` before the first fork.
    fn before(&self, hash: Option<[u8; 32]>, at: i64) -> Option<Incarnation> {
        let mut branch = self.of.get(&hash?).copied();
        while let Some(here) = branch {
            if self.branches[here].first <= at {
                return Some(self.name_at(here, at));
            }
            branch = self.branches[here].from;
        }
        None
    }

    /// The name under which a counter of a branch goes: a change that waited when the disk was copied was sealed on both sides,
    /// and counts once, on the branch that comes first.
    fn name_at(&self, branch: usize, at: i64) -> Incarnation {
        let there = self.written.get(&at).map_or(&[][..], Vec::as_slice);
        let tag = there.iter().find(|w| w.branch == branch).map(|w| w.tag);
        let first = there.iter().find(|w| Some(w.tag) == tag).map_or(branch, |w| w.branch);
        self.branches[first].name
    }

    /// Branches whose changes count, or some of them, under the name of another one.
    fn shared(&self) -> BTreeSet<(usize, usize)> {
        let mut shared = BTreeSet::new();
        for there in self.written.values() {
            for written in there {
                let first = there.iter().find(|w| w.tag == written.tag).map_or(written.branch, |w| w.branch);
                if first != written.branch {
                    shared.insert((written.branch, first));
                }
            }
        }
        shared
    }

    /// What was imported on branches of this PC is undone under their names.
    fn name_batches(&self, conn: &Connection, memory: &mut Memory, stream: i64, chain: i64) -> Result<(), Fault> {
        for (at, branch) in self.branches.iter().enumerate() {
            let carried = self.carriers.iter().any(|(carrier, of)| {
                *of == at
                    && memory.known_number(carrier.0).is_some_and(|carrier| memory.owns().any(|own| own == carrier))
            });
            if !carried && !self.owns(conn, stream, chain, branch)? {
                continue;
            }
            let mut batches = conn
                .prepare_cached("SELECT no, first_ctr FROM batch WHERE stream = ?1 AND inc = ?2 AND first_ctr >= ?3")?;
            let batches: Vec<(i64, i64)> = batches
                .query_map([stream, chain, branch.first], |r| Ok((r.get(0)?, r.get(1)?)))?
                .collect::<Result<_, _>>()?;
            for (no, first) in batches {
                let number = memory.number(conn, self.name_at(at, first).0)?;
                conn.execute("UPDATE batch SET inc = ?2 WHERE no = ?1", [no, number])?;
            }
        }
        Ok(())
    }

    /// Whether this PC wrote the branch.
    fn owns(&self, conn: &Connection, stream: i64, chain: i64, branch: &Branch) -> Result<bool, Fault> {
        let hashes = self.of.iter().filter(|(_, of)| self.branches[**of].name == branch.name).map(|(hash, _)| hash);
        for hash in hashes {
            let mine = conn
                .prepare_cached("SELECT mine FROM segment WHERE stream = ?1 AND chain = ?2 AND hash = ?3")?
                .query_row(params![stream, chain, hash], |r| r.get(0))?;
            if mine {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn branch_name(chain: Incarnation, begins: &[u8]) -> Incarnation {
    let mut hasher = blake3::Hasher::new_derive_key(PURPOSE);
    hasher.update(&chain.0).update(begins);
    let mut name = [0; 16];
    name.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Incarnation(name)
}
