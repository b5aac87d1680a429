//! One database on two PCs: somebody copied the folder. Both write under one name, and still nothing is lost, nobody is
//! mixed up with anybody, and all agree.

use niangjia_core::replication::Stream;
use serde_json::{Value, json};
use stories::{
    County, Desk, cloned, cloned_as_it_lay, exchange_all,
    logs::{pruned, ready},
    restores::{snapshot, struck},
    stick::{number, stick},
};

const WANG_FANG: &str = "99010119900615007X";
const ZHANG_WEIMIN: &str = "990101198001010014";
const SHAN_XIAO: &str = "99010619880808004X";

/// Everything that can be seen of the members, as this desk shows it.
async fn shown(desk: &Desk) -> Vec<Value> {
    let mut all = Vec::new();
    for line in desk.ask("members.list", json!({ "limit": 50 })).await["rows"].as_array().unwrap() {
        let mut page = desk.member(line["id"].as_str().unwrap()).await;
        for own in ["token", "standing"] {
            page.as_object_mut().unwrap().remove(own);
        }
        all.push(page);
    }
    all.sort_by_key(|page| page["id"].to_string());
    all
}

async fn all_agree(county: &Desk, desks: [&Desk; 2]) {
    for _ in 0..3 {
        exchange_all(&[desks[0], desks[1], county]).await;
    }
    let (expected, stream) = (shown(county).await, desks[0].stream());
    for desk in desks {
        let told = desk.sync().await;
        assert_eq!((&told["in_step"], &told["received"]["changes"]), (&json!(true), &json!(0)), "{told}");
        assert_eq!(shown(desk).await, expected);
        for stream in [stream, Stream::County] {
            assert_eq!(desk.digest(&stream), county.digest(&stream));
        }
        let status = desk.ask("sync.status", json!({})).await;
        for nothing in ["unsent", "unconfirmed", "parked", "quarantined"] {
            assert_eq!(status[nothing], 0, "{nothing}");
        }
    }
    for desk in [county, desks[0], desks[1]] {
        desk.ask("tables.rebuild", json!({})).await;
        assert_eq!(shown(desk).await, expected, "rebuilt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pcs_under_one_name_lose_nothing_and_part() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = first.join("王芳", WANG_FANG).await;
    exchange_all(&[&first, &county.desk]).await;
    let mut second = cloned(&mut first).await;

    // The same counters on both sides: other people, and the same field of the same person.
    first.save(&first.member(&wang).await, json!({ "post": "车工" })).await;
    let zhang = first.join("张伟民", ZHANG_WEIMIN).await;
    second.save(&second.member(&wang).await, json!({ "post": "班长" })).await;
    let shan = second.join("单晓", SHAN_XIAO).await;
    second.save(&second.member(&shan).await, json!({ "post": "质检员" })).await;
    all_agree(&county.desk, [&first, &second]).await;
    assert_eq!(county.desk.found("张伟民").await + county.desk.found("单晓").await, 2);
    assert_eq!(county.desk.member(&shan).await["fields"]["post"], "质检员");
    let standing = |page: &Value| page["standing"]["mark"].clone();
    for desk in [&first, &second, &county.desk] {
        assert_eq!(standing(&desk.member(&wang).await), "needs_you", "two values, and both are kept");
    }

    // A person chooses, and both go on, each under a name of its own.
    let page = second.member(&wang).await;
    second.save(&page, json!({ "post": "班长" })).await;
    first.save(&first.member(&zhang).await, json!({ "post": "电工" })).await;
    first.reopen().await;
    second.reopen().await;
    all_agree(&county.desk, [&first, &second]).await;
    assert_eq!(first.member(&wang).await["fields"]["post"], "班长");
    assert_eq!(standing(&first.member(&wang).await), "confirmed");
    assert_eq!(second.member(&zhang).await["fields"]["post"], "电工");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_when_the_disk_was_copied_is_sealed_on_both_sides_and_counts_once() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = first.join("王芳", WANG_FANG).await;
    first.sync().await;
    // Without a line: a save, an entry into the union, a withdrawal. Then somebody copies the folder.
    first.save(&first.member(&wang).await, json!({ "post": "车工" })).await;
    let zhang = first.join("张伟民", ZHANG_WEIMIN).await;
    let left = json!({ "id": wang, "event": "left", "on": "2025-05-01", "reason": "own_wish", "document": "决定1" });
    first.ask("members.change", left).await;
    let second = cloned_as_it_lay(&mut first).await;
    // Each goes on from there before it meets the other.
    first.save(&first.member(&wang).await, json!({ "post": "班长" })).await;
    second.save(&second.member(&zhang).await, json!({ "post": "电工" })).await;
    all_agree(&county.desk, [&first, &second]).await;
    for desk in [&first, &second, &county.desk] {
        let page = desk.member(&wang).await;
        assert_eq!((&page["fields"]["post"], page["events"].as_array().unwrap().len()), (&json!("班长"), 2), "{page}");
        assert_eq!(page["standing"]["mark"], "confirmed", "there is nothing to choose");
        let page = desk.member(&zhang).await;
        assert_eq!((&page["fields"]["post"], page["events"].as_array().unwrap().len()), (&json!("电工"), 1), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_was_open_when_the_clone_became_known_is_saved() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let second = cloned(&mut first).await;
    first.join("王芳", WANG_FANG).await;
    first.sync().await;
    let shan = second.join("单晓", SHAN_XIAO).await;
    // On the screen; meanwhile the exchange finds the other one.
    let form = second.member(&shan).await;
    second.sync().await;
    second.save(&form, json!({ "post": "质检员" })).await;
    let page = second.member(&shan).await;
    assert_eq!((&page["fields"]["post"], &page["conflicts"]), (&json!("质检员"), &json!([])), "shown at once");
    assert_eq!(second.ask("sync.status", json!({})).await["parked"], 0);
    all_agree(&county.desk, [&first, &second]).await;
    assert_eq!(county.desk.member(&shan).await["fields"]["post"], "质检员");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_of_a_clone_is_understood_by_what_it_was_called_before() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let mut second = cloned(&mut first).await;
    first.join("王芳", WANG_FANG).await;
    second.join("张伟民", ZHANG_WEIMIN).await;
    second.sync().await;
    // Copied again before the first one is heard of.
    let third = cloned(&mut second).await;
    let shan = third.join("单晓", SHAN_XIAO).await;
    first.sync().await;
    // The third learns that it is a clone, and goes on; of the second's further work it has not heard yet.
    third.sync().await;
    let form = third.member(&shan).await;
    third.save(&form, json!({ "post": "质检员" })).await;
    second.join("赵一", "99010119700101001X").await;
    second.sync().await;
    third.sync().await;
    third.save(&form, json!({ "department": "一车间" })).await;
    let page = third.member(&shan).await;
    assert_eq!((&page["fields"]["department"], &page["conflicts"]), (&json!("一车间"), &json!([])), "shown at once");
    all_agree(&county.desk, [&third, &second]).await;
    all_agree(&county.desk, [&first, &second]).await;
    for desk in [&county.desk, &first, &second, &third] {
        let page = desk.member(&shan).await;
        assert_eq!(
            (&page["fields"]["post"], &page["fields"]["department"]),
            (&json!("质检员"), &json!("一车间")),
            "{page}"
        );
        assert_eq!(page["conflicts"], json!([]));
        assert_eq!(desk.ask("sync.status", json!({})).await["parked"], 0);
    }
}

/// A joining that waits while the disk is copied twice, to two PCs which each learn that they are clones without hearing of each
/// other: each seals it once more and calls it by a name of its own.
async fn sealed_thrice() -> (County, [Desk; 4], String) {
    let mut county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let mut second = cloned(&mut first).await;
    let shan = second.join("单晓", SHAN_XIAO).await;
    let third = cloned_as_it_lay(&mut second).await;
    let fourth = cloned_as_it_lay(&mut second).await;
    first.join("王芳", WANG_FANG).await;
    first.sync().await;
    third.sync().await;
    // What the third brought is gone again before the fourth comes.
    county.lose_everything().await;
    first.sync().await;
    fourth.sync().await;
    (county, [first, second, third, fourth], shan)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_clones_decide_on_a_change_that_waited_is_understood() {
    let (county, [first, second, third, fourth], shan) = sealed_thrice().await;
    let left = json!({ "id": shan, "event": "left", "on": "2025-05-01", "reason": "own_wish", "document": "决定1" });
    third.ask("members.change", left).await;
    fourth.save(&fourth.member(&shan).await, json!({ "department": "一车间" })).await;
    for _ in 0..2 {
        exchange_all(&[&third, &fourth, &second, &first]).await;
        all_agree(&county.desk, [&third, &fourth]).await;
        all_agree(&county.desk, [&first, &second]).await;
    }
    for desk in [&county.desk, &first, &second, &third, &fourth] {
        let page = desk.member(&shan).await;
        assert_eq!((&page["fields"]["department"], &page["conflicts"]), (&json!("一车间"), &json!([])), "{page}");
        assert_eq!(page["events"].as_array().unwrap().len(), 2, "joined once, and left: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_on_a_change_that_waited_is_saved_though_it_counts_under_another_clones_name() {
    let (county, [first, second, third, fourth], shan) = sealed_thrice().await;
    let forms = [third.member(&shan).await, fourth.member(&shan).await];
    exchange_all(&[&third, &fourth, &second]).await;
    let work = [json!({ "post": "质检员" }), json!({ "department": "一车间" })];
    for ((desk, form), fields) in [&third, &fourth].into_iter().zip(&forms).zip(work) {
        desk.save(form, fields.clone()).await;
        let page = desk.member(&shan).await;
        let (field, value) = fields.as_object().unwrap().iter().next().unwrap();
        assert_eq!((&page["fields"][field], &page["conflicts"]), (value, &json!([])), "shown at once");
        assert_eq!(desk.ask("sync.status", json!({})).await["parked"], 0);
    }
    all_agree(&county.desk, [&third, &fourth]).await;
    all_agree(&county.desk, [&first, &second]).await;
    for desk in [&county.desk, &first, &second, &third, &fourth] {
        let page = desk.member(&shan).await;
        let fields = (&page["fields"]["post"], &page["fields"]["department"]);
        assert_eq!((fields, &page["conflicts"]), ((&json!("质检员"), &json!("一车间")), &json!([])), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_county_decided_on_a_record_that_a_branch_made_is_understood() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    // Copied on the first day: the two part with their very first segments.
    let second = cloned(&mut first).await;
    let wang = first.join("王芳", WANG_FANG).await;
    first.sync().await;
    county.desk.sync().await;
    // The county saw the record and strikes it; of that register the record itself said nothing.
    let page = county.desk.member(&wang).await;
    let void = json!({ "id": wang, "token": page["token"], "reason": "重复登记", "void": true });
    county.desk.ask("members.void", void).await;
    county.desk.sync().await;
    second.join("单晓", SHAN_XIAO).await;
    all_agree(&county.desk, [&first, &second]).await;
    assert_eq!(second.member(&wang).await["void"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_county_that_built_on_one_branch_is_understood_when_the_other_one_comes() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = first.join("王芳", WANG_FANG).await;
    exchange_all(&[&first, &county.desk]).await;
    let second = cloned(&mut first).await;
    first.save(&first.member(&wang).await, json!({ "post": "车工" })).await;
    first.sync().await;
    county.desk.sync().await;
    // The county saw the first branch only, and mends what it saw.
    county.desk.save(&county.desk.member(&wang).await, json!({ "post": "车工（数控）" })).await;
    county.desk.sync().await;
    // The clone wrote about somebody else under the same counter.
    second.join("张伟民", ZHANG_WEIMIN).await;
    all_agree(&county.desk, [&first, &second]).await;
    let page = second.member(&wang).await;
    assert_eq!((&page["fields"]["post"], &page["standing"]["mark"]), (&json!("车工（数控）"), &json!("confirmed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_folder_put_back_from_yesterday_goes_on_beside_its_own_later_life() {
    let county = County::found().await;
    let mut today = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = today.join("王芳", WANG_FANG).await;
    exchange_all(&[&today, &county.desk]).await;
    // Yesterday's image of the disk: no second file that could tell.
    let yesterday = cloned(&mut today).await;
    today.save(&today.member(&wang).await, json!({ "post": "车工" })).await;
    today.join("张伟民", ZHANG_WEIMIN).await;
    today.sync().await;
    today.station.close().await;
    // The clerk works on for a morning before the line is back.
    let shan = yesterday.join("单晓", SHAN_XIAO).await;
    yesterday.sync().await;
    exchange_all(&[&yesterday, &county.desk]).await;
    let last = yesterday.sync().await;
    assert_eq!((&last["in_step"], &last["received"]["changes"]), (&json!(true), &json!(0)));
    assert_eq!(shown(&yesterday).await, shown(&county.desk).await);
    assert_eq!(yesterday.ask("home", json!({})).await["counts"]["members"], 3);
    assert_eq!(yesterday.member(&wang).await["fields"]["post"], "车工");
    assert_eq!(yesterday.member(&shan).await["standing"]["mark"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pc_that_has_pruned_and_its_clone_refill_a_hub_together() {
    let mut county = County::found().await;
    let mut front = county.township("平明镇总工会", "320722104", "李强").await;
    front.join("王芳", WANG_FANG).await;
    ready(&front, &county.desk).await;
    pruned(&front).await;
    let clone = cloned(&mut front).await;
    let zhou = clone.join("周杰", &number(3)).await;
    let zhao = front.join("赵敏", &number(1)).await;
    exchange_all(&[&front, &clone, &front, &county.desk, &clone]).await;
    county.lose_everything().await;
    // The county has no line today: there is only what lies behind the checkpoint, on two branches.
    for _ in 0..3 {
        exchange_all(&[&front, &clone]).await;
    }
    for desk in [&front, &clone] {
        assert_eq!(desk.sync().await["in_step"], true);
        assert_eq!(desk.full(&zhou, "mobile").await, "13900000001");
        assert_eq!(desk.full(&zhao, "mobile").await, "13900000001");
    }
    exchange_all(&[&county.desk, &front, &clone, &county.desk]).await;
    for desk in [&front, &clone] {
        assert_eq!(desk.digest(&front.stream()), county.desk.digest(&front.stream()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_on_a_branch_is_shown_though_nothing_is_left_of_the_fork() {
    let mut county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = first.join("王芳", WANG_FANG).await;
    exchange_all(&[&first, &county.desk]).await;
    let yesterday = snapshot(&first).await;
    let second = cloned(&mut first).await;
    first.save(&first.member(&wang).await, json!({ "post": "车工" })).await;
    first.sync().await;
    second.join("单晓", SHAN_XIAO).await;
    second.sync().await;
    // Now the first knows that it has a clone, and calls its own branch by the name of a segment; on that it builds.
    first.sync().await;
    first.save(&first.member(&wang).await, json!({ "post": "车工（数控）" })).await;

    // The clone is thrown away, the hub burns, and the first is restored from before the fork: what it wrote comes back by the second
    // file, and nothing tells of the clone any more.
    second.station.close().await;
    county.lose_everything().await;
    struck(&mut first, "李强", &yesterday).await;
    for desk in [&first, &county.desk] {
        exchange_all(&[&first, &county.desk]).await;
        let page = desk.member(&wang).await;
        assert_eq!((&page["fields"]["post"], &page["conflicts"]), (&json!("车工（数控）"), &json!([])));
        assert_eq!(desk.ask("sync.status", json!({})).await["parked"], 0);
    }
    county.agrees_with(&first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_on_a_branch_goes_into_no_checkpoint_without_it() {
    let (county, stick) = (County::found().await, stick());
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    exchange_all(&[&first, &county.desk]).await;
    let wang = first.join("王芳", WANG_FANG).await;
    let second = cloned_as_it_lay(&mut first).await;
    second.join("单晓", SHAN_XIAO).await;
    exchange_all(&[&second, &first, &county.desk]).await;
    // Both hold her on their branch. What is written on her from here on goes by a chain that is not forked, and is summed up.
    let page = first.member(&wang).await;
    first.ask("members.void", json!({ "id": wang, "token": page["token"], "reason": "重复登记", "void": true })).await;
    ready(&first, &county.desk).await;
    let all = async |desk: &Desk| (shown(desk).await, desk.member(&wang).await["void"].clone());
    let before = all(&first).await;
    assert_eq!(before.1, true);
    pruned(&first).await;
    let (invite, code) = first.further(stick.path(), "新电脑").await;
    let fresh = Desk::joined(&invite, &code, "吴芳").await;
    exchange_all(&[&fresh, &county.desk, &first, &county.desk]).await;
    for desk in [&first, &fresh, &county.desk] {
        desk.sync().await;
        assert_eq!(all(desk).await, before);
        assert_eq!(desk.digest(&first.stream()), first.digest(&first.stream()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clone_sent_is_not_counted_as_sent_from_here() {
    let county = County::found().await;
    let mut first = county.township("平明镇总工会", "320722104", "李强").await;
    exchange_all(&[&first, &county.desk]).await;
    let second = cloned(&mut first).await;
    first.join("张伟民", ZHANG_WEIMIN).await;
    let shan = second.join("单晓", SHAN_XIAO).await;
    first.sync().await;

    // The hub says what it holds under the name of both, and then the line breaks.
    let (mine, theirs) = (second.station.office().unwrap(), first.station.office().unwrap().frontiers().unwrap());
    mine.seal(&mut niangjia_host::moment().rng).unwrap();
    let unsent = second.ask("sync.status", json!({})).await["unsent"].clone();
    assert!(unsent.as_u64() > Some(0));
    for (stream, there) in &theirs {
        mine.hub_has(stream, there).unwrap();
    }
    assert_eq!(second.ask("sync.status", json!({})).await["unsent"], unsent);
    assert_eq!(second.member(&shan).await["standing"]["mark"], "saved");
    all_agree(&county.desk, [&first, &second]).await;
}

/// The registrar has no line for a month, and the hub's disk is lost: of the office's days there is a checkpoint that tells of the
/// other branch, and nobody on this one can stand on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_a_clone_cannot_use_does_not_come_with_every_exchange() {
    let mut county = County::found().await;
    let stick = stick();
    let mut front = county.township("平明镇总工会", "320722104", "李强").await;
    let wang = front.join("王芳", WANG_FANG).await;
    let (invite, code) = front.further(stick.path(), "服务窗口").await;
    let back = Desk::joined(&invite, &code, "王丽").await;
    exchange_all(&[&front, &back, &county.desk]).await;
    let mut clone = cloned(&mut front).await;
    front.save(&front.member(&wang).await, json!({ "post": "车工" })).await;
    exchange_all(&[&front, &back, &county.desk]).await;
    ready(&back, &county.desk).await;
    pruned(&back).await;
    county.lose_everything().await;

    clone.save(&clone.member(&wang).await, json!({ "post": "班长" })).await;
    let came = async |desk: &Desk| desk.sync().await["received"]["segments"].as_u64().unwrap();
    back.sync().await;
    assert!(came(&clone).await > 0);
    for _ in 0..3 {
        back.sync().await;
        assert_eq!(came(&clone).await, 0, "the checkpoint came again");
    }
    // Whoever starts the program anew may hope anew.
    clone.reopen().await;
    assert!(came(&clone).await > 0);
    assert_eq!(came(&clone).await, 0, "the checkpoint came again");

    all_agree(&county.desk, [&back, &clone]).await;
}
