//! Packets in somebody's pocket: made and taken in by the product's own code, and on the way in any order, again and again, lost,
//! cut short, with bytes changed, in parts of which some never come.

use std::collections::{BTreeSet, VecDeque};

use niangjia_core::{
    Fault,
    office::Caller,
    packets::{Came, Load},
    people::Role,
    replication::packet::{self, Head, Header, Item, Reader},
};
use niangjia_host::packets::{take_part, write_part};
use niangjia_replication::{RecordId, Stream, planted};

use crate::{disks::Behind, oracle::Shelf, pc::Pc, world::World};

/// Packets that lie about at a time.
const LYING: usize = 10;
/// Bytes of a part, where a packet is made in parts.
const SMALL: u64 = 4096;

/// One packet.
pub(crate) struct Parcel {
    maker: usize,
    to: RecordId,
    parts: Vec<Vec<u8>>,
    /// What its maker held.
    shelf: Shelf,
}

impl World {
    /// Somebody makes a packet, or puts one into a PC.
    pub(crate) fn stick(&mut self, pc: usize) {
        if self.chance.percent(45) { self.hand_out(pc) } else { self.hand_in() }
    }

    /// Whom a PC may write to: the county, other PCs of its own office, any office that it knows by its code.
    fn addressee(&mut self, pc: usize) -> Option<String> {
        let office = self.pcs[pc].office_no;
        let others = (0..self.pcs.len()).any(|other| other != pc && self.pcs[other].office_no == office);
        let townships: Vec<usize> = (1..self.streams.len()).filter(|n| *n != office).collect();
        if others && self.chance.percent(35) {
            return Some("device".to_owned());
        }
        if office != 0 && self.chance.percent(90) {
            return Some("county".to_owned());
        }
        let Stream::Office(to) = self.streams[*self.chance.pick(&townships)?] else { return None };
        Some(to.to_string())
    }

    fn hand_out(&mut self, pc: usize) {
        let Some(to) = self.addressee(pc) else { return };
        match self.packed(pc, &to, false) {
            Ok(Some(parcel)) => {
                self.trace.note(format!(
                    "PC {pc}: a packet of {} parts to {to}: {}",
                    parcel.parts.len(),
                    blake3::hash(&parcel.parts.concat()).to_hex()[..8].to_owned()
                ));
                if self.sticks.len() == LYING {
                    let lost = self.chance.below(LYING);
                    self.sticks.remove(lost);
                }
                self.sticks.push(parcel);
            }
            Ok(None) => self.trace.note(format!("PC {pc}: a packet to {to} that is never finished")),
            // A PC that has just joined knows no other office yet.
            Err(fault) if fault.code == "addressee_unknown" => {}
            Err(fault) => self.breaks(format!("PC {pc}: no packet: {} {:?}", fault.code, fault.cause)),
        }
    }

    /// As the host makes a packet (`Station::export_packet`): receipts first, then what the addressee lacks, in parts.
    fn packed(&mut self, pc: usize, to: &str, calm: bool) -> Result<Option<Parcel>, Fault> {
        let (office, wall) = (self.pcs[pc].office(), self.wall(pc));
        let mut to = office.addressee(to)?;
        to.whole = !calm && self.chance.percent(5);
        let load = Load(if calm || self.chance.percent(70) { u64::MAX } else { 0 });
        office.receipts(self.chance.moment(wall))?;
        let shelf = self.oracle.shelf(pc);
        let caller = self.caller(pc);
        let (packet, _) = office.packet(to.clone(), load, caller, &mut self.chance.rng())?;
        self.oracle.act(self.pcs[pc].office_no, pc);
        let most = if self.chance.percent(60) { packet::PART } else { SMALL };
        let plan = packet.plan(most);
        let of = u32::try_from(plan.len()).map_err(Fault::question)?;
        let (mut from, mut parts) = (0, Vec::new());
        for (at, count) in (1..).zip(plan) {
            let range = from..from + count;
            from += count;
            let mut part = Vec::new();
            write_part(&office, &packet, packet.head(at, of, range.clone()), range, &mut part)?;
            parts.push(part);
        }
        if !calm && self.chance.percent(10) {
            return Ok(None);
        }
        if let Some(head) = parts.first().and_then(|part| head_of(part)) {
            self.receipts_are_true(pc, head.claims());
        }
        office.packet_made(&packet, of)?;
        Ok(Some(Parcel { maker: pc, to: to.office, parts, shelf }))
    }

