//! Reading a backup through: the database, every segment's hash, signature and place, and what the manifest says.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use niangjia_replication::checkpoint::Part;
use niangjia_replication::keys::{CertId, Identity, VerifyingKey, chain_from_cbor, verify_chain};
use niangjia_replication::{Incarnation, Limits, RecordId, Segment};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde::Serialize;

use super::{FORMAT, Manifest, connect, marks};
use crate::identity::HubKey;
use crate::store::StoreFault;
use crate::{HubFault, public};

/// Sentences kept; one broken disk page can spoil thousands of segments.
const TOLD: usize = 50;

type Hash = [u8; 32];

/// What was found in a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub good: bool,
    pub hub: Option<RecordId>,
    pub key: Option<VerifyingKey>,
    pub epoch: Option<Incarnation>,
    pub made_ms: Option<i64>,
    /// Segments whose hash, signature and place were looked at.
    pub segments: u64,
    pub streams: u64,
    pub devices: u64,
    /// Everything that is wrong, the first fifty said.
    pub problems: u64,
    pub told: Vec<String>,
}

impl Checked {
    fn wrong(&mut self, what: impl Into<String>) {
        self.problems += 1;
        if self.told.len() < TOLD {
            self.told.push(what.into());
        }
    }
}

/// Reads a backup through. Whatever is wrong with it stands in the answer; nothing is changed.
///
/// # Errors
/// When there is no such file.
pub fn verify(file: &Path) -> Result<Checked, HubFault> {
    std::fs::metadata(file).map_err(HubFault::Disk)?;
    let mut checked = Checked::default();
    if let Err(cause) = read(file, &mut checked) {
        checked.wrong(format!("the database cannot be read to its end: {cause}"));
    }
    checked.good = checked.problems == 0;
    Ok(checked)
}

fn read(file: &Path, checked: &mut Checked) -> Result<(), StoreFault> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let ask = connection.unchecked_transaction()?;
    let mut sound = ask.prepare("PRAGMA integrity_check(20)")?;
    for line in sound.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            checked.wrong(format!("database: {line}"));
        }
    }
    let mut dangling = ask.prepare("PRAGMA foreign_key_check")?;
    for table in dangling.query_map([], |row| row.get::<_, String>(0))? {
        checked.wrong(format!("database: a row of {} belongs to nothing", table?));
    }
    manifest(&ask, checked)?;
    let root: Option<Hash> = ask.query_row("SELECT root FROM hub", [], |row| row.get(0))?;
    let root = root.and_then(|root| VerifyingKey::from_bytes(&root).ok());
    let mut signers = devices(&ask, root.as_ref(), checked)?;
    let mut chains = ask.prepare("SELECT id, stream, incarnation, signer FROM chain ORDER BY id")?;
    let mut rows = chains.query([])?;
    while let Some(row) = rows.next()? {
        let chain = Chain {
            id: row.get(0)?,
            stream: row.get(1)?,
            incarnation: Incarnation(row.get(2)?),
            signer: row.get(3)?,
            root: root.as_ref(),
        };
        chain.check(&ask, &mut signers, checked)?;
    }
    parts(&ask, root.as_ref(), checked)
}

/// Checkpoints: each part is the one that its row says, and somebody made it whose checkpoints are believed.
fn parts(ask: &Connection, root: Option<&VerifyingKey>, checked: &mut Checked) -> Result<(), StoreFault> {
    // A hub of an earlier version has no such table.
    if !ask.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'checkpoint_part'")?.exists([])? {
        return Ok(());
    }
    let mut parts = ask.prepare("SELECT stream, id, part, last, bytes FROM checkpoint_part ORDER BY no")?;
    let mut rows = parts.query([])?;
    while let Some(row) = rows.next()? {
        let (stream, id, number): (String, [u8; 16], u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let last: bool = row.get(3)?;
        let part = Part::parse(row.get_ref(4)?.as_blob().unwrap_or_default(), &Limits::STANDARD).ok().filter(|part| {
            let header = part.header();
            header.stream.to_string() == stream && (header.id, header.part, header.last) == (id, number, last)
        });
        if part.zip(root).is_none_or(|(part, root)| part.verify(root).is_err()) {
            checked.wrong(format!("part {number} of a checkpoint of {stream} does not hold"));
        }
    }
    Ok(())
}

fn manifest(ask: &Connection, checked: &mut Checked) -> Result<(), StoreFault> {
    let has: bool = ask.query_row(
        "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('backup_key', 'backup_manifest')",
        [],
        |row| row.get(0),
    )?;
    if !has {
        checked.wrong("this is no backup of a hub: it has no manifest");
        return Ok(());
    }
    let json: Option<String> = ask.query_row("SELECT json FROM backup_manifest", [], |row| row.get(0)).optional()?;
    let Some(said) = json.and_then(|json| serde_json::from_str::<Manifest>(&json).ok()) else {
        checked.wrong("the manifest cannot be read");
        return Ok(());
    };
    if said.format != FORMAT {
        checked.wrong(format!("the backup's format is {}; this program reads {FORMAT}", said.format));
    }
    (checked.hub, checked.key) = (Some(said.hub), Some(said.key));
    (checked.epoch, checked.made_ms) = (Some(said.epoch), Some(said.made_ms));
    checked.streams = said.streams.len() as u64;
    let seed: Option<String> = ask.query_row("SELECT seed FROM backup_key", [], |row| row.get(0)).optional()?;
    let key = seed.and_then(|seed| HubKey::read(&seed).ok());
    if key.and_then(|key| public(&key).ok()) != Some(said.key) {
        checked.wrong("the hub's key in the backup is not the one that the manifest names");
    }
    let epoch: Option<[u8; 16]> = ask.query_row("SELECT epoch FROM hub", [], |row| row.get(0)).optional()?;
    if epoch.map(Incarnation) != Some(said.epoch) {
        checked.wrong("the epoch is not the one that the manifest names");
    }
    differences("table", &said.tables, &marks::tables(ask)?, |mark| &mark.table, checked);
    differences("stream", &said.streams, &marks::streams(ask)?, |mark| &mark.stream, checked);
    Ok(())
}

