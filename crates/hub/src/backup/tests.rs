//! Backups of a hub that two offices use, and of what a bad disk, a bad hand and a bad moment make of them.

use std::path::PathBuf;

use niangjia_replication::wire::Placed;
use niangjia_replication::{Frontier, Stream};
use tempfile::TempDir;

use super::*;
use crate::Hub;
use crate::county::{County, Office};
use crate::relay::{Relay, device};
use crate::store::{SegmentStore as _, Sqlite, View};

struct Room {
    dir: TempDir,
    county: County,
    pingming: Office,
}

/// A hub with an office's fifteen segments and the county's list.
fn room() -> Room {
    let dir = tempfile::tempdir().unwrap();
    let mut county = County::new(1);
    Hub::init(&dir.path().join("hub")).unwrap();
    let (mut pc, pingming) = (county.pc(), county.office());
    let mut room = Room { dir, pingming, county };
    let store = room.store();
    store.pin(&room.county.root()).unwrap();
    let list = pc.save(Stream::County, 900);
    room.bring(&pc, Stream::County, &[list]);
    for _ in 0..5 {
        room.save(3);
    }
    room
}

impl Room {
    fn hub(&self) -> PathBuf {
        self.dir.path().join("hub")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn store(&self) -> Sqlite {
        Sqlite::open(&self.hub().join(DATABASE)).unwrap()
    }

    fn bring(&self, who: &Office, stream: Stream, frames: &[Vec<u8>]) {
        let (store, root) = (self.store(), self.county.root());
        let identity = who.identity(&root);
        store.note(&device(&identity, who.chain_cbor()), 5, None).unwrap();
        let taken = Relay { store: &store, root }.take(&identity, stream, frames, 5).unwrap().unwrap();
        assert!(taken.placed.iter().all(|placed| *placed == Placed::Stored), "{taken:?}");
    }

    fn save(&mut self, count: usize) {
        let stream = self.pingming.stream();
        let frames: Vec<_> = (0..count).map(|n| self.pingming.save(stream, 400 + n)).collect();
        self.bring(&self.pingming.clone(), stream, &frames);
    }

    /// A backup, changed by hand with one statement.
    fn spoilt(&self, name: &str, statement: &str) -> Checked {
        let file = self.file(name);
        backup(&self.hub(), &file).unwrap();
        assert!(Connection::open(&file).unwrap().execute(statement, []).unwrap() > 0, "{statement}");
        verify(&file).unwrap()
    }
}

#[test]
fn a_backup_of_a_serving_hub_is_whole_and_comes_back_with_the_same_key_under_another_epoch() {
    let mut room = room();
    let running = Hub::open(&room.hub()).unwrap();
    let file = room.file("monday.njhub");
    let made = backup(&room.hub(), &file).unwrap();
    assert_eq!((made.segments(), made.streams.len()), (16, 2));
    assert_eq!(last(&room.hub()).unwrap().verified_ms, None);
    // What comes later is not in it, and the hub goes on.
    room.save(2);
    drop(running);

    let checked = verify(&file).unwrap();
    assert!(checked.good && checked.segments == 16 && checked.devices == 2, "{checked:?}");
    verified(&room.hub(), &checked);
    assert_eq!(last(&room.hub()).unwrap().good, Some(true));

    let again = room.file("again");
    let restored = restore(&file, &again).unwrap();
    assert_eq!((restored.key, restored.hub), (made.key, made.hub));
    assert_ne!(restored.epoch, made.epoch);
    let store = Sqlite::open(&again.join(DATABASE)).unwrap();
    assert_eq!(store.root().unwrap(), Some(room.county.root()));
    let held = store.frontier(&room.pingming.stream(), View::All).unwrap();
    assert_eq!(held.head(room.pingming.chain).unwrap().seq, 15);
    assert_eq!(Hub::open(&again).unwrap().public, made.key);
    // The key stands in its own file alone.
    let seed = fs::read(again.join(HubKey::FILE)).unwrap();
    let database = fs::read(again.join(DATABASE)).unwrap();
    assert!(!database.windows(seed.len()).any(|part| part == seed), "the restored database still holds the key");
}

#[cfg(unix)]
#[test]
fn only_the_hubs_account_may_read_a_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = room();
    let (file, again) = (room.file("private.njhub"), room.file("again"));
    backup(&room.hub(), &file).unwrap();
    restore(&file, &again).unwrap();
    for path in [file, again.join(HubKey::FILE), again.join(DATABASE)] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
}

