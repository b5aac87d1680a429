//! Coming into step: what an office hands to a hub or a stick, and what it takes from there.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{Frontier, RecordId, SetHash, Stream};
use rand_chacha::ChaCha20Rng;
use rusqlite::{Transaction, TransactionBehavior};

use crate::{
    blobs::BlobsWaiting,
    devices::SharedKey,
    fault::Fault,
    first_load,
    identity::Hub,
    keeping,
    office::{Changed, Office, View},
    packets,
    people::{Nothing, Role},
    record::Record as _,
    registry::Registry,
    repair::{self, Repair},
    settling::Settling,
    store::{
        self, Entry, Intake, LogKeys, Moment, Received,
        orders::{self, Why},
        versions::damaged,
    },
    tried::Came,
    words::Say,
};

/// The author of what the program writes by itself, such as receipts.
pub(crate) const PROGRAM: RecordId = RecordId([0; 16]);

/// Where the office stands towards the county.
#[derive(serde::Serialize, schemars::JsonSchema)]
pub struct SyncStatus {
    /// Changes written on this PC that the hub does not hold yet, entries of the audit and what the program writes by itself included.
    pub unsent: u64,
    /// What people did on this PC that neither the hub nor the county holds yet: this is what a clerk reads as unsent.
    pub to_report: u64,
    /// Changes of this office that the county has not confirmed yet, unsent ones included.
    pub unconfirmed: u64,
    /// Pictures that wait; they follow the changes on the slow lane.
    pub blobs: BlobsWaiting,
    /// Changes that wait for others they build on.
    pub parked: u64,
    /// Segments kept aside: they cannot be used, or an order of the county shuts them out.
    pub quarantined: u64,
    /// Segments that are held and wait for the county to grant their key to this PC.
    pub keyless: u64,
    /// The county has shut out this very PC.
    pub revoked: Option<Say>,
    /// The log below a checkpoint is wanted again and has not come yet.
    pub log_wanted: Option<Say>,
    /// `none` while the office works alone, `packet` while it has a county and knows no hub, else `hub`.
    pub road: String,
    /// The hub.
    pub hub: Option<String>,
    /// Its public key, by which it is known; whoever founds the county again has to bring it.
    pub hub_key: Option<String>,
    /// When the last exchange ended well, milliseconds since 1970.
    pub last_contact: Option<i64>,
    /// When the last packet was made or taken in, milliseconds since 1970.
    pub last_packet: Option<i64>,
    /// What the last comparison to the byte with the hub found; `None` where nothing was amiss.
    pub repair: Option<Repair>,
    /// This PC has just joined, and what the office has already is still on its way; how much has come stands in `steps`.
    pub first_load: Option<Say>,
    /// The status line.
    pub say: Say,
    /// Whether an exchange is under way; filled in by the host, like what follows.
    pub running: bool,
    /// Since when no exchange has succeeded, milliseconds since 1970.
    pub offline_since: Option<i64>,
    /// Why the last one ended early.
    pub last_fault: Option<LastFault>,
    /// By how many seconds this PC's clock is ahead of the hub's (below 0: behind); told only when it is more than two minutes.
    pub clock_offset_s: Option<i64>,
    /// What that means. Nothing is refused because of a clock.
    pub clock_say: Option<Say>,
    /// The steps of the exchange under way, or of the last one.
    pub steps: Vec<SyncStep>,
}

/// Why an exchange ended early.
#[derive(serde::Serialize, schemars::JsonSchema)]
pub struct LastFault {
    /// Stable key.
    pub key: String,
    /// The sentence for the clerk.
    pub say: Say,
}

/// One step of an exchange.
#[derive(serde::Serialize, schemars::JsonSchema)]
pub struct SyncStep {
    /// `compare`, `send`, `receive`.
    pub key: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Segments done.
    pub done: u64,
    /// Segments to do, as far as known.
    pub total: u64,
    /// Bytes done.
    pub bytes: u64,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.query("sync.status", Role::Viewer, |view, _: Nothing| status(view));
}

