//! The lists are complete, unambiguous and understand what forms contain.

use std::collections::{HashMap, HashSet};

use super::*;

fn code(list: &CodeList, text: &str) -> Option<&'static str> {
    find(list, text).map(|entry| entry.code)
}

fn zh(list: &CodeList, text: &str) -> Option<&'static str> {
    find(list, text).map(|entry| entry.zh)
}

#[test]
fn every_list_is_complete_and_unambiguous() {
    let mut names = HashSet::new();
    for list in all() {
        assert!(names.insert(list.name), "{} twice", list.name);
        assert!(std::ptr::eq(super::list(list.name).unwrap(), *list));
        assert!(!list.zh.is_empty() && !list.en.is_empty() && !list.source.is_empty());
        let mut codes = HashSet::new();
        let mut spellings: HashMap<String, &str> = HashMap::new();
        for entry in list.entries {
            assert!(codes.insert(entry.code), "{} {} twice", list.name, entry.code);
            assert!(entry.en.is_ascii() && !entry.en.is_empty(), "{}", entry.en);
            assert!(!entry.zh.is_empty() && !entry.zh.is_ascii());
            let own: HashSet<_> =
                [entry.code, entry.zh, entry.en].iter().chain(entry.also).map(|spelling| folded(spelling)).collect();
            for spelling in own {
                let other = spellings.insert(spelling.clone(), entry.code);
                assert_eq!(other, None, "{}: {spelling}", list.name);
            }
            for spelling in [entry.code, entry.zh, entry.en].iter().chain(entry.also) {
                assert_eq!(code(list, spelling), Some(entry.code), "{}: {spelling}", list.name);
            }
            assert_eq!(list.get(entry.code), Some(entry));
        }
        assert_eq!(find(list, ""), None);
        assert_eq!(find(list, "（）"), None);
        assert_eq!(find(list, "没有这样的写法"), None);
    }
    assert_eq!(super::list("nothing"), None);
}

#[test]
fn ethnicity_has_56_and_two_more() {
    assert_eq!(ETHNICITY.entries.len(), 58);
    let numbered = ETHNICITY.entries.iter().take(56).enumerate();
    for (i, entry) in numbered {
        assert_eq!(entry.code, format!("{:02}", i + 1));
        let short = entry.zh.strip_suffix('族').unwrap();
        assert_eq!(code(&ETHNICITY, short), Some(entry.code), "{short}");
    }
    let letters = [
        "HA", "MG", "HU", "ZA", "UG", "MH", "YI", "ZH", "BY", "CS", "MA", "DO", "YA", "BA", "TJ", "HN", "KZ", "DA",
        "LI", "LS", "VA", "SH", "GS", "LH", "SU", "DX", "NX", "JP", "KG", "TU", "DU", "ML", "QI", "BL", "SL", "MN",
        "GL", "XB", "AC", "PM", "TA", "NU", "UZ", "RS", "EW", "DE", "BN", "YG", "GI", "TT", "DR", "OR", "HZ", "MB",
        "LB", "JN",
    ];
    for (letter, entry) in letters.iter().zip(ETHNICITY.entries) {
        assert_eq!(code(&ETHNICITY, letter), Some(entry.code), "{letter}");
    }
    assert_eq!(zh(&ETHNICITY, "僳僳族"), Some("傈僳族"));
    assert_eq!(zh(&ETHNICITY, "土家"), Some("土家族"));
    assert_eq!(zh(&ETHNICITY, "1"), Some("汉族"));
    assert_eq!(code(&ETHNICITY, "57"), Some("97"));
    assert_eq!(code(&ETHNICITY, "穿青人"), Some("97"));
    assert_eq!(code(&ETHNICITY, "58"), Some("98"));
    assert_eq!(find(&ETHNICITY, "AZ"), None);
}

