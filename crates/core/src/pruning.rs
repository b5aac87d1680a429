//! Pruning: the log of an office lets go of what a checkpoint stands for, once the hub, the county's receipt and a tested backup
//! hold it too. The registrar lets go of nothing.

use niangjia_replication::{Incarnation, Stream, planted};
use rusqlite::Transaction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    exchange::PROGRAM,
    fault::Fault,
    identity::Keys,
    office::{Caller, Desk, Office},
    people::Role,
    registry::Registry,
    store::{
        self, Also, AtHub, Hold, Intake, LogKeys, Moment, Prospect,
        checkpoint::{self, Id},
        likeness,
        memory::Memory,
        versions::damaged,
    },
    words::Say,
};

/// Days after which the program prunes by itself, unless the office has said otherwise.
const DAYS: u32 = 90;
const DAY: i64 = 86_400_000;
/// Bytes of the log that go in one step when the program prunes by itself; the rest goes with the next one.
const STEP: i64 = 64 << 20;

/// Names of local facts.
const AFTER: &str = "prune_after_days";
/// Up to which number of the log the hub was seen to hold all of it, and in which life of its store.
pub(crate) const IN_STEP: &str = "hub_in_step";

/// Whether to do it.
#[derive(Deserialize, JsonSchema)]
pub struct PruneAsk {
    /// Otherwise it is only said what would go.
    #[serde(default)]
    pub commit: bool,
}

/// When the program prunes by itself.
#[derive(Deserialize, JsonSchema)]
pub struct KeepAsk {
    /// Days for which a checkpoint has to stand before what lies below it goes; 0: never by itself.
    pub days: u32,
}

/// A stream's log.
#[derive(Serialize, JsonSchema)]
pub struct PruneLine {
    /// The stream.
    pub stream: String,
    /// When the checkpoint was made that would stand for what goes, milliseconds since 1970.
    pub made: Option<i64>,
    /// Segments below it.
    pub segments: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Nothing holds it back.
    pub ready: bool,
    /// What holds it back, and what to do.
    pub say: Say,
}

/// What would go, or went.
#[derive(Serialize, JsonSchema)]
pub struct Pruned {
    /// The streams whose log may be pruned at all.
    pub streams: Vec<PruneLine>,
    /// Segments that would go, or went.
    pub segments: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// They went.
    pub done: bool,
    /// Days after which the program does it by itself; 0: never.
    pub after_days: u32,
    /// In one sentence.
    pub say: Say,
}

/// The choice that stands.
#[derive(Serialize, JsonSchema)]
pub struct Keeps {
    /// Days; 0: never by itself.
    pub after_days: u32,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.action("log.prune", Role::SystemAdmin, |desk, ask: PruneAsk| prune(desk, ask.commit, None));
    registry.action("log.keep", Role::SystemAdmin, keep);
}

fn keep(desk: &mut Desk<'_>, ask: KeepAsk) -> Result<Keeps, Fault> {
    store::set_local(desk.act.conn, AFTER, &ask.days.to_string())?;
    desk.note.record = Some(desk.office().identity().office);
    desk.note.reason = Some(ask.days.to_string());
    Ok(Keeps { after_days: ask.days })
}

fn days_kept(conn: &rusqlite::Connection) -> Result<u32, Fault> {
    store::local(conn, AFTER)?.map_or(Ok(DAYS), |days| days.parse().map_err(damaged))
}

