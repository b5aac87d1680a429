//! The station: one data folder, locked or unlocked, and everything that can be asked of it.

mod asks;
mod attach;
mod clerks;
mod fetch_first;
mod founding;
mod joining;
pub(crate) mod kit;
mod recovering;
mod restore;
mod uploads;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use niangjia_core::{
    Fault,
    office::{Caller, Office},
    people::{self, Role},
    replication::RecordId,
    store::DatabaseKey,
    words::Say,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use asks::{AppState, ClerkState, OfficeState, Rebuilt, SettingsAsk, Stage, UnlockAsk};
pub(crate) use asks::{Language, OfficeRole, stage_commands};
pub(crate) use uploads::downloads;

use crate::{
    brake::Brake,
    carry::Carry,
    disk::Folder,
    keep::{FULL, Keeper},
    moment, paper,
    space::Keeping,
    sync::Timer,
};

/// One data folder and the office in it.
pub struct Station {
    dir: PathBuf,
    folder: Mutex<Folder>,
    session: RwLock<Option<Session>>,
    events: broadcast::Sender<Value>,
    brake: Brake,
    pub(crate) timer: Timer,
    pub(crate) keeper: Keeper,
    pub(crate) carry: Carry,
    pub(crate) paper: paper::Desk,
    /// One packet is made at a time: each has its own number.
    pub(crate) packets: Mutex<()>,
    browser: bool,
    /// Where the fences outside the data folder stand.
    fences: OnceLock<PathBuf>,
}

/// An unlocked office and who unlocked it.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) office: Arc<Office>,
    pub(crate) clerk: RecordId,
    name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) key: DatabaseKey,
}

pub(crate) fn read<A: DeserializeOwned>(question: Value) -> Result<A, Fault> {
    serde_json::from_value(question)
        .map_err(|e| Fault::question(e.to_string().split('`').next().unwrap_or("").to_owned()))
}

pub(crate) fn written<B: Serialize>(answer: B) -> Result<Value, Fault> {
    serde_json::to_value(answer).map_err(Fault::question)
}

/// Runs what waits for the disk; that is no work for the runtime's own threads.
async fn apart(run: impl FnOnce() -> Result<Value, Fault> + Send + 'static) -> Result<Value, Fault> {
    tokio::task::spawn_blocking(run).await.map_err(|e| {
        Fault::new(
            "program_failed",
            "程序内部出错，刚才的操作没有做。以前的数据完好，请再试一次。",
            "The program failed inside; the last step was not done. Earlier data are intact, please try again.",
        )
        .because(e)
    })?
}

impl Station {
    /// Opens a data folder; makes it where it is missing.
    ///
    /// # Errors
    /// `file_failed` where the folder cannot be used, `folder_damaged` where its file cannot be read.
    pub fn open(dir: PathBuf) -> Result<Arc<Self>, Fault> {
        Self::keeping(dir, false, Keeping::from_env())
    }

    /// How far this PC was stands in this folder too, outside the data folder ([`crate::fences_dir`]). A test that lives several PCs
    /// in one process has none.
    #[must_use]
    pub fn fenced(self: Arc<Self>, folder: Option<PathBuf>) -> Arc<Self> {
        if let Some(folder) = folder {
            let _ = self.fences.set(folder);
        }
        self
    }

    /// The same for the loopback web server.
    ///
    /// # Errors
    /// As [`Station::open`].
    pub fn for_browser(dir: PathBuf) -> Result<Arc<Self>, Fault> {
        Self::keeping(dir, true, Keeping::from_env())
    }

    /// The same with limits of one's own, as a test or a demonstration needs them.
    ///
    /// # Errors
    /// As [`Station::open`].
    pub fn keeping(dir: PathBuf, browser: bool, keeping: Keeping) -> Result<Arc<Self>, Fault> {
        std::fs::create_dir_all(&dir)?;
        restore::finish(&dir)?;
        let folder = Folder::load(&dir)?;
        let (events, _) = broadcast::channel(64);
        Ok(Arc::new(Self {
            keeper: Keeper::new(&dir, keeping),
            brake: Brake::new(&dir),
            dir,
            folder: Mutex::new(folder),
            session: RwLock::new(None),
            events,
            timer: Timer::default(),
            carry: Carry::default(),
            paper: paper::Desk::default(),
            packets: Mutex::default(),
            browser,
            fences: OnceLock::new(),
        }))
    }

