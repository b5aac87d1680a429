//! One PC: the real core of an office on its own encrypted file, with what its clerks have open and what the simulation knows
//! that they did.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use niangjia_core::{
    Fault,
    backups::TestedBackup,
    founding::Founded,
    joining,
    office::{Caller, Office},
    people::Role,
    replication::enrol::Enrolment,
    store::{DatabaseKey, Moment},
};
use niangjia_replication::{Incarnation, RecordId};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;

use crate::{
    older,
    oracle::{Form, Shelf},
};

const DATABASE: &str = "office.db";

#[derive(Clone)]
/// A copy of a disk or of its database, and what stood on it besides the log.
pub(crate) struct Image {
    pub(crate) folder: PathBuf,
    pub(crate) shelf: Shelf,
    drafts: BTreeMap<String, String>,
    batches: Vec<(String, Vec<String>)>,
    aside: BTreeSet<[u8; 32]>,
}

/// What a start brought back from the second file.
pub(crate) struct Back {
    pub(crate) changes: u64,
    pub(crate) renewed: bool,
}

/// Of a base `b`: somebody else made the checkpoint.
const OTHERS: &str = "NOT EXISTS (SELECT 1 FROM checkpoint_part c WHERE c.id = b.checkpoint AND c.mine = 1)";

/// One PC of an office.
pub(crate) struct Pc {
    /// Which office of the history; 0 is the county.
    pub(crate) office_no: usize,
    pub(crate) clerks: Vec<RecordId>,
    /// What its clock is wrong by, milliseconds.
    pub(crate) offset: i64,
    /// Stolen, burnt or drowned: nobody opens it again.
    pub(crate) gone: bool,
    /// Its clerks are out; the others go on.
    pub(crate) locked: bool,
    /// Seldom has a line.
    pub(crate) lazy: bool,
    pub(crate) forms: Vec<Form>,
    pub(crate) drafts: BTreeMap<String, String>,
    /// Imports that can be undone, with the members that each made.
    pub(crate) batches: Vec<(String, Vec<String>)>,
    /// Hashes of the segments that it must have put aside.
    pub(crate) aside: BTreeSet<[u8; 32]>,
    /// Hashes of segments that a spoilt stick brought: it may have put them aside.
    pub(crate) perhaps: BTreeSet<[u8; 32]>,
    /// Of packets that were put into it, by maker and number: of how many parts, and which came whole.
    pub(crate) pocket: BTreeMap<(Incarnation, u64), (u32, BTreeSet<u32>)>,
    /// The disk as somebody copied it one day.
    pub(crate) image: Option<Image>,
    /// Snapshots of the database, oldest first.
    pub(crate) snapshots: Vec<Image>,
    /// What the version of its program does not know yet.
    pub(crate) unknown: &'static [&'static str],
    /// Its log goes back to the first day: it did not begin with a checkpoint.
    pub(crate) whole: bool,
    /// Its log began with somebody else's checkpoint for a while: it never heard of what had been replaced below.
    begun: bool,
    /// Another PC bears its identity.
    pub(crate) twin: bool,
    /// The life of the hub's store that it met last.
    pub(crate) met: Option<Incarnation>,
    pub(crate) folder: PathBuf,
    lives: u32,
    /// Snapshots made.
    made: u32,
    key: DatabaseKey,
    office: Option<Arc<Office>>,
}

