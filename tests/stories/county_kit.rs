//! The county's only PC burns: two printed shares, and the hub or what an office brings, bring the county back.

use std::path::Path;

use serde_json::{Value, json};
use stories::{
    County, Desk, PASSPHRASE, exchange_all,
    logs::{log, pruned, ready},
    restores::{snapshot, struck},
    stick::{number, packet, stick},
};

/// What is asked to found the county again; its clerk is 周敏（新机） because 周敏 is known already.
fn kit(shares: &[Value], from: &Value) -> Value {
    let mut ask = json!({ "shares": shares, "clerk": "周敏（新机）", "passphrase": PASSPHRASE });
    for (name, value) in from.as_object().unwrap() {
        ask[name] = value.clone();
    }
    ask
}

/// 东海县总工会 on a new PC.
async fn recovered(shares: &[Value], from: Value) -> Desk {
    let desk = Desk::empty();
    desk.ask("app.recover", kit(shares, &from)).await;
    desk
}

/// 东海县总工会 on a new PC, which is founded with what there is only when that is asked for.
async fn recovered_without(shares: &[Value], mut from: Value) -> Desk {
    let refused = Desk::empty().refused("app.recover", kit(shares, &from)).await;
    assert_eq!(refused.code, "recover_not_whole");
    from["without"] = json!(true);
    recovered(shares, from).await
}

async fn members(desk: &Desk) -> u64 {
    desk.ask("home", json!({})).await["counts"]["members"].as_u64().unwrap()
}

async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

async fn offices(desk: &Desk) -> Vec<String> {
    let list = desk.ask("offices.list", json!({})).await;
    list["offices"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap().to_owned()).collect()
}

fn shares(county: &County) -> Vec<Value> {
    county.shares.iter().cloned().map(Value::from).collect()
}

