//! What must hold once faults have stopped and everybody has exchanged.

use std::collections::{BTreeMap, BTreeSet};

use niangjia_replication::{Frontier, Head, Incarnation, Limits, Segment, Stream};
use serde_json::json;

use crate::{
    dump::{Rows, dump, stands_on_checkpoint},
    world::World,
};

impl World {
    pub(crate) fn check(&mut self) {
        let alive = self.alive();
        let mut readers: BTreeMap<Stream, Vec<usize>> = BTreeMap::new();
        for pc in &alive {
            for stream in self.pcs[*pc].office().streams() {
                readers.entry(stream).or_default().push(*pc);
            }
        }
        for (stream, readers) in &readers {
            self.digests_agree(stream, readers);
        }
        for pc in alive {
            self.status(pc);
            self.drafts(pc);
            self.listed(pc);
        }
        self.photos_are_everywhere();
        self.hub_is_whole();
        self.rows_agree(&readers);
        self.nothing_is_lost();
        self.persons();
        self.movers_stand();
        self.cards_stand();
        self.audit();
    }

    fn digests_agree(&mut self, stream: &Stream, readers: &[usize]) {
        let mut digests: Vec<String> = Vec::new();
        for pc in readers {
            match self.pcs[*pc].office().digest(stream) {
                Ok(digest) => digests.push(digest),
                Err(fault) => return self.breaks(format!("PC {pc}: no digest: {fault}")),
            }
        }
        self.trace.note(format!("{stream}: {}", digests[0]));
        if digests.iter().any(|digest| *digest != digests[0]) {
            self.breaks(format!("{stream}: the digests of PCs {readers:?} differ"));
            for pc in readers {
                self.heads_apart(stream, *pc);
                self.counts(stream, *pc);
                self.reasons(*pc);
            }
        }
        let mine = self.frontier(readers[0], stream);
        if !mine.is_empty() && mine != self.hub.frontier(stream) {
            self.breaks(format!("{stream}: the hub does not hold what PC {} holds", readers[0]));
            self.heads_apart(stream, readers[0]);
        }
    }

    fn frontier(&self, pc: usize, stream: &Stream) -> Frontier {
        let mut all = self.pcs[pc].office().frontiers().expect("frontiers").into_iter();
        all.find(|(of, _)| of == stream).map(|(_, frontier)| frontier).unwrap_or_default()
    }

    /// Whether the keys that a PC waits for burnt with a registrar: where its chains close, nobody can open them any more.
    fn closed_for_good(&mut self, pc: usize) -> bool {
        let sql = "SELECT s.bytes, min(s.seq) FROM aside a JOIN segment s ON s.no = a.segment WHERE a.why = 2 GROUP BY s.stream, s.chain";
        let closed: Vec<Vec<u8>> = {
            let conn = self.pcs[pc].peek();
            let mut first = conn.prepare(sql).expect("segments aside");
            let first = first.query_map([], |row| row.get(0)).expect("segments aside");
            first.collect::<Result<_, _>>().expect("segments aside")
        };
        let mut for_good = self.burnt > 0;
        for bytes in closed {
            let opens = |pc: &usize| self.pcs[*pc].office().opens(&bytes);
            let open: Vec<usize> = self.alive().into_iter().filter(opens).collect();
            let header = *Segment::parse(&bytes, &Limits::STANDARD).expect("a segment").header();
            let (stream, seq, epoch) = (header.stream, header.seq, header.epoch);
            self.trace.note(format!(
                "  PC {pc}: {stream} {:?} is closed from {seq} on, epoch {epoch}; PCs {open:?} open it",
                header.chain
            ));
            for_good &= open.is_empty();
        }
        for_good
    }

    /// Which chains end elsewhere at the hub, for the reader of a history that broke.
    fn heads_apart(&mut self, stream: &Stream, pc: usize) {
        let (mine, hubs) = (self.frontier(pc, stream), self.hub.frontier(stream));
        let told = |heads: &[Head]| heads.iter().map(|h| format!("{} {:02x}", h.seq, h.hash[0])).collect::<Vec<_>>();
        let chains: BTreeSet<Incarnation> = mine.chains().chain(hubs.chains()).map(|(chain, _)| chain).collect();
        for chain in chains.into_iter().filter(|chain| mine.heads(*chain) != hubs.heads(*chain)) {
            let (here, there) = (told(mine.heads(chain)), told(hubs.heads(chain)));
            self.trace.note(format!("  {chain:?}: PC {pc} {here:?}, the hub {there:?}"));
        }
    }

