//! QR codes drawn and read. Bytes in, bytes out: no file, no clock, no window, no member. What a text means, and whether
//! it may be believed, is for others to say.
//!
//! - [`draw`] makes a [`Symbol`] of a text, and the symbol gives SVG for print and PNG for a file.
//! - [`read_frame`] looks quickly at a camera's frame, [`read`] thoroughly at a grey picture, [`read_picture`] at a file
//!   of JPEG, PNG or WebP.
//!
//! Nothing here panics, whatever picture comes: a release ends the whole program at a panic. What that rests on is said
//! in docs/decisions/0038-qr.md.

mod draw;
mod find;
mod grey;
mod picture;
mod read;

pub use draw::{ALPHANUMERIC, QUIET, Symbol, TooLong, draw};
pub use grey::{Luma, MOST_POINTS, Misshapen};
pub use picture::{MOST_BYTES, MOST_SIDE, Trouble, read_picture};
pub use read::{read, read_frame};
