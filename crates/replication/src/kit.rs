//! The kit: three printed shares of the county's root key, any two of which rebuild it.

use blahaj::Sharks;
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::keys::{SigningKey, VerifyingKey, masked};
use crate::spoken::{self, Typo};

const NEEDED: u8 = 2;
const VERSION: u8 = crate::FORMAT;
/// Version, number, fingerprint (8), share (32), checksum (4).
const BYTES: usize = 46;
const LINES: usize = 5;
/// Symbols of a line without its check symbol: 75 of 5 bits hold 46 bytes.
const EACH: usize = 15;

/// Why shares do not give a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KitFault {
    #[error("two different shares are needed")]
    TooFew,
    #[error("the shares are of different kits")]
    OtherKit,
    /// Typed rightly, but at least one was not printed with this kit.
    #[error("the shares do not give the key that they were made from")]
    Broken,
}

/// One printed share. Alone it tells nothing of the key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Share {
    number: u8,
    /// The first bytes of the hash of the public key, to tell kits apart and to try the result.
    fingerprint: [u8; 8],
    share: [u8; 32],
}

masked!(Share);

/// Cuts a root key into three shares, numbered 1 to 3 (Shamir over GF(256), threshold two).
#[must_use]
pub fn split(root: &SigningKey, mut rng: &mut (impl CryptoRng + ?Sized)) -> Vec<Share> {
    let fingerprint = fingerprint(&root.public());
    Sharks(NEEDED)
        .dealer_rng(&*root.to_bytes(), &mut rng)
        .take(3)
        .map(|dealt| {
            let bytes = Zeroizing::new(Vec::from(&dealt));
            let mut share = Share { number: bytes[0], fingerprint, share: [0; 32] };
            share.share.copy_from_slice(&bytes[1..]);
            share
        })
        .collect()
}

/// Rebuilds the root key from any two shares or more.
///
/// # Errors
/// [`KitFault`].
pub fn combine(shares: &[Share]) -> Result<SigningKey, KitFault> {
    let Some(first) = shares.first() else { return Err(KitFault::TooFew) };
    if shares.iter().any(|s| s.fingerprint != first.fingerprint) {
        return Err(KitFault::OtherKit);
    }
    let Some(second) = shares.iter().find(|s| s.number != first.number) else {
        return Err(KitFault::TooFew);
    };
    let mut points = Vec::with_capacity(2);
    for share in [first, second] {
        let mut bytes = Zeroizing::new([0; 33]);
        bytes[0] = share.number;
        bytes[1..].copy_from_slice(&share.share);
        points.push(blahaj::Share::try_from(bytes.as_slice()).map_err(|_| KitFault::Broken)?);
    }
    let secret = Sharks(NEEDED).recover(&points).map(Zeroizing::new).map_err(|_| KitFault::Broken)?;
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(secret.as_slice().try_into().map_err(|_| KitFault::Broken)?);
    let root = SigningKey::from_bytes(&seed);
    if fingerprint(&root.public()) == first.fingerprint { Ok(root) } else { Err(KitFault::Broken) }
}

fn fingerprint(root: &VerifyingKey) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::derive_key("niangjia 2026 kit", &root.to_bytes())[..8]);
    first
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut first = [0; 4];
    first.copy_from_slice(&blake3::derive_key("niangjia 2026 kit share", bytes)[..4]);
    first
}

impl Share {
    /// 1, 2 or 3.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Five lines of four groups of four characters, each line with a check character of its own.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[0] = VERSION;
        bytes[1] = self.number;
        bytes[2..10].copy_from_slice(&self.fingerprint);
        bytes[10..42].copy_from_slice(&self.share);
        let sum = checksum(&bytes[..42]);
        bytes[42..].copy_from_slice(&sum);
        let symbols = spoken::to_symbols(&*bytes, LINES * EACH);
        let mut text = Zeroizing::new(String::with_capacity(LINES * 20));
        for (at, line) in symbols.chunks_exact(EACH).enumerate() {
            if at > 0 {
                text.push('\n');
            }
            text.push_str(&spoken::line(line));
        }
        text
    }

    /// As it was typed; line breaks do not matter.
    ///
    /// # Errors
    /// [`Typo`], which names the line.
    pub fn parse(text: &str) -> Result<Self, Typo> {
        let symbols = spoken::read(text, LINES, EACH)?;
        let bytes = spoken::to_bytes::<BYTES>(&symbols).ok_or(Typo::Kind)?;
        if bytes[0] != VERSION || !(1..=3).contains(&bytes[1]) || bytes[42..] != checksum(&bytes[..42]) {
            return Err(Typo::Kind);
        }
        let mut share = Self { number: bytes[1], fingerprint: [0; 8], share: [0; 32] };
        share.fingerprint.copy_from_slice(&bytes[2..10]);
        share.share.copy_from_slice(&bytes[10..42]);
        Ok(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::rng;

    #[test]
    fn any_two_of_three_rebuild_the_key() {
        let root = SigningKey::generate(&mut rng(1));
        let shares: Vec<Share> = split(&root, &mut rng(2)).iter().map(|s| Share::parse(&s.text()).unwrap()).collect();
        assert_eq!(shares.iter().map(Share::number).collect::<Vec<_>>(), [1, 2, 3]);
        for pair in [[0, 1], [0, 2], [1, 2], [1, 0], [2, 0], [2, 1]] {
            let again = combine(&pair.map(|n| shares[n].clone())).unwrap();
            assert_eq!(*again.to_bytes(), *root.to_bytes());
        }
        assert!(combine(&shares).is_ok());
        assert_eq!(combine(&shares[..1]).unwrap_err(), KitFault::TooFew);
        assert_eq!(combine(&[]).unwrap_err(), KitFault::TooFew);
        assert_eq!(combine(&[shares[1].clone(), shares[1].clone()]).unwrap_err(), KitFault::TooFew);
    }

    #[test]
    fn shares_of_two_kits_are_told_apart() {
        let root = SigningKey::generate(&mut rng(1));
        let (ours, again) = (split(&root, &mut rng(2)), split(&root, &mut rng(3)));
        let theirs = split(&SigningKey::generate(&mut rng(4)), &mut rng(5));
        assert_eq!(combine(&[ours[0].clone(), theirs[1].clone()]).unwrap_err(), KitFault::OtherKit);
        // The same key printed a second time: the two printings do not mix.
        assert_eq!(combine(&[ours[0].clone(), again[1].clone()]).unwrap_err(), KitFault::Broken);
    }

    #[test]
    fn a_typo_names_its_line() {
        let share = &split(&SigningKey::generate(&mut rng(1)), &mut rng(2))[1];
        let text = share.text();
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [19; 5]);
        for (at, typed) in text.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()) {
            let mut wrong = text.to_string();
            wrong.replace_range(at..=at, if typed == '7' { "8" } else { "7" });
            assert_eq!(Share::parse(&wrong).unwrap_err(), Typo::Line(at / 20 + 1));
        }
        let lines: Vec<&str> = text.lines().collect();
        let swapped = [lines[1], lines[0], lines[2], lines[3], lines[4]].join("\n");
        assert_eq!(Share::parse(&swapped).unwrap_err(), Typo::Kind);
        assert_eq!(Share::parse(&text.to_lowercase().replace('-', " ")).unwrap().number(), 2);
        assert_eq!(Share::parse(lines[0]).unwrap_err(), Typo::Length { expected: 80, found: 16 });
    }
}
