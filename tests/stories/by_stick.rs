//! Offices without a line: everything goes in somebody's pocket, in whatever order, and nothing is lost on the way.

use std::path::PathBuf;

use niangjia_core::replication::Stream;
use serde_json::json;
use stories::{
    County, Desk,
    logs::status,
    stick::{bytes, number, packet, pair, received, stick, streams},
};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";

#[tokio::test(flavor = "multi_thread")]
async fn two_offices_that_never_had_a_line_come_into_step_by_stick() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    let (invite, code) = county.invitation(stick.path(), "安峰镇总工会", "320722106").await;
    let anfeng = Desk::joined(&invite, &code, "赵敏").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    let zhang = anfeng.join("张伟民", ZHANG_WEIMIN).await;
    assert_eq!(pingming.member(&wang).await["standing"]["mark"], "saved");

    // Both go to the county in one pocket.
    for (desk, office) in [(&pingming, "平明镇"), (&anfeng, "安峰镇")] {
        let path = packet(desk, "county", stick.path()).await;
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.ends_with(".njpack") && name.is_ascii(), "the name tells codes and a number, no person: {name}");
        let came = county.import(&path).await;
        assert!(came["from"]["zh"].as_str().unwrap().contains(office));
        assert_eq!((&came["number"], &came["complete"], &came["missing"]), (&json!(1), &json!(true), &json!([])));
        assert!(received(&came, "changes") >= 2);
    }
    assert_eq!(county.found("wf").await + county.found("zwm").await, 2);

    // And back: the county's own stream, the confirmation, and the receipt.
    for (desk, to, id) in [(&pingming, "320722104", &wang), (&anfeng, "安峰镇总工会", &zhang)] {
        let path = packet(&county, to, stick.path()).await;
        let own = desk.station.office().unwrap().identity().office;
        assert_eq!(streams(&path), [Stream::County, Stream::Office(own)].into(), "and of no other office");
        let came = desk.import(&path).await;
        assert_eq!(came["complete"], true, "{}", came["say"]["zh"]);
        assert_eq!(desk.member(id).await["standing"]["mark"], "confirmed");
        let list = desk.ask("packets.list", json!({})).await;
        let states: Vec<_> = list["packets"].as_array().unwrap().iter().map(|p| (&p["sent"], &p["state"])).collect();
        assert_eq!(states, [(&json!(false), &json!("whole")), (&json!(true), &json!("acknowledged"))]);
        assert_eq!(desk.ask("sync.status", json!({})).await["unconfirmed"], 0);
        assert_eq!(desk.digest(&desk.stream()), county.digest(&desk.stream()));
    }
    // From one township to another goes what both may read: what the county publishes.
    assert_eq!(streams(&packet(&pingming, "安峰镇总工会", stick.path()).await), [Stream::County].into());
    assert_eq!(pingming.found("zwm").await, 0, "a packet for one office holds nothing of another");
    let offices = pingming.ask("offices.list", json!({})).await;
    assert_eq!(offices["offices"].as_array().unwrap().len(), 2, "but what the county publishes");

    // The audit tells who carried what.
    let audit = pingming.ask("audit.recent", json!({})).await;
    let commands: Vec<&str> =
        audit["entries"].as_array().unwrap().iter().map(|e| e["command"].as_str().unwrap()).collect();
    assert!(commands.contains(&"packets.export") && commands.contains(&"packets.import"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stick_brings_has_been_received_and_the_next_packet_is_small() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    pingming
        .ask("members.import", json!({ "path": stories::fixture("rosters/pingming-members.xlsx"), "commit": true }))
        .await;
    let first = packet(&pingming, "county", stick.path()).await;
    county.import(&first).await;
    let id = pingming.join("王芳", WANG_FANG).await;

    // 周敏 hands the stick back before she has looked at anything new: what she has is known from it.
    let back = packet(&county, "320722104", stick.path()).await;
    pingming.import(&back).await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "saved", "王芳 came after the packet");
    let rows = pingming.ask("members.list", json!({ "limit": 100 })).await;
    assert!(rows["rows"].as_array().unwrap().iter().filter(|r| r["standing"] == "confirmed").count() >= 99);

    let second = packet(&pingming, "county", stick.path()).await;
    assert!(bytes(&second).len() * 10 < bytes(&first).len(), "only what is new goes");
    let came = county.import(&second).await;
    assert_eq!((received(&came, "had"), &came["complete"]), (0, &json!(true)));
    assert_eq!(county.full(&id, "mobile").await, "13900000001");
    // What is on its way has not arrived: until the county says so it goes into every packet.
    let list = pingming.ask("packets.list", json!({})).await;
    assert_eq!(list["addressees"][0]["to"], "county");
    assert!(list["addressees"][0]["changes"].as_u64().unwrap() >= 1);
    let third = packet(&county, "320722104", stick.path()).await;
    pingming.import(&third).await;
    // What the county holds is told apart from what is only here: the audit of this last import.
    assert_eq!(pingming.ask("packets.list", json!({})).await["addressees"][0]["changes"], 1);
    assert_eq!(status(&pingming, "unsent").await, 1);
}