    /// What a packet says of others that came whole: each of their parts was put into this PC.
    fn receipts_are_true(&mut self, pc: usize, header: &Header) {
        for receipt in &header.receipts {
            for number in receipt.numbers.iter().flat_map(|(first, last)| *first..=*last) {
                let came = self.pcs[pc].pocket.get(&(receipt.chain, number));
                if came.is_none_or(|(of, parts)| parts.len() < *of as usize) {
                    self.breaks(format!("PC {pc}: it says that packet {number} came whole, and it did not"));
                }
            }
        }
    }

    fn caller(&mut self, pc: usize) -> Caller {
        let moment = self.chance.moment(self.wall(pc));
        Caller { clerk: self.pcs[pc].clerks[0], roles: Role::ALL.to_vec(), moment }
    }

    /// Any packet that lies about is put into any PC of its addressee; most stay on the stick for another time.
    fn hand_in(&mut self) {
        let lying = self.sticks.len();
        if lying == 0 {
            return;
        }
        let at = self.chance.below(lying);
        let (to, maker) = (self.sticks[at].to, self.sticks[at].maker);
        let fits = |pc: &usize| *pc != maker && self.pcs[*pc].office().identity().office == to;
        let takers: Vec<usize> = self.alive().into_iter().filter(fits).collect();
        let Some(pc) = self.chance.pick(&takers).copied() else { return };
        let mut parts: Vec<Vec<u8>> = self.sticks[at].parts.clone();
        self.chance.shuffle(&mut parts);
        if parts.len() > 1 && self.chance.percent(40) {
            let left = self.chance.below(parts.len());
            parts.truncate(left);
        }
        if self.chance.percent(self.plan.tampered) {
            self.spoil(pc, &mut parts);
        }
        self.trace.note(format!("PC {pc} takes in {} parts of a packet of PC {maker}", parts.len()));
        let power = self.chance.percent(3 * self.plan.power);
        if power {
            planted::cut_at(Some(("receive", u32::try_from(self.chance.below(3)).unwrap_or(0))));
        }
        let taken = self.taken(pc, &parts);
        let cut = power && !planted::armed();
        planted::cut_at(None);
        match taken {
            Ok(complete) => {
                self.trace.note(format!("  complete {complete}"));
                if complete {
                    let (office, shelf) = (self.pcs[pc].office_no, self.sticks[at].shelf.clone());
                    self.oracle.holds(pc, office, &shelf, pc == 0);
                }
            }
            Err(_) if cut => self.kill(pc),
            Err(fault) => {
                self.trace.note(format!("  refused: {}", fault.code));
                // A clone is no other PC; a head that is damaged is nobody's; and whoever is shut out is believed no more.
                if !["packet_own", "packet_stranger", "packet_damaged"].contains(&&*fault.code) {
                    self.breaks(format!("PC {pc}: a packet is not taken in: {} {:?}", fault.code, fault.cause));
                }
            }
        }
        if self.chance.percent(25) {
            self.sticks.remove(at);
        }
    }

    /// As the host takes a packet in (`Station::import_packet`). Returns whether all is here that its maker held.
    fn taken(&mut self, pc: usize, parts: &[Vec<u8>]) -> Result<bool, Fault> {
        let (office, wall) = (self.pcs[pc].office(), self.wall(pc));
        let Some(head) = parts.iter().find_map(|part| head_of(part)) else { return Ok(false) };
        let incoming = office.packet_open(&head, wall)?;
        let mut came = Came::default();
        for part in parts {
            let Some(number) = head_of(part).map(|head| head.claims().part) else { continue };
            let mut moment = || self.chance.moment(wall);
            let bad = take_part(&office, &incoming, &mut &**part, &mut moment, &mut |_| {}, &mut came)?;
            if bad.is_none() {
                office.packet_part(&incoming, number, wall)?;
                let claims = head.claims();
                let came =
                    self.pcs[pc].pocket.entry((claims.chain, claims.number)).or_insert((claims.of, BTreeSet::new()));
                came.1.insert(number);
            }
        }
        let caller = self.caller(pc);
        let (summary, _) = office.packet_taken(&incoming, &came, caller)?;
        self.oracle.act(self.pcs[pc].office_no, pc);
        self.trace.note(format!(
            "  new {}/{}, had {}, waiting {}, aside {}, blobs {}",
            came.segments, came.changes, came.had, came.waiting, came.quarantined, came.blobs
        ));
        Ok(summary.complete)
    }

