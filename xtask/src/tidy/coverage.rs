//! docs/coverage.md: every requirement names the place that meets it and a test that shows it, and both exist.
//!
//! A row reads `| requirement | where | test |`. Places are paths in backquotes; a test is `path::function` in Rust
//! and `path › title` elsewhere.

use super::Findings;
use crate::tree::Tree;

const PAGE: &str = "docs/coverage.md";

pub(crate) fn check(tree: &Tree, found: &mut Findings) {
    let Some(page) = tree.get(PAGE) else {
        found.broken(PAGE, 1, "the table of requirements is missing");
        return;
    };
    for (index, row) in page.text.lines().enumerate() {
        let cells: Vec<&str> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
        let heading = index + 1 < page.text.lines().count()
            && page.text.lines().nth(index + 1).is_some_and(|next| next.trim_start().starts_with("|-"));
        if !row.trim_start().starts_with('|') || row.trim_start().starts_with("|-") || heading {
            continue;
        }
        let [_, places, tests] = cells[..] else {
            found.broken(PAGE, index + 1, "a row has three cells: requirement, where, test");
            continue;
        };
        for place in quoted(places).filter(|place| !tree.holds(place)) {
            found.broken(PAGE, index + 1, format!("`{place}` is not there"));
        }
        let mut named = 0;
        for test in quoted(tests) {
            named += 1;
            if let Err(say) = stands(tree, test) {
                found.broken(PAGE, index + 1, format!("`{test}`: {say}"));
            }
        }
        if named == 0 {
            found.broken(PAGE, index + 1, "no test is named");
        }
    }
}

/// What stands in backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether the named test is really there.
fn stands(tree: &Tree, test: &str) -> Result<(), &'static str> {
    let (path, name) = match (test.split_once("::"), test.split_once('›')) {
        (Some((path, name)), None) => (path, name.trim()),
        (None, Some((path, title))) => (path.trim(), title.trim()),
        _ => return Err("write `path::function` or `path › title`"),
    };
    let file = tree.get(path).ok_or("this file is not there")?;
    if path.ends_with(".rs") {
        let function = name.rsplit("::").next().unwrap_or(name);
        let lines: Vec<&str> = file.text.lines().collect();
        let at = lines.iter().position(|line| {
            let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
            line.strip_prefix("fn ").is_some_and(|rest| rest.starts_with(&format!("{function}(")))
        });
        let at = at.ok_or("no such function")?;
        // A test says so among the attributes and comments directly above it.
        let above = |line: &&&str| matches!(line.trim_start().get(..2), Some("#[" | "//"));
        let mut attributes = lines[..at].iter().rev().take_while(above);
        if attributes.any(|line| line.contains("test]") || line.contains("::test(")) {
            Ok(())
        } else {
            Err("not a test")
        }
    } else if file.text.contains(name) {
        Ok(())
    } else {
        Err("no test of this title")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Findings, tree_of};

    fn said(row: &str) -> Vec<String> {
        let mut found = Findings::default();
        let page = format!("| requirement | where | test |\n|---|---|---|\n{row}\n");
        let test = "//! Here.\n#[test]\nfn wang_fang_joins() {}\n\nfn helper() {}\n";
        super::check(&tree_of(&[(super::PAGE, &page), ("tests/stories/join.rs", test)]), &mut found);
        found.said()
    }

    #[test]
    fn a_row_that_points_at_a_test_passes() {
        assert_eq!(said("| M-01 | `tests/stories` | `tests/stories/join.rs::wang_fang_joins` |"), [""; 0]);
    }

    #[test]
    fn a_row_that_points_at_nothing_is_told() {
        assert_eq!(said("| M-01 | `crates/none.rs` | `tests/stories/join.rs::helper` |").len(), 2);
        assert_eq!(said("| M-01 | | |").len(), 1);
    }
}
