//! Small repairs every check shares: full-width forms, invisible characters, the apostrophe of a text cell.

/// The half-width form of a full-width letter, digit or sign, and the ordinary blank for any blank; other
/// characters unchanged.
#[must_use]
pub fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c if c.is_whitespace() => ' ',
        // Blanks of Hangul and Braille input methods look like blanks but do not count as such.
        '\u{3164}' | '\u{FFA0}' | '\u{2800}' => ' ',
        c => c,
    }
}

/// Characters that show nothing: byte-order mark, zero-width and direction marks, soft hyphen, controls.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
        || (c.is_control() && !c.is_whitespace())
}

/// Any of the signs people type for a hyphen.
#[must_use]
pub fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{30FC}' | '\u{2500}')
}

/// Makes the text half-width and removes invisible characters, blanks and the apostrophes that spreadsheets
/// put in front of text cells. For numbers and codes only: it would join the words of a Latin name.
#[must_use]
pub fn tight(text: &str) -> String {
    text.chars().map(half_width).filter(|c| *c != ' ' && !is_invisible(*c) && !is_apostrophe(*c)).collect()
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{00B4}' | '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{2032}')
}

/// `text` with everything but the first `front` and last `back` characters replaced by `*`; wholly
/// masked when it is too short to hide anything between them.
#[must_use]
pub fn masked(text: &str, front: usize, back: usize) -> String {
    let count = text.chars().count();
    let shown = front + back < count;
    text.chars().enumerate().map(|(i, c)| if shown && (i < front || i >= count - back) { c } else { '*' }).collect()
}

/// Whether the entry says nothing of its own and points at the line above: 同上, 〃 and what stands for them.
#[must_use]
pub fn is_ditto(entry: &str) -> bool {
    const SIGNS: &str = "〃\"″“”〝〞、､'′‘’々仝";
    const WORDS: [&str; 8] = ["同上", "同前", "同左", "同", "上同", "如上", "ditto", "do"];
    let entry = entry.trim();
    // Asked of every cell of a roster: nearly all begin otherwise.
    let begins = |c: char| SIGNS.contains(c) || "同上如dD(（[【＂".contains(c);
    if !entry.starts_with(begins) || entry.len() > 32 {
        return false;
    }
    let bare: String = entry.chars().map(half_width).filter(|c| *c != ' ' && !is_invisible(*c)).collect();
    let word = bare.trim_matches(['(', ')', '[', ']', '【', '】', '.', '。']).to_ascii_lowercase();
    WORDS.contains(&word.as_str()) || (!bare.is_empty() && bare.chars().all(|c| SIGNS.contains(c)))
}

/// Whether every character is an ASCII digit (and there is at least one).
#[must_use]
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_ditto;

    #[test]
    fn what_points_at_the_line_above_says_nothing_itself() {
        for mark in ["同上", " 同 上 ", "（同上）", "同", "〃", "、、", "\"", "＂", "″", "〃〃", "Ditto", "do."]
        {
            assert!(is_ditto(mark), "{mark}");
        }
        for entry in ["", " ", "同济大学", "同和", "上官婉", "如意", "董", "do it", "1", "王芳", "(王芳)", "d"]
        {
            assert!(!is_ditto(entry), "{entry}");
        }
    }
}
