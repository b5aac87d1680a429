//! Several PCs of one office: each writes under its own key, and all come into step by whatever road there is.

use std::path::Path;

use serde_json::{Value, json};
use stories::{
    County, Desk, PASSPHRASE, exchange_all,
    kit::tile,
    stick::{number, packet, pair, received, stick},
};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";

/// A further PC of an office joins; its clerk is 王丽 unless said otherwise.
async fn window(first: &Desk, stick: &Path, clerk: &str) -> Desk {
    let (invite, code) = first.further(stick, "服务窗口").await;
    Desk::joined(&invite, &code, clerk).await
}

async fn devices(desk: &Desk) -> Vec<Value> {
    desk.ask("devices.list", json!({})).await["devices"].as_array().unwrap().clone()
}

async fn status(desk: &Desk, what: &str) -> u64 {
    desk.ask("sync.status", json!({})).await[what].as_u64().unwrap()
}

async fn mark(desk: &Desk, id: &str) -> String {
    desk.member(id).await["standing"]["mark"].as_str().unwrap().to_owned()
}

/// A month in which the two do not hear of each other. Returns those that both wrote on.
async fn a_month_apart(front: &Desk, back: &Desk, both: &str) -> (String, String) {
    let wang = front.join("王芳", WANG_FANG).await;
    let zhang = back.join("张伟民", ZHANG_WEIMIN).await;
    front
        .ask("members.import", json!({ "path": stories::fixture("rosters/pingming-members.xlsx"), "commit": true }))
        .await;
    let fields = json!({ "name": "东海县大平乳品厂" });
    back.ask("enterprises.save", json!({ "fields": fields })).await;
    for day in 0..30 {
        let page = front.member(&wang).await;
        front.save(&page, json!({ "post": format!("第{day}组组长") })).await;
        let page = back.member(both).await;
        back.save(&page, json!({ "department": format!("第{day}车间") })).await;
    }
    // And on one day both correct the same telephone number.
    for (desk, mobile) in [(front, "13700000002"), (back, "13500000005")] {
        let page = desk.member(both).await;
        desk.save(&page, json!({ "mobile": mobile })).await;
    }
    (wang, zhang)
}

