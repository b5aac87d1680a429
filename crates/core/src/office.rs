//! An office: everything that one PC knows and does once a clerk has unlocked it.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
};

use niangjia_replication::{change::RecordId, stream::Stream};
use niangjia_replication::{cut, planted};
use rusqlite::{Connection, ToSql};
use serde_json::Value as Json;

use crate::{
    audit,
    fault::Fault,
    finder::Finder,
    identity::{Hub, Identity, Keys},
    keeping::{self, Papers},
    people::{self, AuditEntry, Role, allows},
    pruning,
    record::{Layout, Record},
    refill::HubNow,
    registry::{Registry, Run},
    store::{
        self, Act, DatabaseKey, Done, Entry, LogKeys, Moment, Store, Touched, memory::Memory, rows, rows::Stored,
        versions::UNREADABLE,
    },
    tried::Vain,
};

/// An unlocked office.
pub struct Office {
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) keys: RwLock<Keys>,
    pub(crate) finder: RwLock<Finder>,
    /// Members whom another entry stands for; made from the tables, like the index.
    pub(crate) merged: RwLock<Arc<crate::members::Merged>>,
    registry: Registry,
    pub(crate) previews: Mutex<HashMap<String, Arc<crate::members::Preview>>>,
    /// What the exchange under way has shown of the hub.
    pub(crate) hub_now: Mutex<HubNow>,
    pub(crate) vain: Mutex<Vain>,
    /// How many changes were known when the lists of the cards were looked at.
    pub(crate) listed: Mutex<i64>,
    /// How many changes each stream held when late edits were last looked for.
    pub(crate) swept: Mutex<std::collections::BTreeMap<i64, i64>>,
    /// The known-ID index as it was last read.
    pub(crate) known: Mutex<std::sync::Arc<crate::known::Index>>,
    /// Pairs of entries that may be one person, as they were last looked for.
    pub(crate) duplicates: crate::duplicates::Kept,
}

/// Who asks, and when.
pub struct Caller {
    /// The clerk's record.
    pub clerk: RecordId,
    /// The clerk's roles.
    pub roles: Vec<Role>,
    /// Clock and chance of this call.
    pub moment: Moment,
}

/// What a call changed.
#[derive(Default, Debug)]
pub struct Changed {
    /// Identifiers of the record types touched.
    pub kinds: Vec<String>,
}

/// What a query sees.
pub struct View<'a> {
    pub(crate) office: &'a Office,
    pub(crate) conn: &'a Connection,
    pub(crate) memory: &'a Memory,
    pub(crate) clerk: RecordId,
    pub(crate) wall: i64,
}

/// What an action works with: a view that can also write.
pub struct Desk<'a> {
    pub(crate) office: &'a Office,
    pub(crate) act: Act<'a>,
    /// What the audit says besides the command and the count.
    pub(crate) note: AuditNote,
    /// Stream keys made in this act; the office takes them up when it commits.
    pub(crate) new_keys: Vec<(Stream, niangjia_replication::keys::StreamKey)>,
    /// The preview that this act takes in; it goes when the act commits, so that after a full disk it is still there.
    pub(crate) spent: Option<String>,
    pub(crate) papers: Papers,
    /// An order of this act accepts what was shut out: every table is made again.
    pub(crate) reordered: bool,
    /// The log of this act lets go of what a checkpoint stands for: every table is made again, and must come out the same.
    pub(crate) pruned: bool,
}

/// What an act leaves to the office once it stands.
struct Kept {
    new_keys: Vec<(Stream, niangjia_replication::keys::StreamKey)>,
    spent: Option<String>,
    papers: Papers,
    reordered: bool,
    pruned: bool,
}

/// Details of an audit entry.
#[derive(Default)]
pub(crate) struct AuditNote {
    pub(crate) kind: Option<&'static str>,
    pub(crate) record: Option<RecordId>,
    pub(crate) reason: Option<String>,
    /// Records concerned where nothing was written, such as a reveal.
    pub(crate) count: Option<usize>,
}

