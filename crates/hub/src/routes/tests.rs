//! The hub's answers to right and wrong requests, without a socket.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::to_bytes;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use niangjia_replication::frontier::Head;
use niangjia_replication::keys::SigningKey;
use niangjia_replication::wire::{Digest, Frames, Placed, Refused, Replica, Taken, put_frame};
use niangjia_replication::{Frontier, Incarnation, RecordId, Segment};
use rand_core::SeedableRng;
use tower::ServiceExt;

use super::*;
use crate::county::{County, Office};
use crate::store::Sqlite;

mod carriers;
mod sums;

struct Desktop {
    desk: Arc<Desk>,
    claim: String,
    _dir: tempfile::TempDir,
}

/// A hub in memory's reach, claimed by `county` if one is given.
async fn hub(county: Option<&mut County>) -> Desktop {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&dir.path().join("hub.db")).unwrap();
    let claim = Claim::new(&mut rand_chacha::ChaCha20Rng::from_seed([8; 32]));
    let birth = store.be_born(&Birth { epoch: Incarnation([5; 16]), claim: claim.digest() }).unwrap();
    let desk =
        Desk::new(Arc::new(store), SigningKey::from_bytes(&[4; 32]).public(), birth, Beginnings::new(dir.path()));
    let hub = Desktop { desk, claim: claim.text().to_string(), _dir: dir };
    if let Some(county) = county {
        let (pc, root) = (county.pc(), county.root());
        assert_eq!(hub.claim(&pc, root).await.map(|claimed| claimed.root), Ok(root));
    }
    hub
}

impl Desktop {
    fn request(&self, who: &Office, path: &str, body: &[u8]) -> Request {
        let signed = if path.ends_with("/segments") { &[] } else { body };
        let digest = wire::request_digest(&self.desk.key, "POST", path, signed, &[1; 16]);
        let signature = URL_SAFE_NO_PAD.encode(who.key.sign(&digest));
        let chain = URL_SAFE_NO_PAD.encode(who.chain_cbor());
        Request::post(path)
            .header(AUTHORIZATION, format!("Niangjia {chain}.{signature}"))
            .header(wire::NONCE, "01".repeat(16))
            .header(wire::VERSION, "1")
            .body(Body::from(body.to_vec()))
            .unwrap()
    }

