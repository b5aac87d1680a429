//! The county's only PC burns where of an office's days checkpoints are all there is: which of them are taken, by whom, and what is
//! decided where nobody tells the rest.

use std::path::Path;

use niangjia_core::replication::wire::{Digest, Lack};
use serde_json::{Value, json};
use stories::{
    County, Desk, cloned, exchange_all,
    kit::{line, members, offices, recovered, recovered_without, shares},
    logs::{log, pruned, ready, status},
    restores::{snapshot, struck},
    stick::{number, stick},
};

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

/// Two PCs of a township, in step with the county, and the member that they know.
async fn two_pcs(county: &County, stick: &Path) -> (Desk, Desk, String) {
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", &number(1)).await;
    let (invite, code) = front.further(stick, "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    exchange_all(&[&front, &back, &county.desk]).await;
    (front, back, wang)
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
    let shares = shares(&county);

    // The hub and the registrar burn; what the office still has comes to the new hub, and the county is founded from it.
    county.lose_everything().await;
    for _ in 0..3 {
        pingming.sync().await;
    }
    let second = recovered(&shares[..2], line(&county, "周敏（二）")).await;
    assert_eq!(log(&second, &pingming).await["stands"], true);
    // The office's only PC comes no more, and the hub burns once more: what the county has is all there is.
    county.lose_everything().await;
    for _ in 0..3 {
        second.sync().await;
    }

    let third = recovered(&shares[1..], line(&county, "周敏（三）")).await;
    assert_eq!(log(&third, &pingming).await["own"], true, "it goes with the order, whenever the line breaks");
    third.sync().await;
    let fourth = recovered(&shares[..2], line(&county, "周敏（四）")).await;
    assert_eq!(fourth.member(&wang).await["fields"]["post"], "班长");
    assert_eq!(fourth.sync().await["in_step"], true);
}

/// Hub and registrar burn, and the county is founded again before the office's PC has brought anything: what that PC has pruned
/// stands in a checkpoint that nobody opens but itself, and behind it stands what it tells the county.
#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_has_pruned_tells_a_county_that_knows_nothing_of_it() {
    let mut county = County::found().await;
    let (pingming, wang) = township_that_pruned(&county, None).await;

    county.lose_everything().await;
    let new = recovered(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
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

    county.lose_everything().await;
    for _ in 0..2 {
        anfeng.sync().await;
    }
    let new = recovered(&shares(&county)[..2], line(&county, "周敏（二）")).await;
    new.sync().await;
    exchange_all(&[&pingming, &new, &pingming, &new, &pingming, &anfeng, &new]).await;
    assert_eq!((members(&new).await, status(&new, "keyless").await), (1, 0));
    assert_eq!(new.member(&wang).await["fields"]["post"], "班长");
    for desk in [&pingming, &new, &anfeng] {
        assert_eq!(desk.sync().await["in_step"], true, "{}", desk.station.office().unwrap().identity().name);
    }
    assert_eq!(pingming.digest(&pingming.stream()), new.digest(&pingming.stream()));

    // And whoever founds the county once more from that hub.
    let third = recovered(&shares(&county)[1..], line(&county, "周敏（三）")).await;
    assert_eq!(third.member(&wang).await["fields"]["post"], "班长");
}

/// Two PCs of an office have pruned between two fires, each without what the other one wrote last: what burnt each time was all there
/// was of that. Of one chain the one checkpoint tells more, of the other chain the other one.
#[tokio::test(flavor = "multi_thread")]
async fn two_checkpoints_each_of_which_tells_what_the_other_does_not_bring_the_county_back() {
    let (mut county, stick) = (County::found().await, stick());
    let (front, back, wang) = two_pcs(&county, stick.path()).await;
    let shares = shares(&county);

    front.save(&front.member(&wang).await, json!({ "post": "车工" })).await;
    ready(&front, &county.desk).await;
    pruned(&front).await;
    county.lose_everything().await;
    back.sync().await;
    let second = recovered(&shares[..2], line(&county, "周敏（二）")).await;
    let zhao = back.join("赵敏", &number(2)).await;
    ready(&back, &second).await;
    pruned(&back).await;
    county.lose_everything().await;
    for desk in [&back, &front, &back, &front] {
        desk.sync().await;
    }

    let third = recovered(&shares[1..], line(&county, "周敏（三）")).await;
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
    let (front, back, wang) = two_pcs(&county, stick.path()).await;
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

    county.lose_everything().await;
    exchange_all(&[&back, &back]).await;
    let new = recovered(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
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

/// What a hub tells of a lost registrar may be anybody's invention: it holds up no exchange, and is not asked for without end.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_the_lost_registrar_is_asked_for_three_times_and_never_where_no_log_could_hold_it() {
    let county = County::found().await;
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (registrar, chain) = (county.desk.station.office().unwrap(), niangjia_core::replication::Incarnation([7; 16]));
    let told = |until| Lack { stream: front.stream(), chain, after: 0, until, hash: Digest([9; 32]) };
    for until in [u64::MAX, 1 << 63] {
        assert!(!registrar.hears_of_the_lost(&told(until)).unwrap());
    }
    assert!(!front.station.office().unwrap().hears_of_the_lost(&told(5)).unwrap(), "the registrar alone");
    for _ in 0..5 {
        assert!(registrar.hears_of_the_lost(&told(5)).unwrap(), "the line broke");
    }
    for _ in 0..3 {
        assert!(registrar.hears_of_the_lost(&told(5)).unwrap());
        registrar.heard_of_the_lost(&told(5));
    }
    assert!(!registrar.hears_of_the_lost(&told(5)).unwrap());
    assert!(registrar.hears_of_the_lost(&told(6)).unwrap(), "something else");
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
    let new = recovered_without(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
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

    let new = recovered_without(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
    assert_eq!(members(&new).await, 0);
    let (invite, code) = new.invitation(stick.path(), "安峰镇总工会", "320722105").await;
    let anfeng = Desk::joined(&invite, &code, "陈静").await;
    exchange_all(&[&anfeng, &new, &pingming]).await;
    assert_eq!(anfeng.sync().await["in_step"], true);
    assert_eq!(pingming.member(&wang).await["fields"]["post"], "班长");
}

/// A township's PC was replaced last month and began with what the county had summed up. Then the county's office burns, with hub and
/// registrar in one room, and the county is founded again before that township calls.
#[tokio::test(flavor = "multi_thread")]
async fn an_office_whose_new_pc_stands_on_the_burnt_registrars_checkpoint_comes_into_step() {
    for beside in [false, true] {
        on_the_burnt_registrars(beside).await;
    }
}

/// `beside`: another PC of the office has pruned before the last days, and calls first.
async fn on_the_burnt_registrars(beside: bool) {
    let (mut county, stick) = (County::found().await, stick());
    let (old, back, wang) = two_pcs(&county, stick.path()).await;
    for post in ["车工", "班长"] {
        old.save(&old.member(&wang).await, json!({ "post": post })).await;
        exchange_all(&[&old, &county.desk]).await;
    }
    ready(&back, &county.desk).await;
    pruned(&back).await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "department": "一车间" })).await;
    exchange_all(&[&county.desk, &old]).await;
    county.desk.ask("checkpoints.make", json!({ "stream": old.stream() })).await;
    county.desk.sync().await;
    let (invite, code) = old.further(stick.path(), "新电脑").await;
    let pingming = Desk::joined(&invite, &code, "吴芳").await;
    exchange_all(&[&pingming, &county.desk, &pingming]).await;
    let stands = log(&pingming, &pingming).await;
    assert_eq!((&stands["stands"], &stands["own"]), (&json!(true), &json!(false)));
    old.station.close().await;

    county.lose_everything().await;
    if beside {
        exchange_all(&[&back, &back]).await;
    }
    let new = recovered(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
    new.sync().await;
    let desks = if beside { vec![&new, &pingming, &back] } else { vec![&new, &pingming] };
    exchange_all(&[&pingming, &new, &pingming, &new]).await;
    exchange_all(&desks).await;
    exchange_all(&desks).await;
    for rebuilt in [false, true] {
        for (no, desk) in desks.iter().enumerate() {
            if rebuilt {
                desk.ask("tables.rebuild", json!({})).await;
            }
            let fields = desk.member(&wang).await["fields"].clone();
            assert_eq!(
                (&fields["post"], &fields["department"]),
                (&json!("班长"), &json!("一车间")),
                "{no} {rebuilt} {beside}"
            );
            assert_eq!(desk.sync().await["in_step"], true, "{no} {rebuilt} {beside}");
            assert_eq!(desk.digest(&pingming.stream()), new.digest(&pingming.stream()), "{no} {rebuilt} {beside}");
        }
    }
}

/// The same, and a PC that had written since was cloned: what the clone wrote comes to light together with the order that accepts what was
/// said again. Where it has come, nothing of it is hidden by that; two lives of one PC whose log burnt are not in step
/// (docs/reliability.md).
#[tokio::test(flavor = "multi_thread")]
async fn what_a_clone_wrote_is_not_hidden_by_what_was_said_again() {
    let (mut county, stick) = (County::found().await, stick());
    let (old, back, wang) = two_pcs(&county, stick.path()).await;
    ready(&back, &county.desk).await;
    pruned(&back).await;
    county.desk.save(&county.desk.member(&wang).await, json!({ "department": "一车间" })).await;
    exchange_all(&[&county.desk, &old]).await;
    county.desk.ask("checkpoints.make", json!({ "stream": old.stream() })).await;
    county.desk.sync().await;
    let mut late = Vec::new();
    for (place, clerk) in [("服务窗口二", "刘洋"), ("新电脑", "吴芳")] {
        let (invite, code) = old.further(stick.path(), place).await;
        late.push(Desk::joined(&invite, &code, clerk).await);
        exchange_all(&[late.last().unwrap(), &county.desk, &old]).await;
    }
    let (pingming, mut window) = (late.pop().unwrap(), late.pop().unwrap());
    exchange_all(&[&window, &pingming]).await;
    let clone = cloned(&mut window).await;
    window.save(&window.member(&wang).await, json!({ "post": "车工" })).await;
    exchange_all(&[&window, &pingming]).await;
    let zhao = clone.join("赵敏", &number(2)).await;

    county.lose_everything().await;
    old.station.close().await;
    window.station.close().await;
    exchange_all(&[&back, &back]).await;
    let new = recovered(&shares(&county)[..2], line(&county, "周敏（新机）")).await;
    for desk in [&new, &pingming, &pingming, &new] {
        desk.sync().await;
    }
    clone.sync().await;
    for _ in 0..4 {
        for desk in [&pingming, &new, &clone, &back] {
            desk.sync().await;
        }
    }
    for rebuilt in [false, true] {
        if rebuilt {
            pingming.ask("tables.rebuild", json!({})).await;
        }
        assert_eq!(pingming.found("赵敏").await, 1, "{rebuilt}");
        let fields = pingming.member(&wang).await["fields"].clone();
        assert_eq!((&fields["post"], &fields["department"]), (&json!("车工"), &json!("一车间")), "{rebuilt}");
    }
    assert_eq!(clone.member(&zhao).await["fields"]["name"], "赵敏");
}
