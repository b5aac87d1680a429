//! Papers in the log: orders and grants, changes of two kinds in the county's stream that carry what the issuing key signed; and
//! keys that somebody tells the county in a stream of its own. They are taken up as soon as their segment is opened, whether or not its changes are applied, so that what counts is a function of
//! the segments held and of nothing else.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{
    Block, Head, Incarnation, Limits, Segment, Stream,
    change::{Change, Set, Value},
    keys::{CertId, VerifyingKey},
    orders::{By, Granted, Orders, Revocation, granted, tell, told},
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{act::Act, forks, frontier, log::Fresh, memory::Memory, versions::damaged};
use crate::fault::Fault;

/// The kinds of such changes. They are no records: no table shows them.
pub(crate) const ORDER: &str = "order";
pub(crate) const GRANT: &str = "grant";
const TOLD: &str = "told_key";
const FIELD: &str = "doc";
/// Most changes of a block by which somebody tells keys.
const FEW: i64 = 16;

/// Why the changes of a segment are not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// An order of the county shuts it out.
    Order = 1,
    /// Its key, or the key of one before it in its chain, has not come.
    Key = 2,
    /// It cannot be read with the key that it names.
    Unreadable = 3,
}

/// What a segment told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct News {
    pub(crate) orders: bool,
    pub(crate) grants: bool,
}

/// Whether a change is an order, a grant, or keys that are told.
pub(crate) fn is_paper(kind: &str) -> bool {
    kind == ORDER || kind == GRANT || kind == TOLD
}

/// Whether a block holds nothing else: it is sealed under the key that everybody has who was ever enrolled. Whoever lacks the
/// newer key could not open the very grant that brings it.
pub(super) fn is_papers(stream: &Stream, one: &Fresh) -> Result<bool, Fault> {
    // Only the county writes papers by the dozen: a large block of another stream need not be opened to know.
    if *stream != Stream::County && one.changes > FEW {
        return Ok(false);
    }
    let block = Block::decode(&one.block, &Limits::STANDARD).map_err(damaged)?;
    Ok(block.changes().all(|change| is_paper(&change.to_owned().kind)))
}

/// How many orders are known here.
pub(crate) fn known(conn: &Connection) -> Result<i64, Fault> {
    Ok(conn.prepare_cached("SELECT count(*) FROM county_order")?.query_row([], |r| r.get(0))?)
}

/// Takes up what changes carry.
pub(super) fn collect(
    conn: &Connection,
    root: Option<&VerifyingKey>,
    stream: &Stream,
    changes: &[Change],
) -> Result<News, Fault> {
    let mut news = News::default();
    let Some(root) = root else { return Ok(news) };
    for change in changes.iter().filter(|change| is_paper(&change.kind)) {
        for set in change.sets.iter().filter(|set| &*set.field == FIELD) {
            let Value::Bytes(doc) = &set.value else { continue };
            // What the root does not stand behind is nothing, whoever brought it: reading never refuses.
            match (&*change.kind, stream) {
                (ORDER, Stream::County) => news.orders |= Revocation::read(doc, root).is_ok() && keep_order(conn, doc)?,
                (GRANT, Stream::County) => {
                    if let Ok((keys, by)) = granted(doc, root) {
                        news.grants |= keep_grants(conn, &keys, &by)?;
                    }
                }
                (TOLD, _) => {
                    if let Ok(keys) = told(doc) {
                        news.grants |= keep_told(conn, &keys, false)?;
                    }
                }
                _ => {}
            }
        }
    }
    Ok(news)
}

fn keep_order(conn: &Connection, doc: &[u8]) -> Result<bool, Fault> {
    let hash = *blake3::hash(doc).as_bytes();
    let mut put = conn.prepare_cached("INSERT OR IGNORE INTO county_order (hash, doc) VALUES (?1, ?2)")?;
    Ok(put.execute(params![hash, doc])? > 0)
}

fn keep_grants(conn: &Connection, keys: &[Granted], by: &By) -> Result<bool, Fault> {
    let mut news = false;
    let mut put = conn.prepare_cached(
        "INSERT OR IGNORE INTO key_grant (stream, epoch, holder, signer, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for one in keys {
        news |= put.execute(params![one.stream.to_string(), one.epoch, one.to.0, signer(by), one.sealed])? > 0;
    }
    Ok(news)
}

