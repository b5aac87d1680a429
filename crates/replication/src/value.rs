//! Values: what a field is set to, owned or standing in a block.

use std::fmt;

use crate::bad::{Bad, Limits, within};
use crate::cbor::{Reader, Writer};

/// What a field is set to.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
    /// Any further CBOR item, verbatim: written by a newer version, kept and passed on.
    Other(Box<[u8]>),
}

/// A [`Value`] that stands in a block.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueRef<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Other(&'a [u8]),
}

/// A CBOR tag of this program on null: what was here lies elsewhere.
const ELIDED: [u8; 4] = [0xd9, 0x6e, 0x6a, 0xf6];

impl Value {
    /// Stands in a checkpoint for a value that somebody replaced: that it was written is known here, what it was is not.
    #[must_use]
    pub fn elided() -> Self {
        Self::Other(ELIDED.into())
    }

    /// Whether this is [`Value::elided`].
    #[must_use]
    pub fn is_elided(&self) -> bool {
        matches!(self, Self::Other(raw) if **raw == ELIDED)
    }

    #[must_use]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(b) => ValueRef::Bool(*b),
            Self::Int(n) => ValueRef::Int(*n),
            Self::Text(t) => ValueRef::Text(t),
            Self::Bytes(b) => ValueRef::Bytes(b),
            Self::Other(b) => ValueRef::Other(b),
        }
    }

    /// Deterministic CBOR of this value.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        self.as_ref().to_cbor()
    }

    /// Reads what [`Value::to_cbor`] wrote, or any one deterministic CBOR item.
    ///
    /// # Errors
    /// Anything that is not one whole item within `limits`.
    pub fn from_cbor(bytes: &[u8], limits: &Limits) -> Result<Self, Bad> {
        ValueRef::from_cbor(bytes, limits).map(ValueRef::to_owned)
    }
}

impl From<&str> for Value {
    fn from(t: &str) -> Self {
        Self::Text(t.into())
    }
}

// Values are people's data: a value that slips into a log must not tell it.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool"),
            Self::Int(_) => f.write_str("Int"),
            Self::Text(t) => write!(f, "Text({} bytes)", t.len()),
            Self::Bytes(b) => write!(f, "Bytes({} bytes)", b.len()),
            Self::Other(b) => write!(f, "Other({} bytes)", b.len()),
        }
    }
}

impl<'a> ValueRef<'a> {
    #[must_use]
    pub fn to_owned(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(n),
            Self::Text(t) => Value::Text(t.into()),
            Self::Bytes(b) => Value::Bytes(b.into()),
            Self::Other(b) => Value::Other(b.into()),
        }
    }

    /// Deterministic CBOR of this value.
    #[must_use]
    pub fn to_cbor(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut Writer(&mut out));
        out
    }

    /// Reads what [`ValueRef::to_cbor`] wrote, or any one deterministic CBOR item.
    ///
    /// # Errors
    /// Anything that is not one whole item within `limits`.
    pub fn from_cbor(bytes: &'a [u8], limits: &Limits) -> Result<Self, Bad> {
        within("value", bytes.len(), limits.text.saturating_add(9))?;
        let value = Self::of_item(bytes, limits)?;
        value.check(limits)?;
        Ok(value)
    }

    fn of_item(bytes: &'a [u8], limits: &Limits) -> Result<Self, Bad> {
        let r = &mut Reader::new(bytes);
        let item = r.item(limits.depth)?;
        r.end()?;
        let r = &mut Reader::new(item);
        Ok(match item[0] {
            0xf4 => Self::Bool(false),
            0xf5 => Self::Bool(true),
            0xf6 => Self::Null,
            first => match first >> 5 {
                0 | 1 => r.int().map_or(Self::Other(item), Self::Int),
                2 => Self::Bytes(r.bytes()?),
                3 => Self::Text(r.text()?),
                _ => Self::Other(item),
            },
        })
    }

    pub(crate) fn write(self, w: &mut Writer<'_>) {
        match self {
            Self::Null => w.null(),
            Self::Bool(b) => w.bool(b),
            Self::Int(n) => w.int(n),
            Self::Text(t) => w.text(t),
            Self::Bytes(b) => w.bytes(b),
            Self::Other(b) => w.raw(b),
        }
    }

    pub(crate) fn check(self, limits: &Limits) -> Result<(), Bad> {
        match self {
            Self::Text(t) => within("text", t.len(), limits.text),
            Self::Bytes(b) => within("bytes", b.len(), limits.text),
            Self::Other(b) => {
                within("value", b.len(), limits.text)?;
                match Self::of_item(b, limits)? {
                    Self::Other(_) => Ok(()),
                    // One value, one form: else equal values would give different bytes.
                    _ => Err(Bad::Form("a value that has a form of its own")),
                }
            }
            _ => Ok(()),
        }
    }
}
