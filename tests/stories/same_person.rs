//! Two entries that turn out to be one person, and one day turn out to be two after all. Nothing is copied, nothing goes.

use serde_json::{Value, json};
use stories::{County, Desk, exchange_all, fixture, stick::stick};

/// Wang Fang's own number, and one that a colleague once took down wrongly: both are sound.
const WANG_FANG: &str = "99010119900615007X";
const TAKEN_DOWN_WRONG: &str = "99010619880808004X";
const ZHANG_WEIMIN: &str = "990101198001010014";

async fn merged(desk: &Desk, back: &str, into: &str) {
    let ask = json!({ "id": back, "into": into, "reason": "本人来电，两次登记" });
    assert_eq!(desk.ask("members.merge", ask).await["id"], into);
}

async fn apart(desk: &Desk, id: &str) {
    desk.ask("members.unmerge", json!({ "id": id, "reason": "同名，不是同一个人" })).await;
}

async fn members(desk: &Desk) -> (Value, Value, Value) {
    let listed = desk.ask("members.list", json!({})).await["total"].clone();
    let filtered = desk.ask("members.list", json!({ "filter": { "state": "active" } })).await["total"].clone();
    (desk.ask("home", json!({})).await["counts"]["members"].clone(), listed, filtered)
}

fn all(n: u64) -> (Value, Value, Value) {
    (n.into(), n.into(), n.into())
}

