//! Faults: what could not be done, said in both languages; never with what stood in the job.

use serde::Serialize;

use crate::text::Refused;

/// A refusal or a failure. It goes to standard output as `{"fault": {"code", "zh", "en"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {en}")]
pub struct Fault {
    /// Stable key for programs, such as `job_unreadable`.
    pub code: &'static str,
    /// What happened, what it means and what to do, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl Fault {
    /// A refusal in fixed words.
    #[must_use]
    pub fn new(code: &'static str, zh: &str, en: &str) -> Self {
        Self { code, zh: zh.to_owned(), en: en.to_owned() }
    }

    /// The same refusal, with the place that is meant (`items[3].name`), which is made of names of fields and numbers only.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        if !place.is_empty() {
            self.zh = format!("{}（位置：{place}）", self.zh);
            self.en = format!("{} (place: {place})", self.en);
        }
        self
    }

    /// The job is not what the job format says.
    #[must_use]
    pub fn job(place: &str, cause: &serde_json::Error) -> Self {
        let told = told(cause);
        Self {
            code: "job_unreadable",
            zh: format!(
                "打印任务的内容不符合约定，没有打印。请更新程序后再试；若仍不行，请把这句话告诉技术支持：{told}"
            ),
            en: format!("The job is not as agreed; nothing was printed. Update the program; tell support: {told}"),
        }
        .at(place)
    }

    /// A file could not be read or written. Only the kind of the cause is told: a path may hold a name.
    #[must_use]
    pub fn file(code: &'static str, zh: &str, en: &str, cause: &std::io::Error) -> Self {
        Self { code, zh: format!("{zh}（{:?}）", cause.kind()), en: format!("{en} ({:?})", cause.kind()) }
    }
}

/// What is wrong with a job without any of its words: serde quotes the value it did not like, and that may be a name.
fn told(cause: &serde_json::Error) -> String {
    let said = cause.to_string();
    let place = match (cause.line(), cause.column()) {
        (0, _) => String::new(),
        (line, column) => format!(" (line {line}, column {column})"),
    };
    let expected = || said.rsplit_once(", expected ").map_or("", |(_, after)| after);
    // What is expected comes from our own types; only where it stands is the caller's.
    let expected = expected().split(" at line ").next().unwrap_or("");
    let what = if let Some(field) = said.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        format!("missing field `{field}`")
    } else if let Some(refused) = Refused::within(&said) {
        refused.to_string()
    } else if said.starts_with("unknown field") {
        format!("unknown field, expected {expected}")
    } else if said.starts_with("unknown variant") {
        format!("unknown word, expected {expected}")
    } else if said.starts_with("invalid") {
        format!("wrong kind of value, expected {expected}")
    } else {
        "not JSON as agreed".to_owned()
    };
    what + &place
}

#[cfg(test)]
mod tests {
    use super::told;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Small {
        #[expect(dead_code, reason = "only read")]
        count: u8,
    }

    #[test]
    fn what_is_told_never_quotes_the_job() {
        for job in [
            "{\"count\":\"王芳\"}",
            "{\"王芳\":1}",
            "{\"count\":\"王芳, expected 王芳\"}",
            "\"王芳\"",
            "王芳",
            "{\"count\":1",
        ] {
            let cause = serde_json::from_str::<Small>(job).unwrap_err();
            assert!(!told(&cause).contains('王'), "{}", told(&cause));
        }
        let cause = serde_json::from_str::<Small>("{}").unwrap_err();
        assert!(told(&cause).starts_with("missing field `count`"), "{}", told(&cause));
    }
}
