//! The errands of the house: `cargo xtask tidy` checks what a machine can check of the house rules.

mod fuzz;
mod hub_load;
mod iron;
mod simulate;
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
    /// Lives histories, or plants defects into them; the words are the simulation's own.
    Simulation(Vec<String>),
    /// Everybody comes at once to a hub.
    HubLoad(Vec<String>),
    /// Programs killed, power cut, lines broken; the words are those of `tests/iron`.
    Iron(Vec<String>),
    /// Mutates what decoders read.
    Fuzz(Vec<String>),
}

impl Errand {
    const HELP: &str = "usage: cargo xtask tidy    check the house rules
       cargo xtask types   make the window's types from the command list
       cargo xtask simulate [--seeds N] [--from S]          live N histories of the simulation
       cargo xtask simulate --tell S [--defect NAME]        tell one of them line by line
       cargo xtask defects [--within N] [--only WORDS]      plant each defect; all must be caught
       cargo xtask hub-load [--dev] [--offices N] [--fresh N] [--idle N] [--seconds S]   everybody comes to a hub at once
       cargo xtask kills [--times N] [--seed S]             kill -9 offices and their hub
       cargo xtask cuts [--times N] [--seed S]              cut the power of an office, on an ext4 of its own (root)
       cargo xtask line [--changes N] [--seed S]            a day's changes over a bad line
       cargo xtask loss [--changes N] [--percent P] [--seed S]   changes over a line that loses packets, in a namespace of its own
       cargo xtask fuzz [--seconds N] [--only DECODER]      mutate what decoders read, each for so long (nightly, cargo-fuzz)
       cargo xtask fuzz --seeds                             write the made-up papers where fuzzing begins";

    fn asked(words: Vec<String>) -> Option<Self> {
        match (words.first().map(String::as_str), words.len()) {
            (Some("tidy"), 1) => Some(Self::Tidy),
            (Some("types"), 1) => Some(Self::Types),
            (Some("simulate" | "defects"), _) => Some(Self::Simulation(words)),
            (Some("hub-load"), _) => Some(Self::HubLoad(words[1..].to_vec())),
            (Some("kills" | "cuts" | "line" | "loss"), _) => Some(Self::Iron(words)),
            (Some("fuzz"), _) => Some(Self::Fuzz(words[1..].to_vec())),
            _ => None,
        }
    }
}

fn main() -> ExitCode {
    match Errand::asked(std::env::args().skip(1).collect()) {
        Some(Errand::Tidy) => tidy::run(),
        Some(Errand::Types) => types::run(tree::top()),
        Some(Errand::Simulation(words)) => simulate::run(tree::top(), &words),
        Some(Errand::HubLoad(words)) => hub_load::run(tree::top(), &words),
        Some(Errand::Iron(words)) => iron::run(tree::top(), &words),
        Some(Errand::Fuzz(words)) => fuzz::run(tree::top(), &words),
        None => {
            eprintln!("{}", Errand::HELP);
            ExitCode::from(2)
        }
    }
}
