//! The world of one history: a county, townships, their PCs, a hub; virtual time; and what is drawn from the seed.

use std::path::{Path, PathBuf};

use niangjia_core::{
    Fault,
    founding::{self, ClerkKeys, Founded},
    identity,
    office::Caller,
    people::{self, Role},
    replication::enrol::{self, Code, Enrolment},
    store::Moment,
};
use niangjia_replication::{
    Stream,
    keys::VerifyingKey,
    kit::{self, Share},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::{Value as Json, json};

use crate::{
    chance::Chance,
    disks::Behind,
    hub::Hub,
    moving::{Mover, Slip},
    older,
    oracle::Oracle,
    pc::Pc,
    people::TOWNSHIPS,
    people::name,
    sticks::Parcel,
};

/// 2026-03-02, a Monday morning.
const MORNING: i64 = 1_772_413_200_000;
/// Name and code of the county.
pub(crate) const COUNTY: (&str, &str) = ("东海县总工会", "320722");
/// Milliseconds of a year.
pub(crate) const YEAR: i64 = 365 * 24 * 3_600_000;

/// What the seed gives the history to bear: how often, in a hundred steps or exchanges.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: usize,
    pub(crate) cut: usize,
    pub(crate) answer_lost: usize,
    pub(crate) twice: usize,
    pub(crate) shuffled: usize,
    pub(crate) late: usize,
    pub(crate) tampered: usize,
    pub(crate) forged: usize,
    pub(crate) killed: usize,
    pub(crate) power: usize,
    pub(crate) clock: usize,
    pub(crate) hub_backup: usize,
    pub(crate) hub_lost: usize,
    pub(crate) pc_gone: usize,
    pub(crate) rebuilt: usize,
    pub(crate) old_copy: usize,
    pub(crate) worked: usize,
    pub(crate) put_back: usize,
    pub(crate) restored: usize,
    pub(crate) cloned: usize,
    pub(crate) stick: usize,
    pub(crate) photo: usize,
    pub(crate) county: usize,
    pub(crate) older: usize,
    pub(crate) stolen: usize,
    pub(crate) exchanges: usize,
    pub(crate) checkpoint: usize,
    pub(crate) newcomer: usize,
    pub(crate) pruned: usize,
    pub(crate) merged: usize,
    /// Of a hundred townships, how many work alone before they join.
    pub(crate) alone: usize,
    pub(crate) kit: usize,
    pub(crate) locked: usize,
    pub(crate) moving: usize,
    pub(crate) cards: usize,
}

/// Histories from here on draw clones, restores, sticks, photos, older versions and further county PCs too.
pub const WIDE: u64 = 1_000_000;

impl Plan {
    /// Each fault is absent from half of the histories and of another weight in each of the others.
    fn draw(chance: &mut Chance, large: bool) -> Self {
        let mut often = |most: usize| if chance.percent(50) { chance.between(1, most) } else { 0 };
        let (cut, answer_lost, twice, shuffled) = (often(40), often(30), often(40), often(60));
        let (late, tampered, forged) = (often(30), often(20), often(15));
        let (killed, power, clock) = (often(5), often(6), often(4));
        let (hub_backup, hub_lost, pc_gone, rebuilt) = (often(4), often(3), often(2), often(2));
        let (checkpoint, newcomer) = (often(8), often(6));
        let (old_copy, worked, put_back) = (often(5), often(1), often(5));
        let (restored, cloned) = (often(6), often(3));
        let (stick, photo, county, older) = (often(20), often(8), often(2), often(4));
        let stolen = often(6);
        let steps = if large { chance.between(300, 1500) } else { chance.between(20, 110) };
        let exchanges = chance.between(6, 30);
        Self {
            steps,
            cut,
            answer_lost,
            twice,
            shuffled,
            late,
            tampered,
            forged,
            killed,
            power,
            clock,
            hub_backup,
            hub_lost,
            pc_gone,
            rebuilt,
            old_copy,
            worked,
            put_back,
            restored,
            cloned,
            stick,
            photo,
            county,
            older,
            stolen,
            exchanges,
            checkpoint,
            newcomer,
            pruned: 0,
            merged: 0,
            alone: 0,
            kit: 0,
            locked: 0,
            moving: 0,
            cards: 0,
        }
    }
}

impl Plan {
    fn narrow(self) -> Self {
        Self { worked: 0, put_back: 0, restored: 0, cloned: 0, stick: 0, photo: 0, county: 0, older: 0, ..self }
    }

