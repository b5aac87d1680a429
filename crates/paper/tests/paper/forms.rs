//! Each form: full, empty and very long; what it says can be read back, and nothing of a job is read as markup.

use serde_json::{Value, json};

use crate::look::{drawn, example, ink, page};
use crate::read::{letters, texts};

/// A name of 25 hanzi, as the rule on names of minorities asks for, and an employer of 50 characters.
const NAME: &str = "阿卜杜拉·麦麦提江·吐尔逊阿依古丽·买买提艾力·库尔班";
const EMPLOYER: &str =
    "东海县平明镇工业集中区星河纺织服装进出口贸易与仓储物流一体化综合服务产业发展集团股份有限公司第一分公司";

/// What would be markup, code or a string's end if it were not data.
const MARKUP: &str = "#张*_`$\\\"'<b>@[x]{y}~=-+/*//";

fn all(paper: &niangjia_paper::Paper) -> String {
    texts(paper.pdf().unwrap()).concat()
}

/// No letter stands outside its page, less a margin (in millimetres) where no printer prints.
fn within_the_page(paper: &niangjia_paper::Paper, width: f64, height: f64, margin: f64) {
    for (at, page) in letters(paper.pdf().unwrap()).iter().enumerate() {
        for letter in page {
            let (x, y) = (letter.x / 72.0 * 25.4, letter.y / 72.0 * 25.4);
            let inside = (margin..=width - margin).contains(&x) && (margin..=height - margin).contains(&y);
            assert!(inside, "page {}: {letter:?} at {x:.1}, {y:.1} mm", at + 1);
        }
    }
}

/// No two letters stand in one place: where a text ran into another, some of theirs would.
fn nothing_overlaps(paper: &niangjia_paper::Paper) {
    for (at, mut page) in letters(paper.pdf().unwrap()).into_iter().enumerate() {
        page.retain(|letter| !letter.text.trim().is_empty());
        page.sort_by(|a, b| a.x.total_cmp(&b.x));
        for (n, letter) in page.iter().enumerate() {
            let near = page[n + 1..].iter().take_while(|other| other.x - letter.x < 1.5);
            let over = near.into_iter().find(|other| (other.y - letter.y).abs() < 1.5);
            assert!(over.is_none(), "page {}: {letter:?} and {over:?}", at + 1);
        }
    }
}

#[test]
fn every_example_draws_as_many_pages_as_it_should_and_can_be_read_back() {
    for (form, pages, says) in [
        ("registration", 2, "东海某职业技术学校"),
        ("card_front", 1, "990101103000202600001237"),
        ("card_back", 1, "拾到本证"),
        ("card_sheet", 4, "阿卜杜拉·麦麦提"),
        ("slip", 1, "990101********0021"),
        ("receipt", 1, "特此回执"),
        ("handout_list", 2, "应发30张"),
    ] {
        let paper = drawn(&example(form)).unwrap();
        assert_eq!(paper.report.pages, pages, "{form}");
        let text = all(&paper).replace(' ', "");
        assert!(text.contains(says), "{form}: {text}");
        assert_eq!(paper.report.warnings, [], "{form}");
        nothing_overlaps(&paper);
    }
}

#[test]
fn an_empty_form_is_a_form_to_fill_in_by_hand() {
    for (form, pages, says) in [
        ("registration", 2, "基层工会组织审批意"),
        ("card_front", 1, "工会会员证"),
        ("card_back", 1, "持证须知"),
        ("slip", 1, "请持本介绍信到所在地工会办理"),
        ("receipt", 1, "接收工会盖章"),
        ("handout_list", 1, "应发0张"),
    ] {
        let paper = drawn(&json!({"form": form, "data": {}})).unwrap();
        assert_eq!(paper.report.pages, pages, "{form}");
        assert!(all(&paper).replace([' ', '\u{3000}'], "").contains(says), "{form}: {}", all(&paper));
    }
    let stock = drawn(&json!({"form": "card_front", "stock": "preprinted", "data": {}})).unwrap();
    assert_eq!(all(&stock), "");
}

fn long_registration() -> Value {
    let history: Vec<String> =
        (0..40).map(|n| format!("{}年1月—{}年12月　{EMPLOYER}　第{n}车间操作工", 1980 + n, 1980 + n)).collect();
    json!({"form": "registration", "page_numbers": true, "data": {
        "union": EMPLOYER, "card_number": "990101103000202600001237", "name": NAME, "sex": "女",
        "birth": "1985年12月12日", "ethnicity": "维吾尔族", "education": "博士研究生毕业",
        "native_place": "新疆维吾尔自治区克孜勒苏柯尔克孜自治州", "politics": "九三学社社员", "wage": "每月五千二百元整",
        "employer": EMPLOYER, "post": "综合管理部副主任兼党群工作负责人", "title": "高级经济师（正高级）",
        "family": (0..12).map(|n| format!("兄弟　{NAME}　{EMPLOYER}{n}")).collect::<Vec<_>>().join("\n"),
        "history": history.join("\n"), "opinion": "同意。".repeat(100), "decided_on": "2026年5月28日",
        "notes": "会籍保留。".repeat(60), "applied_on": "2026年5月20日",
    }})
}

