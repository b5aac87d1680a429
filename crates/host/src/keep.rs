//! The keeper of a station: when a snapshot is made, when work stops for want of room, and what happens when the data
//! file turns out to be damaged (rules R3, R4 and R5 of the reliability reference).

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use niangjia_core::{
    Fault,
    store::{self, DatabaseKey, Imprint},
};

use crate::{
    disk::database,
    moment,
    snapshots::{self, SnapshotLine},
    space::{self, Ballast, DiskState, Keeping, Space},
    station::{Session, Station},
    trouble::{DAMAGED, Finding, Trouble},
};

/// How often the keeper looks around.
const ROUND: Duration = Duration::from_secs(300);
/// With less than this a failed write is taken for one that met a full disk, whatever it says.
const NOTHING_LEFT: u64 = 1 << 20;
/// What opening an office writes at most: the index of the write-ahead log and the first pages.
const OPENING: u64 = 1 << 20;

/// The fault of a full disk.
pub(crate) const FULL: &str = "disk_full";
/// The fault of a disk that does not answer as it should.
const UNREACHABLE: &str = "store_unreachable";

/// Actions that go on while the disk is full: what a clerk has typed is small and must not be lost, and looking something
/// up must stay possible, with its audit entry.
const ALWAYS: [&str; 2] = ["drafts.put", "drafts.drop"];
const ALWAYS_ENDING: &str = ".reveal";

/// What the keeper remembers.
pub(crate) struct Keeper {
    pub(crate) keeping: Keeping,
    ballast: Ballast,
    /// What the newest snapshot knows, once that has been looked up.
    imprint: Mutex<Option<Imprint>>,
    /// When the last snapshot was made, or the office unlocked.
    since: Mutex<Instant>,
    /// One snapshot at a time, made or tested.
    pub(crate) turn: Mutex<()>,
    /// The snapshot of the last locking.
    parting: Mutex<Option<JoinHandle<()>>>,
    finding: Mutex<Option<Finding>>,
}

impl Keeper {
    pub(crate) fn new(dir: &Path, keeping: Keeping) -> Self {
        Self {
            keeping,
            ballast: Ballast::of(dir),
            imprint: Mutex::new(None),
            since: Mutex::new(Instant::now()),
            turn: Mutex::new(()),
            parting: Mutex::new(None),
            finding: Mutex::new(Finding::load(dir)),
        }
    }

    pub(crate) fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    pub(crate) fn disk(&self, dir: &Path) -> DiskState {
        let free_bytes = space::free(dir);
        DiskState { free_bytes, state: self.keeping.judge(free_bytes) }
    }

    /// Refuses a write while the disk is full.
    ///
    /// # Errors
    /// `disk_low`.
    pub(crate) fn room(&self, dir: &Path, name: &str) -> Result<(), Fault> {
        let small = ALWAYS.contains(&name) || name.ends_with(ALWAYS_ENDING);
        if small || self.disk(dir).state != Space::Full { Ok(()) } else { Err(space::refused()) }
    }

    /// Says "the disk is full" where that is what was met: SQLite speaks of input and output where it could not make room
    /// for its index of the write-ahead log.
    pub(crate) fn spoken(&self, dir: &Path, fault: Fault) -> Fault {
        if fault.code == UNREACHABLE && space::free(dir).is_some_and(|free| free < NOTHING_LEFT) {
            let cause = fault.cause.unwrap_or_default();
            return Fault::from(std::io::Error::from(std::io::ErrorKind::StorageFull)).because(cause);
        }
        fault
    }

    /// Throws the ballast overboard. Returns whether that made room.
    pub(crate) fn lighten(&self) -> bool {
        self.ballast.release()
    }

    /// Before an office opens: what opening itself writes must find room, else one is locked out of what is there.
    pub(crate) fn room_to_open(&self, dir: &Path) {
        if space::free(dir).is_some_and(|free| free < OPENING) {
            self.ballast.release();
        }
    }

    /// Makes ballast in the background where it is wanted, missing and there is room for it.
    pub(crate) fn settle(&self) {
        if self.keeping.ballast {
            self.ballast.settle(self.keeping.low);
        }
    }