    async fn answer(&self, request: Request) -> Result<Vec<u8>, RefusalCode> {
        let peer = Peer(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let answer = app(self.desk.clone()).layer(Extension(peer)).oneshot(request).await.unwrap();
        assert_eq!(answer.headers()[wire::EPOCH], "05".repeat(16), "the epoch is on every answer");
        let good = answer.status().is_success();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec();
        if good { Ok(body) } else { Err(wire::decode::<Refusal>(&body).unwrap().code) }
    }

    async fn post(&self, who: &Office, path: &str, body: &[u8]) -> Result<Vec<u8>, RefusalCode> {
        self.answer(self.request(who, path, body)).await
    }

    async fn claim(&self, who: &Office, root: VerifyingKey) -> Result<Claimed, RefusalCode> {
        let ask = ClaimAsk { claim: self.claim.clone(), root };
        self.post(who, "/v1/claim", &wire::encode(&ask)).await.map(|body| wire::decode(&body).unwrap())
    }

    async fn bring(&self, who: &Office, stream: Stream, segments: &[&[u8]]) -> Result<Vec<Placed>, RefusalCode> {
        let mut body = Vec::new();
        segments.iter().for_each(|segment| put_frame(&mut body, segment).unwrap());
        let answer = self.post(who, &format!("/v1/streams/{stream}/segments"), &body).await?;
        Ok(wire::decode::<Taken>(&answer).unwrap().placed)
    }

    async fn missing(&self, who: &Office, stream: Stream, have: &Frontier) -> Result<Vec<Vec<u8>>, RefusalCode> {
        let ask = MissingAsk { have: have.clone(), max_bytes: u64::MAX, begun: None };
        let answer = self.post(who, &format!("/v1/streams/{stream}/missing"), &wire::encode(&ask)).await?;
        let mut frames = Frames::new();
        frames.push(&answer);
        Ok(frames.take(&Limits::STANDARD).unwrap())
    }

    async fn changed(&self, who: &mut Office) -> Vec<Stream> {
        let streams = who.frontiers().unwrap().iter().map(|(stream, f)| (*stream, Digest::of(f))).collect();
        let ask = ChangedAsk { streams, counts: who.counts().unwrap(), about: who.about() };
        let answer = self.post(who, "/v1/changed", &wire::encode(&ask)).await.unwrap();
        wire::decode::<Changed>(&answer).unwrap().differ.into_iter().map(|(stream, _)| stream).collect()
    }
}

#[tokio::test]
async fn a_hub_is_claimed_once_by_a_county_device_that_knows_the_claim() {
    let (mut county, mut other) = (County::new(1), County::new(2));
    let (pc, office, root) = (county.pc(), county.office(), county.root());
    let hub = hub(None).await;
    assert_eq!(hub.missing(&pc, Stream::County, &Frontier::new()).await, Err(RefusalCode::NotClaimed));

    assert_eq!(hub.claim(&office, root).await, Err(RefusalCode::ClaimWrong), "an office cannot claim");
    let another = Claim::new(&mut rand_chacha::ChaCha20Rng::from_seed([9; 32])).text().to_string();
    let guess = Desktop { claim: another, desk: hub.desk.clone(), _dir: tempfile::tempdir().unwrap() };
    assert_eq!(guess.claim(&pc, root).await, Err(RefusalCode::ClaimWrong));
    assert_eq!(hub.claim(&pc, other.root()).await, Err(RefusalCode::Foreign), "nobody claims for another county");

    assert_eq!(hub.claim(&pc, root).await.map(|claimed| claimed.root), Ok(root));
    assert_eq!(hub.claim(&pc, root).await.map(|claimed| claimed.root), Ok(root), "the answer may have been lost");
    assert_eq!(hub.claim(&other.pc(), other.root()).await, Err(RefusalCode::ClaimSpent));
    assert!(hub.missing(&pc, Stream::County, &Frontier::new()).await.is_ok());
}

#[tokio::test]
async fn every_stream_has_its_writers_and_readers() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (mut pc, mut a, mut b) = (county.pc(), county.office(), county.office());
    let (of_a, mail_to_a) = (a.stream(), Stream::Mail(a.office));
    let empty = Frontier::new();

    // B writes into A's stream, on its own and by way of A.
    let forged = b.save(of_a, 10);
    assert_eq!(hub.bring(&b, of_a, &[&forged]).await, Err(RefusalCode::MayNot));
    assert_eq!(hub.bring(&a, of_a, &[&forged]).await, Ok(vec![Placed::Refused(Refused::MayNot)]));
    assert_eq!(hub.missing(&b, of_a, &empty).await, Err(RefusalCode::MayNot));
    let order = a.clone().save(Stream::County, 10);
    assert_eq!(hub.bring(&a, Stream::County, &[&order]).await, Ok(vec![Placed::Refused(Refused::MayNot)]));
    // A segment counts for the stream that it was signed for.
    let own = a.save(of_a, 10);
    assert_eq!(hub.bring(&a, Stream::Registry, &[&own]).await, Ok(vec![Placed::Refused(Refused::OtherStream)]));
    assert_eq!(hub.bring(&a, of_a, &[&own]).await, Ok(vec![Placed::Stored]));

    // Mail: everyone writes, addressee and county read, the sender sees its own.
    let (letter, other) = (b.save(mail_to_a, 10), pc.save(mail_to_a, 10));
    assert_eq!(hub.bring(&b, mail_to_a, &[&letter]).await, Ok(vec![Placed::Stored]));
    assert_eq!(hub.bring(&pc, mail_to_a, &[&other]).await, Ok(vec![Placed::Stored]));
    assert_eq!(hub.missing(&b, mail_to_a, &empty).await, Ok(vec![letter.clone()]));
    assert_eq!(hub.missing(&a, mail_to_a, &empty).await.map(|all| all.len()), Ok(2));