/// A township whose first days stand in its checkpoint alone, with the member that it wrote on them; the county's receipts stand in it
/// too. Another office hears of what the county says meanwhile.
async fn township_that_pruned(county: &County, other: Option<&Desk>) -> (Desk, String) {
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", &number(1)).await;
    for post in ["车工", "班长"] {
        pingming.save(&pingming.member(&wang).await, json!({ "post": post })).await;
        exchange_all(&[&pingming, &county.desk]).await;
        if let Some(other) = other {
            other.sync().await;
        }
    }
    ready(&pingming, &county.desk).await;
    pruned(&pingming).await;
    (pingming, wang)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shares_and_the_hub_bring_the_county_back() {
    let (county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let anfeng = county.township("安峰镇总工会", "320722105", "陈静").await;
    pingming.join("王芳", &number(1)).await;
    anfeng.join("赵敏", &number(2)).await;
    exchange_all(&[&pingming, &anfeng, &county.desk]).await;
    // A rotation lies behind: also the keys of later epochs come back.
    county.desk.ask("keys.rotate", json!({ "office": "安峰镇总工会" })).await;
    exchange_all(&[&county.desk, &anfeng]).await;
    anfeng.join("孙丽", &number(3)).await;
    anfeng.sync().await;

    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let shares = shares(&county);
    let line = json!({ "url": hub.url, "key": hub.key });
    let new = recovered(&[shares[2].clone(), shares[0].clone()], line.clone()).await;
    let (was, is) = (county.desk.station.office().unwrap(), new.station.office().unwrap());
    assert_eq!(was.identity(), is.identity(), "the same county");
    assert_eq!(was.root_key(), is.root_key());
    assert_eq!((members(&new).await, status(&new, "keyless").await), (3, 0));
    assert_eq!(offices(&new).await, ["平明镇总工会", "安峰镇总工会"]);

    // It goes on as registrar: confirms, invites, lets in.
    exchange_all(&[&new, &pingming, &anfeng]).await;
    let id = pingming.join("周强", &number(4)).await;
    exchange_all(&[&pingming, &new, &pingming]).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
    let (invite, code) = new.invitation(stick.path(), "白塔埠镇总工会", "320722106").await;
    let third = Desk::joined(&invite, &code, "何平").await;
    third.join("吴敏", &number(5)).await;
    exchange_all(&[&third, &new, &third]).await;
    assert_eq!((members(&new).await, status(&third, "unconfirmed").await), (5, 0));

    // The old one was only thought to be burnt. It is a registrar no more, and what it writes counts nowhere.
    assert_eq!(county.desk.refused("sync.now", json!({})).await.code, "link.revoked");
    let thief = pingming.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    new.sync().await;
    county.desk.ask("devices.revoke", json!({ "device": thief, "reason": "stolen" })).await;
    let from_old = packet(&county.desk, "320722104", stick.path()).await;
    pingming.import(&from_old).await;
    exchange_all(&[&pingming, &new]).await;
    assert_eq!(
        pingming.ask("sync.status", json!({})).await["revoked"],
        Value::Null,
        "an order of the old registrar is none"
    );
    assert!(status(&pingming, "quarantined").await > 0);
    assert_eq!(pingming.digest(&pingming.stream()), new.digest(&pingming.stream()));

    // That does not change when the county is founded once more, from a hub that holds all of it.
    let shut_out = status(&new, "quarantined").await;
    let line = json!({ "url": hub.url, "key": hub.key, "clerk": "周敏（又一台新机）" });
    let third = recovered(&shares[..2], line).await;
    assert_eq!(status(&third, "quarantined").await, shut_out);
    exchange_all(&[&third, &pingming, &third]).await;
    assert!(status(&pingming, "quarantined").await > 0);
    assert_eq!(pingming.digest(&pingming.stream()), third.digest(&pingming.stream()));
}

/// The registrar invites an office and burns before it has any line: nobody but the office has the key of what it writes.
#[tokio::test(flavor = "multi_thread")]
async fn an_office_of_which_only_the_burnt_registrar_knew_is_not_lost_to_the_county() {
    let (county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", &number(1)).await;
    pingming.sync().await;

    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let from = json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722" });
    let new = recovered(&shares(&county)[..2], from).await;
    assert_eq!(members(&new).await, 0, "what it has fetched stands under a key that burnt");
    assert!(status(&new, "keyless").await > 0);
    assert!(offices(&new).await.is_empty());
    new.sync().await;

    // The office hears of the new registrar and tells it the key, in the same exchange.
    exchange_all(&[&pingming, &new, &pingming]).await;
    assert_eq!((members(&new).await, status(&new, "keyless").await), (1, 0));
    assert_eq!(offices(&new).await, ["平明镇总工会"], "and it stands in the list again");
    assert_eq!(new.full(&wang, "id_no").await, number(1));
    assert_eq!(pingming.member(&wang).await["standing"]["mark"], "confirmed");
    assert!(new.ask("audit.recent", json!({})).await["total"].as_u64().unwrap() > 0);
    let before = pingming.digest(&pingming.stream());
    exchange_all(&[&pingming, &new, &pingming, &new]).await;
    assert_eq!(pingming.digest(&pingming.stream()), before, "nothing is told twice");

    // A further PC of the county reads it too, and whoever has two shares and the hub.
    let (invite, code) = new.further(stick.path(), "里间").await;
    let further = Desk::joined(&invite, &code, "吴敏").await;
    exchange_all(&[&further, &new, &further]).await;
    assert_eq!((members(&further).await, status(&further, "keyless").await), (1, 0));
    let line = json!({ "url": hub.url, "key": hub.key, "clerk": "周敏（又一台新机）" });
    let again = recovered(&shares(&county)[1..], line).await;
    assert_eq!((members(&again).await, status(&again, "keyless").await), (1, 0));
    let id = pingming.join("周强", &number(4)).await;
    exchange_all(&[&pingming, &again, &pingming]).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_share_or_the_shares_of_another_county_bring_nothing() {
    let (county, other) = (County::found().await, County::found().await);
    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let (ours, theirs) = (shares(&county), shares(&other));
    let empty = Desk::empty();
    let ask = |shares: Value| json!({ "shares": shares, "url": hub.url, "key": hub.key, "clerk": "周敏", "passphrase": PASSPHRASE });
    for wrong in [json!([ours[0]]), json!([ours[0], ours[0]]), json!([ours[0], theirs[1]]), json!([ours[0], "ABCD"])] {
        let refused = empty.refused("app.recover", ask(wrong)).await;
        assert_eq!((refused.code.as_str(), refused.fields[0].field.as_str()), ("fields", "shares"));
    }
    // A whole kit of another county opens nothing here, and leaves nothing behind.
    assert_eq!(empty.refused("app.recover", ask(json!([theirs[0], theirs[1]]))).await.code, "link.not_known");
    assert_eq!(empty.ask("app.state", json!({})).await["stage"], "fresh");
    empty.ask("app.create", json!({ "role": "township", "name": "平明镇总工会", "code": "320722104", "clerk": "李强", "passphrase": PASSPHRASE })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_hub_burnt_too_an_office_brings_what_it_has() {
    let (mut county, stick) = (County::found().await, stick());
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    pingming.join("王芳", &number(1)).await;
    exchange_all(&[&pingming, &county.desk, &pingming]).await;
    county.unplug().await;
    let whole = |to: &'static str, out: &Path| json!({ "to": to, "path": out, "whole": true });
    let made = pingming.ask("packets.export", whole("county", stick.path())).await;
    let file = made["files"][0].clone();

    let shares = shares(&county);
    let empty = Desk::empty();
    let ask = json!({ "shares": [shares[0], shares[1]], "packet": { "path": file }, "clerk": "周敏（新机）", "passphrase": PASSPHRASE });
    assert_eq!(empty.refused("app.recover", ask).await.code, "county_unnamed", "what no office reads no office brings");
    let from = json!({ "packet": { "path": file }, "name": "东海县总工会", "code": "320722" });
    let new = recovered(&shares[..2], from).await;
    assert_eq!(new.office(), county.desk.office());
    assert_eq!(members(&new).await, 1);
    pingming.import(&packet(&new, "320722104", stick.path()).await).await;
    let id = pingming.join("赵敏", &number(2)).await;
    new.import(&packet(&pingming, "county", stick.path()).await).await;
    assert_eq!(members(&new).await, 2);
    pingming.import(&packet(&new, "320722104", stick.path()).await).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
}

/// What the county itself wrote since its snapshot comes back one by one from the second file, its receipts for the office too; the
/// checkpoint counts the same in a row.
#[tokio::test(flavor = "multi_thread")]
async fn a_county_that_was_restored_takes_the_checkpoint_where_nobody_has_the_log() {
    let mut county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = pingming.join("王芳", &number(1)).await;
    exchange_all(&[&pingming, &county.desk]).await;
    let name = snapshot(&county.desk).await;
    for post in ["车工", "班长", "车间主任"] {
        pingming.save(&pingming.member(&wang).await, json!({ "post": post })).await;
        exchange_all(&[&pingming, &county.desk]).await;
    }
    ready(&pingming, &county.desk).await;
    pruned(&pingming).await;
    // Written after what the checkpoint counts, and sent nowhere.
    county.desk.save(&county.desk.member(&wang).await, json!({ "department": "一车间" })).await;
    county.lose_everything().await;
    struck(&mut county.desk, "周敏", &name).await;

    pingming.sync().await;
    county.agrees_with(&pingming).await;
    assert_eq!(county.desk.sync().await["in_step"], true);
    assert_eq!(log(&county.desk, &pingming).await["stands"], true);
    for rebuilt in [false, true] {
        for desk in [&county.desk, &pingming] {
            if rebuilt {
                desk.ask("tables.rebuild", json!({})).await;
            }
            let fields = desk.member(&wang).await["fields"].clone();
            assert_eq!((&fields["post"], &fields["department"]), (&json!("车间主任"), &json!("一车间")));
        }
        assert_eq!(county.desk.digest(&pingming.stream()), pingming.digest(&pingming.stream()));
    }
}

/// A registrar that was founded again shuts out the one before and with it the checkpoints that this one made. Where they are all that
/// is left of an office's days, its own comes with the order: the next fire may be tomorrow.
#[tokio::test(flavor = "multi_thread")]
async fn the_registrar_burns_twice_where_of_an_office_a_checkpoint_is_all_there_is() {
    let mut county = County::found().await;
    let (pingming, wang) = township_that_pruned(&county, None).await;
    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let line = |clerk: &str| json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722", "clerk": clerk });
    let shares = shares(&county);

    // The hub and the registrar burn; what the office still has comes to the new hub, and the county is founded from it.
    county.lose_everything().await;
    for _ in 0..3 {
        pingming.sync().await;
    }
    let second = recovered(&shares[..2], line("周敏（二）")).await;
    assert_eq!(log(&second, &pingming).await["stands"], true);
    // The office's only PC comes no more, and the hub burns once more: what the county has is all there is.
    county.lose_everything().await;
    for _ in 0..3 {
        second.sync().await;
    }

    let third = recovered(&shares[1..], line("周敏（三）")).await;
    assert_eq!(log(&third, &pingming).await["own"], true, "it goes with the order, whenever the line breaks");
    third.sync().await;
    let fourth = recovered(&shares[..2], line("周敏（四）")).await;
    assert_eq!(fourth.member(&wang).await["fields"]["post"], "班长");
    assert_eq!(fourth.sync().await["in_step"], true);
}

/// Hub and registrar burn, and the county is founded again before the office's PC has brought anything: what that PC has pruned
/// stands in a checkpoint that nobody opens but itself, and behind it stands what it tells the county.
#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_has_pruned_tells_a_county_that_knows_nothing_of_it() {
    let mut county = County::found().await;
    let (pingming, wang) = township_that_pruned(&county, None).await;
    let hub = county.desk.station.office().unwrap().hub().unwrap();

    county.lose_everything().await;
    let line = json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722" });
    let new = recovered(&shares(&county)[..2], line).await;
    assert!(offices(&new).await.is_empty());
    new.sync().await;
    exchange_all(&[&pingming, &new, &pingming, &new]).await;
    assert_eq!((members(&new).await, status(&new, "keyless").await), (1, 0));
    assert_eq!(new.member(&wang).await["fields"]["post"], "班长");
    assert_eq!(pingming.digest(&pingming.stream()), new.digest(&pingming.stream()));
    assert_eq!(offices(&new).await, ["平明镇总工会"]);
}

/// The same where another office has brought the county's stream first: the new registrar knows of the one before it, and has accepted
/// nothing of it in the stream of the office that comes last.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_stands_for_the_lost_registrars_word_is_accepted_by_the_new_one() {
    let mut county = County::found().await;
    let anfeng = county.township("安峰镇总工会", "320722105", "陈静").await;
    let (pingming, wang) = township_that_pruned(&county, Some(&anfeng)).await;
    let hub = county.desk.station.office().unwrap().hub().unwrap();

    county.lose_everything().await;
    for _ in 0..2 {
        anfeng.sync().await;
    }
    let line = |clerk: &str| json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722", "clerk": clerk });
    let new = recovered(&shares(&county)[..2], line("周敏（二）")).await;
    new.sync().await;
    exchange_all(&[&pingming, &new, &pingming, &new, &pingming, &anfeng, &new]).await;
    assert_eq!((members(&new).await, status(&new, "keyless").await), (1, 0));
    assert_eq!(new.member(&wang).await["fields"]["post"], "班长");
    for desk in [&pingming, &new, &anfeng] {
        assert_eq!(desk.sync().await["in_step"], true, "{}", desk.station.office().unwrap().identity().name);
    }
    assert_eq!(pingming.digest(&pingming.stream()), new.digest(&pingming.stream()));

    // And whoever founds the county once more from that hub.
    let third = recovered(&shares(&county)[1..], line("周敏（三）")).await;
    assert_eq!(third.member(&wang).await["fields"]["post"], "班长");
}

/// Two PCs of an office have pruned between two fires, each without what the other one wrote last: what burnt each time was all there
/// was of that. Of one chain the one checkpoint tells more, of the other chain the other one.
#[tokio::test(flavor = "multi_thread")]
async fn two_checkpoints_each_of_which_tells_what_the_other_does_not_bring_the_county_back() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", &number(1)).await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    exchange_all(&[&front, &back, &county.desk]).await;
    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let line = |clerk: &str| json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722", "clerk": clerk });
    let shares = shares(&county);

    front.save(&front.member(&wang).await, json!({ "post": "车工" })).await;
    ready(&front, &county.desk).await;
    pruned(&front).await;
    county.lose_everything().await;
    back.sync().await;
    let second = recovered(&shares[..2], line("周敏（二）")).await;
    let zhao = back.join("赵敏", &number(2)).await;
    ready(&back, &second).await;
    pruned(&back).await;
    county.lose_everything().await;
    for desk in [&back, &front, &back, &front] {
        desk.sync().await;
    }

    let third = recovered(&shares[1..], line("周敏（三）")).await;
    assert_eq!(log(&third, &front).await["stands"], true);
    let fresh = {
        exchange_all(&[&third, &front, &back, &third]).await;
        let (invite, code) = front.further(stick.path(), "新电脑").await;
        Desk::joined(&invite, &code, "吴芳").await
    };
    exchange_all(&[&fresh, &third, &front, &back]).await;
    exchange_all(&[&third, &front, &back, &fresh]).await;
    for rebuilt in [false, true] {
        for (no, desk) in [&third, &front, &back, &fresh].into_iter().enumerate() {
            if rebuilt {
                desk.ask("tables.rebuild", json!({})).await;
            }
            assert_eq!(members(desk).await, 2);
            assert_eq!(desk.member(&wang).await["fields"]["post"], "车工");
            assert_eq!(desk.member(&zhao).await["fields"]["name"], "赵敏");
            assert_eq!(desk.sync().await["in_step"], true, "{no} {rebuilt}");
            assert_eq!(desk.digest(&front.stream()), third.digest(&front.stream()), "{no} {rebuilt}");
            assert_eq!(status(desk, "parked").await + status(desk, "quarantined").await, 0);
        }
    }
}

/// Two PCs of an office have pruned, and the one on which less of the burnt registrar's word stands reaches the hub first: the new
/// registrar, in step with the hub, lacks nothing of which that tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_tells_more_of_the_lost_registrar_comes_after_one_that_tells_less() {
    for made_by_another in [false, true] {
        more_comes_after_less(made_by_another).await;
    }
}

/// `made_by_another`: the PC that made the larger one is gone, and a third one stands on it.
async fn more_comes_after_less(made_by_another: bool) {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", &number(1)).await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    exchange_all(&[&front, &back, &county.desk]).await;
    ready(&back, &county.desk).await;
    pruned(&back).await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "post": "班长" })).await;
    exchange_all(&[&county.desk, &front]).await;
    ready(&front, &county.desk).await;
    pruned(&front).await;
    let front = if made_by_another {
        let (invite, code) = front.further(stick.path(), "档案室").await;
        let archive = Desk::joined(&invite, &code, "吴芳").await;
        exchange_all(&[&archive, &county.desk]).await;
        archive
    } else {
        front
    };
    assert_eq!(log(&front, &front).await["stands"], true);
    let hub = county.desk.station.office().unwrap().hub().unwrap();

    county.lose_everything().await;
    exchange_all(&[&back, &back]).await;
    let line = json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722" });
    let new = recovered(&shares(&county)[..2], line).await;
    assert_eq!(new.member(&wang).await["fields"]["post"], Value::Null);
    exchange_all(&[&new, &front, &new, &front, &back, &new]).await;
    exchange_all(&[&front, &back, &new]).await;
    for rebuilt in [false, true] {
        for (no, desk) in [&new, &front, &back].into_iter().enumerate() {
            if rebuilt {
                desk.ask("tables.rebuild", json!({})).await;
            }
            assert_eq!(desk.member(&wang).await["fields"]["post"], "班长", "{no} {rebuilt}");
            assert_eq!(desk.sync().await["in_step"], true, "{no} {rebuilt}");
            assert_eq!(desk.digest(&front.stream()), new.digest(&front.stream()), "{no} {rebuilt}");
            // What the lost registrar said of the third PC in the county's stream nobody brought in time.
            let apart = status(desk, "quarantined").await;
            assert!(status(desk, "parked").await == 0 && (apart == 0 || made_by_another), "{no} {rebuilt}: {apart}");
        }
    }
}

