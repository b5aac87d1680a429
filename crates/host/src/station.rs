//! The station: one data folder, locked or unlocked, and everything that can be asked of it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_core::{
    Fault,
    fault::FieldFault,
    founding::{self, ClerkKeys, Founded},
    office::{Caller, Office},
    people::{self, Nothing, Role},
    registry::Registry,
    replication::{
        RecordId,
        enrol::{self, Code},
        kit,
    },
    store::DatabaseKey,
    words::Say,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::{
    disk::{Folder, OfficeLine, Slot, database},
    moment,
    sync::Timer,
};

/// One data folder and the office in it.
pub struct Station {
    dir: PathBuf,
    folder: Mutex<Folder>,
    session: RwLock<Option<Session>>,
    events: broadcast::Sender<Value>,
    failures: Mutex<(u32, Option<Instant>)>,
    pub(crate) timer: Timer,
    browser: bool,
}

/// An unlocked office and who unlocked it.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) office: Arc<Office>,
    pub(crate) clerk: RecordId,
    name: String,
    pub(crate) roles: Vec<Role>,
    key: DatabaseKey,
}

/// How far the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No office in this folder.
    Fresh,
    /// An office, and nobody has unlocked it.
    Locked,
    /// Unlocked.
    Ready,
}

/// Language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Language {
    /// 简体中文.
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// What an office is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfficeRole {
    /// 县总工会.
    County,
    /// 乡镇／街道总工会.
    Township,
}

/// Where the program stands.
#[derive(Serialize, JsonSchema)]
pub struct AppState {
    /// How far.
    pub stage: Stage,
    /// The office, once there is one.
    pub office: Option<OfficeState>,
    /// Who works here, while unlocked.
    pub clerk: Option<ClerkState>,
    /// Who can unlock.
    pub clerks: Vec<ClerkState>,
    /// Of the window.
    pub language: Language,
    /// Large type.
    pub large_type: bool,
    /// Version of the program.
    pub version: String,
    /// Whether a browser shows the window.
    pub browser: bool,
}

/// The office.
#[derive(Serialize, JsonSchema)]
pub struct OfficeState {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Administrative code.
    pub code: String,
    /// What it is.
    pub role: OfficeRole,
}

/// A clerk.
#[derive(Serialize, JsonSchema)]
pub struct ClerkState {
    /// Record id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Keys of the roles; empty while locked.
    pub roles: Vec<String>,
}

/// A new office.
#[derive(Deserialize, JsonSchema)]
pub struct CreateAsk {
    /// A county, or a township that works alone.
    pub role: OfficeRole,
    /// Official name.
    pub name: String,
    /// Administrative code.
    pub code: String,
    /// The first clerk's own name.
    pub clerk: String,
    /// The clerk's passphrase.
    pub passphrase: String,
}

/// A founded office.
#[derive(Serialize, JsonSchema)]
pub struct Created {
    /// Its id.
    pub office: String,
    /// Fingerprint of this PC's key.
    pub device: String,
    /// Fingerprint of the county root, to be compared by telephone; of the device while alone.
    pub fingerprint: String,
    /// Three shares of the county root, any two of which rebuild it. Shown once and kept nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<Vec<String>>,
}

/// A packet on this PC or just uploaded.
#[derive(Deserialize, JsonSchema)]
pub struct PacketAsk {
    /// A file.
    #[serde(default)]
    pub path: Option<String>,
    /// A file just uploaded; the station puts its path in the place of this.
    #[serde(default)]
    pub upload: Option<String>,
}

/// Joining a county with an enrolment packet.
#[derive(Deserialize, JsonSchema)]
pub struct EnrolAsk {
    /// The packet.
    pub packet: PacketAsk,
    /// The code told by telephone.
    pub code: String,
    /// The first clerk's own name.
    pub clerk: String,
    /// The clerk's passphrase.
    pub passphrase: String,
}

/// Unlocking.
#[derive(Deserialize, JsonSchema)]
pub struct UnlockAsk {
    /// Id or name of the clerk.
    pub clerk: String,
    /// Passphrase.
    pub passphrase: String,
}

