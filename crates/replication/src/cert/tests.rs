//! A county, its PCs and its offices; and those who pretend.

use super::*;
use crate::test::{County, id, rng};

fn office() -> County {
    County::new(1, id(1), id(2))
}

#[test]
fn a_device_is_known_by_its_chain_with_or_without_the_root_certificate() {
    let c = office();
    for certs in [&c.certs[..], &c.certs[1..]] {
        let who = verify_chain(certs, &c.pinned()).unwrap();
        assert_eq!((who.office, who.county), (c.office, false));
        assert_eq!(who.device_key, c.device.public());
        assert_eq!(who.cert, c.certs[3].id());
        assert_eq!(who.delegation, Some(c.certs[2].id()));
        assert!(who.sealing.is_some());
    }
    let again = chain_from_cbor(&chain_to_cbor(&c.certs)).unwrap();
    assert_eq!(again, c.certs);
    assert_eq!(verify_delegation(&c.certs[..3], &c.pinned()), Ok((c.delegation.public(), c.office, c.id)));
}

#[test]
fn an_office_writes_and_reads_its_own() {
    let c = office();
    let who = verify_chain(&c.certs, &c.pinned()).unwrap();
    let (own, other) = (c.office, id(77));
    let table = [
        // stream, may write, may read
        (Stream::Office(own), true, true),
        (Stream::Office(other), false, false),
        (Stream::Audit(own), true, true),
        (Stream::Audit(other), false, false),
        (Stream::County, false, true),
        (Stream::Registry, true, true),
        (Stream::Mail(own), true, true),
        (Stream::Mail(other), true, false),
    ];
    for (stream, write, read) in table {
        assert_eq!((who.may_write(&stream), who.may_read(&stream)), (write, read), "{stream}");
    }
    let county = County::new(1, id(1), id(1));
    let who = verify_chain(&county.certs, &county.pinned()).unwrap();
    assert!(who.county);
    for (stream, ..) in table {
        assert!(who.may_write(&stream) && who.may_read(&stream), "{stream}");
    }
}

#[test]
fn a_county_pc_may_be_certified_by_the_issuing_key_itself() {
    let c = office();
    let pc = SigningKey::generate(&mut rng(7)).public();
    let cert = c.certs[1].certify(&c.issuing, CertKind::CountyDevice, pc, None, c.id, [9; 16]).unwrap();
    let who = verify_chain(&[c.certs[1].clone(), cert], &c.pinned()).unwrap();
    assert!(who.county && who.delegation.is_none() && who.device_key == pc);
}

#[test]
fn a_foreign_county_is_refused() {
    let (ours, theirs) = (office(), County::new(2, id(1), id(2)));
    assert_eq!(verify_chain(&theirs.certs, &ours.pinned()), Err(Bad::Untrusted("another county's root")));
    assert_eq!(verify_chain(&theirs.certs[1..], &ours.pinned()), Err(Bad::Signature));
    // Our root in front of their chain.
    let mixed = [&ours.certs[..1], &theirs.certs[1..]].concat();
    assert_eq!(verify_chain(&mixed, &ours.pinned()), Err(Bad::Signature));
}

#[test]
fn a_forged_link_is_refused() {
    let c = office();
    let thief = SigningKey::generate(&mut rng(8));
    for place in 0..4 {
        let mut certs = c.certs.to_vec();
        certs[place] = Cert::issue(certs[place].claims(), &thief).unwrap();
        assert_eq!(verify_chain(&certs, &c.pinned()), Err(Bad::Signature), "link {place}");
    }
    // A thief's key under a true claim of issuer.
    let claims = Claims { subject: thief.public(), ..*c.certs[3].claims() };
    let mut certs = c.certs.to_vec();
    certs[3] = Cert::issue(&claims, &thief).unwrap();
    assert_eq!(verify_chain(&certs, &c.pinned()), Err(Bad::Signature));
    assert!(c.certs[2].certify(&thief, CertKind::Device, thief.public(), None, c.office, [0; 16]).is_err());
}

#[test]
fn no_key_certifies_what_it_is_not_for() {
    use CertKind::*;
    let c = office();
    let key = SigningKey::generate(&mut rng(9));
    // The signer, its place in the chain, and what it might try to make out, for which office.
    for (by, place) in [(&c.root, 0), (&c.issuing, 1), (&c.delegation, 2), (&c.device, 3)] {
        for kind in [Root, Issuing, CountyDevice, Delegation, Device] {
            for office in [c.id, c.office, id(66)] {
                let cert = c.certs[place].certify(by, kind, key.public(), None, office, [5; 16]).unwrap();
                let mut certs = c.certs[..=place].to_vec();
                certs.push(cert);
                let good = match (place, kind) {
                    (1, CountyDevice) => office == c.id,
                    (2, Device) => office == c.office,
                    _ => false,
                };
                assert_eq!(verify_chain(&certs, &c.pinned()).is_ok(), good, "{place} {kind:?} {office}");
            }
        }
    }
    // A delegation to the county makes county PCs, never an office's.
    let county = County::new(1, id(1), id(1));
    for (kind, office, good) in [(CountyDevice, id(1), true), (Device, id(1), false), (Device, id(2), false)] {
        let cert = county.certs[2].certify(&county.delegation, kind, key.public(), None, office, [5; 16]).unwrap();
        let certs = [&county.certs[..3], &[cert]].concat();
        assert_eq!(verify_chain(&certs, &county.pinned()).is_ok(), good);
    }
}