fn status(view: &View<'_>) -> Result<SyncStatus, Fault> {
    let memory = view.memory;
    let alone = view.office.identity.federation.is_none();
    let Unsent { changes: unsent, deeds: to_report } = unsent(view)?;
    let mut unconfirmed = 0;
    if !view.office.registrar() {
        let own = memory.known_stream(&view.office.own_stream());
        for (stream, inc) in memory.heads.keys().filter(|(stream, _)| Some(*stream) == own) {
            unconfirmed += memory.unconfirmed(*stream, *inc);
        }
    }
    let (hub, hub_key) = view.office.keys().hub.map(|hub| (hub.url, hub.key)).unzip();
    let last_contact = store::local(view.conn, "last_contact")?.and_then(|t| t.parse().ok());
    let blobs = if alone { BlobsWaiting::default() } else { view.office.waiting_blobs(view.conn)? };
    let say = if nobody_above(view) {
        Say::new("本机已保存", "Saved on this PC")
    } else if alone {
        Say::new("本机已保存 · 单独使用，不上报", "Saved on this PC · working alone")
    } else if blobs.unsent > 0 {
        // Changes first; pictures are told apart, because they follow slowly.
        Say::owned(
            format!("本机已保存 · 未上报 {to_report} 条 · 照片 {} 张待传", blobs.unsent),
            format!("Saved on this PC · {to_report} not yet sent · {} pictures to go", blobs.unsent),
        )
    } else if to_report == 0 {
        Say::new("本机已保存 · 全部已上报", "Saved on this PC · everything sent")
    } else {
        Say::owned(
            format!("本机已保存 · 未上报 {to_report} 条"),
            format!("Saved on this PC · {to_report} not yet sent"),
        )
    };
    Ok(SyncStatus {
        unsent,
        to_report,
        unconfirmed,
        blobs,
        parked: memory.parked.len() as u64,
        quarantined: view
            .conn
            .prepare_cached("SELECT count(*) FROM quarantine")?
            .query_row([], |r| r.get::<_, i64>(0))?
            .unsigned_abs()
            + orders::count(view.conn, Why::Order)?
            + orders::count(view.conn, Why::Unreadable)?,
        keyless: orders::count(view.conn, Why::Key)?,
        revoked: crate::devices::revoked_here(view)?,
        log_wanted: crate::checkpoints::wanted(view.conn)?,
        road: match (&hub, alone) {
            (Some(_), _) => "hub",
            (None, false) => "packet",
            (None, true) => "none",
        }
        .to_owned(),
        hub,
        hub_key,
        last_contact,
        last_packet: packets::last(view.conn)?,
        repair: repair::last(view.conn)?,
        first_load: first_load::waiting(view)?,
        say,
        running: false,
        offline_since: None,
        last_fault: None,
        clock_offset_s: None,
        clock_say: None,
        steps: Vec::new(),
    })
}

/// What was written on this PC and the hub does not hold, as far as is known here.
pub(crate) struct Unsent {
    /// Changes of the log.
    changes: u64,
    /// What people did among them.
    pub(crate) deeds: u64,
}

/// The registrar of a county without a hub reports to nobody: what each office lacks stands beside its packet.
fn nobody_above(view: &View<'_>) -> bool {
    view.office.registrar() && view.office.keys().hub.is_none()
}

/// What this PC has not handed over.
pub(crate) fn unsent(view: &View<'_>) -> Result<Unsent, Fault> {
    let (changes, deeds): (i64, i64) = view
        .conn
        .prepare_cached("SELECT coalesce(sum(changes), 0), coalesce(sum(deeds), 0) FROM outbox")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut unsent = Unsent { changes: changes.unsigned_abs(), deeds: deeds.unsigned_abs() };
    // What another PC wrote under the same name, on a forked chain or carried on by its next one, is that one's to send.
    let mut sealed = view.conn.prepare_cached(
        "SELECT stream, carried, last_ctr, changes, deeds FROM segment s WHERE chain = ?1
         AND (mine = 1 OR NOT EXISTS (SELECT 1 FROM fork f WHERE f.stream = s.stream AND f.chain = s.chain))",
    )?;
    for own in view.memory.owns() {
        let rows = sealed.query_map([own], |r| {
            let place = (r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, i64>(2)?);
            Ok((place, r.get::<_, i64>(3)?, r.get::<_, i64>(4)?))
        })?;
        for row in rows {
            let ((stream, carried, last), changes, deeds) = row?;
            if !view.memory.received(stream, carried, last) {
                unsent.changes += changes.unsigned_abs();
                unsent.deeds += deeds.unsigned_abs();
            }
        }
    }
    if nobody_above(view) {
        unsent.deeds = 0;
    }
    Ok(unsent)
}