#[test]
fn forty_lines_of_working_life_run_over_and_none_is_lost() {
    let paper = drawn(&long_registration()).unwrap();
    let pages = texts(paper.pdf().unwrap());
    assert!((4..=6).contains(&pages.len()), "{} pages", pages.len());
    let text = pages.concat();
    for n in 0..40 {
        assert!(text.contains(&format!("第{n}车间")), "line {n}");
    }
    assert_eq!(text.matches("同意。").count(), 100);
    assert_eq!(text.matches("会籍保留。").count(), 60);
    for (at, page) in pages.iter().enumerate() {
        assert!(page.replace(' ', "").contains(&format!("第{}页", at + 1)), "page {}", at + 1);
        assert_eq!(page.contains("（续）"), at >= 2, "page {}: what follows says whose it is", at + 1);
    }
    // Seal, day and opinion stay together.
    let sealed = pages.iter().find(|page| page.contains("章）")).unwrap();
    assert!(sealed.contains("2026年5月28日"));
    within_the_page(&paper, 210.0, 297.0, 8.0);
    nothing_overlaps(&paper);
}

#[test]
fn very_long_data_stay_on_one_slip() {
    let mut job = example("slip");
    for (field, value) in [
        ("name", NAME),
        ("ethnicity", "乌孜别克族（乌孜别克斯坦归侨）"),
        ("from_union", EMPLOYER),
        ("to_union", EMPLOYER),
        ("reason", EMPLOYER),
        ("clerk", NAME),
        ("number", "东海平明镇工会组织关系介绍字〔2026〕第000000123号"),
    ] {
        job["data"][field] = json!(value);
    }
    // The largest code that the letter takes.
    job["data"]["qr"] = json!("NJT1:".to_owned() + &"A9".repeat(290));
    let paper = drawn(&job).unwrap();
    assert_eq!(paper.report.pages, 1);
    within_the_page(&paper, 210.0, 297.0, 8.0);
    nothing_overlaps(&paper);
    // What stands lowest of the letter's text is above what stands highest of the signature.
    let page = &letters(paper.pdf().unwrap())[0];
    let text: Vec<&str> = page.iter().map(|letter| letter.text.as_str()).collect();
    let at = |sequence: &str| {
        let wanted: Vec<String> = sequence.chars().map(String::from).collect();
        let found = text.windows(wanted.len()).position(|window| window.iter().eq(wanted.iter()));
        page[found.unwrap_or_else(|| panic!("{sequence}"))].y
    };
    assert!(at("天内有效") > at("（盖　章）") + 30.0, "{} {}", at("天内有效"), at("（盖　章）"));
}

#[test]
fn very_long_data_stay_on_their_card() {
    let mut job = example("card_front");
    let data = json!({
        "name": NAME, "sex": "女", "number": "990101103000202600001237012345", "union": EMPLOYER, "issuer": EMPLOYER,
        "since": "二〇二六年六月一日", "issued_on": "二〇二六年六月三十日", "return_to": EMPLOYER.repeat(2), "qr": "A".repeat(400),
    });
    job["data"] = data;
    job["reprint"] = json!({"n": 99});
    for form in ["card_front", "card_back"] {
        job["form"] = json!(form);
        let paper = drawn(&job).unwrap();
        assert_eq!(paper.report.pages, 1);
        within_the_page(&paper, 85.6, 54.0, 2.5);
        nothing_overlaps(&paper);
    }
}

