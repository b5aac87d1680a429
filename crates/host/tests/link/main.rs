//! Offices and their hub over real TLS on this machine: what a line does to an exchange, and what it must not do.

mod breaking;
#[path = "../../../hub/tests/county/mod.rs"]
mod county;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use county::{County, Office};
use niangjia_host::link::{DeviceAuth, HubAddress, Link, LinkFault, Outcome, Step};
use niangjia_hub::{Hub, RunningHub};
use niangjia_replication::Stream;
use niangjia_replication::keys::{SigningKey, VerifyingKey};
use niangjia_replication::wire::{self, RefusalCode, Refused, Replica};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn link_to(url: String, key: VerifyingKey, office: &Office) -> Link {
    Link::new(HubAddress { url, key }, DeviceAuth::new(&office.certs, office.key.clone())).unwrap()
}

fn link(hub: &RunningHub, office: &Office) -> Link {
    link_to(hub.url(), hub.key_hex.parse().unwrap(), office)
}

async fn exchange(hub: &RunningHub, office: &mut Office) -> Result<Outcome, LinkFault> {
    link(hub, office).exchange(office, &mut |_| {}).await
}

fn may_move_between_threads<F: Future + Send>(future: F) -> F {
    future
}

/// A hub on a free port, claimed by the county.
async fn claimed(dir: &tempfile::TempDir, county: &mut County) -> RunningHub {
    let hub = Hub::start(dir.path(), anywhere()).await.unwrap();
    let pc = county.pc();
    link(&hub, &pc).claim(&hub.claim.clone().unwrap(), county.root()).await.unwrap();
    hub
}

/// A line of a chosen badness between office and hub.
struct Line {
    addr: SocketAddr,
    /// Bytes towards the hub.
    up: Arc<AtomicU64>,
    /// Connections made.
    calls: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
enum Badness {
    /// Only counts.
    Good,
    /// Cuts a connection after so many bytes towards the office.
    CutDown(u64),
    /// Cuts a connection at the hub's first byte after the office sent so many: stored, but never answered.
    CutAnswer(u64),
    /// Cuts a connection after so many bytes in both directions together.
    CutAny(u64),
    /// Speaks, but not TLS.
    Portal,
}

impl Line {
    async fn to(hub: SocketAddr, badness: Badness) -> Self {
        let listener = TcpListener::bind(anywhere()).await.unwrap();
        let line = Self { addr: listener.local_addr().unwrap(), up: Arc::default(), calls: Arc::default() };
        let (up, calls) = (line.up.clone(), line.calls.clone());
        tokio::spawn(async move {
            while let Ok((office, _)) = listener.accept().await {
                calls.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(carry(office, hub, badness, up.clone()));
            }
        });
        line
    }

