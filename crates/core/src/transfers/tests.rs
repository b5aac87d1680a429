//! Every order in which offices return that acted without a line: enumerated, not drawn. The PCs are real; between them stands
//! a relay that keeps segments and hands them on.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_replication::{
    Frontier, Head, Limits, Segment, Stream,
    enrol::{self, Code},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use rusqlite::{Transaction, TransactionBehavior};
use serde_json::{Value, json};

use crate::{
    fault::Fault,
    founding::{self, Founded},
    office::Caller,
    people::Role,
    record::{RecordId, Value as Word},
    store::{Moment, NewEvent},
};

use super::{LateEdit, Transfer, shared};

thread_local! {
    static TICK: Cell<u64> = const { Cell::new(1) };
}

/// The next moment, with chance of its own.
fn moment() -> Moment {
    let tick = TICK.replace(TICK.get() + 1);
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&tick.to_be_bytes());
    Moment { wall: 1_790_000_000_000 + i64::try_from(tick).unwrap(), rng: ChaCha20Rng::from_seed(seed) }
}

#[derive(Default)]
struct Relay {
    streams: BTreeMap<Stream, (Frontier, Vec<Vec<u8>>)>,
    /// How far each PC has fetched each stream.
    fetched: BTreeMap<(usize, Stream), usize>,
}

struct World {
    pcs: Vec<Founded>,
    relay: Relay,
}

/// The county is the first PC; then come offices.
const COUNTY: usize = 0;

impl World {
    fn new(folder: &Path, offices: &[&str]) -> Self {
        let county = founding::county(&folder.join("county.db"), "东海县总工会", "320722", "周敏", moment()).unwrap();
        let mut world = Self { pcs: vec![county], relay: Relay::default() };
        for (n, name) in offices.iter().enumerate() {
            let ask = json!({ "name": name, "code": format!("32072210{n}") });
            let invited = world.ask(COUNTY, "offices.invite", ask);
            let packet = STANDARD.decode(invited["packet"].as_str().unwrap()).unwrap();
            let code = Code::parse(invited["code"].as_str().unwrap()).unwrap();
            let file = folder.join(format!("office-{n}.db"));
            let joined = founding::join(&file, enrol::open(&packet, &code).unwrap(), "李强", moment()).unwrap();
            world.pcs.push(joined);
        }
        for _ in 0..3 {
            (0..world.pcs.len()).for_each(|pc| world.sync(pc));
        }
        world
    }

    fn call(&self, pc: usize, name: &str, ask: Value) -> Result<Value, Fault> {
        let founded = &self.pcs[pc];
        let caller = Caller { clerk: founded.clerk.id, roles: Role::ALL.to_vec(), moment: moment() };
        founded.office.call(name, ask, caller).map(|(answer, _)| answer)
    }

    fn ask(&self, pc: usize, name: &str, ask: Value) -> Value {
        self.call(pc, name, ask).unwrap_or_else(|fault| panic!("{name}: {}: {}", fault.code, fault.say.en))
    }

    /// One exchange: what is new here goes up, what is new there comes down, and what the program writes behind it goes up.
    fn sync(&mut self, pc: usize) {
        for _ in 0..4 {
            self.push(pc);
            let office = &self.pcs[pc].office;
            let streams: BTreeSet<Stream> = office.streams().into_iter().collect();
            let mut news = 0;
            for stream in streams {
                let Some((_, segments)) = self.relay.streams.get(&stream) else { continue };
                let from = self.relay.fetched.entry((pc, stream)).or_default();
                let received = office.receive(&stream, &segments[*from..], moment()).unwrap();
                news += received.0.segments;
                *from = segments.len();
            }
            if news + office.receipts(moment()).unwrap() as u64 == 0 {
                break;
            }
        }
    }

    fn push(&mut self, pc: usize) {
        let office = &self.pcs[pc].office;
        office.seal(&mut moment().rng).unwrap();
        for (stream, _) in office.frontiers().unwrap() {
            let (frontier, kept) = self.relay.streams.entry(stream).or_insert_with(|| (Frontier::new(), Vec::new()));
            for bytes in office.segments_after(&stream, frontier, usize::MAX).unwrap() {
                let segment = Segment::parse(&bytes, &Limits::STANDARD).unwrap();
                let (chain, seq, hash) = (segment.header().chain, segment.header().seq, segment.hash());
                frontier.add(chain, Head { seq, hash });
                kept.push(bytes);
            }
        }
    }

    fn all_sync(&mut self) {
        for _ in 0..2 {
            (1..self.pcs.len()).chain([COUNTY]).for_each(|pc| self.sync(pc));
        }
    }

    fn member(&self, pc: usize, id: &str) -> Value {
        self.ask(pc, "members.get", json!({ "id": id }))
    }

