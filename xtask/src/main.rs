//! The errands of the house: `cargo xtask tidy` checks what a machine can check of the house rules.

mod source;
mod tidy;
mod tree;
mod types;

use std::process::ExitCode;

/// What can be asked for on the command line.
enum Errand {
    /// Checks the house rules; fails when one is broken.
    Tidy,
    /// Makes the window's types from the command list.
    Types,
}

impl Errand {
    const HELP: &str = "usage: cargo xtask tidy    check the house rules
       cargo xtask types   make the window's types from the command list";

    fn asked(mut words: impl Iterator<Item = String>) -> Option<Self> {
        match (words.next().as_deref(), words.next()) {
            (Some("tidy"), None) => Some(Self::Tidy),
            (Some("types"), None) => Some(Self::Types),
            _ => None,
        }
    }
}

fn main() -> ExitCode {
    match Errand::asked(std::env::args().skip(1)) {
        Some(Errand::Tidy) => tidy::run(),
        Some(Errand::Types) => types::run(tree::top()),
        None => {
            eprintln!("{}", Errand::HELP);
            ExitCode::from(2)
        }
    }
}
