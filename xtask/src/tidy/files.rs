//! Files a person can read in one sitting, that begin by saying who lives there and hold nothing unfinished.

use super::Findings;
use crate::source::{Piece, has_word, pieces};
use crate::tree::{File, Tree};

/// Lines of Rust after which a file is looked at, and after which it is refused.
const RUST: (usize, usize) = (400, 600);
/// Lines of a page.
const VUE: usize = 300;

/// Unfinished or silenced work, in Rust.
const UNFINISHED: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
/// The same, in the window and its tests.
const SILENCED: [&str; 8] =
    ["test.skip", "it.skip", "describe.skip", "test.only", "it.only", "describe.only", "debugger;", "console.log("];

pub(crate) fn check(tree: &Tree, found: &mut Findings) {
    for file in tree.files.iter().filter(|file| !file.generated()) {
        let lines = file.text.lines().count();
        if file.path.ends_with(".rs") {
            if lines > RUST.1 {
                found.broken(&file.path, lines, format!("{lines} lines: split it by what it is about"));
            } else if lines > RUST.0 {
                found.hint(&file.path, lines, format!("{lines} lines, more than one sitting"));
            }
            if !file.text.starts_with("//! ") {
                found.broken(&file.path, 1, "the first line says who lives here (`//! …`)");
            }
            unfinished(file, &UNFINISHED, true, found);
        } else if file.path.ends_with(".vue") {
            if lines > VUE {
                found.broken(&file.path, lines, format!("{lines} lines: a page composes smaller pieces"));
            }
            unfinished(file, &SILENCED, false, found);
        } else if file.path.starts_with("ui/src/") && file.path.ends_with(".ts") {
            if lines > RUST.1 {
                found.broken(&file.path, lines, format!("{lines} lines: split it by what it is about"));
            }
            unfinished(file, &SILENCED, false, found);
        }
        for (index, line) in file.text.lines().enumerate() {
            if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
                found.broken(&file.path, index + 1, "an unresolved merge");
            }
        }
    }
}

fn unfinished(file: &File, words: &[&str], rust: bool, found: &mut Findings) {
    for placed in pieces(&file.text, rust) {
        let Piece::Code(code) = placed.piece else { continue };
        for (below, line) in code.split('\n').enumerate() {
            for word in words.iter().filter(|word| has_word(line, word)) {
                found.broken(&file.path, placed.line + below, format!("`{word}`: finish it or take it out"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Findings, tree_of};

    fn said(path: &str, text: &str) -> Vec<String> {
        let mut found = Findings::default();
        super::check(&tree_of(&[(path, text)]), &mut found);
        found.said()
    }

    #[test]
    fn unfinished_work_is_refused_and_talk_about_it_is_not() {
        let text = "//! Here.\n// todo!() is what we do not write\nfn f() {\n    todo!()\n}\n";
        assert_eq!(said("crates/core/src/a.rs", text), ["crates/core/src/a.rs:4: `todo!`: finish it or take it out"]);
    }

    #[test]
    fn a_file_says_who_lives_there() {
        assert_eq!(said("crates/core/src/a.rs", "fn f() {}\n").len(), 1);
    }

    #[test]
    fn a_long_file_is_refused() {
        let text = format!("//! Here.\n{}", "// line\n".repeat(600));
        assert_eq!(said("crates/core/src/a.rs", &text).len(), 1);
    }
}