    /// What an older version does not know it hands on in its checkpoints too: where there are older ones, they make some, and
    /// others begin with them.
    fn wide(self) -> Self {
        if self.older < 2 {
            return self;
        }
        Self { checkpoint: self.checkpoint.max(6), newcomer: self.newcomer.max(5), ..self }
    }

    /// Which version of the program a PC begins with: what it does not know.
    fn version(&self, chance: &mut Chance) -> &'static [&'static str] {
        if self.older > 0 && chance.percent(60) { older::version(chance) } else { &[] }
    }
}

/// A history under way.
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) plan: Plan,
    pub(crate) now: i64,
    pub(crate) hub: Hub,
    pub(crate) pcs: Vec<Pc>,
    pub(crate) oracle: Oracle,
    /// PCs that were stolen and that the county has shut out.
    pub(crate) thieves: Vec<usize>,
    /// Streams of the offices, by number; the county first.
    pub(crate) streams: Vec<Stream>,
    /// The enrolment packets of the townships, by number of the office from 1.
    pub(crate) enrolments: Vec<Enrolment>,
    /// Frames that went over the line in earlier days.
    pub(crate) pool: Vec<(Stream, Vec<u8>)>,
    /// Two databases may have gone on under one name.
    pub(crate) forked: bool,
    pub(crate) behind: Behind,
    /// Packets on sticks, oldest first.
    pub(crate) sticks: Vec<Parcel>,
    /// Those who move between offices, and the slips that are about.
    pub(crate) movers: Vec<Mover>,
    pub(crate) slips: Vec<Slip>,
    /// Enterprises that may go.
    pub(crate) mills: Vec<String>,
    /// What the histories of members on the move are for has happened.
    pub(crate) transit: bool,
    /// The county's root in three shares, as they were printed, and how often the registrar has burnt.
    pub(crate) kit: Vec<Share>,
    pub(crate) burnt: usize,
    /// A PC was shut out, and the registrar that was founded again came too early to hear of it.
    pub(crate) order_forgotten: bool,
    /// Counts everything that must differ from all else: values, numbers of documents.
    pub(crate) serial: usize,
    pub(crate) trace: Trace,
    /// What does not hold; the history stops at the first.
    pub(crate) broken: Vec<String>,
    pub(crate) folder: PathBuf,
    _home: tempfile::TempDir,
}

/// What happened, as a hash and, when asked for, in words.
pub(crate) struct Trace {
    hash: blake3::Hasher,
    pub(crate) lines: Option<Vec<String>>,
    /// What the reader of the words wants to follow, and what was last said of it.
    pub(crate) follow: Option<(String, String)>,
}

impl Trace {
    pub(crate) fn note(&mut self, line: impl Into<String>) {
        let line = line.into();
        self.hash.update(line.as_bytes()).update(b"\n");
        if let Some(lines) = &mut self.lines {
            lines.push(line);
        }
    }

    pub(crate) fn digest(&self) -> String {
        self.hash.finalize().to_hex()[..16].to_owned()
    }
}

/// Histories from here on set no PC back to an old image where others prune and both hub and registrar burn.
const BESIDE: u64 = 1_110_760;

/// In histories from here on people move between offices.
const MOVING: u64 = 1_113_360;

/// In histories from here on they have cards, and enterprises go from one office to another.
pub const CARDS: u64 = 1_113_900;