    // Each is told of what it may read and lacks, and of nothing else.
    assert_eq!(hub.changed(&mut b).await, [of_a; 0], "B holds its letter, and the rest is not its own");
    assert_eq!(hub.changed(&mut a).await, [mail_to_a]);
    assert_eq!(hub.changed(&mut pc).await, [of_a, mail_to_a]);
    let seen = hub.desk.store.seen().unwrap();
    let counted = seen.iter().find(|seen| seen.device.office == a.office).unwrap();
    assert_eq!(counted.counts["members"], 1, "what the office told about itself is kept");
}

#[tokio::test]
async fn a_foreign_county_is_refused_in_requests_and_in_segments() {
    let (mut county, mut other) = (County::new(1), County::new(2));
    let hub = hub(Some(&mut county)).await;
    let (a, mut stranger) = (county.office(), other.office());
    assert_eq!(hub.missing(&stranger, Stream::Registry, &Frontier::new()).await, Err(RefusalCode::Foreign));
    let foreign = stranger.save(Stream::Registry, 10);
    assert_eq!(hub.bring(&a, Stream::Registry, &[&foreign]).await, Ok(vec![Placed::Refused(Refused::Foreign)]));
    // Its own chain, but another's certificates in front.
    let mut liar = stranger;
    liar.certs = a.certs.clone();
    assert_eq!(hub.missing(&liar, Stream::Registry, &Frontier::new()).await, Err(RefusalCode::Unsigned));
}

#[tokio::test]
async fn a_signature_holds_for_one_request() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let a = county.office();
    let ask = wire::encode(&MissingAsk { have: Frontier::new(), max_bytes: 9, begun: None });
    let path = "/v1/streams/registry/missing";
    let good = || hub.request(&a, path, &ask);
    assert!(hub.answer(good()).await.is_ok());
    assert!(hub.answer(good()).await.is_ok(), "a replay changes nothing and tells nothing new");

    let mut other_path = good();
    *other_path.uri_mut() = format!("/v1/streams/{}/missing", a.stream()).parse().unwrap();
    let mut other_query = good();
    *other_query.uri_mut() = format!("{path}?x").parse().unwrap();
    let mut other_body = good();
    *other_body.body_mut() = Body::from(wire::encode(&MissingAsk { have: Frontier::new(), max_bytes: 8, begun: None }));
    let mut other_nonce = good();
    other_nonce.headers_mut().insert(wire::NONCE, HeaderValue::from_static("02020202020202020202020202020202"));
    let mut none = good();
    none.headers_mut().remove(AUTHORIZATION);
    let mut garbage = good();
    garbage.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Niangjia !!.??"));
    for (index, wrong) in [other_path, other_query, other_body, other_nonce, none, garbage].into_iter().enumerate() {
        assert_eq!(hub.answer(wrong).await, Err(RefusalCode::Unsigned), "case {index}");
    }
}

#[tokio::test]
async fn gaps_forks_and_altered_segments() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let mut a = county.office();
    let (stream, one) = (a.stream(), a.save(a.stream(), 10));
    let mut clone = a.clone();
    let (two, three) = (a.save(stream, 10), a.save(stream, 10));
    let other_two = clone.save(stream, 11);

    let gap = |expected| Placed::Refused(Refused::Gap { expected });
    assert_eq!(hub.bring(&a, stream, &[&two, &three]).await, Ok(vec![gap(vec![]), gap(vec![])]));
    let mut altered = one.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(hub.bring(&a, stream, &[&altered]).await, Ok(vec![Placed::Refused(Refused::Malformed)]));
    assert_eq!(hub.bring(&a, stream, &[b"no segment"]).await, Ok(vec![Placed::Refused(Refused::Malformed)]));
    let first = (1, Digest(Segment::parse(&one, &Limits::STANDARD).unwrap().hash()));
    assert_eq!(hub.bring(&a, stream, &[&one, &three]).await, Ok(vec![Placed::Stored, gap(vec![first])]));
    assert_eq!(
        hub.bring(&a, stream, &[&one, &two, &three, &other_two]).await,
        Ok(vec![Placed::Known, Placed::Stored, Placed::Stored, Placed::Fork])
    );
    assert_eq!(hub.missing(&a, stream, &Frontier::new()).await, Ok(vec![one, two, three, other_two]));
    // A number nobody reaches, and a head that nobody holds.
    let mut beyond = Frontier::new();
    beyond.add(a.chain, Head { seq: u64::MAX, hash: [1; 32] });
    assert_eq!(hub.missing(&a, stream, &beyond).await.map(|all| all.len()), Ok(4));
}

