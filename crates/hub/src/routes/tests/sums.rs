//! Checkpoints at the hub: which one is given, and which ones stay.

use niangjia_replication::checkpoint::Part;

use super::*;
use crate::store::View;

const ASK: CheckpointAsk = CheckpointAsk {
    have: None,
    stands: Vec::new(),
    tried: Vec::new(),
    anything: false,
    max_bytes: u64::MAX,
    begun: None,
};

/// The name of the checkpoint that the hub gives.
async fn given(hub: &Desktop, who: &Office) -> Option<[u8; 16]> {
    given_of(hub, who, who.stream()).await
}

async fn given_of(hub: &Desktop, who: &Office, stream: Stream) -> Option<[u8; 16]> {
    asked(hub, who, stream, ASK).await
}

async fn asked(hub: &Desktop, who: &Office, stream: Stream, ask: CheckpointAsk) -> Option<[u8; 16]> {
    let path = format!("/v1/streams/{stream}/checkpoint");
    let answer = hub.post(who, &path, &wire::encode(&ask)).await.unwrap();
    let mut frames = Frames::new();
    frames.push(&answer);
    let parts = frames.take(&Limits::STANDARD).unwrap();
    parts.first().map(|part| name(part))
}

fn name(part: &[u8]) -> [u8; 16] {
    Part::parse(part, &Limits::STANDARD).unwrap().header().id
}

async fn brought(hub: &Desktop, who: &Office, frame: &[u8]) {
    assert_eq!(hub.bring(who, who.stream(), &[frame]).await, Ok(vec![Placed::Stored]));
}

#[tokio::test]
async fn the_checkpoint_stays_that_alone_says_what_the_hub_lacks() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let mut front = county.office();
    let stream = front.stream();
    let mut back = county.further_pc(front.office);
    // Of the second PC the hub has what it sums up, and no segment.
    let days: Vec<Vec<u8>> = (0..3).map(|_| back.save(stream, 50)).collect();
    let needed = back.sum(stream);
    brought(&hub, &back, &needed).await;
    // The first one knows nothing of that, and brings one sum after the other, each of which reaches farther.
    let mut sums = Vec::new();
    for _ in 0..5 {
        let day = front.save(stream, 50);
        brought(&hub, &front, &day).await;
        sums.push(front.sum(stream));
        brought(&hub, &front, sums.last().unwrap()).await;
    }
    let fresh = county.further_pc(front.office);
    assert_eq!(given(&hub, &fresh).await, Some(name(&needed)));

    // When somebody has brought the segments it is worth no more than it says.
    for day in days.iter().rev() {
        brought(&hub, &back, day).await;
    }
    assert_eq!(given(&hub, &fresh).await, Some(name(&sums[4])));
    let again = front.sum(stream);
    brought(&hub, &front, &again).await;
    let left: Vec<_> = hub.desk.store.checkpoints(&stream).unwrap().iter().map(|whole| whole.id).collect();
    assert_eq!(left.len(), 2, "and is not kept for ever");
    assert!(!left.contains(&name(&needed)));
}

#[tokio::test]
async fn a_pc_that_lags_behind_pushes_out_nothing_and_one_that_is_shut_out_is_not_given() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (pc, mut front) = (county.pc(), county.office());
    let stream = front.stream();
    let mut back = county.further_pc(front.office);
    for _ in 0..4 {
        let day = front.save(stream, 50);
        brought(&hub, &front, &day).await;
    }
    let far = [front.sum(stream), front.sum(stream)];
    for sum in &far {
        brought(&hub, &front, sum).await;
    }
    let day = back.save(stream, 50);
    brought(&hub, &back, &day).await;
    let mut last = Vec::new();
    for _ in 0..4 {
        last = back.sum(stream);
        brought(&hub, &back, &last).await;
    }
    let left: Vec<_> = hub.desk.store.checkpoints(&stream).unwrap().iter().map(|whole| whole.id).collect();
    assert_eq!(left, [name(&last), name(&far[1]), name(&far[0])], "the newest stays, whatever it says");
    assert_eq!(given(&hub, &back).await, Some(name(&far[1])));

    let mut order = Vec::new();
    put_frame(&mut order, &county.order(&front)).unwrap();
    hub.post(&pc, "/v1/orders", &order).await.unwrap();
    assert_eq!(given(&hub, &back).await, Some(name(&last)), "what nobody would believe is not given");
}

