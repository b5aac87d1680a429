//! One PC: the real core of an office on its own encrypted file, with what its clerks have open and what the simulation knows
//! that they did.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use niangjia_core::{
    Fault,
    founding::Founded,
    office::{Caller, Office},
    people::Role,
    store::{DatabaseKey, Moment},
};
use niangjia_replication::RecordId;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;

use crate::oracle::Form;

/// A copy of the disk, and what stood on it besides the log.
struct Image {
    file: PathBuf,
    drafts: BTreeMap<String, String>,
    batches: Vec<(String, Vec<String>)>,
    aside: BTreeSet<[u8; 32]>,
}

/// One PC of an office.
pub(crate) struct Pc {
    /// Which office of the history; 0 is the county.
    pub(crate) office_no: usize,
    pub(crate) clerks: Vec<RecordId>,
    /// What its clock is wrong by, milliseconds.
    pub(crate) offset: i64,
    /// Stolen, burnt or drowned: nobody opens it again.
    pub(crate) gone: bool,
    /// Seldom has a line.
    pub(crate) lazy: bool,
    pub(crate) forms: Vec<Form>,
    pub(crate) drafts: BTreeMap<String, String>,
    /// Imports that can be undone, with the members that each made.
    pub(crate) batches: Vec<(String, Vec<String>)>,
    /// Hashes of the segments that it must have put aside.
    pub(crate) aside: BTreeSet<[u8; 32]>,
    image: Option<Image>,
    folder: PathBuf,
    lives: u32,
    key: DatabaseKey,
    office: Option<Arc<Office>>,
}

impl Pc {
    pub(crate) fn new(folder: PathBuf, office_no: usize, founded: Founded) -> Self {
        let Founded { office, key, clerk, .. } = founded;
        Self {
            office_no,
            clerks: vec![clerk.id],
            offset: 0,
            gone: false,
            lazy: false,
            forms: Vec::new(),
            drafts: BTreeMap::new(),
            batches: Vec::new(),
            aside: BTreeSet::new(),
            image: None,
            folder,
            lives: 0,
            key,
            office: Some(Arc::new(office)),
        }
    }

    /// Where the file of a PC lies in its n-th life.
    pub(crate) fn file(folder: &Path, life: u32) -> PathBuf {
        folder.join(format!("life-{life}")).join("office.db")
    }

    fn path(&self) -> PathBuf {
        Self::file(&self.folder, self.lives)
    }

    pub(crate) fn county(&self) -> bool {
        self.office_no == 0
    }

    pub(crate) fn office(&self) -> Arc<Office> {
        self.office.clone().expect("the program runs")
    }

    /// Runs a command as one of its clerks.
    pub(crate) fn call(&self, clerk: usize, name: &str, ask: Json, moment: Moment) -> Result<Json, Fault> {
        let clerk = self.clerks[clerk % self.clerks.len()];
        self.office().call(name, ask, Caller { clerk, roles: Role::ALL.to_vec(), moment }).map(|(answer, _)| answer)
    }

    /// The program is killed and started again on what the disk holds at that instant: the file and its write-ahead log, copied
    /// while the old program still has both open.
    pub(crate) fn killed(&mut self) -> Result<(), Fault> {
        let old = self.path();
        self.reborn_from(&old)
    }

    /// Somebody copies the disk.
    pub(crate) fn imaged(&mut self) -> Result<(), Fault> {
        let file = self.folder.join("image").join("office.db");
        if let Some(old) = file.parent().filter(|folder| folder.exists()) {
            std::fs::remove_dir_all(old)?;
        }
        copy(&self.path(), &file)?;
        let (drafts, batches, aside) = (self.drafts.clone(), self.batches.clone(), self.aside.clone());
        self.image = Some(Image { file, drafts, batches, aside });
        Ok(())
    }

    /// The copy is put in the place of the disk. Returns whether there was one.
    pub(crate) fn set_back(&mut self) -> Result<bool, Fault> {
        let Some(image) = self.image.take() else { return Ok(false) };
        (self.drafts, self.batches, self.aside) = (image.drafts, image.batches, image.aside);
        self.reborn_from(&image.file)?;
        Ok(true)
    }

    fn reborn_from(&mut self, file: &Path) -> Result<(), Fault> {
        let old = self.path();
        self.lives += 1;
        let new = self.path();
        copy(file, &new)?;
        self.office = None;
        std::fs::remove_dir_all(old.parent().expect("a folder"))?;
        self.office = Some(Arc::new(Office::open(&new, &self.key)?));
        // What stood on the screen is gone with the program.
        self.forms.clear();
        Ok(())
    }

    /// A connection that only looks, past the program.
    pub(crate) fn peek(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(self.path(), flags).expect("the file");
        conn.pragma_update(None, "key", format!("x'{}'", hex::encode(&self.key.0[..]))).expect("the key");
        conn
    }
}

/// Copies a database and its write-ahead log.
pub(crate) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to.parent().expect("a folder"))?;
    std::fs::copy(from, to)?;
    let wal = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    if wal(from).exists() {
        std::fs::copy(wal(from), wal(to))?;
    }
    Ok(())
}