fn differences<T: PartialEq>(what: &str, said: &[T], is: &[T], name: impl Fn(&T) -> &String, checked: &mut Checked) {
    let names: BTreeSet<&String> = said.iter().chain(is).map(&name).collect();
    for one in names {
        if said.iter().find(|mark| name(mark) == one) != is.iter().find(|mark| name(mark) == one) {
            checked.wrong(format!("{what} {one} is not as the manifest says"));
        }
    }
}

type Signers = HashMap<CertId, Identity>;

fn devices(ask: &Connection, root: Option<&VerifyingKey>, checked: &mut Checked) -> Result<Signers, StoreFault> {
    let mut signers = HashMap::new();
    let mut devices = ask.prepare("SELECT cert, chain FROM device ORDER BY cert")?;
    let mut rows = devices.query([])?;
    while let Some(row) = rows.next()? {
        let (cert, chain): (Hash, Vec<u8>) = (row.get(0)?, row.get(1)?);
        checked.devices += 1;
        let identity = root.and_then(|root| verify_chain(&chain_from_cbor(&chain).ok()?, root).ok());
        match identity.filter(|identity| identity.cert.0 == cert) {
            Some(identity) => {
                signers.insert(identity.cert, identity);
            }
            None => checked.wrong(format!("device {}: its certificates do not hold", CertId(cert))),
        }
    }
    Ok(signers)
}

/// One chain as the hub has it in its books.
struct Chain<'r> {
    id: i64,
    stream: String,
    incarnation: Incarnation,
    signer: Hash,
    root: Option<&'r VerifyingKey>,
}

impl Chain<'_> {
    fn check(&self, ask: &Connection, signers: &mut Signers, checked: &mut Checked) -> Result<(), StoreFault> {
        let mut segments =
            ask.prepare_cached("SELECT seq, hash, prev, bytes FROM segment WHERE chain = ?1 ORDER BY seq, hash")?;
        let mut rows = segments.query([self.id])?;
        // Of the number before and of this one: what a segment may name as the one before it.
        let (mut before, mut here, mut at) = (HashSet::<Hash>::new(), HashSet::new(), 0_i64);
        let mut heads = BTreeSet::new();
        // A chain that a checkpoint was brought for begins behind it as well as with its first segment.
        let base = self.base(ask)?;
        heads.extend(base);
        while let Some(row) = rows.next()? {
            let (seq, hash, prev): (i64, Hash, Hash) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if seq != at {
                before = if seq == at + 1 { std::mem::take(&mut here) } else { HashSet::new() };
                (here, at) = (HashSet::new(), seq);
            }
            // Below that checkpoint there is what has been brought so far.
            let based = base.is_some_and(|(end, _)| seq <= end) || base == Some((seq - 1, prev));
            let follows = based || if seq == 1 { prev == [0; 32] } else { before.contains(&prev) };
            if !follows {
                checked.wrong(format!("{self} number {seq}: the segment before it is missing"));
            }
            here.insert(hash);
            if base.is_none_or(|(end, _)| seq > end) {
                heads.remove(&(seq - 1, prev));
                heads.insert((seq, hash));
            }
            checked.segments += 1;
            if let Err(why) = self.segment(row.get_ref(3)?.as_blob().unwrap_or_default(), seq, &hash, &prev, signers) {
                checked.wrong(format!("{self} number {seq}: {why}"));
            }
        }
        let mut noted = ask.prepare_cached("SELECT seq, hash FROM head WHERE chain = ?1")?;
        let noted = noted.query_map([self.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if noted.collect::<Result<BTreeSet<_>, _>>()? != heads {
            checked.wrong(format!("{self}: its heads are not the last segments"));
        }
        Ok(())
    }

    fn base(&self, ask: &Connection) -> Result<Option<(i64, Hash)>, StoreFault> {
        // A hub of an earlier version has no such table.
        if !ask.prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'base'")?.exists([])? {
            return Ok(None);
        }
        let mut base = ask.prepare_cached("SELECT seq, hash FROM base WHERE chain = ?1")?;
        Ok(base.query_row([self.id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn segment(&self, bytes: &[u8], seq: i64, hash: &Hash, prev: &Hash, signers: &mut Signers) -> Result<(), String> {
        if blake3::hash(bytes).as_bytes() != hash {
            return Err("its bytes are not those of its hash".to_owned());
        }
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(|bad| bad.to_string())?;
        let header = segment.header();
        let booked = (header.stream.to_string() == self.stream)
            && header.chain == self.incarnation
            && i64::try_from(header.seq) == Ok(seq)
            && header.prev == *prev;
        if !booked {
            return Err("it belongs elsewhere".to_owned());
        }
        if let Some(Ok(Some(identity))) = self.root.map(|root| segment.introduces(root)) {
            signers.insert(identity.cert, identity);
        }
        let signer = signers.get(&segment.signer()).ok_or("nobody knows who signed it")?;
        if signer.device_key.to_bytes() != self.signer {
            return Err("another device began its chain".to_owned());
        }
        segment.verify_from(signer).map(drop).map_err(|bad| bad.to_string())
    }
}

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} chain {}", self.stream, self.incarnation)
    }
}
