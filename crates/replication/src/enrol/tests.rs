//! An office joins from a file and a code told by phone.

use super::*;
use crate::cert::verify_chain;
use crate::keys::OpeningKey;
use crate::test::{County, id, rng};

fn packet_of(county: &County) -> Enrolment {
    Enrolment {
        root: county.pinned(),
        county: county.id,
        office: Invited {
            id: county.office,
            name: "平明镇总工会".into(),
            code: "990101".into(),
            kind: "township".into(),
        },
        hub: Some(HubAddress {
            url: "https://hub.example:8443".into(),
            key: SigningKey::generate(&mut rng(40)).public(),
        }),
        keys: vec![
            (Stream::County, StreamKey::generate(1, &mut rng(41))),
            (Stream::Office(county.office), StreamKey::generate(1, &mut rng(42))),
            (Stream::Office(county.office), StreamKey::generate(2, &mut rng(43))),
        ],
        chain: county.certs[..3].to_vec(),
        delegation: county.delegation.clone(),
        further: None,
    }
}

#[test]
fn an_office_joins_and_certifies_its_own_pc() {
    let county = County::new(1, id(1), id(2));
    let code = Code::new(&mut rng(5));
    let packet = seal(&packet_of(&county), &code, Params::cheap(), &mut rng(6)).unwrap();

    let told = Code::parse(&code.text().to_lowercase().replace('-', " ")).unwrap();
    let joined = open(&packet, &told).unwrap();
    let sent = packet_of(&county);
    assert_eq!((joined.office.clone(), joined.hub.clone()), (sent.office, sent.hub));
    assert!(joined.keys == sent.keys && joined.root == county.pinned() && joined.county == county.id);

    let (own, opening) = (SigningKey::generate(&mut rng(7)), OpeningKey::generate(&mut rng(8)));
    let chain = joined.certify(own.public(), opening.public(), [9; 16]).unwrap();
    let who = verify_chain(&chain, &county.pinned()).unwrap();
    assert_eq!((who.office, who.county, who.device_key), (county.office, false, own.public()));
    assert_eq!(who.delegation, Some(county.certs[2].id()));

    // A further PC of the county itself.
    let county = County::new(1, id(1), id(1));
    let chain = packet_of(&county).certify(own.public(), opening.public(), [9; 16]).unwrap();
    assert!(verify_chain(&chain, &county.pinned()).unwrap().county);
}

#[test]
fn a_carrier_lets_nobody_in() {
    let county = County::new(1, id(1), id(2));
    let (key, chain) = county.carrier();
    let code = Code::new(&mut rng(5));
    let packet = Enrolment { chain: chain.clone(), delegation: key.clone(), ..packet_of(&county) };
    assert!(seal(&packet, &code, Params::cheap(), &mut rng(6)).is_err(), "as if it were a delegation");
    let next = SigningKey::generate(&mut rng(50));
    let made_out = chain[4].certify(&key, CertKind::Delegation, next.public(), None, county.office, [7; 16]).unwrap();
    let packet = Enrolment { chain: [&chain[..], &[made_out]].concat(), delegation: next, ..packet_of(&county) };
    assert!(seal(&packet, &code, Params::cheap(), &mut rng(6)).is_err());
}

#[test]
fn a_pc_of_an_office_lets_in_a_further_one_without_asking_the_county() {
    let county = County::new(1, id(1), id(2));
    let delegation = SigningKey::generate(&mut rng(50));
    let made_out = county.certs[3]
        .certify(&county.device, CertKind::Delegation, delegation.public(), None, county.office, [7; 16])
        .unwrap();
    let further = Further { roles: "clerk".into(), clerks: vec!["李强".into()] };
    let packet = Enrolment {
        chain: [&county.certs[..], std::slice::from_ref(&made_out)].concat(),
        delegation,
        further: Some(further.clone()),
        ..packet_of(&county)
    };
    let code = Code::new(&mut rng(5));
    let joined = open(&seal(&packet, &code, Params::cheap(), &mut rng(6)).unwrap(), &code).unwrap();
    assert_eq!(joined.further, Some(further));
    let (own, opening) = (SigningKey::generate(&mut rng(7)), OpeningKey::generate(&mut rng(8)));
    let chain = joined.certify(own.public(), opening.public(), [9; 16]).unwrap();
    let who = verify_chain(&chain, &county.pinned()).unwrap();
    assert_eq!((who.office, who.county, who.delegation), (county.office, false, Some(made_out.id())));
    assert_eq!(chain_from_cbor(&chain_to_cbor(&chain)).unwrap(), chain, "and the longer chain travels");
}