impl Office {
    /// Streams that this office may read and therefore keeps in step.
    #[must_use]
    pub fn streams(&self) -> Vec<Stream> {
        let mut streams: BTreeSet<Stream> = self.keys().streams.keys().map(|(s, _)| *s).collect();
        // Also what came before its key did.
        streams.extend(self.store.memory().stream_names().filter(|s| self.may_read(s)));
        streams.into_iter().collect()
    }

    /// Whether the hub and others give this office a stream.
    pub(crate) fn may_read(&self, stream: &Stream) -> bool {
        self.identity.federation.is_some() && stream.read_by(self.identity.office, self.identity.county)
    }

    /// Seals everything that waits, so that it can be sent.
    ///
    /// # Errors
    /// The store's own.
    pub fn seal(&self, rng: &mut ChaCha20Rng) -> Result<(), Fault> {
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = self.store.memory();
        let sealed = LogKeys { keys: &self.keys() }.pack(&tx, &memory, rng)?;
        let fence = sealed.then(|| keeping::fence(&tx, &memory)).transpose()?;
        tx.commit()?;
        if let Some(fence) = fence {
            self.store.tail.note(fence, rng);
        }
        Ok(())
    }

    /// What is held of every stream.
    ///
    /// # Errors
    /// The store's own.
    pub fn frontiers(&self) -> Result<Vec<(Stream, Frontier)>, Fault> {
        self.catch_up(&self.store.write())?;
        let memory = self.store.memory();
        self.store.read(|conn| {
            self.streams()
                .into_iter()
                .map(|s| {
                    Ok((
                        s,
                        memory
                            .known_stream(&s)
                            .map_or_else(|| Ok(Frontier::new()), |n| store::frontier(conn, &memory, n))?,
                    ))
                })
                .collect()
        })
    }

    /// What the county's technician may see of this office at the hub: how much waits, never what.
    ///
    /// # Errors
    /// The store's own.
    pub fn told_to_hub(&self) -> Result<BTreeMap<String, u64>, Fault> {
        let memory = self.store.memory();
        let own = self.identity.office;
        let SyncStatus { to_report: unsent, parked, quarantined, .. } =
            self.store.read(|conn| status(&View { office: self, conn, memory: &memory, clerk: own, wall: 0 }))?;
        let told = [("unsent", unsent), ("parked", parked), ("quarantined", quarantined)];
        Ok(told.into_iter().map(|(name, count)| (name.to_owned(), count)).collect())
    }

    /// Segments that a side with that frontier lacks, oldest first in each chain.
    ///
    /// # Errors
    /// The store's own.
    pub fn segments_after(&self, stream: &Stream, theirs: &Frontier, max_bytes: usize) -> Result<Vec<Vec<u8>>, Fault> {
        let memory = self.store.memory();
        let Some(number) = memory.known_stream(stream) else { return Ok(Vec::new()) };
        self.store.read(|conn| store::missing(conn, &memory, number, theirs, max_bytes))
    }