/// What holds once everything has arrived everywhere.
async fn the_same_everywhere(county: &Desk, front: &Desk, back: &Desk, people: &[&str]) {
    let stream = front.stream();
    for desk in [county, front, back] {
        assert_eq!(desk.digest(&stream), county.digest(&stream));
        assert_eq!(desk.ask("home", json!({})).await["counts"]["members"], 1107 + 3);
        assert_eq!(desk.ask("home", json!({})).await["counts"]["enterprises"], 1);
        assert_eq!((status(desk, "parked").await, status(desk, "quarantined").await), (0, 0));
        for id in people {
            let (here, there) = (desk.member(id).await, county.member(id).await);
            assert_eq!((&here["fields"], &here["conflicts"]), (&there["fields"], &json!([])));
            assert_eq!(here["standing"]["mark"], "confirmed");
        }
        assert_eq!(tile(desk, "needs_you").await, Some(0), "nothing waits for a choice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_a_month_apart_come_into_step_over_the_line() {
    let (mut county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let back = window(&front, stick.path(), "王丽").await;
    let both = front.join("赵敏", &number(1)).await;
    exchange_all(&[&front, &back, &county.desk]).await;
    assert_eq!(mark(&back, &both).await, "confirmed", "what a colleague wrote is confirmed here too");

    county.unplug().await;
    let (wang, zhang) = a_month_apart(&front, &back, &both).await;
    let unsent = (status(&front, "unsent").await, status(&back, "unsent").await);
    assert!(unsent.0 > 1107 && (30..100).contains(&unsent.1), "each counts its own: {unsent:?}");
    county.plug().await;

    // The one that exchanges first is not made to wait for the other, and says nothing of what the other has.
    front.sync().await;
    assert_eq!(status(&front, "unsent").await, 0);
    assert_eq!(
        status(&back, "unsent").await,
        unsent.1,
        "that the colleague's work has gone up sends none of one's own"
    );
    assert_eq!(mark(&front, &wang).await, "received");
    exchange_all(&[&back, &front]).await;
    assert_eq!(status(&back, "unsent").await, 0);
    assert_eq!((mark(&back, &wang).await, mark(&front, &zhang).await), ("received".into(), "received".into()));

    // The telephone number stands twice, on both; 王丽 chooses, and it is settled everywhere.
    let page = front.member(&both).await;
    assert_eq!(page["conflicts"], back.member(&both).await["conflicts"]);
    let authors: Vec<_> =
        page["conflicts"][0]["sides"].as_array().unwrap().iter().map(|s| s["author"].clone()).collect();
    assert!(authors.contains(&json!("李强")) && authors.contains(&json!("王丽")));
    let page = back.member(&both).await;
    back.save(&page, json!({ "mobile": "13700000002" })).await;
    exchange_all(&[&back, &county.desk, &front]).await;
    the_same_everywhere(&county.desk, &front, &back, &[&wang, &zhang, &both]).await;
    for desk in [&front, &back] {
        assert_eq!((status(desk, "unsent").await, status(desk, "unconfirmed").await), (0, 0));
        assert_eq!(desk.full(&both, "mobile").await, "13700000002");
    }
    // The office's own record was written once, by the PC that founded it.
    let own = front.station.office().unwrap().identity().office.to_string();
    let history = back.ask("organisations.history", json!({ "id": own })).await;
    assert_eq!(history["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_a_month_apart_come_into_step_by_stick() {
    let stick = stick();
    let (county, front) = pair(stick.path()).await;
    let back = window(&front, stick.path(), "王丽").await;
    let both = front.join("赵敏", &number(1)).await;
    back.import(&packet(&front, "device", stick.path()).await).await;
    let (wang, zhang) = a_month_apart(&front, &back, &both).await;

    // 王丽 carries her month to the other desk, and settles there what both have written; 李强 goes to the county.
    front.import(&packet(&back, "device", stick.path()).await).await;
    let page = front.member(&both).await;
    assert_eq!(page["standing"]["mark"], "needs_you");
    front.save(&page, json!({ "mobile": "13700000002" })).await;
    let unsent = status(&back, "unsent").await;
    assert!(unsent >= 30);
    county.import(&packet(&front, "county", stick.path()).await).await;
    assert_eq!(status(&back, "unsent").await, unsent, "nobody has told 王丽 yet that her work has arrived");
    let answer = packet(&county, "320722104", stick.path()).await;
    for desk in [&front, &back] {
        desk.import(&answer).await;
    }
    // What the county holds of hers came with 李强; of the rest (the record of this very import) it knows nothing.
    assert!(status(&back, "unsent").await < 5);
    for _ in 0..2 {
        for (desk, other) in [(&front, &back), (&back, &front)] {
            other.import(&packet(desk, "device", stick.path()).await).await;
            county.import(&packet(desk, "county", stick.path()).await).await;
            desk.import(&packet(&county, "320722104", stick.path()).await).await;
        }
    }
    the_same_everywhere(&county, &front, &back, &[&wang, &zhang, &both]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_tells_which_pcs_work_here_and_since_when() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let waiting = front.ask("devices.list", json!({})).await;
    assert_eq!((&waiting["invited"][0]["name"], &waiting["invited"][0]["by"]), (&json!("服务窗口"), &json!("李强")));
    let back = Desk::joined(&invite, &code, "王丽").await;
    back.join("张伟民", ZHANG_WEIMIN).await;
    assert_eq!(devices(&back).await.len(), 1, "before the first exchange it knows of itself alone");
    exchange_all(&[&front, &back, &county.desk]).await;

    for (desk, this) in [(&front, Value::Null), (&back, json!("服务窗口"))] {
        let list = desk.ask("devices.list", json!({})).await;
        assert_eq!(list["invited"], json!([]));
        let list = list["devices"].as_array().unwrap().clone();
        assert_eq!(list.len(), 2);
        assert_eq!((&list[0]["this"], &list[1]["this"], &list[0]["name"]), (&json!(true), &json!(false), &this));
        for line in &list {
            assert!(line["since"].as_i64() <= line["heard"].as_i64() && line["heard"].is_i64());
            assert_eq!((&line["flagged"], &line["office"]), (&json!(false), &json!("平明镇总工会")));
        }
    }
    let all = devices(&county.desk).await;
    assert_eq!(all.len(), 3, "the county sees its own and both of 平明镇");
    assert!(all[0]["this"] == true && all.iter().any(|d| d["name"] == "服务窗口" && d["heard"].is_i64()));
    // A name is given or changed by a person, and seen everywhere.
    let first = devices(&front).await[0]["id"].clone();
    front.ask("devices.name", json!({ "id": first, "name": "办公室" })).await;
    exchange_all(&[&front, &back, &county.desk]).await;
    for desk in [&back, &county.desk] {
        assert!(devices(desk).await.iter().any(|d| d["name"] == "办公室" && d["id"] == first));
    }
    assert_eq!(front.refused("devices.name", json!({ "id": first, "name": " " })).await.fields[0].key, "device_name");
    assert_eq!(front.refused("devices.name", json!({ "id": "00", "name": "没有" })).await.code, "device_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_used_twice_is_told_to_everybody_and_nothing_is_lost() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let third = Desk::joined(&invite, &code, "陈刚").await;
    let zhang = back.join("张伟民", ZHANG_WEIMIN).await;
    let wang = third.join("王芳", WANG_FANG).await;
    exchange_all(&[&front, &back, &third, &county.desk]).await;
    exchange_all(&[&front, &back, &third, &county.desk]).await;
    for desk in [&front, &back, &third, &county.desk] {
        let flagged: Vec<_> = devices(desk).await.into_iter().filter(|d| d["flagged"] == true).collect();
        assert_eq!(flagged.len(), 2, "which of the two was meant, nobody can know");
        assert!(
            flagged
                .iter()
                .all(|d| d["name"].is_null() && d["say"]["zh"].as_str().unwrap().contains("同一个入网数据包"))
        );
        let tiles = desk.ask("home", json!({})).await["tiles"].as_array().unwrap().clone();
        assert!(tiles.iter().any(|t| t["key"] == "devices" && t["count"] == 2 && t["tone"] == "late"));
        for id in [&zhang, &wang] {
            assert_eq!(mark(desk, id).await, "confirmed", "what both entered is kept, sent and confirmed");
        }
    }
    // Whoever came in by that packet cannot vouch for it.
    let list = devices(&back).await;
    let fault = back.refused("devices.name", json!({ "id": list[0]["id"], "name": "服务窗口" })).await;
    assert_eq!((fault.code, &list[0]["this"]), ("device_doubtful".to_owned(), &json!(true)));
    // 李强 looks at both and says whose they are; then nobody is asked any more.
    for (device, name) in devices(&front).await.iter().filter(|d| d["flagged"] == true).zip(["服务窗口", "档案室"])
    {
        front.ask("devices.name", json!({ "id": device["id"], "name": name })).await;
    }
    exchange_all(&[&front, &back, &third, &county.desk]).await;
    for desk in [&front, &back, &third, &county.desk] {
        assert!(devices(desk).await.iter().all(|d| d["flagged"] == false));
        assert!(desk.ask("home", json!({})).await["tiles"].as_array().unwrap().iter().all(|t| t["key"] != "devices"));
    }
    // The first packet of the office is watched as well.
    let (invite, code) = county.invitation("安峰镇总工会", "320722106").await;
    let anfeng = Desk::joined(&invite, &code, "赵敏").await;
    let again = Desk::joined(&invite, &code, "孙丽").await;
    exchange_all(&[&anfeng, &again, &county.desk]).await;
    for desk in [&anfeng, &again, &county.desk] {
        assert_eq!(devices(desk).await.iter().filter(|d| d["flagged"] == true).count(), 2);
    }
    // There only the county can tell; and a PC that one of them lets in cannot either.
    let below = window(&anfeng, stick.path(), "周杰").await;
    exchange_all(&[&anfeng, &again, &below, &county.desk]).await;
    let doubtful: Vec<_> = devices(&below).await.into_iter().filter(|d| d["flagged"] == true).collect();
    for (device, desk) in [(&doubtful[0], &anfeng), (&doubtful[1], &below)] {
        let named = json!({ "id": device["id"], "name": "办公室" });
        assert_eq!(desk.refused("devices.name", named.clone()).await.code, "device_doubtful");
        county.desk.ask("devices.name", named).await;
    }
    exchange_all(&[&county.desk, &anfeng]).await;
    for desk in [&county.desk, &anfeng] {
        assert!(devices(desk).await.iter().all(|d| d["flagged"] == false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_add_a_pc_and_what_comes_with_it() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    // A name that a clerk of the office bears already is refused before anything is written.
    let empty = Desk::empty();
    let ask =
        |clerk: &str| json!({ "packet": { "path": invite }, "code": code, "clerk": clerk, "passphrase": PASSPHRASE });
    let fault = empty.refused("app.join", ask("李强")).await;
    assert_eq!((&*fault.fields[0].field, &*fault.fields[0].key), ("clerk", "name_taken"));
    empty.ask("app.join", ask("王丽")).await;
    let back = empty;
    back.join("张伟民", ZHANG_WEIMIN).await;

    // A PC that was added adds none itself; the county can when the first one is gone.
    assert_eq!(back.refused("devices.invite", json!({})).await.code, "device_below");
    assert_eq!(front.refused("devices.invite", json!({ "office": "320722" })).await.code, "office_unknown");
    let made = county.desk.ask("devices.invite", json!({ "office": "320722104" })).await;
    let path = stick.path().join("new.njinvite");
    std::fs::write(&path, Desk::packet_of(&made)).unwrap();
    let new = Desk::joined(&path, &made["code"], "陈刚").await;
    exchange_all(&[&front, &back, &county.desk, &new]).await;
    assert_eq!(new.found("zwm").await, 1, "it is a PC of that office and reads what the others wrote");
    new.ask("devices.invite", json!({})).await;
    let alone = Desk::alone("石湖乡总工会").await;
    assert_eq!(alone.refused("devices.invite", json!({})).await.code, "alone");

    // Nobody hands on more than they hold.
    let roles = json!(["clerk", "system_admin"]);
    let ask = json!({ "name": "孙丽", "roles": roles, "passphrase": PASSPHRASE });
    let clerk = front.ask("clerks.add", ask).await["id"].clone();
    front.ask("app.lock", json!({})).await;
    front.ask("app.unlock", json!({ "clerk": clerk, "passphrase": PASSPHRASE })).await;
    let lesser = window(&front, stick.path(), "周杰").await;
    assert_eq!(lesser.ask("app.state", json!({})).await["clerk"]["roles"], roles);
    let refused = lesser.refused("audit.recent", json!({})).await;
    assert_eq!(refused.code, "role_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_county_pc_reads_everything_and_leaves_the_receipts_to_the_registrar() {
    let (county, stick) = (County::found().await, stick());
    let registrar = &county.desk;
    let early = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = registrar.further(stick.path(), "主席室").await;
    let second = Desk::joined(&invite, &code, "吴敏").await;
    // An office that is invited later: its keys come with the exchange.
    let late = county.township("安峰镇总工会", "320722106", "赵敏").await;
    let wang = early.join("王芳", WANG_FANG).await;
    let zhang = late.join("张伟民", ZHANG_WEIMIN).await;
    for desk in [&early, &late] {
        desk.sync().await;
    }

    // The registrar has not looked yet: what the second PC holds is not confirmed, to nobody.
    second.sync().await;
    assert_eq!(mark(&second, &wang).await, "received");
    second.sync().await;
    early.sync().await;
    assert_eq!(mark(&early, &wang).await, "received", "the second county PC signs no receipts");
    registrar.sync().await;
    exchange_all(&[&second, &early, &late, registrar]).await;
    exchange_all(&[&second, &early, &late]).await;
    for (id, desk) in [(&wang, &early), (&zhang, &late)] {
        assert_eq!(mark(desk, id).await, "confirmed");
        assert_eq!(mark(&second, id).await, "confirmed", "by the registrar's receipt");
        assert_eq!(second.full(id, "mobile").await, "13900000001");
        assert_eq!(second.digest(&desk.stream()), registrar.digest(&desk.stream()));
    }
    second.ask("tables.rebuild", json!({})).await;
    assert_eq!(mark(&second, &zhang).await, "confirmed", "also when the log is replayed");

    // It corrects like the first one does, and its own work waits for the registrar too.
    let page = second.member(&zhang).await;
    second.save(&page, json!({ "mobile": "13700000002" })).await;
    assert_eq!(mark(&second, &zhang).await, "saved");
    second.sync().await;
    assert_eq!(mark(&second, &zhang).await, "received");
    exchange_all(&[registrar, &second, &late]).await;
    assert_eq!((mark(&second, &zhang).await, mark(&late, &zhang).await), ("confirmed".into(), "confirmed".into()));
    assert_eq!(late.full(&zhang, "mobile").await, "13700000002");
    let seen = late.ask("members.history", json!({ "id": zhang })).await;
    assert_eq!(seen["entries"][0]["author"], "吴敏");
    assert_eq!(status(&second, "unconfirmed").await, 0);

    // Nothing of it goes on for ever.
    exchange_all(&[registrar, &second, &early, &late]).await;
    for desk in [registrar, &second, &early, &late] {
        let moved = desk.sync().await;
        assert_eq!((&moved["sent"]["changes"], &moved["received"]["changes"]), (&json!(0), &json!(0)));
    }
    // Inviting is the registrar's.
    let fault = second.refused("offices.invite", json!({ "name": "石湖乡总工会", "code": "320722107" })).await;
    assert_eq!(fault.code, "not_registrar");
    assert_eq!(second.refused("devices.invite", json!({})).await.code, "not_registrar");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_county_pc_without_a_line_learns_of_new_offices_by_stick() {
    let stick = stick();
    let registrar = Desk::county().await;
    let second = window(&registrar, stick.path(), "吴敏").await;
    let (invite, code) = registrar.invitation(stick.path(), "平明镇总工会", "320722104").await;
    let pingming = Desk::joined(&invite, &code, "李强").await;
    let wang = pingming.join("王芳", WANG_FANG).await;
    registrar.import(&packet(&pingming, "county", stick.path()).await).await;
    let came = second.import(&packet(&registrar, "device", stick.path()).await).await;
    assert_eq!((&came["complete"], received(&came, "waiting")), (&json!(true), 0), "{}", came["say"]["zh"]);
    assert_eq!(mark(&second, &wang).await, "confirmed");
    assert_eq!(second.digest(&pingming.stream()), registrar.digest(&pingming.stream()));
}

/// An empty list on a PC that has just joined would look like a loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_further_pc_says_that_the_members_are_coming_until_they_are_here() {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let coming = async |desk: &Desk| desk.ask("sync.status", json!({})).await["first_load"].clone();
    assert_eq!(coming(&front).await, json!(null), "the first PC of an office waits for nothing");
    assert_eq!(coming(&county.desk).await, json!(null), "nor does the registrar");
    front.join("王芳", &number(1)).await;
    exchange_all(&[&front, &county.desk, &front]).await;

    let (packet_of, code) = front.further(stick.path(), "服务窗口").await;
    let mut back = Desk::joined(&packet_of, &code, "赵敏").await;
    assert!(coming(&back).await["zh"].as_str().unwrap().contains("联网后自动收取"));
    back.join("孙丽", &number(2)).await;
    back.reopen().await;
    assert!(coming(&back).await["zh"].is_string(), "also the next morning, and while she works");
    back.sync().await;
    assert_eq!((coming(&back).await, stories::kit::members(&back).await), (json!(null), 2));

    // By stick: it says what to bring, until that is whole.
    let (county, pingming) = pair(stick.path()).await;
    pingming.join("王芳", &number(1)).await;
    assert_eq!(coming(&pingming).await, json!(null));
    let (packet_of, code) = pingming.further(stick.path(), "里间").await;
    let inner = Desk::joined(&packet_of, &code, "吴敏").await;
    assert!(coming(&inner).await["zh"].as_str().unwrap().contains("导出数据包"));
    inner.import(&packet(&pingming, "device", stick.path()).await).await;
    assert_eq!((coming(&inner).await, stories::kit::members(&inner).await), (json!(null), 1));
    drop(county);
}
