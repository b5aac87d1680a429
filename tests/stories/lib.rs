//! The cast of the stories: a county, its townships, a hub, and a clerk at each desk. Everything goes through the same door as
//! the window.

pub mod kit;
pub mod logs;
pub mod photo;
pub mod restores;
pub mod stick;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use niangjia_core::{
    Fault,
    replication::{Incarnation, RecordId, Stream, slot},
};
use niangjia_host::{Keeping, Station};
use niangjia_hub::{Hub, RunningHub};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The passphrase of every clerk of the stories.
pub const PASSPHRASE: &str = "只有我知道的口令";

/// One office on one PC.
pub struct Desk {
    /// The office behind the door.
    pub station: Arc<Station>,
    dir: TempDir,
}

/// A test may end as soon as it has its answers; a program that ends under a thread that still closes its file crashes, because the
/// cipher is taken down at the end.
impl Drop for Desk {
    fn drop(&mut self) {
        self.station.at_rest();
        self.station.wait_for_parting();
    }
}

impl Desk {
    /// A PC with an empty data folder.
    #[must_use]
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self { station: opened(dir.path().to_owned()), dir }
    }

    /// A PC whose data folder is this one, on a disk kept by these limits.
    #[must_use]
    pub fn at(dir: TempDir, keeping: Keeping) -> Self {
        let station = Station::keeping(dir.path().to_owned(), false, keeping).expect("a station");
        Self { station, dir }
    }

    /// A township that works alone; its clerk is 李强.
    pub async fn alone(name: &str) -> Self {
        let desk = Self::empty();
        desk.ask(
            "app.create",
            json!({ "role": "township", "name": name, "code": "320722104", "clerk": "李强", "passphrase": PASSPHRASE }),
        )
        .await;
        desk
    }

    /// 东海县总工会 without a hub; its clerk is 周敏.
    pub async fn county() -> Self {
        Self::county_with_kit().await.0
    }

    /// The same with the three shares that were printed.
    pub async fn county_with_kit() -> (Self, Vec<String>) {
        let desk = Self::empty();
        let created = desk.ask(
            "app.create",
            json!({ "role": "county", "name": "东海县总工会", "code": "320722", "clerk": "周敏", "passphrase": PASSPHRASE }),
        )
        .await;
        let shares = created["shares"].as_array().expect("shares");
        (desk, shares.iter().map(|share| share.as_str().expect("a text").to_owned()).collect())
    }

    /// A PC that joins with an enrolment packet carried by hand.
    pub async fn joined(packet: &Path, code: &Value, clerk: &str) -> Self {
        let desk = Self::empty();
        desk.ask(
            "app.join",
            json!({ "packet": { "path": packet }, "code": code, "clerk": clerk, "passphrase": PASSPHRASE }),
        )
        .await;
        desk
    }

    /// Makes an enrolment packet in the folder. Returns its file and its code.
    pub async fn invitation(&self, folder: &Path, name: &str, code: &str) -> (PathBuf, Value) {
        let answer = self.ask("offices.invite", json!({ "name": name, "code": code })).await;
        let packet = folder.join(format!("{code}.njinvite"));
        std::fs::write(&packet, Self::packet_of(&answer)).expect("a file");
        (packet, answer["code"].clone())
    }

    /// Makes the packet of a further PC of this office in the folder. Returns its file and its code.
    pub async fn further(&self, folder: &Path, name: &str) -> (PathBuf, Value) {
        let answer = self.ask("devices.invite", json!({ "name": name })).await;
        let packet = folder.join(format!("{name}.njinvite"));
        std::fs::write(&packet, Self::packet_of(&answer)).expect("a file");
        (packet, answer["code"].clone())
    }

    /// The packet in an answer.
    #[must_use]
    pub fn packet_of(answer: &Value) -> Vec<u8> {
        decode(answer["packet"].as_str().expect("a packet"))
    }

    /// Writes a packet onto the stick. Returns its files.
    pub async fn export(&self, to: &str, stick: &Path) -> Vec<PathBuf> {
        let made = self.ask("packets.export", json!({ "to": to, "path": stick })).await;
        made["files"].as_array().expect("files").iter().map(|f| f.as_str().expect("a name").into()).collect()
    }

    /// Takes in a packet.
    pub async fn import(&self, packet: &Path) -> Value {
        self.ask("packets.import", json!({ "path": packet })).await
    }

    /// Runs a command that must succeed.
    pub async fn ask(&self, name: &str, question: Value) -> Value {
        self.station
            .call(name, question)
            .await
            .unwrap_or_else(|fault| panic!("{name}: {fault} {:?} {:?}", fault.fields, fault.cause))
    }

    /// Runs a command that must be refused.
    pub async fn refused(&self, name: &str, question: Value) -> Fault {
        match self.station.call(name, question).await {
            Ok(answer) => panic!("{name} should have been refused, but answered {answer}"),
            Err(fault) => fault,
        }
    }

    /// The data folder.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// The data file, opened as its first clerk opens it, past the program.
    ///
    /// # Panics
    /// Where it cannot be opened.
    #[must_use]
    pub fn file(&self) -> rusqlite::Connection {
        let folder = std::fs::read(self.dir().join("office.json")).expect("a folder");
        let folder: Value = serde_json::from_slice(&folder).expect("its settings");
        let clerk = &folder["clerks"][0];
        let id: RecordId = clerk["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let slot = decode(clerk["slot"].as_str().expect("a slot"));
        let opened = slot::unlock(PASSPHRASE, &id.0, &slot).expect("the passphrase");
        let conn = rusqlite::Connection::open(self.dir().join("office.db")).expect("a file");
        let key: String = opened[..32].iter().map(|byte| format!("{byte:02x}")).collect();
        conn.pragma_update(None, "key", format!("x'{key}'")).expect("a key");
        conn
    }

    /// The program is closed and opened again, and 李强 (or whoever came first) unlocks.
    pub async fn reopen(&mut self) {
        self.station.close().await;
        self.station = opened(self.dir());
        self.unlock().await;
    }

    /// 李强 (or whoever came first) unlocks.
    pub async fn unlock(&self) {
        let first = self.ask("app.state", json!({})).await["clerks"][0]["id"].clone();
        self.ask("app.unlock", json!({ "clerk": first, "passphrase": PASSPHRASE })).await;
    }

    /// One exchange with the hub.
    pub async fn sync(&self) -> Value {
        self.ask("sync.now", json!({})).await
    }

    /// Takes a person in by the joining form. Returns the record's id.
    pub async fn join(&self, name: &str, id_no: &str) -> String {
        let fields = json!({ "name": name, "id_no": id_no, "mobile": "13900000001" });
        let saved = self.ask("members.join", json!({ "fields": fields, "on": "2025-03-01" })).await;
        saved["id"].as_str().expect("an id").to_owned()
    }

    /// A member's page.
    pub async fn member(&self, id: &str) -> Value {
        self.ask("members.get", json!({ "id": id })).await
    }

    /// A field in full, as after "show".
    pub async fn full(&self, id: &str, field: &str) -> Value {
        self.ask("members.reveal", json!({ "id": id, "field": field, "reason": "核对" })).await["value"].clone()
    }

    /// Saves fields on the form that was opened with `page`.
    pub async fn save(&self, page: &Value, fields: Value) -> Value {
        self.ask("members.save", json!({ "id": page["id"], "token": page["token"], "fields": fields })).await
    }

    /// How many the search box finds.
    pub async fn found(&self, text: &str) -> u64 {
        self.ask("search", json!({ "text": text })).await["total"].as_u64().expect("a count")
    }

    /// Digest of a stream.
    #[must_use]
    pub fn digest(&self, stream: &Stream) -> String {
        self.station.office().expect("unlocked").digest(stream).expect("a digest")
    }

    /// The id of this office.
    #[must_use]
    pub fn office(&self) -> RecordId {
        self.station.office().expect("unlocked").identity().office
    }

    /// The stream of this office.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream::Office(self.station.office().expect("unlocked").identity().office)
    }
}