    fn save(&self, pc: usize, id: &str, fields: Value) {
        let token = self.member(pc, id)["token"].clone();
        self.ask(pc, "members.save", json!({ "id": id, "token": token, "fields": fields }));
    }

    fn state(&self, pc: usize, id: &str) -> String {
        self.member(pc, id)["state"].as_str().unwrap_or("").to_owned()
    }

    fn office(&self, pc: usize) -> String {
        self.pcs[pc].office.identity().office.to_string()
    }

    fn transfer(&self, pc: usize, id: &Value) -> Value {
        let list = self.ask(pc, "transfers.list", json!({}));
        list["rows"].as_array().unwrap().iter().find(|row| row["id"] == *id).cloned().unwrap_or(Value::Null)
    }

    /// How often a PC counts this record, over the streams of all offices that it reads.
    fn counts(&self, pc: usize, id: &str) -> i64 {
        let sql =
            "SELECT count(*) FROM member WHERE id = unhex(?1) AND void = 0 AND state IN ('active', 'out_in_transit')";
        self.pcs[pc].office.store.write().query_row(sql, [id], |row| row.get(0)).unwrap()
    }

    fn late(&self, pc: usize, id: &str) -> Vec<Value> {
        let late = self.ask(pc, "transfers.late", json!({}));
        let rows = late["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["record"] == *id && row["state"] == "waiting").cloned().collect()
    }

    /// Every row of members, cards and transfers of a PC, as anybody who has the same segments must have it.
    fn rows(&self, pc: usize) -> BTreeMap<String, String> {
        let office = &self.pcs[pc].office;
        let conn = office.store.write();
        let mut out = BTreeMap::new();
        for (kind, fields) in [
            (
                "member",
                "r.name || '|' || coalesce(employer, '') || '|' || coalesce(residence, '') || '|' || coalesce(contact_other, '') || '|' || coalesce(trade, '')",
            ),
            ("card", "number"),
            ("transfer", "coalesce(number, '')"),
            ("late_edit", "hex(changes)"),
        ] {
            let sql = format!(
                "SELECT hex(r.id) || '@' || s.name, {fields} || '|' || coalesce(r.state, '') || '|' || r.void || '|' || hex(i.id) || r.ver_ctr
                 || '|' || (SELECT count(*) FROM leaf l WHERE l.kind = ?1 AND l.rec = r.rec)
                 || '|' || (SELECT count(*) FROM event e WHERE e.kind = ?1 AND e.rec = r.rec)
                 FROM {kind} r JOIN stream s ON s.no = r.stream JOIN ident i ON i.no = r.ver_inc"
            );
            let no = office.store.schema.kind(kind).unwrap().no;
            let mut statement = conn.prepare(&sql).unwrap();
            let rows =
                statement.query_map([no], |r| Ok((format!("{kind} {}", r.get::<_, String>(0)?), r.get(1)?))).unwrap();
            out.extend(rows.map(Result::unwrap));
        }
        out
    }

    /// Each PC's tables, made again from its log, are what they were.
    fn rebuilt_alike(&self) {
        for pc in 0..self.pcs.len() {
            let before = self.rows(pc);
            self.pcs[pc].office.rebuild().unwrap();
            let after = self.rows(pc);
            for (key, row) in &before {
                assert_eq!(after.get(key), Some(row), "PC {pc}, {key}");
            }
            assert_eq!(before.len(), after.len(), "PC {pc}");
        }
    }

    /// What an office shows of its own stream, the county shows of it too.
    fn agrees(&self, pc: usize) {
        let of = format!("@office/{}", self.office(pc));
        let own = |world: &Self, at: usize| -> BTreeMap<String, String> {
            world.rows(at).into_iter().filter(|(key, _)| key.ends_with(&of)).collect()
        };
        assert_eq!(own(self, pc), own(self, COUNTY), "PC {pc}");
    }
}

/// Every order of these, each once.
fn orders(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut out = Vec::new();
    for first in of.iter().copied().collect::<BTreeSet<_>>() {
        let at = of.iter().position(|one| *one == first).unwrap();
        let rest: Vec<usize> = of.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, one)| *one).collect();
        out.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first);
            order
        }));
    }
    out
}

/// An ID number of the unassigned area with a right check character.
fn number(n: usize) -> String {
    let digits = format!("99010119{:02}0101{:03}", 60 + n / 999, n % 999);
    let check = crate::checks::id_number::check_character(&digits).unwrap();
    format!("{digits}{check}")
}

fn joined(world: &mut World, pc: usize, n: usize) -> (String, String) {
    let id_no = number(n);
    let fields = json!({ "name": "王芳", "id_no": id_no, "employer": "平明粮站", "mobile": "13900000001" });
    let id = world.ask(pc, "members.join", json!({ "fields": fields, "on": "2025-03-01" }))["id"].clone();
    world.sync(pc);
    world.sync(COUNTY);
    (id.as_str().unwrap().to_owned(), id_no)
}

