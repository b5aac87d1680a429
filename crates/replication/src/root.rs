//! What follows from a county's root alone, so that two printed shares find all the rest again: who the county is, its first
//! certificate, the key that opens what was granted to the kit, and the key under which the county's stream begins.

use zeroize::Zeroizing;

use crate::bad::Bad;
use crate::cert::{Cert, CertKind, Claims};
use crate::change::RecordId;
use crate::keys::{OpeningKey, SigningKey, StreamKey, VerifyingKey};

/// The county's id as an office: a UUID (version 8) made from its root.
#[must_use]
pub fn county_id(root: &VerifyingKey) -> RecordId {
    let mut id = named("niangjia 2026-11 county of a root", root);
    id[6] = (id[6] & 0x0f) | 0x80;
    id[8] = (id[8] & 0x3f) | 0x80;
    RecordId(id)
}

/// The certificate by which the county begins; always the same of one root.
///
/// # Errors
/// As [`Cert::issue`].
pub fn certificate(root: &SigningKey) -> Result<Cert, Bad> {
    let claims = Claims {
        kind: CertKind::Root,
        subject: root.public(),
        sealing: Some(opening(root).public()),
        office: county_id(&root.public()),
        serial: named("niangjia 2026-11 serial of a root", &root.public()),
        issuer: None,
    };
    Cert::issue(&claims, root)
}

/// Opens the stream keys that were granted to the kit.
#[must_use]
pub fn opening(root: &SigningKey) -> OpeningKey {
    OpeningKey::from_bytes(&secret("niangjia 2026-11 opening key of a root", root))
}

/// The key under which the county's stream begins. Orders and grants always stand under it.
#[must_use]
pub fn county_key(root: &SigningKey) -> StreamKey {
    StreamKey::from_bytes(1, &secret("niangjia 2026-11 county stream of a root", root))
}

fn named(purpose: &str, root: &VerifyingKey) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::derive_key(purpose, &root.to_bytes())[..16]);
    out
}

fn secret(purpose: &str, root: &SigningKey) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(blake3::derive_key(purpose, &*root.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit;
    use crate::test::rng;

    #[test]
    fn two_shares_find_the_county_again() {
        let root = SigningKey::generate(&mut rng(1));
        let shares = kit::split(&root, &mut rng(2));
        let again = kit::combine(&shares[1..]).unwrap();
        assert_eq!(certificate(&root).unwrap(), certificate(&again).unwrap());
        assert_eq!(certificate(&root).unwrap().claims().sealing, Some(opening(&again).public()));
        assert!(county_key(&root) == county_key(&again));
        let other = SigningKey::generate(&mut rng(3));
        assert_ne!(county_id(&root.public()), county_id(&other.public()));
        assert!(county_key(&root) != county_key(&other));
        assert_eq!(county_id(&root.public()).to_string().as_bytes()[12], b'8', "a UUID of version 8");
    }
}