/// A county with its hub.
pub struct County {
    /// The county's own desk; its clerk is 周敏.
    pub desk: Desk,
    /// The kit: three printed shares.
    pub shares: Vec<String>,
    hub: Option<RunningHub>,
    hub_dir: TempDir,
}

impl County {
    /// Both come into step, hold the same, and nothing waits anywhere.
    pub async fn agrees_with(&self, desk: &Desk) {
        exchange_all(&[desk, &self.desk]).await;
        for one in [desk, &self.desk] {
            let last = one.sync().await;
            assert_eq!((&last["in_step"], &last["received"]["changes"]), (&json!(true), &json!(0)), "{last}");
        }
        for stream in [desk.stream(), Stream::County] {
            assert_eq!(desk.digest(&stream), self.desk.digest(&stream));
        }
        let status = desk.ask("sync.status", json!({})).await;
        for nothing in ["unsent", "unconfirmed", "parked", "quarantined"] {
            assert_eq!(status[nothing], 0, "{nothing}");
        }
    }

    /// 东海县总工会, with a hub that it has claimed.
    pub async fn found() -> Self {
        let hub_dir = tempfile::tempdir().expect("a folder");
        let hub = Hub::start(hub_dir.path(), "127.0.0.1:0".parse().expect("an address")).await.expect("a hub");
        let (desk, shares) = Desk::county_with_kit().await;
        desk.ask("hub.claim", json!({ "url": hub.url(), "key": hub.key_hex, "claim": hub.claim })).await;
        Self { desk, shares, hub: Some(hub), hub_dir }
    }

