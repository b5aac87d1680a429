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
    store::{Act, Moment, merge},
};

mod forged;
mod late;
pub(crate) mod orders;
mod twice;

thread_local! {
    static TICK: Cell<u64> = const { Cell::new(1) };
}

/// The next moment, with chance of its own.
pub(crate) fn moment() -> Moment {
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

pub(crate) struct World {
    pub(crate) pcs: Vec<Founded>,
    relay: Relay,
}

/// The county is the first PC; then come offices.
pub(crate) const COUNTY: usize = 0;

impl World {
    pub(crate) fn new(folder: &Path, offices: &[&str]) -> Self {
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

    pub(crate) fn call(&self, pc: usize, name: &str, ask: Value) -> Result<Value, Fault> {
        let founded = &self.pcs[pc];
        let caller = Caller { clerk: founded.clerk.id, roles: Role::ALL.to_vec(), moment: moment() };
        founded.office.call(name, ask, caller).map(|(answer, _)| answer)
    }

    pub(crate) fn ask(&self, pc: usize, name: &str, ask: Value) -> Value {
        self.call(pc, name, ask)
            .unwrap_or_else(|fault| panic!("{name}: {}: {} {:?}", fault.code, fault.say.en, fault.fields))
    }

    /// One exchange: what is new here goes up, what is new there comes down, and what the program writes behind it goes up.
    pub(crate) fn sync(&mut self, pc: usize) {
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

    pub(crate) fn push(&mut self, pc: usize) {
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

    pub(crate) fn all_sync(&mut self) {
        for _ in 0..2 {
            (1..self.pcs.len()).chain([COUNTY]).for_each(|pc| self.sync(pc));
        }
    }

    pub(crate) fn member(&self, pc: usize, id: &str) -> Value {
        self.ask(pc, "members.get", json!({ "id": id }))
    }

    pub(crate) fn save(&self, pc: usize, id: &str, fields: Value) {
        let token = self.member(pc, id)["token"].clone();
        self.ask(pc, "members.save", json!({ "id": id, "token": token, "fields": fields }));
    }

    pub(crate) fn state(&self, pc: usize, id: &str) -> String {
        self.member(pc, id)["state"].as_str().unwrap_or("").to_owned()
    }

    pub(crate) fn office(&self, pc: usize) -> String {
        self.pcs[pc].office.identity().office.to_string()
    }

    pub(crate) fn transfer(&self, pc: usize, id: &Value) -> Value {
        let list = self.ask(pc, "transfers.list", json!({}));
        list["rows"].as_array().unwrap().iter().find(|row| row["id"] == *id).cloned().unwrap_or(Value::Null)
    }

    /// How often a PC counts this record, over the streams of all offices that it reads.
    pub(crate) fn counts(&self, pc: usize, id: &str) -> i64 {
        let sql =
            "SELECT count(*) FROM member WHERE id = unhex(?1) AND void = 0 AND state IN ('active', 'out_in_transit')";
        self.pcs[pc].office.store.write().query_row(sql, [id], |row| row.get(0)).unwrap()
    }

    pub(crate) fn late(&self, pc: usize, id: &str) -> Vec<Value> {
        let late = self.ask(pc, "transfers.late", json!({}));
        let rows = late["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["record"] == *id && row["state"] == "waiting").cloned().collect()
    }

    /// Every row of members, cards and transfers of a PC, as anybody who has the same segments must have it.
    pub(crate) fn rows(&self, pc: usize) -> BTreeMap<String, String> {
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
                 || '|' || (SELECT count(*) FROM event e WHERE e.kind = ?1 AND e.rec = r.rec), r.rec
                 FROM {kind} r JOIN stream s ON s.no = r.stream JOIN ident i ON i.no = r.ver_inc"
            );
            let no = office.store.schema.kind(kind).unwrap().no;
            let mut statement = conn.prepare(&sql).unwrap();
            let mut rows = statement.query([no]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let (key, shown, rec): (String, String, i64) =
                    (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
                let mut past: Vec<String> = merge::past(&conn, no, rec)
                    .unwrap()
                    .into_iter()
                    .map(|entry| {
                        let who = hex::encode(office.store.memory().ident(entry.inc).unwrap());
                        let mut sets: Vec<String> = entry.sets.iter().map(|set| format!("{set:?}")).collect();
                        sets.sort();
                        format!("{who}.{}: {}", entry.ctr, sets.join(" "))
                    })
                    .collect();
                past.sort();
                out.insert(format!("{kind} {key}"), format!("{shown}\n{}", past.join("\n")));
            }
        }
        out
    }

    /// Each PC's tables, made again from its log, are what they were.
    pub(crate) fn rebuilt_alike(&self) {
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
    pub(crate) fn agrees(&self, pc: usize) {
        let of = format!("@office/{}", self.office(pc));
        let own = |world: &Self, at: usize| -> BTreeMap<String, String> {
            world.rows(at).into_iter().filter(|(key, _)| key.ends_with(&of)).collect()
        };
        assert_eq!(own(self, pc), own(self, COUNTY), "PC {pc}");
    }
}

/// So many days go by.
pub(crate) fn days_later(days: u64) {
    TICK.set(TICK.get() + days * 86_400_000);
}

/// Writes past every command, as the program itself does.
pub(crate) fn by_itself(world: &World, pc: usize, write: impl FnOnce(&mut Act<'_>) -> Result<(), Fault>) {
    let office = &world.pcs[pc].office;
    let conn = office.store.write();
    let tx = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate).unwrap();
    let memory = (*office.store.memory()).clone();
    office.by_itself(tx, memory, moment(), &[], write).unwrap();
}

/// An ID number of the unassigned area with a right check character.
pub(crate) fn number(n: usize) -> String {
    let digits = format!("99010119{:02}0101{:03}", 60 + n / 999, n % 999);
    let check = crate::checks::id_number::check_character(&digits).unwrap();
    format!("{digits}{check}")
}

pub(crate) fn joined(world: &mut World, pc: usize, n: usize) -> (String, String) {
    let id_no = number(n);
    let fields = json!({ "name": "王芳", "id_no": id_no, "employer": "平明粮站", "mobile": "13900000001" });
    let id = world.ask(pc, "members.join", json!({ "fields": fields, "on": "2025-03-01" }))["id"].clone();
    world.sync(pc);
    world.sync(COUNTY);
    (id.as_str().unwrap().to_owned(), id_no)
}

pub(crate) const PINGMING: usize = 1;
pub(crate) const ANFENG: usize = 2;
pub(crate) const SHUANGDIAN: usize = 3;

pub(crate) fn at() -> chrono::NaiveDate {
    moment().today()
}
