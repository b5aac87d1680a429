//! Restores in stories: what is done to a PC whose data file went bad.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{Desk, PASSPHRASE, opened, usual};

/// The data file.
#[must_use]
pub fn database(desk: &Desk) -> PathBuf {
    desk.dir().join("office.db")
}

/// The program ends, the disk spoils the file, the program starts again.
pub async fn spoil(desk: &mut Desk) -> Vec<u8> {
    desk.station.close().await;
    let mut bytes = std::fs::read(database(desk)).unwrap();
    bytes[0..4096].fill(0x5a);
    std::fs::write(database(desk), &bytes).unwrap();
    desk.station = opened(desk.dir());
    bytes
}

/// What the clerk asks for then.
pub async fn restored(desk: &Desk, name: Option<&str>) -> Value {
    desk.ask("app.restore", json!({ "clerk": "李强", "passphrase": PASSPHRASE, "name": name })).await
}

/// Makes a snapshot; answers its name.
pub async fn snapshot(desk: &Desk) -> String {
    let made = desk.ask("snapshots.make", json!({})).await;
    made["snapshots"][0]["name"].as_str().unwrap().to_owned()
}

/// The data file is spoilt and that snapshot is put in its place, with the second file beside it.
pub async fn only_that_is_left(desk: &mut Desk, name: &str) {
    spoil(desk).await;
    lose_snapshots_after(desk, name);
    restored(desk, None).await;
}

/// Without the snapshot of the last locking, which would know everything.
pub fn lose_snapshots_after(desk: &Desk, kept: &str) {
    for entry in std::fs::read_dir(desk.dir().join("snapshots")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != kept) {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// The power goes and the data file with it: nothing is sealed any more and no snapshot is made. The disk as it lies is put into
/// another PC, and that snapshot in the place of the file.
///
/// # Panics
/// Where the folder cannot be read.
pub async fn struck(desk: &mut Desk, clerk: &str, name: &str) {
    let fresh = tempfile::tempdir().expect("a folder");
    let kept = Path::new("snapshots").join(name);
    std::fs::create_dir(fresh.path().join("snapshots")).expect("a folder");
    std::fs::copy(desk.dir().join(&kept), fresh.path().join(&kept)).expect("a copy");
    for entry in std::fs::read_dir(desk.dir()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_file() && !name.to_string_lossy().starts_with("office.db-") {
            std::fs::copy(&path, fresh.path().join(name)).expect("a copy");
        }
    }
    let gone = std::mem::replace(desk, Desk::at(fresh, usual()));
    gone.station.close().await;
    std::fs::write(database(desk), [0x5a; 8192]).expect("a spoilt file");
    let answer = desk.ask("app.restore", json!({ "clerk": clerk, "passphrase": PASSPHRASE })).await;
    assert!(answer["brought_back"].as_u64().is_some_and(|n| n > 0), "{answer}");
}