#[test]
fn a_list_of_many_repeats_its_head_and_signs_at_the_end() {
    let rows: Vec<Value> = (0..130)
        .map(|n| json!({"name": if n % 7 == 0 { NAME } else { "王芳" }, "id_number": format!("990101********{n:04}"), "card_number": "990101103000202600001237"}))
        .collect();
    let job = json!({"form": "handout_list", "page_numbers": true, "data": {"union": EMPLOYER, "place": EMPLOYER, "batch": "2026-06-01", "date": "2026年6月12日", "agent": NAME, "rows": rows}});
    let paper = drawn(&job).unwrap();
    let pages: Vec<String> =
        texts(paper.pdf().unwrap()).into_iter().map(|page| page.replace([' ', '\u{3000}'], "")).collect();
    assert!(pages.len() >= 5);
    within_the_page(&paper, 210.0, 297.0, 8.0);
    nothing_overlaps(&paper);
    for (at, page) in pages.iter().enumerate() {
        assert!(page.contains("身份证号") && page.contains("签名"), "page {}", at + 1);
        assert!(page.contains(&format!("第{}页共{}页", at + 1, pages.len())), "page {}: {page}", at + 1);
    }
    assert_eq!(pages.concat().matches("990101********").count(), 130);
    for n in 0..130 {
        let row = format!("{}{}990101********{n:04}", n + 1, if n % 7 == 0 { NAME } else { "王芳" });
        assert!(pages.iter().any(|page| page.contains(&row)), "{row} is not on one page");
    }
    assert_eq!(pages.concat().matches("应发130张").count(), 1);
    assert!(pages.last().unwrap().contains("应发130张"));
    let english = drawn(&json!({"form": "handout_list", "language": "en", "page_numbers": true, "data": {}})).unwrap();
    let text = all(&english).replace(' ', "");
    assert!(text.contains("Cardnumber") && text.contains("Page1of1"), "{text}");
}

#[test]
fn what_looks_like_markup_prints_as_it_is() {
    for (form, field) in [
        ("registration", "employer"),
        ("registration", "history"),
        ("registration", "name"),
        ("registration", "pledge"),
        ("card_front", "name"),
        ("card_back", "return_to"),
        ("slip", "from_union"),
        ("slip", "reason"),
        ("handout_list", "union"),
    ] {
        let paper = drawn(&json!({"form": form, "data": {field: MARKUP}})).unwrap();
        assert!(all(&paper).contains(MARKUP), "{form}.{field}: {}", all(&paper));
    }
    let list = json!({"form": "handout_list", "data": {"rows": [{"name": MARKUP, "card_number": "#panic(1)"}]}});
    let text = all(&drawn(&list).unwrap());
    assert!(text.contains(MARKUP) && text.contains("#panic(1)"), "{text}");
}

#[test]
fn the_offset_of_a_printer_moves_everything() {
    let mut job = example("slip");
    let ppi = 101.6; // four points a millimetre
    let before = ink(&page(&drawn(&job).unwrap(), 0, ppi));
    // The seams reach from edge to edge, so they are looked at from the top only.
    job["offset_mm"] = json!({"x": 0, "y": 3.5});
    let lower = ink(&page(&drawn(&job).unwrap(), 0, ppi));
    assert_eq!((lower.0 - before.0, lower.1 - before.1), (14, 14));
    let mut job = example("handout_list");
    let before = ink(&page(&drawn(&job).unwrap(), 1, ppi));
    job["offset_mm"] = json!({"x": -2.5, "y": -1});
    let moved = ink(&page(&drawn(&job).unwrap(), 1, ppi));
    assert_eq!((before.0 - moved.0, before.1 - moved.1), (4, 4));
    assert_eq!((before.2 - moved.2, before.3 - moved.3), (10, 10));
}

#[test]
fn a_reprint_says_so_and_copies_are_pages_again() {
    let paper = drawn(&json!({
        "form": "registration", "page_numbers": true, "copies": 3, "reprint": {"reason": "原件遗失", "n": 2},
        "items": [{"name": "王芳"}, {"name": "李强"}],
    }))
    .unwrap();
    let pages: Vec<String> =
        texts(paper.pdf().unwrap()).into_iter().map(|page| page.replace([' ', '\u{3000}'], "")).collect();
    assert_eq!((pages.len(), paper.report.pages), (12, 12));
    for (at, page) in pages.iter().enumerate() {
        assert!(page.contains("补打第2次（原件遗失）"), "{page}");
        // Each member's form is numbered by itself.
        assert!(page.contains(&format!("第{}页共2页", at % 2 + 1)), "{page}");
    }
    assert_eq!(pages[0], pages[4]);
}

#[test]
fn rare_characters_print_and_those_without_a_font_are_told() {
    // Of GB 18030-2022 level 3: what common fonts have, and one of Extension I that hardly any has yet.
    let name = "陈𬱖𫖯䶮㛃𠀀";
    let paper = drawn(&json!({"form": "card_front", "data": {"name": name}})).unwrap();
    let missing: Vec<char> = paper.report.missing_glyphs.iter().map(|glyph| glyph.character).collect();
    let text = all(&paper);
    for character in name.chars().filter(|c| !missing.contains(c)) {
        assert!(text.contains(character), "{character} is neither printed nor told");
    }
    let paper = drawn(&json!({"form": "card_front", "data": {"name": "王\u{10FFFD}\u{10FFFD}"}})).unwrap();
    let missing = &paper.report.missing_glyphs;
    assert_eq!((missing[0].character, missing[0].code.as_str(), missing[0].count), ('\u{10FFFD}', "U+10FFFD", 2));
    assert!(paper.pdf().unwrap().starts_with(b"%PDF-"));
}