/// Says what may go, and lets go of it where asked to. `by_itself`: only below checkpoints made before that moment, and no more than
/// one step.
fn prune(desk: &mut Desk<'_>, commit: bool, by_itself: Option<i64>) -> Result<Pruned, Fault> {
    let office = desk.office();
    if office.registrar() {
        return Err(Fault::new(
            "log_kept_whole",
            "这台电脑是县总工会的登记机，要保留全部日志，不做清理；没有改变任何内容。",
            "This PC is the county's registrar and keeps the whole log, so nothing is pruned here; nothing was changed.",
        ));
    }
    let after_days = days_kept(desk.act.conn)?;
    let (mut streams, mut ready): (Vec<PruneLine>, Vec<(i64, Id)>) = (Vec::new(), Vec::new());
    let (mut segments, mut bytes) = (0, 0);
    let hub = office.at_hub(desk.act.conn)?;
    let keys = office.keys();
    let memory = std::mem::take(&mut desk.act.memory);
    let moment = desk.act.moment.part();
    let mut intake = Intake::new(desk.act.conn, &office.store, LogKeys { keys: &keys }, memory, moment);
    for stream in office.streams().into_iter().filter(|s| matches!(s, Stream::Office(_))) {
        let Some(number) = intake.memory.known_stream(&stream) else { continue };
        let Prospect { checkpoint, made, segments: count, bytes: size, hold } = intake.prospect(number, hub)?;
        let young = by_itself.is_some_and(|before| made > before || bytes + size > STEP && bytes > 0);
        if let (Some(id), None, false) = (checkpoint, hold, young) {
            ready.push((number, id));
            (segments, bytes) = (segments + count, bytes + size);
        }
        streams.push(PruneLine {
            stream: stream.to_string(),
            made: checkpoint.map(|_| made),
            segments: count.unsigned_abs(),
            bytes: size.unsigned_abs(),
            ready: hold.is_none(),
            say: said(hold),
        });
    }
    let done = commit && segments > 0;
    if done {
        for (stream, id) in &ready {
            intake.let_go_below(*stream, id)?;
        }
    }
    (desk.act.memory, _) = intake.finish();
    if done {
        desk.note.record = Some(office.identity().office);
        desk.note.count = Some(usize::try_from(segments).unwrap_or(usize::MAX));
        desk.note.reason = Some(format!("{bytes} B"));
        desk.pruned = true;
    }
    let say = summed_up(segments, bytes, done);
    Ok(Pruned { streams, segments: segments.unsigned_abs(), bytes: bytes.unsigned_abs(), done, after_days, say })
}

fn said(hold: Option<Hold>) -> Say {
    match hold {
        None => Say::new(
            "检查点之前的日志可以清理：中转站、县总工会和一个核对过的备份里都有。",
            "What lies below the checkpoint may go: the hub, the county and a tested backup hold it.",
        ),
        Some(Hold::NoCheckpoint) => Say::new(
            "还没有新的检查点，没有可清理的。需要时先做检查点（checkpoints.make），再联网一次。",
            "There is no newer checkpoint, so nothing can go. Where wanted, make one (checkpoints.make) and exchange once.",
        ),
        Some(Hold::Unfit) => Say::new(
            "检查点和本机的日志现在对不上（有分叉、停用令，或内容还没有到齐），日志全部保留。照常使用，到齐后再做检查点。",
            "The checkpoint does not stand for the log as it is now (a fork, an order, or something has not come), so all of it stays. Go on as usual and make a checkpoint once everything is here.",
        ),
        Some(Hold::NotAtHub) => Say::new(
            "还没有看到中转站收齐检查点和它之前的日志，日志全部保留。请先联网同步。",
            "The hub was not yet seen holding the checkpoint and all below it, so the whole log stays. Exchange first.",
        ),
        Some(Hold::Unconfirmed) => Say::new(
            "检查点里有县总工会还没有确认的内容，日志全部保留。等县里确认后再清理。",
            "The county has not confirmed everything that the checkpoint stands for, so the whole log stays. Wait for the county.",
        ),
        Some(Hold::NotKept) => Say::new(
            "检查点之前的日志县总工会自己还没有取齐（县里也是从检查点开始的），日志全部保留。照常联网，县里取齐后再清理。",
            "The county itself does not hold every segment below the checkpoint (it had to begin with a checkpoint too), so the whole log stays. Go on exchanging until the county has them.",
        ),
        Some(Hold::NoBackup) => Say::new(
            "还没有一个打开核对过的备份包含这些内容，日志全部保留。请先核对备份（snapshots.test）。",
            "No backup that was opened and compared holds this much, so the whole log stays. Test a backup first (snapshots.test).",
        ),
    }
}

fn summed_up(segments: i64, bytes: i64, done: bool) -> Say {
    let mib = format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    match (segments, done) {
        (0, _) => Say::new(
            "现在没有可以清理的日志，没有改变任何内容。",
            "Nothing of the log can go now; nothing was changed.",
        ),
        (_, false) => Say::owned(
            format!("可以清理 {segments} 段日志（{mib} MB）；现在什么都没有改变。"),
            format!("{segments} segments of the log ({mib} MB) can go; nothing was changed yet."),
        ),
        (_, true) => Say::owned(
            format!(
                "清理了 {segments} 段日志（{mib} MB），腾出的地方由以后的内容使用。记录没有改变；较早的旧值今后到县总工会查。"
            ),
            format!(
                "{segments} segments of the log ({mib} MB) are gone; what comes later uses the room. No record has changed; values from before are at the county from now on."
            ),
        ),
    }
}

