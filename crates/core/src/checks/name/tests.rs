//! Names as rosters really contain them, and the code points of GB 18030.

use super::*;
use crate::checks::Finding;

fn name(entered: &str) -> String {
    check(entered).unwrap().name.as_str().to_owned()
}

fn notices(entered: &str) -> Vec<NameNotice> {
    check(entered).unwrap().notices
}

#[test]
fn every_sign_for_the_separator_becomes_the_official_one() {
    for sign in ["·", "•", "‧", "・", "･", "⋅", "∙", "．", ".", "、", "*", "＊", "。", "●", " · ", "··", "　•　"]
    {
        let entered = format!("阿卜杜拉{sign}麦麦提");
        assert_eq!(name(&entered), "阿卜杜拉·麦麦提", "{sign}");
        assert_eq!(notices(&entered), [], "{sign}");
        let original = check(&entered).unwrap().original;
        assert_eq!(original.as_deref().unwrap_or("阿卜杜拉·麦麦提"), entered);
    }
    assert_eq!(name("买买提・吐尔逊・艾力"), "买买提·吐尔逊·艾力");
    assert_eq!(name("J. Smith"), "J. Smith");
    assert_eq!(name("孙𬎆•𠀀"), "孙𬎆·𠀀");
}

#[test]
fn blanks_go_between_hanzi_and_stay_between_words() {
    for entered in
        ["胡　东", "胡 东", " 胡东 ", "胡 　 东", "'胡东", "胡东\t", "胡\u{A0}东", "\u{FEFF}胡东", "胡\u{200B}东\n"]
    {
        let checked = check(entered).unwrap();
        assert_eq!(checked.name.as_str(), "胡东");
        assert_eq!(checked.original.as_deref(), Some(entered));
        assert_eq!(checked.notices, []);
    }
    assert_eq!(check("胡东").unwrap().original, None);
    assert_eq!(name("JOHN   ＳＭＩＴＨ"), "JOHN SMITH");
    assert_eq!(name("O'Neil Anna-Maria"), "O'Neil Anna-Maria");
    assert_eq!(name("J.  R. Smith"), "J. R. Smith");
    assert_eq!(name("王 Tom"), "王Tom");
    assert_eq!(notices("古丽娜尔 买买提"), [NameNotice::SeparatorDoubtful]);
    assert_eq!(notices("诸葛 孔明"), []);
}

#[test]
fn a_masked_name_is_not_taken_for_a_separator() {
    for entered in ["张*三", "张**", "欧阳*", "张**三", "阿***提"] {
        let checked = check(entered).unwrap();
        assert_eq!(checked.name.as_str(), entered);
        assert_eq!(checked.notices, [NameNotice::Masked], "{entered}");
    }
}

#[test]
fn old_codes_become_the_characters_of_2022() {
    let pairs = [
        ('\u{E78D}', '\u{FE10}'),
        ('\u{E78E}', '\u{FE12}'),
        ('\u{E78F}', '\u{FE11}'),
        ('\u{E790}', '\u{FE13}'),
        ('\u{E791}', '\u{FE14}'),
        ('\u{E792}', '\u{FE15}'),
        ('\u{E793}', '\u{FE16}'),
        ('\u{E794}', '\u{FE17}'),
        ('\u{E795}', '\u{FE18}'),
        ('\u{E796}', '\u{FE19}'),
        ('\u{E81E}', '\u{9FB4}'),
        ('\u{E826}', '\u{9FB5}'),
        ('\u{E82B}', '\u{9FB6}'),
        ('\u{E82C}', '\u{9FB7}'),
        ('\u{E832}', '\u{9FB8}'),
        ('\u{E843}', '\u{9FB9}'),
        ('\u{E854}', '\u{9FBA}'),
        ('\u{E864}', '\u{9FBB}'),
        // 䶮, at FE9F: GBK programs kept it here.
        ('\u{E863}', '䶮'),
        ('\u{E816}', '\u{20087}'),
    ];
    for (old, today) in pairs {
        assert_eq!(from_old_code(old), Some(today), "{old:?}");
    }
    for other in ['\u{E78C}', '\u{E797}', '\u{E814}', '\u{E865}', '王'] {
        assert_eq!(from_old_code(other), None);
    }
    // Radicals, as text copied from a PDF has them: the first, the one of 女, the last.
    for (radical, hanzi) in [('\u{2F00}', '一'), ('\u{2F25}', '女'), ('\u{2FD5}', '龠')] {
        assert_eq!(from_old_code(radical), Some(hanzi));
    }
    assert_eq!(from_old_code('\u{2FD6}'), None);
    let checked = check("王\u{E863}").unwrap();
    assert_eq!(checked.name.as_str(), "王䶮");
    assert_eq!(checked.original.as_deref(), Some("王\u{E863}"));
    assert_eq!(checked.notices, [NameNotice::OldCode]);
}

#[test]
fn other_private_characters_are_kept_and_told() {
    let checked = check("王\u{E000} 芳").unwrap();
    assert_eq!(checked.name.as_str(), "王\u{E000}芳");
    assert_eq!(checked.notices, [NameNotice::PrivateUse]);
    assert_eq!(notices("王\u{F0000}"), [NameNotice::PrivateUse]);
    for lost in ["王?", "王？", "王□", "王\u{FFFD}"] {
        assert_eq!(notices(lost), [NameNotice::LostCharacter], "{lost}");
    }
    assert_eq!(notices("王芳1"), [NameNotice::Unusual]);
    assert_eq!(notices("王芳（女）"), [NameNotice::Unusual]);
    assert_eq!(notices("葛\u{E0100}洲"), []);
}

