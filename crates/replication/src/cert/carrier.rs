//! Carriers: the key of a locked PC, which may ask a hub in the PC's name and do nothing else.

use super::{Cert, CertKind, Identity, verify_chain};
use crate::bad::Bad;
use crate::keys::VerifyingKey;

/// Who asks a hub, and by which key the request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// The device: what it may read and write is what it may ask for.
    pub identity: Identity,
    /// Signs its requests: the device's own key, or that of its carrier.
    pub key: VerifyingKey,
    /// How many certificates of the chain are the device's; one more is the carrier's.
    pub device: usize,
}

impl Asking {
    /// Whether a locked PC asks, by its carrier.
    #[must_use]
    pub fn carried(&self) -> bool {
        self.key != self.identity.device_key
    }
}

/// As [`verify_chain`], for requests to a hub alone: there a device may be followed by the carrier that it certified.
///
/// # Errors
/// Those of [`verify_chain`].
pub fn verify_asker(certs: &[Cert], root: &VerifyingKey) -> Result<Asking, Bad> {
    let Some((carrier, above)) = certs.split_last().filter(|(last, _)| last.claims().kind == CertKind::Carrier) else {
        let identity = verify_chain(certs, root)?;
        return Ok(Asking { identity, key: identity.device_key, device: certs.len() });
    };
    let identity = verify_chain(above, root)?;
    let claims = carrier.claims();
    if claims.issuer != Some(identity.cert) {
        return Err(Bad::Untrusted("certified by another than the chain shows"));
    }
    // A carrier opens nothing, and speaks for the office of its device alone.
    if claims.office != identity.office || claims.sealing.is_some() || claims.subject == identity.device_key {
        return Err(Bad::Untrusted("no carrier of this device"));
    }
    carrier.verify(&identity.device_key)?;
    Ok(Asking { identity, key: claims.subject, device: above.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::{chain_from_cbor, chain_to_cbor, verify_delegation};
    use crate::keys::{OpeningKey, SigningKey};
    use crate::test::{County, id, rng};

    #[test]
    fn a_carrier_asks_in_the_name_of_its_pc_and_is_believed_nowhere_else() {
        for office in [id(1), id(2)] {
            let c = County::new(1, id(1), office);
            let (key, chain) = c.carrier();
            let device = verify_chain(&c.certs, &c.pinned()).unwrap();
            let asking = verify_asker(&chain, &c.pinned()).unwrap();
            assert_eq!((asking.identity, asking.key, asking.device), (device, key.public(), 4));
            assert!(asking.carried());
            assert_eq!(verify_asker(&chain[1..], &c.pinned()).map(|asking| asking.identity), Ok(device));
            assert_eq!(chain_from_cbor(&chain_to_cbor(&chain)).unwrap(), chain);
            // The PC itself asks as ever.
            let own = verify_asker(&c.certs, &c.pinned()).unwrap();
            assert_eq!((own.identity, own.key, own.carried()), (device, device.device_key, false));
            // Wherever else a chain is looked at, there is no such device and no such delegation.
            assert_eq!(verify_chain(&chain, &c.pinned()), Err(Bad::Untrusted("a key may not certify this")));
            assert!(verify_delegation(&chain, &c.pinned()).is_err());
        }
    }

    #[test]
    fn a_carrier_certifies_nothing_and_only_a_pc_certifies_it() {
        use CertKind::*;
        let c = County::new(1, id(1), id(2));
        let next = SigningKey::generate(&mut rng(42));
        let (key, chain) = c.carrier();
        for kind in [Root, Issuing, CountyDevice, Delegation, Device, Carrier] {
            for office in [c.id, c.office] {
                let cert = chain[4].certify(&key, kind, next.public(), None, office, [8; 16]).unwrap();
                let below = [&chain[..], &[cert]].concat();
                assert!(verify_asker(&below, &c.pinned()).is_err(), "{kind:?}");
                assert!(verify_chain(&below, &c.pinned()).is_err(), "{kind:?}");
                assert!(verify_delegation(&below, &c.pinned()).is_err(), "{kind:?}");
            }
        }
        for (by, place) in [(&c.root, 0), (&c.issuing, 1), (&c.delegation, 2)] {
            let cert = c.certs[place].certify(by, Carrier, key.public(), None, c.office, [8; 16]).unwrap();
            let certs = [&c.certs[..=place], &[cert]].concat();
            assert!(verify_asker(&certs, &c.pinned()).is_err(), "{place}");
        }
    }

    #[test]
    fn a_false_carrier_is_refused() {
        let (c, other) = (County::new(1, id(1), id(2)), County::new(2, id(1), id(2)));
        let key = SigningKey::generate(&mut rng(43));
        let make = |by: &SigningKey, key: &SigningKey, sealing, office| {
            let claims = crate::cert::Claims {
                kind: CertKind::Carrier,
                subject: key.public(),
                sealing,
                office,
                serial: [9; 16],
                issuer: Some(c.certs[3].id()),
            };
            verify_asker(&[&c.certs[..], &[Cert::issue(&claims, by).unwrap()]].concat(), &c.pinned())
        };
        assert!(make(&c.device, &key, None, c.office).is_ok());
        assert_eq!(make(&key, &key, None, c.office), Err(Bad::Signature), "made out by the thief himself");
        assert_eq!(make(&other.device, &key, None, c.office), Err(Bad::Signature));
        assert!(make(&c.device, &key, None, id(66)).is_err(), "of another office");
        assert!(make(&c.device, &key, Some(OpeningKey::generate(&mut rng(4)).public()), c.office).is_err());
        assert!(make(&c.device, &c.device, None, c.office).is_err(), "the device's key is no carrier");
        // Another PC's carrier under this PC's chain.
        let (_, theirs) = other.carrier();
        assert!(verify_asker(&[&c.certs[..], &theirs[4..]].concat(), &c.pinned()).is_err());
        assert!(verify_asker(&theirs, &c.pinned()).is_err(), "another county's");
    }
}
