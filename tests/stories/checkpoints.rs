//! A new PC in an office that has worked for years needs the state and the tail, not every day since the first.

use serde_json::{Value, json};
use stories::{
    County, Desk, cloned, conflicts, exchange_all,
    logs::{pruned, ready},
    stick::{number, stick},
};

const WANG_FANG: &str = "99010119900615007X";

async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

/// Where the log of the office's stream begins.
async fn log(desk: &Desk, stream: &str) -> Value {
    let listed = desk.ask("checkpoints.list", json!({})).await;
    listed["streams"].as_array().unwrap().iter().find(|line| line["stream"] == stream).cloned().unwrap()
}

async fn same_members(here: &Desk, there: &Desk) {
    let ask = json!({ "limit": 2000 });
    let (mine, theirs) = (here.ask("members.list", ask.clone()).await, there.ask("members.list", ask).await);
    assert_eq!(mine["total"], theirs["total"]);
    let ids = |list: &Value| -> Vec<String> {
        list["rows"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut both = (ids(&mine), ids(&theirs));
    both.0.sort();
    both.1.sort();
    assert_eq!(both.0, both.1);
}

/// Three years in short: a roster, corrections on corrections, a conflict that stands, one that was settled, people who left.
async fn years(front: &Desk, back: &Desk, county: &Desk) -> (String, String, String) {
    let wang = front.join("王芳", WANG_FANG).await;
    let zhao = front.join("赵敏", &number(1)).await;
    let sun = front.join("孙丽", &number(2)).await;
    front
        .ask("members.import", json!({ "path": stories::fixture("rosters/pingming-members.xlsx"), "commit": true }))
        .await;
    exchange_all(&[front, back]).await;
    for month in 0..12 {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": format!("第{month}组组长"), "department": format!("第{month}车间") })).await;
    }
    for id in [&zhao, &sun] {
        for (desk, mobile) in [(front, "13700000002"), (back, "13500000005")] {
            let page = desk.member(id).await;
            desk.save(&page, json!({ "mobile": mobile })).await;
        }
    }
    exchange_all(&[front, back]).await;
    let page = back.member(&sun).await;
    back.save(&page, json!({ "mobile": "13700000002" })).await;
    let page = back.member(&wang).await;
    back.save(&page, json!({ "department": "工会" })).await;
    for desk in [back, county, front, back] {
        desk.sync().await;
    }
    (wang, zhao, sun)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pc_takes_the_state_and_the_tail() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let (wang, zhao, sun) = years(&front, &back, &county.desk).await;
    let stream = front.stream();
    let name = stream.to_string();

    let made = county.desk.ask("checkpoints.make", json!({ "stream": name })).await;
    assert!(made["bytes"].as_u64().unwrap() > 0 && made["own"] == true, "{made}");
    county.desk.sync().await;
    // The days after.
    let page = front.member(&wang).await;
    front.save(&page, json!({ "post": "主席" })).await;
    front.sync().await;

    let (invite, code) = front.further(stick.path(), "新电脑").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    fresh.sync().await;
    let (here, there) = (log(&fresh, &name).await, log(&front, &name).await);
    assert_eq!((&here["stands"], &there["stands"]), (&json!(true), &json!(false)));
    assert!(here["segments"].as_u64().unwrap() * 2 <= there["segments"].as_u64().unwrap(), "{here} {there}");

    for desk in [&front, &county.desk, &front, &back, &fresh] {
        desk.sync().await;
    }
    for rebuilt in [false, true] {
        if rebuilt {
            fresh.ask("tables.rebuild", json!({})).await;
        }
        for desk in [&front, &back, &county.desk] {
            assert_eq!(fresh.digest(&stream), desk.digest(&stream));
        }
        same_members(&fresh, &front).await;
        for id in [&wang, &zhao, &sun] {
            let (here, there) = (fresh.member(id).await, front.member(id).await);
            assert_eq!((&here["fields"], conflicts(&here)), (&there["fields"], conflicts(&there)));
            assert_eq!(here["standing"], there["standing"]);
        }
        assert_eq!(fresh.member(&zhao).await["conflicts"].as_array().unwrap().len(), 1, "both numbers stand");
        assert_eq!((status(&fresh, "parked").await, status(&fresh, "quarantined").await), (0, 0));
        assert_eq!(fresh.found("王芳").await, front.found("王芳").await);
    }

    // The history says who and when; what stood there before is said to lie at the county.
    let old = fresh.ask("members.history", json!({ "id": wang })).await;
    let full = front.ask("members.history", json!({ "id": wang })).await;
    let (old, full) = (old["entries"].as_array().unwrap(), full["entries"].as_array().unwrap());
    let who = |entries: &[Value]| -> Vec<(Value, Value)> {
        entries.iter().map(|e| (e["at"].clone(), e["author"].clone())).collect()
    };
    assert_eq!(who(old), who(full));
    assert_eq!(old[0]["changes"][0]["new"], full[0]["changes"][0]["new"], "the tail is there in full");
    let below = &old[3]["changes"][0]["old"]["zh"];
    assert!(below.as_str().unwrap().contains("县总工会有"), "{below}");

    // And it works on: a choice made here is settled everywhere.
    let page = fresh.member(&zhao).await;
    fresh.save(&page, json!({ "mobile": "13600000001" })).await;
    for desk in [&fresh, &county.desk, &front, &back] {
        desk.sync().await;
    }
    for desk in [&front, &back, &county.desk] {
        assert_eq!(desk.full(&zhao, "mobile").await, "13600000001");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_for_a_month_still_meets_the_new_pc() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let (wang, ..) = years(&front, &back, &county.desk).await;
    // 王丽's PC goes on the road: what it writes builds on what stood there when it left.
    let page = back.member(&wang).await;
    let left = front.member(&wang).await;
    front.save(&left, json!({ "mobile": "13300000003" })).await;
    back.save(&page, json!({ "mobile": "13400000004" })).await;
    let away = back.join("周杰", &number(3)).await;
    front.sync().await;
    county.desk.sync().await;
    county.desk.ask("checkpoints.make", json!({ "stream": front.stream() })).await;
    county.desk.sync().await;
    let (invite, code) = front.further(stick.path(), "新电脑").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    fresh.sync().await;
    assert_eq!(log(&fresh, &front.stream().to_string()).await["stands"], true);

    // The stick of a month ago.
    let files = back.export("device", stick.path()).await;
    for file in &files {
        fresh.import(&stick.path().join(file)).await;
        front.import(&stick.path().join(file)).await;
    }
    assert_eq!(status(&fresh, "parked").await, 0, "what it saw lies below the checkpoint and is no gap");
    let (here, there) = (fresh.member(&wang).await, front.member(&wang).await);
    assert_eq!(conflicts(&here), conflicts(&there));
    assert_eq!(here["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(here["fields"], there["fields"]);
    assert_eq!(fresh.full(&away, "mobile").await, "13900000001");
    for desk in [&back, &fresh, &county.desk, &front, &back, &fresh] {
        desk.sync().await;
    }
    assert_eq!(fresh.digest(&front.stream()), front.digest(&front.stream()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_by_stick_brings_the_checkpoint_too() {
    let stick = stick();
    let county = Desk::county().await;
    let (invite, code) = county.invitation(stick.path(), "平明镇总工会", "320722104").await;
    let front = Desk::joined(&invite, &code, "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    for day in 0..20 {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": format!("第{day}组组长") })).await;
        if day % 5 == 0 {
            // Each packet seals what waits.
            front.export("county", stick.path()).await;
        }
    }
    front.ask("checkpoints.make", json!({})).await;
    let page = front.member(&wang).await;
    front.save(&page, json!({ "mobile": "13400000004" })).await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    for file in front.export("device", stick.path()).await {
        let came = fresh.import(&stick.path().join(file)).await;
        assert_eq!(came["complete"], true, "{}", came["say"]["zh"]);
    }
    let stream = front.stream().to_string();
    let (here, there) = (log(&fresh, &stream).await, log(&front, &stream).await);
    assert_eq!(here["stands"], true);
    assert!(here["segments"].as_u64().unwrap() < there["segments"].as_u64().unwrap(), "{here} {there}");
    assert_eq!(fresh.full(&wang, "mobile").await, "13400000004");
    assert_eq!(fresh.member(&wang).await["fields"], front.member(&wang).await["fields"]);

    // The county's registrar is never given a sum in the place of the log: it has what others let go of.
    for file in front.export("county", stick.path()).await {
        county.import(&stick.path().join(file)).await;
    }
    let kept = log(&county, &stream).await;
    assert_eq!((&kept["stands"], &kept["segments"]), (&json!(false), &log(&front, &stream).await["segments"]));
    let history = county.ask("members.history", json!({ "id": wang })).await;
    assert!(!history.to_string().contains("县总工会有"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_county_confirmed_below_an_offices_own_checkpoint_is_confirmed_to_who_begins_there() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    ready(&front, &county.desk).await;
    front.sync().await;
    // The second one begins with a sum of a sum: the receipt lies below what its maker's log begins with.
    for (name, clerk, prunes) in [("服务窗口", "王丽", true), ("新电脑", "吴芳", false)] {
        let (invite, code) = front.further(stick.path(), name).await;
        let fresh = Desk::joined(&invite, &code, clerk).await;
        for desk in [&front, &fresh, &front] {
            desk.sync().await;
        }
        assert_eq!(log(&fresh, &front.stream().to_string()).await["stands"], true);
        // The county is closed today: it has signed for all that came before, and has nothing new to sign.
        for rebuilt in [false, true] {
            if rebuilt {
                fresh.ask("tables.rebuild", json!({})).await;
            }
            assert_eq!(fresh.member(&wang).await["standing"]["mark"], "confirmed", "rebuilt: {rebuilt}");
            let waits = (status(&fresh, "unconfirmed").await, status(&front, "unconfirmed").await);
            assert_eq!(waits.0, waits.1, "what came since, rebuilt: {rebuilt}");
        }
        if prunes {
            pruned(&front).await;
            front.ask("checkpoints.make", json!({})).await;
            front.sync().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_comes_to_light_below_a_checkpoint_is_not_taken_for_known() {
    let (county, stick) = (County::found().await, stick());
    let mut front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &county.desk]).await;
    let clone = cloned(&mut front).await;
    // Nobody hears of the clone for a long time.
    let lost = clone.join("周杰", &number(3)).await;
    let page = clone.member(&wang).await;
    clone.save(&page, json!({ "mobile": "13500000005" })).await;
    front.join("赵敏", &number(1)).await;
    front.sync().await;
    let page = front.member(&wang).await;
    front.save(&page, json!({ "mobile": "13700000002" })).await;
    front.sync().await;
    county.desk.sync().await;
    county.desk.ask("checkpoints.make", json!({ "stream": front.stream() })).await;
    county.desk.sync().await;
    let (invite, code) = front.further(stick.path(), "新电脑").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    fresh.sync().await;
    let stream = front.stream();
    assert_eq!(log(&fresh, &stream.to_string()).await["stands"], true);

    clone.sync().await;
    for desk in [&fresh, &county.desk, &front, &clone, &fresh, &county.desk, &front, &clone, &fresh] {
        desk.sync().await;
    }
    // The whole log was fetched, and with it what the clone had written.
    assert_eq!(log(&fresh, &stream.to_string()).await["stands"], false);
    for rebuilt in [false, true] {
        if rebuilt {
            fresh.ask("tables.rebuild", json!({})).await;
        }
        for desk in [&county.desk, &front, &clone, &fresh] {
            assert_eq!(desk.digest(&stream), county.desk.digest(&stream));
            assert_eq!(desk.full(&lost, "mobile").await, "13900000001");
            assert_eq!(desk.member(&wang).await["fields"], county.desk.member(&wang).await["fields"]);
        }
        assert_eq!(status(&fresh, "parked").await + status(&fresh, "quarantined").await, 0);
    }
}
