//! Every package taken has its reason in docs/decisions/, and core takes none that would give it a clock or a socket.

use super::Findings;
use crate::tree::{File, Tree};

/// Which packages a part of the house may never name in its Cargo.toml.
const NEVER: [(&str, &[&str]); 5] = [
    ("crates/core/Cargo.toml", &["tokio", "reqwest", "tauri", "axum", "hyper", "getrandom", "rand", "niangjia-host"]),
    ("crates/replication/Cargo.toml", &["rusqlite", "tokio", "reqwest", "axum", "niangjia-core", "getrandom"]),
    ("crates/hub/Cargo.toml", &["niangjia-core", "niangjia-host", "tauri", "reqwest"]),
    ("crates/host/Cargo.toml", &["tauri"]),
    ("crates/qr/Cargo.toml", &["niangjia-core", "niangjia-host", "rusqlite", "tokio", "reqwest", "axum", "chrono"]),
];

pub(crate) fn check(tree: &Tree, found: &mut Findings) {
    let reasons: String = tree.under("docs/decisions/", &[".md"]).map(|file| file.text.as_str()).collect();
    for (path, table) in [("Cargo.toml", "[workspace.dependencies]"), ("crates/derive/Cargo.toml", "[dependencies]")] {
        let Some(file) = tree.get(path) else { continue };
        for (line, name) in table_of(file, table).filter(|(_, name)| !name.starts_with("niangjia-")) {
            reasoned(path, line, name, &reasons, found);
        }
    }
    if let Some(file) = tree.get("ui/package.json") {
        for (line, name) in taken_by_the_window(file, found) {
            reasoned(&file.path, line, &name, &reasons, found);
        }
    }
    for (path, never) in NEVER {
        let Some(file) = tree.get(path) else { continue };
        for (line, name) in table_of(file, "[dependencies]").filter(|(_, name)| never.contains(name)) {
            found.broken(path, line, format!("`{name}` may not come in here (ARCHITECTURE.md, what is absent)"));
        }
    }
}

fn reasoned(path: &str, line: usize, name: &str, reasons: &str, found: &mut Findings) {
    if !reasons.contains(&format!("`{name}`")) {
        found.broken(path, line, format!("`{name}` has no reason yet: write a line in docs/decisions/"));
    }
}

/// The names in one table of a Cargo.toml, with their lines.
fn table_of<'a>(file: &'a File, table: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let lines = file.text.lines().enumerate().skip_while(move |(_, line)| line.trim() != table).skip(1);
    lines.take_while(|(_, line)| !line.starts_with('[')).filter_map(|(index, line)| {
        let name = line.split(['=', '.']).next()?.trim();
        (!name.is_empty() && !name.starts_with('#')).then_some((index + 1, name))
    })
}

fn taken_by_the_window(file: &File, found: &mut Findings) -> Vec<(usize, String)> {
    let described: serde_json::Value = match serde_json::from_str(&file.text) {
        Ok(described) => described,
        Err(cause) => {
            found.broken(&file.path, cause.line(), format!("cannot be read: {cause}"));
            return Vec::new();
        }
    };
    let mut names = Vec::new();
    for table in ["dependencies", "devDependencies"] {
        for name in described[table].as_object().into_iter().flatten().map(|(name, _)| name) {
            let line = file.text.lines().position(|line| line.contains(&format!("\"{name}\""))).map_or(1, |at| at + 1);
            names.push((line, name.clone()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::{Findings, tree_of};

    #[test]
    fn a_package_without_a_reason_is_told() {
        let mut found = Findings::default();
        let manifest =
            "[workspace.dependencies]\nniangjia-core = { path = \"x\" }\nserde = \"1\"\nzip.version = \"9\"\n";
        super::check(&tree_of(&[("Cargo.toml", manifest), ("docs/decisions/0001.md", "`serde` because")]), &mut found);
        assert_eq!(found.said(), ["Cargo.toml:4: `zip` has no reason yet: write a line in docs/decisions/"]);
    }

    #[test]
    fn core_never_takes_a_runtime() {
        let mut found = Findings::default();
        let manifest = "[dependencies]\ntokio.workspace = true\n\n[dev-dependencies]\ngetrandom = \"0.4\"\n";
        super::check(&tree_of(&[("crates/core/Cargo.toml", manifest)]), &mut found);
        assert_eq!(found.said().len(), 1);
    }
}