impl World {
    /// County, hub, townships and their PCs, all drawn from the seed.
    pub(crate) fn begin(seed: u64, told: bool) -> Self {
        let mut chance = Chance::of(seed);
        // Memory where the system offers a folder of it: the histories do not test the disk.
        let memory = PathBuf::from("/dev/shm");
        let home = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder");
        let folder = home.path().to_owned();
        let large = chance.percent(2);
        let mut plan = Plan::draw(&mut chance, large);
        plan = if seed < WIDE { plan.narrow() } else { plan.wide() };
        // By dice of its own: where nobody prunes, a history is the one that it was before PCs could.
        let mut apart = Chance::of(!seed);
        plan.pruned = if apart.percent(50) { apart.between(2, 12) } else { 0 };
        plan.merged = if seed >= WIDE && apart.percent(50) { apart.between(2, 12) } else { 0 };
        plan.alone = if seed >= WIDE && apart.percent(25) { apart.between(30, 100) } else { 0 };
        plan.kit = if seed >= WIDE && apart.percent(20) { apart.between(1, 2) } else { 0 };
        plan.moving = if seed >= MOVING && apart.percent(70) { apart.between(8, 30) } else { 0 };
        if seed >= CARDS && plan.moving > 0 {
            (plan.moving, plan.cards) = (apart.between(20, 45), apart.between(15, 35));
        }
        plan.locked = if seed >= WIDE && apart.percent(25) { apart.between(2, 8) } else { 0 };
        // Of what was written beside a clone, or beside an old image, only a checkpoint is left once it was pruned and the hub and the
        // registrar burn together. Beside the other branch nobody takes that yet (docs/reliability.md; 1049428, 1107716 and 1108561
        // before these lines).
        let sides = plan.cloned > 0 || (plan.old_copy > 0 && seed >= BESIDE);
        if plan.kit > 0 && plan.pruned > 0 && sides {
            if plan.cloned > 0 || apart.percent(50) {
                plan.hub_lost = 0;
            } else {
                plan.old_copy = 0;
            }
        }
        let now = MORNING + i64::try_from(seed % 1000).unwrap_or(0) * 1000;

        let at = |n: usize| {
            let folder = folder.join(format!("pc-{n}"));
            std::fs::create_dir_all(Pc::file(&folder, 0).parent().expect("a folder")).expect("a folder");
            folder
        };
        let place = at(0);
        let clerk = name(&mut chance);
        let unknown = plan.version(&mut chance);
        let moment = chance.moment(now);
        let file = Pc::file(&place, 0);
        let founded = older::with(unknown, || founding::county(&file, COUNTY.0, COUNTY.1, &clerk, moment));
        let founded = founded.expect("a county");
        let county = founded.office.identity().office;
        let kit = kit::split(founded.root.as_ref().expect("a root"), &mut apart.rng());
        let root = VerifyingKey::from_bytes(&founded.office.root_key().expect("a root")).expect("a key");
        let hub = Hub::new(folder.join("hub"), root, &mut chance);
        if plan.pruned > 0 {
            // Who knows a hub asks what it holds before anything goes; the line is memory all the same.
            let address =
                identity::Hub { url: "https://hub.example:7443".to_owned(), key: hex::encode(root.to_bytes()) };
            founded.office.set_hub(address, &mut ChaCha20Rng::from_seed([7; 32])).expect("a hub");
        }
        let mut world = Self {
            hub,
            pcs: vec![Pc::new(place, 0, founded, unknown)],
            oracle: Oracle::default(),
            thieves: Vec::new(),
            streams: vec![Stream::Office(county)],
            enrolments: Vec::new(),
            pool: Vec::new(),
            forked: false,
            behind: Behind::Not,
            sticks: Vec::new(),
            movers: Vec::new(),
            slips: Vec::new(),
            mills: Vec::new(),
            transit: false,
            kit,
            burnt: 0,
            order_forgotten: false,
            serial: 0,
            trace: Trace { hash: blake3::Hasher::new(), lines: told.then(Vec::new), follow: None },
            broken: Vec::new(),
            chance,
            plan,
            now,
            folder: folder.clone(),
            _home: home,
        };
        world.oracle.act(0, 0);

        let townships =
            if large { world.chance.between(2, 6) } else { 1 + world.chance.below(3) * world.chance.below(2) };
        for office in 1..=townships {
            let alone = world.plan.alone > 0 && world.chance.percent(world.plan.alone);
            if alone {
                world.begins_alone(office);
            }
            let enrolment = world.invited(office);
            world.streams.push(Stream::Office(enrolment.office.id));
            world.enrolments.push(enrolment.clone());
            if alone {
                world.joins_after_all(world.pcs.len() - 1);
            }
            let pcs = if world.chance.percent(60) { world.chance.between(2, 3) } else { 1 };
            for _ in usize::from(alone)..pcs {
                world.joins(office, enrolment.clone());
            }
        }
        for _ in 0..world.plan.county {
            world.county_pc();
        }
        for pc in 0..world.pcs.len() {
            world.pcs[pc].lazy = pc > 0 && world.chance.percent(35);
            if world.chance.percent(40) {
                world.second_clerk(pc);
            }
        }
        let (pcs, plan) = (world.pcs.len(), format!("{:?}", world.plan));
        world.trace.note(format!("seed {seed}: {pcs} PCs, {townships} townships, {plan}"));
        world
    }

