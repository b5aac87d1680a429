//! Lines that break: nothing is lost, nothing stands twice, and little goes again.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn stored_but_never_answered_is_sent_again_and_stands_once() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let (mut office, mut pc) = (county.office(), county.pc());
    for _ in 0..4 {
        office.save(office.stream(), 3000);
    }
    let line = Line::to(hub.addr, Badness::CutAnswer(9000)).await;
    let fault = line.link(&hub, &office).exchange(&mut office, &mut |_| {}).await.unwrap_err();
    assert!(matches!(fault, LinkFault::NoLine(_)) && fault.passes(), "{fault:?}");
    assert!(office.told[&office.stream()].is_empty(), "it never heard");
    // The hub stored them all the same, and has to be asked to believe it.
    assert!(exchange(&hub, &mut pc).await.unwrap().in_step);
    assert_eq!(pc.holds(&office.stream()).len(), 4);
    let outcome = exchange(&hub, &mut office).await.unwrap();
    assert!(outcome.in_step && outcome.sent.segments == 0);
    assert_eq!(office.told[&office.stream()], office.frontier(&office.stream()));
    assert_eq!(exchange(&hub, &mut pc).await.unwrap().received.segments, 0);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_every_so_often_still_brings_everything() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let (mut office, mut pc) = (county.office(), county.pc());
    for _ in 0..60 {
        office.save(office.stream(), 4000);
    }
    exchange(&hub, &mut office).await.unwrap();
    let line = Line::to(hub.addr, Badness::CutDown(50_000)).await;
    let mut broken = 0;
    loop {
        let before = pc.holds(&office.stream()).len();
        match line.link(&hub, &pc).exchange(&mut pc, &mut |_| {}).await {
            Ok(outcome) => break assert!(outcome.in_step),
            Err(LinkFault::NoLine(_)) => broken += 1,
            Err(fault) => panic!("{fault:?}"),
        }
        assert!(pc.holds(&office.stream()).len() > before, "what came whole before the break is kept");
    }
    assert!((4..10).contains(&broken), "{broken}");
    assert_eq!(pc.holds(&office.stream()), office.holds(&office.stream()));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_is_moved_in_many_small_parts() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let (mut office, mut pc) = (county.office(), county.pc());
    for _ in 0..30 {
        office.save(office.stream(), 200_000);
    }
    let mut sendings = 0;
    let outcome = link(&hub, &office)
        .exchange(&mut office, &mut |step| sendings += usize::from(matches!(step, Step::Sending { .. })))
        .await
        .unwrap();
    assert!(outcome.in_step && outcome.sent.segments == 30);
    assert!(sendings >= 6_000_000 / wire::BATCH, "{sendings}");
    assert!(exchange(&hub, &mut pc).await.unwrap().in_step);
    assert!(pc.receives >= 6, "kept as it came: {}", pc.receives);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_waits_for_answers_under_way() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    for _ in 0..20 {
        office.save(office.stream(), 100_000);
    }
    let link = link(&hub, &office);
    let stopping = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        tokio::time::timeout(Duration::from_secs(15), hub.stop()).await
    });
    // Whatever the moment hits: no panic, no hang, and what was answered is stored.
    let ended = link.exchange(&mut office, &mut |_| {}).await;
    assert!(matches!(ended, Ok(_) | Err(LinkFault::NoLine(_))), "{ended:?}");
    assert!(stopping.await.unwrap().is_ok());
    let answered = office.told.get(&office.stream()).cloned().unwrap_or_default();
    let hub = Hub::start(dir.path(), anywhere()).await.unwrap();
    let mut pc = county.pc();
    exchange(&hub, &mut pc).await.unwrap();
    let held = pc.frontier(&office.stream()).head(office.chain).map_or(0, |head| head.seq);
    assert!(held >= answered.head(office.chain).map_or(0, |head| head.seq));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_hub_is_given_the_time_that_it_asks_for() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    let link = link(&hub, &office);
    let began = std::time::Instant::now();
    // More than one PC may ask in a burst: the hub says 429, and the link waits as it was told, and goes on.
    for _ in 0..75 {
        assert!(link.exchange(&mut office, &mut |_| {}).await.unwrap().in_step);
    }
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}: the hub cannot have been busy", began.elapsed());
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_of_half_a_megabyte_passes_a_line_that_breaks_every_20_kb_both_ways_and_over_restarts() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let mut hub = claimed(&dir, &mut county).await;
    let (mut office, mut pc) = (county.office(), county.pc());
    office.save(office.stream(), 512_000);
    let (mut up, mut exchanges) = (0, 0_u32);
    loop {
        // Each time another program, as after a restart; now and then another hub too.
        let line = Line::to(hub.addr, Badness::CutAny(20_000)).await;
        let ended = line.link(&hub, &office).exchange(&mut office, &mut |_| {}).await;
        up += line.up.load(Ordering::SeqCst);
        exchanges += 1;
        match ended {
            Ok(outcome) => break assert!(outcome.in_step, "{outcome:?}"),
            Err(LinkFault::NoLine(_)) => assert!(exchanges < 60, "no way through"),
            Err(fault) => panic!("{fault:?}"),
        }
        hub.stop().await;
        hub = Hub::start(dir.path(), anywhere()).await.unwrap();
    }
    println!("{up} bytes, {exchanges} exchanges");
    // What a connection says before the first useful byte is some 4 kB of 20 kB.
    assert!(up < 512_000 + u64::from(exchanges) * 5_000, "{up} bytes for half a megabyte in {exchanges} exchanges");
    assert_eq!(std::fs::read_dir(dir.path().join("pieces")).unwrap().count(), 0, "what is whole is not kept twice");

    let (mut broken, mut vain) = (0, 0);
    loop {
        let before = pc.begun.len();
        let line = Line::to(hub.addr, Badness::CutAny(20_000)).await;
        match line.link(&hub, &pc).exchange(&mut pc, &mut |_| {}).await {
            Ok(outcome) => break assert!(outcome.in_step, "{outcome:?}"),
            Err(LinkFault::NoLine(_)) => broken += 1,
            Err(fault) => panic!("{fault:?}"),
        }
        // A line may break before it has brought anything: what a connection costs by itself is a third of 20 kB.
        vain += u32::from(pc.begun.len() <= before);
        assert!(broken < 120, "no way through");
    }
    assert!(
        broken >= 26 && vain * 4 <= broken,
        "{broken} breaks for half a megabyte, {vain} in vain: begun is gone on with"
    );
    assert_eq!(pc.holds(&office.stream()), office.holds(&office.stream()));
    assert!(pc.begun.is_empty());
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_costs_no_more_than_was_on_its_way_however_small_the_segments_are() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    exchange(&hub, &mut office).await.unwrap();
    for _ in 0..4 {
        office.save(office.stream(), 9_000);
    }
    // Each connection carries 9 kB with all that it says before, so no segment ever passes whole.
    let line = Line::to(hub.addr, Badness::CutAny(9_000)).await;
    let outcome = line.link(&hub, &office).through(&mut office, &mut |_| {}).await.unwrap();
    assert!(outcome.in_step && outcome.sent.segments == 4, "{outcome:?}");
    let (up, calls) = (line.up.load(Ordering::SeqCst), line.calls.load(Ordering::SeqCst));
    assert!((5..20).contains(&calls) && up < 37_000 + calls * 5_000, "{up} bytes over {calls} connections");
    let mut pc = county.pc();
    assert!(exchange(&hub, &mut pc).await.unwrap().in_step);
    assert_eq!(pc.holds(&office.stream()), office.holds(&office.stream()));
    assert_eq!(std::fs::read_dir(dir.path().join("pieces")).unwrap().count(), 0, "nothing is left behind");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_gone_is_left_to_the_timer() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    office.save(office.stream(), 9_000);
    hub.stop().await;
    let line = Line::to(hub_of_nobody().await, Badness::Good).await;
    let link = link_to(format!("https://{}", line.addr), office.key.public(), &office);
    assert!(link.through(&mut office, &mut |_| {}).await.is_err());
    assert!(line.calls.load(Ordering::SeqCst) <= 2, "where nothing was ever answered nobody calls again");
}

/// An address at which nobody answers.
async fn hub_of_nobody() -> SocketAddr {
    TcpListener::bind(anywhere()).await.unwrap().local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hub_has_though_its_answer_was_lost_is_not_sent_twice() {
    let (dir, mut county) = (tempfile::tempdir().unwrap(), County::new(1));
    let hub = claimed(&dir, &mut county).await;
    let mut office = county.office();
    for _ in 0..3 {
        office.save(office.stream(), 30_000);
    }
    let line = Line::to(hub.addr, Badness::CutAnswer(80_000)).await;
    let outcome = line.link(&hub, &office).through(&mut office, &mut |_| {}).await.unwrap();
    assert_eq!(outcome.sent.segments, 3, "the hub had them, and they are told as sent: {outcome:?}");
    assert_eq!(office.told[&office.stream()], office.frontier(&office.stream()), "and now it is known here");
    let up = line.up.load(Ordering::SeqCst);
    assert!((90_000..130_000).contains(&up), "{up} bytes for 90,000");
    hub.stop().await;
}