    /// Where the faults have stopped, three packets in a row bring the county all that a PC has, without a line, and five a county
    /// that was founded again.
    pub(crate) fn by_stick_alone(&mut self) {
        if self.plan.stick == 0 {
            return;
        }
        // A registrar that was set back may lack what others have let go of since.
        let told = |pc: &Pc| if self.behind == Behind::Not { pc.held_segments() } else { pc.holds_segments() };
        let fits = |pc: &usize| *pc != 0 && !self.pcs[*pc].twin && told(&self.pcs[*pc]);
        let with_stick: Vec<usize> = self.alive().into_iter().filter(fits).collect();
        let Some(pc) = self.chance.pick(&with_stick).copied() else { return };
        let home = self.pcs[pc].office().identity().office.to_string();
        let (up, down) = if self.pcs[pc].office_no == 0 { ("device", "device") } else { ("county", &*home) };
        self.trace.note(format!("PC {pc} and the registrar carry sticks"));
        self.sticks.clear();
        let mut whole = false;
        let mut carried = VecDeque::from([(pc, 0, up), (0, pc, down), (pc, 0, up)]);
        let mut first = true;
        while let Some((from, to, way)) = carried.pop_front() {
            let mut parcel = match self.packed(from, way, true) {
                Ok(Some(parcel)) => parcel,
                Ok(None) => return,
                Err(fault) if fault.code == "addressee_unknown" => return,
                Err(fault) => return self.breaks(format!("PC {from}: no packet: {} {:?}", fault.code, fault.cause)),
            };
            self.chance.shuffle(&mut parcel.parts);
            match self.taken(to, &parcel.parts) {
                Ok(complete) => {
                    self.trace.note(format!("  PC {from} to PC {to}: complete {complete}"));
                    if complete {
                        let office = self.pcs[to].office_no;
                        self.oracle.holds(to, office, &parcel.shelf, to == 0);
                    }
                    whole = complete;
                    if first && (self.burnt > 0 || !complete) {
                        // A registrar that began anew, or was set back, reads the records with the third one, and only then knows which
                        // photos to ask for.
                        carried.extend([(0, pc, down), (pc, 0, up)]);
                    }
                    first = false;
                }
                Err(fault) => {
                    return self.breaks(format!("PC {to}: a packet is not taken in: {} {:?}", fault.code, fault.cause));
                }
            }
        }
        if !whole {
            return self.breaks(format!("PC {pc}: packets do not bring the county what it has"));
        }
        for address in self.oracle.photos_on(pc) {
            // A version that knows no photos asks for none.
            if self.knows_field(0, "member", "photo") && !self.seen(0, &address) {
                self.breaks(format!("PC {pc}: packets do not bring the county the photo {address}"));
            }
        }
    }

    /// The stick is pulled too early, or gives back other bytes.
    fn spoil(&mut self, pc: usize, parts: &mut [Vec<u8>]) {
        let genuine: BTreeSet<[u8; 32]> = parts.iter().flat_map(|part| segments(part)).collect();
        let at = self.chance.below(parts.len());
        let Some(part) = parts.get_mut(at) else { return };
        let place = self.chance.below(part.len());
        if self.chance.percent(50) {
            part.truncate(place);
        } else {
            part[place] ^= 1 << self.chance.below(8);
        }
        // What is no longer what its maker signed may come to lie in quarantine, now or when what it follows has come.
        let strange = parts.iter().flat_map(|part| segments(part)).filter(|hash| !genuine.contains(hash));
        self.pcs[pc].perhaps.extend(strange);
    }

    /// The list of packets can be read.
    pub(crate) fn listed(&mut self, pc: usize) {
        let moment = self.chance.moment(self.wall(pc));
        if let Err(fault) = self.pcs[pc].call(0, "packets.list", serde_json::json!({}), moment) {
            self.breaks(format!("PC {pc}: the list of packets: {fault} {:?}", fault.cause));
        }
    }
}

fn head_of(part: &[u8]) -> Option<Head> {
    let mut reader = Reader::default();
    reader.push(part);
    match reader.take() {
        Ok(Some(Item::Head(head))) => Some(*head),
        _ => None,
    }
}

/// Hashes of the segments that a reader finds.
fn segments(part: &[u8]) -> Vec<[u8; 32]> {
    let (mut reader, mut found) = (Reader::default(), Vec::new());
    reader.push(part);
    while let Ok(Some(item)) = reader.take() {
        if let Item::Segment(segment) = item {
            found.push(*blake3::hash(&segment).as_bytes());
        }
    }
    found
}
