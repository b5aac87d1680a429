//! The published and made-up vectors, and what offices really type.

use super::*;
use crate::checks::Finding;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 11, 21).unwrap()
}

fn read(number: &str) -> Result<Parsed, IdFault> {
    check(IdKind::ResidentId, number, today())
}

fn day(y: i32, m: u32, d: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(y, m, d)
}

#[test]
fn good_numbers_tell_birth_and_sex() {
    let expected = [
        ("11010519491231002X", day(1949, 12, 31), Sex::Female),
        ("440524188001010014", day(1880, 1, 1), Sex::Male),
        ("990101198001010014", day(1980, 1, 1), Sex::Male),
        ("99010119800229002X", day(1980, 2, 29), Sex::Female),
        ("990102198511121239", day(1985, 11, 12), Sex::Male),
        ("990104196712314567", day(1967, 12, 31), Sex::Female),
        ("99010619880808004X", day(1988, 8, 8), Sex::Female),
        ("99010119900615007X", day(1990, 6, 15), Sex::Male),
    ];
    for (number, birth, sex) in expected {
        let parsed = read(number).unwrap();
        assert_eq!(parsed.number.as_str(), number);
        assert_eq!((parsed.birth, parsed.sex), (birth, Some(sex)), "{parsed:?}");
        assert_eq!(parsed.area.as_deref(), Some(&number[..6]));
    }
}

#[test]
fn bad_numbers_say_what_is_bad() {
    let expected = [
        ("990102198001010014", IdFault::CheckDigit),
        ("990101198002300013", IdFault::BirthDate),
        ("990101190002290015", IdFault::BirthDate),
        ("990101209912310019", IdFault::BirthDate),
        ("990121199802309198", IdFault::BirthDate),
        // 30 February and a wrong last character: the number as a whole is not to be trusted.
        ("990101198002300014", IdFault::CheckDigit),
        ("99010119800101001", IdFault::Length),
        ("9901011980010100144", IdFault::Length),
        ("99010119800101O014", IdFault::Form),
        ("9901011980010100１4五", IdFault::Length),
        ("99010119800101001五", IdFault::Form),
        ("五90101198001010014", IdFault::Form),
        ("X90101198001010014", IdFault::Form),
        ("", IdFault::Missing),
        ("　", IdFault::Missing),
        ("无", IdFault::Missing),
    ];
    for (number, fault) in expected {
        assert_eq!(read(number).unwrap_err(), fault, "{number}");
    }
}

#[test]
fn a_birth_today_is_possible_and_tomorrow_is_not() {
    let number = |digits: &str| format!("{digits}{}", check_character(digits).unwrap());
    assert!(read(&number("99010120251121001")).is_ok());
    let tomorrow = read(&number("99010120251122001"));
    assert_eq!(tomorrow.unwrap_err(), IdFault::BirthDate);
    let ancient = read(&number("99010117991231001"));
    assert_eq!(ancient.unwrap_err(), IdFault::BirthDate);
}

#[test]
fn fifteen_digits_become_eighteen() {
    let parsed = read("990101800101001").unwrap();
    assert_eq!(parsed.number.as_str(), "990101198001010014");
    assert!(parsed.warnings.contains(&IdNotice::FromFifteen));
    let centenarian = read("990101850101997").unwrap();
    assert_eq!(centenarian.birth, day(1885, 1, 1));
    assert_eq!(read("990101800230001").unwrap_err(), IdFault::BirthDate);
    assert_eq!(read("99010180010100A").unwrap_err(), IdFault::Length);
}

#[test]
fn what_people_type_is_mended() {
    let good = "99010619880808004X";
    for typed in [
        "99010619880808004x",
        "９９０１０６１９８８０８０８００４Ｘ",
        "９９０１０６１９８８０８０８００４ｘ",
        "'99010619880808004X",
        "‘99010619880808004X",
        " 990106 19880808 004x ",
        "99010619880808004Х",
        "99010619880808004х",
        "99010619880808004×",
        "99010619880808004*",
        "99010619880808004＊",
        "\u{FEFF}99010619880808004X\u{200B}",
        "99010619880808004X\r\n",
        "\u{202D}99010619880808004X\u{202C}",
    ] {
        assert_eq!(mend(typed), good, "{typed:?}");
        assert_eq!(read(typed).unwrap().number.as_str(), good);
    }
    assert_eq!(mend("990106****0808004X"), "990106****0808004X");
}

#[test]
fn an_unknown_area_is_a_notice_and_ninety_nine_stays_a_resident() {
    let parsed = read("990101198001010014").unwrap();
    assert_eq!(parsed.kind, IdKind::ResidentId);
    assert_eq!(parsed.warnings, [IdNotice::UnknownArea]);
    assert!(read("11010519491231002X").unwrap().warnings.is_empty());
}