fn keep_told(conn: &Connection, keys: &[Granted], here: bool) -> Result<bool, Fault> {
    let mut news = false;
    let mut put = conn.prepare_cached(
        "INSERT OR IGNORE INTO key_told (stream, epoch, holder, sealed, here) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for one in keys {
        news |= put.execute(params![one.stream.to_string(), one.epoch, one.to.0, one.sealed, here])? > 0;
    }
    Ok(news)
}

/// Keys that were told to one PC.
pub(crate) fn told_to(conn: &Connection, holder: &CertId) -> Result<Vec<Granted>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT stream, epoch, sealed FROM key_told WHERE holder = ?1 ORDER BY stream, epoch, sealed",
    )?;
    let mut rows = statement.query([holder.0])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let stream = row.get::<_, String>(0)?.parse().map_err(damaged)?;
        out.push(Granted { stream, epoch: row.get(1)?, to: *holder, sealed: row.get(2)? });
    }
    Ok(out)
}

/// Which keys this PC itself has told, and to whom.
pub(crate) fn told_here(conn: &Connection) -> Result<BTreeSet<(Stream, u32, CertId)>, Fault> {
    let mut statement = conn.prepare_cached("SELECT stream, epoch, holder FROM key_told WHERE here = 1")?;
    let mut rows = statement.query([])?;
    let mut out = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let stream = row.get::<_, String>(0)?.parse().map_err(damaged)?;
        out.insert((stream, row.get(1)?, CertId(row.get(2)?)));
    }
    Ok(out)
}

/// Keys that one issuing key has granted to one holder.
pub(crate) fn granted_by(conn: &Connection, by: &CertId, holder: &CertId) -> Result<BTreeSet<(Stream, u32)>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT DISTINCT stream, epoch FROM key_grant WHERE holder = ?1 AND signer = ?2")?;
    let mut rows = statement.query([holder.0, by.0])?;
    let mut out = BTreeSet::new();
    while let Some(row) = rows.next()? {
        out.insert((row.get::<_, String>(0)?.parse().map_err(damaged)?, row.get(1)?));
    }
    Ok(out)
}

/// Looks at the segments of a stream that wait for their key, until told to stop.
pub(crate) fn each_closed(
    conn: &Connection,
    stream: i64,
    mut look: impl FnMut(&Segment<'_>) -> bool,
) -> Result<(), Fault> {
    let mut waiting = conn.prepare_cached(
        "SELECT s.bytes FROM aside a CROSS JOIN segment s ON s.no = a.segment WHERE a.why = 2 AND s.stream = ?1",
    )?;
    let mut rows = waiting.query([stream])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob().map_err(damaged)?;
        if !look(&Segment::parse(bytes, &Limits::STANDARD).map_err(damaged)?) {
            break;
        }
    }
    Ok(())
}

/// Whether any grant has come.
pub(crate) fn any_grant(conn: &Connection) -> Result<bool, Fault> {
    Ok(conn.prepare_cached("SELECT 1 FROM key_grant LIMIT 1")?.exists([])?)
}

fn signer(by: &By) -> Vec<u8> {
    match by {
        By::Root => Vec::new(),
        By::Issuing(cert) => cert.0.to_vec(),
    }
}

/// Every order that has come, as it was signed.
pub(crate) fn documents(conn: &Connection) -> Result<Vec<Vec<u8>>, Fault> {
    let mut statement = conn.prepare_cached("SELECT doc FROM county_order ORDER BY hash")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What the orders that have come say together.
pub(crate) fn load(conn: &Connection, root: Option<&VerifyingKey>) -> Result<Orders, Fault> {
    let Some(root) = root else { return Ok(Orders::default()) };
    let documents = documents(conn)?;
    Ok(Orders::of(documents.iter().map(Vec::as_slice), root))
}

/// The grants that stand: all, or those of one holder.
pub(crate) fn grants(conn: &Connection, orders: &Orders, holder: Option<&CertId>) -> Result<Vec<Granted>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT stream, epoch, holder, signer, sealed FROM key_grant WHERE ?1 IS NULL OR holder = ?1 ORDER BY stream, epoch",
    )?;
    let mut rows = statement.query([holder.map(|cert| cert.0)])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let signer: Vec<u8> = row.get(3)?;
        let by = <[u8; 32]>::try_from(signer).map_or(By::Root, |cert| By::Issuing(CertId(cert)));
        if orders.stands(&by) {
            let stream = row.get::<_, String>(0)?.parse().map_err(damaged)?;
            out.push(Granted { stream, epoch: row.get(1)?, to: CertId(row.get(2)?), sealed: row.get(4)? });
        }
    }
    Ok(out)
}

