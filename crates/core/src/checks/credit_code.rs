//! Unified social credit codes of employers and unions (GB 32100-2015). They are public, so nothing is masked.

use crate::checks::{Finding, text};
use crate::words::Say;

/// A code that has passed [`check`]: 18 characters, letters I, O, S, V and Z never occur.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CreditCode(Box<str>);

impl CreditCode {
    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CreditCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The code.
    pub code: CreditCode,
    /// Who registered it, such as 市场监管 · 企业; `None` when the first two characters are in no list.
    pub registrant: Option<Say>,
    /// Six digits of the area of registration.
    pub area: Box<str>,
    /// Whether it is the code of a grass-roots union (begins `81`).
    pub is_base_union: bool,
    /// Whether it is the code of any union (begins `8`).
    pub is_union: bool,
    /// What the clerk should look at.
    pub warnings: Vec<CreditNotice>,
}

/// Why a code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum CreditFault {
    /// Nothing was entered.
    Missing,
    /// Not 18 characters.
    Length,
    /// One of the letters I, O, S, V, Z, which the standard leaves out.
    Letter,
    /// A character that is neither digit nor letter, or letters in the area.
    Form,
    /// The last character does not belong to the others.
    CheckDigit,
}

/// What is only worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreditNotice {
    /// Department or category is in no list.
    UnknownRegistrant,
    /// The organisation code inside does not satisfy its own check character; not all registrants' do.
    OrganisationCode,
}

/// Digits and letters in the order of their values 0 to 30.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Half-width, without blanks and apostrophes, capital letters. O is not made 0: that would be a guess.
#[must_use]
pub fn mend(code: &str) -> String {
    text::tight(code).to_uppercase()
}

/// Judges a code.
///
/// # Errors
/// [`CreditFault`], the first that applies.
pub fn check(code: &str) -> Result<Parsed, CreditFault> {
    let code = mend(code);
    if code.is_empty() || code == "无" {
        return Err(CreditFault::Missing);
    }
    if code.chars().count() != 18 {
        return Err(CreditFault::Length);
    }
    if code.contains(['I', 'O', 'S', 'V', 'Z']) {
        return Err(CreditFault::Letter);
    }
    let area_is_digits = code.get(2..8).is_some_and(text::is_digits);
    if !area_is_digits || !code.chars().all(|c| ALPHABET.contains(c)) {
        return Err(CreditFault::Form);
    }
    let expected = check_character(&code[..17]).ok_or(CreditFault::Form)?;
    if !code.ends_with(expected) {
        return Err(CreditFault::CheckDigit);
    }
    let registrant = registrant(&code[..2]);
    let mut warnings = Vec::new();
    if registrant.is_none() {
        warnings.push(CreditNotice::UnknownRegistrant);
    }
    if !organisation_code_fits(&code[8..17]) {
        warnings.push(CreditNotice::OrganisationCode);
    }
    Ok(Parsed {
        registrant,
        area: code[2..8].into(),
        is_base_union: code.starts_with("81"),
        is_union: code.starts_with('8'),
        warnings,
        code: CreditCode(code.into()),
    })
}

/// The check character that belongs to 17 characters (GB 32100-2015, weights 3^(i-1) mod 31); `None` when
/// they are not 17 characters of the alphabet.
#[must_use]
pub fn check_character(body: &str) -> Option<char> {
    let mut sum = 0;
    let mut weight = 1;
    let mut count = 0;
    for c in body.chars() {
        sum += ALPHABET.find(c)? * weight;
        weight = weight * 3 % 31;
        count += 1;
    }
    let value = (31 - sum % 31) % 31;
    (count == 17).then(|| ALPHABET.chars().nth(value)).flatten()
}

/// Whether an organisation code of nine characters satisfies GB 11714-1997. Advisory only.
#[must_use]
pub fn organisation_code_fits(code: &str) -> bool {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    if code.len() != 9 {
        return false;
    }
    let values = code[..8].chars().map(|c| c.to_digit(36));
    let weighted = values.zip(WEIGHTS).map(|(value, w)| Some(value? * w));
    let Some(sum) = weighted.sum::<Option<u32>>() else {
        return false;
    };
    let expected = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    code.ends_with(expected)
}

fn registrant(first_two: &str) -> Option<Say> {
    let (zh, en) = match first_two {
        "11" => ("机构编制 · 机关", "Establishment office: organ"),
        "12" => ("机构编制 · 事业单位", "Establishment office: institution"),
        "13" => ("机构编制 · 群众团体", "Establishment office: people's organisation"),
        "19" => ("机构编制 · 其他", "Establishment office: other"),
        "51" => ("民政 · 社会团体", "Civil affairs: social group"),
        "52" => ("民政 · 民办非企业单位", "Civil affairs: private non-enterprise unit"),
        "53" => ("民政 · 基金会", "Civil affairs: foundation"),
        "59" => ("民政 · 其他", "Civil affairs: other"),
        "81" => ("工会 · 基层工会", "Trade union: grass-roots union"),
        "89" => ("工会 · 其他", "Trade union: other"),
        "91" => ("市场监管 · 企业", "Market regulation: enterprise"),
        "92" => ("市场监管 · 个体工商户", "Market regulation: individual business"),
        "93" => ("市场监管 · 农民专业合作社", "Market regulation: farmers' cooperative"),
        // Categories of the remaining departments were not found in a source; the department is enough.
        other => match other.chars().next()? {
            '2' => ("外交", "Foreign affairs"),
            '3' => ("司法行政", "Justice"),
            '4' => ("文化", "Culture"),
            '6' => ("旅游", "Tourism"),
            '7' => ("宗教", "Religious affairs"),
            'A' => ("军队改革编制", "Armed forces"),
            'N' => ("农业农村", "Agriculture"),
            'Y' => ("其他", "Other"),
            _ => return None,
        },
    };
    Some(Say::new(zh, en))
}

