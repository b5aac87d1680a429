//! What a clerk types and whom she finds. All people are made up.

use super::*;

const MEMBER: u8 = 1;
const ENTERPRISE: u8 = 2;

struct Office {
    finder: Finder,
    names: Vec<&'static str>,
}

/// Members with the row ids 1, 2, 3, …
fn office(members: &[(&'static str, &[&str])]) -> Office {
    let mut finder = Finder::with_capacity(members.len());
    for (rec, (name, codes)) in members.iter().enumerate() {
        finder.push(&member(rec as i64 + 1, name, codes));
    }
    Office { finder, names: members.iter().map(|m| m.0).collect() }
}

fn named(members: &[&'static str]) -> Office {
    let members: Vec<(&'static str, &[&str])> = members.iter().map(|name| (*name, &[][..])).collect();
    office(&members)
}

fn member<'a>(rec: i64, name: &'a str, codes: &'a [&'a str]) -> Entry<'a> {
    Entry { kind: MEMBER, rec, title: name, person: true, aliases: &[], codes, office: 0, flags: 0 }
}

impl Office {
    /// Names in the order found, those that only sound alike behind a `~`.
    fn find(&self, query: &str) -> Vec<String> {
        let found = self.finder.find(&mut Session::new(), query, &Filter::default(), 100);
        assert_eq!(found.total, found.hits.len());
        let name = |hit: &Hit| {
            let near = if hit.rank == Rank::Near { "~" } else { "" };
            format!("{near}{}", self.names[hit.rec as usize - 1])
        };
        found.hits.iter().map(name).collect()
    }

    /// Whether the query finds somebody exactly.
    fn knows(&self, query: &str) -> bool {
        self.find(query).iter().any(|name| !name.starts_with('~'))
    }
}

#[test]
fn any_part_of_a_name() {
    let office = named(&["王芳", "王方圆", "方旺", "李芳芳", "张伟"]);
    assert_eq!(office.find("芳"), ["李芳芳", "王芳"]);
    assert_eq!(office.find("王"), ["王方圆", "王芳"]);
    assert_eq!(office.find("芳芳"), ["李芳芳"]);
    assert_eq!(office.find("王芳"), ["王芳"]);
    assert!(office.find("芳王").is_empty());
}

#[test]
fn pinyin_initials_and_mixtures() {
    let office = named(&["王芳", "张伟明", "张卫", "吴芳"]);
    assert_eq!(office.find("wangfang"), ["王芳"]);
    assert_eq!(office.find("wangf"), ["王芳"]);
    assert_eq!(office.find("wf"), ["王芳", "吴芳"]);
    assert_eq!(office.find("zwm"), ["张伟明"]);
    assert_eq!(office.find("张w"), ["张卫", "张伟明"], "the whole name first");
    assert_eq!(office.find("zhwei"), ["张卫", "张伟明"]);
    assert_eq!(office.find("zhangwei"), ["张卫", "张伟明"]);
    assert_eq!(office.find("张wei明"), ["张伟明"]);
    assert_eq!(office.find("w芳"), ["王芳", "吴芳"]);
    assert_eq!(office.find("ZHANGWM"), ["张伟明"]);
    assert_eq!(office.find("ｗｆ"), ["王芳", "吴芳"]);
    assert_eq!(office.find("weiming"), ["张伟明"]);
    assert_eq!(office.find("eiming"), Vec::<String>::new());
}

#[test]
fn letters_begin_where_a_syllable_begins() {
    let office = named(&["李先", "李安", "李西安", "李现"]);
    assert_eq!(office.find("an"), ["李安", "李西安"], "not the tail of xian");
    assert_eq!(office.find("xian"), ["李西安", "李先", "李现"]);
    assert_eq!(office.find("xi'an"), ["李西安"]);
    assert_eq!(office.find("lia"), ["李安"]);
    // g alone would be an initial; here it is inside a syllable.
    assert!(!named(&["王一"]).knows("wag"));
}

#[test]
fn every_reading_of_a_surname_finds() {
    for (name, spelled) in [
        ("单雄", "shan dan sx"),
        ("仇英", "qiu chou"),
        ("解珍", "xie jie"),
        ("区广", "ou qu"),
        ("查良", "zha cha"),
        ("曾红", "zeng ceng"),
        ("盖叫", "ge gai"),
        ("任平", "ren"),
        ("华春", "hua"),
        ("朴英", "piao pu"),
        ("尉迟恭", "yuchi yuchigong ycg yc"),
        ("万俟雅", "moqi moqiya mqy"),
        ("缪红", "miao mou"),
        ("翟红", "zhai di"),
        ("覃红", "qin tan"),
        ("逄红", "pang"),
        ("幺红", "yao"),
        ("员红", "yun yuan"),
        ("繁红", "po fan"),
        ("种红", "chong zhong"),
        ("谌红", "chen shen"),
        ("乐红", "yue le"),
        ("隗红", "wei kui"),
        ("宓红", "mi fu"),
        ("牟红", "mu mou"),
        ("秘红", "bi mi"),
        ("折红", "she zhe"),
        ("召红", "shao zhao"),
        ("黑红", "he hei"),
        ("洗红", "xian xi"),
        ("佴红", "nai"),
        ("么红", "yao"),
        ("单于红", "chanyu cyh"),
        ("澹台红", "tantai tth"),
        ("郇红", "xun huan"),
    ] {
        let office = named(&[name]);
        for query in spelled.split(' ') {
            assert!(office.knows(query), "{query} finds {name}");
        }
        assert!(office.knows(name));
        assert!(office.knows(&name.chars().take(1).collect::<String>()));
    }
    assert!(!named(&["石磊"]).knows("dan"), "no family is called Dan");
    assert!(!named(&["万红"]).knows("mo"), "only before 俟");
    assert!(named(&["李重庆"]).knows("lichongqing"));
    assert!(named(&["李行知"]).knows("xingzhi") && named(&["李行知"]).knows("hangzhi"));
}

#[test]
fn alike_only_when_few_are_found() {
    let office = named(&["张山", "臧三", "李兰", "聂南", "林英", "凌音", "吕红", "陆红"]);
    assert_eq!(office.find("zhangsan"), ["~臧三", "~张山"]);
    assert_eq!(office.find("zangsan"), ["臧三", "~张山"]);
    assert_eq!(office.find("linan"), ["~李兰"]);
    assert_eq!(office.find("lingyin"), ["凌音", "~林英"]);
    assert_eq!(office.find("lvhong"), ["吕红"]);
    assert_eq!(office.find("luhong"), ["陆红", "~吕红"]);
    assert_eq!(office.find("lyuhong"), ["吕红"]);
    assert_eq!(office.find("lühong"), office.find("lvhong"));
    let strict = Filter { near: false, ..Filter::default() };
    assert_eq!(office.finder.find(&mut Session::new(), "zhangsan", &strict, 9).total, 0);
    let many = named(&["臧三"; 12]);
    let mut names = many.names.clone();
    names.push("张山");
    let office = named(&names);
    assert_eq!(office.find("zangsan").len(), 12, "enough without those that sound alike");
}

#[test]
fn any_part_of_a_number() {
    let office = office(&[
        ("王芳", &["99010119900101123X", "13812345678", "6217000012345678901"]),
        ("李强", &["990102198505052345", "139-0000-1990"]),
        ("赵六", &[]),
    ]);
    assert_eq!(office.find("123x"), ["王芳"]);
    assert_eq!(office.find("123X"), ["王芳"]);
    assert_eq!(office.find("x"), Vec::<String>::new(), "an initial, nobody's");
    assert_eq!(office.find("19850505"), ["李强"]);
    assert_eq!(office.find("1990"), ["李强", "王芳"], "the end of a number before its inside");
    assert_eq!(office.find("1380000"), Vec::<String>::new());
    assert_eq!(office.find("13812345678"), ["王芳"]);
    assert_eq!(office.find("138 1234 5678"), ["王芳"]);
    assert_eq!(office.find("１３８-1234"), ["王芳"]);
    assert_eq!(office.find("5678901"), ["王芳"]);
    assert_eq!(office.find("78139"), Vec::<String>::new(), "numbers do not run into each other");
    assert_eq!(office.find("9901??1985"), ["李强"]);
    assert_eq!(office.find("345139"), Vec::<String>::new());
    assert_eq!(office.find("9"), ["李强", "王芳"]);
}

#[test]
fn codes_with_letters_are_no_pinyin_only() {
    let mut finder = Finder::with_capacity(2);
    let firm = |rec, title, code| Entry { kind: ENTERPRISE, person: false, ..member(rec, title, code) };
    finder.push(&firm(1, "东海建筑有限公司", &["91990100MA01ABCX2Y"]));
    finder.push(&firm(2, "马家食品厂", &["919901007WANG00003"]));
    finder.push(&member(3, "马芳", &["99010119900101123X"]));
    finder.push(&member(4, "王芳", &[]));
    let recs = |query: &str| -> Vec<i64> {
        let found = finder.find(&mut Session::new(), query, &Filter::default(), 9);
        found.hits.iter().map(|hit| hit.rec).collect()
    };
    assert_eq!(recs("ma01"), [1]);
    assert_eq!(recs("100ma01abcx2y"), [1]);
    assert_eq!(recs("ma"), [3, 2, 1], "names first, then the code");
    assert_eq!(recs("wang"), [4, 2]);
    assert_eq!(recs("马 3x"), [3]);
    assert_eq!(recs("91990100MA01ABCX2Y"), [1]);
    assert_eq!(recs("MA0?ABC"), [1]);
    assert_eq!(recs("919901"), [1, 2]);
    assert_eq!(recs("建筑公司"), Vec::<i64>::new());
    assert_eq!(recs("建筑 公司"), [1]);
    assert_eq!(recs("dhjz"), [1]);
    assert_eq!(recs("jzyxgs"), [1]);
}

#[test]
fn words_must_all_be_found() {
    let office = office(&[
        ("王芳", &["990101199001011234"]),
        ("王芳", &["990101199001015678"]),
        ("李芳", &["990101199001011234"]),
    ]);
    assert_eq!(office.find("王 1234").len(), 1);
    assert_eq!(office.find("芳 1234").len(), 2);
    assert_eq!(office.find("wang　５６７８").len(), 1);
    assert_eq!(office.find("1234 5678").len(), 0);
    assert_eq!(office.find("芳 王").len(), 2);
}

#[test]
fn dots_are_optional_and_long_names_whole() {
    let office = named(&["阿卜杜拉·麦麦提", "买买提•艾力", "欧阳娜娜", "王芳", "古丽·一"]);
    assert_eq!(office.find("阿卜杜拉麦麦提"), ["阿卜杜拉·麦麦提"]);
    assert_eq!(office.find("阿卜杜拉·麦麦提"), ["阿卜杜拉·麦麦提"]);
    assert_eq!(office.find("拉麦"), ["阿卜杜拉·麦麦提"]);
    assert_eq!(office.find("麦麦提"), ["阿卜杜拉·麦麦提"]);
    assert_eq!(office.find("maimaiti"), ["买买提•艾力", "阿卜杜拉·麦麦提"]);
    assert_eq!(office.find("abdlmmt"), ["阿卜杜拉·麦麦提"]);
    assert_eq!(office.find("提艾"), ["买买提•艾力"]);
    assert_eq!(office.find("ouyangnana"), ["欧阳娜娜"]);
    assert_eq!(office.find("丽一"), ["古丽·一"]);
    let ranks = |query: &str| {
        let found = office.finder.find(&mut Session::new(), query, &Filter::default(), 9);
        found.hits.iter().map(|hit| hit.rank).collect::<Vec<_>>()
    };
    assert_eq!(ranks("阿卜杜拉麦麦提"), [Rank::Whole]);
    assert_eq!(ranks("麦麦提"), [Rank::Word]);
    assert_eq!(ranks("娜娜"), [Rank::Word]);
    assert_eq!(ranks("阳娜"), [Rank::Inside]);
}

#[test]
fn unreadable_characters() {
    let office = named(&["王小明", "王大明", "王明", "阿卜杜拉·麦麦提"]);
    assert_eq!(office.find("王?明"), ["王大明", "王小明"]);
    assert_eq!(office.find("王？明"), ["王大明", "王小明"]);
    assert_eq!(office.find("王*"), ["王明", "王大明", "王小明"]);
    assert_eq!(office.find("?明"), ["王明", "王大明", "王小明"]);
    assert_eq!(office.find("w?m"), ["王大明", "王小明"]);
    assert_eq!(office.find("杜??麦"), ["阿卜杜拉·麦麦提"]);
}

#[test]
fn rare_characters_are_found_by_themselves() {
    // 𮯰 has no pinyin in the data, U+E863 is a private character of an old font, 𬱖 is in the standard table.
    let office = named(&["王𮯰", "李\u{e863}", "张𬱖", "王芳"]);
    assert_eq!(office.find("𮯰"), ["王𮯰"]);
    assert_eq!(office.find("王𮯰"), ["王𮯰"]);
    assert_eq!(office.find("w𮯰"), ["王𮯰"]);
    assert_eq!(office.find("\u{e863}"), ["李\u{e863}"]);
    assert_eq!(office.find("𬱖"), ["张𬱖"]);
    assert_eq!(office.find("zhangdi"), ["张𬱖"]);
    assert!(office.find("𠮷").is_empty());
}

#[test]
fn better_hits_come_first() {
    let office = named(&["李王", "王芳", "方王芳", "王", "汪王氏"]);
    assert_eq!(office.find("王"), ["王", "王芳", "方王芳", "李王", "汪王氏"]);
    let twins = named(&["王芳", "王芳", "王芳"]);
    let found = twins.finder.find(&mut Session::new(), "wf", &Filter::default(), 2);
    assert_eq!((found.total, found.hits.len()), (3, 2));
    assert_eq!(found.hits.iter().map(|h| h.rec).collect::<Vec<_>>(), [3, 2], "the later one first");
}

#[test]
fn marks_show_what_was_hit() {
    let office = office(&[("张伟明", &["990101199001011234"]), ("阿卜杜拉·麦麦提", &[]), ("王芳王芳", &[])]);
    let marks =
        |query: &str| office.finder.find(&mut Session::new(), query, &Filter::default(), 1).hits[0].marks.clone();
    assert_eq!(marks("伟"), [(1, 2)]);
    assert_eq!(marks("zw"), [(0, 2)]);
    assert_eq!(marks("weiming"), [(1, 3)]);
    assert_eq!(marks("1234"), []);
    assert_eq!(marks("明 1234"), [(2, 3)]);
    assert_eq!(marks("张 明"), [(0, 1), (2, 3)]);
    assert_eq!(marks("张 伟"), [(0, 2)]);
    assert_eq!(marks("拉麦"), [(3, 6)]);
    assert_eq!(marks("mmt"), [(5, 8)]);
    assert_eq!(marks("王芳王芳"), [(0, 4)]);
    assert_eq!(marks("芳"), [(1, 2)]);
    assert_eq!(marks("zangwei"), [(0, 2)], "sounds alike");
}

#[test]
fn filters_and_aliases() {
    let mut finder = Finder::with_capacity(4);
    let mut push = |rec, kind, office, flags, aliases: &[&str]| {
        finder.push(&Entry { kind, office, flags, aliases, ..member(rec, "王芳", &["12345678"]) });
    };
    push(1, 1, 7, 0, &["王小芳", "东工会〔2026〕3号"]);
    push(2, 1, 8, 1, &[]);
    push(3, 2, 7, 0b10, &[]);
    let recs = |query: &str, filter: &Filter| -> Vec<i64> {
        let found = finder.find(&mut Session::new(), query, filter, 9);
        assert_eq!(found.total, found.hits.len());
        found.hits.iter().map(|hit| hit.rec).collect()
    };
    let all = Filter::default();
    assert_eq!(recs("wf", &Filter::kind(1)), [2, 1]);
    assert_eq!(recs("wf", &Filter::kind(9)), [0_i64; 0]);
    assert_eq!(recs("小芳", &all), [1]);
    assert_eq!(recs("王小芳", &all), [1]);
    assert_eq!(recs("工会2026 3号", &all), [1]);
    let offices = Filter { offices: Some(vec![7]), ..all.clone() };
    assert_eq!(recs("1234", &offices), [3, 1]);
    assert_eq!(recs("", &offices), [3, 1]);
    let drafts = Filter { with_flags: 1, ..all.clone() };
    assert_eq!(recs("芳", &drafts), [2]);
    let valid = Filter { without_flags: 0b11, ..all.clone() };
    assert_eq!(recs("芳", &valid), [1]);
}

#[test]
fn records_change_and_go() {
    let mut finder = Finder::with_capacity(0);
    finder.push(&member(1, "王芳", &["1234"]));
    finder.push(&member(2, "李强", &["5678"]));
    let mut session = Session::new();
    let mut total = |finder: &Finder, query: &str| finder.find(&mut session, query, &Filter::default(), 9).total;
    assert_eq!(total(&finder, "王"), 1);
    finder.push(&member(1, "汪芳", &["4321"]));
    assert_eq!((finder.len(), total(&finder, "王")), (2, 0));
    assert_eq!(total(&finder, "汪"), 1);
    assert_eq!((total(&finder, "1234"), total(&finder, "4321")), (0, 1));
    assert!(finder.contains(1, 2) && finder.remove(1, 2) && !finder.remove(1, 2));
    assert_eq!((finder.len(), total(&finder, "")), (1, 1));
    for rec in 0..2_000 {
        finder.push(&member(rec % 50, "赵敏", &["77", "A7"]));
    }
    assert_eq!(total(&finder, "赵"), 50);
    assert_eq!(total(&finder, "汪"), 0);
    assert_eq!((total(&finder, "77"), total(&finder, "a7")), (50, 50));
    assert!(finder.rows.len() < 700, "the dead are let go: {} slots", finder.rows.len());
}

#[test]
fn lists_come_in_pinyin_order() {
    let mut finder = Finder::with_capacity(8);
    let names = ["张伟", "单雄", "王芳", "阿卜杜拉·麦麦提", "曾理", "尚德", "王𮯰", "欧阳锋"];
    for (rec, name) in names.iter().enumerate() {
        finder.push(&member(rec as i64, name, &[]));
        if rec == 4 {
            finder.settle();
        }
    }
    let list = |query: &str, descending: bool, offset: usize, limit: usize| -> Vec<&str> {
        let page = finder.page(&mut Session::new(), query, &Filter::kind(MEMBER), descending, offset, limit);
        page.rows.iter().map(|(_, rec)| names[*rec as usize]).collect()
    };
    let order = ["阿卜杜拉·麦麦提", "欧阳锋", "单雄", "尚德", "王芳", "王𮯰", "曾理", "张伟"];
    assert_eq!(list("", false, 0, 99), order);
    assert_eq!(list("", false, 2, 3), order[2..5]);
    let mut reversed = order;
    reversed.reverse();
    assert_eq!(list("", true, 0, 99), reversed);
    assert_eq!(list("", true, 1, 2), reversed[1..3]);
    assert_eq!(list("s", false, 0, 9), ["单雄", "尚德"]);
    assert_eq!(list("", false, 8, 9), Vec::<&str>::new());
    let mut sorted = names;
    sorted.sort_by_key(|name| crate::pinyin::sort_key(name));
    assert_eq!(sorted, order, "the same order as the sort key");
}

#[test]
fn odd_questions_are_harmless() {
    let office = office(&[("", &["", "  "]), ("王芳", &["1234"]), ("  ", &[])]);
    for query in ["", " ", "·", "?", "*******", "'", "''a", "\u{0}", "%_", &"长".repeat(500), &"9".repeat(500)] {
        let _ = office.finder.find(&mut Session::new(), query, &Filter::default(), 10);
        let _ = office.finder.page(&mut Session::new(), query, &Filter::default(), true, 5, usize::MAX);
    }
    assert_eq!(office.finder.find(&mut Session::new(), "", &Filter::default(), 0).total, 3);
    let empty = Finder::with_capacity(0);
    assert_eq!(empty.find(&mut Session::new(), "a", &Filter::default(), 9), Found::default());
}

/// Whoever comes later is sorted in beside those in order, and stands where a sorting of all would put them.
#[test]
fn latecomers_come_between_the_others() {
    let (first, second) =
        (["王", "李", "张", "单", "欧阳", "阿卜杜拉·", "𮯰"], ["芳", "强", "伟芳", "", "麦麦提江", "A"]);
    let named = |n: usize| format!("{}{}", first[n * 31 % first.len()], second[n * 17 % 5 + n % 2]);
    let push = |finder: &mut Finder, n: usize| finder.push(&member(n as i64, &named(n), &[]));
    let mut grown = Finder::with_capacity(0);
    for n in 0..3_000 {
        push(&mut grown, n);
        if n % 7 == 3 {
            grown.remove(MEMBER, n as i64 / 2);
        }
        // Now and then a few, and once more than there were.
        if [300, 301, 420, 1_100, 1_101, 1_777, 2_999].contains(&n) {
            grown.settle();
        }
    }
    let mut whole = Finder::with_capacity(3_000);
    (0..3_000).for_each(|n| push(&mut whole, n));
    for n in (0..3_000).filter(|n| n % 7 == 3) {
        whole.remove(MEMBER, n / 2);
    }
    whole.settle();
    let list = |finder: &Finder, query: &str| {
        finder.page(&mut Session::new(), query, &Filter::kind(MEMBER), false, 0, 9_999).rows
    };
    for query in ["", "w", "wang", "王芳", "zhangwei", "单", "𮯰", "oyang", "麦麦提"] {
        assert_eq!(list(&grown, query), list(&whole, query), "{query:?}");
    }
    assert_eq!(list(&grown, "").len(), whole.len());
}