impl Office {
    /// Makes the office of a new PC.
    ///
    /// # Errors
    /// The store's own.
    pub fn create(
        path: &Path,
        key: &DatabaseKey,
        identity: Identity,
        keys: Keys,
        incarnation: [u8; 16],
    ) -> Result<Self, Fault> {
        let store = Store::create(path, key, crate::schema(), crate::folds(), incarnation)?;
        {
            let conn = store.write();
            let tx = conn.unchecked_transaction()?;
            identity.store(&tx)?;
            keys.store(&tx)?;
            tx.commit()?;
        }
        Ok(Self::with(store, identity, keys))
    }

    /// Opens the office of this PC and builds the search index. Tables that another version of the program made are
    /// made again from the log.
    ///
    /// # Errors
    /// `store_damaged`, `store_missing`.
    pub fn open(path: &Path, key: &DatabaseKey) -> Result<Self, Fault> {
        let store = Store::open(path, key, crate::schema(), crate::folds())?;
        let (identity, keys) = {
            let conn = store.write();
            (Identity::load(&conn)?, Keys::load(&conn)?)
        };
        let office = Self::with(store, identity, keys);
        match office.prepare() {
            Ok(()) => Ok(office),
            Err(fault) => {
                let fault = office.looked_into(fault);
                if fault.code == "store_damaged" {
                    office.abandon();
                }
                Err(fault)
            }
        }
    }

    fn prepare(&self) -> Result<(), Fault> {
        if self.store.stale()? {
            self.rebuild()?;
        }
        self.look_for_blobs()?;
        self.index()
    }

    pub(crate) fn with(store: Store, identity: Identity, keys: Keys) -> Self {
        Self {
            store,
            identity,
            keys: RwLock::new(keys),
            finder: RwLock::new(Finder::with_capacity(0)),
            merged: RwLock::default(),
            registry: crate::registry(),
            previews: Mutex::new(HashMap::new()),
            hub_now: Mutex::default(),
            vain: Mutex::default(),
            listed: Mutex::new(-1),
            swept: Mutex::default(),
            known: Mutex::default(),
            duplicates: crate::duplicates::Kept::default(),
        }
    }

    /// Who this office is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// This PC's public key.
    #[must_use]
    pub fn device_key(&self) -> [u8; 32] {
        self.keys().device.public().to_bytes()
    }

    /// The county root's public key, once there is one.
    #[must_use]
    pub fn root_key(&self) -> Option<[u8; 32]> {
        self.keys().root.map(|k| k.to_bytes())
    }

    /// The hub, once one is known.
    #[must_use]
    pub fn hub(&self) -> Option<Hub> {
        self.keys().hub
    }

    /// What this PC shows to a hub: its certificates and the key that signs requests.
    #[must_use]
    pub fn device_auth(&self) -> (Vec<u8>, niangjia_replication::keys::SigningKey) {
        let keys = self.keys();
        (keys.chain.clone(), keys.device.clone())
    }

    pub(crate) fn own_stream(&self) -> Stream {
        Stream::Office(self.identity.office)
    }

