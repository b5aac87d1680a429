//! The house rules that a machine can check, and how their breaches are told.

mod arrows;
mod coverage;
mod files;
mod packages;
mod people;
mod words;

use std::process::ExitCode;

use crate::tree::Tree;

/// One place where a rule is broken.
pub(crate) struct Finding {
    path: String,
    line: usize,
    /// What is wrong and what to do.
    say: String,
    /// A hint counts for nothing; it is a place to look at.
    hint: bool,
}

/// What all rules found, in the order of the rules.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    fn broken(&mut self, path: &str, line: usize, say: impl Into<String>) {
        self.0.push(Finding { path: path.to_owned(), line, say: say.into(), hint: false });
    }

    fn hint(&mut self, path: &str, line: usize, say: impl Into<String>) {
        self.0.push(Finding { path: path.to_owned(), line, say: say.into(), hint: true });
    }

    #[cfg(test)]
    fn said(&self) -> Vec<String> {
        self.0.iter().map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.say)).collect()
    }
}

/// Reads the tree and tells what it finds.
type Rule = fn(&Tree, &mut Findings);

/// Every rule, with the sentence that the report opens it with.
const RULES: [(&str, Rule); 6] = [
    ("who may use whom", arrows::check),
    ("files a person can read in one sitting", files::check),
    ("packages have a reason", packages::check),
    ("made-up people live in area 9901", people::check),
    ("every sentence in both languages", words::check),
    ("every requirement points at a test", coverage::check),
];

/// Checks all rules and reports; fails when one is broken.
pub(crate) fn run() -> ExitCode {
    let tree = match Tree::read() {
        Ok(tree) => tree,
        Err(cause) => {
            eprintln!("tidy: the repository could not be read: {cause}");
            return ExitCode::FAILURE;
        }
    };
    let mut broken = 0;
    for (name, check) in RULES {
        let mut found = Findings::default();
        check(&tree, &mut found);
        let here = found.0.iter().filter(|finding| !finding.hint).count();
        println!("{} {name}", if here == 0 { "ok  " } else { "FAIL" });
        for finding in &found.0 {
            let mark = if finding.hint { "hint: " } else { "" };
            println!("     {}:{}: {mark}{}", finding.path, finding.line, finding.say);
        }
        broken += here;
    }
    println!("tidy: {} files read, {broken} findings", tree.files.len());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
fn tree_of(files: &[(&str, &str)]) -> Tree {
    let file = |(path, text): &(&str, &str)| crate::tree::File { path: (*path).to_owned(), text: (*text).to_owned() };
    Tree { files: files.iter().map(file).collect() }
}
