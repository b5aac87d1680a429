//! Streams: scopes of reading. Who may write and read each is decided by [`crate::keys::Identity`].

use std::fmt;
use std::str::FromStr;

use crate::bad::Bad;
use crate::change::RecordId;

/// Where a change belongs. The text form (`office/<32 hex>`, `county`, …) is its only name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// What the county federation publishes to all.
    County,
    /// Tags by which an office learns that a person is already a member elsewhere.
    Registry,
    /// The records of one office.
    Office(RecordId),
    /// Who looked at and did what in one office.
    Audit(RecordId),
    /// Letters to one office.
    Mail(RecordId),
}

impl Stream {
    /// The office that a stream is about, if it is about one.
    #[must_use]
    pub fn office(&self) -> Option<RecordId> {
        match self {
            Self::County | Self::Registry => None,
            Self::Office(id) | Self::Audit(id) | Self::Mail(id) => Some(*id),
        }
    }

    /// Whether the devices of an office are given this stream; those of the county are given all.
    #[must_use]
    pub fn read_by(&self, office: RecordId, county: bool) -> bool {
        county || self.office().is_none_or(|of| of == office)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::County => f.write_str("county"),
            Self::Registry => f.write_str("registry"),
            Self::Office(id) => write!(f, "office/{id}"),
            Self::Audit(id) => write!(f, "audit/{id}"),
            Self::Mail(id) => write!(f, "mail/{id}"),
        }
    }
}

impl FromStr for Stream {
    type Err = Bad;

    fn from_str(s: &str) -> Result<Self, Bad> {
        match s.split_once('/') {
            None if s == "county" => Ok(Self::County),
            None if s == "registry" => Ok(Self::Registry),
            Some(("office", id)) => Ok(Self::Office(id.parse()?)),
            Some(("audit", id)) => Ok(Self::Audit(id.parse()?)),
            Some(("mail", id)) => Ok(Self::Mail(id.parse()?)),
            _ => Err(Bad::Form("no such stream")),
        }
    }
}

impl serde::Serialize for Stream {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Stream {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        crate::serial::text(d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_has_one_name() {
        let id = RecordId([0xab; 16]);
        for s in [Stream::County, Stream::Registry, Stream::Office(id), Stream::Audit(id), Stream::Mail(id)] {
            assert_eq!(s.to_string().parse(), Ok(s));
        }
        assert_eq!(Stream::Office(id).to_string(), format!("office/{}", "ab".repeat(16)));
        for wrong in ["", "office", "office/", "county/", "Office/ab", "registry/x", "mail/00"] {
            assert!(wrong.parse::<Stream>().is_err(), "{wrong}");
        }
        assert!(format!("office/{}", "AB".repeat(16)).parse::<Stream>().is_err());
        assert!(format!("office/{}", "ab".repeat(17)).parse::<Stream>().is_err());
    }
}
