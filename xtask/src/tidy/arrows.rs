//! Who may use whom. Arrows point one way: ui -> desk/host -> core -> replication <- hub.

use super::Findings;
use crate::source::{Piece, has_word, pieces};
use crate::tree::{File, Tree};

/// Words that a part of the house never says, and why.
struct Absent {
    folder: &'static str,
    words: &'static [&'static str],
    why: &'static str,
}

const ABSENT: &[Absent] = &[
    Absent {
        folder: "crates/core/src/",
        words: &["tokio", "reqwest", "tauri", "axum", "hyper", "std::net", "std::process", "thread::spawn", "async fn"],
        why: "core opens no socket, starts nothing and waits for nothing; this belongs in host",
    },
    Absent {
        folder: "crates/core/src/",
        words: &["SystemTime", "Instant::now", "Utc::now", "Local::now", "chrono::Local"],
        why: "core reads no clock; the moment comes in with the question",
    },
    Absent {
        folder: "crates/core/src/",
        words: &["getrandom", "OsRng", "thread_rng", "rand::rng", "Uuid::now_v7", "Uuid::new_v4"],
        why: "core draws no randomness; it takes `rng: &mut (impl CryptoRng + ?Sized)`",
    },
    Absent {
        folder: "crates/core/src/",
        words: &["println!", "eprintln!", "print!", "eprint!"],
        why: "core prints nothing; return a value or a Fault",
    },
    Absent {
        folder: "crates/replication/src/",
        words: &["rusqlite", "niangjia_core", "niangjia_host", "niangjia_hub", "tokio", "reqwest", "tauri", "axum"],
        why: "replication knows no member, no SQL and no socket",
    },
    Absent {
        folder: "crates/replication/src/",
        words: &["SystemTime", "Instant::now", "Utc::now", "getrandom", "OsRng", "println!", "eprintln!"],
        why: "replication has no clock and no randomness of its own: same seed, same trace",
    },
    Absent {
        folder: "crates/credential/src/",
        words: &[
            "rusqlite",
            "niangjia_core",
            "niangjia_replication",
            "SystemTime",
            "Instant::now",
            "Utc::now",
            "getrandom",
            "println!",
        ],
        why: "the card is a format by itself: no store, no clock, no randomness",
    },
    Absent {
        folder: "crates/hub/src/",
        words: &["niangjia_core", "niangjia_host", "tauri", "reqwest"],
        why: "the hub is blind: it cannot leak what it cannot read",
    },
    Absent {
        folder: "crates/qr/src/",
        words: &["std::fs", "std::net", "SystemTime", "Instant::now", "Utc::now", "getrandom", "println!", "eprintln!"],
        why: "bytes in, bytes out: what a picture is and where it came from is for others",
    },
    Absent {
        folder: "crates/paper/src/",
        words: &["rusqlite", "niangjia_core", "niangjia_host", "niangjia_replication", "tokio", "reqwest", "std::net"],
        why: "paper draws what the core has decided: no SQL, no rule of members, no connection",
    },
    Absent {
        folder: "crates/paper/src/",
        words: &["SystemTime", "Instant::now", "Utc::now", "Local::now", "getrandom"],
        why: "the same job is the same PDF: no clock and no randomness",
    },
    Absent { folder: "crates/host/src/", words: &["tauri"], why: "host serves every window alike" },
    Absent { folder: "src-tauri/", words: &["rusqlite", "reqwest"], why: "the desk is a window; host does the work" },
    Absent { folder: "tests/", words: &["tauri"], why: "stories go through the same door as the window, without it" },
];

pub(crate) fn check(tree: &Tree, found: &mut Findings) {
    for absent in ABSENT {
        for file in tree.under(absent.folder, &[".rs"]) {
            for (line, code) in product_code(file) {
                for word in absent.words.iter().filter(|word| has_word(code, word)) {
                    found.broken(&file.path, line, format!("`{word}`: {}", absent.why));
                }
            }
        }
    }
    for file in tree.under("crates/core/src/", &[".rs"]) {
        foreign_commands(file, found);
    }
    // The window's tests may speak of what the window may not do.
    let written = |file: &&File| !file.generated() && !file.path.ends_with(".test.ts");
    for file in tree.under("ui/src/", &[".ts", ".vue"]).filter(written) {
        window(file, found);
    }
}

/// Lines of code without comments and sentences, up to where the file's tests begin.
///
/// Tests may read a clock or draw numbers: they stand at the end of a file, or in a file called `tests.rs`.
fn product_code(file: &File) -> Vec<(usize, &str)> {
    if file.path.ends_with("/tests.rs") || file.path.contains("/tests/") && file.path.starts_with("crates/") {
        return Vec::new();
    }
    let product = file.text.find("#[cfg(test)]\nmod ").map_or(file.text.as_str(), |end| &file.text[..end]);
    let mut lines = Vec::new();
    for placed in pieces(product, true) {
        if let Piece::Code(code) = placed.piece {
            lines.extend(code.split('\n').enumerate().map(|(below, part)| (placed.line + below, part)));
        }
    }
    lines
}