    /// Where the hub keeps what it holds.
    #[must_use]
    pub fn hub_folder(&self) -> &Path {
        self.hub_dir.path()
    }

    /// A township joins with an enrolment packet carried by hand.
    pub async fn township(&self, name: &str, code: &str, clerk: &str) -> Desk {
        let (packet, spoken) = self.invitation(name, code).await;
        Desk::joined(&packet, &spoken, clerk).await
    }

    /// The packet's file and its code.
    pub async fn invitation(&self, name: &str, code: &str) -> (PathBuf, Value) {
        self.desk.invitation(self.hub_dir.path(), name, code).await
    }

    /// The network cable is pulled, or the hub's room is without power.
    pub async fn unplug(&mut self) {
        if let Some(hub) = self.hub.take() {
            hub.stop().await;
        }
    }

    /// The life of the hub's store.
    #[must_use]
    pub fn epoch(&self) -> Incarnation {
        let hub = rusqlite::Connection::open(self.hub_folder().join("hub.db")).expect("the hub's database");
        Incarnation(hub.query_row("SELECT epoch FROM hub", [], |row| row.get(0)).expect("an epoch"))
    }

    /// The hub's disk is gone; its key was on paper, and it comes back empty at the same address under a new epoch.
    pub async fn lose_everything(&mut self) {
        self.unplug().await;
        let mut hub = rusqlite::Connection::open(self.hub_folder().join("hub.db")).expect("the hub's database");
        let act = hub.transaction().expect("a transaction");
        for table in [
            "head",
            "adrift",
            "base",
            "segment",
            "chain",
            "checkpoint_part",
            "device_count",
            "device_about",
            "device",
            "county_order",
        ] {
            act.execute(&format!("DELETE FROM {table}"), []).expect("an empty table");
        }
        act.execute("UPDATE hub SET epoch = randomblob(16)", []).expect("a new epoch");
        act.commit().expect("an empty hub");
        drop(hub);
        self.plug().await;
    }

    /// The hub comes back at the same address with what it had.
    pub async fn plug(&mut self) {
        let url = self.desk.station.office().expect("unlocked").hub().expect("claimed").url;
        let address = url.trim_start_matches("https://").parse().expect("an address");
        self.hub =
            Some(Hub::open(self.hub_dir.path()).expect("the same hub").serve(address).await.expect("the same address"));
    }
}

/// The whole data folder, copied to another PC while the program is closed.
///
/// # Panics
/// Where the folder cannot be read.
pub async fn cloned(desk: &mut Desk) -> Desk {
    desk.station.close().await;
    let fresh = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(desk.dir()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            std::fs::copy(&path, fresh.path().join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
    desk.station = opened(desk.dir());
    desk.unlock().await;
    let clone = Desk::at(fresh, usual());
    clone.unlock().await;
    clone
}

/// The same where the program was killed and sealed nothing at closing: what waits lies on both PCs as it was saved.
///
/// # Panics
/// Where nothing waits.
pub async fn cloned_as_it_lay(desk: &mut Desk) -> Desk {
    desk.ask("app.settings", json!({ "carry": false })).await;
    let clone = cloned(desk).await;
    for desk in [&*desk, &clone] {
        let waiting: i64 =
            desk.file().query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).expect("an outbox");
        assert!(waiting > 0, "nothing waits to be sealed");
        desk.ask("app.settings", json!({ "carry": true })).await;
    }
    clone
}

/// The conflicts of a page as every replica shows them: names of offices and PCs stand in streams that not everybody reads, and
/// what an author saw may lie below a checkpoint.
pub fn conflicts(page: &Value) -> Value {
    let mut conflicts = page["conflicts"].clone();
    for side in conflicts.as_array_mut().unwrap().iter_mut().flat_map(|c| c["sides"].as_array_mut().unwrap()) {
        for own in ["office", "device", "saw"] {
            side.as_object_mut().unwrap().remove(own);
        }
    }
    conflicts
}

/// Everybody exchanges until all has arrived and the receipts are back.
pub async fn exchange_all(desks: &[&Desk]) {
    for _ in 0..2 {
        for desk in desks {
            desk.sync().await;
        }
    }
}

/// A file of `tests/fixtures`.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The stories run by the hundred: no ballast, and a disk that is somebody else's is never too full.
#[must_use]
pub fn usual() -> Keeping {
    Keeping { low: 0, full: 0, ballast: false, ..Keeping::default() }
}

/// The program starts on a data folder, kept as [`usual`].
///
/// # Panics
/// Where the folder cannot be opened.
#[must_use]
pub fn opened(dir: PathBuf) -> Arc<Station> {
    Station::keeping(dir, false, usual()).expect("the data folder")
}

fn decode(base64: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(base64).expect("base64")
}
