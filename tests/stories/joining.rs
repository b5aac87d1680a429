//! Joining and leaving: somebody applies, the group and the union decide, a member stands; and one day the membership is kept, ends,
//! or is put right. Several PCs and the county see the same.

use serde_json::{Value, json};
use stories::{
    County, Desk, exchange_all,
    kit::tile,
    stick::{packet, pair, stick},
};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";

/// A thousand numbers and more: born on one of many days.
fn id_of(n: usize) -> String {
    let digits = format!("990101{}0101{:03}", 1970 + n / 500, 100 + n % 500);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = digits.bytes().zip(weights).map(|(d, w)| usize::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[sum % 11]))
}

fn form(name: &str, id_no: &str) -> Value {
    json!({ "way": "written", "kind": "ordinary", "name": name, "id_no": id_no, "mobile": "13900000001",
        "applied_on": "2026-03-02", "pledged_on": "2026-03-02", "employer": "大平乳品厂", "wage": 456789 })
}

fn with(mut fields: Value, further: &Value) -> Value {
    let all = fields.as_object_mut().unwrap();
    all.extend(further.as_object().unwrap().clone());
    fields
}

async fn applies(desk: &Desk, fields: Value) -> String {
    let saved = desk.ask("applications.apply", json!({ "fields": fields })).await;
    saved["id"].as_str().unwrap().to_owned()
}

fn approval(ids: &[&str]) -> Value {
    json!({ "ids": ids, "on": "2026-03-04", "document": "平工〔2026〕3号", "eligible": true, "voluntary": true, "papers": true })
}

async fn application(desk: &Desk, id: &str) -> Value {
    desk.ask("applications.get", json!({ "id": id })).await
}

async fn members(desk: &Desk) -> i64 {
    desk.ask("home", json!({})).await["counts"]["members"].as_i64().unwrap()
}