/// Settings of this PC.
#[derive(Deserialize, JsonSchema)]
pub struct SettingsAsk {
    /// Of the window.
    #[serde(default)]
    pub language: Option<Language>,
    /// Large type.
    #[serde(default)]
    pub large_type: Option<bool>,
}

/// A further clerk.
#[derive(Deserialize, JsonSchema)]
pub struct AddClerkAsk {
    /// The clerk's own name.
    pub name: String,
    /// First passphrase; the clerk changes it.
    pub passphrase: String,
    /// Roles.
    pub roles: Vec<Role>,
}

/// Lists the commands that work on the folder instead of the unlocked office, for the catalogue of commands. They run in
/// [`Station::call`]; what stands here are their names, roles and shapes.
pub(crate) fn stage_commands(registry: &mut Registry) {
    fn at_station<A, B>(_: &niangjia_core::office::View<'_>, _: A) -> Result<B, Fault> {
        Err(Fault::question("a command of the station"))
    }
    registry.query("app.state", Role::Viewer, at_station::<Nothing, AppState>);
    registry.query("app.create", Role::Viewer, at_station::<CreateAsk, Created>);
    registry.query("app.join", Role::Viewer, at_station::<EnrolAsk, Created>);
    registry.query("app.unlock", Role::Viewer, at_station::<UnlockAsk, AppState>);
    registry.query("app.lock", Role::Viewer, at_station::<Nothing, AppState>);
    registry.query("app.settings", Role::Viewer, at_station::<SettingsAsk, AppState>);
    registry.query("clerks.add", Role::SecurityAdmin, at_station::<AddClerkAsk, ClerkState>);
    registry.query("hub.claim", Role::SystemAdmin, at_station::<crate::sync::ClaimAsk, crate::sync::ClaimAnswer>);
    registry.query("sync.now", Role::Clerk, at_station::<Nothing, crate::sync::SyncAnswer>);
    registry.query("tables.rebuild", Role::SystemAdmin, at_station::<Nothing, Rebuilt>);
}

/// A rebuild of the tables.
#[derive(Serialize, JsonSchema)]
pub struct Rebuilt {
    /// Changes replayed.
    pub changes: u64,
}

fn read<A: DeserializeOwned>(question: Value) -> Result<A, Fault> {
    serde_json::from_value(question)
        .map_err(|e| Fault::question(e.to_string().split('`').next().unwrap_or("").to_owned()))
}

fn written<B: Serialize>(answer: B) -> Result<Value, Fault> {
    serde_json::to_value(answer).map_err(Fault::question)
}

impl Station {
    /// Opens a data folder; makes it where it is missing.
    ///
    /// # Errors
    /// `file_failed` where the folder cannot be used, `folder_damaged` where its file cannot be read.
    pub fn open(dir: PathBuf) -> Result<Arc<Self>, Fault> {
        Self::with(dir, false)
    }

    /// The same for the loopback web server.
    ///
    /// # Errors
    /// As [`Station::open`].
    pub fn for_browser(dir: PathBuf) -> Result<Arc<Self>, Fault> {
        Self::with(dir, true)
    }

