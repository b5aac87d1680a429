//! The words of the product: every sentence exists in Chinese and in English, side by side.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One sentence in both languages. Chinese is the language of the product, English is complete beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Say {
    /// 简体中文
    pub zh: Cow<'static, str>,
    /// English
    pub en: Cow<'static, str>,
}

impl Say {
    /// A sentence without variable parts.
    #[must_use]
    pub const fn new(zh: &'static str, en: &'static str) -> Self {
        Self { zh: Cow::Borrowed(zh), en: Cow::Borrowed(en) }
    }

    /// A sentence with variable parts already filled in.
    #[must_use]
    pub fn owned(zh: String, en: String) -> Self {
        Self { zh: Cow::Owned(zh), en: Cow::Owned(en) }
    }
}