fn events(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn she_applies_and_the_union_admits_her() {
    let office = Desk::alone("平明镇总工会").await;
    let id = applies(&office, form("王芳", WANG_FANG)).await;
    let page = application(&office, &id).await;
    assert_eq!((&page["state"], &page["title"]), (&json!("submitted"), &json!("王芳")));
    assert_eq!(page["fields"]["due_on"], "2026-03-05", "three working days after Monday");
    assert_eq!(page["fields"]["sex"], "1", "from the number");
    assert_eq!(page["derived"]["overdue"], true);
    assert_eq!((members(&office).await, office.found("wf").await), (0, 1), "an application is found, and is no member");

    let opinion = json!({ "ids": [id], "event": "group_ok", "on": "2026-03-03", "reason": "小组同意" });
    office.ask("applications.change", opinion).await;
    let waiting = office.ask("applications.waiting", json!({ "overdue": true })).await;
    assert_eq!((&waiting["total"], &waiting["rows"][0]["state"]), (&json!(1), &json!("group_ok")));
    assert_eq!(tile(&office, "applications_late").await, Some(1));

    let unread =
        office.refused("applications.approve", json!({ "ids": [id], "on": "2026-03-04", "eligible": true })).await;
    let fields: Vec<&str> = unread.fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(fields, ["voluntary", "papers"], "what was not examined is not approved");
    let done = office.ask("applications.approve", approval(&[&id])).await;
    assert_eq!(
        (&done["approved"], &done["dues_from"]),
        (&json!(1), &json!("2026-03")),
        "she is told from when dues run"
    );

    let member = done["members"][0]["id"].as_str().unwrap();
    let page = office.member(member).await;
    assert_eq!((&page["state"], &page["fields"]["employer"]), (&json!("active"), &json!("大平乳品厂")));
    assert_eq!((&page["fields"]["wage"], &page["fields"]["member_kind"]), (&json!(456_789), &json!("ordinary")));
    assert_eq!(office.full(member, "id_no").await, WANG_FANG);
    let joined = &page["events"][0]["detail"];
    assert_eq!((&joined["on"], &joined["document"]), (&json!("2026-03-04"), &json!("平工〔2026〕3号")));
    assert_eq!((&joined["application"], &joined["dues_from"]), (&json!(id), &json!("2026-03")));
    let page = application(&office, &id).await;
    assert_eq!(events(&page), ["submitted", "group_ok", "approved"]);
    assert_eq!(page["derived"]["member"], json!({ "id": member, "title": "王芳" }));
    assert_eq!((members(&office).await, tile(&office, "applications_late").await), (1, None));

    let again = office.refused("applications.approve", approval(&[&id])).await;
    assert_eq!(again.code, "event_cannot_follow");
    let edit = json!({ "id": id, "token": page["token"], "fields": { "employer": "别的厂" } });
    let closed = office.refused("applications.save", edit).await;
    assert_eq!(closed.fields[0].key, "application_decided");
    let second = office.refused("applications.apply", json!({ "fields": form("王芳", WANG_FANG) })).await;
    assert_eq!((second.fields[0].field.as_str(), second.fields[0].key.as_str()), ("id_no", "id_taken"));
}

#[tokio::test]
async fn an_application_is_refused_taken_back_or_waits_for_its_papers() {
    let office = Desk::alone("平明镇总工会").await;
    let courier = json!({ "kind": "platform", "pledged_on": null, "way": "online" });
    let fault =
        office.refused("applications.apply", json!({ "fields": with(form("张伟民", ZHANG_WEIMIN), &courier) })).await;
    assert_eq!(fault.fields[0].key, "platform_kind_missing");
    let courier = with(form("张伟民", ZHANG_WEIMIN), &with(courier, &json!({ "platform_kind": "courier" })));
    let id = applies(&office, courier.clone()).await;
    let twice = office.refused("applications.apply", json!({ "fields": courier })).await;
    assert_eq!(twice.fields[0].key, "applied_already");

    let unsigned = office.refused("applications.approve", approval(&[&id])).await;
    assert_eq!(unsigned.fields[0].key, "pledge_missing");
    let page = application(&office, &id).await;
    let signs = json!({ "id": id, "token": page["token"], "fields": { "pledged_on": "2026-03-03" } });
    office.ask("applications.save", signs).await;

    let reject = json!({ "ids": [id], "event": "rejected", "on": "2026-03-04" });
    assert_eq!(office.refused("applications.change", reject.clone()).await.fields[0].key, "reason_missing");
    office.ask("applications.change", with(reject, &json!({ "reason": "不以工资收入为主要生活来源" }))).await;
    assert_eq!(application(&office, &id).await["state"], "rejected");
    assert_eq!(office.refused("applications.approve", approval(&[&id])).await.code, "event_cannot_follow");
    assert_eq!(members(&office).await, 0);

    // He asks again, and is admitted as a courier, counted as one.
    let courier = json!({ "kind": "platform", "platform_kind": "courier", "way": "oral", "pledged_on": null });
    let again = applies(&office, with(form("张伟民", ZHANG_WEIMIN), &courier)).await;
    let done = office.ask("applications.approve", approval(&[&again])).await;
    let page = office.member(done["members"][0]["id"].as_str().unwrap()).await;
    assert_eq!(
        (&page["fields"]["member_kind"], &page["fields"]["platform_kind"]),
        (&json!("platform"), &json!("courier"))
    );

    let wang = applies(&office, form("王芳", WANG_FANG)).await;
    let back = json!({ "ids": [wang], "event": "withdrawn", "on": "2026-03-03", "reason": "本人来电" });
    office.ask("applications.change", back).await;
    assert_eq!(application(&office, &wang).await["derived"]["possible"], json!([]));
    assert_eq!(office.ask("applications.waiting", json!({})).await["total"], 0);
}

#[tokio::test]
async fn a_draft_is_kept_and_handed_in_later() {
    let office = Desk::alone("平明镇总工会").await;
    let fields =
        json!({ "way": "oral", "kind": "flexible", "name": "王芳", "id_no": WANG_FANG, "applied_on": "2026-03-06" });
    let saved = office.ask("applications.save", json!({ "fields": fields })).await;
    assert_eq!(application(&office, saved["id"].as_str().unwrap()).await["state"], "draft");
    assert_eq!(office.ask("applications.waiting", json!({})).await["total"], 0);
    let early = office.refused("applications.approve", approval(&[saved["id"].as_str().unwrap()])).await;
    assert_eq!(early.code, "event_cannot_follow");
    office.ask("applications.apply", json!({ "id": saved["id"], "token": saved["token"], "fields": {} })).await;
    let page = application(&office, saved["id"].as_str().unwrap()).await;
    assert_eq!((&page["state"], &page["fields"]["due_on"]), (&json!("submitted"), &json!("2026-03-11")));
    let before = with(approval(&[saved["id"].as_str().unwrap()]), &json!({ "on": "2026-03-05" }));
    let before = office.refused("applications.approve", before).await;
    assert_eq!(before.fields[0].key, "approved_before_applied");
}

#[tokio::test]
async fn who_left_applies_again_and_nobody_is_entered_twice() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    let left = json!({ "id": id, "event": "left", "on": "2026-01-05", "reason": "own_wish", "document": "退会申请" });
    office.ask("members.change", left).await;
    let told = office.ask("applications.check", json!({ "fields": { "id_no": WANG_FANG } })).await;
    assert!(told["notices"].as_array().unwrap().iter().any(|notice| notice["key"] == "comes_back"), "{told}");
    let again = applies(&office, with(form("王芳", WANG_FANG), &json!({ "mobile": "13700000002" }))).await;
    let void = async |void: bool| {
        let token = office.member(&id).await["token"].clone();
        office.ask("members.void", json!({ "id": id, "token": token, "void": void, "reason": "登记错了" })).await;
    };
    void(true).await;
    assert_eq!(office.refused("applications.approve", approval(&[&again])).await.code, "event_cannot_follow");
    void(false).await;
    let done = office.ask("applications.approve", approval(&[&again])).await;
    assert_eq!(done["members"][0]["id"], id, "on the entry of before");
    let page = office.member(&id).await;
    assert_eq!((&page["state"], events(&page)), (&json!("active"), vec!["joined", "left", "joined"]));
    assert_eq!(office.full(&id, "mobile").await, "13700000002", "what she said now");
    assert_eq!(page["fields"]["employer"], "大平乳品厂");
    assert_eq!(members(&office).await, 1);
}

