//! The three shares between founding and paper: a power cut loses none, and once they are put away nothing here knows them.

use serde_json::{Value, json};
use stories::{
    County, Desk, PASSPHRASE, exchange_all,
    kit::{line, members, recovered, shares, tile},
    stick::{number, stick},
};

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

/// The names under which somebody may sign in at the county.
async fn clerks(desk: &Desk) -> Vec<String> {
    let list = desk.ask("clerks.list", json!({})).await;
    list["clerks"].as_array().unwrap().iter().map(|clerk| clerk["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_founds_the_county_again_under_the_same_name() {
    let (county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    pingming.join("王芳", &number(1)).await;
    county.desk.join("赵敏", &number(2)).await;
    let (packet, code) = county.desk.further(stick.path(), "里间").await;
    let inner = Desk::joined(&packet, &code, "吴敏").await;
    exchange_all(&[&pingming, &inner, &county.desk, &inner]).await;

    // Whoever works at a county PC that lives keeps the name, and nothing is left of the try.
    let hub = line(&county, "吴敏");
    let empty = Desk::empty();
    let ask = json!({ "shares": &shares(&county)[..2], "url": hub["url"], "key": hub["key"], "clerk": "吴敏", "passphrase": PASSPHRASE });
    let refused = empty.refused("app.recover", ask).await;
    assert_eq!((refused.fields[0].field.as_str(), refused.fields[0].key.as_str()), ("clerk", "name_at_another_pc"));
    assert_eq!(empty.ask("app.state", json!({})).await["stage"], "fresh");

    let new = recovered(&shares(&county)[..2], line(&county, "周敏")).await;
    assert_eq!(clerks(&new).await, ["吴敏", "周敏"], "the entry whose keys burnt is put away");
    exchange_all(&[&pingming, &new, &inner, &pingming, &new]).await;
    assert_eq!(clerks(&inner).await, ["吴敏", "周敏"], "at every PC of the county");
    assert_eq!(members(&new).await, 2);
    let log = new.ask("audit.recent", json!({ "limit": 100 })).await;
    let entries = log["entries"].as_array().unwrap();
    assert!(
        entries.iter().any(|one| one["command"] == "members.join" && one["author"] == "周敏"),
        "what she did before bears her name"
    );

    // And once more.
    new.sync().await;
    let again = recovered(&shares(&county)[1..], line(&county, "周敏")).await;
    assert_eq!(clerks(&again).await, ["吴敏", "周敏"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_was_printed_with_the_hub_brings_address_and_key_along() {
    let county = County::found().await;
    county.desk.sync().await;
    let shown = county.desk.ask("kit.show", json!({ "passphrase": PASSPHRASE })).await;
    let status = county.desk.ask("sync.status", json!({})).await;
    let (url, key) = (shown["hub"]["url"].as_str().unwrap(), shown["hub"]["key"].as_str().unwrap());
    assert_eq!(
        (status["hub"].as_str(), status["hub_key"].as_str()),
        (Some(url), Some(key)),
        "the page of the exchange shows both"
    );
    let mark = shown["fingerprint"].as_str().unwrap();
    let spaced: Vec<&str> = (0..16).map(|at| &key[4 * at..4 * at + 4]).collect();
    let share = |at: usize| shown["shares"][at].as_str().unwrap();
    let chinese = format!(
        "东海县总工会的应急密钥\n县总工会指纹：{mark}\n\n第 1 份\n{}\n中转站：{url}/\n公钥：{}\n",
        share(0),
        spaced.join(" ")
    );
    let english = format!(
        "Recovery kit\nFingerprint: {mark}\nPart 2\n{}\nRelay: {url}\nPublic key: {}\n",
        share(1).to_lowercase(),
        key.to_uppercase()
    );
    let new = recovered(&[chinese.into(), share(2).into()], json!({})).await;
    let hub = new.station.office().unwrap().hub().unwrap();
    assert_eq!((hub.url.as_str(), hub.key.as_str()), (url, key));
    new.sync().await;
    recovered(&[share(0).into(), english.into()], json!({})).await;

    // A slip in such a sheet is one in the share, and without any hub it is asked for.
    let empty = Desk::empty();
    let ask = |first: &str| json!({ "shares": [first, share(1)], "clerk": "周敏", "passphrase": PASSPHRASE });
    let wrong = ask(&format!("{}\n中转站：{url}\n公钥：{key}", share(0).lines().next().unwrap()));
    assert_eq!(empty.refused("app.recover", wrong).await.fields[0].key, "share_typo");
    assert_eq!(empty.refused("app.recover", ask(share(0))).await.fields[0].key, "hub_missing");
}
