//! What has begun to come and did not come whole: known by its length and digest, so that the other side goes on behind it.

use serde::Serialize;

use super::Digest;

/// The first bytes of a page, or of the body of a request that brings frames, (frame heads included) that the other side has
/// already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Begun {
    pub bytes: u64,
    /// Their BLAKE3: where the page begins otherwise by now, all of it comes.
    pub digest: Digest,
}

impl Begun {
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, digest: Digest(*blake3::hash(bytes).as_bytes()) }
    }

    /// As [`BEGUN`] says it: the number of bytes and their digest.
    #[must_use]
    pub fn header(&self) -> String {
        format!("{} {}", self.bytes, self.digest)
    }

    /// Reads what [`Begun::header`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (bytes, digest) = text.split_once(' ')?;
        Some(Self { bytes: bytes.parse().ok()?, digest: digest.parse().ok()? })
    }

    /// How many bytes of this page the other side has; 0 when it is another page.
    #[must_use]
    pub fn fits(&self, page: &[u8]) -> usize {
        let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        page.get(..bytes).filter(|begun| Self::of(begun) == *self).map_or(0, <[u8]>::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_fits_its_own_page_only() {
        let begun = Begun::of(b"some of it");
        assert_eq!(Begun::parse(&begun.header()), Some(begun));
        assert_eq!((begun.fits(b"some of it all"), begun.fits(b"some of it"), begun.fits(b"some of")), (10, 10, 0));
        assert_eq!(begun.fits(b"some or it all"), 0);
        for bad in ["", "10", "10 zz", "-1 00", "10  00"] {
            assert_eq!(Begun::parse(bad), None, "{bad}");
        }
    }
}
