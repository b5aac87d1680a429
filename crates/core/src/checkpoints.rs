//! Checkpoints: what a stream comes to, sealed once in a while, so that a new PC needs the state and the tail.

use niangjia_replication::{Incarnation, Limits, RecordId, Stream, checkpoint::Part};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    office::{Desk, Office, View},
    people::{Nothing, Role},
    registry::Registry,
    store::{
        LogKeys, Moment,
        checkpoint::{self, Maker},
        forks::Forks,
        local,
        memory::Memory,
        set_local,
        versions::damaged,
    },
    words::Say,
};

/// Bytes of new segments from which a first checkpoint is worth its making.
const WORTH: i64 = 1 << 20;
/// A further one is made when the tail has grown to this part of it.
const PART_OF: i64 = 4;

/// Where a stream's log begins.
#[derive(Serialize, JsonSchema)]
pub struct CheckpointLine {
    /// The stream.
    pub stream: String,
    /// Bytes of the newest checkpoint that was made here or that the log stands on; 0 where there is none.
    pub bytes: u64,
    /// Its parts.
    pub parts: u32,
    /// Made on this PC.
    pub own: bool,
    /// The log stands on it: older segments are not on this PC.
    pub stands: bool,
    /// Segments of the log that lie here.
    pub segments: u64,
    /// Bytes of these.
    pub log: u64,
}

/// Every stream of this office.
#[derive(Serialize, JsonSchema)]
pub struct Checkpoints {
    /// The streams.
    pub streams: Vec<CheckpointLine>,
}

/// Which stream.
#[derive(Deserialize, JsonSchema)]
pub struct MakeAsk {
    /// The stream; this office's own where none is named.
    #[serde(default)]
    pub stream: Option<String>,
}

pub(crate) fn register(registry: &mut Registry) {
    registry.query("checkpoints.list", Role::Viewer, |view, _: Nothing| list(view));
    registry.action("checkpoints.make", Role::SystemAdmin, make);
}

fn list(view: &View<'_>) -> Result<Checkpoints, Fault> {
    let mut streams = Vec::new();
    for stream in view.office.streams() {
        let Some(number) = view.memory.known_stream(&stream) else { continue };
        streams.push(line(view.conn, &stream, number)?);
    }
    Ok(Checkpoints { streams })
}