/// What a clerk reads as unsent is what people did. The packets themselves, the receipts and the audit go along and are never counted.
#[tokio::test(flavor = "multi_thread")]
async fn by_stick_alone_nothing_is_unsent_once_the_receipt_has_come_home() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    // What was written at joining goes first: the office's own entry and its clerk.
    county.import(&packet(&pingming, "county", stick.path()).await).await;
    pingming.import(&packet(&county, "320722104", stick.path()).await).await;
    assert_eq!(status(&pingming, "to_report").await, 0);
    let tile = async |desk: &Desk| stories::kit::tile(desk, "unsent").await;
    assert_eq!(tile(&pingming).await, Some(0), "home says so");
    let said = pingming.ask("sync.status", json!({})).await["say"]["zh"].clone();
    assert_eq!(said, "本机已保存 · 全部已上报");

    // One record that one clerk saves is one, whatever that takes in the log.
    let id = pingming.join("王芳", WANG_FANG).await;
    assert_eq!((status(&pingming, "to_report").await, tile(&pingming).await), (1, Some(1)));
    let page = pingming.member(&id).await;
    pingming.save(&page, json!({ "mobile": "13700000001" })).await;
    assert_eq!(status(&pingming, "to_report").await, 2, "one more, and not two");
    pingming.full(&id, "id_no").await;
    assert_eq!(status(&pingming, "to_report").await, 2, "who looked is no work to report");
    let sheet = stories::fixture("rosters/pingming-members.xlsx");
    let taken = pingming.ask("members.import", json!({ "path": sheet, "commit": true })).await;
    let rows = taken["written"].as_u64().unwrap();
    assert_eq!(status(&pingming, "to_report").await, 2 + rows);

    // On its way is not arrived; the receipt of the county is what counts.
    let out = packet(&pingming, "county", stick.path()).await;
    assert_eq!(status(&pingming, "to_report").await, 2 + rows);
    let mut pingming = pingming;
    pingming.reopen().await;
    assert_eq!(status(&pingming, "to_report").await, 2 + rows, "the program was closed meanwhile");
    county.import(&out).await;
    let back = packet(&county, "320722104", stick.path()).await;
    pingming.import(&back).await;
    assert_eq!((status(&pingming, "to_report").await, status(&pingming, "unconfirmed").await), (0, 0));
    assert!(status(&pingming, "unsent").await > 0, "the entry of this packet goes with the next one");
    let again = county.import(&packet(&pingming, "county", stick.path()).await).await;
    assert!(received(&again, "changes") > 0, "and it does");
    // A county without a hub is where everything ends: it has nobody to report to.
    pingming.import(&packet(&county, "320722104", stick.path()).await).await;
    county.import(&packet(&pingming, "county", stick.path()).await).await;
    county.join("赵敏", &number(7)).await;
    assert_eq!((status(&county, "to_report").await, tile(&county).await), (0, Some(0)));
    assert_eq!(county.ask("sync.status", json!({})).await["say"]["zh"], "本机已保存");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_order_any_number_of_times_and_one_lost_on_the_way() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    let mut packets = Vec::new();
    let mut id = String::new();
    for n in 0..4 {
        if n == 0 {
            id = pingming.join("王芳", WANG_FANG).await;
        } else {
            let page = pingming.member(&id).await;
            pingming.save(&page, json!({ "mobile": format!("1370000000{n}") })).await;
        }
        packets.push(packet(&pingming, "county", stick.path()).await);
    }
    // The first one is lost. The others come last first, each twice: every one holds what was not receipted before it.
    std::fs::remove_file(&packets[0]).unwrap();
    let came = county.import(&packets[3]).await;
    assert_eq!((&came["number"], &came["missing_numbers"]), (&json!(4), &json!([1, 2, 3])));
    assert_eq!(came["complete"], true, "nothing lacks although three packets have not come");
    assert!(came["say"]["zh"].as_str().unwrap().contains("第 1、2、3 号没有收到过"));
    for n in [2, 1, 2, 3, 1] {
        let again = county.import(&packets[n]).await;
        assert_eq!((received(&again, "segments"), received(&again, "waiting")), (0, 0));
        assert!(received(&again, "had") > 0);
    }
    assert_eq!(county.ask("packets.list", json!({})).await["addressees"][0]["missing"], json!([1]));
    assert_eq!(county.full(&id, "mobile").await, "13700000003");
    assert_eq!(county.digest(&pingming.stream()), pingming.digest(&pingming.stream()));

    // The receipt tells 平明 which came; the lost one is covered by those after it. Tables that are made anew forget
    // nothing of it.
    for desk in [&county, &pingming] {
        desk.ask("tables.rebuild", json!({})).await;
    }
    pingming.import(&packet(&county, "320722104", stick.path()).await).await;
    let list = pingming.ask("packets.list", json!({})).await;
    let sent: Vec<_> = list["packets"].as_array().unwrap().iter().filter(|p| p["sent"] == true).collect();
    let states: Vec<_> = sent.iter().map(|p| (p["number"].as_u64().unwrap(), p["state"].as_str().unwrap())).collect();
    assert_eq!(states, [(4, "acknowledged"), (3, "acknowledged"), (2, "acknowledged"), (1, "covered")]);
    // From then on nobody misses it any more.
    county.import(&packet(&pingming, "county", stick.path()).await).await;
    assert_eq!(county.ask("packets.list", json!({})).await["addressees"][0]["missing"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_restored_from_yesterday_is_made_whole_by_the_next_packets() {
    let stick = stick();
    let (mut county, pingming) = pair(stick.path()).await;
    pingming.import(&packet(&county, "320722104", stick.path()).await).await;
    county.station.close().await;
    let yesterday = stick.path().join("yesterday.db");
    std::fs::copy(county.dir().join("office.db"), &yesterday).unwrap();
    county.unlock().await;
    let id = pingming.join("王芳", WANG_FANG).await;
    county.import(&packet(&pingming, "county", stick.path()).await).await;
    pingming.import(&packet(&county, "320722104", stick.path()).await).await;

    // The disk breaks; the copy of yesterday, before the first packet, is put back. 平明 cannot know.
    county.station.close().await;
    std::fs::copy(&yesterday, county.dir().join("office.db")).unwrap();
    county.reopen().await;
    let page = pingming.member(&id).await;
    pingming.save(&page, json!({ "mobile": "13700000009" })).await;
    let came = county.import(&packet(&pingming, "county", stick.path()).await).await;
    assert_eq!(came["complete"], false, "the new packet builds on what is no longer here");
    assert!(received(&came, "waiting") > 0);
    assert!(came["say"]["zh"].as_str().unwrap().contains("请导出一个数据包给对方"));

    // It says what it has, and the next packet holds the rest.
    let said = packet(&county, "320722104", stick.path()).await;
    pingming.import(&said).await;
    let came = county.import(&packet(&pingming, "county", stick.path()).await).await;
    assert_eq!(came["complete"], true, "{}", came["say"]["zh"]);
    assert_eq!(county.ask("packets.list", json!({})).await["waiting"], 0);
    assert_eq!(county.full(&id, "mobile").await, "13700000009");
    assert_eq!(county.digest(&pingming.stream()), pingming.digest(&pingming.stream()));
}

#[tokio::test(flavor = "multi_thread")]
async fn stick_and_line_are_mixed_as_it_comes() {
    let stick = stick();
    let mut county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let id = pingming.join("王芳", WANG_FANG).await;
    pingming.sync().await;
    county.desk.sync().await;
    pingming.sync().await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");

    // The line is cut; the stick takes over, and holds only what the county has not confirmed.
    county.unplug().await;
    let page = pingming.member(&id).await;
    pingming.save(&page, json!({ "mobile": "13700000002" })).await;
    let made = pingming.ask("packets.export", json!({ "to": "county", "path": stick.path() })).await;
    assert!(made["changes"].as_u64().unwrap() < 18, "what was confirmed over the line does not go again: {made}");
    let path = PathBuf::from(made["files"][0].as_str().unwrap());
    county.desk.import(&path).await;
    assert_eq!(county.desk.full(&id, "mobile").await, "13700000002");
    let back = packet(&county.desk, "320722104", stick.path()).await;

    // The line comes back and brings the same segments, before the stick with the receipt does.
    county.plug().await;
    pingming.sync().await;
    county.desk.sync().await;
    pingming.sync().await;
    assert_eq!(pingming.member(&id).await["standing"]["mark"], "confirmed");
    let came = pingming.import(&back).await;
    assert_eq!((received(&came, "changes"), &came["complete"]), (0, &json!(true)));
    // And a packet that was imported goes on over the line to whoever has one.
    let page = county.desk.member(&id).await;
    county.desk.save(&page, json!({ "employer": "大平乳品厂" })).await;
    pingming.import(&packet(&county.desk, "320722104", stick.path()).await).await;
    assert_eq!(pingming.member(&id).await["fields"]["employer"], "大平乳品厂");
    let moved = pingming.sync().await;
    assert_eq!(moved["in_step"], true);
    county.desk.sync().await;
    pingming.sync().await;
    assert_eq!(pingming.digest(&pingming.stream()), county.desk.digest(&pingming.stream()));
    let status = county.desk.ask("sync.status", json!({})).await;
    assert_eq!((&status["quarantined"], &status["parked"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_of_one_office_come_into_step_by_stick() {
    let stick = stick();
    let county = Desk::county().await;
    let (invite, code) = county.invitation(stick.path(), "平明镇总工会", "320722104").await;
    let front = Desk::joined(&invite, &code, "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let wang = front.join("王芳", WANG_FANG).await;
    let zhang = back.join("张伟民", ZHANG_WEIMIN).await;
    let path = packet(&front, "device", stick.path()).await;
    assert_eq!(back.import(&path).await["complete"], true);
    assert_eq!(front.import(&packet(&back, "device", stick.path()).await).await["complete"], true);
    assert_eq!(front.member(&zhang).await["fields"]["name"], "张伟民");
    assert_eq!(back.member(&wang).await["fields"]["name"], "王芳");
    assert_eq!(back.member(&wang).await["standing"]["mark"], "received", "but nothing of it is confirmed");
    assert_eq!(front.member(&wang).await["standing"]["mark"], "saved", "a colleague's PC is not the county");
    assert_eq!(front.digest(&front.stream()), back.digest(&back.stream()));

    // One of them brings both to the county; the other brings the answer home.
    county.import(&packet(&front, "county", stick.path()).await).await;
    assert_eq!(county.found("wf").await + county.found("zwm").await, 2);
    let answer = packet(&county, "320722104", stick.path()).await;
    assert_eq!(front.import(&answer).await["complete"], true);
    assert_eq!(front.member(&wang).await["standing"]["mark"], "confirmed");
    // The county knows only of the PC that wrote to it; of the other one's way it misses the audit of the journey.
    let came = back.import(&answer).await;
    assert_eq!((&came["complete"], received(&came, "waiting")), (&json!(false), 0));
    assert_eq!(back.member(&zhang).await["standing"]["mark"], "confirmed");
    let path = packet(&front, "device", stick.path()).await;
    assert_eq!(back.import(&path).await["complete"], true);
}

/// Chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sticks_carried_at_random_lose_nothing() {
    for seed in 1..=4 {
        let (stick, mut chance) = (stick(), Chance(seed));
        let county = Desk::county().await;
        let (invite, code) = county.invitation(stick.path(), "平明镇总工会", "320722104").await;
        let front = Desk::joined(&invite, &code, "李强").await;
        let (invite, code) = front.further(stick.path(), "服务窗口").await;
        let back = Desk::joined(&invite, &code, "王丽").await;
        let (desks, roads) =
            ([&county, &front, &back], [("320722104", "device"), ("county", "device"), ("county", "device")]);
        let (mut people, mut pile) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            let at = chance.below(3);
            match chance.below(5) {
                0 if at > 0 => people.push((at, desks[at].join("王芳", &number(people.len())).await)),
                0 | 1 => {
                    let own: Vec<_> = people.iter().filter(|(of, _)| *of == at).collect();
                    if let Some((_, id)) = own.get(chance.below(own.len().max(1))) {
                        let page = desks[at].member(id).await;
                        desks[at].save(&page, json!({ "mobile": format!("137{:08}", chance.below(99_999_999)) })).await;
                    }
                }
                2 => {
                    let to = if at > 0 && chance.below(3) == 0 { roads[at].1 } else { roads[at].0 };
                    pile.push((at, to, packet(desks[at], to, stick.path()).await));
                }
                // Whatever lies in the drawer, old or new, once more or never.
                _ if !pile.is_empty() => {
                    let (from, to, path) = &pile[chance.below(pile.len())];
                    let takers: &[usize] = match (*to, *from) {
                        ("county", _) => &[0],
                        ("320722104", _) => &[1, 2],
                        (_, 1) => &[2],
                        _ => &[1],
                    };
                    desks[takers[chance.below(takers.len())]].import(path).await;
                }
                _ => {}
            }
        }
        // The sticks are found again, and three times everybody carries one: everywhere the same.
        for _ in 0..3 {
            for (from, to, takers) in [
                (1, "device", &[2][..]),
                (2, "device", &[1]),
                (1, "county", &[0]),
                (2, "county", &[0]),
                (0, "320722104", &[1, 2]),
            ] {
                let path = packet(desks[from], to, stick.path()).await;
                for taker in takers {
                    desks[*taker].import(&path).await;
                }
            }
        }
        let stream = front.stream();
        for desk in desks {
            assert_eq!(desk.digest(&stream), county.digest(&stream), "seed {seed}");
            let status = desk.ask("sync.status", json!({})).await;
            assert_eq!((&status["parked"], &status["quarantined"]), (&json!(0), &json!(0)), "seed {seed}");
            assert_eq!(desk.ask("packets.list", json!({})).await["waiting"], 0, "seed {seed}");
            for (at, id) in &people {
                assert_eq!(desk.full(id, "mobile").await, desks[*at].full(id, "mobile").await, "seed {seed}");
                assert_eq!(desk.member(id).await["standing"]["mark"], "confirmed", "seed {seed}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_fetches_a_packet_and_another_brings_it() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    pingming.join("王芳", WANG_FANG).await;
    let before = pingming.ask("sync.status", json!({})).await;
    assert_eq!((&before["road"], &before["last_packet"]), (&json!("packet"), &json!(null)));
    let list = pingming.ask("packets.list", json!({})).await;
    assert!(list["addressees"][0]["bytes"].as_u64().unwrap() > 100, "about how much will go is told before");

    let made = pingming.ask("packets.export", json!({ "to": "county", "download": true, "part_bytes": 4096 })).await;
    assert!(pingming.ask("sync.status", json!({})).await["last_packet"].is_i64());
    let files = made["files"].as_array().unwrap();
    let mut last = json!(null);
    for file in files {
        let name = std::path::Path::new(file.as_str().unwrap()).file_name().unwrap().to_str().unwrap();
        let fetched = bytes(&pingming.station.report(name).unwrap());
        let upload = county.station.upload(name, fetched).await.unwrap();
        last = county.ask("packets.import", upload).await;
    }
    assert_eq!((&last["missing"], &last["complete"]), (&json!([]), &json!(true)));
    assert_eq!(last["changes"], made["changes"], "all parts together brought what went");
    assert_eq!(county.found("wf").await, 1);
    let left = std::fs::read_dir(county.dir().join("uploads")).unwrap().count();
    assert_eq!(left, 0, "what was read does not lie on the disk twice");
}
