//! niangjia-credential: the card that travels, as a text that a camera reads. Issued by an office, verified by any other
//! without a network; with it the status list and the trust list by which it is judged.
//!
//! Pure: no clock, no randomness, no store. The format is `docs/credential.md`; vectors are in
//! `tests/fixtures/credentials/`.

pub mod card;
pub mod cbor;
pub mod day;
pub mod envelope;
pub mod key;
pub mod slip;
pub mod status;
pub mod trust;
pub mod verify;

pub use card::{Card, Unfit};
pub use envelope::{Profile, Unreadable};
pub use key::{IssuingKey, Kid};
pub use slip::{Doubt, Slip};
pub use status::{Status, StatusList};
pub use trust::{Entry, TrustList};
pub use verify::{Answer, Verification, Verifier};