/// The hub has lost its disk. A PC that is shut out brought a sum that goes farther than the one of whoever wrote the days, and the
/// day behind that one's; the first days nobody has any more.
#[tokio::test]
async fn what_a_sum_ends_with_is_known_by_the_day_that_follows_it() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (pc, mut front) = (county.pc(), county.office());
    let stream = front.stream();
    let mut thief = county.further_pc(front.office);
    let first = front.save(stream, 50);
    let sum = front.sum(stream);
    let second = front.save(stream, 50);
    thief.receive(&stream, vec![first, second.clone()]).unwrap();
    let far = thief.sum(stream);
    for frame in [&sum, &far, &second] {
        brought(&hub, &front, frame).await;
    }
    assert_eq!(given(&hub, &front).await, Some(name(&far)));

    let mut order = Vec::new();
    put_frame(&mut order, &county.order(&thief)).unwrap();
    hub.post(&pc, "/v1/orders", &order).await.unwrap();
    assert_eq!(given(&hub, &front).await, Some(name(&sum)), "with the day behind it that is all there is");
}

/// The hub has lost its disk, and of a PC that burnt it has only what a colleague sums up. Whoever made the order against that PC had
/// never heard of what it wrote, so the order names no chain of it.
#[tokio::test]
async fn a_chain_that_is_only_summed_up_falls_with_whoever_wrote_it() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (pc, mut front) = (county.pc(), county.office());
    let stream = front.stream();
    let mut burnt = county.further_pc(front.office);
    let day = burnt.save(stream, 50);
    front.receive(&stream, vec![day]).unwrap();
    let own = front.save(stream, 50);
    let sum = front.sum(stream);
    brought(&hub, &front, &sum).await;
    let chains = [burnt.chain, front.chain];
    let named = || {
        let told = hub.desk.store.frontier(&stream, View::All).unwrap();
        chains.map(|chain| told.head(chain).is_some())
    };
    assert_eq!(named(), [true, true]);

    let mut order = Vec::new();
    put_frame(&mut order, &county.order(&burnt)).unwrap();
    hub.post(&pc, "/v1/orders", &order).await.unwrap();
    assert_eq!(named(), [false, true], "nobody who has heard of the order holds it, and nobody could bring it");
    assert_eq!(given(&hub, &front).await, None);
    // It comes the other way round too.
    let again = front.sum(stream);
    brought(&hub, &front, &again).await;
    assert_eq!(named(), [false, true]);
    brought(&hub, &front, &own).await;
}

/// The hub has lost its disk and the registrar burnt. What that one wrote in an office's stream stands in the office's checkpoint alone.
#[tokio::test]
async fn what_is_summed_up_of_a_lost_registrar_is_given_to_the_one_that_took_its_place() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut lost, mut front) = (county.registrar(), county.office());
    let stream = front.stream();
    let day = lost.save(stream, 50);
    front.receive(&stream, vec![day]).unwrap();
    front.save(stream, 50);
    let sum = front.sum(stream);
    let next = front.save(stream, 50);
    for frame in [&sum, &next] {
        brought(&hub, &front, frame).await;
    }
    let pc = county.pc();
    let (new, order) = county.founded_again(&lost);
    assert_eq!(given_of(&hub, &new, stream).await, Some(name(&sum)));

    let mut orders = Vec::new();
    put_frame(&mut orders, &order).unwrap();
    hub.post(&new, "/v1/orders", &orders).await.unwrap();
    let named = || hub.desk.store.frontier(&stream, View::All).unwrap().head(lost.chain).is_some();
    assert!(!named());
    assert_eq!(given(&hub, &front).await, None, "nobody who has heard of the order would believe it");
    assert_eq!(given_of(&hub, &pc, stream).await, None, "nor another PC of the county");
    assert_eq!(given_of(&hub, &new, stream).await, Some(name(&sum)), "whoever can raise the order is shown why");

    orders.clear();
    put_frame(&mut orders, &county.accepted(&lost, stream)).unwrap();
    hub.post(&new, "/v1/orders", &orders).await.unwrap();
    assert!(named(), "what is accepted counts again");
    assert_eq!(given(&hub, &front).await, Some(name(&sum)));
}