#[tokio::test]
async fn one_person_is_counted_once_and_found_under_both_numbers() {
    let mut office = Desk::alone("平明镇总工会").await;
    let (right, wrong) = (office.join("王芳", WANG_FANG).await, office.join("王芳", TAKEN_DOWN_WRONG).await);
    office.join("张伟民", ZHANG_WEIMIN).await;
    assert_eq!(members(&office).await, all(3));
    let before = office.member(&wrong).await;

    merged(&office, &wrong, &right).await;
    for _ in 0..2 {
        assert_eq!(members(&office).await, all(2));
        let tree = office.ask("organisations.tree", json!({})).await;
        assert_eq!(tree["roots"][0]["members"], 2);
        assert_eq!(office.found("8808080").await, 1, "the number in the old papers still leads somewhere");
        let hit = office.ask("search", json!({ "text": "8808080" })).await["hits"][0]["detail"].clone();
        assert!(
            hit.as_str().is_some_and(|detail| detail.starts_with("已并入另一条")),
            "and says that it stepped back: {hit}"
        );
        let page = office.member(&wrong).await;
        assert_eq!(page["derived"]["merged_into"]["id"], right);
        assert_eq!((&page["fields"], &page["events"]), (&before["fields"], &before["events"]), "nothing was copied");
        assert_eq!(office.member(&right).await["derived"]["merged"], json!([{ "id": wrong, "title": "王芳" }]));
        // The same after locking, when everything is made from the tables.
        office.reopen().await;
    }
    // A sheet with her number speaks to the entry that stands for her.
    let again = json!({ "id": right, "into": wrong, "reason": "再试一次" });
    assert_eq!(office.refused("members.merge", again).await.code, "same_already");
    let silent = json!({ "id": right, "into": wrong, "reason": "  " });
    assert_eq!(office.refused("members.merge", silent).await.fields[0].field, "reason");

    apart(&office, &wrong).await;
    assert_eq!(members(&office).await, all(3));
    let page = office.member(&wrong).await;
    assert_eq!(page["derived"]["merged_into"], Value::Null);
    assert_eq!((&page["fields"], &page["events"]), (&before["fields"], &before["events"]));
    let alone = json!({ "id": wrong, "reason": "再拆一次" });
    assert_eq!(office.refused("members.unmerge", alone).await.code, "same_not");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_offices_that_merge_the_same_two_in_opposite_directions_agree() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let (one, two) = (pingming.join("王芳", WANG_FANG).await, pingming.join("王芳", TAKEN_DOWN_WRONG).await);
    exchange_all(&[&pingming, &county.desk]).await;

    // Offline from each other, each takes the other entry for the better one.
    merged(&pingming, &two, &one).await;
    merged(&county.desk, &one, &two).await;
    let page = county.desk.member(&one).await;
    county.desk.save(&page, json!({ "mobile": "13500000005" })).await;
    exchange_all(&[&pingming, &county.desk]).await;
    let heads = |page: &Value| page["derived"]["merged_into"]["id"].clone();
    for id in [&one, &two] {
        assert_eq!(heads(&pingming.member(id).await), heads(&county.desk.member(id).await));
    }
    for desk in [&pingming, &county.desk] {
        assert_eq!(members(desk).await, all(1));
        assert_eq!(desk.full(&one, "mobile").await, "13500000005", "what is typed on either entry stays");
    }

    // Whichever of the two steps back, taking it out makes two persons of them everywhere.
    let back = if heads(&pingming.member(&one).await).is_null() { &two } else { &one };
    apart(&pingming, back).await;
    exchange_all(&[&pingming, &county.desk]).await;
    for desk in [&pingming, &county.desk] {
        assert_eq!(members(desk).await, all(2));
    }
    assert_eq!(pingming.digest(&pingming.stream()), county.desk.digest(&pingming.stream()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stayed_is_made_void_and_the_person_is_still_there() {
    let county = County::found().await;
    let mut pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let (one, two) = (pingming.join("王芳", WANG_FANG).await, pingming.join("王芳", TAKEN_DOWN_WRONG).await);
    exchange_all(&[&pingming, &county.desk]).await;

    // Offline from each other: the one strikes out an entry, the other lets it stand for both.
    merged(&pingming, &two, &one).await;
    let page = county.desk.member(&one).await;
    let void =
        |page: &Value, void: bool| json!({ "id": one, "token": page["token"], "reason": "误登记", "void": void });
    county.desk.ask("members.void", void(&page, true)).await;
    exchange_all(&[&pingming, &county.desk]).await;
    pingming.reopen().await;
    for desk in [&pingming, &county.desk] {
        assert_eq!(members(desk).await, all(1), "she is counted under the entry that is left");
        assert_eq!(desk.member(&two).await["derived"]["merged_into"], Value::Null);
        assert_eq!(desk.member(&one).await["derived"]["merged_into"]["id"], two);
    }

    // The void is taken back: they are as they were said to be. And then they are two.
    let page = pingming.member(&one).await;
    pingming.ask("members.void", void(&page, false)).await;
    assert_eq!(members(&pingming).await, all(1));
    assert_eq!(pingming.member(&two).await["derived"]["merged_into"]["id"], one);
    apart(&pingming, &two).await;
    exchange_all(&[&pingming, &county.desk]).await;
    assert_eq!(members(&county.desk).await, all(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undone_import_keeps_who_was_merged_and_a_stick_carries_the_link() {
    let stick = stick();
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", TAKEN_DOWN_WRONG).await;
    let roster = json!({ "path": fixture("rosters/pingming-members.xlsx"), "commit": true });
    let batch = pingming.ask("members.import", roster).await["batch"].clone();
    let found = pingming.ask("members.list", json!({})).await;
    let twin = found["rows"].as_array().unwrap().iter().find(|row| row["id"] != wang).unwrap()["id"].clone();
    let twin = twin.as_str().unwrap();
    merged(&pingming, twin, &wang).await;

    let undone = pingming.ask("members.undo", json!({ "batch": batch })).await;
    let kept: Vec<&Value> = undone["not_undone"].as_array().unwrap().iter().map(|kept| &kept["id"]).collect();
    assert_eq!(kept, [&json!(twin)], "somebody built on that entry");
    assert_eq!(members(&pingming).await, all(1));

    for packet in pingming.export("county", stick.path()).await {
        county.desk.import(&packet).await;
    }
    assert_eq!(members(&county.desk).await, all(1));
    assert_eq!(county.desk.member(twin).await["derived"]["merged_into"]["id"], wang);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_entries_stand_in_two_townships_counts_in_one_of_them() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let shuangdian = county.township("双店镇总工会", "320722105", "陈静").await;
    let (first, second) = (pingming.join("王芳", WANG_FANG).await, pingming.join("王芳", TAKEN_DOWN_WRONG).await);
    let there = shuangdian.join("王芳", ZHANG_WEIMIN).await;
    let both_ways = [&pingming, &shuangdian, &county.desk, &pingming, &shuangdian];
    exchange_all(&both_ways).await;
    let counts = async |all: [u64; 3]| {
        for (desk, n) in [&county.desk, &pingming, &shuangdian].into_iter().zip(all) {
            assert_eq!(members(desk).await, self::all(n));
        }
    };

    // The entry in the other township steps back first, and then whoever stands for it. What the county says of entries of two
    // townships both of them read, so the one that does not hold the membership stops to count.
    merged(&county.desk, &there, &first).await;
    merged(&county.desk, &there, &second).await;
    exchange_all(&both_ways).await;
    counts([1, 1, 0]).await;
    assert_eq!(pingming.member(&first).await["derived"]["merged_into"]["id"], second);
    for entry in [&first, &there] {
        apart(&county.desk, entry).await;
    }
    exchange_all(&both_ways).await;
    counts([3, 2, 1]).await;

    // By way of the other township: its entry stands for the first one, and steps back behind the second.
    merged(&county.desk, &first, &there).await;
    exchange_all(&both_ways).await;
    counts([2, 1, 1]).await;
    merged(&county.desk, &first, &second).await;
    exchange_all(&both_ways).await;
    counts([1, 1, 0]).await;
    let again = json!({ "id": second, "into": first, "reason": "再试一次" });
    assert_eq!(county.desk.refused("members.merge", again).await.code, "same_already");
    let ours = json!({ "id": first, "reason": "我们认为不是" });
    assert_eq!(pingming.refused("members.unmerge", ours).await.code, "county_answered");
    apart(&county.desk, &first).await;
    exchange_all(&both_ways).await;
    counts([2, 2, 0]).await;
}