/// All that is left of an office's days was summed up by a PC that was reported stolen afterwards; the hub heard of that from another
/// office. Whoever has the shares decides whether that counts.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stolen_pc_alone_had_summed_up_comes_back_where_that_is_decided() {
    let (mut county, stick) = (County::found().await, stick());
    let anfeng = county.township("安峰镇总工会", "320722105", "陈静").await;
    let (stolen, wang) = township_that_pruned(&county, None).await;
    let (invite, code) = stolen.further(stick.path(), "服务窗口").await;
    let front = Desk::joined(&invite, &code, "王丽").await;
    exchange_all(&[&front, &stolen, &county.desk]).await;
    assert_eq!(log(&front, &stolen).await["stands"], true);
    let device = stolen.ask("devices.list", json!({})).await["devices"][0]["id"].clone();
    county.desk.ask("devices.revoke", json!({ "device": device, "reason": "stolen" })).await;
    exchange_all(&[&county.desk, &anfeng]).await;

    // The hub burns. Before it hears again of what was stolen, the PC that is left brings what it holds; then the registrar burns too.
    county.lose_everything().await;
    for desk in [&front, &front, &anfeng, &anfeng] {
        desk.sync().await;
    }
    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let line = json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722" });
    let new = recovered_without(&shares(&county)[..2], line).await;
    assert_eq!(new.member(&wang).await["fields"]["post"], "班长");
    exchange_all(&[&new, &front, &anfeng, &new, &front]).await;
    for rebuilt in [false, true] {
        for desk in [&new, &front] {
            if rebuilt {
                desk.ask("tables.rebuild", json!({})).await;
            }
            assert_eq!(desk.member(&wang).await["fields"]["post"], "班长");
            assert_eq!(desk.sync().await["in_step"], true, "{rebuilt}");
            assert_eq!(desk.digest(&front.stream()), new.digest(&front.stream()));
        }
    }
}