#[test]
fn length_is_counted_in_characters() {
    assert_eq!(check("").unwrap_err(), NameFault::Missing);
    assert_eq!(check(" 　'").unwrap_err(), NameFault::Missing);
    assert!(check(&"𬎆".repeat(50)).is_ok());
    let long = check(&"𬎆".repeat(51)).unwrap_err();
    assert_eq!((long, long.key()), (NameFault::TooLong, "name_too_long"));
    // Blanks that go do not count.
    assert!(check(&"王 ".repeat(50)).is_ok());
}

#[test]
fn masked_as_public_lists_want_it() {
    for (name, shown) in
        [("张三", "张*"), ("张小三", "张*三"), ("阿卜杜拉·麦麦提", "阿******提"), ("𬎆", "*"), ("", "*")]
    {
        assert_eq!(masked(name), shown);
    }
    let checked = check("张小三 ").unwrap();
    assert_eq!(checked.name.masked(), "张*三");
    assert!(!format!("{checked:?}").contains('小'));
}

/// Characters of real names and their GB 18030-2022 codes.
const CODES: [(char, &[u8]); 12] = [
    ('喆', &[0x86, 0xB4]),
    ('赟', &[0xDA, 0x53]),
    ('彧', &[0x8F, 0xAA]),
    ('琎', &[0xAC, 0x51]),
    ('頔', &[0xEE, 0x45]),
    ('䶮', &[0xFE, 0x9F]),
    ('㛃', &[0x82, 0x30, 0xB7, 0x31]),
    ('𠀀', &[0x95, 0x32, 0x82, 0x36]),
    ('𬱖', &[0x99, 0x33, 0xC3, 0x36]),
    ('𬎆', &[0x99, 0x31, 0xDE, 0x30]),
    ('𫖯', &[0x98, 0x38, 0xF5, 0x37]),
    ('\u{2EBF0}', &[0x99, 0x39, 0xF8, 0x36]),
];

#[test]
fn rare_characters_survive_gb_18030_and_the_check() {
    for (c, bytes) in CODES {
        let (text, _, failed) = encoding_rs::GB18030.decode(bytes);
        assert!(!failed, "{c}");
        assert_eq!(text, c.to_string());
        let (back, _, failed) = encoding_rs::GB18030.encode(&text);
        assert!(!failed, "{c}");
        assert_eq!(&*back, bytes, "{c}");
        let full = format!("王{c}");
        assert_eq!(name(&full), full);
        assert_eq!(notices(&full), []);
    }
}

#[test]
fn the_separator_is_a1a4() {
    let bytes = [0xB0, 0xA2, 0xB2, 0xB7, 0xB6, 0xC5, 0xC0, 0xAD, 0xA1, 0xA4, 0xC2, 0xF3, 0xC2, 0xF3, 0xCC, 0xE1];
    let (text, _, failed) = encoding_rs::GB18030.decode(&bytes);
    assert!(!failed);
    assert_eq!(text, "阿卜杜拉·麦麦提");
    assert_eq!(name(&text), text);
    assert_eq!(&*encoding_rs::GB18030.encode(&text).0, bytes);
}

#[test]
fn the_codec_reads_most_changed_codes_and_the_check_the_rest() {
    let decoded = |bytes: &[u8]| encoding_rs::GB18030.decode(bytes).0.into_owned();
    // The eighteen that moved in 2022 come out right, whoever wrote them ...
    for (bytes, c) in
        [([0xA6, 0xD9], '\u{FE10}'), ([0xA6, 0xF3], '\u{FE19}'), ([0xFE, 0x59], '龴'), ([0xFE, 0xA0], '龻')]
    {
        assert_eq!(decoded(&bytes), c.to_string());
    }
    // ... but these six stay private-use in the codec (and in the table of the standard).
    let six = [
        ([0xFE, 0x51], '\u{20087}'),
        ([0xFE, 0x52], '\u{20089}'),
        ([0xFE, 0x53], '\u{200CC}'),
        ([0xFE, 0x6C], '\u{215D7}'),
        ([0xFE, 0x76], '\u{2298F}'),
        ([0xFE, 0x91], '\u{241FE}'),
    ];
    for (bytes, c) in six {
        let from_file = format!("王{}", decoded(&bytes));
        assert!(from_file.ends_with(is_private));
        let checked = check(&from_file).unwrap();
        assert_eq!(checked.name.as_str(), format!("王{c}"));
        assert_eq!(checked.notices, [NameNotice::OldCode]);
        // Written back it takes four bytes: the two-byte code belongs to the private-use point.
        assert_eq!(encoding_rs::GB18030.encode(&c.to_string()).0.len(), 4);
    }
    // U+E5E5 is the one code point of the BMP the encoder has no bytes for.
    assert!(encoding_rs::GB18030.encode("\u{E5E5}").2);
    // A file that says it is GBK is decoded with the same table, but cannot be written with four-byte characters.
    assert_eq!(encoding_rs::GBK.decode(&[0xFE, 0x9F]).0, "䶮");
    assert!(encoding_rs::GBK.encode("㛃").2);
}