    /// Takes segments in one transaction: log, rows, cursor and search entries together.
    ///
    /// # Errors
    /// The store's own; then nothing was taken.
    pub fn receive(&self, stream: &Stream, segments: &[Vec<u8>], moment: Moment) -> Result<(Received, Changed), Fault> {
        let (conn, wall) = (self.store.write(), moment.wall);
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let mut keys = self.keys();
        let memory = (*self.store.memory()).clone();
        let mut moment = moment;
        let mut later = moment.part().rng;
        if keys.issuing.is_some() && self.only_summed_up(stream) {
            self.heard(&tx, &memory, &mut keys, segments)?;
        }
        let mut intake = Intake::new(&tx, &self.store, LogKeys { keys: &keys }, memory, moment.part());
        intake.only_summed_up = self.only_summed_up(stream);
        intake.takes_anything = self.takes_anything();
        store::narrow(&tx)?;
        let taken = intake.take(stream, segments);
        store::widen(&tx)?;
        let mut received = taken?;
        let (own_came, loaded, others) = (intake.own_came, intake.loaded, intake.others);
        let summed = std::mem::take(&mut intake.summed);
        let (news, again) = (intake.news, intake.again());
        let (memory, touched) = intake.finish();
        let told = self.changed(&touched).kinds.iter().any(|kind| kind == SharedKey::TYPE.name);
        // Who told its key may have been heard before what it opens came.
        let look = again || news.grants || told || received.keyless > 0;
        let mut settling = Settling { memory, touched, again, look, changes: 0, sealed: false };
        self.settle(&tx, &mut keys, &mut settling, moment)?;
        received.changes += settling.changes;
        let Settling { mut memory, touched, again, sealed, .. } = settling;
        if own_came || again {
            // An old copy fetched what it wrote on its later days: the hub holds that.
            memory.load_received(&tx)?;
        }
        memory.persist(&tx)?;
        let fence = sealed.then(|| keeping::fence(&tx, &memory)).transpose()?;
        tx.commit()?;
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = keys;
        self.store.swap(memory);
        if let Some(fence) = fence {
            self.store.tail.note(fence, &mut later);
        }
        self.note_tried(&conn, stream, &Came { summed, others: others || loaded, wall });
        if again {
            self.index()?;
            let kinds = self.store.schema.all().map(|layout| layout.ty.name.to_owned()).collect();
            return Ok((received, Changed { kinds }));
        }
        let changed = self.changed(&touched);
        if loaded {
            self.index()?;
        } else {
            self.mend(touched);
        }
        Ok((received, changed))
    }

    /// Notes what the hub holds.
    ///
    /// # Errors
    /// The store's own.
    pub fn hub_has(&self, stream: &Stream, theirs: &Frontier) -> Result<bool, Fault> {
        let conn = self.store.write();
        self.catch_up(&conn)?;
        let mut memory = (*self.store.memory()).clone();
        self.note_short(&conn, &memory, stream, theirs)?;
        self.note_told(stream, theirs);
        let Some(number) = memory.known_stream(stream) else { return Ok(false) };
        if !store::hub_has(&conn, &memory, number, theirs)? {
            return Ok(false);
        }
        memory.load_received(&conn)?;
        self.store.swap(memory);
        Ok(true)
    }

    /// Notes that an exchange ended well.
    ///
    /// # Errors
    /// The store's own.
    pub fn contacted(&self, wall: i64) -> Result<(), Fault> {
        store::set_local(&self.store.write(), "last_contact", &wall.to_string())
    }

    /// Equal on replicas that hold the same changes of a stream, by whatever road they came.
    ///
    /// # Errors
    /// `stream_unknown`.
    pub fn digest(&self, stream: &Stream) -> Result<String, Fault> {
        self.catch_up(&self.store.write())?;
        let memory = self.store.memory();
        let Some(number) = memory.known_stream(stream) else {
            return if self.streams().contains(stream) {
                Ok(hex::encode(SetHash::new().digest()))
            } else {
                Err(Fault::new("stream_unknown", "本办公室没有这条数据流。", "This office does not hold that stream.")
                    .because(stream))
            };
        };
        let mut sum = SetHash::new();
        for (_, head) in memory.heads.iter().filter(|((s, _), _)| *s == number) {
            sum.merge(&head.digest);
        }
        Ok(hex::encode(sum.digest()))
    }

    /// Pins the hub.
    ///
    /// # Errors
    /// The store's own.
    pub fn set_hub(&self, hub: Hub, rng: &mut ChaCha20Rng) -> Result<(), Fault> {
        let mut keys = self.keys();
        let secret = Entry::Secret { name: "hub".into(), value: serde_json::to_vec(&hub).map_err(damaged)? };
        keys.hub = Some(hub);
        keys.store(&self.store.write())?;
        self.store.tail.append(&[secret], rng);
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = keys;
        Ok(())
    }
}
