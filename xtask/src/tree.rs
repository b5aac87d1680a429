//! The files of the repository, read once, named by their path from the top.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// One text file.
pub(crate) struct File {
    /// Path from the top of the repository, with `/` between folders on every system.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

/// All text files of the repository that a person wrote.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// Folders that hold what others made, or what is made from other files.
const NOT_OURS: [&str; 8] = [".git", "target", "node_modules", "dist", "gen", "test-results", "shots", "__pycache__"];

/// The kinds of file that some rule reads.
const READ: [&str; 15] =
    ["rs", "typ", "toml", "ts", "vue", "css", "html", "json", "mjs", "js", "sh", "md", "csv", "yml", "txt"];

/// The repository that this program was compiled in.
pub(crate) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

impl Tree {
    /// Reads the repository that this program was compiled in.
    pub(crate) fn read() -> io::Result<Self> {
        let top = top();
        let mut files = Vec::new();
        let mut folders: Vec<PathBuf> = vec![top.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let (kind, path) = (entry.file_type()?, entry.path());
                let name = entry.file_name().to_string_lossy().into_owned();
                if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                    folders.push(path);
                } else if kind.is_file() && path.extension().is_some_and(|end| READ.iter().any(|read| end == *read)) {
                    let from_top = path.strip_prefix(top).expect("walked from the top");
                    let parts: Vec<_> = from_top.iter().map(|part| part.to_string_lossy()).collect();
                    // A file that is not text holds nothing that a rule could read.
                    if let Ok(text) = fs::read_to_string(&path) {
                        files.push(File { path: parts.join("/"), text });
                    }
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The file at exactly this path.
    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether a file, or a folder with files, stands at this path.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }

    /// All files below a folder with one of these endings.
    pub(crate) fn under<'a>(&'a self, folder: &'a str, endings: &'a [&str]) -> impl Iterator<Item = &'a File> {
        self.files
            .iter()
            .filter(move |file| file.path.starts_with(folder) && endings.iter().any(|end| file.path.ends_with(end)))
    }
}

impl File {
    /// Made by a program, so no rule about reading applies to it.
    pub(crate) fn generated(&self) -> bool {
        self.path.contains("/generated/") || self.path.ends_with("package-lock.json")
    }
}