#[tokio::test]
async fn anyone_may_bring_what_another_signed() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (pc, mut a) = (county.pc(), county.office());
    let (stream, one) = (a.stream(), a.save(a.stream(), 10));
    let two = a.save(stream, 10);
    // The first segment introduces its signer; from then on the hub remembers it.
    assert_eq!(hub.bring(&pc, stream, &[&one]).await, Ok(vec![Placed::Stored]));
    assert_eq!(hub.bring(&pc, stream, &[&two]).await, Ok(vec![Placed::Stored]));
    let seen = hub.desk.store.seen().unwrap();
    assert!(seen.iter().any(|seen| seen.device.office == a.office && seen.last_ms.is_none()));
}

#[tokio::test]
async fn too_much_is_refused_before_it_is_read() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let a = county.office();
    let path = format!("/v1/streams/{}/segments", a.stream());
    let too_long = vec![0; wire::REQUEST + 1];
    assert_eq!(hub.post(&a, &path, &too_long).await, Err(RefusalCode::TooLarge));
    let mut declared = hub.request(&a, &path, b"");
    declared.headers_mut().insert("content-length", HeaderValue::from_static("99999999999"));
    assert_eq!(hub.answer(declared).await, Err(RefusalCode::TooLarge));
    // One frame that claims four gigabytes, half a frame, and more frames than are taken at once.
    assert_eq!(hub.post(&a, &path, &u32::MAX.to_be_bytes()).await, Err(RefusalCode::TooLarge));
    assert_eq!(hub.post(&a, &path, &[0, 0, 0, 9, 1]).await, Err(RefusalCode::Malformed));
    assert_eq!(hub.post(&a, &path, &vec![0; 4 * (wire::FRAMES + 1)]).await, Err(RefusalCode::TooLarge));
    let boastful = (0..99).map(|n| (format!("count {n}"), n)).collect();
    let ask = wire::encode(&ChangedAsk { streams: vec![], counts: boastful, about: None });
    assert_eq!(hub.post(&a, "/v1/changed", &ask).await, Err(RefusalCode::Malformed));
    for nonsense in [&b""[..], b"\xff", &[0x9f; 5000]] {
        assert_eq!(hub.post(&a, "/v1/changed", nonsense).await, Err(RefusalCode::Malformed));
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait_and_others_are_not() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (a, b) = (county.office(), county.office());
    let mut refused = 0;
    for _ in 0..80 {
        refused += u32::from(hub.missing(&a, Stream::Registry, &Frontier::new()).await == Err(RefusalCode::TooBusy));
    }
    assert!(refused > 0);
    assert!(hub.missing(&b, Stream::Registry, &Frontier::new()).await.is_ok());
}

#[tokio::test]
async fn other_paths_and_other_protocols() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let a = county.office();
    for path in ["/", "/v2/changed", "/v1/streams/registry", "/v1/streams/registry/erase", "/v1/streams/x/missing"] {
        assert_eq!(hub.post(&a, path, b"").await, Err(RefusalCode::NotFound), "{path}");
    }
    let get = Request::get("/v1/changed").body(Body::empty()).unwrap();
    assert_eq!(hub.answer(get).await, Err(RefusalCode::NotFound));
    let mut newer = hub.request(&a, "/v1/changed", b"");
    newer.headers_mut().insert(wire::VERSION, HeaderValue::from_static("2"));
    assert_eq!(hub.answer(newer).await, Err(RefusalCode::Protocol));
    let status = hub.answer(Request::get("/v1/status").body(Body::empty()).unwrap()).await.unwrap();
    let status: Status = wire::decode(&status).unwrap();
    assert!(status.claimed && status.protocol == wire::PROTOCOL && status.hub == wire::hub_id(&hub.desk.key));
    assert_ne!(status.hub, RecordId([0; 16]));
}

