//! Names as offices write them: read, shown and sorted.

use super::*;

#[test]
fn surnames_are_read_as_surnames() {
    for (name, pinyin) in [
        ("单伟明", "Shàn Wěimíng"),
        ("仇秀英", "Qiú Xiùyīng"),
        ("解建国", "Xiè Jiànguó"),
        ("区志强", "Ōu Zhìqiáng"),
        ("查理", "Zhā Lǐ"),
        ("曾丽", "Zēng Lì"),
        ("盖云", "Gě Yún"),
        ("任红", "Rén Hóng"),
        ("华春", "Huà Chūn"),
        ("朴英姬", "Piáo Yīngjī"),
        ("尉迟恭", "Yùchí Gōng"),
        ("万俟雅言", "Mòqí Yǎyán"),
        ("缪红", "Miào Hóng"),
        ("翟志刚", "Zhái Zhìgāng"),
        ("覃梅", "Qín Méi"),
        ("逄杰", "Páng Jié"),
        ("幺军", "Yāo Jūn"),
        ("员平", "Yùn Píng"),
        ("繁星", "Pó Xīng"),
        ("种霞", "Chóng Xiá"),
        ("谌龙", "Chén Lóng"),
        ("乐平", "Yuè Píng"),
        ("隗刚", "Wěi Gāng"),
        ("宓超", "Mì Chāo"),
        ("牟亮", "Mù Liàng"),
        ("秘强", "Bì Qiáng"),
        ("折兰", "Shé Lán"),
        ("召文", "Shào Wén"),
        ("黑飞", "Hè Fēi"),
        ("洗桂芝", "Xiǎn Guìzhī"),
        ("佴海", "Nài Hǎi"),
        ("么红", "Yāo Hóng"),
        ("单于明", "Chányú Míng"),
        ("澹台云", "Tántái Yún"),
        ("郇伟", "Xún Wěi"),
        ("万芳", "Wàn Fāng"),
        ("欧阳娜", "Ōuyáng Nà"),
        ("肖建安", "Xiāo Jiàn'ān"),
        ("吕绿", "Lǚ Lǜ"),
        ("阿卜杜拉·麦麦提", "Ābǔdùlā·Màimàití"),
        ("王𬱖", "Wáng Dí"),
    ] {
        assert_eq!(shown(name), pinyin, "{name}");
    }
}

#[test]
fn every_family_reading_is_known() {
    let table = table();
    let readings = |c: char| -> Vec<&str> {
        let unit = table.surname(c).or_else(|| table.unit(c)).unwrap();
        std::iter::once(unit).chain(table.others(unit)).map(|u| table.reading(u).unwrap().1).collect()
    };
    assert_eq!(readings('单'), ["shan", "dan"]);
    assert_eq!(readings('覃'), ["qin", "tan"]);
    assert_eq!(readings('乐'), ["yue", "le"]);
    assert_eq!(readings('隗'), ["wei", "kui"]);
    assert_eq!(readings('盖'), ["ge", "gai"]);
    assert_eq!(readings('翟'), ["zhai", "di"]);
    assert_eq!(readings('石'), ["shi"]);
    assert_eq!(readings('王'), ["wang"]);
}

#[test]
fn names_stand_in_pinyin_order() {
    // 𮯰 (extension I) has no reading in the data: it keeps a place of its own behind all others.
    let order =
        ["A股", "阿明", "沙飞", "单县", "单雄", "商南", "上官云", "王芳", "王芳芳", "曾理", "曾丽", "张伟", "𮯰"];
    let mut names = order;
    names.reverse();
    names.sort_by_key(|n| sort_key(n));
    assert_eq!(names, order);
    assert_eq!(sort_key("王·芳"), sort_key("王芳"));
    assert!(sort_key_of_text("单县建筑公司") < sort_key_of_text("东方食品厂"));
    assert!(sort_key("单雄") > sort_key("东方朔"));
}

#[test]
fn units_and_keys_agree() {
    let table = table();
    let mut last = String::new();
    for unit in 64..table.end() {
        let (c, plain, tone) = table.reading(unit).unwrap();
        let key = format!("{plain}{tone}{c}");
        assert!(last <= key, "{last} {key}");
        last = key;
    }
}

#[test]
fn strokes_are_counted() {
    for (c, n) in [('一', 1), ('丁', 2), ('王', 4), ('张', 7), ('戴', 17), ('龘', 48), ('𠀀', 2)] {
        assert_eq!(strokes(c), Some(n), "{c}");
    }
    assert_eq!(strokes('a'), None);
}

#[test]
fn rosters_stand_in_order_of_strokes() {
    // The order in which the lists of congresses print these surnames.
    let order = [
        "丁一", "丁伟", "于芳", "万红", "马军", "王一", "王伟", "韦平", "车兰", "牛强", "毛勇", "方圆", "尹丽", "孔明",
        "邓超", "石磊", "冯娟", "刘洋", "李娜", "张杰", "陈涛", "戴云", "\u{e000}",
    ];
    let mut names = order;
    names.reverse();
    names.sort_by_key(|name| stroke_key(name));
    assert_eq!(names, order);
}
