//! The three shares between founding and paper: a power cut loses none, and once they are put away nothing here knows them.

use serde_json::{Value, json};
use stories::{Desk, PASSPHRASE, kit::tile};

/// Every file under the data folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shares_wait_for_the_printer_across_a_power_cut_and_are_gone_once_put_away() {
    let (mut county, printed) = Desk::county_with_kit().await;
    // The power is cut before anything is printed.
    county.reopen().await;
    assert_eq!(tile(&county, "kit_waits").await, Some(3), "home says so");
    assert_eq!(county.ask("kit.find", json!({})).await["waiting"], true);

    // Who passes by an open window does not get them; the clerk does, as often as it takes, and that is recorded.
    let wrong = county.refused("kit.show", json!({ "passphrase": "不是我的口令" })).await;
    assert_eq!(wrong.code, "passphrase_wrong");
    let shown = county.ask("kit.show", json!({ "passphrase": PASSPHRASE })).await;
    assert_eq!(shown["shares"], json!(printed));
    assert_eq!(shown["office"], "东海县总工会");
    let log = county.ask("audit.recent", json!({})).await;
    assert_eq!((&log["entries"][0]["command"], &log["entries"][0]["count"]), (&json!("kit.show"), &json!(3)));

    // No snapshot made meanwhile holds them, and nothing holds them in the open.
    county.ask("snapshots.make", json!({})).await;
    for file in files(&county.dir()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(
            !bytes.windows(9).any(|nine| printed.iter().any(|share| share.as_bytes().starts_with(nine))),
            "{file:?}"
        );
    }
    let secrets: i64 = county
        .file()
        .query_row("SELECT count(*) FROM secret WHERE name LIKE '%share%' OR name LIKE '%kit%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(secrets, 0, "the database, which snapshots copy, never knew them");

    assert_eq!(county.ask("kit.put_away", json!({})).await["waiting"], true);
    assert!(!files(&county.dir()).iter().any(|file| file.to_string_lossy().contains(".shares")), "destroyed");
    assert_eq!(tile(&county, "kit_waits").await, None);
    let gone = county.refused("kit.show", json!({ "passphrase": PASSPHRASE })).await;
    assert_eq!(gone.code, "kit_away");
    county.reopen().await;
    assert_eq!(tile(&county, "kit_waits").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_who_does_not_keep_the_system_sees_no_share() {
    let (county, _) = Desk::county_with_kit().await;
    county.ask("clerks.add", json!({ "name": "吴敏", "passphrase": PASSPHRASE, "roles": ["clerk"] })).await;
    county.ask("app.lock", json!({})).await;
    county.ask("app.unlock", json!({ "clerk": "吴敏", "passphrase": PASSPHRASE })).await;
    for command in ["kit.show", "kit.put_away"] {
        assert_eq!(
            county.refused(command, json!({ "passphrase": PASSPHRASE })).await.code,
            "role_missing",
            "{command}"
        );
    }
    assert_ne!(county.ask("kit.find", json!({})).await["waiting"], Value::Bool(false), "they wait still");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_is_no_county_has_no_kit_to_put_away() {
    let alone = Desk::alone("平明镇总工会").await;
    assert_eq!(tile(&alone, "kit_waits").await, None);
    assert_eq!(alone.ask("kit.find", json!({})).await["waiting"], false);
}