impl Act<'_> {
    /// Publishes an order or a grant, and takes it up here.
    pub(crate) fn publish(&mut self, kind: &str, doc: &[u8], root: &VerifyingKey) -> Result<(), Fault> {
        let id = self.new_id();
        let set = Set { field: FIELD.into(), value: Value::Bytes(doc.into()), seen: Vec::new() };
        self.write(&Stream::County, kind, id, vec![set], None)?;
        if kind == ORDER {
            Revocation::read(doc, root).map_err(damaged)?;
            keep_order(self.conn, doc)?;
        } else {
            let (keys, by) = granted(doc, root).map_err(damaged)?;
            keep_grants(self.conn, &keys, &by)?;
        }
        Ok(())
    }
}

impl Act<'_> {
    /// Tells keys to those who lack them, in a stream that they read.
    pub(crate) fn tell(&mut self, stream: &Stream, keys: &[Granted]) -> Result<(), Fault> {
        let id = self.new_id();
        let doc = tell(keys).map_err(damaged)?;
        let set = Set { field: FIELD.into(), value: Value::Bytes(doc.into()), seen: Vec::new() };
        self.write(stream, TOLD, id, vec![set], None)?;
        keep_told(self.conn, keys, true)?;
        Ok(())
    }
}

/// Sets a segment aside, or says anew why it is.
pub(super) fn set_aside(conn: &Connection, segment: i64, why: Why) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO aside (segment, why) VALUES (?1, ?2) ON CONFLICT (segment) DO UPDATE SET why = ?2",
    )?
    .execute(params![segment, why as i64])?;
    Ok(())
}

/// How many segments are aside for a reason.
pub(crate) fn count(conn: &Connection, why: Why) -> Result<u64, Fault> {
    let mut count = conn.prepare_cached("SELECT count(*) FROM aside WHERE why = ?1")?;
    Ok(count.query_row([why as i64], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

/// Whether something earlier of the chain waits for its key: changes of a chain are applied in their order.
pub(super) fn keyless(conn: &Connection, stream: i64, chain: i64) -> Result<bool, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM aside a CROSS JOIN segment s ON s.no = a.segment WHERE a.why = 2 AND s.stream = ?1 AND s.chain = ?2",
        )?
        .exists([stream, chain])?)
}

/// Whether a segment is one of the accepted heads or stands before one.
pub(super) fn accepted(conn: &Connection, stream: i64, chain: i64, at: &Head, heads: &[Head]) -> Result<bool, Fault> {
    let forked = forks::is_forked(conn, stream, chain)?;
    let mut prev =
        conn.prepare_cached("SELECT prev FROM segment WHERE stream = ?1 AND chain = ?2 AND seq = ?3 AND hash = ?4")?;
    for head in heads.iter().filter(|head| head.seq >= at.seq) {
        let (mut seq, mut hash) = (head.seq, head.hash);
        // Without a fork there is one way down; with one, the way is walked.
        while seq > at.seq && forked {
            let place = params![stream, chain, i64::try_from(seq).map_err(damaged)?, hash];
            match prev.query_row(place, |row| row.get::<_, [u8; 32]>(0)).optional()? {
                Some(before) => (seq, hash) = (seq - 1, before),
                // The accepted branch has not come as far as here; when it comes, everything is looked at again.
                None => return Ok(true),
            }
        }
        if seq > at.seq || hash == at.hash {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The chains that a PC has written, with the last segments that are held of each, or that a checkpoint stands for here.
pub(crate) fn chains_of(
    conn: &Connection,
    memory: &Memory,
    device: &CertId,
) -> Result<BTreeMap<(Stream, Incarnation), Vec<Head>>, Fault> {
    let mut written = BTreeSet::new();
    let mut first = conn.prepare("SELECT DISTINCT stream, chain, bytes FROM segment WHERE seq = 1")?;
    let mut rows = first.query([])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(2)?.as_blob().map_err(damaged)?;
        if Segment::parse(bytes, &Limits::STANDARD).map_err(damaged)?.signer() == *device {
            written.insert((row.get(0)?, row.get(1)?));
        }
    }
    // Where the first segment lies below a checkpoint, that says who signed it.
    let mut below = conn.prepare("SELECT stream, chain FROM base WHERE signer = ?1")?;
    for row in below.query_map([device.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))? {
        written.insert(row?);
    }
    let mut out = BTreeMap::new();
    for (stream, chain) in written {
        let name = memory.incarnation(chain)?;
        let heads = frontier(conn, memory, stream)?.heads(name).to_vec();
        out.insert((*memory.stream_name(stream)?, name), heads);
    }
    Ok(out)
}