#[test]
fn a_pc_lets_in_one_of_its_own_office_and_that_one_lets_in_nobody() {
    let c = office();
    let [first, pc, second, third] = std::array::from_fn(|n| SigningKey::generate(&mut rng(20 + n as u64)));
    let below = |above: &[Cert], by: &SigningKey, kind, key: &SigningKey, office| {
        let cert = above.last().unwrap().certify(by, kind, key.public(), None, office, [6; 16]).unwrap();
        [above, &[cert]].concat()
    };
    let delegated = below(&c.certs, &c.device, CertKind::Delegation, &first, c.office);
    let further = below(&delegated, &first, CertKind::Device, &pc, c.office);
    let who = verify_chain(&further, &c.pinned()).unwrap();
    assert_eq!((who.office, who.county, who.device_key), (c.office, false, pc.public()));
    assert_eq!(who.delegation, Some(delegated[4].id()), "the packet that let it in, not the first one of the office");

    // Not one of another office, not one of the county, and none for the PC below.
    for (office, kind) in [(id(66), CertKind::Device), (c.id, CertKind::Device), (c.id, CertKind::CountyDevice)] {
        let foreign = below(&c.certs, &c.device, CertKind::Delegation, &first, office);
        assert!(verify_delegation(&foreign, &c.pinned()).is_err());
        assert!(verify_chain(&below(&foreign, &first, kind, &pc, office), &c.pinned()).is_err());
    }
    let deeper = below(&further, &pc, CertKind::Delegation, &second, c.office);
    assert!(verify_delegation(&deeper, &c.pinned()).is_err());
    assert!(verify_chain(&below(&deeper, &second, CertKind::Device, &third, c.office), &c.pinned()).is_err());
    // A county PC certifies nobody: that is the issuing key's.
    let county = County::new(1, id(1), id(1));
    let by_pc = below(&county.certs, &county.device, CertKind::Delegation, &first, id(1));
    assert!(verify_delegation(&by_pc, &county.pinned()).is_err());
}

#[test]
fn kinds_come_in_order_and_to_an_end() {
    let c = office();
    for end in 0..4 {
        assert!(verify_chain(&c.certs[..end], &c.pinned()).is_err(), "{end}");
    }
    for skipped in 1..3 {
        let mut certs = c.certs.to_vec();
        certs.remove(skipped);
        assert!(verify_chain(&certs, &c.pinned()).is_err(), "without {skipped}");
    }
    let turned: Vec<Cert> = c.certs.iter().rev().cloned().collect();
    assert!(verify_chain(&turned, &c.pinned()).is_err());
    let twice = [&c.certs[..], &c.certs[3..]].concat();
    assert!(verify_chain(&twice, &c.pinned()).is_err());
    let many = vec![c.certs[3].clone(); 9];
    assert!(matches!(verify_chain(&many, &c.pinned()), Err(Bad::TooBig { .. })));
    assert!(matches!(chain_from_cbor(&chain_to_cbor(&many)), Err(Bad::TooBig { .. })));
    // Two issuing certificates of one root: a delegation names the one that it stands under.
    let other = c.certs[0].certify(&c.root, CertKind::Issuing, c.issuing.public(), None, c.id, [8; 16]).unwrap();
    let mut certs = c.certs.to_vec();
    certs[1] = other;
    assert!(verify_chain(&certs, &c.pinned()).is_err());
}

#[test]
fn no_cut_or_altered_certificate_holds() {
    let c = office();
    let bytes = c.certs[3].to_bytes();
    assert!(bytes.len() < LARGEST / 2);
    for at in 0..bytes.len() {
        assert!(Cert::from_bytes(&bytes[..at]).is_err());
        for bit in 0..8 {
            let mut wrong = bytes.to_vec();
            wrong[at] ^= 1 << bit;
            let held = Cert::from_bytes(&wrong).and_then(|cert| cert.verify(&c.delegation.public()));
            assert!(held.is_err(), "byte {at} bit {bit}");
        }
    }
    // Text that says nothing of a person.
    assert!(format!("{:?}", c.certs[3]).starts_with("Cert(Device "));
}

#[test]
fn a_signature_for_one_purpose_is_none_for_another() {
    let c = office();
    let claims = c.certs[3].claims().to_cbor();
    let elsewhere = cose_sign(b"niangjia segment", None, claims, &c.delegation).unwrap();
    let cert = Cert::from_bytes(&elsewhere).unwrap();
    assert_eq!(cert.verify(&c.delegation.public()), Err(Bad::Signature));
}