const PINGMING: usize = 1;
const ANFENG: usize = 2;
const SHUANGDIAN: usize = 3;

#[test]
fn in_whatever_order_two_offices_return_she_is_counted_once_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会"]);
    let all = orders(&[COUNTY, PINGMING, ANFENG, COUNTY, PINGMING, ANFENG]);
    assert_eq!(all.len(), 90);
    let (mut with_the_file, mut in_the_tray) = (0, 0);
    for (n, order) in all.into_iter().enumerate() {
        let (wang, id_no) = joined(&mut world, PINGMING, n);
        // Nobody has a line; what is written meanwhile goes out in some order.
        world.save(PINGMING, &wang, json!({ "residence": "平安路 3 号" }));
        let to = world.office(ANFENG);
        let slip =
            world.ask(PINGMING, "transfers.release", json!({ "member": wang, "to": to, "reason": "employment" }));
        world.save(PINGMING, &wang, json!({ "contact_other": "邻居李婶" }));
        let fields = json!({ "employer": "安峰服装厂", "trade": "缝纫工" });
        world.ask(ANFENG, "transfers.accept", json!({ "slip": slip["slip"], "id_no": id_no, "fields": fields }));
        for pc in &order {
            world.sync(*pc);
            assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        }
        world.all_sync();
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 0), (ANFENG, 1)] {
            assert_eq!(world.counts(pc, &wang), counts, "{order:?}");
            assert_eq!(world.transfer(pc, &slip["id"])["state"], "confirmed", "{order:?}");
        }
        assert_eq!(world.state(PINGMING, &wang), "transferred", "{order:?}");
        let page = world.member(ANFENG, &wang);
        assert_eq!((&page["state"], &page["conflicts"]), (&json!("active"), &json!([])), "{order:?}");
        for (field, value) in [("employer", "安峰服装厂"), ("residence", "平安路 3 号"), ("trade", "缝纫工")]
        {
            assert_eq!(page["fields"][field], value, "{order:?}");
        }
        // What 平明 wrote after the slip came with the file, or waits for a person in 安峰.
        let late = world.late(ANFENG, &wang);
        if page["fields"]["contact_other"] == "邻居李婶" {
            assert_eq!(late.len(), 0, "{order:?}");
            with_the_file += 1;
        } else {
            assert_eq!(late.len(), 1, "{order:?}");
            world.ask(ANFENG, "transfers.take_late", json!({ "id": late[0]["id"] }));
            assert_eq!(world.member(ANFENG, &wang)["fields"]["contact_other"], "邻居李婶", "{order:?}");
            in_the_tray += 1;
        }
    }
    assert!(with_the_file > 10 && in_the_tray > 10, "{with_the_file} {in_the_tray}");
    world.all_sync();
    world.agrees(PINGMING);
    world.agrees(ANFENG);
    world.rebuilt_alike();
}

#[test]
fn taken_in_at_two_places_both_are_held_in_every_order_and_the_county_decides() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会", "双店镇总工会"]);
    let all = orders(&[COUNTY, PINGMING, ANFENG, SHUANGDIAN, COUNTY]);
    assert_eq!(all.len(), 60);
    let mut confirmed_first = 0;
    for (n, order) in all.into_iter().enumerate() {
        let (wang, id_no) = joined(&mut world, PINGMING, n);
        // An open slip, copied.
        let slip = world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
        for (pc, employer) in [(ANFENG, "安峰服装厂"), (SHUANGDIAN, "双店电子厂")] {
            let ask = json!({ "slip": slip["slip"], "id_no": id_no, "fields": { "employer": employer } });
            world.ask(pc, "transfers.accept", ask);
        }
        for pc in &order {
            world.sync(*pc);
            assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        }
        world.all_sync();
        assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        for pc in [COUNTY, PINGMING, ANFENG, SHUANGDIAN] {
            assert_eq!(world.transfer(pc, &slip["id"])["state"], "disputed", "{order:?}");
        }
        let held = [world.state(ANFENG, &wang), world.state(SHUANGDIAN, &wang)];
        assert!(held.iter().all(|s| s == "provisional" || s == "active"), "nobody is dropped: {held:?} {order:?}");
        confirmed_first += usize::from(held.contains(&"active".to_owned()));

        // The county asks both, and decides: for one or the other, in turn.
        let (holder, other) = if n % 2 == 0 { (SHUANGDIAN, ANFENG) } else { (ANFENG, SHUANGDIAN) };
        let ask = json!({ "id": slip["id"], "office": world.office(holder), "reason": "劳动合同在这里" });
        assert_eq!(world.call(other, "transfers.decide", ask.clone()).unwrap_err().code, "not_registrar");
        world.ask(COUNTY, "transfers.decide", ask);
        assert_eq!(world.counts(COUNTY, &wang), 1, "{order:?}");
        world.all_sync();
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 0), (holder, 1), (other, 0)] {
            assert_eq!(world.counts(pc, &wang), counts, "{order:?}");
            assert_eq!(world.transfer(pc, &slip["id"])["state"], "confirmed", "{order:?}");
        }
        assert_eq!(world.state(other, &wang), "transferred", "{order:?}");
        let employer = if holder == ANFENG { "安峰服装厂" } else { "双店电子厂" };
        assert_eq!(world.member(holder, &wang)["fields"]["employer"], employer, "{order:?}");
    }
    assert!(confirmed_first > 5, "{confirmed_first}");
    for pc in [PINGMING, ANFENG, SHUANGDIAN] {
        world.agrees(pc);
    }
    world.rebuilt_alike();
}

