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
    office(home).args(["--data", data]).args(&COUNTY[2..]).args(["--kit", kit]).output().unwrap()
}

/// Founds an office.
const TOWN: [&str; 11] =
    ["--data", "town", "new", "--role", "township", "--name", "平明镇总工会", "--code", "320722104", "--clerk", "李强"];
const COUNTY: [&str; 11] =
    ["--data", "county", "new", "--role", "county", "--name", "东海县总工会", "--code", "320722", "--clerk", "周敏"];

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

#[test]
fn a_kit_that_still_lies_on_the_pc_is_a_thing_to_do_until_it_is_put_away() {
    let home = tempfile::tempdir().unwrap();
    let founded = office(home.path()).args(COUNTY).output().unwrap();
    let answer: Value = serde_json::from_slice(&founded.stdout).unwrap();
    for key in ["office", "device", "fingerprint", "kit"] {
        assert!(answer[key].is_string(), "{key}: {answer}");
    }
    assert!(answer.get("shares").is_none());
    let ask = |name: &str, question: &str| -> Value {
        let asked = office(home.path()).args(["--data", "county", "call", name, question]).output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        serde_json::from_slice(&asked.stdout).unwrap()
    };
    let kit = home.path().join("county/kit");
    let tile = |home: &Value| home["tiles"].as_array().unwrap().iter().find(|tile| tile["key"] == "kit").cloned();
    let told = tile(&ask("home", "{}")).expect("home says that the kit lies here");
    assert_eq!((&told["count"], &told["tone"]), (&Value::from(3), &Value::from("late")));
    std::fs::write(kit.join("readme.txt"), "mine").unwrap();
    assert_eq!(ask("kit.find", "{}")["files"], 3);
    assert_eq!(ask("kit.put_away", "{}")["files"], 3);
    assert!((1..=3).all(|n| !kit.join(format!("share-{n}.txt")).exists()), "erased");
    assert!(kit.join("readme.txt").exists(), "nothing else");
    assert!(tile(&ask("home", "{}")).is_none());
    assert_eq!(ask("kit.put_away", "{}")["files"], 0, "twice is once");
}

#[cfg(unix)]
#[test]
fn without_a_passphrase_and_a_terminal_it_says_so() {
    let home = tempfile::tempdir().unwrap();
    // A session of its own has no terminal to ask at.
    let mut alone = Command::new("setsid");
    alone.arg("--wait").arg(env!("CARGO_BIN_EXE_niangjia-office")).current_dir(home.path());
    alone.env_remove("NIANGJIA_PASSPHRASE").env_remove("NIANGJIA_DATA").stdin(Stdio::null());
    let refused = alone.args(TOWN).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let fault: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!(fault["code"], "passphrase_absent");
    assert!(fault["say"]["zh"].as_str().unwrap().contains("NIANGJIA_PASSPHRASE"), "{fault}");
}

#[test]
fn a_preview_of_one_call_is_taken_in_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    assert!(office(home.path()).args(TOWN).output().unwrap().status.success());
    let sheet = home.path().join("roster.csv");
    std::fs::write(&sheet, "姓名,证件号码\n王芳,99010119900615007X\n").unwrap();
    let ask = |name: &str, question: Value| -> Value {
        let asked = office(home.path()).args(["--data", "town", "call", name, &question.to_string()]).output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        serde_json::from_slice(&asked.stdout).unwrap()
    };
    let seen = ask("members.import", serde_json::json!({ "path": sheet }));
    let rows = ask("members.import_rows", serde_json::json!({ "preview": seen["preview"] }));
    assert_eq!((&rows["total"], &rows["rows"][0]["title"]), (&Value::from(1), &Value::from("王芳")));
    let done = ask("members.import", serde_json::json!({ "preview": seen["preview"], "commit": true }));
    assert_eq!(done["written"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_comes_into_step_without_a_passphrase() {
    let home = tempfile::tempdir().unwrap();
    let hub_dir = tempfile::tempdir().unwrap();
    let hub = niangjia_hub::Hub::start(hub_dir.path(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert!(county(home.path(), "county", "kit").status.success());
    let ask = |args: &[&str], known: bool| {
        let mut command = office(home.path());
        if !known {
            command.env_remove("NIANGJIA_PASSPHRASE").stdin(Stdio::null());
        }
        let ended = command.args(args).output().unwrap();
        let said = if ended.status.success() { &ended.stdout } else { &ended.stderr };
        (ended.status.code(), serde_json::from_slice::<Value>(said).unwrap_or_else(|_| panic!("{ended:?}")))
    };
    let claim = serde_json::json!({ "url": hub.url(), "key": hub.key_hex, "claim": hub.claim }).to_string();
    assert_eq!(ask(&["--data", "county", "call", "hub.claim", &claim], true).0, Some(0));
    assert_eq!(ask(&["--data", "county", "sync"], true).0, Some(0));
    let (code, told) = ask(&["--data", "county", "carry"], false);
    assert_eq!((code, &told["unsent"], &told["shut_out"]), (Some(0), &0.into(), &false.into()), "{told}");
    let (_, state) = ask(&["--data", "county", "call", "app.state"], false);
    assert_eq!((&state["stage"], &state["carry"]["say"]), (&"locked".into(), &told["say"]));
    // An office without a hub has nothing to do.
    assert!(office(home.path()).args(TOWN).output().unwrap().status.success());
    let (code, fault) = ask(&["--data", "town", "carry"], false);
    assert_eq!((code, &fault["code"]), (Some(1), &"carry_none".into()));
    hub.stop().await;
}