/// A thousand join together: applications and persons entered with their enterprise, in one act and on one resolution. One was
/// a member already by then, and one has not signed.
#[tokio::test]
async fn a_thousand_join_in_one_act() {
    let office = Desk::alone("平明镇总工会").await;
    let plant = office.ask("enterprises.save", json!({ "fields": { "name": "大平乳品厂" } })).await["id"].clone();
    let mut ids = Vec::new();
    for n in 0..500 {
        let fields = with(form(&format!("职工{n}"), &id_of(n)), &json!({ "enterprise": plant }));
        ids.push(applies(&office, fields).await);
    }
    for n in 500..1000 {
        let fields =
            json!({ "name": format!("职工{n}"), "id_no": id_of(n), "enterprise": plant, "employer": "大平乳品厂" });
        office.ask("members.save", json!({ "fields": fields })).await;
    }
    let unsigned =
        applies(&office, with(form("未签字", &id_of(1001)), &json!({ "enterprise": plant, "pledged_on": null }))).await;
    let elsewhere = applies(&office, form("别的单位", &id_of(1002))).await;
    let fields = json!({ "name": "抢先的人", "id_no": id_of(1003) });
    let quick = applies(&office, with(form("抢先的人", &id_of(1003)), &json!({ "enterprise": plant }))).await;
    office.ask("members.join", json!({ "fields": fields, "on": "2026-03-03" })).await;

    let of_plant = json!({ "enterprise": plant });
    let waiting = office.ask("applications.waiting", of_plant.clone()).await;
    assert_eq!(
        (&waiting["total"], &waiting["applications"], &waiting["entered"]),
        (&json!(502), &json!(503), &json!(500))
    );
    let ceremony = json!({ "reason": "集体入会仪式" });
    let ask = with(approval(&[]), &with(json!({ "waiting": of_plant }), &ceremony));
    let done = office.ask("applications.approve", ask).await;
    assert_eq!(done["approved"], 500);
    let mut refused: Vec<(&str, &str)> = done["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["say"]["zh"].as_str().unwrap()))
        .collect();
    refused.sort_unstable();
    assert_eq!(refused.len(), 2);
    let why = |id: &str| refused.iter().find(|(of, _)| *of == id).unwrap().1;
    assert!(why(&unsigned).contains("签字") && why(&quick).contains("证件号码"), "{refused:?}");

    let entered = json!({ "waiting": { "entered": true, "enterprise": plant } });
    let done = office.ask("applications.approve", with(approval(&[]), &with(entered, &ceremony))).await;
    assert_eq!((&done["approved"], &done["refused"]), (&json!(500), &json!([])));
    assert_eq!(members(&office).await, 1001);
    let left = office.ask("applications.waiting", json!({})).await;
    assert_eq!((&left["applications"], &left["entered"]), (&json!(3), &json!(0)));
    assert_eq!(application(&office, &elsewhere).await["state"], "submitted", "nobody else's");
    let page = application(&office, &ids[7]).await;
    let made = page["derived"]["member"]["id"].as_str().unwrap();
    assert_eq!(office.member(made).await["events"][0]["detail"]["reason"], "集体入会仪式");
}

/// Two PCs of an office decide on the same application without hearing of each other. Whoever reports first, one member stands.
async fn decided_twice(first_to_report: usize, second_decides: Value) -> (County, [Desk; 2], String) {
    let (county, stick) = (County::found().await, stick());
    let front = county.township("平明镇总工会", "320722104", "李强").await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    let id = applies(&front, form("王芳", WANG_FANG)).await;
    exchange_all(&[&front, &back, &county.desk]).await;

    front.ask("applications.approve", approval(&[&id])).await;
    let command = if second_decides.get("event").is_some() { "applications.change" } else { "applications.approve" };
    back.ask(command, with(second_decides, &json!({ "ids": [id] }))).await;
    let desks = [front, back];
    let (one, other) = (&desks[first_to_report], &desks[1 - first_to_report]);
    exchange_all(&[one, &county.desk, other]).await;
    exchange_all(&[one, &county.desk, other]).await;
    (county, desks, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_that_approve_one_application_make_one_member() {
    for first in [0, 1] {
        let another = with(approval(&[]), &json!({ "on": "2026-03-05", "document": "平工〔2026〕4号" }));
        let (county, desks, id) = decided_twice(first, another).await;
        for desk in [&desks[0], &desks[1], &county.desk] {
            for rebuilt in [false, true] {
                if rebuilt {
                    desk.ask("tables.rebuild", json!({})).await;
                }
                assert_eq!((members(desk).await, tile(desk, "needs_you").await), (1, Some(0)));
                let page = application(desk, &id).await;
                assert_eq!((&page["state"], &page["derived"]["contested"]), (&json!("approved"), &Value::Null));
                let member = desk.member(page["derived"]["member"]["id"].as_str().unwrap()).await;
                assert_eq!((&member["state"], &member["conflicts"]), (&json!("active"), &json!([])));
                assert_eq!(member["standing"]["mark"], "confirmed", "two that say the same leave nothing to choose");
                assert_eq!(events(&member), ["joined", "joined"], "both decisions stand in her history");
            }
            assert_eq!(desk.digest(&desks[0].stream()), county.desk.digest(&desks[0].stream()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pc_approves_and_the_other_does_not_and_both_are_told() {
    for first in [0, 1] {
        let no = json!({ "event": "rejected", "on": "2026-03-04", "reason": "材料不齐" });
        let (county, desks, id) = decided_twice(first, no).await;
        for desk in [&desks[0], &desks[1], &county.desk] {
            let page = application(desk, &id).await;
            assert_eq!(page["state"], "approved", "the member was made with it");
            assert!(page["derived"]["contested"]["zh"].as_str().unwrap().contains("两台电脑"));
            assert_eq!(members(desk).await, 1);
        }
        // It should not have been: the office puts it right on the member's page.
        let front = &desks[0];
        let made = application(front, &id).await["derived"]["member"]["id"].as_str().unwrap().to_owned();
        front.ask("members.correct", json!({ "id": made, "event": "joined", "reason": "材料不齐，不应批准" })).await;
        assert_eq!((&front.member(&made).await["state"], members(front).await), (&json!("none"), 0));
    }
}

#[tokio::test]
async fn a_membership_is_retained_with_its_reason_and_the_month_in_which_dues_stop() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    let ask = json!({ "id": id, "event": "retained", "on": "2026-01-15", "reason": "应征入伍", "kind": "military" });
    let early = with(ask.clone(), &json!({ "dues_stop": "2025-12" }));
    assert_eq!(office.refused("members.change", early).await.fields[0].key, "dues_stop");
    office.ask("members.change", ask).await;
    let page = office.member(&id).await;
    let detail = &page["events"][1]["detail"];
    assert_eq!((&detail["kind"], &detail["dues_stop"]), (&json!("military"), &json!("2026-02")));
    assert_eq!(members(&office).await, 0, "who is retained is not counted");
    let back = json!({ "id": id, "event": "restored", "on": "2026-02-15", "reason": "退役", "document": "退役证" });
    office.ask("members.change", back).await;
    assert_eq!((office.member(&id).await["state"].clone(), members(&office).await), (json!("active"), 1));
}

#[tokio::test]
async fn whoever_has_not_been_seen_is_warned_of_and_deemed_to_have_left_only_by_a_decision() {
    let office = Desk::alone("平明镇总工会").await;
    let wang = office.join("王芳", WANG_FANG).await;
    let zhang = office.join("张伟民", ZHANG_WEIMIN).await;
    let unknown = office.ask("members.warned", json!({})).await;
    assert_eq!((&unknown["total"], &unknown["unknown"]), (&json!(0), &json!(2)), "nothing follows from silence");
    for id in [&wang, &zhang] {
        let page = office.member(id).await;
        office.save(&page, json!({ "dues_paid_to": "2025-06-30" })).await;
    }
    assert_eq!(
        (tile(&office, "idle").await, office.ask("members.warned", json!({})).await["total"].clone()),
        (Some(2), json!(2))
    );

    // 张伟民 came to the meeting; nobody warns of him any more.
    let today = today_here();
    let came = json!({ "ids": [zhang], "on": today, "what": "会员大会" });
    assert_eq!(office.ask("members.seen", came).await["recorded"], 1);
    let warned = office.ask("members.warned", json!({})).await;
    assert_eq!((&warned["total"], &warned["rows"][0]["id"]), (&json!(1), &json!(wang)));
    assert_eq!((&warned["rows"][0]["level"], &warned["rows"][0]["talked_on"]), (&json!("deemed"), &Value::Null));
    assert_eq!(office.member(&wang).await["state"], "active", "nothing happens by itself");

    let deemed =
        json!({ "id": wang, "event": "left", "kind": "deemed", "on": today, "reason": "六个月未交会费、未参加活动" });
    assert_eq!(office.refused("members.change", deemed.clone()).await.fields[0].key, "decision_missing");
    let deemed = with(deemed, &json!({ "document": "平工〔2026〕8号" }));
    assert_eq!(office.refused("members.change", deemed.clone()).await.code, "deemed_untold");
    let his = with(deemed.clone(), &json!({ "id": zhang }));
    assert_eq!(office.refused("members.change", his).await.code, "deemed_too_soon");
    let talk = json!({ "id": wang, "event": "talked", "on": today, "reason": "电话联系，本人表示不再参加" });
    office.ask("members.change", talk).await;
    assert_eq!(office.member(&wang).await["derived"]["idle"]["talked_on"], today);
    office.ask("members.change", deemed).await;
    let page = office.member(&wang).await;
    assert_eq!((&page["state"], &page["events"][2]["detail"]["kind"]), (&json!("left"), &json!("deemed")));
    assert_eq!(tile(&office, "idle").await, None);

    // A payment for the whole list: who is no member any more is refused by name, the others are recorded.
    let paid = json!({ "ids": [wang, zhang], "on": today, "what": "收会费", "dues_to": today });
    let answer = office.ask("members.seen", paid).await;
    assert_eq!((&answer["recorded"], &answer["refused"][0]["name"]), (&json!(1), &json!("王芳")));
    assert_eq!(office.member(&zhang).await["fields"]["dues_paid_to"], today);
}

fn today_here() -> String {
    niangjia_host::moment().today().to_string()
}

/// Expelled at the township, reported up, taken on record at the county, and known at home after the exchange.
async fn taken_on_record(township: &Desk, county: &Desk, meet: impl AsyncFn()) {
    let id = township.join("王芳", WANG_FANG).await;
    let expel = json!({ "id": id, "event": "expelled", "on": "2026-02-03", "reason": "因犯罪被开除会籍" });
    assert_eq!(township.refused("members.change", expel.clone()).await.fields[0].key, "decision_missing");
    township.ask("members.change", with(expel, &json!({ "document": "平工〔2026〕2号" }))).await;
    assert_eq!(tile(township, "expulsions").await, None, "the county's to do");
    let own = json!({ "ids": [id], "on": "2026-02-10" });
    assert_eq!(township.refused("members.take_on_record", own.clone()).await.code, "on_record_elsewhere");
    meet().await;
    assert_eq!(tile(county, "expulsions").await, Some(1));
    let list = county.ask("members.expulsions", json!({})).await;
    let row = &list["waiting"][0];
    assert_eq!(
        (&row["name"], &row["document"], &row["office"]),
        (&json!("王芳"), &json!("平工〔2026〕2号"), &json!("平明镇总工会"))
    );
    let taken = county.ask("members.take_on_record", with(own, &json!({ "document": "备〔2026〕1号" }))).await;
    assert_eq!((&taken["taken"], tile(county, "expulsions").await), (&json!(1), None));
    let again = json!({ "ids": [id], "on": "2026-02-11" });
    assert_eq!(county.ask("members.take_on_record", again).await["taken"], 0, "once is enough");
    meet().await;
    let page = township.member(&id).await;
    assert!(page["derived"]["expulsion"]["zh"].as_str().unwrap().contains("2026-02-10"));
    assert_eq!((&page["state"], events(&page)), (&json!("expelled"), vec!["joined", "expelled", "on_record"]));
    let mine = township.ask("members.expulsions", json!({})).await;
    assert_eq!((&mine["waiting"], &mine["taken"][0]["taken_on"]), (&json!([]), &json!("2026-02-10")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expulsion_is_reported_up_and_taken_on_record_over_the_line() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    taken_on_record(&pingming, &county.desk, async || exchange_all(&[&pingming, &county.desk]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expulsion_is_reported_up_and_taken_on_record_by_stick() {
    let stick = stick();
    let (county, pingming) = pair(stick.path()).await;
    let meet = async || {
        county.import(&packet(&pingming, "county", stick.path()).await).await;
        pingming.import(&packet(&county, &pingming.office().to_string(), stick.path()).await).await;
    };
    taken_on_record(&pingming, &county, meet).await;
}

/// A slip of the pen is put right and stays in the history; who looks at an older page puts nothing right.
#[tokio::test]
async fn a_change_that_was_a_slip_is_put_right_and_nothing_is_lost() {
    let office = Desk::alone("平明镇总工会").await;
    let id = office.join("王芳", WANG_FANG).await;
    office
        .ask(
            "members.change",
            json!({ "id": id, "event": "deceased", "on": "2026-01-05", "reason": "deceased", "document": "证明" }),
        )
        .await;
    let page = office.member(&id).await;
    assert_eq!((&page["state"], &page["derived"]["last_change"]), (&json!("deceased"), &json!("deceased")));
    let wrong = json!({ "id": id, "event": "left", "reason": "登记错了人" });
    assert_eq!(office.refused("members.correct", wrong).await.code, "correct_gone");
    office.ask("members.correct", json!({ "id": id, "event": "deceased", "reason": "登记错了人" })).await;
    let page = office.member(&id).await;
    assert_eq!((&page["state"], events(&page)), (&json!("active"), vec!["joined", "deceased", "corrected"]));
    office.ask("tables.rebuild", json!({})).await;
    assert_eq!((office.member(&id).await["state"].clone(), members(&office).await), (json!("active"), 1));
}

/// The days and months are the county's to say, and an office's for itself.
#[tokio::test(flavor = "multi_thread")]
async fn local_practice_is_said_by_the_county_and_by_the_office() {
    let county = County::found().await;
    let pingming = county.township("平明镇总工会", "320722104", "李强").await;
    let line = async |desk: &Desk| desk.ask("practice.list", json!({})).await["lines"][0].clone();
    assert_eq!(
        (line(&pingming).await["value"].clone(), line(&pingming).await["from"].clone()),
        (json!(3), json!("built_in"))
    );
    county.desk.ask("practice.set", json!({ "key": "approval_days", "value": 5 })).await;
    exchange_all(&[&county.desk, &pingming]).await;
    assert_eq!(
        (line(&pingming).await["value"].clone(), line(&pingming).await["from"].clone()),
        (json!(5), json!("county"))
    );
    let id = applies(&pingming, form("王芳", WANG_FANG)).await;
    assert_eq!(application(&pingming, &id).await["fields"]["due_on"], "2026-03-09");
    pingming.ask("practice.set", json!({ "key": "approval_days", "value": 1 })).await;
    assert_eq!(
        (line(&pingming).await["value"].clone(), line(&pingming).await["from"].clone()),
        (json!(1), json!("own"))
    );
    assert_eq!(application(&pingming, &id).await["fields"]["due_on"], "2026-03-09", "what was applied for then");
    pingming.ask("practice.set", json!({ "key": "approval_days" })).await;
    assert_eq!(line(&pingming).await["from"], "county");
    let never = pingming.refused("practice.set", json!({ "key": "idle_deemed", "value": 3 })).await;
    assert_eq!(never.fields[0].key, "practice_out_of_range", "the constitution says six months");
}
