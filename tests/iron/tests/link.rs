//! The line is cut at every byte of an exchange, and the hub is killed while offices push: what was told stays told.

#[path = "../../../crates/hub/tests/county/mod.rs"]
mod county;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use county::{County, Office};
use iron::{
    Chance,
    hub::Hub,
    line::{Badness, Line},
};
use niangjia_host::link::{DeviceAuth, HubAddress, Link, LinkFault, Outcome};

fn link(url: &str, hub: &Hub, office: &Office) -> Link {
    let address = HubAddress { url: url.to_owned(), key: hub.key.parse().unwrap() };
    Link::new(address, DeviceAuth::new(&office.certs, office.key.clone())).unwrap()
}

async fn exchange(url: &str, hub: &Hub, office: &mut Office) -> Result<Outcome, LinkFault> {
    link(url, hub, office).exchange(office, &mut |_| {}).await
}

async fn claimed(dir: &std::path::Path, county: &mut County) -> Hub {
    let hub = Hub::made(&dir.join("hub"));
    let pc = county.pc();
    link(&hub.url(), &hub, &pc).claim(&hub.claim, county.root()).await.unwrap();
    hub
}

/// Two PCs of one office, each with something that the other lacks: an exchange of either goes both ways.
struct Pair {
    pcs: [Office; 2],
    turn: usize,
}

impl Pair {
    fn new(county: &mut County) -> Self {
        let first = county.office();
        let second = county.further_pc(first.office);
        Self { pcs: [first, second], turn: 0 }
    }

    /// The other one's turn; it has saved something.
    fn next(&mut self) -> &mut Office {
        self.turn = 1 - self.turn;
        let pc = &mut self.pcs[self.turn];
        pc.save(pc.stream(), 60);
        pc
    }
}