/// The hub has lost its disk. A clone wrote beside what a later sum covers, and the first day nobody has any more.
#[tokio::test]
async fn a_sum_that_ends_below_a_fork_is_given_before_one_that_covers_a_branch() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let mut front = county.office();
    let stream = front.stream();
    front.save(stream, 50);
    let below = front.sum(stream);
    let mut clone = front.clone();
    let days = [front.save(stream, 50), front.save(stream, 50)];
    let beyond = front.sum(stream);
    for frame in [&below, &days[0], &days[1], &beyond] {
        brought(&hub, &front, frame).await;
    }
    assert_eq!(given(&hub, &front).await, Some(name(&beyond)));
    let beside = clone.save(stream, 51);
    assert_eq!(hub.bring(&clone, stream, &[&beside]).await, Ok(vec![Placed::Fork]));
    assert_eq!(given(&hub, &front).await, Some(name(&below)));
    // However many come that go as far, it stays.
    for _ in 0..4 {
        let again = front.sum(stream);
        brought(&hub, &front, &again).await;
    }
    assert_eq!(given(&hub, &front).await, Some(name(&below)));
}

/// The hub has lost its disk. Two PCs of an office have pruned, each without what the other one wrote last.
#[tokio::test]
async fn sums_that_tell_everything_only_together_are_given_one_after_the_other() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let mut front = county.office();
    let stream = front.stream();
    let mut back = county.further_pc(front.office);
    let days = [front.save(stream, 50), back.save(stream, 50)];
    front.receive(&stream, vec![days[1].clone()]).unwrap();
    back.receive(&stream, vec![days[0].clone()]).unwrap();
    let (of_front, of_back) = ([front.save(stream, 50), front.sum(stream)], [back.save(stream, 50), back.sum(stream)]);
    let sums = [name(&of_front[1]), name(&of_back[1])];
    let standing =
        |stands: &[[u8; 16]]| CheckpointAsk { stands: stands.iter().copied().map(RecordId).collect(), ..ASK };
    brought(&hub, &front, &of_front[1]).await;
    assert_eq!(given(&hub, &front).await, Some(sums[0]));
    brought(&hub, &back, &of_back[1]).await;
    let first = given(&hub, &front).await.unwrap();
    let [other] = *sums.iter().filter(|one| **one != first).collect::<Vec<_>>() else { panic!("neither") };
    assert_eq!(asked(&hub, &front, stream, standing(&[first])).await, Some(*other));
    assert_eq!(asked(&hub, &front, stream, standing(&sums)).await, None, "nothing beyond these is told");

    // Once the days between are there, each of them is followed without a gap.
    brought(&hub, &back, &of_back[0]).await;
    assert_eq!(asked(&hub, &front, stream, standing(&[sums[0]])).await, Some(sums[1]));
}

/// What came once and was of no use does not come again; the one that says less does, and then nothing.
#[tokio::test]
async fn of_a_sum_that_was_tried_in_vain_the_next_best_is_given() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let mut front = county.office();
    let stream = front.stream();
    let mut days = vec![front.save(stream, 50)];
    let first = front.sum(stream);
    days.push(front.save(stream, 50));
    let second = front.sum(stream);
    for piece in days.iter().chain([&first, &second]) {
        brought(&hub, &front, piece).await;
    }
    let tried = |of: &[&Vec<u8>]| CheckpointAsk { tried: of.iter().map(|sum| RecordId(name(sum))).collect(), ..ASK };
    assert_eq!(given(&hub, &front).await, Some(name(&second)));
    assert_eq!(asked(&hub, &front, stream, tried(&[&second])).await, Some(name(&first)));
    assert_eq!(asked(&hub, &front, stream, tried(&[&second, &first])).await, None);
}