/// The hub's own disk is damaged too, and what an office's days were summed up in is gone there. The county need not stay without an
/// office for that; what lies on the PCs stays there.
#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_brings_the_rest_the_county_is_founded_without_it() {
    let (mut county, stick) = (County::found().await, stick());
    let (pingming, wang) = township_that_pruned(&county, None).await;
    county.lose_everything().await;
    pingming.sync().await;
    pingming.sync().await;
    county.unplug().await;
    let disk = rusqlite::Connection::open(county.hub_folder().join("hub.db")).unwrap();
    assert!(disk.execute("DELETE FROM checkpoint_part", []).unwrap() > 0);
    drop(disk);
    county.plug().await;

    let hub = county.desk.station.office().unwrap().hub().unwrap();
    let line = json!({ "url": hub.url, "key": hub.key, "name": "东海县总工会", "code": "320722" });
    let new = recovered_without(&shares(&county)[..2], line).await;
    assert_eq!(members(&new).await, 0);
    let (invite, code) = new.invitation(stick.path(), "安峰镇总工会", "320722105").await;
    let anfeng = Desk::joined(&invite, &code, "陈静").await;
    exchange_all(&[&anfeng, &new, &pingming]).await;
    assert_eq!(anfeng.sync().await["in_step"], true);
    assert_eq!(pingming.member(&wang).await["fields"]["post"], "班长");
}