    fn status(&mut self, pc: usize) {
        let moment = self.chance.moment(self.wall(pc));
        let status = self.pcs[pc].call(0, "sync.status", json!({}), moment).expect("a status");
        let aside = self.pcs[pc].aside.len() + self.in_quarantine(pc);
        let mine = self.pcs[pc].office_no;
        let may_wait = self.oracle.doubtful() || self.oracle.perhaps_lost(|of| mine == 0 || of == mine);
        let expected = [("parked", 0), ("unsent", 0), ("unconfirmed", 0), ("keyless", 0), ("quarantined", aside)];
        for (name, expected) in expected {
            let said = status[name].as_u64().unwrap_or(u64::MAX) as usize;
            // What a stick brought spoilt may wait for what it would follow.
            let strange = name == "quarantined" && (expected..=expected + self.pcs[pc].perhaps.len()).contains(&said);
            let closed = name == "keyless" && said > 0 && self.closed_for_good(pc);
            let waits = strange || closed || (name == "parked" || name == "unconfirmed") && may_wait;
            if status[name] != expected && !waits {
                self.breaks(format!("PC {pc}: {name} is {} at the end, not {expected}", status[name]));
                self.reasons(pc);
            }
        }
        if status["blobs"]["unsent"] != 0 {
            self.breaks(format!("PC {pc}: {} photos unsent at the end", status["blobs"]["unsent"]));
        }
        self.counts_agree(pc);
        let sql = "SELECT 1 FROM fork f JOIN ident i ON i.no = f.chain JOIN meta m ON m.name = 'incarnation' AND lower(hex(i.id)) = m.value";
        if self.pcs[pc].has(sql) {
            self.breaks(format!("PC {pc} goes on under a name that another one bears"));
        }
    }

    /// Why a PC keeps segments apart, for the reader of a history that broke.
    fn reasons(&mut self, pc: usize) {
        let sql = "SELECT 'keeps apart, ' || CASE a.why WHEN 1 THEN 'by an order' WHEN 2 THEN 'for its key' ELSE 'unreadable' END || ': ' || t.name || ' ' || lower(hex(i.id)) || ' ' || s.seq
               FROM aside a JOIN segment s ON s.no = a.segment JOIN ident i ON i.no = s.chain JOIN stream t ON t.no = s.stream
             UNION ALL SELECT 'keeps apart, ' || reason || ': ' || lower(hex(hash)) FROM quarantine
             UNION ALL SELECT 'waits: ' || t.name || ' ' || lower(hex(i.id)) || ' ' || w.seq FROM waiting w JOIN ident i ON i.no = w.chain JOIN stream t ON t.no = w.stream
             UNION ALL SELECT 'stands on a checkpoint: ' || t.name || ' ' || lower(hex(i.id)) || ' ' || b.seq || iif(b.aside, ', laid aside', '') FROM base b JOIN ident i ON i.no = b.chain JOIN stream t ON t.no = b.stream
             UNION ALL SELECT 'writes as ' || value FROM meta WHERE name = 'incarnation'
             UNION ALL SELECT 'wrote as ' || lower(hex(i.id)) FROM incarnation n JOIN ident i ON i.no = n.inc
             UNION ALL SELECT 'knows as forked: ' || t.name || ' ' || lower(hex(i.id)) FROM fork f JOIN ident i ON i.no = f.chain JOIN stream t ON t.no = f.stream";
        self.tell_of(pc, sql, []);
    }

    /// What a PC has applied of a stream, for the same reader.
    fn counts(&mut self, stream: &Stream, pc: usize) {
        let sql = "SELECT 'holds ' || lower(hex(i.id)) || ' ' || s.seq || ' with ' || s.changes || ' changes, ' || s.first_ctr || ' to ' || s.last_ctr
             FROM segment s JOIN ident i ON i.no = s.chain JOIN stream t ON t.no = s.stream WHERE t.name = ?1 ORDER BY i.id, s.seq";
        self.tell_of(pc, sql, [stream.to_string()]);
        let sql = "SELECT 'has applied ' || lower(hex(i.id)) || ' to ' || h.applied || ', ' || h.changes || ' changes'
             FROM head h JOIN ident i ON i.no = h.inc JOIN stream t ON t.no = h.stream WHERE t.name = ?1 ORDER BY i.id";
        self.tell_of(pc, sql, [stream.to_string()]);
    }

    fn tell_of(&mut self, pc: usize, sql: &str, of: impl rusqlite::Params) {
        let told: Vec<String> = {
            let conn = self.pcs[pc].peek();
            let mut found = conn.prepare(sql).expect("a question");
            let rows = found.query_map(of, |row| row.get(0)).expect("an answer");
            rows.collect::<Result<_, _>>().expect("what it has")
        };
        told.into_iter().for_each(|one| self.trace.note(format!("  PC {pc} {one}")));
    }