impl Finding for CreditFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "credit_code_missing",
            Self::Length => "credit_code_length",
            Self::Letter => "credit_code_letter",
            Self::Form => "credit_code_form",
            Self::CheckDigit => "credit_code_check_digit",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "没有填写统一社会信用代码。没有代码就认不准是哪个单位。请照营业执照或法人证书补填。",
                "No unified social credit code was entered. Without it the unit cannot be told from others. Copy it from the licence or certificate.",
            ),
            Self::Length => Say::new(
                "统一社会信用代码应为 18 位，现在的位数不对。请照证照核对是否漏填或多填。",
                "A unified social credit code has 18 characters; this has more or fewer. Compare it with the licence.",
            ),
            Self::Letter => Say::new(
                "统一社会信用代码不会出现字母 I、O、S、V、Z，可能把数字 1、0、5、2 看成了字母。请照证照核对后重填。",
                "A unified social credit code never contains the letters I, O, S, V or Z; a digit 1, 0, 5 or 2 was probably read as a letter. Compare it with the licence.",
            ),
            Self::Form => Say::new(
                "统一社会信用代码里有不该出现的字符（第 3 到 8 位只能是数字）。请照证照核对后重填。",
                "There are characters that cannot occur in a unified social credit code (characters 3 to 8 are digits). Compare it with the licence.",
            ),
            Self::CheckDigit => Say::new(
                "统一社会信用代码的最后一位与前面的对不上，多半是抄错或颠倒了。请照证照逐位核对。",
                "The last character does not fit the others: something was probably misread or swapped. Compare it with the licence, character by character.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        "GB 32100-2015"
    }
}

impl Finding for CreditNotice {
    fn key(&self) -> &'static str {
        match self {
            Self::UnknownRegistrant => "credit_code_registrant_unknown",
            Self::OrganisationCode => "credit_code_organisation_code",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::UnknownRegistrant => Say::new(
                "代码前两位（登记机关和机构类别）没有查到。代码照常保存，请核对证照。",
                "The first two characters (registering department and category) are not known. The code is kept; please check the licence.",
            ),
            Self::OrganisationCode => Say::new(
                "代码中的组织机构代码校验位不符。少数单位确实如此，代码照常保存；有疑问请核对证照。",
                "The organisation code inside does not satisfy its own check. A few units really have such codes, so it is kept; check the licence if in doubt.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::UnknownRegistrant => "GB 32100-2015, departments and categories",
            Self::OrganisationCode => "GB 11714-1997, advisory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 13] = [
        "91350100M000100Y43",
        "811000000000000198",
        "81100000000000123C",
        "91100000MA0000015X",
        "92100000MA0000269P",
        "93100000MA00003498",
        "12100000000000051P",
        "1110000000000006XJ",
        "51100000500000015P",
        "N2100000MF0000013H",
        "81100000000000035X",
        "811000000000002030",
        "8110000000000014XY",
    ];

    #[test]
    fn good_codes_pass_and_name_their_registrant() {
        for code in GOOD {
            let parsed = check(code).unwrap();
            assert_eq!(parsed.code.as_str(), code);
            assert!(parsed.registrant.is_some(), "{code}");
            assert_eq!(parsed.is_base_union, code.starts_with("81"));
            assert_eq!(&*parsed.area, &code[2..8]);
        }
        let union = check("811000000000000198").unwrap();
        assert_eq!(union.registrant.unwrap().zh, "工会 · 基层工会");
    }

    #[test]
    fn bad_codes_say_what_is_bad() {
        let expected = [
            ("811000000000000190", CreditFault::CheckDigit),
            ("810100000000000198", CreditFault::CheckDigit),
            ("8110000000000O0198", CreditFault::Letter),
            ("81100000000000019", CreditFault::Length),
            ("81100000000000019#", CreditFault::Form),
            ("8110000A0000000198", CreditFault::Form),
            ("81100000000000019工", CreditFault::Form),
            ("工会100000000000019A", CreditFault::Form),
            (" ", CreditFault::Missing),
            ("无", CreditFault::Missing),
        ];
        for (code, fault) in expected {
            assert_eq!(check(code).unwrap_err(), fault, "{code}");
        }
    }

    #[test]
    fn typing_is_mended_but_letters_are_not_guessed() {
        for typed in ["91350100m000100y43", "９１３５０１００Ｍ０００１００Ｙ４３", " 9135 0100 M000100Y43\u{FEFF}"]
        {
            assert_eq!(check(typed).unwrap().code.as_str(), "91350100M000100Y43");
        }
        assert_eq!(mend("o"), "O");
    }

    #[test]
    fn organisation_codes_only_advise() {
        // Published example: GB 11714 gives D2143569-X.
        assert!(organisation_code_fits("D2143569X"));
        assert!(!organisation_code_fits("D21435690"));
        for code in GOOD {
            assert_eq!(check(code).unwrap().warnings, [], "{code}");
        }
        // The last character of the organisation code changed from 9 to 8: still a code, with a notice.
        let body = "81100000000000018";
        let code = format!("{body}{}", check_character(body).unwrap());
        assert_eq!(check(&code).unwrap().warnings, [CreditNotice::OrganisationCode]);
    }

    #[test]
    fn an_unknown_registrant_is_a_notice() {
        let body = "00100000000000019";
        let code = format!("{body}{}", check_character(body).unwrap());
        let parsed = check(&code).unwrap();
        assert_eq!(parsed.warnings, [CreditNotice::UnknownRegistrant]);
        assert!(check_character("0010000000000001").is_none());
    }
}
