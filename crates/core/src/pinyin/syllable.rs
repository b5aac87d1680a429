//! Syllables: plain spelling and tone out of `shàn`, and the spellings a clerk may type for one.

/// Splits a toned syllable (`lǚ`) into its plain spelling (`lv`, ü as v) and its tone, 1 to 4; 5 when it has none.
pub(super) fn split(toned: &str) -> (String, u8) {
    let mut tone = 5;
    let plain = toned
        .chars()
        .filter_map(|c| {
            let (letter, mark) = bare(c)?;
            if mark != 0 {
                tone = mark;
            }
            Some(letter)
        })
        .collect();
    (plain, tone)
}

/// The letter under a tone mark and the mark; `None` for a combining mark without letter.
fn bare(c: char) -> Option<(char, u8)> {
    const MARKED: [(char, &str); 9] = [
        ('a', "āáǎà"),
        ('e', "ēéěè"),
        ('i', "īíǐì"),
        ('o', "ōóǒò"),
        ('u', "ūúǔù"),
        ('v', "ǖǘǚǜ"),
        ('n', "\u{0}ńňǹ"),
        ('m', "\u{0}ḿ"),
        ('e', "\u{0}ế\u{0}ề"),
    ];
    match c {
        'ü' => return Some(('v', 0)),
        'ê' => return Some(('e', 0)),
        '\u{300}'..='\u{36f}' => return None,
        _ => {}
    }
    for (letter, marked) in MARKED {
        if let Some(at) = marked.chars().position(|m| m == c) {
            return Some((letter, at as u8 + 1));
        }
    }
    Some((c, 0))
}

/// A plain syllable with its tone mark on the right vowel: `lv`, 3 becomes `lǚ`.
pub(super) fn toned(plain: &str, tone: u8) -> String {
    const VOWELS: [(char, &str); 6] =
        [('a', "āáǎà"), ('e', "ēéěè"), ('i', "īíǐì"), ('o', "ōóǒò"), ('u', "ūúǔù"), ('v', "ǖǘǚǜ")];
    // The mark goes on a or e, on the o of ou, else on the last vowel.
    let carrier = plain.find(['a', 'e']).or_else(|| plain.find("ou")).or_else(|| plain.rfind(['i', 'o', 'u', 'v']));
    plain
        .char_indices()
        .map(|(at, letter)| {
            let marked = VOWELS
                .iter()
                .find(|(vowel, _)| *vowel == letter && carrier == Some(at))
                .and_then(|(_, marks)| marks.chars().nth(usize::from(tone).checked_sub(1)?));
            marked.unwrap_or(if letter == 'v' { 'ü' } else { letter })
        })
        .collect()
}

/// What may be typed for a plain syllable: itself, and for ü also the `yu` of passports (`lyu`).
pub(super) fn spellings(plain: &str) -> Vec<String> {
    let mut all = vec![plain.to_owned()];
    if plain.contains('v') {
        all.push(plain.replace('v', "yu"));
    }
    all
}

/// What sounds alike: z/zh c/ch s/sh n/l, an/ang en/eng in/ing, and u for ü. The syllable itself comes first.
pub(super) fn sound_alikes(plain: &str) -> Vec<String> {
    const INITIALS: [(&str, &str); 8] =
        [("zh", "z"), ("ch", "c"), ("sh", "s"), ("z", "zh"), ("c", "ch"), ("s", "sh"), ("n", "l"), ("l", "n")];
    let mut all = spellings(plain);
    if plain.contains('v') {
        all.push(plain.replace('v', "u"));
    }
    for form in all.clone() {
        // The two-letter initials stand first in the list: `zh` must not be taken for `z`.
        if let Some((from, to)) = INITIALS.iter().find(|(from, _)| form.starts_with(from))
            && form.len() > from.len()
        {
            all.push(format!("{to}{}", &form[from.len()..]));
        }
    }
    for form in all.clone() {
        if ["ang", "eng", "ing"].iter().any(|f| form.ends_with(f)) {
            all.push(form[..form.len() - 1].to_owned());
        } else if ["an", "en", "in"].iter().any(|f| form.ends_with(f)) {
            all.push(format!("{form}g"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tone_marks_come_off() {
        assert_eq!(split("shàn"), ("shan".into(), 4));
        assert_eq!(split("lǚ"), ("lv".into(), 3));
        assert_eq!(split("lüè"), ("lve".into(), 4));
        assert_eq!(split("zi"), ("zi".into(), 5));
        assert_eq!(split("ê\u{304}"), ("e".into(), 5));
    }

    #[test]
    fn alike_goes_both_ways() {
        assert_eq!(sound_alikes("zhang"), ["zhang", "zang", "zhan", "zan"]);
        assert!(sound_alikes("zan").contains(&"zhang".to_owned()));
        assert!(sound_alikes("lin").contains(&"ning".to_owned()));
        assert!(sound_alikes("lv").contains(&"lu".to_owned()));
        assert_eq!(sound_alikes("wo"), ["wo"]);
        assert_eq!(sound_alikes("n"), ["n"]);
    }
}
