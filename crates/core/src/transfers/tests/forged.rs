//! An office writes past every command what only others may say.

use serde_json::json;

use super::{ANFENG, COUNTY, PINGMING, World, at, by_itself, joined};
use crate::{
    record::{RecordId, Value as Word},
    store::NewEvent,
    transfers::{LateEdit, Transfer, shared},
};

#[test]
fn nobody_is_let_go_by_the_word_of_another_office() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会"]);
    let (wang, id_no) = joined(&mut world, PINGMING, 0);
    let (old, new) = (world.office(PINGMING).parse().unwrap(), world.office(ANFENG).parse().unwrap());
    // 安峰 takes her in on her card, and writes the release itself, past every command.
    let ask = json!({ "from": "平明镇总工会", "id_no": id_no, "fields": { "name": "王芳" } });
    let entry: RecordId = world.ask(ANFENG, "transfers.accept", ask)["member"].as_str().unwrap().parse().unwrap();
    let forged = |event: &'static str, office| {
        let mut detail = shared::detail(office, at(), None);
        detail.push(("member", Word::Bytes(entry.0.to_vec().into())));
        NewEvent { name: event, detail }
    };
    let office = &world.pcs[ANFENG].office;
    let stream = office.own_stream();
    let letter = Transfer {
        member: Some(wang.parse().unwrap()),
        from_office: Some(old),
        to_office: Some(new),
        ..Transfer::blank()
    };
    by_itself(&world, ANFENG, |act| {
        let id = act.create(&stream, letter, Some(forged("released", old)))?;
        let layout = act.layout("transfer")?;
        let row = act.row(layout, id)?;
        act.change(layout, &row, &row.versions, &[], Some(forged("taken_in", new)))?;
        // And a late edit that nobody can read.
        let edit = LateEdit {
            name: None,
            of: "member".into(),
            record: None,
            from_office: Some(old),
            changes: vec![1, 2, 3],
            authors: None,
        };
        act.create(&stream, edit, None).map(|_| ())
    });
    world.all_sync();
    assert_eq!((world.counts(COUNTY, &wang), world.state(PINGMING, &wang)), (1, "active".to_owned()));
    let rulings: i64 = {
        let conn = world.pcs[COUNTY].office.store.write();
        conn.query_row("SELECT count(*) FROM ruling", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rulings, 0);
    // The county's receipts go on.
    let status = world.ask(PINGMING, "sync.status", json!({}));
    assert_eq!(status["unconfirmed"], 0);
}