#[test]
fn whatever_is_wrong_in_a_backup_is_found() {
    let room = room();
    let spoilt = [
        ("UPDATE segment SET bytes = zeroblob(length(bytes)) WHERE seq = 7", "not those of its hash"),
        (
            "UPDATE segment SET bytes = (SELECT bytes FROM segment WHERE seq = 8), hash = randomblob(32) WHERE seq = 7",
            "hash",
        ),
        ("DELETE FROM segment WHERE seq = 7", "the segment before it is missing"),
        ("DELETE FROM segment WHERE seq = 15", "its heads are not the last segments"),
        ("DELETE FROM head", "its heads are not the last segments"),
        ("UPDATE chain SET signer = randomblob(32)", "another device began its chain"),
        ("UPDATE device SET chain = x'80'", "certificates do not hold"),
        ("UPDATE hub SET root = (SELECT key FROM device LIMIT 1)", "certificates do not hold"),
        ("UPDATE hub SET epoch = randomblob(16)", "the epoch"),
        ("UPDATE hub SET claim = randomblob(32)", "table hub"),
        ("UPDATE backup_key SET seed = iif(substr(seed, 1, 1) = 'e', 'f', 'e') || substr(seed, 2)", "the hub's key"),
        ("UPDATE backup_manifest SET json = replace(json, '\"format\":1', '\"format\":2')", "format is 2"),
        ("UPDATE backup_manifest SET json = substr(json, 1, 100)", "the manifest cannot be read"),
        ("DELETE FROM backup_manifest", "the manifest cannot be read"),
    ];
    for (n, (statement, told)) in spoilt.into_iter().enumerate() {
        let checked = room.spoilt(&format!("{n}.njhub"), statement);
        assert!(!checked.good && checked.problems > 0, "{statement}: nothing was found");
        assert!(checked.told.iter().any(|line| line.contains(told)), "{statement}: {:?}", checked.told);
        let dir = room.file(&format!("dir{n}"));
        let refused = restore(&room.file(&format!("{n}.njhub")), &dir);
        assert!(matches!(refused, Err(HubFault::BadBackup(_))), "{statement}");
        assert!(matches!(Hub::open(&dir), Err(HubFault::NoHub)));
    }
    let moved = room.spoilt("moved.njhub", "UPDATE chain SET stream = 'registry' WHERE stream = 'county'");
    assert!(moved.told.iter().any(|line| line.contains("belongs elsewhere")), "{:?}", moved.told);
}

#[test]
fn checkpoints_are_backed_up_and_read_through() {
    let mut room = room();
    let part = room.pingming.sum(room.pingming.stream());
    room.bring(&room.pingming.clone(), room.pingming.stream(), &[part]);
    let file = room.file("whole.njhub");
    backup(&room.hub(), &file).unwrap();
    let checked = verify(&file).unwrap();
    assert!(checked.good, "{:?}", checked.told);
    let dir = room.file("again");
    restore(&file, &dir).unwrap();
    let kept = Sqlite::open(&dir.join(DATABASE)).unwrap().checkpoints(&room.pingming.stream()).unwrap();
    assert_eq!(kept.len(), 1);
    let spoilt = [
        "UPDATE checkpoint_part SET part = 2",
        "UPDATE checkpoint_part SET stream = 'county'",
        "UPDATE checkpoint_part SET id = randomblob(16)",
        "UPDATE checkpoint_part SET bytes = zeroblob(length(bytes))",
    ];
    for (n, statement) in spoilt.into_iter().enumerate() {
        let checked = room.spoilt(&format!("part{n}.njhub"), statement);
        assert!(checked.told.iter().any(|line| line.contains("of a checkpoint")), "{statement}: {:?}", checked.told);
    }
    // A row that is gone is missed by the manifest.
    let gone = room.spoilt("gone.njhub", "DELETE FROM checkpoint_part");
    assert!(gone.told.iter().any(|line| line.contains("checkpoint_part")), "{:?}", gone.told);
}

