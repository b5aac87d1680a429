//! serde for things that are text to people and bytes to machines.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{Error, SeqAccess, Visitor};

// No serde size hint is trusted: nothing of ours that goes this way is larger.
const MOST: usize = 1 << 20;

pub(crate) fn text<'de, D: Deserializer<'de>, T: FromStr>(d: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);
    impl<T: FromStr> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("its text form")
        }

        fn visit_str<E: Error>(self, s: &str) -> Result<T, E> {
            s.parse().map_err(|_| E::custom("not in its text form"))
        }
    }
    d.deserialize_str(Text(PhantomData))
}

pub(crate) fn bytes<'de, D, T, F>(d: D, make: F) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    F: FnOnce(&[u8]) -> Option<T>,
{
    struct Bytes<T, F>(F, PhantomData<T>);
    impl<'de, T, F: FnOnce(&[u8]) -> Option<T>> Visitor<'de> for Bytes<T, F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("its bytes")
        }

        fn visit_bytes<E: Error>(self, b: &[u8]) -> Result<T, E> {
            (self.0)(b).ok_or_else(|| E::custom("not its bytes"))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
            let mut b = Vec::new();
            while let Some(next) = seq.next_element::<u8>()? {
                if b.len() == MOST {
                    return Err(A::Error::custom("too long"));
                }
                b.push(next);
            }
            self.visit_bytes(&b)
        }
    }
    d.deserialize_byte_buf(Bytes(make, PhantomData))
}

/// Bytes as one byte string instead of a list of numbers.
pub(crate) mod blob {
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        super::bytes(from, |bytes| Some(bytes.to_vec()))
    }
}
