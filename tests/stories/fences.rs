//! A backup program, or a helpful colleague, puts the whole data folder back as it was last week: the database, the second file and
//! the snapshots alike. Only what stands outside the folder knows better.

use std::path::Path;

use serde_json::json;
use stories::{County, Desk, exchange_all, opened};

const WANG_FANG: &str = "99010119900615007X";

/// All files of a folder, in it and below.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copied(&path, &there);
        } else {
            std::fs::copy(&path, there).unwrap();
        }
    }
}

/// The program starts, and knows of a folder outside the data folder, or of none.
async fn started(desk: &mut Desk, fences: Option<&Path>) {
    desk.station = opened(desk.dir()).fenced(fences.map(Into::into));
    desk.unlock().await;
}

fn count(desk: &Desk, of: &str) -> i64 {
    desk.file().query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0)).unwrap()
}

async fn put_back(fences: Option<&Path>) -> i64 {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    pingming.station.close().await;
    started(&mut pingming, fences).await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    exchange_all(&[&pingming, &county.desk]).await;
    pingming.station.close().await;
    let last_week = tempfile::tempdir().unwrap();
    copied(&pingming.dir(), last_week.path());

    started(&mut pingming, fences).await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "车工" })).await;
    exchange_all(&[&pingming, &county.desk]).await;
    pingming.station.close().await;
    std::fs::remove_dir_all(pingming.dir()).unwrap();
    copied(last_week.path(), &pingming.dir());

    // Without a line, somebody works on it.
    started(&mut pingming, fences).await;
    pingming.save(&pingming.member(&wang).await, json!({ "post": "班长" })).await;
    pingming.station.close().await;
    let lives = count(&pingming, "incarnation");
    started(&mut pingming, fences).await;
    assert_eq!(count(&pingming, "incarnation"), lives, "once is enough");
    for _ in 0..2 {
        county.agrees_with(&pingming).await;
    }
    for desk in [&pingming, &county.desk] {
        let page = desk.member(&wang).await;
        let sides = page["conflicts"][0]["sides"].as_array().unwrap();
        let mut posts: Vec<_> = sides.iter().filter_map(|side| side["values"]["post"].as_str()).collect();
        posts.sort_unstable();
        assert_eq!(posts, ["班长", "车工"], "nothing is lost either way");
    }
    county.desk.station.close().await;
    count(&county.desk, "fork")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_folder_put_back_is_known_before_its_first_write() {
    let fences = tempfile::tempdir().unwrap();
    assert_eq!(
        put_back(Some(fences.path())).await,
        0,
        "it goes on under a new incarnation, and no number is used twice"
    );
    assert!(std::fs::read_dir(fences.path()).unwrap().count() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fence_outside_it_is_found_at_the_first_exchange() {
    assert!(put_back(None).await > 0, "two lives under one name");
}