#[test]
fn residence_permits_begin_with_their_area() {
    let permit = |number| check(IdKind::HkMacauTaiwanResidence, number, today());
    for number in ["810000198506150012", "820000199207110025", "83000019780930003X"] {
        let parsed = permit(number).unwrap();
        assert!(parsed.warnings.is_empty());
        assert_eq!(parsed.area.as_deref(), Some(&number[..6]));
        let as_resident = read(number).unwrap();
        assert_eq!(as_resident.warnings, [IdNotice::KindDoubtful]);
    }
    assert_eq!(permit("810000198506150013").unwrap_err(), IdFault::CheckDigit);
    assert_eq!(permit("990101198001010014").unwrap_err(), IdFault::Form);
    assert_eq!(permit("990101800101001").unwrap_err(), IdFault::Length);
}

#[test]
fn permanent_residents_old_and_new() {
    let card = |number| check(IdKind::PermanentResident, number, today());
    let parsed = card("911840198703150010").unwrap();
    assert_eq!(parsed.birth, day(1987, 3, 15));
    assert!(parsed.warnings.is_empty());
    assert_eq!(card("931826198502290013").unwrap_err(), IdFault::BirthDate);
    let unassigned = card("913992199912319984").unwrap();
    assert_eq!(unassigned.warnings, [IdNotice::UnknownCountry]);
    assert_eq!(card("11010519491231002X").unwrap_err(), IdFault::Form);
    let old = card("usa310198703151").unwrap();
    assert_eq!(old.number.as_str(), "USA310198703151");
    assert_eq!(old.birth, None);
    assert_eq!(card("US1310198703151").unwrap_err(), IdFault::Form);
    assert_eq!(card("美国x198703151").unwrap_err(), IdFault::Length);
}

#[test]
fn free_documents_have_length_rules() {
    assert!(check(IdKind::Passport, "E12345678", today()).is_ok());
    assert!(check(IdKind::Passport, "ｅ1234 5678", today()).is_ok());
    let short = check(IdKind::Passport, "E12", today());
    assert_eq!(short.unwrap_err(), IdFault::Length);
    let strange = check(IdKind::Passport, "护照E1234567", today());
    assert_eq!(strange.unwrap_err(), IdFault::Form);
    assert!(check(IdKind::HkMacauPass, "H0123456701", today()).is_ok());
    assert!(check(IdKind::TaiwanPass, "01234567", today()).is_ok());
    assert!(check(IdKind::Other, "东海第12号", today()).is_ok());
    assert_eq!(check(IdKind::Other, "", today()).unwrap_err(), IdFault::Missing);
}

#[test]
fn form_and_number_are_compared() {
    let parsed = read("990101198001010014").unwrap();
    assert!(parsed.compare(Some(Sex::Male), day(1980, 1, 1)).is_empty());
    assert!(parsed.compare(None, None).is_empty());
    let both = parsed.compare(Some(Sex::Female), day(1980, 1, 2));
    let keys: Vec<_> = both.iter().map(Finding::key).collect();
    assert_eq!(keys, ["sex_differs_from_id", "birth_differs_from_id"]);
}

#[test]
fn nothing_printable_shows_a_number() {
    let parsed = read("990101198001010014").unwrap();
    assert_eq!(parsed.number.masked(), "990101********0014");
    assert_eq!(parsed.number.to_string(), "990101********0014");
    assert_eq!(masked("990101800101001"), "990101*****1001");
    assert_eq!(masked("E12345678"), "E1*****78");
    assert_eq!(masked("E12"), "***");
    let printed = format!("{parsed:?} {parsed:#?}");
    assert!(!printed.contains("1980") && printed.contains("990101********0014"));
}

#[test]
fn an_import_report_knows_four_keys() {
    let all = [
        IdFault::Missing,
        IdFault::CheckDigit,
        IdFault::BirthDate,
        IdFault::Length,
        IdFault::Form,
        IdFault::PrecisionLost,
    ];
    let mut keys: Vec<_> = all.iter().map(|fault| fault.import_key()).collect();
    keys.dedup();
    keys.sort_unstable();
    keys.dedup();
    let known = ["id_birth_date_invalid", "id_check_digit", "id_missing", "id_precision_lost"];
    assert_eq!(keys, known);
}

#[test]
fn kinds_are_read_from_what_forms_say() {
    for text in ["居民身份证", "身份证", "二代身份证", "居民 身份证", "resident_id"] {
        assert_eq!(IdKind::read(text), Some(IdKind::ResidentId), "{text}");
    }
    assert_eq!(IdKind::read("台胞证"), Some(IdKind::TaiwanPass));
    assert_eq!(IdKind::read("回乡证"), Some(IdKind::HkMacauPass));
    assert_eq!(IdKind::read("驾驶证"), None);
    for kind in IdKind::ALL {
        assert_eq!(IdKind::from_code(kind.code()), Some(kind));
        assert_eq!(IdKind::read(&kind.label().zh), Some(kind));
        assert!(crate::codes::ID_KIND.get(kind.code()).is_some());
    }
}