#[test]
fn a_file_cut_short_or_scratched_anywhere_is_not_restored() {
    let room = room();
    let file = room.file("whole.njhub");
    backup(&room.hub(), &file).unwrap();
    let whole = fs::read(&file).unwrap();
    let bad = room.file("bad.njhub");
    for cut in [0, 10, 100, 4096, whole.len() / 2, whole.len() - 4096] {
        fs::write(&bad, &whole[..cut]).unwrap();
        assert!(!verify(&bad).unwrap().good, "cut at {cut}");
    }
    // Some pages are half empty; what stands in the gaps is nobody's. Everywhere else a scratch is found.
    let everything = |store: &Sqlite| {
        let all = |stream| store.missing(&stream, &Frontier::new(), View::All, 1 << 30).unwrap();
        (all(Stream::County), all(room.pingming.stream()), store.seen().unwrap(), store.birth().unwrap().unwrap().claim)
    };
    let (before, mut found) = (everything(&room.store()), 0);
    for (n, at) in (4096..whole.len()).step_by(4096).enumerate() {
        let mut scratched = whole.clone();
        let (from, to) = (at + 1000, (at + 3000).min(whole.len()));
        scratched[from..to].iter_mut().for_each(|byte| *byte ^= 0x5a);
        fs::write(&bad, &scratched).unwrap();
        let dir = room.file(&format!("dir{n}"));
        match restore(&bad, &dir) {
            Ok(_) => assert_eq!(everything(&Sqlite::open(&dir.join(DATABASE)).unwrap()), before, "page {n}"),
            Err(HubFault::BadBackup(_)) => found += 1,
            Err(fault) => panic!("page {n}: {fault}"),
        }
    }
    assert!(found > 5, "{found} scratched pages were found");
    let plain = room.file("plain.db");
    drop(Sqlite::open(&plain).unwrap());
    assert!(verify(&plain).unwrap().told.iter().any(|line| line.contains("no manifest")));
}

#[test]
fn nothing_is_ever_written_over() {
    let room = room();
    let file = room.file("one.njhub");
    backup(&room.hub(), &file).unwrap();
    assert!(matches!(backup(&room.hub(), &file), Err(HubFault::Target)));
    assert!(matches!(backup(&room.file("nowhere"), &room.file("two.njhub")), Err(HubFault::NoHub)));
    assert!(matches!(restore(&file, &room.hub()), Err(HubFault::NotEmpty)));
    // A hub whose making was cut between key and database keeps its key.
    let half = room.file("half");
    fs::create_dir(&half).unwrap();
    fs::write(half.join(HubKey::FILE), "a key").unwrap();
    assert!(matches!(restore(&file, &half), Err(HubFault::NotEmpty)));
    assert_eq!(fs::read(half.join(HubKey::FILE)).unwrap(), b"a key");
}

#[test]
fn a_restore_that_was_cut_short_is_begun_again() {
    let room = room();
    let (file, dir) = (room.file("one.njhub"), room.file("again"));
    backup(&room.hub(), &file).unwrap();
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("hub.db.restoring"), b"half").unwrap();
    fs::write(dir.join("hub.db.restoring-journal"), b"half").unwrap();
    fs::write(dir.join(HubKey::FILE), b"half").unwrap();
    assert!(matches!(Hub::open(&dir), Err(HubFault::NoHub)), "half a restore is no hub");
    restore(&file, &dir).unwrap();
    assert!(Hub::open(&dir).is_ok());
}
