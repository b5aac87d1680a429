//! Forms on paper: full, empty and very long; what stands in the PDF is read back, codes are scanned, pages measured.

mod cards;
mod forms;
mod look;
mod program;
mod read;
mod spooler;
