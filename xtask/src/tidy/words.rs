//! Every sentence of the product exists in Chinese and in English.

use super::Findings;
use crate::source::{Piece, Placed, chinese, pieces};
use crate::tree::{File, Tree};

/// Pairs of sentences stand in these calls, Chinese first, with this many texts before them.
const PAIRS: [(&str, usize); 2] = [("Say::new(", 0), ("Fault::new(", 1)];

/// The words of the window: the same keys in both.
const WINDOW: (&str, &str) = ("ui/src/words/zh-CN", "ui/src/words/en");

pub(crate) fn check(tree: &Tree, found: &mut Findings) {
    for file in tree.under("crates/", &[".rs"]).chain(tree.under("src-tauri/", &[".rs"])) {
        let placed = pieces(&file.text, true);
        for at in 0..placed.len() {
            pair(file, &placed, at, found);
            labels(file, &placed, at, found);
        }
    }
    let (chinese_words, english_words) = (window_words(tree, WINDOW.0), window_words(tree, WINDOW.1));
    for (here, there, language) in
        [(&chinese_words, &english_words, "English"), (&english_words, &chinese_words, "Chinese")]
    {
        for word in here.iter().filter(|word| !there.iter().any(|other| other.key == word.key)) {
            found.broken(&word.path, word.line, format!("`{}` has no {language}", word.key));
        }
    }
    for word in english_words.iter().filter(|word| chinese(&word.text) && !english(&word.text)) {
        // A language is called by its own name, so that who looks for it can read it.
        if !word.key.ends_with("zh") {
            found.broken(&word.path, word.line, format!("`{}` is still Chinese", word.key));
        }
    }
}

/// An English sentence may quote the Chinese word that the clerk has to type; without a Latin letter it is none.
fn english(text: &str) -> bool {
    text.chars().any(|letter| letter.is_ascii_alphabetic())
}

/// `Say::new("中文", "English")`: both there, each in its language.
fn pair(file: &File, placed: &[Placed<'_>], at: usize, found: &mut Findings) {
    let Piece::Code(code) = placed[at].piece else { return };
    let code = code.trim_end();
    let Some((_, before)) = PAIRS.iter().find(|(call, _)| code.ends_with(call)) else { return };
    let texts: Vec<&Placed<'_>> = (0..=before + 1).map_while(|nth| placed.get(at + 1 + 2 * nth)).collect();
    let (Some(zh), Some(en)) = (texts.get(*before), texts.get(before + 1)) else { return };
    if let (Piece::Text(zh_text), Piece::Text(en_text)) = (&zh.piece, &en.piece) {
        if zh_text.is_empty() && en_text.is_empty() {
            return;
        }
        if !chinese(zh_text) {
            found.broken(&file.path, zh.line, "the first sentence of a pair is Chinese");
        }
        if !english(en_text) {
            found.broken(&file.path, en.line, "the second sentence of a pair is English");
        }
    }
}

/// `zh = "姓名", en = "Name"` in an attribute: never one without the other.
fn labels(file: &File, placed: &[Placed<'_>], at: usize, found: &mut Findings) {
    let Piece::Code(code) = placed[at].piece else { return };
    if !ends_with_key(code, "zh") {
        return;
    }
    let Some(Placed { piece: Piece::Text(zh), line }) = placed.get(at + 1) else { return };
    let english = match (placed.get(at + 2), placed.get(at + 3)) {
        (Some(Placed { piece: Piece::Code(between), .. }), Some(Placed { piece: Piece::Text(en), .. })) => {
            ends_with_key(between, "en") && english(en)
        }
        _ => false,
    };
    if chinese(zh) && !english {
        found.broken(&file.path, *line, "a Chinese label without its English beside it");
    }
}

fn ends_with_key(code: &str, key: &str) -> bool {
    let Some(before) = code.trim_end().strip_suffix('=') else { return false };
    let before = before.trim_end();
    before.ends_with(key) && !before[..before.len() - key.len()].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// One sentence of the window.
struct Word {
    path: String,
    line: usize,
    /// Keys from the outermost object to the sentence, with dots.
    key: String,
    text: String,
}

/// All sentences of one language: a file, or a folder of files.
fn window_words(tree: &Tree, place: &str) -> Vec<Word> {
    let (one, folder) = (format!("{place}.ts"), format!("{place}/"));
    let files = tree.files.iter().filter(|file| file.path == one || file.path.starts_with(&folder));
    files
        .flat_map(|file| {
            let within = file.path.trim_start_matches(place).trim_end_matches(".ts").trim_matches('/');
            sentences(file, within)
        })
        .collect()
}

/// Reads an object of objects of strings, the only shape that a file of words has.
fn sentences(file: &File, within: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut key = String::new();
    for placed in pieces(&file.text, false) {
        match placed.piece {
            Piece::Text(text) if key.ends_with(':') => {
                let mut whole: Vec<&str> = std::iter::once(within).chain(path.iter().map(String::as_str)).collect();
                whole.push(key.trim_end_matches(':'));
                whole.retain(|part| !part.is_empty());
                words.push(Word {
                    path: file.path.clone(),
                    line: placed.line,
                    key: whole.join("."),
                    text: text.to_owned(),
                });
                key.clear();
            }
            // A key in quotation marks; its colon follows in the code.
            Piece::Text(text) => key = text.to_owned(),
            Piece::Code(code) => {
                for letter in code.chars() {
                    match letter {
                        // The outermost object has no name; what stands before it is `export default`.
                        '{' if path.is_empty() => {
                            key.clear();
                            path.push(String::new());
                        }
                        '{' => path.push(std::mem::take(&mut key).trim_end_matches(':').to_owned()),
                        '}' => drop(path.pop()),
                        ',' => key.clear(),
                        ':' if !key.is_empty() => key.push(':'),
                        letter if letter.is_alphanumeric() || letter == '_' || letter == '-' => key.push(letter),
                        _ => {}
                    }
                }
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::{Findings, tree_of};

    fn said(files: &[(&str, &str)]) -> Vec<String> {
        let mut found = Findings::default();
        super::check(&tree_of(files), &mut found);
        found.said()
    }

    #[test]
    fn a_pair_in_the_wrong_order_is_told() {
        let right = "Fault::new(\"not_found\", \"没有找到\", \"Not found\")";
        let wrong = "Say::new(\"Not found\", \"没有找到\")";
        assert_eq!(said(&[("crates/core/src/a.rs", right)]), [""; 0]);
        assert_eq!(said(&[("crates/core/src/a.rs", wrong)]).len(), 2);
    }

    #[test]
    fn a_label_without_english_is_told() {
        assert_eq!(said(&[("crates/core/src/a.rs", "#[field(zh = \"姓名\", en = \"Name\")]")]), [""; 0]);
        assert_eq!(said(&[("crates/core/src/a.rs", "#[field(zh = \"姓名\", required)]")]).len(), 1);
    }

    #[test]
    fn a_sentence_of_the_window_missing_in_one_language_is_told() {
        let zh = "export default {\n  home: { title: '首页', 'no-hit': '没有' },\n  save: '保存',\n}\n";
        let en = "export default {\n  home: { title: 'Home' },\n  save: 'Save',\n}\n";
        let told = said(&[("ui/src/words/zh-CN.ts", zh), ("ui/src/words/en.ts", en)]);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("ui/src/words/zh-CN.ts:2: `") && told[0].contains("home.no-hit"), "{}", told[0]);
    }
}
