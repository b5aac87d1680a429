//! What cards and lists need of CBOR: values written in their deterministic form (RFC 8949 §4.2.1), and any well-formed
//! value read within bounds of size and depth.

use ciborium::Value;

use crate::envelope::Unreadable;

/// How deep values may be nested. Ours need four.
const DEPTH: usize = 8;

/// Bytes of a value in deterministic form. Keys of maps are sorted by their encoded bytes; floats do not occur.
#[must_use]
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // A vector takes every byte and the values are our own.
    ciborium::into_writer(&sorted(value), &mut out).expect("written to memory");
    out
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(k, v)| (write(k), k.clone(), sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Map(entries.into_iter().map(|(_, k, v)| (k, v)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Tag(tag, inner) => Value::Tag(*tag, Box::new(sorted(inner))),
        other => other.clone(),
    }
}

/// Reads exactly one value. The caller has bounded the size.
///
/// # Errors
/// `Unreadable::Cbor` for anything else.
pub fn read(bytes: &[u8]) -> Result<Value, Unreadable> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH).map_err(|_| Unreadable::Cbor)?;
    if rest.is_empty() { Ok(value) } else { Err(Unreadable::Cbor) }
}

/// A map with whole numbers as keys; entries under other keys are passed over, a key that stands twice is refused.
pub(crate) struct Fields(Vec<(i64, Value)>);

impl Fields {
    pub(crate) fn read(value: Value) -> Result<Self, Unreadable> {
        let Value::Map(entries) = value else { return Err(Unreadable::Cbor) };
        let mut fields: Vec<(i64, Value)> = Vec::new();
        for (key, value) in entries {
            let Value::Integer(key) = key else { continue };
            let Ok(key) = i64::try_from(key) else { continue };
            if fields.iter().any(|(k, _)| *k == key) {
                return Err(Unreadable::Cbor);
            }
            fields.push((key, value));
        }
        Ok(Self(fields))
    }

    pub(crate) fn take(&mut self, key: i64) -> Option<Value> {
        let at = self.0.iter().position(|(k, _)| *k == key)?;
        Some(self.0.swap_remove(at).1)
    }

    pub(crate) fn int(&mut self, key: i64) -> Result<Option<i64>, Unreadable> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Integer(n)) => i64::try_from(n).map(Some).map_err(|_| Unreadable::Claims),
            Some(_) => Err(Unreadable::Claims),
        }
    }

    pub(crate) fn text(&mut self, key: i64, most: usize) -> Result<Option<String>, Unreadable> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Text(t)) if t.len() <= most => Ok(Some(t)),
            Some(_) => Err(Unreadable::Claims),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_by_their_bytes() {
        let map = |keys: &[i64]| Value::Map(keys.iter().map(|k| ((*k).into(), Value::Null)).collect());
        // RFC 8949 §4.2.1: 10, 100, -1 come in this order.
        assert_eq!(write(&map(&[-1, 100, 10])), [0xa3, 0x0a, 0xf6, 0x18, 0x64, 0xf6, 0x20, 0xf6]);
        assert_eq!(read(&write(&map(&[3, 1]))).unwrap(), map(&[1, 3]));
    }

    #[test]
    fn what_is_nested_too_deep_or_not_whole_is_refused() {
        let nested = |n: usize| [vec![0x81; n], vec![0x00]].concat();
        assert!(read(&nested(DEPTH - 2)).is_ok());
        for bad in [
            &nested(DEPTH + 1)[..],
            &nested(100_000),
            &[],
            &[0x00, 0x00],
            &[0x62, 0x61],
            &[0x9b, 0xff, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert!(read(bad).is_err());
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_no_map() {
        assert!(Fields::read(read(&[0xa2, 1, 2, 1, 3]).unwrap()).is_err());
        let mut fields = Fields::read(read(&[0xa2, 1, 2, 0x61, 0x78, 3]).unwrap()).unwrap();
        assert_eq!((fields.int(1), fields.int(1)), (Ok(Some(2)), Ok(None)));
    }
}
