//! Blobs: the pictures that records name. A change carries the reference (address, key, outline), sealed like every change; the
//! bytes follow on the slow lane and lie, sealed under their own key, as files in the folder `blobs` beside the database.
//!
//! A file bears its address as its name only once all its pieces were verified and it is on the disk, so its name is the proof
//! that the blob is held. Nothing here deletes a blob: the log never forgets a change, so what a change names stays named
//! (history shows it, an undo may bring it back).

mod shelf;

pub use shelf::Shelved;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_replication::{
    RecordId,
    blob::{Address, Blob, LARGEST, Media},
    files,
};
use rusqlite::{Connection, OptionalExtension as _, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use crate::{
    fault::Fault,
    office::{Caller, Changed, Office},
    record::{Kind, Value},
    records::{self, SaveAsk, Saved},
    store::versions::damaged,
    words::Say,
};

/// Beside the database.
const FOLDER: &str = "blobs";

/// A picture for a field of a record.
#[derive(Deserialize, JsonSchema)]
pub struct AttachAsk {
    /// Which ledger, such as `members`.
    pub kind: String,
    /// The record.
    pub id: String,
    /// The token of the read.
    pub token: String,
    /// The field, such as `photo`.
    pub field: String,
    /// A file on this PC.
    #[serde(default)]
    pub path: Option<String>,
    /// A file just uploaded; the station puts its path in the place of this.
    #[serde(default)]
    pub upload: Option<String>,
}

/// A picture to be shown.
pub struct Picture {
    /// What its bytes are.
    pub media: Media,
    /// The open bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// How many blobs wait, for the status line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BlobsWaiting {
    /// Held here, and not known to be at the hub (or, where there is none, at the county).
    pub unsent: u64,
    /// Named by a record, and not here yet.
    pub wanted: u64,
}

/// The blob that a stored value names; `None` for one that a newer version wrote.
pub(crate) fn named(value: &[u8]) -> Option<Blob> {
    Blob::from_bytes(value).ok()
}

/// The reference that some change has named with this address.
pub(crate) fn by_address(conn: &Connection, address: &str) -> Result<Option<Value>, Fault> {
    let Ok(address) = address.parse::<Address>() else { return Ok(None) };
    Ok(value_of(conn, address)?.map(|value| Value::Bytes(value.into())))
}

fn value_of(conn: &Connection, address: Address) -> Result<Option<Vec<u8>>, Fault> {
    Ok(conn
        .prepare_cached("SELECT value FROM blob WHERE address = ?1")?
        .query_row([address.0], |r| r.get(0))
        .optional()?)
}

fn file_of(folder: &Path, address: Address) -> PathBuf {
    folder.join(FOLDER).join(address.to_string())
}

/// Notes that a change names a blob, and whether its file lies here already: after a restore it often does before the change
/// has come back. What a newer version wrote is noted by the rebuild after the upgrade.
pub(crate) fn note(conn: &Connection, stream: i64, value: &Value) -> Result<(), Fault> {
    let Value::Bytes(value) = value else { return Ok(()) };
    let Some(blob) = named(value) else { return Ok(()) };
    let outline = blob.outline();
    let address = outline.address();
    if conn.prepare_cached("SELECT 1 FROM blob WHERE address = ?1")?.exists([address.0])? {
        return Ok(());
    }
    let length = i64::try_from(outline.length()).map_err(damaged)?;
    let folder = conn.path().and_then(|database| Path::new(database).parent());
    let held = folder.is_some_and(|folder| file_of(folder, address).is_file());
    conn.prepare_cached(
        "INSERT INTO blob (address, value, stream, length, held, at_hub) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
    )?
    .execute(params![address.0, &value[..], stream, length, held])?;
    Ok(())
}

/// The open bytes of the picture that a stored value names, base64; `None` while they are not here. For papers, which are drawn
/// without it then.
pub(crate) fn opened(office: &Office, value: &[u8]) -> Result<Option<String>, Fault> {
    let Some(blob) = named(value) else { return Ok(None) };
    let Some(sealed) = read_whole(&office.blob_file(blob.outline().address()))? else { return Ok(None) };
    // A file that has gone bad is laid aside when somebody looks at the page; here it is a picture that is not here.
    Ok(blob.open(&sealed).ok().map(|bytes| STANDARD.encode(&*bytes)))
}

impl Office {
    /// How many wait: to go to the hub or, where there is none, to the county by stick; and to come.
    pub(crate) fn waiting_blobs(&self, conn: &Connection) -> Result<BlobsWaiting, Fault> {
        let identity = self.identity();
        // A county without a hub has nobody to send to.
        let sends = identity.federation.is_some() && (self.hub().is_some() || !identity.county);
        let county = identity.federation.unwrap_or(identity.office);
        let unsent: i64 = conn
            .prepare_cached(
                "SELECT count(*) FROM blob b WHERE held = 1 AND at_hub = 0
                 AND NOT EXISTS (SELECT 1 FROM blob_peer p WHERE p.office = ?1 AND p.address = b.address AND holds > 0)",
            )?
            .query_row([county.0], |r| r.get(0))?;
        let wanted: i64 =
            conn.prepare_cached("SELECT count(*) FROM blob WHERE held = 0")?.query_row([], |r| r.get(0))?;
        Ok(BlobsWaiting { unsent: if sends { unsent.unsigned_abs() } else { 0 }, wanted: wanted.unsigned_abs() })
    }

    pub(crate) fn blob_folder(&self) -> PathBuf {
        self.store.folder().join(FOLDER)
    }

    pub(crate) fn blob_file(&self, address: Address) -> PathBuf {
        file_of(self.store.folder(), address)
    }

    /// Which blobs are held is what lies in the folder, whatever a database that was put back believes.
    pub(crate) fn look_for_blobs(&self) -> Result<(), Fault> {
        let conn = self.store.write();
        let mut all = conn.prepare("SELECT address, held FROM blob")?;
        let known: Vec<(Address, bool)> =
            all.query_map([], |r| Ok((Address(r.get(0)?), r.get(1)?)))?.collect::<Result<_, _>>()?;
        drop(all);
        if known.is_empty() {
            return Ok(());
        }
        // One look at the folder, not one for each picture.
        let mut files = HashSet::new();
        match std::fs::read_dir(self.blob_folder()) {
            Ok(folder) => {
                for file in folder {
                    files.extend(file?.file_name().to_str().and_then(|name| name.parse::<Address>().ok()));
                }
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(cause.into()),
        }
        for (address, held) in known {
            let there = files.contains(&address);
            if there != held {
                self.mark_held(&conn, address, there)?;
            }
        }
        Ok(())
    }

    pub(crate) fn mark_held(&self, conn: &Connection, address: Address, held: bool) -> Result<(), Fault> {
        conn.prepare_cached("UPDATE blob SET held = ?2 WHERE address = ?1")?.execute(params![address.0, held])?;
        Ok(())
    }

    /// Puts a picture into a field: sealed, on the disk, and named by a change, in one act. `plain` is what
    /// everybody will see.
    ///
    /// # Errors
    /// `picture_too_large`, or those of a save; then nothing was written.
    pub fn attach(
        &self,
        ask: &AttachAsk,
        plain: &[u8],
        media: Media,
        caller: Caller,
    ) -> Result<(Saved, Changed), Fault> {
        let ledger = crate::ledger_named(&ask.kind).ok_or_else(|| Fault::question("kind"))?;
        let place = ledger.ty.field(&ask.field).ok_or_else(|| Fault::question("field"))?;
        if ledger.ty.fields[place].kind != Kind::Picture {
            return Err(Fault::question("field"));
        }
        self.act("records.attach", caller, |desk| {
            let id: RecordId = ask.id.parse().map_err(|_| Fault::not_found())?;
            let stream = desk.act.row(desk.act.layout(ledger.ty.name)?, id)?.stream;
            let (blob, sealed) =
                Blob::seal(plain, media, &mut desk.act.moment.rng).map_err(|bad| too_large().because(bad))?;
            let address = blob.outline().address();
            let path = self.blob_file(address);
            written(&path, &sealed)?;
            desk.papers.add(path);
            note(desk.act.conn, stream, &Value::Bytes(blob.to_bytes().into()))?;
            self.mark_held(desk.act.conn, address, true)?;
            let fields = [(ask.field.clone(), Json::String(address.to_string()))].into();
            let save = SaveAsk { id: Some(ask.id.clone()), token: Some(ask.token.clone()), fields };
            records::save_with(desk, ledger, &save, None)
        })
    }

    /// A picture by its address.
    ///
    /// # Errors
    /// `not_found` for an address that no record names, `picture_on_its_way` while it is not here yet.
    pub fn picture(&self, address: &str) -> Result<Picture, Fault> {
        let address: Address = address.parse().map_err(|_| Fault::not_found())?;
        let value = self.store.read(|conn| value_of(conn, address))?.ok_or_else(Fault::not_found)?;
        let blob = Blob::from_bytes(&value).map_err(damaged)?;
        let Some(sealed) = read_whole(&self.blob_file(address))? else {
            self.mark_held(&self.store.write(), address, false)?;
            return Err(on_its_way());
        };
        match blob.open(&sealed) {
            Ok(bytes) => Ok(Picture { media: blob.media(), bytes }),
            Err(bad) => {
                // The disk gave back other bytes: they are laid aside, and the blob is asked for again.
                let file = self.blob_file(address);
                files::renamed(&file, &file.with_extension("bad"))?;
                self.mark_held(&self.store.write(), address, false)?;
                Err(on_its_way().because(bad))
            }
        }
    }
}

/// Writes a file that has its name only when it is whole and on the disk.
fn written(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    use std::io::Write as _;
    let part = path.with_extension("new");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let made = std::fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(fault) = made {
        // The fault at hand says more than one of clearing up.
        let _ = std::fs::remove_file(&part);
        return Err(fault.into());
    }
    named_whole(&part, path)
}

/// Gives a whole file its name, and the name to the disk.
fn named_whole(part: &Path, path: &Path) -> Result<(), Fault> {
    Ok(files::named(part, path)?)
}

/// A file that cannot be larger than a blob; `None` where there is none.
fn read_whole(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    match std::fs::metadata(path) {
        Ok(about) if about.len() > LARGEST as u64 => Ok(Some(Vec::new())),
        Ok(_) => Ok(Some(std::fs::read(path)?)),
        Err(none) if none.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(other) => Err(other.into()),
    }
}

pub(crate) fn spoilt() -> Fault {
    Fault::new(
        "picture_spoilt",
        "本机有一张照片的文件坏了，数据包没有做成，别的内容都完好。请打开这位会员的页面，程序会重新去取；再导出一次。",
        "The file of a picture on this PC has gone bad and the packet was not made; everything else is intact. Open the member's page, the picture is fetched again; then export once more.",
    )
}

fn on_its_way() -> Fault {
    Fault::new(
        "picture_on_its_way",
        "照片还在路上，文字已经到了。联网同步或收到下一个数据包后会自动显示。",
        "The picture is still on its way; the text has come already. It shows by itself after an exchange or the next packet.",
    )
}

fn too_large() -> Fault {
    Fault::say(
        "picture_too_large",
        Say::new(
            "图片太大，没有保存。请换一张小一些的图片。",
            "The picture is too large and was not saved. Choose a smaller one.",
        ),
    )
}