/// A module asks another for facts through its types, never by running its commands.
fn foreign_commands(file: &File, found: &mut Findings) {
    let own = file.path.trim_start_matches("crates/core/src/").split('/').next().unwrap_or("");
    for (line, code) in product_code(file) {
        for part in code.split("crate::").skip(1) {
            let mut names = part.split("::");
            let (Some(module), Some(within)) = (names.next(), names.next()) else { continue };
            let within = within.trim_end_matches(|c: char| !c.is_alphanumeric());
            if within == "commands" && module != own && own != "registry" && own != "registry.rs" && own != "lib.rs" {
                found.broken(
                    &file.path,
                    line,
                    format!("commands of `{module}` used in `{own}`: share a public type instead"),
                );
            }
        }
    }
}

/// The rules of the window: one door, no page inside another, no truth kept in the browser.
fn window(file: &File, found: &mut Findings) {
    let within = |folder: &str| file.path.starts_with(folder);
    for (index, line) in file.text.lines().enumerate() {
        let (at, code) = (index + 1, line.split(" // ").next().unwrap_or(line));
        if code.trim_start().starts_with("//") || code.trim_start().starts_with('*') {
            continue;
        }
        if code.contains("@tauri-apps") && !within("ui/src/host/") {
            found.broken(&file.path, at, "@tauri-apps is imported only in ui/src/host");
        }
        for word in ["fetch", "XMLHttpRequest", "EventSource", "WebSocket"] {
            let called = has_word(code, word) && (word != "fetch" || code.contains("fetch("));
            if called && !within("ui/src/host/") {
                found.broken(&file.path, at, format!("`{word}`: only ui/src/host talks to the office"));
            }
        }
        for word in ["localStorage", "sessionStorage", "indexedDB"] {
            if has_word(code, word) {
                found.broken(&file.path, at, format!("`{word}`: the window holds no truth and no secret"));
            }
        }
        if let Some(target) = imported(code) {
            arrows_of_the_window(file, at, target, found);
        }
    }
}

/// What an import or a re-export names.
fn imported(code: &str) -> Option<&str> {
    let after = code.find(" from '").map(|at| at + 7).or_else(|| code.find("import('").map(|at| at + 8))?;
    code[after..].split('\'').next()
}

fn arrows_of_the_window(file: &File, at: usize, target: &str, found: &mut Findings) {
    let path = resolved(&file.path, target);
    let page =
        |path: &str| path.strip_prefix("ui/src/pages/").and_then(|rest| rest.split('/').next()).map(str::to_owned);
    let Some(other) = page(&path) else { return };
    match page(&file.path) {
        Some(own) if own != other => {
            found.broken(&file.path, at, format!("page `{own}` imports page `{other}`: what both need belongs in kit"));
        }
        None if file.path.starts_with("ui/src/kit/") => {
            found.broken(&file.path, at, format!("kit imports page `{other}`: kit knows no module"));
        }
        _ => {}
    }
}

/// The path that a relative (or `@/`) import means, from the top of the repository.
fn resolved(from: &str, target: &str) -> String {
    if let Some(rest) = target.strip_prefix("@/") {
        return format!("ui/src/{rest}");
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
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
    fn core_reads_no_clock() {
        let text = "//! Here.\nfn now() -> u64 {\n    std::time::SystemTime::now()\n}\n";
        assert!(said("crates/core/src/act.rs", text)[0].starts_with("crates/core/src/act.rs:3: `SystemTime`"));
    }

    #[test]
    fn words_in_comments_sentences_and_tests_are_free() {
        let text =
            "//! No tokio here.\nconst A: &str = \"println!\";\n#[cfg(test)]\nmod tests { fn f() { println!() } }\n";
        assert_eq!(said("crates/core/src/act.rs", text), [""; 0]);
    }

    #[test]
    fn a_page_never_imports_another_page() {
        let text = "import { mask } from '../members/mask'\n";
        assert_eq!(said("ui/src/pages/cards/list.ts", text).len(), 1);
        assert_eq!(said("ui/src/pages/members/list.ts", text).len(), 0);
    }

    #[test]
    fn one_module_never_runs_another_modules_commands() {
        let text = "//! Here.\nuse crate::members::commands::list;\n";
        assert_eq!(said("crates/core/src/cards/rules.rs", text).len(), 1);
        assert_eq!(said("crates/core/src/members/mod.rs", text).len(), 0);
    }
}