fn line(conn: &Connection, stream: &Stream, number: i64) -> Result<CheckpointLine, Fault> {
    let newest = checkpoint::newest(conn, number)?;
    let (parts, bytes, own): (u32, i64, bool) = match newest {
        Some(id) => conn
            .prepare_cached("SELECT count(*), sum(length(bytes)), max(mine) FROM checkpoint_part WHERE id = ?1")?
            .query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?,
        None => (0, 0, false),
    };
    let (segments, log): (i64, i64) = conn
        .prepare_cached("SELECT count(*), coalesce(sum(length(bytes)), 0) FROM segment WHERE stream = ?1")?
        .query_row([number], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(CheckpointLine {
        stream: stream.to_string(),
        bytes: bytes.unsigned_abs(),
        parts,
        own,
        stands: conn.prepare_cached("SELECT 1 FROM base WHERE stream = ?1")?.exists([number])?,
        segments: segments.unsigned_abs(),
        log: log.unsigned_abs(),
    })
}

/// What is said while a checkpoint is laid aside and what it stands for has not come.
pub(crate) fn wanted(conn: &Connection) -> Result<Option<Say>, Fault> {
    let aside = conn.prepare_cached("SELECT 1 FROM base WHERE aside <> 0")?.exists([])?;
    Ok(aside.then(|| {
        Say::new(
            "要核对较早的内容，需要以前清理掉的日志；中转站或数据包带来后会自动补上。还没有人带来之前，仍按检查点使用，什么都不会丢。",
            "To look into earlier work the old part of the log is needed again; it is taken in by itself when the hub or a packet brings it. Until somebody has it the checkpoint stands and nothing is lost.",
        )
    }))
}

fn make(desk: &mut Desk<'_>, ask: MakeAsk) -> Result<CheckpointLine, Fault> {
    let stream = match ask.stream {
        Some(name) => name.parse().map_err(|_| unknown(&name))?,
        None => desk.office().own_stream(),
    };
    let keys = desk.office().keys();
    if !desk.office().may_make(&stream)? {
        return Err(unknown(&stream));
    }
    let number = desk.act.memory.known_stream(&stream).ok_or_else(nothing)?;
    let mut rng = desk.act.moment.part().rng;
    let log = LogKeys { keys: &keys };
    log.pack(desk.act.conn, &desk.act.memory, &mut rng)?;
    let forks = Forks::load(desk.act.conn, &mut desk.act.memory, &log)?;
    let maker = Maker {
        conn: desk.act.conn,
        memory: &desk.act.memory,
        forks: &forks,
        schema: desk.act.schema,
        log: &log,
        wall: desk.act.moment.wall,
    };
    checkpoint::make(&maker, number, &mut rng)?.ok_or_else(nothing)?;
    desk.note.record = Some(desk.office().identity().office);
    desk.note.reason = Some(stream.to_string());
    line(desk.act.conn, &stream, number)
}

fn nothing() -> Fault {
    Fault::new(
        "checkpoint_not_made",
        "这条数据流现在还不能做检查点：还没有已封存的内容，或者它的密钥要等下一次交换才有，或者有两台电脑曾用同一身份写入、内容还没有合齐。数据没有改变，照常使用即可。",
        "No checkpoint of this stream can be made now: nothing is sealed yet, or its key comes with the next exchange, or two PCs wrote under one identity and not everything of theirs is here. Nothing was changed; go on as usual.",
    )
}

fn unknown(stream: &impl ToString) -> Fault {
    Fault::new(
        "stream_unknown",
        "本办公室不能为这条数据流做检查点；没有改变任何内容。",
        "This office makes no checkpoints of that stream; nothing was changed.",
    )
    .because(stream.to_string())
}

impl Office {
    /// Whether others believe this PC's checkpoints of a stream.
    pub(crate) fn may_make(&self, stream: &Stream) -> Result<bool, Fault> {
        let keys = self.keys();
        // An office that works alone has no root yet.
        let Some(root) = keys.root else { return Ok(false) };
        let certs = niangjia_replication::keys::chain_from_cbor(&keys.chain).map_err(damaged)?;
        let who = niangjia_replication::keys::verify_chain(&certs, &root).map_err(damaged)?;
        Ok(niangjia_replication::checkpoint::may_make(&who, stream))
    }

    /// The registrar makes the checkpoints whose streams have grown enough since the last one, and once for each life of the hub's
    /// store that of a stream whose beginning the hub has as a checkpoint only: a PC that stands on another one, which says more
    /// of one chain and less of the next, can take neither that nor segments which nobody has. Any other PC begins to stand on what it
    /// has said again of a lost registrar's, where that is accepted. Returns how many were made.
    ///
    /// # Errors
    /// The store's own; then none of these was made.
    pub fn make_checkpoints(&self, moment: Moment) -> Result<usize, Fault> {
        if !self.registrar() {
            self.take_the_lost_ones_place()?;
            return Ok(0);
        }
        self.make_where(moment, |conn, (stream, number), due| {
            // Several are summed up as one: who stands on one of them, or on neither, takes that.
            if checkpoint::telling_all(conn, number)?.len() > 1 {
                return Ok(true);
            }
            let Some(life) = self.hub_now().stands_on_a_checkpoint(stream) else { return due() };
            Ok(local(conn, &summed_up(stream))? != Some(life.to_string()) || due()?)
        })
    }

    /// A PC whose log may be pruned sums up what has grown enough, where no checkpoint of its own waits for that already. Returns how
    /// many were made.
    ///
    /// # Errors
    /// The store's own; then none of these was made.
    pub fn sum_up_for_pruning(&self, moment: Moment) -> Result<usize, Fault> {
        if self.registrar() {
            return Ok(0);
        }
        self.make_where(moment, |conn, (_, number), due| {
            let mut waits = conn.prepare_cached(
                "SELECT 1 FROM checkpoint_part WHERE stream = ?1 AND last = 1 AND mine = 1 AND id NOT IN (SELECT checkpoint FROM base WHERE stream = ?1)",
            )?;
            Ok(!waits.exists([number])? && due()?)
        })
    }

    /// A registrar that was founded again sums up at once what it has as a checkpoint only. Who made that one is shut out with the
    /// same step, as a rule, and from then on the hub would have nothing to give in its place. Returns how many were made.
    ///
    /// # Errors
    /// The store's own; then none of these was made.
    pub(crate) fn sum_up_what_was_fetched(&self, moment: Moment) -> Result<usize, Fault> {
        self.make_where(moment, |conn, (_, number), _| {
            Ok(conn.prepare_cached("SELECT 1 FROM base WHERE stream = ?1")?.exists([number])?)
        })
    }

    fn make_where(
        &self,
        moment: Moment,
        wanted: impl Fn(&Connection, (&Stream, i64), &dyn Fn() -> Result<bool, Fault>) -> Result<bool, Fault>,
    ) -> Result<usize, Fault> {
        let conn = self.store.write();
        let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let (memory, keys, mut moment) = (self.store.memory(), self.keys(), moment);
        let log = LogKeys { keys: &keys };
        let mut made = 0;
        for stream in self.streams() {
            if !self.may_make(&stream)? {
                continue;
            }
            let Some(number) = memory.known_stream(&stream) else { continue };
            // Nobody else's log is ever pruned below, so only the registrar sums up the other streams.
            if !(self.registrar() || matches!(stream, Stream::Office(_)))
                || !wanted(&tx, (&stream, number), &|| due(&tx, &memory, &log, number))?
            {
                continue;
            }
            let mut rng = moment.part().rng;
            let schema = &self.store.schema;
            let mut memory = Memory::clone(&memory);
            let forks = Forks::load(&tx, &mut memory, &log)?;
            let maker = Maker { conn: &tx, memory: &memory, forks: &forks, schema, log: &log, wall: moment.wall };
            if checkpoint::make(&maker, number, &mut rng)?.is_some() {
                made += 1;
                if let Some(life) = self.hub_now().stands_on_a_checkpoint(&stream) {
                    set_local(&tx, &summed_up(&stream), &life.to_string())?;
                }
            }
        }
        tx.commit()?;
        Ok(made)
    }

    /// Whether nothing of others is held of a stream yet, so that a checkpoint would serve, or the hub itself cannot give what is
    /// missing here; and what has come of one already: its name and how many parts from the first on.
    ///
    /// # Errors
    /// The store's own.
    pub fn wants_checkpoint(&self, stream: &Stream) -> Result<Option<Option<(RecordId, u32)>>, Fault> {
        let only = self.only_summed_up(stream);
        // The registrar keeps every segment.
        if (self.registrar() && !only) || !self.streams().contains(stream) {
            return Ok(None);
        }
        let memory = self.store.memory();
        let Some(number) = memory.known_stream(stream) else { return Ok(Some(None)) };
        self.store.read(|conn| {
            let begun = "SELECT 1 FROM segment WHERE stream = ?1 AND mine = 0 UNION ALL SELECT 1 FROM base WHERE stream = ?1";
            if !only && conn.prepare_cached(begun)?.exists([number])? {
                return Ok(None);
            }
            let mut statement = conn.prepare_cached(
                "SELECT id, part FROM checkpoint_part WHERE id = (SELECT id FROM checkpoint_part WHERE stream = ?1 AND mine = 0
                 AND id NOT IN (SELECT checkpoint FROM base WHERE stream = ?1) ORDER BY rowid DESC LIMIT 1) ORDER BY part",
            )?;
            let rows = statement.query_map([number], |r| Ok((r.get::<_, [u8; 16]>(0)?, r.get::<_, u32>(1)?)))?;
            let mut held = None;
            for row in rows {
                let (id, part) = row?;
                if part == held.map_or(0, |(_, last)| last) + 1 {
                    held = Some((RecordId(id), part));
                }
            }
            Ok(Some(held))
        })
    }

    /// The checkpoints that a stream's log stands on: they need not come again. None where one of them is believed no more, so that
    /// another one that tells the same serves.
    ///
    /// # Errors
    /// The store's own.
    pub fn stands_on(&self, stream: &Stream) -> Result<Vec<RecordId>, Fault> {
        let Some(number) = self.store.memory().known_stream(stream) else { return Ok(Vec::new()) };
        let keys = self.keys();
        let ids = self.store.read(|conn| {
            let another = checkpoint::wants_another(conn, &LogKeys { keys: &keys }, number)?;
            if another { Ok(Vec::new()) } else { checkpoint::stood_on(conn, number) }
        })?;
        Ok(ids.into_iter().map(RecordId).collect())
    }

    /// The next part of a checkpoint made here that this life of the hub's store is not known to hold; of one on which the log stands, and
    /// of what was said again of a lost registrar's, only where the hub lacks what it tells.
    ///
    /// # Errors
    /// The store's own.
    pub fn checkpoint_for(&self, hub: &Incarnation) -> Result<Option<(Stream, Vec<u8>)>, Fault> {
        let (memory, keys) = (self.store.memory(), self.keys());
        let short = self.hub_now().short.clone();
        self.store.read(|conn| {
            let mut parts = conn.prepare_cached(
                "SELECT rowid, stream, mine, id FROM checkpoint_part WHERE hub IS NOT ?1
                 AND id IN (SELECT id FROM checkpoint_part WHERE last = 1 AND mine <> 0 UNION SELECT checkpoint FROM base) ORDER BY stream, id, part",
            )?;
            let mut rows = parts.query([hub.0])?;
            while let Some(row) = rows.next()? {
                let (no, stream, mine): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let name = *memory.stream_name(stream)?;
                let offered = match mine {
                    // What came from the hub goes back only to one that has lost it, and would believe it.
                    0 => {
                        short.contains(&name)
                            && !checkpoint::disowned(conn, &LogKeys { keys: &keys }, stream, &row.get(3)?)?
                    }
                    checkpoint::SAID_AGAIN => self.hub_now().lacks(&name),
                    _ => true,
                };
                if offered {
                    let mut bytes = conn.prepare_cached("SELECT bytes FROM checkpoint_part WHERE rowid = ?1")?;
                    return Ok(Some((name, bytes.query_row([no], |r| r.get(0))?)));
                }
            }
            Ok(None)
        })
    }

    /// Notes that the hub has a part now.
    ///
    /// # Errors
    /// The store's own.
    pub fn checkpoint_sent(&self, hub: &Incarnation, bytes: &[u8]) -> Result<(), Fault> {
        let part = Part::parse(bytes, &Limits::STANDARD).map_err(damaged)?;
        let conn = self.store.write();
        self.catch_up(&conn)?;
        conn.prepare_cached("UPDATE checkpoint_part SET hub = ?3 WHERE id = ?1 AND part = ?2")?.execute(params![
            part.header().id,
            part.header().part,
            hub.0
        ])?;
        Ok(())
    }
}