#[test]
fn another_code_or_an_altered_packet_opens_nothing() {
    let county = County::new(1, id(1), id(2));
    let code = Code::new(&mut rng(5));
    let packet = seal(&packet_of(&county), &code, Params::cheap(), &mut rng(6)).unwrap();
    assert_eq!(open(&packet, &Code::new(&mut rng(4))).unwrap_err(), Bad::Sealed);
    for at in 0..packet.len() {
        let mut wrong = packet.clone();
        wrong[at] ^= 1;
        assert!(open(&wrong, &code).is_err(), "byte {at}");
        assert!(open(&packet[..at], &code).is_err(), "cut at {at}");
    }
    assert!(!packet.windows(6).any(|w| w == "平明".as_bytes()));
}

#[test]
fn a_packet_that_contradicts_itself_is_neither_made_nor_opened() {
    let (ours, theirs) = (County::new(1, id(1), id(2)), County::new(2, id(1), id(2)));
    let wrong: [fn(&mut Enrolment, &County); 6] = [
        |p, other| p.root = other.pinned(),
        |p, other| p.delegation = other.delegation.clone(),
        |p, other| p.chain = other.certs[..3].to_vec(),
        |p, _| p.office.id = id(9),
        |p, _| p.county = id(9),
        |p, _| drop(p.chain.pop()),
    ];
    for (n, alter) in wrong.iter().enumerate() {
        let mut packet = packet_of(&ours);
        alter(&mut packet, &theirs);
        let code = Code::new(&mut rng(5));
        assert!(seal(&packet, &code, Params::cheap(), &mut rng(6)).is_err(), "{n}");
        let sealed =
            lock_for(PURPOSE, code.text().as_bytes(), &[], &packet.to_cbor(), Params::cheap(), &mut rng(6)).unwrap();
        assert!(open(&sealed, &code).is_err(), "{n}");
    }
}

#[test]
fn a_mistyped_code_is_found_before_the_packet_is_tried() {
    let code = Code::new(&mut rng(1));
    let text = code.text();
    assert_eq!((text.len(), text.split('-').count()), (24, 5));
    assert!(text.split('-').all(|group| group.len() == 4));
    for at in (0..text.len()).filter(|at| at % 5 != 4) {
        let mut wrong = text.to_string();
        let other = if &text[at..=at] == "7" { "8" } else { "7" };
        wrong.replace_range(at..=at, other);
        assert_eq!(Code::parse(&wrong).unwrap_err(), Typo::Line(1));
        wrong.replace_range(at..=at, "U");
        assert!(matches!(Code::parse(&wrong).unwrap_err(), Typo::Character(_)));
        wrong.replace_range(at..=at, "");
        assert_eq!(Code::parse(&wrong).unwrap_err(), Typo::Length { expected: 20, found: 19 });
    }
    // What the ear and the eye confuse is the same.
    let mut zeros = Code([0; 19]);
    assert_eq!(Code::parse("OOOO oooo 0000-O0O0 0000").unwrap().0, zeros.0);
    zeros.0[0] = 1;
    let text = zeros.text().to_string();
    for like in ["I", "l", "i", "L", "1"] {
        assert_eq!(Code::parse(&text.replacen('1', like, 1)).unwrap().0, zeros.0);
    }
}

#[test]
fn a_claim_matches_itself() {
    let claim = Claim::new(&mut rng(1));
    let text = claim.text();
    assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 7]);
    let typed = Claim::parse(&format!(" {} ", text.to_lowercase())).unwrap();
    assert!(typed.matches(&claim.digest()));
    assert!(!Claim::new(&mut rng(2)).matches(&claim.digest()));
    assert!(Claim::parse(&text[1..]).is_err());
}