/// The hub has lost its disk, and all that is left was summed up by a PC that was stolen.
#[tokio::test]
async fn what_a_stolen_pc_summed_up_is_given_to_a_county_that_asks_for_anything() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut front, pc) = (county.office(), county.pc());
    let stream = front.stream();
    let mut thief = county.further_pc(front.office);
    let day = front.save(stream, 50);
    thief.receive(&stream, vec![day.clone()]).unwrap();
    let sum = thief.sum(stream);
    brought(&hub, &front, &sum).await;
    let mut order = Vec::new();
    put_frame(&mut order, &county.order(&thief)).unwrap();
    hub.post(&pc, "/v1/orders", &order).await.unwrap();
    let anything = || CheckpointAsk { anything: true, ..ASK };
    let registrar = county.registrar();
    assert_eq!(given_of(&hub, &registrar, stream).await, None);
    assert_eq!(asked(&hub, &front, stream, anything()).await, None);
    assert_eq!(asked(&hub, &registrar, stream, anything()).await, Some(name(&sum)));

    // Nothing lacks any more that somebody in good standing could not tell.
    let own = front.sum(stream);
    brought(&hub, &front, &own).await;
    assert_eq!(asked(&hub, &registrar, stream, anything()).await, Some(name(&own)));
    brought(&hub, &front, &day).await;
    let standing = CheckpointAsk { stands: vec![RecordId(name(&own))], ..anything() };
    assert_eq!(asked(&hub, &registrar, stream, standing).await, None);
}

/// Of a registrar that was lost one sum tells as much as the order accepts, and a later one more.
#[tokio::test]
async fn a_chain_goes_back_to_the_sum_that_tells_no_more_than_is_accepted() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut lost, mut front) = (county.registrar(), county.office());
    let stream = front.stream();
    let day = lost.save(stream, 50);
    front.receive(&stream, vec![day]).unwrap();
    let small = front.sum(stream);
    let (new, _) = county.founded_again(&lost);
    let mut orders = Vec::new();
    put_frame(&mut orders, &county.accepted(&lost, stream)).unwrap();
    let accepted = lost.frontier(&stream).head(lost.chain);
    let day = lost.save(stream, 50);
    front.receive(&stream, vec![day]).unwrap();
    let large = front.sum(stream);
    for sum in [&small, &large] {
        brought(&hub, &front, sum).await;
    }
    let named = || hub.desk.store.frontier(&stream, View::All).unwrap().head(lost.chain);
    assert_ne!(named(), accepted);
    hub.post(&new, "/v1/orders", &orders).await.unwrap();
    assert_eq!(named(), accepted);
    assert_eq!(given(&hub, &front).await, Some(name(&small)));
    // The other way round: the order is there, and the larger one comes later.
    let again = front.sum(stream);
    brought(&hub, &front, &again).await;
    assert_eq!(named(), accepted);
}