    fn finding(&self) -> Option<Finding> {
        self.finding.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(&self, finding: Option<Finding>) {
        *self.finding.lock().unwrap_or_else(PoisonError::into_inner) = finding;
    }

    pub(crate) fn trouble(&self, dir: &Path) -> Option<Trouble> {
        let Finding { code, say } = self.finding()?;
        let snapshots = snapshots::list(dir).map_or(0, |list| u32::try_from(list.len()).unwrap_or(u32::MAX));
        Some(Trouble { code, say, snapshots })
    }

    /// Before an office opens: a file that was found damaged is read as a whole first, by a connection that cannot write.
    ///
    /// # Errors
    /// `store_damaged`.
    pub(crate) fn examine(&self, dir: &Path, key: &DatabaseKey) -> Result<(), Fault> {
        let Some(finding) = self.finding() else { return Ok(()) };
        store::diagnose(&database(dir), key).map_err(|fault| finding.fault().because(fault))
    }

    /// After an office opened: whatever was found before has been mended, or another file stands in its place.
    pub(crate) fn opened(&self, dir: &Path) {
        if self.finding().is_some() {
            self.find(None);
            Finding::forget(dir);
        }
        *self.imprint.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Station {
    /// Looks at a fault on its way to the clerk, and gives what he is told: after a damaged file nothing more is written.
    pub(crate) fn notice(&self, fault: Fault) -> Fault {
        let fault = match self.session() {
            Ok(session) => session.office.looked_into(fault),
            Err(_) => fault,
        };
        if fault.code != DAMAGED {
            return fault;
        }
        let finding = Finding::of(&fault);
        finding.save(self.dir());
        self.keeper.find(Some(finding));
        if let Some(session) = self.leave() {
            session.office.abandon();
        }
        self.tell(&["*".to_owned()]);
        fault
    }

    /// Makes a snapshot; unless asked to make one in any case, only where something changed since the newest one.
    ///
    /// # Errors
    /// `disk_low` where it would fill the disk, `snapshot_unsound`, or the store's own.
    pub(crate) fn snapshot(&self, session: &Session, in_any_case: bool) -> Result<Option<SnapshotLine>, Fault> {
        let keeper = &self.keeper;
        let _turn = keeper.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let there = snapshots::list(self.dir())?;
        if !in_any_case && self.known(session, &there)? {
            return Ok(None);
        }
        let folder = snapshots::folder(self.dir());
        std::fs::create_dir_all(&folder)?;
        let need = std::fs::metadata(database(self.dir()))?.len();
        let need = std::fs::metadata(self.dir().join("office.db-wal")).map_or(need, |wal| need + wal.len());
        if keeper.keeping.judge(space::free(self.dir()).map(|free| free.saturating_sub(need))) == Space::Full {
            return Err(space::refused());
        }
        let wall = moment().wall;
        let name = snapshots::name(wall, &there);
        let imprint = session.office.snapshot(&folder.join(&name)).map_err(|fault| keeper.spoken(self.dir(), fault))?;
        *keeper.imprint.lock().unwrap_or_else(PoisonError::into_inner) = Some(imprint);
        *keeper.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        session.office.turn_tail(&mut moment().rng)?;
        snapshots::prune(self.dir())?;
        Ok(snapshots::list(self.dir())?.into_iter().find(|line| line.name == name))
    }

    /// Whether the newest snapshot knows all that the office knows.
    pub(crate) fn known(&self, session: &Session, there: &[SnapshotLine]) -> Result<bool, Fault> {
        let Some(newest) = there.first() else { return Ok(false) };
        let remembered = *self.keeper.imprint.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = snapshots::folder(self.dir()).join(&newest.name);
        // A snapshot that cannot be read knows nothing: then a new one is made.
        let imprint = remembered.or_else(|| store::imprint_of(&newest, &session.key).ok());
        Ok(imprint == Some(session.office.imprint()?))
    }

    /// As [`Station::snapshot`], where nobody waits for the answer.
    fn snapshot_by_itself(&self, session: &Session) {
        if let Err(fault) = self.snapshot(session, false) {
            tracing::warn!(code = fault.code, "no snapshot");
            if fault.code == DAMAGED {
                session.office.abandon();
            }
            self.notice(fault);
        }
    }

    /// Locks: the session ends at once, its snapshot follows in the background.
    pub(crate) fn lock(self: &Arc<Self>) {
        let Some(session) = self.leave() else { return };
        let station = self.clone();
        let parting = std::thread::spawn(move || {
            // Sealed first, so that the snapshot knows what will be handed over.
            station.at_rest();
            station.carry_on(&session, true);
            // The locked window says what is on its way.
            station.tell(&["sync".to_owned()]);
            station.timer.wake();
            station.snapshot_by_itself(&session);
        });
        let before = self.keeper.parting.lock().unwrap_or_else(PoisonError::into_inner).replace(parting);
        if let Some(before) = before {
            // It cannot fail but by a panic, and that has been told already.
            let _ = before.join();
        }
    }

    /// Waits until the snapshot of the last locking is made, and ballast that was begun.
    pub fn wait_for_parting(&self) {
        self.keeper.ballast.wait();
        let parting = self.keeper.parting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(parting) = parting {
            let _ = parting.join();
        }
    }

    /// Starts the keeper's round: a snapshot after every four hours of use in which something changed, its test, and ballast again
    /// once there is room. Ends with the station.
    pub fn keep_safe(self: &Arc<Self>) {
        let station: Weak<Self> = Arc::downgrade(self);
        let every = self.keeper.keeping.every;
        tokio::spawn(async move {
            let mut pause = Duration::ZERO;
            loop {
                tokio::time::sleep(pause).await;
                pause = ROUND.min(every / 4);
                let Some(station) = station.upgrade() else { return };
                let round = tokio::task::spawn_blocking(move || {
                    if station.folder().office.is_some() {
                        station.keeper.settle();
                    }
                    let due = station.keeper.since.lock().unwrap_or_else(PoisonError::into_inner).elapsed() >= every;
                    let behind = station.session().is_ok_and(|session| session.office.tail_behind());
                    let Ok(session) = station.session() else { return };
                    if due || behind {
                        station.snapshot_by_itself(&session);
                    }
                    if let Err(fault) = station.look_after_log(&session) {
                        tracing::warn!(code = fault.code, "no test of the snapshot, or nothing pruned");
                        station.notice(fault);
                    }
                });
                if round.await.is_err() {
                    tracing::error!("the keeper's round failed");
                }
            }
        });
    }
}