    fn drafts(&mut self, pc: usize) {
        let moment = self.chance.moment(self.wall(pc));
        let drafts = self.pcs[pc].call(0, "drafts.list", json!({}), moment).expect("drafts");
        let listed = drafts["drafts"].as_array().into_iter().flatten();
        let text = |json: &serde_json::Value| json.as_str().unwrap_or_default().to_owned();
        let listed: BTreeMap<_, _> = listed.map(|d| (text(&d["key"]), text(&d["fields"]["post"]))).collect();
        if listed != self.pcs[pc].drafts {
            self.breaks(format!("PC {pc}: the drafts are not those that were typed"));
        }
    }

    /// The same rows on all readers of a stream, and again after a rebuild from the log.
    fn rows_agree(&mut self, readers: &BTreeMap<Stream, Vec<usize>>) {
        let mut rows: BTreeMap<(&Stream, bool), (Rows, String)> = BTreeMap::new();
        // Making tables anew opens every segment again: the registrar and two others do it.
        let mut anew: Vec<usize> = self.alive().into_iter().filter(|pc| *pc != 0).collect();
        self.chance.shuffle(&mut anew);
        anew.truncate(2);
        for pc in self.alive() {
            for rebuilt in [false, true] {
                if rebuilt && pc != 0 && !anew.contains(&pc) {
                    continue;
                }
                if rebuilt && let Err(fault) = self.pcs[pc].office().rebuild() {
                    return self.breaks(format!("PC {pc}: no rebuild: {fault} {:?}", fault.cause));
                }
                let conn = self.pcs[pc].peek();
                for stream in readers.iter().filter(|(_, readers)| readers.contains(&pc)).map(|(stream, _)| stream) {
                    let seen = dump(&conn, stream, stream.office().map(|office| office.0));
                    // Whoever began with a checkpoint knows who wrote when, and not what has been replaced since.
                    let whole = !stands_on_checkpoint(&conn, stream);
                    for history in [false, true].into_iter().filter(|history| whole || !history) {
                        let digest = seen.digest(history);
                        let Some((expected, known)) = rows.get(&(stream, history)) else {
                            rows.insert((stream, history), (seen.clone(), digest));
                            continue;
                        };
                        if *known == digest {
                            continue;
                        }
                        let (other, mine) = (expected.beyond(&seen, history), seen.beyond(expected, history));
                        let when = if rebuilt { ", rebuilt" } else { "" };
                        return self.breaks(format!(
                            "PC {pc}{when}: other rows in {stream}\n  there {other:?}\n  here  {mine:?}"
                        ));
                    }
                }
            }
        }
        for ((stream, _), (rows, digest)) in rows {
            self.trace.note(format!("{stream}: {} rows {digest}", rows.len()));
        }
    }

    /// Promise 1, asked at the county, which reads everything, and at one PC of each office.
    fn nothing_is_lost(&mut self) {
        for id in self.oracle.order.clone() {
            let office = self.oracle.papers[&id].office;
            let mut asked = vec![0];
            asked.extend(self.alive().into_iter().find(|pc| office != 0 && self.pcs[*pc].office_no == office));
            for pc in asked {
                let page = self.page(pc, &id);
                let paper = &self.oracle.papers[&id];
                let wrong = match &page {
                    Some(page) => paper.judge(page),
                    None if paper.sure() => vec!["it is not there".to_owned()],
                    None => Vec::new(),
                };
                for what in wrong {
                    self.breaks(format!("PC {pc}: {} {id}: {what}", self.oracle.papers[&id].kind));
                }
            }
        }
        for pc in self.alive() {
            self.confirmed_is_confirmed(pc);
        }
    }

    /// What was acknowledged stands in the audit, and nothing else does.
    fn audit(&mut self) {
        for office in 1..self.streams.len() {
            let (count, (sure, perhaps)) = (self.entries(0, office), self.oracle.acts(office));
            // Where the order burnt with the registrar, what the thief wrote counts until somebody shuts it out again.
            let most = if self.order_forgotten { usize::MAX } else { sure + perhaps };
            if !(sure..=most).contains(&count) {
                self.breaks(format!("office {office}: {count} entries in the audit for {sure} acts"));
            }
        }
    }

    /// Entries in the audit of an office, as a PC has them.
    pub(crate) fn entries(&self, pc: usize, office: usize) -> usize {
        let Stream::Office(id) = self.streams[office] else { return 0 };
        let sql = "SELECT count(*) FROM audit a JOIN stream s ON s.no = a.stream WHERE s.name = ?1";
        let name = Stream::Audit(id).to_string();
        let count: i64 = self.pcs[pc].peek().query_row(sql, [name], |row| row.get(0)).expect("a count");
        usize::try_from(count).unwrap_or(0)
    }
}