    fn invited(&mut self, office: usize) -> Enrolment {
        let (name, code) = TOWNSHIPS[office - 1];
        let moment = self.chance.moment(self.now);
        let invitation = self.pcs[0].call(0, "offices.invite", json!({ "name": name, "code": code }), moment);
        self.oracle.act(0, 0);
        opened(&invitation.expect("an invitation"))
    }

    /// A PC begins with an empty disk and an enrolment packet.
    fn joins(&mut self, office: usize, enrolment: Enrolment) {
        self.begins(office, |file, clerk, moment| founding::join(file, enrolment, clerk, moment));
    }

    /// A PC begins with an empty disk.
    pub(crate) fn begins(&mut self, office: usize, found: impl FnOnce(&Path, &str, Moment) -> Result<Founded, Fault>) {
        let place = self.folder.join(format!("pc-{}", self.pcs.len()));
        let file = Pc::file(&place, 0);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        // Names of clerks are not given twice in one office.
        let clerk = format!("{}（{}号机）", name(&mut self.chance), self.pcs.len());
        let moment = self.chance.moment(self.now);
        let unknown = self.plan.version(&mut self.chance);
        let founded = older::with(unknown, || found(&file, &clerk, moment));
        self.oracle.act(office, self.pcs.len());
        self.pcs.push(Pc::new(place, office, founded.expect("an office"), unknown));
    }

    /// A further PC of a township begins with an empty disk, however much the others have written by now.
    pub(crate) fn newcomer(&mut self) {
        let office = self.chance.below(self.enrolments.len());
        let enrolment = self.enrolments[office].clone();
        self.trace.note(format!("PC {} joins office {}", self.pcs.len(), office + 1));
        self.joins(office + 1, enrolment);
        self.pcs.last_mut().expect("the newcomer").whole = false;
    }

    /// The registrar lets in a further PC of the county.
    pub(crate) fn county_pc(&mut self) {
        let moment = self.chance.moment(self.wall(0));
        let invitation = self.pcs[0].call(0, "devices.invite", json!({}), moment).expect("an invitation");
        self.oracle.act(0, 0);
        self.trace.note(format!("PC {} joins the county", self.pcs.len()));
        self.joins(0, opened(&invitation));
        self.pcs.last_mut().expect("the newcomer").whole = false;
    }

    /// A further clerk at the same PC.
    fn second_clerk(&mut self, pc: usize) {
        let mut moment = self.chance.moment(self.now);
        let keys = ClerkKeys::generate(self.now, &mut moment.rng);
        let name = format!("{}（{}）", name(&mut self.chance), pc);
        let caller = Caller { clerk: self.pcs[pc].clerks[0], roles: Role::ALL.to_vec(), moment };
        let (sign, open) = (keys.sign.public().to_bytes().to_vec(), keys.open.public().to_bytes().to_vec());
        let roles = [Role::Viewer, Role::Clerk];
        let added = self.pcs[pc]
            .office()
            .act("clerks.add", caller, |desk| people::add(desk, keys.id, &name, &roles, sign, open));
        added.expect("a clerk");
        self.oracle.act(self.pcs[pc].office_no, pc);
        self.pcs[pc].clerks.push(keys.id);
    }

    /// PCs that somebody can still switch on, and that nobody has locked.
    pub(crate) fn alive(&self) -> Vec<usize> {
        (0..self.pcs.len()).filter(|pc| !self.pcs[*pc].gone && !self.pcs[*pc].locked).collect()
    }

    /// The wall clock of a PC, right or wrong.
    pub(crate) fn wall(&self, pc: usize) -> i64 {
        self.now + self.pcs[pc].offset
    }

    /// Something that was never written before.
    pub(crate) fn fresh(&mut self, what: &str) -> String {
        self.serial += 1;
        format!("{what}{}", self.serial)
    }

    pub(crate) fn breaks(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.trace.note(format!("BROKEN: {what}"));
        self.broken.push(what);
    }
}

/// An enrolment packet, opened with the code that was told by telephone.
fn opened(invitation: &Json) -> Enrolment {
    use base64::Engine as _;
    let packet = base64::engine::general_purpose::STANDARD.decode(invitation["packet"].as_str().expect("a packet"));
    let code = Code::parse(invitation["code"].as_str().expect("a code")).expect("a code");
    enrol::open(&packet.expect("base64"), &code).expect("the packet opens")
}