    /// The county PC that holds the issuing key, and signs receipts. There whatever is applied is confirmed; a further
    /// PC of the county waits for the receipt like everybody.
    pub(crate) fn registrar(&self) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).issuing.is_some()
    }

    /// Whether this is the PC that has the county's issuing key.
    #[must_use]
    pub fn registers(&self) -> bool {
        self.registrar()
    }

    pub(crate) fn finder(&self) -> RwLockReadGuard<'_, Finder> {
        self.finder.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys(&self) -> Keys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs a command of the registry.
    ///
    /// # Errors
    /// `command_unknown`, `role_missing`, or the command's own; then nothing has been written.
    pub fn call(&self, name: &str, ask: Json, caller: Caller) -> Result<(Json, Changed), Fault> {
        let command = self.registry.get(name)?;
        if !allows(&caller.roles, command.role) {
            let needed = command.role.say();
            return Err(Fault::say(
                "role_missing",
                crate::words::Say::owned(
                    format!(
                        "这一步需要“{}”的权限，您现在没有。请让有权限的同事办理，或请安全管理员调整角色。",
                        needed.zh
                    ),
                    format!(
                        "This step needs the role “{}”, which you do not have. Ask a colleague who has it, or the security administrator.",
                        needed.en
                    ),
                ),
            ));
        }
        match &command.run {
            Run::Query(run) => {
                if let Some(conn) = self.store.try_write() {
                    self.catch_up(&conn)?;
                }
                let memory = self.store.memory();
                let answer = self.store.read(|conn| {
                    run(
                        &View { office: self, conn, memory: &memory, clerk: caller.clerk, wall: caller.moment.wall },
                        ask,
                    )
                })?;
                Ok((answer, Changed::default()))
            }
            Run::Action(run) => self.act(name, caller, |desk| run(desk, ask)),
        }
    }

    /// Another program on this PC (a script beside the window) may have written to the same folder: then memory, keys
    /// and search index are taken from the file again before anything builds on them.
    pub(crate) fn catch_up(&self, conn: &Connection) -> Result<(), Fault> {
        if self.store.refresh(conn)? {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            *keys = Keys { kit: keys.kit.take(), ..Keys::load(conn)? };
            drop(keys);
            self.index()?;
        }
        Ok(())
    }

    /// Runs a decision in one act: all of it stands, or none.
    ///
    /// # Errors
    /// The decision's own.
    pub fn act<T>(
        &self,
        name: &str,
        caller: Caller,
        run: impl FnOnce(&mut Desk<'_>) -> Result<T, Fault>,
    ) -> Result<(T, Changed), Fault> {
        let conn = self.store.write();
        let tx = rusqlite::Transaction::new_unchecked(&conn, rusqlite::TransactionBehavior::Immediate)?;
        self.catch_up(&tx)?;
        let memory = (*self.store.memory()).clone();
        let act = Act::begin(
            &tx,
            &self.store.schema,
            &self.store.folds,
            memory,
            caller.clerk,
            caller.moment,
            self.identity.county,
        );
        let mut desk = Desk {
            office: self,
            act,
            note: AuditNote::default(),
            new_keys: Vec::new(),
            spent: None,
            papers: Papers::default(),
            reordered: false,
            pruned: false,
        };
        debug_assert!(
            self.registry.get(name).is_ok() || audit::BESIDE_COMMANDS.contains(&name),
            "{name} would stand in the audit without words"
        );
        let answer = run(&mut desk)?;
        if planted!("audit after the act") {
            tx.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        }
        cut!("act");
        desk.audit(name)?;
        let (Done { memory, touched, mut rng, fresh }, Kept { new_keys, spent, papers, reordered, pruned }) =
            desk.finish()?;
        let mut tail = keeping::tail_of(&memory, &fresh)?;
        tail.extend(new_keys.iter().map(|(stream, key)| keeping::tail_of_key(stream, key)));
        let mut keys = self.keys();
        // Sealed under them at once: what is written beside a new key may tell of it.
        let held = keys.streams.len();
        keys.streams.extend(new_keys.into_iter().map(|(stream, key)| ((stream, key.epoch()), key)));
        if (LogKeys { keys: &keys }).keep(&tx, &memory, &mut rng, fresh)? {
            tail.push(Entry::Fence(keeping::fence(&tx, &memory)?));
        }
        let memory = match (reordered, pruned) {
            (true, _) => self.replayed(&tx, memory, &keys)?.0,
            (_, true) => pruning::proven(self, &tx, memory, &keys)?,
            _ => memory,
        };
        tx.commit()?;
        self.store.tail.append(&tail, &mut rng);
        self.store.swap(memory);
        let changed = self.changed(&touched);
        if reordered || pruned {
            self.index()?;
        } else {
            self.mend(touched);
        }
        papers.keep();
        if let Some(preview) = spent {
            self.previews.lock().unwrap_or_else(PoisonError::into_inner).remove(&preview);
        }
        if keys.streams.len() > held {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        Ok((answer, changed))
    }

    pub(crate) fn changed(&self, touched: &Touched) -> Changed {
        Changed {
            kinds: touched
                .keys()
                .filter_map(|no| self.store.schema.number(*no))
                .map(|l| l.ty.name.to_owned())
                .collect(),
        }
    }

    /// Reads every page of the database.
    ///
    /// # Errors
    /// `store_damaged`.
    pub fn check(&self) -> Result<(), Fault> {
        self.store.check()
    }

    /// What cannot be read may lie on a page that the disk gave back otherwise: the database hands out zeros in its place before
    /// it says so. Then that is what happened.
    #[must_use]
    pub fn looked_into(&self, fault: Fault) -> Fault {
        if fault.code != UNREADABLE {
            return fault;
        }
        self.check().err().unwrap_or(fault)
    }

    /// The command list.
    #[must_use]
    pub fn commands(&self) -> &Registry {
        &self.registry
    }

    /// A clerk's name and roles.
    ///
    /// # Errors
    /// `not_found`.
    pub fn clerk(&self, id: RecordId) -> Result<(String, Vec<Role>), Fault> {
        let layout = self.store.schema.kind("clerk").ok_or_else(Fault::not_found)?;
        let row = self.store.read(|conn| rows::by_id(conn, layout, id))?.ok_or_else(Fault::not_found)?;
        let clerk = people::Clerk::from_values(&row.values)?;
        Ok((clerk.name.clone(), clerk.role_list()))
    }
}

impl<'a> View<'a> {
    pub(crate) fn layout(&self, kind: &str) -> Result<&'a Layout, Fault> {
        self.office.store.schema.kind(kind).ok_or_else(Fault::not_found)
    }

    /// Typed rows by a condition written in the module.
    pub(crate) fn select<R: Record>(&self, condition: &str, params: &[&dyn ToSql]) -> Result<Vec<(Stored, R)>, Fault> {
        let rows = rows::select(self.conn, self.layout(R::TYPE.name)?, condition, params)?;
        rows.into_iter().map(|row| Ok((row.clone(), R::from_values(&row.values)?))).collect()
    }

    /// The name of the person who wrote something.
    pub(crate) fn author(&self, no: i64) -> Result<String, Fault> {
        let id = self.memory.clerk(no)?;
        let row = rows::by_id(self.conn, self.layout("clerk")?, id)?;
        Ok(match row {
            Some(row) => people::Clerk::from_values(&row.values)?.name,
            None => String::new(),
        })
    }

    /// Today, UTC+8.
    pub(crate) fn today(&self) -> chrono::NaiveDate {
        store::today(self.wall)
    }
}