#[test]
fn education_maps_the_standard_to_eight_values() {
    assert_eq!(EDUCATION.entries.len(), 8);
    let expected: [(&str, &[&str]); 8] = [
        ("博士", &["11", "12", "13", "博士研究生毕业"]),
        ("硕士", &["10", "14", "15", "16", "17", "18", "19", "研究生"]),
        ("本科", &["20", "21", "22", "23", "28", "大学本科", "大学"]),
        ("大专", &["30", "31", "32", "33", "专科", "大学专科教育"]),
        ("中专", &["40", "41", "42", "43", "44", "45", "46", "47", "48", "49", "技校", "职高"]),
        ("高中", &["60", "61", "62", "63", "普通高中教育"]),
        ("初中", &["70", "71", "73"]),
        ("小学及以下", &["80", "81", "83", "小学", "文盲"]),
    ];
    for (label, spellings) in expected {
        for spelling in spellings {
            assert_eq!(zh(&EDUCATION, spelling), Some(label), "{spelling}");
        }
    }
    assert_eq!(find(&EDUCATION, "90"), None);
}

#[test]
fn blanks_brackets_and_full_width_forms_do_not_matter() {
    assert_eq!(code(&EMPLOYMENT, "待(下)岗"), Some("laid_off"));
    assert_eq!(code(&EMPLOYMENT, " 在 岗　"), Some("on_post"));
    assert_eq!(code(&EMPLOYMENT, "内退"), Some("retired_early"));
    assert_eq!(code(&SKILL_LEVEL, "职业资格二级(技师)"), Some("2"));
    assert_eq!(code(&SKILL_LEVEL, "１"), Some("1"));
    assert_eq!(code(&MEMBERSHIP_CHANGE_REASON, "劳动(工作)关系发生变化"), Some("employment_changed"));
    assert_eq!(code(&INDUSTRY, "农林牧渔业"), Some("A"));
    assert_eq!(code(&INDUSTRY, "ｃ"), Some("C"));
    assert_eq!(code(&ORG_KIND, "县(市、区)总工会"), Some("county"));
    assert_eq!(code(&SEX, "男\n"), Some("1"));
    assert_eq!(code(&SEX, "\u{FEFF}女"), Some("2"));
}

#[test]
fn forms_are_read_in_their_own_words() {
    assert_eq!(code(&POLITICS, "党员"), Some("01"));
    assert_eq!(code(&POLITICS, "3"), Some("03"));
    assert_eq!(code(&MARITAL, "离异"), Some("40"));
    assert_eq!(code(&FAMILY_RELATION, "妻子"), Some("1"));
    assert_eq!(code(&HUKOU_KIND, "非农"), Some("urban"));
    assert_eq!(code(&HUKOU_KIND, "农业"), Some("rural"));
    assert_eq!(code(&MEMBERSHIP_CHANGE, "除名"), Some("5"));
    assert_eq!(code(&MEMBERSHIP_CHANGE, "开除会籍"), Some("5"));
    assert_eq!(code(&ORGANISING_STATE, "单建"), Some("founded_own"));
    assert_eq!(code(&BASE_UNION_TYPE, "产业(系统)工会"), Some("industry"));
}

#[test]
fn lists_have_the_values_of_the_forms() {
    assert_eq!(EMPLOYMENT.entries.len(), 8);
    assert_eq!(SKILL_LEVEL.entries.len(), 6);
    assert_eq!(POLITICS.entries.len(), 13);
    assert_eq!(UNIT_NATURE.entries.len(), 20);
    assert_eq!(ECONOMY.entries.len(), 9);
    assert_eq!(BASE_UNION_TYPE.entries.len(), 5);
    assert_eq!(INDUSTRY.entries.len(), 22);
    let sections: String = INDUSTRY.entries[..20].iter().map(|e| e.code).collect();
    assert_eq!(sections, "ABCDEFGHIJKLMNOPQRST");
    let numbers = [
        ("110", "国有企业"),
        ("120", "集体企业"),
        ("130", "股份合作企业"),
        ("140", "联营企业"),
        ("151", "国有独资公司"),
        ("159", "其他有限责任公司"),
        ("161", "国有控股公司"),
        ("169", "其他股份有限公司"),
        ("170", "私营企业"),
        ("190", "其他内资企业"),
        ("200", "港澳台商投资企业"),
        ("300", "外商投资企业"),
        ("500", "机关"),
        ("600", "个体经济组织"),
        ("700", "民办非企业单位"),
    ];
    for (number, label) in numbers {
        assert_eq!(zh(&UNIT_NATURE, number), Some(label));
    }
    // 400 covers two values of today; the clerk decides.
    assert_eq!(find(&UNIT_NATURE, "400"), None);
}
