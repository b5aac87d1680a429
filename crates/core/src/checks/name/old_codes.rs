//! Code points that look like a hanzi but are none: private-use ones of old GB 18030 and GBK programs, and radicals.

/// What the two-byte codes FE50 to FEA0 mean today, in their order; old decoders gave U+E815 to U+E864.
/// Source: GB 18030-2022, two-byte area; the eight of U+9FB4 to U+9FBB changed last, in 2022. Six (the ones beyond
/// U+FFFF here) are private-use in the standard itself but show these ideographs, which have a four-byte code too.
#[rustfmt::skip]
const FE50_TO_FEA0: [u32; 80] = [
    0x2E81, 0x20087, 0x20089, 0x200CC, 0x2E84, 0x3473, 0x3447, 0x2E88, 0x2E8B, 0x9FB4,
    0x359E, 0x361A, 0x360E, 0x2E8C, 0x2E97, 0x396E, 0x3918, 0x9FB5, 0x39CF, 0x39DF,
    0x3A73, 0x39D0, 0x9FB6, 0x9FB7, 0x3B4E, 0x3C6E, 0x3CE0, 0x2EA7, 0x215D7, 0x9FB8,
    0x2EAA, 0x4056, 0x415F, 0x2EAE, 0x4337, 0x2EB3, 0x2EB6, 0x2EB7, 0x2298F, 0x43B1,
    0x43AC, 0x2EBB, 0x43DD, 0x44D6, 0x4661, 0x464C, 0x9FB9, 0x4723, 0x4729, 0x477C,
    0x478D, 0x2ECA, 0x4947, 0x497A, 0x497D, 0x4982, 0x4983, 0x4985, 0x4986, 0x499F,
    0x499B, 0x49B7, 0x49B6, 0x9FBA, 0x241FE, 0x4CA3, 0x4C9F, 0x4CA0, 0x4CA1, 0x4C77,
    0x4CA2, 0x4D13, 0x4D14, 0x4D15, 0x4D16, 0x4D17, 0x4D18, 0x4D19, 0x4DAE, 0x9FBB,
];

/// The ten vertical punctuation marks A6D9 to A6DF, A6EC, A6ED, A6F3; old decoders gave U+E78D to U+E796.
#[rustfmt::skip]
const VERTICAL_MARKS: [u32; 10] = [
    0xFE10, 0xFE12, 0xFE11, 0xFE13, 0xFE14, 0xFE15, 0xFE16, 0xFE17, 0xFE18, 0xFE19,
];

/// The ideographs of the Kangxi radicals U+2F00 to U+2FD5, in their order. Text copied from a PDF often has the
/// radical ⼥ where 女 is meant; nobody ever finds such a name again. Source: Unicode, compatibility mappings.
const RADICALS: &str = "\
    一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸屮山巛工己巾干幺广廴\
    廾弋弓彐彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿\
    目矛矢石示禸禾穴立竹米糸缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛辰辵\
    邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠";

/// The character that an old private-use code point or a radical stands for; `None` for every other character.
#[must_use]
pub fn from_old_code(c: char) -> Option<char> {
    let code = u32::from(c);
    let at = |table: &[u32], first: u32| table.get(code.checked_sub(first)? as usize).copied();
    if matches!(c, '\u{2F00}'..='\u{2FD5}') {
        return RADICALS.chars().nth(code as usize - 0x2F00);
    }
    let today = at(&VERTICAL_MARKS, 0xE78D).or_else(|| at(&FE50_TO_FEA0, 0xE815))?;
    char::from_u32(today)
}

/// Whether the code point has no meaning of its own: what it shows depends on a font of one computer.
#[must_use]
pub fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}