/// A body of which so much comes before the line breaks.
struct Broken(Option<axum::body::Bytes>);

impl axum::body::HttpBody for Broken {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Ready(Some(match self.0.take() {
            Some(bytes) => Ok(hyper::body::Frame::data(bytes)),
            None => Err(std::io::Error::other("the line breaks")),
        }))
    }
}

#[tokio::test]
async fn what_came_before_a_break_counts_and_only_the_rest_goes_again() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let mut office = county.office();
    let stream = office.stream();
    let path = format!("/v1/streams/{stream}/segments");
    let mut body = Vec::new();
    let segments: Vec<_> = (0..3).map(|_| office.save(stream, 3000)).collect();
    segments.iter().for_each(|segment| put_frame(&mut body, segment).unwrap());
    let (first, cut) = (4 + segments[0].len(), 4 + segments[0].len() + 1000);

    let came = axum::body::Bytes::copy_from_slice(&body[..cut]);
    let broken = hub.request(&office, &path, &[]).map(|_| Body::new(Broken(Some(came))));
    assert!(hub.answer(broken).await.is_err());
    assert_eq!(hub.missing(&office, stream, &Frontier::new()).await.map(|all| all.len()), Ok(1), "a whole one counts");
    let ask = ChangedAsk { streams: Vec::new(), counts: office.counts().unwrap(), about: None };
    let changed = hub.post(&office, "/v1/changed", &wire::encode(&ask)).await.unwrap();
    let begun = Begun::of(&body[first..cut]);
    assert_eq!(wire::decode::<Changed>(&changed).unwrap().begun, [(stream, begun)]);
    let other = county.further_pc(office.office);
    let ask = ChangedAsk { streams: Vec::new(), counts: std::collections::BTreeMap::new(), about: None };
    let changed = hub.post(&other, "/v1/changed", &wire::encode(&ask)).await.unwrap();
    assert_eq!(wire::decode::<Changed>(&changed).unwrap().begun, [], "each PC has its own");

    let behind = |begun: Begun| {
        let mut request = hub.request(&office, &path, &body[cut..]);
        request.headers_mut().insert(wire::BEGUN, begun.header().parse().unwrap());
        request
    };
    let elsewhere = Begun::of(&body[first..cut - 1]);
    assert_eq!(hub.answer(behind(elsewhere)).await.err(), Some(RefusalCode::NotFound));
    let taken = hub.answer(behind(begun)).await.unwrap();
    assert_eq!(wire::decode::<Taken>(&taken).unwrap().placed, [Placed::Stored, Placed::Stored]);
    assert_eq!(hub.missing(&office, stream, &Frontier::new()).await, Ok(segments));
    assert_eq!(hub.answer(behind(begun)).await.err(), Some(RefusalCode::NotFound), "it is let go of");
}

#[tokio::test]
async fn a_device_is_named_once_it_was_shown_and_a_name_alone_opens_nothing() {
    let mut county = County::new(1);
    let hub = hub(Some(&mut county)).await;
    let (pc, other) = (county.pc(), county.office());
    let ask = wire::encode(&ChangedAsk { streams: Vec::new(), counts: std::collections::BTreeMap::new(), about: None });
    let named = |who: &Office, signer: &Office| {
        let mut request = hub.request(who, "/v1/changed", &ask);
        let digest = wire::request_digest(&hub.desk.key, "POST", "/v1/changed", &ask, &[1; 16]);
        let name = URL_SAFE_NO_PAD.encode(blake3::hash(&who.chain_cbor()).as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signer.key.sign(&digest));
        let header = format!("Niangjia {}{name}.{signature}", wire::NAMED);
        request.headers_mut().insert(AUTHORIZATION, header.parse().unwrap());
        request
    };
    assert_eq!(hub.answer(named(&pc, &pc)).await.err(), Some(RefusalCode::Unsigned), "nobody has seen it yet");
    hub.post(&pc, "/v1/changed", &ask).await.unwrap();
    assert!(hub.answer(named(&pc, &pc)).await.is_ok());
    assert_eq!(hub.answer(named(&pc, &other)).await.err(), Some(RefusalCode::Unsigned), "the key decides");
}