    fn with(dir: PathBuf, browser: bool) -> Result<Arc<Self>, Fault> {
        std::fs::create_dir_all(&dir)?;
        let folder = Folder::load(&dir)?;
        let (events, _) = broadcast::channel(64);
        Ok(Arc::new(Self {
            dir,
            folder: Mutex::new(folder),
            session: RwLock::new(None),
            events,
            failures: Mutex::new((0, None)),
            timer: Timer::default(),
            browser,
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

    /// Locks; keys leave the memory.
    pub async fn close(&self) {
        self.lock();
    }

    fn lock(&self) {
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = None;
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
            "sync.now" => written(self.exchange().await?),
            "hub.claim" => written(self.claim(read(question)?).await?),
            _ => {
                let (station, name) = (self.clone(), name.to_owned());
                // The store waits for the disk; that is no work for the runtime's own threads.
                tokio::task::spawn_blocking(move || station.call_now(&name, question)).await.map_err(|e| {
                    Fault::new("program_failed", "程序内部出错，刚才的操作没有做。以前的数据完好，请再试一次。", "The program failed inside; the last step was not done. Earlier data are intact, please try again.").because(e)
                })?
            }
        }
    }

    /// The same without a runtime; for the command line.
    ///
    /// # Errors
    /// As [`Station::call`].
    pub fn call_now(self: &Arc<Self>, name: &str, question: Value) -> Result<Value, Fault> {
        match name {
            "app.state" => written(self.state()),
            "app.create" => written(self.create(read(question)?)?),
            "app.join" => written(self.join(&read(question)?)?),
            "app.unlock" => {
                let ask: UnlockAsk = read(question)?;
                self.unlock(&ask.clerk, &ask.passphrase)?;
                written(self.state())
            }
            "app.lock" => {
                self.lock();
                written(self.state())
            }
            "app.settings" => self.settings(&read(question)?),
            "clerks.add" => written(self.add_clerk(read(question)?)?),
            "tables.rebuild" => {
                let session = self.session()?;
                self.allowed(&session, Role::SystemAdmin)?;
                written(Rebuilt { changes: session.office.rebuild()? })
            }
            _ => {
                let session = self.session()?;
                let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
                let (mut answer, changed) = session.office.call(name, question, caller)?;
                if name == "sync.status" {
                    self.timer.describe(&mut answer);
                }
                if !changed.kinds.is_empty() {
                    self.tell(&changed.kinds);
                    self.timer.wake();
                }
                Ok(answer)
            }
        }
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

    fn folder(&self) -> Folder {
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
        }
    }

    fn settings(&self, ask: &SettingsAsk) -> Result<Value, Fault> {
        self.change_folder(|folder| {
            folder.language = ask.language.unwrap_or(folder.language);
            folder.large_type = ask.large_type.unwrap_or(folder.large_type);
        })?;
        written(self.state())
    }

    fn fresh(&self) -> Result<(), Fault> {
        if self.folder().office.is_some() {
            return Err(Fault::new(
                "office_exists",
                "这台电脑的数据文件夹里已有一个办公室，没有新建。请直接解锁。",
                "The data folder of this PC already holds an office; none was made. Unlock it.",
            ));
        }
        Ok(())
    }

    fn create(&self, ask: CreateAsk) -> Result<Created, Fault> {
        self.fresh()?;
        passphrase_fits(&ask.passphrase)?;
        let path = database(&self.dir);
        let founded = match ask.role {
            OfficeRole::County => founding::county(&path, &ask.name, &ask.code, &ask.clerk, moment())?,
            OfficeRole::Township => founding::alone(&path, &ask.name, &ask.code, &ask.clerk, moment())?,
        };
        self.begin(founded, &ask.clerk, &ask.passphrase)
    }

    fn join(&self, ask: &EnrolAsk) -> Result<Created, Fault> {
        self.fresh()?;
        passphrase_fits(&ask.passphrase)?;
        let wrong =
            |field: &str, key: &str, say| Fault::fields(vec![FieldFault { field: field.into(), key: key.into(), say }]);
        let code = Code::parse(&ask.code).map_err(|_| {
            wrong(
                "code",
                "code_typo",
                Say::new(
                    "这串代码抄写有误，请对照电话里听到的再核一遍（不区分大小写，空格随意）。",
                    "The code has a slip in it; compare it with what you were told. Case and blanks do not matter.",
                ),
            )
        })?;
        let path = ask.packet.path.as_deref().ok_or_else(|| Fault::question("packet"))?;
        let size = std::fs::metadata(path)?.len();
        if size > 1 << 20 {
            return Err(wrong(
                "packet",
                "packet_not_ours",
                Say::new(
                    "这个文件不是入网数据包，请选择县总工会给的 .njinvite 文件。",
                    "This file is no enrolment packet; choose the .njinvite file from the county.",
                ),
            ));
        }
        let packet = std::fs::read(path)?;
        let enrolment = enrol::open(&packet, &code).map_err(|e| {
            wrong("packet", "packet_or_code", Say::new("打不开：代码和数据包对不上，或文件不完整。请核对代码，或请县总工会重新生成。", "The packet does not open: code and packet do not belong together, or the file is not whole. Check the code or ask for a new packet."))
                .because(e)
        })?;
        let founded = founding::join(&database(&self.dir), enrolment, &ask.clerk, moment())?;
        self.begin(founded, &ask.clerk, &ask.passphrase)
    }

    /// Keeps the first clerk's slot and unlocks.
    fn begin(&self, founded: Founded, clerk: &str, passphrase: &str) -> Result<Created, Fault> {
        let mut rng = moment().rng;
        let Founded { office, key, clerk: keys, root } = founded;
        let identity = office.identity().clone();
        let slot = Slot::lock(clerk.trim(), passphrase, &key, &keys, &mut rng)?;
        let saved = self.change_folder(|folder| {
            folder.office = Some(OfficeLine {
                id: identity.office.to_string(),
                name: identity.name.clone(),
                code: identity.code.clone(),
                role: if identity.county { OfficeRole::County } else { OfficeRole::Township },
            });
            folder.clerks.push(slot);
        });
        if let Err(fault) = saved {
            // Without its key slot nobody could ever open it: the next try begins in an empty folder.
            drop(office);
            for ending in ["", "-wal", "-shm"] {
                let mut file = database(&self.dir).into_os_string();
                file.push(ending);
                let _ = std::fs::remove_file(file);
            }
            return Err(fault);
        }
        let fingerprint = |bytes: &[u8]| hex::encode(&blake3::hash(bytes).as_bytes()[..8]);
        let device = fingerprint(&office.device_key());
        let shares =
            root.as_ref().map(|root| kit::split(root, &mut rng).iter().map(|s| s.text().to_string()).collect());
        let created = Created {
            office: identity.office.to_string(),
            fingerprint: office.root_key().map_or_else(|| device.clone(), |k| fingerprint(&k)),
            device,
            shares,
        };
        self.enter(office, &keys, key)?;
        Ok(created)
    }

    fn enter(&self, office: Office, keys: &ClerkKeys, key: DatabaseKey) -> Result<(), Fault> {
        let (name, roles) = office.clerk(keys.id)?;
        *self.session.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Session { office: Arc::new(office), clerk: keys.id, name, roles, key });
        self.tell(&["*".to_owned()]);
        Ok(())
    }

    /// Opens the office for a clerk, by id or name. After three wrong passphrases each further try waits longer.
    ///
    /// # Errors
    /// `passphrase_wrong`, `passphrase_wait`, or the store's own.
    pub fn unlock(&self, who: &str, passphrase: &str) -> Result<(), Fault> {
        self.patience()?;
        let folder = self.folder();
        let slot = folder.clerk(who).ok_or_else(|| {
            Fault::new(
                "clerk_unknown",
                "这台电脑上没有这位经办人员。请从名单里选择自己的姓名。",
                "This PC does not know that clerk. Choose your name from the list.",
            )
        })?;
        let unlocked = slot.unlock(passphrase);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if unlocked.is_err() {
            *failures = (failures.0 + 1, Some(Instant::now()));
        } else {
            *failures = (0, None);
        }
        drop(failures);
        let unlocked = unlocked?;
        let office = Office::open(&database(&self.dir), &unlocked.key)?;
        self.enter(office, &unlocked.keys, unlocked.key)
    }

    fn patience(&self) -> Result<(), Fault> {
        let (count, last) = *self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = Duration::from_secs(u64::from(count.saturating_sub(2).min(6)) * 10);
        match last {
            Some(last) if last.elapsed() < wait => {
                let left = (wait - last.elapsed()).as_secs() + 1;
                Err(Fault::say(
                    "passphrase_wait",
                    Say::owned(
                        format!("口令连续输错，请等 {left} 秒再试。"),
                        format!("The passphrase was wrong several times; wait {left} seconds."),
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    fn add_clerk(&self, ask: AddClerkAsk) -> Result<ClerkState, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::SecurityAdmin)?;
        passphrase_fits(&ask.passphrase)?;
        let mut first = moment();
        let keys = ClerkKeys::generate(first.wall, &mut first.rng);
        let slot = Slot::lock(ask.name.trim(), &ask.passphrase, &session.key, &keys, &mut first.rng)?;
        let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: first };
        let (_, changed) = session.office.act("clerks.add", caller, |desk| {
            people::add(
                desk,
                keys.id,
                &ask.name,
                &ask.roles,
                keys.sign.public().to_bytes().to_vec(),
                keys.open.public().to_bytes().to_vec(),
            )
        })?;
        self.change_folder(|folder| folder.clerks.push(slot))?;
        self.tell(&changed.kinds);
        Ok(ClerkState {
            id: keys.id.to_string(),
            name: ask.name,
            roles: ask.roles.iter().map(|r| r.key().to_owned()).collect(),
        })
    }

    /// Keeps an uploaded file until a command reads it. The name only lends its ending.
    ///
    /// # Errors
    /// `file_too_large`, `file_failed`.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Value, Fault> {
        if bytes.len() > UPLOAD {
            return Err(Fault::new(
                "file_too_large",
                "文件超过 100 MB，没有读取。请把名册分成几个文件。",
                "The file is larger than 100 MB and was not read. Divide the roster into several files.",
            ));
        }
        let folder = self.dir.join("uploads");
        std::fs::create_dir_all(&folder)?;
        // Uploads are read once; what an earlier run left behind goes.
        for old in std::fs::read_dir(&folder)?.flatten() {
            let stale = old
                .metadata()
                .and_then(|m| m.modified())
                .ok()
                .and_then(|t| t.elapsed().ok())
                .is_some_and(|age| age > Duration::from_secs(24 * 3600));
            if stale {
                let _ = std::fs::remove_file(old.path());
            }
        }
        let id = RecordId::new(u64::try_from(moment().wall).unwrap_or(0), &mut moment().rng).to_string();
        let ending = Path::new(name)
            .extension()
            .and_then(|e| e.to_str())
            .filter(|e| e.len() <= 8 && e.bytes().all(|b| b.is_ascii_alphanumeric()))
            .unwrap_or("bin");
        std::fs::write(folder.join(format!("{id}.{ending}")), bytes)?;
        Ok(json!({ "upload": format!("{id}.{ending}") }))
    }

    /// Puts the path of an upload in the place of its id.
    fn with_upload(&self, mut question: Value) -> Result<Value, Fault> {
        fn place(folder: &Path, value: &mut Value) -> Result<(), Fault> {
            let Some(object) = value.as_object_mut() else { return Ok(()) };
            if let Some(id) = object.remove("upload") {
                let id = id.as_str().unwrap_or("");
                let plain = !id.is_empty()
                    && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
                    && !id.starts_with('.');
                if !plain {
                    return Err(Fault::question("upload"));
                }
                object.insert("path".into(), Value::String(folder.join(id).to_string_lossy().into_owned()));
            }
            if let Some(packet) = object.get_mut("packet") {
                place(folder, packet)?;
            }
            Ok(())
        }
        place(&self.dir.join("uploads"), &mut question)?;
        Ok(question)
    }

    /// A report that the office wrote, by the last part of its path.
    ///
    /// # Errors
    /// `not_found`.
    pub fn report(&self, name: &str) -> Result<PathBuf, Fault> {
        let last = Path::new(name).file_name().ok_or_else(Fault::not_found)?;
        let path = self.dir.join("reports").join(last);
        if path.is_file() { Ok(path) } else { Err(Fault::not_found()) }
    }

    /// Writes the packet of an invitation to a file.
    pub(crate) fn packet_bytes(answer: &Value) -> Result<Vec<u8>, Fault> {
        answer
            .get("packet")
            .and_then(Value::as_str)
            .and_then(|p| STANDARD.decode(p).ok())
            .ok_or_else(|| Fault::question("packet"))
    }
}

/// Largest upload in bytes.
const UPLOAD: usize = 100 << 20;

/// A passphrase guards everything on a PC that may be stolen; length is what counts (NIST SP 800-63B), shape is not asked for.
fn passphrase_fits(passphrase: &str) -> Result<(), Fault> {
    if passphrase.chars().count() >= 8 {
        return Ok(());
    }
    Err(Fault::fields(vec![FieldFault {
        field: "passphrase".into(),
        key: "passphrase_short".into(),
        say: Say::new(
            "口令至少 8 个字。可以用一句好记的话，比如几个词连起来。",
            "The passphrase has at least 8 characters; a sentence that is easy to remember will do.",
        ),
    }]))
}