    /// What changed, for the window: `{"touched": [record types], "sync": …}`.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Value> {
        self.events.subscribe()
    }

    pub(crate) fn tell(&self, touched: &[String]) {
        // Nobody listening is no fault.
        let _ = self.events.send(json!({ "touched": touched }));
    }

    /// Locks; keys leave the memory once the snapshot is made that belongs to every end of work.
    pub async fn close(self: &Arc<Self>) {
        let station = self.clone();
        let closed = tokio::task::spawn_blocking(move || {
            station.lock();
            station.wait_for_parting();
        });
        if closed.await.is_err() {
            tracing::error!("closing failed");
        }
    }

    /// Takes the session away; what runs goes on to its end.
    pub(crate) fn leave(&self) -> Option<Session> {
        let session = self.session.write().unwrap_or_else(PoisonError::into_inner).take();
        self.paper.clear();
        session
    }

    /// The data folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn session(&self) -> Result<Session, Fault> {
        self.session.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(|| {
            Fault::new(
                "locked",
                "还没有解锁。请先选择姓名并输入口令。",
                "Not unlocked yet. Choose your name and enter the passphrase first.",
            )
        })
    }

    /// Runs a command: of the folder, or of the unlocked office.
    ///
    /// # Errors
    /// The command's own; then nothing has been written.
    pub async fn call(self: &Arc<Self>, name: &str, question: Value) -> Result<Value, Fault> {
        let question = self.with_upload(question)?;
        match name {
            // Boxed: what an exchange keeps while it waits would else lie in the memory of whoever asks for anything.
            "sync.now" => written(Box::pin(self.exchange()).await?),
            "carry.now" => written(Box::pin(self.carry_now()).await?),
            "sync.check" => written(Box::pin(self.compare()).await?),
            "app.recover" => {
                self.keeper.room(&self.dir, name)?;
                written(Box::pin(self.recover(read(question)?)).await?)
            }
            "hub.claim" => {
                self.keeper.room(&self.dir, name)?;
                written(Box::pin(self.claim(read(question)?)).await?)
            }
            _ if fetch_first::SHUTTING_OUT.contains(&name) => Box::pin(self.fetched_first(name, question)).await,
            _ => {
                let (station, name) = (self.clone(), name.to_owned());
                apart(move || station.call_now(&name, question)).await
            }
        }
    }

    /// The same without a runtime; for the command line.
    ///
    /// # Errors
    /// As [`Station::call`].
    pub fn call_now(self: &Arc<Self>, name: &str, question: Value) -> Result<Value, Fault> {
        self.answer(name, question).map_err(|fault| self.notice(fault))
    }

    fn answer(self: &Arc<Self>, name: &str, question: Value) -> Result<Value, Fault> {
        if matches!(name, "app.create" | "app.join" | "office.enrol" | "clerks.add" | "tables.rebuild") {
            self.keeper.room(&self.dir, name)?;
        }
        match name {
            "app.state" => written(self.state()),
            "app.create" => written(self.create(read(question)?)?),
            "app.join" => written(self.join(&read(question)?)?),
            "office.enrol" => written(self.join_with(&read(question)?)?),
            "app.unlock" => {
                let ask: UnlockAsk = read(question)?;
                self.unlock(&ask.clerk, &ask.passphrase)?;
                written(self.state())
            }
            "app.restore" => written(self.restore(&read(question)?)?),
            "app.lock" => {
                self.lock();
                written(self.state())
            }
            "app.passphrase" => written(self.change_passphrase(&read(question)?)?),
            "app.settings" => self.settings(&read(question)?),
            "clerks.add" => written(self.add_clerk(read(question)?)?),
            "files.offer" => written(self.offer(&read(question)?)?),
            "files.save" => {
                self.session()?;
                written(self.save_file(&read(question)?)?)
            }
            "records.attach" => written(self.attach(&read(question)?)?),
            "kit.find" => {
                self.session()?;
                written(self.find_kit())
            }
            "kit.show" => written(self.show_kit(&read(question)?)?),
            "kit.put_away" => written(self.put_kit_away()?),
            "codes.read" => written(self.read_codes(&read(question)?)?),
            "codes.draw" => written(self.draw_code(&read(question)?)?),
            "packets.export" => written(self.export_packet(&read(question)?)?),
            "packets.import" => written(self.import_packet(&read(question)?)?),
            "packets.sticks" => written(self.sticks()?),
            "paper.preview" | "paper.print" | "paper.save" | "paper.printers" => self.at_printer(name, question),
            "snapshots.list" => written(self.list_snapshots(&self.session()?)?),
            "snapshots.make" => {
                let session = self.session()?;
                self.allowed(&session, Role::Clerk)?;
                self.snapshot(&session, true)?;
                written(self.list_snapshots(&session)?)
            }
            "snapshots.test" => {
                let session = self.session()?;
                self.allowed(&session, Role::Clerk)?;
                let ask: crate::testing::TestAsk = read(question)?;
                self.test_snapshot(&session, ask.name.as_deref())?;
                written(self.list_snapshots(&session)?)
            }
            "log.prune" => {
                self.forget_other_files(&self.session()?)?;
                self.at_office(name, question)
            }
            "tables.rebuild" => {
                let session = self.session()?;
                self.allowed(&session, Role::SystemAdmin)?;
                written(Rebuilt { changes: session.office.rebuild()? })
            }
            _ => self.at_office(name, question),
        }
    }

    /// Runs a command of the unlocked office.
    pub(crate) fn at_office(&self, name: &str, question: Value) -> Result<Value, Fault> {
        let session = self.session()?;
        let run = |question| {
            let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
            session.office.call(name, question, caller)
        };
        let fits = |fault: Fault| self.keeper.spoken(&self.dir, fault);
        let outcome = if session.office.commands().get(name)?.writes() {
            self.keeper.room(&self.dir, name)?;
            match run(question.clone()).map_err(&fits) {
                // The act was rolled back as a whole; with the ballast overboard it is done again as a whole.
                Err(fault) if fault.code == FULL && self.keeper.lighten() => run(question).map_err(&fits),
                outcome => outcome,
            }
        } else {
            run(question)
        };
        let (mut answer, changed) = outcome?;
        if name == "sync.status" {
            self.timer.describe(&mut answer);
        }
        if name == "home" {
            self.remind_of_kit(&mut answer);
        }
        if !changed.kinds.is_empty() {
            self.tell(&changed.kinds);
            self.timer.wake();
        }
        Ok(answer)
    }

    /// The unlocked office.
    ///
    /// # Errors
    /// `locked`.
    pub fn office(&self) -> Result<Arc<Office>, Fault> {
        Ok(self.session()?.office)
    }

    pub(crate) fn allowed(&self, session: &Session, role: Role) -> Result<(), Fault> {
        if people::allows(&session.roles, role) {
            return Ok(());
        }
        let say = role.say();
        Err(Fault::say(
            "role_missing",
            Say::owned(format!("这一步需要“{}”的权限。", say.zh), format!("This step needs the role “{}”.", say.en)),
        ))
    }

    pub(crate) fn folder(&self) -> Folder {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change_folder(&self, change: impl FnOnce(&mut Folder)) -> Result<(), Fault> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = folder.clone();
        change(&mut fresh);
        fresh.save(&self.dir)?;
        *folder = fresh;
        Ok(())
    }

    fn state(&self) -> AppState {
        let folder = self.folder();
        let session = self.session().ok();
        let stage = match (&folder.office, &session) {
            (None, _) => Stage::Fresh,
            (Some(_), None) => Stage::Locked,
            (Some(_), Some(_)) => Stage::Ready,
        };
        AppState {
            stage,
            office: folder.office.map(|o| OfficeState { id: o.id, name: o.name, code: o.code, role: o.role }),
            clerk: session.map(|s| ClerkState {
                id: s.clerk.to_string(),
                name: s.name,
                roles: s.roles.iter().map(|r| r.key().to_owned()).collect(),
            }),
            clerks: folder
                .clerks
                .iter()
                .map(|c| ClerkState { id: c.id.to_string(), name: c.name.clone(), roles: Vec::new() })
                .collect(),
            language: folder.language,
            large_type: folder.large_type,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            browser: self.browser,
            disk: self.keeper.disk(&self.dir),
            trouble: self.keeper.trouble(&self.dir),
            carry: if matches!(stage, Stage::Locked) { self.carry_state() } else { None },
            carries: !folder.carry_off,
        }
    }

    fn settings(self: &Arc<Self>, ask: &SettingsAsk) -> Result<Value, Fault> {
        self.change_folder(|folder| {
            folder.language = ask.language.unwrap_or(folder.language);
            folder.large_type = ask.large_type.unwrap_or(folder.large_type);
            folder.carry_off = !ask.carry.unwrap_or(!folder.carry_off);
        })?;
        if ask.carry.is_some() {
            self.carry_turned()?;
        }
        written(self.state())
    }
}