/// Released to 安峰, taken in there, and confirmed before 平明 comes back.
fn confirmed_early(world: &mut World, n: usize) -> (String, Value) {
    let (wang, id_no) = joined(world, PINGMING, n);
    let slip = world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
    world.ask(ANFENG, "transfers.accept", json!({ "slip": slip["slip"], "id_no": id_no, "fields": {} }));
    world.sync(ANFENG);
    world.sync(COUNTY);
    world.sync(ANFENG);
    assert_eq!(world.state(ANFENG, &wang), "active");
    (wang, slip["id"].clone())
}

#[test]
fn what_builds_on_a_refused_edit_is_not_taken_and_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会"]);
    let (wang, _) = confirmed_early(&mut world, 0);
    world.save(PINGMING, &wang, json!({ "residence": "平明街 1 号" }));
    // The county has it; 平明 has not heard that she is held elsewhere, and corrects what it wrote.
    world.push(PINGMING);
    world.sync(COUNTY);
    world.save(PINGMING, &wang, json!({ "residence": "平明街 2 号" }));
    world.sync(ANFENG);
    let first = world.late(ANFENG, &wang);
    world.ask(ANFENG, "transfers.refuse_late", json!({ "id": first[0]["id"], "reason": "本人说已搬走" }));
    world.all_sync();
    let second = world.late(ANFENG, &wang);
    assert_eq!(second.len(), 1);
    let refused = world.call(ANFENG, "transfers.take_late", json!({ "id": second[0]["id"] })).unwrap_err();
    assert_eq!(refused.code, "adoption_waits");
    assert_eq!(world.late(ANFENG, &wang).len(), 1, "it waits still, and nothing says that it was taken");
    world.save(ANFENG, &wang, json!({ "residence": "安峰镇 8 号" }));
    world.all_sync();
    world.agrees(ANFENG);
    world.rebuilt_alike();
    let status = world.ask(ANFENG, "sync.status", json!({}));
    assert_eq!((&status["parked"], &status["unconfirmed"]), (&json!(0), &json!(0)));
}

#[test]
fn decided_for_the_old_office_she_is_there_again_and_can_be_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), &["平明镇总工会", "安峰镇总工会", "双店镇总工会"]);
    for (n, confirmed_before) in [(0, true), (1, false)] {
        let (wang, id_no) = joined(&mut world, PINGMING, n);
        let slip = world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
        for pc in [ANFENG, SHUANGDIAN] {
            world.ask(pc, "transfers.accept", json!({ "slip": slip["slip"], "id_no": id_no, "fields": {} }));
            if confirmed_before {
                world.sync(pc);
                world.sync(COUNTY);
            }
        }
        world.all_sync();
        let ask = json!({ "id": slip["id"], "office": world.office(PINGMING), "reason": "劳动合同还在平明" });
        world.ask(COUNTY, "transfers.decide", ask.clone());
        world.all_sync();
        assert_eq!(world.state(PINGMING, &wang), "active", "{confirmed_before}");
        for (pc, counts) in [(COUNTY, 1), (PINGMING, 1), (ANFENG, 0), (SHUANGDIAN, 0)] {
            assert_eq!(world.counts(pc, &wang), counts, "{confirmed_before} {pc}");
        }
        assert_eq!(world.call(COUNTY, "transfers.decide", ask).unwrap_err().code, "transfer_cannot", "once is enough");
        world.ask(PINGMING, "transfers.release", json!({ "member": wang, "reason": "employment" }));
        assert_eq!(world.state(PINGMING, &wang), "out_in_transit");
    }
}

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
    let conn = office.store.write();
    let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate).unwrap();
    let memory = (*office.store.memory()).clone();
    office
        .by_itself(tx, memory, moment(), &[], |act| {
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
        })
        .unwrap();
    drop(conn);
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

fn at() -> chrono::NaiveDate {
    moment().today()
}