impl Pc {
    pub(crate) fn new(folder: PathBuf, office_no: usize, founded: Founded, unknown: &'static [&'static str]) -> Self {
        let Founded { office, key, clerk, .. } = founded;
        Self {
            office_no,
            clerks: vec![clerk.id],
            offset: 0,
            gone: false,
            locked: false,
            lazy: false,
            forms: Vec::new(),
            drafts: BTreeMap::new(),
            batches: Vec::new(),
            aside: BTreeSet::new(),
            perhaps: BTreeSet::new(),
            pocket: BTreeMap::new(),
            image: None,
            snapshots: Vec::new(),
            unknown,
            whole: true,
            begun: false,
            twin: false,
            met: None,
            folder,
            lives: 0,
            made: 0,
            key,
            office: Some(Arc::new(office)),
        }
    }

    /// Nothing is left of it.
    pub(crate) fn removed(mut self) {
        self.office = None;
        std::fs::remove_dir_all(&self.folder).expect("its folder");
    }

    /// Where the file of a PC lies in its n-th life.
    pub(crate) fn file(folder: &Path, life: u32) -> PathBuf {
        folder.join(format!("life-{life}")).join(DATABASE)
    }

    fn life(&self) -> PathBuf {
        self.folder.join(format!("life-{}", self.lives))
    }

    fn path(&self) -> PathBuf {
        Self::file(&self.folder, self.lives)
    }

    pub(crate) fn office(&self) -> Arc<Office> {
        self.office.clone().expect("the program runs")
    }

    /// Runs a command as one of its clerks.
    pub(crate) fn call(&self, clerk: usize, name: &str, ask: Json, moment: Moment) -> Result<Json, Fault> {
        let clerk = self.clerks[clerk % self.clerks.len()];
        self.office().call(name, ask, Caller { clerk, roles: Role::ALL.to_vec(), moment }).map(|(answer, _)| answer)
    }

    /// The program is killed and started again on what the disk holds at that instant: files and write-ahead log, copied while
    /// the old program still has both open.
    pub(crate) fn killed(&mut self, moment: Moment) -> Result<(), Fault> {
        let old = self.life();
        self.reborn(&[&old], false, moment).map(drop)
    }

    /// The program is closed and started again as another version.
    pub(crate) fn upgraded(&mut self, moment: Moment) -> Result<(), Fault> {
        self.unknown = &[];
        self.killed(moment)
    }

    /// A copy of the disk is opened and compared, as the host does it with a snapshot.
    pub(crate) fn tested(&self, wall: i64) -> Result<(), Fault> {
        let file = self.folder.join("tested").join("office.db");
        if let Some(old) = file.parent().filter(|folder| folder.exists()) {
            std::fs::remove_dir_all(old)?;
        }
        copy(&self.path(), &file)?;
        let proof = older::with(self.unknown, || Office::test_backup(&file, &self.key))?;
        self.office().note_tested("copy", TestedBackup { at: wall, file: [0; 32] }, &proof)
    }

    /// Somebody copies the disk.
    pub(crate) fn imaged(&mut self, shelf: Shelf) -> Result<(), Fault> {
        let folder = self.folder.join("image");
        let _ = std::fs::remove_dir_all(&folder);
        copy_all(&self.life(), &folder)?;
        self.image = Some(self.as_now(folder, shelf));
        Ok(())
    }

    fn as_now(&self, folder: PathBuf, shelf: Shelf) -> Image {
        let (drafts, batches, aside) = (self.drafts.clone(), self.batches.clone(), self.aside.clone());
        Image { folder, shelf, drafts, batches, aside }
    }

    /// The copy is put in the place of the disk, or of the database alone. Returns what the start brought back.
    pub(crate) fn set_back(&mut self, image: &Image, database: bool, moment: Moment) -> Result<Back, Fault> {
        let old = self.life();
        self.as_then(image);
        let from = [&*image.folder, &*old];
        self.reborn(if database { &from } else { &from[..1] }, false, moment)
    }

    /// An office that worked alone becomes one of the county's, in a database made anew, as the host does it.
    pub(crate) fn enrolled(&mut self, enrolment: Enrolment, mut moment: Moment) -> Result<(), Fault> {
        let (old, alone) = (self.life(), self.office());
        self.lives += 1;
        let (new, fresh) = (self.life(), self.life().join("joining.db"));
        std::fs::create_dir_all(&new)?;
        let caller = Caller { clerk: self.clerks[0], roles: Role::ALL.to_vec(), moment: moment.part() };
        drop(older::with(self.unknown, || joining::enrol(&alone, &fresh, &self.key, enrolment, caller))?);
        std::fs::rename(&fresh, self.path())?;
        copy_blobs(&old, &new)?;
        self.office = None;
        drop(alone);
        std::fs::remove_dir_all(&old)?;
        self.start(false, moment).map(drop)
    }

    fn as_then(&mut self, image: &Image) {
        self.drafts.clone_from(&image.drafts);
        self.batches.clone_from(&image.batches);
        self.aside.clone_from(&image.aside);
    }

    /// A snapshot, as the host makes it: a proven copy of the database, and a second file that begins anew.
    pub(crate) fn snapshot(&mut self, shelf: Shelf, mut moment: Moment) -> Result<(), Fault> {
        self.made += 1;
        let folder = self.folder.join(format!("snapshot-{}", self.made));
        std::fs::create_dir_all(&folder)?;
        let office = self.office();
        office.snapshot(&folder.join(DATABASE))?;
        office.turn_tail(&mut moment.rng)?;
        if self.snapshots.len() == 2 {
            self.snapshots.remove(0);
        }
        let image = self.as_now(folder, shelf);
        self.snapshots.push(image);
        Ok(())
    }

    /// The database is damaged; a snapshot takes its place beside the second file, as the host restores it.
    pub(crate) fn restored(&mut self, image: &Image, mut moment: Moment) -> Result<Back, Fault> {
        let old = self.life();
        self.as_then(image);
        let back = self.reborn(&[&image.folder, &old], true, moment.part())?;
        let caller = Caller { clerk: self.clerks[0], roles: Role::ALL.to_vec(), moment };
        self.office().note_restored("snapshot", back.changes, caller)?;
        Ok(back)
    }

    /// A PC beside this one that begins with a copy of its whole disk.
    pub(crate) fn cloned(&self, folder: PathBuf, moment: Moment) -> Result<Self, Fault> {
        let mut clone = Self {
            office_no: self.office_no,
            clerks: self.clerks.clone(),
            offset: 0,
            gone: false,
            locked: false,
            lazy: self.lazy,
            forms: Vec::new(),
            drafts: self.drafts.clone(),
            batches: self.batches.clone(),
            aside: self.aside.clone(),
            perhaps: self.perhaps.clone(),
            pocket: self.pocket.clone(),
            image: None,
            snapshots: Vec::new(),
            unknown: self.unknown,
            whole: self.whole,
            begun: self.begun,
            twin: true,
            met: self.met,
            folder,
            lives: 0,
            made: 0,
            key: self.key.clone(),
            office: None,
        };
        copy_all(&self.life(), &clone.life())?;
        clone.start(false, moment)?;
        Ok(clone)
    }

    /// A life of its own begins with the files of these folders; what the first one has, the second one does not bring.
    fn reborn(&mut self, from: &[&Path], restored: bool, moment: Moment) -> Result<Back, Fault> {
        let old = self.life();
        self.lives += 1;
        let new = self.life();
        copy_all(from[0], &new)?;
        if let Some(beside) = from.get(1) {
            for name in ["office.tail", "office.tail.1"] {
                let _ = std::fs::remove_file(new.join(name));
                copy_file(&beside.join(name), &new.join(name))?;
            }
            copy_blobs(beside, &new)?;
        }
        self.office = None;
        // It knows no more of the hub than its database did.
        self.met = None;
        std::fs::remove_dir_all(&old)?;
        self.start(restored, moment)
    }

    /// The program starts: as the host does it, before the first write it looks whether this is an old copy.
    fn start(&mut self, restored: bool, moment: Moment) -> Result<Back, Fault> {
        // What stood on the screen is gone with the program.
        self.forms.clear();
        let opened = older::with(self.unknown, || Office::open(&self.path(), &self.key));
        let office = self.office.insert(Arc::new(opened?)).clone();
        let back = office.take_back(restored, moment)?;
        Ok(Back { changes: back.changes, renewed: back.renewed })
    }

    /// Whether its log holds every segment that it counts as held: a checkpoint stands for none of them.
    pub(crate) fn holds_segments(&self) -> bool {
        self.whole && !self.has("SELECT 1 FROM base")
    }

    /// Whether it once held every segment that it counts as held: what it let go of, it has summed up itself.
    pub(crate) fn held_segments(&self) -> bool {
        self.whole && !self.begun && !self.has(&format!("SELECT 1 FROM base b WHERE {OTHERS}"))
    }

    /// After an exchange: what its log begins with is remembered. Returns whether its log holds every segment that it counts as held.
    pub(crate) fn looked_at(&mut self) -> bool {
        let bases = format!("SELECT count(*), count(*) FILTER (WHERE {OTHERS}) FROM base b");
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (all, others) = self.peek().query_row(&bases, [], row).expect("an answer");
        self.begun |= others > 0;
        self.whole && all == 0
    }

    /// Whether a question to its database has any answer.
    pub(crate) fn has(&self, sql: &str) -> bool {
        self.peek().prepare(sql).and_then(|mut found| found.exists([])).expect("an answer")
    }

    /// A connection that only looks, past the program.
    pub(crate) fn peek(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(self.path(), flags).expect("the file");
        conn.pragma_update(None, "key", format!("x'{}'", hex::encode(&self.key.0[..]))).expect("the key");
        conn.set_prepared_statement_cache_capacity(256);
        conn
    }
}

/// Copies a database and its write-ahead log.
pub(crate) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to.parent().expect("a folder"))?;
    std::fs::copy(from, to)?;
    let wal = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    copy_file(&wal(from), &wal(to))
}

/// Copies a file, where there is one.
fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    match std::fs::copy(from, to) {
        Err(none) if none.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map(drop),
    }
}

/// Copies what a program needs of its folder: not the index of the write-ahead log, which every start makes anew.
fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for name in [DATABASE, "office.db-wal", "office.tail", "office.tail.1"] {
        copy_file(&from.join(name), &to.join(name))?;
    }
    copy_blobs(from, to)
}

fn copy_blobs(from: &Path, to: &Path) -> std::io::Result<()> {
    let Ok(blobs) = std::fs::read_dir(from.join("blobs")) else { return Ok(()) };
    std::fs::create_dir_all(to.join("blobs"))?;
    for blob in blobs {
        let blob = blob?;
        std::fs::copy(blob.path(), to.join("blobs").join(blob.file_name()))?;
    }
    Ok(())
}