impl<'a> Desk<'a> {
    pub(crate) fn office(&self) -> &'a Office {
        self.office
    }

    /// The same desk as a view that sees what this act has written.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            office: self.office,
            conn: self.act.conn,
            memory: &self.act.memory,
            clerk: self.act.author,
            wall: self.act.moment.wall,
        }
    }

    /// Ends the act: what the caller commits, and what it keeps once that stands.
    fn finish(self) -> Result<(Done, Kept), Fault> {
        let Self { act, new_keys, spent, papers, reordered, pruned, .. } = self;
        Ok((act.finish()?, Kept { new_keys, spent, papers, reordered, pruned }))
    }

    /// Every act leaves an entry; one that wrote nothing and named nothing leaves none.
    fn audit(&mut self, command: &str) -> Result<(), Fault> {
        let (changes, counted) = self.act.count()?;
        if self.note.count.unwrap_or(changes) == 0 && self.note.record.is_none() {
            return Ok(());
        }
        let count = self.note.count.unwrap_or(counted);
        let stream = Stream::Audit(self.office.identity.office);
        let entry = people::audit_entry(command, self.note.kind, self.note.record, count, self.note.reason.as_deref());
        self.act.create::<AuditEntry>(&stream, entry, None)?;
        Ok(())
    }
}