/// Cuts a pair of PCs makes before the hub would ask them to be slower.
const CUTS: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_cut_at_every_byte_of_an_exchange_and_nothing_is_lost() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = Arc::new(claimed(dir.path(), &mut county).await);
    // How long an exchange is that goes both ways.
    let mut pair = Pair::new(&mut county);
    for _ in 0..4 {
        exchange(&hub.url(), &hub, pair.next()).await.unwrap();
    }
    let line = Line::to(&hub.addr, Badness::Good, 0).await;
    let outcome = exchange(&line.url(), &hub, pair.next()).await.unwrap();
    assert!(outcome.sent.segments == 1 && outcome.received.segments == 1, "{outcome:?}");
    let (up, down, _) = line.counts.now();
    // Every third in a usual run: all of them take two minutes of a core (`NIANGJIA_IRON_EVERY=1`).
    let step: u64 = std::env::var("NIANGJIA_IRON_EVERY").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let points: Vec<Badness> =
        (0..=up).map(Badness::Up).chain((0..=down).map(Badness::Down)).step_by(step as usize).collect();
    let mut days = Vec::new();
    for chunk in points.chunks(usize::try_from(CUTS).unwrap()) {
        days.push((Pair::new(&mut county), chunk.to_vec()));
    }
    let (cut, days) = (Arc::new(AtomicU64::new(0)), Arc::new(std::sync::Mutex::new(days)));
    let mut hands = Vec::new();
    for _ in 0..4 {
        let (hub, cut, days) = (hub.clone(), cut.clone(), days.clone());
        hands.push(tokio::spawn(async move {
            loop {
                let Some((mut pair, points)) = days.lock().unwrap().pop() else { return };
                // The first segments of both bring their certificates.
                for _ in 0..4 {
                    exchange(&hub.url(), &hub, pair.next()).await.unwrap();
                }
                for badness in points {
                    let line = Line::to(&hub.addr, badness, 0).await;
                    let pc = pair.next();
                    match exchange(&line.url(), &hub, pc).await {
                        Ok(_) => {}
                        Err(LinkFault::NoLine(_)) => drop(cut.fetch_add(1, Ordering::SeqCst)),
                        Err(fault) => panic!("{badness:?}: {fault:?}"),
                    }
                    // What it takes for received the hub must have: it cannot be among what has to be sent now.
                    let received = pc.told[&pc.stream()].head(pc.chain).map_or(0, |head| head.seq);
                    let saved = pc.frontier(&pc.stream()).head(pc.chain).map_or(0, |head| head.seq);
                    let outcome = exchange(&hub.url(), &hub, pc).await.unwrap();
                    assert!(outcome.in_step, "{badness:?}: {outcome:?}");
                    assert!(
                        received + outcome.sent.segments <= saved,
                        "{badness:?}: {received} of {saved}, {outcome:?}"
                    );
                    assert!(outcome.sent.segments <= 1 && outcome.received.segments <= 1, "{badness:?}: {outcome:?}");
                    assert_eq!(pc.told[&pc.stream()], pc.frontier(&pc.stream()), "{badness:?}");
                }
                // Whoever exchanged last but one gets the last.
                let other = &mut pair.pcs[1 - pair.turn];
                assert!(exchange(&hub.url(), &hub, other).await.unwrap().in_step);
                let [one, two] = &pair.pcs;
                assert_eq!(one.frontier(&one.stream()).digest(), two.frontier(&two.stream()).digest());
                assert_eq!(one.holds(&one.stream()), two.holds(&two.stream()));
            }
        }));
    }
    for hand in hands {
        hand.await.unwrap();
    }
    let cut = cut.load(Ordering::SeqCst);
    println!("{} points ({up} bytes up, {down} down), {cut} exchanges ended by the cut", points.len());
    assert!(cut * 2 > points.len() as u64, "most cuts must have hit: {cut} of {}", points.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_while_two_offices_push_holds_all_that_it_told_them() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(2));
    let mut hub = claimed(dir.path(), &mut county).await;
    let mut offices = [county.office(), county.office()];
    let (mut chance, mut before_answer) = (Chance::of(7), 0);
    for kill in 0..40_u64 {
        hub.serve();
        // Every other time it dies between its commit and its answer, which then comes to nobody.
        let after = if kill % 2 == 0 { 4_000 + chance.below(12_000) } else { u64::MAX };
        let line = Line::to(&hub.addr, Badness::Answer(after), kill).await;
        let pushing: Vec<_> = offices
            .iter()
            .cloned()
            .map(|mut office| {
                let (url, hub_key) = (line.url(), hub.key.clone());
                tokio::spawn(async move {
                    let address = HubAddress { url, key: hub_key.parse().unwrap() };
                    let link = Link::new(address, DeviceAuth::new(&office.certs, office.key.clone())).unwrap();
                    for _ in 0..8 {
                        office.save(office.stream(), 3000);
                        office.save(office.stream(), 40);
                        if link.exchange(&mut office, &mut |_| {}).await.is_err() {
                            break;
                        }
                    }
                    office
                })
            })
            .collect();
        // An answer that is to come to nobody is waited for, however busy this machine is.
        let wait = if kill % 2 == 0 { Duration::from_secs(5) } else { chance.millis(20, 250) };
        let cut = tokio::time::timeout(wait, line.counts.cut.notified()).await.is_ok();
        hub.kill();
        before_answer += u64::from(cut);
        for (office, done) in offices.iter_mut().zip(pushing) {
            *office = done.await.unwrap();
        }
        // Nobody pushes again before it has been asked what it holds.
        hub.serve();
        let mut fresh = county.pc();
        assert!(exchange(&hub.url(), &hub, &mut fresh).await.unwrap().in_step);
        for office in &offices {
            let stream = office.stream();
            let told = office.told.get(&stream).and_then(|told| told.head(office.chain)).map_or(0, |head| head.seq);
            let held = fresh.frontier(&stream).head(office.chain).map_or(0, |head| head.seq);
            assert!(held >= told, "kill {kill}: it told of {told} and holds {held}");
        }
    }
    assert!(before_answer >= 5, "killed only {before_answer} times between commit and answer");
    hub.serve();
    for office in &mut offices {
        assert!(exchange(&hub.url(), &hub, office).await.unwrap().in_step);
        assert!(office.holds(&office.stream()).len() > 20);
    }
}