/// In which life of the hub's store a stream was summed up because the hub stands on a checkpoint.
fn summed_up(stream: &Stream) -> String {
    format!("summed up {stream}")
}

/// Whether a stream has grown enough since its newest checkpoint, or an order shuts out the PC that made it, so that nobody else
/// believes it any more.
fn due(conn: &Connection, memory: &Memory, log: &LogKeys<'_>, stream: i64) -> Result<bool, Fault> {
    for id in checkpoint::telling_all(conn, stream)? {
        if checkpoint::disowned(conn, log, stream, &id)? {
            return Ok(true);
        }
    }
    let newest = checkpoint::newest(conn, stream)?;
    let (worth, cover) = match newest {
        Some(id) => (WORTH.max(checkpoint::size(conn, &id)? / PART_OF), checkpoint::cover(conn, &id)?),
        None => (WORTH, niangjia_replication::Frontier::new()),
    };
    let mut statement =
        conn.prepare_cached("SELECT chain, seq, length(bytes) FROM segment WHERE stream = ?1 ORDER BY no DESC")?;
    let mut rows = statement.query([stream])?;
    let mut grown = 0;
    while let Some(row) = rows.next()? {
        let (chain, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        let covered = cover.head(memory.incarnation(chain)?).map_or(0, |h| h.seq);
        if u64::try_from(seq).map_err(damaged)? > covered {
            grown += row.get::<_, i64>(2)?;
        }
        if grown >= worth {
            return Ok(true);
        }
    }
    Ok(false)
}
