//! Locked PCs at the hub: what their carriers may ask, and that nothing that a carrier signs is kept.

use super::*;

#[tokio::test]
async fn a_locked_pc_asks_by_its_carrier_and_nothing_that_the_carrier_signs_is_kept() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut pc, mut pingming, anfeng) = (county.pc(), county.office(), county.office());
    let (own, list) = (pingming.save(pingming.stream(), 50), pc.save(Stream::County, 50));
    hub.bring(&pc, Stream::County, &[&list]).await.unwrap();
    let mut carrier = pingming.carrier();

    // In the name of its PC: what that one may read and write, and no more.
    assert_eq!(hub.bring(&carrier, pingming.stream(), &[&own]).await, Ok(vec![Placed::Stored]));
    assert_eq!(hub.missing(&carrier, Stream::County, &Frontier::new()).await, Ok(vec![list.clone()]));
    assert_eq!(hub.missing(&carrier, anfeng.stream(), &Frontier::new()).await, Err(RefusalCode::MayNot));
    assert_eq!(hub.bring(&carrier, anfeng.stream(), &[&own]).await, Err(RefusalCode::MayNot));
    hub.changed(&mut pingming).await;
    hub.changed(&mut carrier).await;
    let seen = hub.desk.store.seen().unwrap();
    let name = |who: &Office| who.certs.last().unwrap().id();
    let of = seen.iter().find(|seen| seen.device.cert == name(&pingming)).expect("the PC was here");
    assert_eq!(of.about.name, "平明镇总工会", "the office is called what its clerks call it");
    assert_eq!(seen.iter().find(|seen| seen.device.cert == name(&carrier)), None, "a carrier is no device");

    // What it signs itself: not as a device that brings its certificates, and not under the name of its PC.
    let stream = pingming.stream();
    let mut fresh = carrier.clone();
    fresh.chain = Incarnation([7; 16]);
    let foreign = Ok(vec![Placed::Refused(Refused::Foreign)]);
    let introduced = fresh.save(stream, 50);
    assert_eq!(hub.bring(&carrier, stream, &[&introduced]).await, foreign);
    let goes_on = carrier.save(stream, 50);
    assert_eq!(hub.bring(&carrier, stream, &[&goes_on]).await, foreign);
    let mut posing = carrier.clone();
    posing.certs = pingming.certs.clone();
    let posed = posing.save(stream, 50);
    assert_eq!(hub.bring(&carrier, stream, &[&posed]).await, foreign);
    let mut county_carrier = pc.carrier();
    let sum = county_carrier.sum(Stream::County);
    let refused = Ok(vec![Placed::Refused(Refused::MayNot)]);
    assert_eq!(hub.bring(&pc, Stream::County, &[&sum]).await, refused, "a checkpoint");

    // Shut out with its PC.
    let mut order = Vec::new();
    put_frame(&mut order, &county.order(&pingming)).unwrap();
    hub.post(&pc, "/v1/orders", &order).await.unwrap();
    assert_eq!(hub.missing(&carrier, Stream::County, &Frontier::new()).await, Err(RefusalCode::Revoked));
    assert_eq!(hub.bring(&carrier, stream, &[&own]).await, Err(RefusalCode::Revoked));
}

#[tokio::test]
async fn a_carrier_claims_no_hub() {
    let mut county = County::new(1);
    let (hub, pc, root) = (hub(None).await, county.pc(), county.root());
    assert_eq!(hub.claim(&pc.carrier(), root).await, Err(RefusalCode::ClaimWrong));
    assert!(hub.claim(&pc, root).await.is_ok());
}