/// One PC of an office has heard more of a registrar that was lost than the order against that one accepts; its colleague sums up day
/// after day without it.
#[tokio::test]
async fn what_is_told_beyond_an_order_is_kept_for_the_registrar() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut lost, mut front) = (county.registrar(), county.office());
    let stream = front.stream();
    let mut back = county.further_pc(front.office);
    let days: Vec<Vec<u8>> = (0..2).map(|_| lost.save(stream, 50)).collect();
    back.receive(&stream, vec![days[0].clone()]).unwrap();
    front.receive(&stream, days.clone()).unwrap();
    let (new, order) = county.founded_again(&lost);
    let orders = |bytes: &[u8]| {
        let mut framed = Vec::new();
        put_frame(&mut framed, bytes).unwrap();
        framed
    };
    hub.post(&new, "/v1/orders", &orders(&order)).await.unwrap();
    let doubted = async |who: &Office| {
        let ask = ChangedAsk { streams: Vec::new(), counts: std::collections::BTreeMap::new(), about: None };
        let answer = hub.post(who, "/v1/changed", &wire::encode(&ask)).await.unwrap();
        let told = wire::decode::<Changed>(&answer).unwrap().doubted;
        told.into_iter().map(|lack| (lack.stream, lack.chain, lack.after, lack.until)).collect::<Vec<_>>()
    };
    assert_eq!(doubted(&new).await, []);
    brought(&hub, &front, &days[0]).await;
    let more = front.sum(stream);
    brought(&hub, &front, &more).await;
    for _ in 0..4 {
        let sum = back.sum(stream);
        brought(&hub, &back, &sum).await;
    }
    assert_eq!(doubted(&new).await, [(stream, lost.chain, 1, 2)]);
    assert_eq!(doubted(&front).await, [], "nobody else may accept it");
    assert_eq!(doubted(&county.pc()).await, []);
    assert_eq!(given_of(&hub, &new, stream).await, Some(name(&more)), "however many came since");
    let standing = CheckpointAsk { stands: vec![RecordId(name(&more))], ..ASK };
    assert_ne!(asked(&hub, &new, stream, standing).await, Some(name(&more)));
}

/// Of two that tell a day which nobody can bring, one goes beyond the order of a registrar that was lost.
#[tokio::test]
async fn what_is_believed_fills_a_gap_before_what_is_doubted() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut lost, mut front) = (county.registrar(), county.office());
    let stream = front.stream();
    let mut back = county.further_pc(front.office);
    let (day, word) = (front.save(stream, 50), lost.save(stream, 50));
    back.receive(&stream, vec![day]).unwrap();
    front.receive(&stream, vec![word]).unwrap();
    let (believed, more) = (back.sum(stream), front.sum(stream));
    let (new, order) = county.founded_again(&lost);
    let mut orders = Vec::new();
    put_frame(&mut orders, &order).unwrap();
    hub.post(&new, "/v1/orders", &orders).await.unwrap();
    for sum in [&more, &believed] {
        brought(&hub, &front, sum).await;
    }
    assert_eq!(given_of(&hub, &new, stream).await, Some(name(&believed)));
    let standing = CheckpointAsk { stands: vec![RecordId(name(&believed))], ..ASK };
    assert_eq!(asked(&hub, &new, stream, standing).await, Some(name(&more)), "and then what it tells beside");
}

/// The same, when some of what lies below the smaller one has been brought already.
#[tokio::test]
async fn what_was_brought_below_a_sum_is_not_lost_from_sight_when_a_larger_one_falls() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut lost, mut front) = (county.registrar(), county.office());
    let stream = front.stream();
    let days: Vec<Vec<u8>> = (0..3).map(|_| lost.save(stream, 50)).collect();
    front.receive(&stream, days.clone()).unwrap();
    let small = front.sum(stream);
    let (new, _) = county.founded_again(&lost);
    let mut orders = Vec::new();
    put_frame(&mut orders, &county.accepted(&lost, stream)).unwrap();
    let day = lost.save(stream, 50);
    front.receive(&stream, vec![day]).unwrap();
    brought(&hub, &front, &small).await;
    for day in days[1..].iter().rev() {
        assert_eq!(hub.bring(&lost, stream, &[day]).await, Ok(vec![Placed::Stored]));
    }
    let lacks = || {
        let lacking = hub.desk.store.lacking().unwrap();
        lacking.iter().find(|lack| lack.chain == lost.chain).map(|lack| (lack.after, lack.until))
    };
    assert_eq!(lacks(), Some((0, 1)));
    hub.post(&new, "/v1/orders", &orders).await.unwrap();
    for _ in 0..2 {
        let large = front.sum(stream);
        brought(&hub, &front, &large).await;
        assert_eq!(lacks(), Some((0, 1)), "what goes beyond the order takes nothing along");
    }
    brought(&hub, &front, &days[0]).await;
    assert_eq!(lacks(), None);
    assert_eq!(hub.desk.store.frontier(&stream, View::All).unwrap().head(lost.chain).map(|head| head.seq), Some(3));
}