    fn link(&self, hub: &RunningHub, office: &Office) -> Link {
        link_to(format!("https://{}", self.addr), hub.key_hex.parse().unwrap(), office)
    }
}

async fn carry(mut office: TcpStream, hub: SocketAddr, badness: Badness, up: Arc<AtomicU64>) {
    if matches!(badness, Badness::Portal) {
        let _ = office.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        return;
    }
    let Ok(mut hub) = TcpStream::connect(hub).await else { return };
    let (mut sent, mut given) = (0, 0);
    let (mut from_office, mut from_hub) = (vec![0; 4096], vec![0; 4096]);
    loop {
        tokio::select! {
            read = office.read(&mut from_office) => {
                let Ok(n @ 1..) = read else { return };
                // What left before the break still arrives.
                let left = match badness {
                    Badness::CutAny(most) => most.saturating_sub(sent + given),
                    _ => u64::MAX,
                };
                let passed = n.min(usize::try_from(left).unwrap_or(usize::MAX));
                sent += n as u64;
                up.fetch_add(passed as u64, Ordering::SeqCst);
                if hub.write_all(&from_office[..passed]).await.is_err() || passed < n { return }
            }
            read = hub.read(&mut from_hub) => {
                let Ok(n @ 1..) = read else { return };
                given += n as u64;
                let cut = match badness {
                    Badness::CutDown(most) => given > most,
                    Badness::CutAnswer(after) => sent > after,
                    Badness::CutAny(most) => sent + given > most,
                    Badness::Good | Badness::Portal => false,
                };
                if cut || office.write_all(&from_hub[..n]).await.is_err() { return }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_offices_and_the_county_come_into_step() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let (mut pc, mut pingming, mut anfeng) = (county.pc(), county.office(), county.office());
    for n in 0..5 {
        pingming.save(pingming.stream(), 100 * n);
        anfeng.save(anfeng.stream(), 10);
    }
    let list = pc.save(Stream::County, 5000);
    anfeng.save(Stream::Mail(pingming.office), 50);

    let mut steps = Vec::new();
    let (line, mut note) = (link(&hub, &pingming), |step| steps.push(step));
    let exchange_now = line.exchange(&mut pingming, &mut note);
    let outcome = may_move_between_threads(exchange_now).await.unwrap();
    assert!(outcome.in_step && outcome.sent.segments == 5 && outcome.sent.changes == 5, "{outcome:?}");
    assert_eq!(outcome.received.segments, 0);
    assert_eq!(steps, [Step::Comparing, Step::Sending { segments: 5, bytes: outcome.sent.bytes }, Step::Comparing]);
    for office in [&mut anfeng, &mut pc, &mut pingming] {
        assert!(exchange(&hub, office).await.unwrap().in_step);
    }
    assert_eq!(pc.holds(&pingming.stream()), pingming.holds(&pingming.stream()));
    assert_eq!(pc.holds(&anfeng.stream()), anfeng.holds(&anfeng.stream()));
    assert_eq!(pingming.holds(&Stream::County), [*blake3::hash(&list).as_bytes()].into());
    assert_eq!(pingming.holds(&Stream::Mail(pingming.office)).len(), 1);
    assert!(pingming.holds(&anfeng.stream()).is_empty(), "no office is given another's stream");
    assert_eq!(pingming.told[&pingming.stream()], pingming.frontier(&pingming.stream()), "received, and it knows");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_to_do_is_one_round_trip_of_a_few_hundred_bytes() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    office.save(office.stream(), 10);
    exchange(&hub, &mut office).await.unwrap();
    office.told.clear();

    let line = Line::to(hub.addr, Badness::Good).await;
    let link = line.link(&hub, &office);
    let mut steps = Vec::new();
    let outcome = link.exchange(&mut office, &mut |step| steps.push(step)).await.unwrap();
    let first = line.up.load(Ordering::SeqCst);
    assert!(outcome.in_step);
    assert_eq!(steps, [Step::Comparing]);
    // Who never heard the answer to what it sent hears it now.
    assert_eq!(office.told[&office.stream()], office.frontier(&office.stream()));
    // The next one needs no new hand-shake, once the first connection is back in its pool.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(link.exchange(&mut office, &mut |_| {}).await.unwrap().in_step);
    assert_eq!(line.calls.load(Ordering::SeqCst), 1);
    let second = line.up.load(Ordering::SeqCst) - first;
    assert!(second < 2500, "{second} bytes");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_with_another_key_gets_nothing() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    office.save(office.stream(), 10);
    let line = Line::to(hub.addr, Badness::Good).await;
    let other = SigningKey::from_bytes(&[3; 32]).public();
    let link = link_to(format!("https://{}", line.addr), other, &office);
    let fault = link.exchange(&mut office, &mut |_| {}).await.unwrap_err();
    assert!(matches!(fault, LinkFault::OtherHub), "{fault:?}");
    assert_eq!(fault.key(), "link.other_hub");
    assert!(matches!(link.status().await, Err(LinkFault::OtherHub)));
    // Each time a first flight of the hand-shake and an alert; a signed request with its certificates is far longer.
    assert!(line.up.load(Ordering::SeqCst) < 800, "{:?}", line.up);
    assert!(office.told.is_empty());

    let portal = Line::to(hub.addr, Badness::Portal).await;
    let fault = portal.link(&hub, &office).status().await.unwrap_err();
    assert!(matches!(fault, LinkFault::OtherHub), "{fault:?}");
    hub.stop().await;
    let fault = line.link(&Hub::start(dir.path(), anywhere()).await.unwrap(), &office).status().await.unwrap_err();
    assert!(matches!(fault, LinkFault::NoLine(_)), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_is_claimed_once() {
    let (dir, mut county, mut other) = (tempfile::tempdir().unwrap(), County::new(1), County::new(2));
    let hub = Hub::start(dir.path(), anywhere()).await.unwrap();
    let claim = hub.claim.clone().unwrap();
    let (mut pc, stranger) = (county.pc(), other.pc());
    assert!(!link(&hub, &pc).status().await.unwrap().claimed);
    assert!(matches!(exchange(&hub, &mut pc).await, Err(LinkFault::NotClaimed)));
    let fault = link(&hub, &pc).claim("AAAA-BBBB", county.root()).await.unwrap_err();
    assert_eq!(fault.key(), "link.claim_wrong");
    // Typed by hand: in small letters, with blanks for dashes.
    let typed = claim.to_lowercase().replace('-', " ");
    link(&hub, &pc).claim(&typed, county.root()).await.unwrap();
    link(&hub, &pc).claim(&claim, county.root()).await.unwrap();
    let fault = link(&hub, &stranger).claim(&claim, other.root()).await.unwrap_err();
    assert_eq!(fault.key(), "link.claim_spent");
    assert!(link(&hub, &pc).status().await.unwrap().claimed);
    assert!(exchange(&hub, &mut pc).await.unwrap().in_step);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pc_of_another_county_is_refused() {
    let (dir, mut county, mut other) = (tempfile::tempdir().unwrap(), County::new(1), County::new(2));
    let hub = claimed(&dir, &mut county).await;
    let mut stranger = other.office();
    stranger.save(stranger.stream(), 10);
    let fault = exchange(&hub, &mut stranger).await.unwrap_err();
    assert!(matches!(fault, LinkFault::Refused(RefusalCode::Foreign)), "{fault:?}");
    assert!(!fault.passes() && fault.zh().contains("证书"));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_written_is_told_and_blocks_nothing() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    // An office that writes where only the county may.
    office.save(Stream::County, 10);
    office.save(office.stream(), 10);
    let outcome = exchange(&hub, &mut office).await.unwrap();
    assert_eq!(outcome.refused, [(Stream::County, Refused::MayNot)]);
    assert_eq!((outcome.sent.segments, outcome.in_step), (1, false));
    assert_eq!(office.told[&office.stream()], office.frontier(&office.stream()));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_refused_holds_up_no_other() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    let stream = office.stream();
    // Somebody else's chain in this office's stream, more than a batch of it, and first in order.
    let mut forger = county.office();
    while forger.chain > office.chain {
        forger = county.office();
    }
    let forged = (0..4).map(|_| forger.save(stream, 100_000)).collect();
    office.receive(&stream, forged).unwrap();
    for _ in 0..4 {
        office.save(stream, 100_000);
    }
    let outcome = exchange(&hub, &mut office).await.unwrap();
    assert_eq!((outcome.sent.segments, outcome.in_step), (4, false), "{outcome:?}");
    assert!(outcome.refused.contains(&(stream, Refused::MayNot)), "{outcome:?}");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_and_two_hubs_never_share_a_folder() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let (mut office, mut pc) = (county.office(), county.pc());
    office.save(office.stream(), 10);
    let epoch = exchange(&hub, &mut office).await.unwrap().epoch;
    assert!(Hub::start(dir.path(), anywhere()).await.is_err());
    let key = hub.key_hex.clone();
    hub.stop().await;
    let hub = Hub::start(dir.path(), anywhere()).await.unwrap();
    assert_eq!((hub.key_hex.clone(), hub.claim.clone()), (key, None));
    let outcome = exchange(&hub, &mut pc).await.unwrap();
    assert!(outcome.in_step && outcome.received.segments == 1);
    assert!(epoch.is_some() && outcome.epoch == epoch);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_hub_is_filled_again_by_whoever_still_has_it() {
    let (old, new, mut county) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&old, &mut county).await;
    let (mut office, mut pc) = (county.office(), county.pc());
    for _ in 0..3 {
        office.save(office.stream(), 10);
    }
    exchange(&hub, &mut office).await.unwrap();
    exchange(&hub, &mut pc).await.unwrap();
    hub.stop().await;
    let hub = claimed(&new, &mut county).await;
    // The office's PC burnt too; the county carries what the office signed.
    let outcome = exchange(&hub, &mut pc).await.unwrap();
    assert!(outcome.in_step && outcome.sent.segments == 3, "{outcome:?}");
    let mut replacement = county.further_pc(office.office);
    assert!(exchange(&hub, &mut replacement).await.unwrap().in_step);
    assert_eq!(replacement.holds(&office.stream()), office.holds(&office.stream()));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_pc_forks_its_chain_and_both_branches_reach_everyone() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let (mut one, mut pc) = (county.office(), county.pc());
    let stream = one.stream();
    // What both have in common is more than one batch: the clone must go on behind what the hub knows already.
    for _ in 0..5 {
        one.save(stream, 60_000);
    }
    exchange(&hub, &mut one).await.unwrap();
    let mut clone = one.clone();
    for _ in 0..3 {
        one.save(stream, 2000);
    }
    for _ in 0..6 {
        clone.save(stream, 2001);
    }
    exchange(&hub, &mut one).await.unwrap();
    exchange(&hub, &mut pc).await.unwrap();
    // The clone is ahead of what the hub holds, by other segments.
    let outcome = exchange(&hub, &mut clone).await.unwrap();
    assert!(outcome.forks >= 3 && outcome.in_step, "{outcome:?}");
    assert_eq!(clone.holds(&stream).len(), 5 + 3 + 6);
    for office in [&mut one, &mut pc] {
        let outcome = exchange(&hub, office).await.unwrap();
        assert!(outcome.in_step && outcome.received.segments == 6, "{outcome:?}");
        assert_eq!(office.frontier(&stream), clone.frontier(&stream));
        assert_eq!(office.frontier(&stream).heads(clone.chain).len(), 2);
    }
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_gets_its_own_later_segments_back() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    office.save(office.stream(), 10);
    let mut backup = office.clone();
    for _ in 0..4 {
        office.save(office.stream(), 10);
    }
    exchange(&hub, &mut office).await.unwrap();
    let outcome = exchange(&hub, &mut backup).await.unwrap();
    assert!(outcome.in_step && outcome.forks == 0 && outcome.sent.segments == 0);
    assert_eq!(backup.holds(&backup.stream()), office.holds(&office.stream()));
    // And one that wrote before it asked: fewer segments than the hub holds, but others.
    let mut careless = backup.clone();
    office.save(office.stream(), 10);
    office.save(office.stream(), 10);
    careless.save(careless.stream(), 11);
    exchange(&hub, &mut office).await.unwrap();
    let outcome = exchange(&hub, &mut careless).await.unwrap();
    assert!(outcome.in_step && outcome.forks == 1, "{outcome:?}");
    assert_eq!(careless.holds(&careless.stream()).len(), 8);
    hub.stop().await;
}
