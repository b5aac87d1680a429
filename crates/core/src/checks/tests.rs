//! What holds for every check together.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{
    Finding, bank_card::*, credit_code::*, day::*, id_number::*, money::*, name::*, phone::*, text, yes_no::*,
};

fn findings() -> Vec<Box<dyn Finding>> {
    vec![
        Box::new(IdFault::Missing),
        Box::new(IdFault::CheckDigit),
        Box::new(IdFault::BirthDate),
        Box::new(IdFault::Length),
        Box::new(IdFault::Form),
        Box::new(IdFault::PrecisionLost),
        Box::new(IdNotice::UnknownArea),
        Box::new(IdNotice::UnknownCountry),
        Box::new(IdNotice::KindDoubtful),
        Box::new(IdNotice::FromFifteen),
        Box::new(IdNotice::SexDiffers),
        Box::new(IdNotice::BirthDiffers),
        Box::new(CreditFault::Missing),
        Box::new(CreditFault::Length),
        Box::new(CreditFault::Letter),
        Box::new(CreditFault::Form),
        Box::new(CreditFault::CheckDigit),
        Box::new(CreditNotice::UnknownRegistrant),
        Box::new(CreditNotice::OrganisationCode),
        Box::new(PhoneFault::Missing),
        Box::new(PhoneFault::Invalid),
        Box::new(PhoneFault::AreaCode),
        Box::new(PhoneFault::NoReason),
        Box::new(CardFault::Missing),
        Box::new(CardFault::Length),
        Box::new(CardFault::Form),
        Box::new(CardNotice::Luhn),
        Box::new(NameFault::Missing),
        Box::new(NameFault::Ditto),
        Box::new(NameFault::TooLong),
        Box::new(NameNotice::OldCode),
        Box::new(NameNotice::PrivateUse),
        Box::new(NameNotice::LostCharacter),
        Box::new(NameNotice::SeparatorDoubtful),
        Box::new(NameNotice::Masked),
        Box::new(NameNotice::Unusual),
        Box::new(DayFault::Missing),
        Box::new(DayFault::Form),
        Box::new(DayFault::Incomplete),
        Box::new(DayFault::NotADay),
        Box::new(DayFault::Future),
        Box::new(YesNoFault::Missing),
        Box::new(YesNoFault::Unclear),
        Box::new(MoneyFault::Missing),
        Box::new(MoneyFault::Form),
        Box::new(MoneyFault::Decimals),
        Box::new(MoneyFault::TooLarge),
        Box::new(MoneyFault::Negative),
    ]
}

#[test]
fn every_finding_has_its_own_key_and_whole_sentences_in_both_languages() {
    let mut keys = HashMap::new();
    for finding in findings() {
        let key = finding.key();
        assert!(key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{key}");
        assert!(keys.insert(key, ()).is_none(), "{key} twice");
        let say = finding.say();
        // At least what happened and what to do.
        assert!(say.zh.matches('。').count() >= 2 && say.zh.ends_with('。'), "{key}: {}", say.zh);
        let sentences = say.en.matches(". ").count() + say.en.matches("; ").count() + 1;
        assert!(sentences >= 2 && say.en.ends_with('.'), "{key}: {}", say.en);
        assert!(!finding.source().is_empty());
    }
}

#[test]
fn an_error_prints_its_sentence_and_never_the_value() {
    assert_eq!(IdFault::CheckDigit.to_string(), IdFault::CheckDigit.say().en);
    let refused = PhoneFault::Invalid.to_string();
    assert!(refused.starts_with("This is no complete telephone number"));
}

#[test]
fn no_text_whatever_makes_a_check_panic() {
    const SIGNS: [char; 40] = [
        '0',
        '1',
        '8',
        '9',
        '0',
        '1',
        '9',
        'X',
        'x',
        'Х',
        'A',
        'O',
        '*',
        '·',
        '.',
        '-',
        '/',
        '+',
        '(',
        ')',
        ' ',
        '\u{3000}',
        '\'',
        '\n',
        '年',
        '月',
        '日',
        '元',
        '无',
        '转',
        '王',
        '𠀀',
        '９',
        '\u{FEFF}',
        '\u{E863}',
        '\u{F0000}',
        'é',
        '\u{301}',
        '\u{1F600}',
        '\0',
    ];
    let today = NaiveDate::from_ymd_opt(2025, 11, 21).unwrap();
    let mut seed: u64 = 20_251_121;
    let mut next = |below: usize| {
        // Numerical Recipes' generator: the same texts on every run.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..4000 {
        let length = next(24);
        let kinds = [8, SIGNS.len()][next(2)];
        let entered: String = (0..length).map(|_| SIGNS[next(kinds)]).collect();
        for kind in IdKind::ALL {
            if let Ok(parsed) = super::id_number::check(kind, &entered, today) {
                let again = super::id_number::check(kind, parsed.number.as_str(), today).unwrap();
                assert_eq!(again.number, parsed.number, "{entered:?}");
            }
        }
        if let Ok(checked) = super::name::check(&entered) {
            let again = super::name::check(checked.name.as_str()).unwrap();
            assert_eq!(again.name.as_str(), checked.name.as_str(), "{entered:?}");
        }
        if let Ok(contact) = super::phone::check(&entered)
            && let Some(phone) = contact.phone()
        {
            assert_eq!(super::phone::check(phone.as_str()).as_ref(), Ok(&contact), "{entered:?}");
        }
        if let Ok(fen) = Fen::parse(&entered) {
            assert_eq!(Fen::parse(&fen.to_string()), Ok(fen), "{entered:?}");
            assert!(!fen.in_words().is_empty());
        }
        if let Ok(day) = parse(&entered) {
            assert_eq!(parse(&slashed(day)), Ok(day));
            assert_eq!(parse(&in_chinese(day)), Ok(day));
        }
        let _ = (super::credit_code::check(&entered), super::bank_card::check(&entered));
        let _ = super::yes_no::check(&entered);
        for list in crate::codes::all() {
            let _ = crate::codes::find(list, &entered);
        }
    }
}

#[test]
fn small_repairs() {
    assert_eq!(text::tight(" ’１２\u{200B}３\u{A0}4\t'"), "1234");
    assert_eq!(text::half_width('Ａ'), 'A');
    assert_eq!(text::half_width('　'), ' ');
    assert_eq!(text::half_width('王'), '王');
    assert!(text::is_dash('—') && text::is_dash(text::half_width('－')) && !text::is_dash('一'));
    assert_eq!(text::masked("12345", 2, 2), "12*45");
    assert_eq!(text::masked("1234", 2, 2), "****");
    assert_eq!(text::masked("", 2, 2), "");
    assert!(text::is_digits("0") && !text::is_digits("") && !text::is_digits("１"));
}
