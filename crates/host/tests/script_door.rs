//! The script door as a process: what a shell script meets.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

fn office(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_niangjia-office"));
    command.current_dir(home).env("NIANGJIA_PASSPHRASE", "只有我知道的口令").env_remove("NIANGJIA_DATA");
    command
}

fn county(home: &Path, data: &str, kit: &str) -> Output {
    let found = ["new", "--role", "county", "--name", "东海县总工会", "--code", "320722", "--clerk", "周敏"];
    office(home).args(["--data", data]).args(found).args(["--kit", kit]).output().unwrap()
}

#[test]
fn the_kit_is_nobody_elses_to_read_and_never_written_over_another() {
    let home = tempfile::tempdir().unwrap();
    let founded = county(home.path(), "county", "kit");
    assert!(founded.status.success(), "{founded:?}");
    let answer: Value = serde_json::from_slice(&founded.stdout).unwrap();
    assert!(answer.get("shares").is_none(), "what is on paper stands in no log of a script");
    let share = home.path().join("kit/share-2.txt");
    let before = std::fs::read(&share).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&share).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let again = county(home.path(), "other", "kit");
    assert_eq!(again.status.code(), Some(1));
    let fault: Value = serde_json::from_slice(&again.stderr).unwrap();
    assert_eq!(fault["code"], "kit_there");
    assert!(!home.path().join("other/office.db").exists(), "nothing was founded");
    assert_eq!(std::fs::read(&share).unwrap(), before);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let home = tempfile::tempdir().unwrap();
    let mut listing =
        office(home.path()).arg("commands").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(listing.stdout.take());
    let ended = listing.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}
