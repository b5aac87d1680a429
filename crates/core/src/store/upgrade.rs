//! Upgrades of the file itself: tables that are not replayed from the log (drafts, settings, batches, the log's own) change by
//! steps that only go forward, all in one transaction, after a copy of the file has been made and read (rule R7 of the
//! reliability reference).

use std::path::{Path, PathBuf};

use niangjia_replication::files;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    deeds,
    memory::{meta, set_meta},
    open::{self, DatabaseKey},
    versions::damaged,
};
use crate::fault::Fault;

/// How many steps a file has behind it.
const LAYOUT: &str = "layout";

/// The steps so far; a new file takes them all. Never altered once released, only added to.
pub(super) const STEPS: &[&str] = &[
    open::PACKET_TABLES,
    open::ORDER_TABLES,
    open::ASIDE,
    open::BLOB_TABLES,
    open::PREVIEWS,
    open::CARRIED,
    open::BACKUP_TABLES,
    open::KEPT,
    open::RECEIPTS,
    open::SAID,
    open::TOLD_KEYS,
    deeds::STEP,
    open::ADOPTED,
];

/// The tables among them that are a view of the log.
pub(super) const DERIVED: [&str; 6] =
    [open::ASIDE, open::CARRIED, open::KEPT, open::RECEIPTS, open::SAID, open::ADOPTED];

/// Says of a new file that it has every step.
pub(super) fn begin(tx: &Transaction<'_>) -> Result<(), Fault> {
    for step in STEPS {
        tx.execute_batch(step)?;
    }
    set_meta(tx, LAYOUT, &STEPS.len().to_string())
}

/// Brings a file of an earlier version up to this one. Where nothing is due nothing is written.
///
/// # Errors
/// `store_newer` for a file of a later version, `store_damaged` where its copy cannot be read whole; then nothing was changed.
pub(super) fn run(conn: &Connection, path: &Path, key: &DatabaseKey, steps: &[&str]) -> Result<(), Fault> {
    let done: usize = match meta(conn, LAYOUT)? {
        Some(done) => done.parse().map_err(damaged)?,
        None => 0,
    };
    if done > steps.len() {
        return Err(Fault::new(
            "store_newer",
            "本机数据已由较新版本的程序打开过，这个旧版本看不懂，为防止丢失内容没有打开，数据原样保留。请安装新版本的程序。",
            "The data of this PC were opened by a newer version of the program. This older one does not understand all of them, so nothing was opened and nothing was changed. Install the newer version.",
        ));
    }
    if done == steps.len() {
        return Ok(());
    }
    let kept = copy_of(path, done);
    if !kept.exists() {
        let name =
            kept.to_str().ok_or_else(|| Fault::from(std::io::Error::from(std::io::ErrorKind::InvalidFilename)))?;
        let part = format!("{name}.part");
        // What an earlier try left.
        match std::fs::remove_file(&part) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
        conn.execute("VACUUM INTO ?1", [&part])?;
        open::check_whole(&open::still(Path::new(&part), key)?)?;
        std::fs::File::options().write(true).open(&part)?.sync_all()?;
        files::named(Path::new(&part), &kept)?;
    }
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    for step in &steps[done..] {
        tx.execute_batch(step)?;
    }
    set_meta(&tx, LAYOUT, &steps.len().to_string())?;
    tx.commit()?;
    // One copy is enough, and it holds what the office may have to forget.
    for older in (0..done).map(|step| copy_of(path, step)).filter(|copy| copy.exists()) {
        std::fs::remove_file(older)?;
    }
    Ok(())
}

/// Where the file as it was before the upgrade is kept.
fn copy_of(path: &Path, done: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".layout-{done}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(dir: &Path) -> (PathBuf, DatabaseKey, Connection) {
        let (path, key) = (dir.join("office.db"), DatabaseKey(zeroize::Zeroizing::new([7; 32])));
        let conn = open::maker(&path, &key).unwrap();
        conn.execute_batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT").unwrap();
        conn.execute_batch("CREATE TABLE draft (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT; INSERT INTO draft VALUES (1, '半份表')")
            .unwrap();
        (path, key, conn)
    }

    const FIRST: &str = "CREATE TABLE note (id INTEGER PRIMARY KEY) STRICT";
    const SECOND: &str = "ALTER TABLE draft ADD COLUMN kind TEXT NOT NULL DEFAULT 'member'";

    #[test]
    fn a_file_of_an_earlier_version_goes_forward_once_and_is_kept_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (path, key, conn) = made(dir.path());
        run(&conn, &path, &key, &[FIRST]).unwrap();
        run(&conn, &path, &key, &[FIRST, SECOND]).unwrap();
        run(&conn, &path, &key, &[FIRST, SECOND]).unwrap();
        let draft: (String, String) =
            conn.query_row("SELECT text, kind FROM draft", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(draft, ("半份表".into(), "member".into()));
        let kept = open::still(&copy_of(&path, 1), &key).unwrap();
        let columns: i64 = kept.query_row("SELECT count(*) FROM pragma_table_info('draft')", [], |r| r.get(0)).unwrap();
        assert_eq!(columns, 2, "as it was before the second step");
        assert!(!copy_of(&path, 0).exists(), "one copy is enough");
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was_and_a_newer_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (path, key, conn) = made(dir.path());
        assert!(run(&conn, &path, &key, &[FIRST, "CREATE TABLE draft (x)"]).is_err());
        let tables = |conn: &Connection| -> i64 {
            conn.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |r| r.get(0)).unwrap()
        };
        assert_eq!(tables(&conn), 2, "not even the first step");
        run(&conn, &path, &key, &[FIRST, SECOND]).unwrap();
        assert_eq!(run(&conn, &path, &key, &[FIRST]).unwrap_err().code, "store_newer");
        assert_eq!(tables(&conn), 3);
    }
}
