//! Tests of orders: who may sign one, which of several counts, whom it shuts out; and of grants.

use super::*;
use crate::change::RecordId;
use crate::keys::{OpeningKey, StreamKey};
use crate::test::rng;

struct Law {
    root: SigningKey,
    chain: Vec<Cert>,
    issuing: SigningKey,
}

fn law(seed: u64) -> Law {
    let root = SigningKey::generate(&mut rng(seed));
    let county = RecordId([1; 16]);
    let root_cert = Cert::root(&root, county, [1; 16]).unwrap();
    let issuing = SigningKey::generate(&mut rng(seed + 1));
    let cert = root_cert.certify(&root, CertKind::Issuing, issuing.public(), None, county, [2; 16]).unwrap();
    Law { root, chain: vec![root_cert, cert], issuing }
}

fn order(device: u8, revision: u64) -> Revocation {
    let place = (Stream::Office(RecordId([7; 16])), Incarnation([8; 16]));
    Revocation {
        device: CertId([device; 32]),
        revision,
        cause: Cause::Stolen,
        below: BTreeSet::from([CertId([9; 32])]),
        heads: BTreeMap::from([(place, vec![Head { seq: revision, hash: [3; 32] }])]),
        supersedes: None,
    }
}

#[test]
fn an_order_is_read_as_it_was_signed_and_by_nobody_elses_county() {
    let law = law(1);
    let bytes = order(5, 2).sign(&law.chain, &law.issuing).unwrap();
    let by = By::Issuing(law.chain[1].id());
    assert_eq!(Revocation::read(&bytes, &law.root.public()).unwrap(), (order(5, 2), by));
    assert!(Revocation::read(&bytes, &law_of_others().root.public()).is_err());
    assert!(granted(&bytes, &law.root.public()).is_err(), "an order is no grant");
    for at in (0..bytes.len()).step_by(7) {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1;
        assert!(Revocation::read(&wrong, &law.root.public()).is_err(), "byte {at}");
        assert!(Revocation::read(&bytes[..at], &law.root.public()).is_err());
    }
    // A PC of the county cannot sign one, whatever it puts before it.
    let device = SigningKey::generate(&mut rng(9));
    let county = RecordId([1; 16]);
    let kind = CertKind::CountyDevice;
    let cert = law.chain[1].certify(&law.issuing, kind, device.public(), None, county, [3; 16]).unwrap();
    let forged = order(5, 3).sign(&[law.chain[0].clone(), law.chain[1].clone(), cert.clone()], &device).unwrap();
    assert!(Revocation::read(&forged, &law.root.public()).is_err());
    let forged = order(5, 3).sign(&[law.chain[0].clone(), cert], &device).unwrap();
    assert!(Revocation::read(&forged, &law.root.public()).is_err());
}

fn law_of_others() -> Law {
    law(50)
}

#[test]
fn the_highest_revision_counts_in_whatever_order_they_came() {
    let law = law(1);
    let one = order(5, 1).sign(&law.chain, &law.issuing).unwrap();
    let two = order(5, 2).sign(&law.chain, &law.issuing).unwrap();
    for documents in [[&one[..], &two[..]], [&two[..], &one[..]]] {
        let orders = Orders::of(documents, &law.root.public());
        assert_eq!(orders.against(&CertId([5; 32])).unwrap().revision, 2);
    }
}

#[test]
fn who_was_let_in_by_one_shut_out_goes_with_it_unless_named() {
    let law = law(1);
    let bytes = order(5, 1).sign(&law.chain, &law.issuing).unwrap();
    let orders = Orders::of([&bytes[..]], &law.root.public());
    let (shut, named, stranger) = (CertId([5; 32]), CertId([9; 32]), CertId([10; 32]));
    assert!(orders.shut_out(&[CertId([1; 32]), shut]).is_some());
    assert!(orders.shut_out(&[shut, CertId([2; 32]), named]).is_none());
    assert!(orders.shut_out(&[shut, CertId([2; 32]), stranger]).is_some());
    assert!(orders.shut_out(&[CertId([1; 32]), stranger]).is_none());
    let place = Place { stream: &Stream::Office(RecordId([7; 16])), chain: &Incarnation([8; 16]) };
    assert!(matches!(orders.ruling(&[shut], place), Ruling::UpTo([_], _)));
    assert!(matches!(orders.ruling(&[shut, stranger], place), Ruling::UpTo([], _)));
    assert!(matches!(orders.ruling(&[stranger], place), Ruling::Free));
}

#[test]
fn only_the_root_replaces_an_issuing_key_and_then_its_orders_count_no_more() {
    let law = law(1);
    let old = order(5, 9).sign(&law.chain, &law.issuing).unwrap();
    let replaced = Revocation { supersedes: Some(law.chain[1].id()), ..order(6, 1) };
    let by_issuing = replaced.sign(&law.chain, &law.issuing).unwrap();
    assert!(Revocation::read(&by_issuing, &law.root.public()).is_err());
    let by_root = replaced.sign(&law.chain[..1], &law.root).unwrap();
    let orders = Orders::of([&old[..], &by_root[..]], &law.root.public());
    assert!(orders.against(&CertId([5; 32])).is_none() && orders.against(&CertId([6; 32])).is_some());
    assert!(!orders.stands(&By::Issuing(law.chain[1].id())) && orders.stands(&By::Root));
}

#[test]
fn a_granted_key_opens_for_its_holder_only() {
    let law = law(1);
    let (to, stream) = (CertId([4; 32]), Stream::County);
    let (mine, other) = (OpeningKey::generate(&mut rng(3)), OpeningKey::generate(&mut rng(4)));
    let key = StreamKey::generate(7, &mut rng(5));
    let sealed = Granted::seal(stream, &key, to, &mine.public(), &mut rng(6)).unwrap();
    let bytes = grant(&[sealed], &law.chain, &law.issuing).unwrap();
    let (keys, _) = granted(&bytes, &law.root.public()).unwrap();
    assert!(keys[0].open(&mine).unwrap() == key);
    assert!(keys[0].open(&other).is_err());
    let moved = Granted { stream: Stream::Registry, ..keys[0].clone() };
    assert!(moved.open(&mine).is_err(), "a key of one stream is none of another");
    assert!(!bytes.windows(32).any(|w| w == key.secret()));
}

#[test]
fn keys_that_are_told_open_for_their_holder_only_and_nothing_else_is_read_as_such() {
    let opening = OpeningKey::generate(&mut rng(1));
    let (stream, holder) = (Stream::Office(RecordId([7; 16])), CertId([5; 32]));
    let key = StreamKey::generate(3, &mut rng(2));
    let one = Granted::seal(stream, &key, holder, &opening.public(), &mut rng(3)).unwrap();
    let doc = tell(&[one.clone(), one.clone()]).unwrap();
    assert_eq!(told(&doc).unwrap(), [one.clone(), one.clone()]);
    assert!(one.open(&opening).unwrap() == key);
    assert_eq!(one.open(&OpeningKey::generate(&mut rng(4))).unwrap_err(), Bad::Sealed);
    assert!(granted(&doc, &law(1).root.public()).is_err(), "nobody has signed it");
    for at in 0..doc.len() {
        assert!(told(&doc[..at]).is_err());
    }
    assert!(told(&[&doc[..], &[0]].concat()).is_err());
    assert!(matches!(told(&[0x82, 9, 0x80]), Err(Bad::Unknown { number: 9, .. })));
    assert!(tell(&vec![one; MOST_KEYS + 1]).is_err());
}