impl Office {
    /// The last number of the log. To be asked before the frontiers that a hub compares: what has this number or a lower one is in
    /// them.
    ///
    /// # Errors
    /// The store's own.
    pub fn log_end(&self) -> Result<i64, Fault> {
        self.store.read(|conn| {
            Ok(conn.prepare_cached("SELECT coalesce(max(no), 0) FROM segment")?.query_row([], |r| r.get(0))?)
        })
    }

    /// Notes that the hub, in this life of its store, was in step with all that the log held up to that number. Where it was not
    /// `whole`, because it stands on a checkpoint for something that is here, equal heads say nothing of what lies below.
    ///
    /// # Errors
    /// The store's own.
    pub fn in_step_with(&self, hub: &Incarnation, end: i64, whole: bool) -> Result<(), Fault> {
        self.hub_now().in_step = Some(*hub);
        let conn = self.store.write();
        if !whole && !planted!("in step by a checkpoint") {
            conn.execute("DELETE FROM local WHERE name = ?1", [IN_STEP])?;
            return Ok(());
        }
        let fact = format!("{} {end}", hex::encode(hub.0));
        if store::local(&conn, IN_STEP)?.as_ref() == Some(&fact) {
            return Ok(());
        }
        store::set_local(&conn, IN_STEP, &fact)
    }

    /// The hub has answered in this life of its store: what another one was seen to hold says nothing of this one.
    ///
    /// # Errors
    /// The store's own.
    pub fn meets(&self, hub: &Incarnation) -> Result<(), Fault> {
        let conn = self.store.write();
        let fact = store::local(&conn, IN_STEP)?;
        if fact.is_some_and(|fact| !fact.starts_with(&hex::encode(hub.0))) {
            conn.execute("DELETE FROM local WHERE name = ?1", [IN_STEP])?;
        }
        Ok(())
    }

    /// `None` where no hub is known; a hub with which this office was never in step holds nothing.
    fn at_hub(&self, conn: &rusqlite::Connection) -> Result<AtHub, Fault> {
        if self.hub().is_none() {
            return Ok(None);
        }
        let Some(fact) = store::local(conn, IN_STEP)? else { return Ok(Some(([0; 16], 0))) };
        let (epoch, end) = fact.split_once(' ').ok_or_else(|| damaged(IN_STEP))?;
        let epoch = hex::decode(epoch).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Some((epoch.ok_or_else(|| damaged(IN_STEP))?, end.parse().map_err(damaged)?)))
    }

    /// One step of pruning, where the office has not forbidden it: what lies below checkpoints that have stood for long enough goes.
    /// Returns the segments that went.
    ///
    /// # Errors
    /// The store's own, and `pruning_differs`; then nothing has changed.
    pub fn prune_by_itself(&self, moment: Moment) -> Result<u64, Fault> {
        let days = self.store.read(days_kept)?;
        if days == 0 || self.registrar() {
            return Ok(0);
        }
        let before = moment.wall.saturating_sub(i64::from(days) * DAY);
        let caller = Caller { clerk: PROGRAM, roles: Vec::new(), moment };
        let (pruned, _) = self.act("log.prune", caller, |desk| prune(desk, true, Some(before)))?;
        Ok(if pruned.done { pruned.segments } else { 0 })
    }
}

/// Makes every table again from checkpoint and tail; they must say what they said before.
///
/// # Errors
/// `pruning_differs`; then the caller's transaction must not be committed.
pub(crate) fn proven(office: &Office, tx: &Transaction<'_>, memory: Memory, keys: &Keys) -> Result<Memory, Fault> {
    let schema = &office.store.schema;
    let with = Also { history: false, confirmed: checkpoint::tell_confirmed(tx, &LogKeys { keys })? };
    let before = likeness(tx, &memory, schema, with)?;
    let (mut memory, _) = office.replayed(tx, memory, keys)?;
    if let Some(table) = before.differs(&likeness(tx, &memory, schema, with)?) {
        return Err(differs().because(table));
    }
    memory.load_received(tx)?;
    Ok(memory)
}

fn differs() -> Fault {
    Fault::new(
        "pruning_differs",
        "清理日志前核对，发现用检查点重建的记录和现在的不一致，所以没有清理，没有改变任何内容。请把这个情况告诉县总工会。",
        "Before the log was pruned, the records made again from the checkpoint were not the same as now, so nothing was pruned and nothing was changed. Tell the county federation.",
    )
}
