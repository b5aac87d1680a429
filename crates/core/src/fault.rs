//! Faults: the one shape in which anything that went wrong reaches a person.

use serde::{Deserialize, Serialize};

use crate::words::Say;

/// What happened, what it means and what to do, in both languages; never a bare string, never personal data.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error)]
#[error("{code}: {}", say.en)]
pub struct Fault {
    /// Stable key for programs, such as `token_missing`.
    pub code: String,
    /// The sentence for the clerk.
    pub say: Say,
    /// What is wrong with which field, where fields are the matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
    /// The technical cause, for support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// One field and the sentence that belongs beside it.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FieldFault {
    /// Name of the field, as in the record type.
    pub field: String,
    /// Stable key, such as `id_check_digit`.
    pub key: String,
    /// The sentence for the clerk.
    pub say: Say,
}

impl Fault {
    /// A refusal: the clerk can mend it.
    #[must_use]
    pub fn new(code: &str, zh: &'static str, en: &'static str) -> Self {
        Self::say(code, Say::new(zh, en))
    }

    /// A refusal whose sentence has variable parts.
    #[must_use]
    pub fn say(code: &str, say: Say) -> Self {
        Self { code: code.into(), say, fields: Vec::new(), cause: None }
    }

    /// The question could not be read.
    #[must_use]
    pub fn question(cause: impl ToString) -> Self {
        Self::new(
            "question_unreadable",
            "程序没有看懂这个请求，没有做任何改动。请更新程序后再试。",
            "The request could not be read; nothing was changed. Update the program and try again.",
        )
        .because(cause)
    }

    /// The record is not in this office's store.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            "not_found",
            "没有找到这条记录，可能已被作废或还没有收到。请刷新后再查。",
            "The record was not found: it may have been voided or not have arrived yet. Refresh and search again.",
        )
    }

    /// Names the fields that are wrong.
    #[must_use]
    pub fn fields(fields: Vec<FieldFault>) -> Self {
        let mut fault = Self::new(
            "fields",
            "有几项还不能保存，请看标红的地方。其他内容都还在，没有丢失。",
            "Some fields cannot be saved yet; see the marked ones. Everything else you typed is still there.",
        );
        fault.fields = fields;
        fault
    }

    /// Adds the technical cause.
    #[must_use]
    pub fn because(mut self, cause: impl ToString) -> Self {
        self.cause = Some(cause.to_string());
        self
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as E;
        let cause = error.sqlite_error_code();
        let fault = match cause {
            Some(E::DiskFull) => Self::new(
                "disk_full",
                "磁盘满了，刚才的内容没有保存，以前的都完好。请腾出至少 500 MB 空间后再保存一次。",
                "The disk is full: what you just entered was not saved, everything before it is intact. Free at least 500 MB and save again.",
            ),
            Some(E::DatabaseCorrupt | E::NotADatabase) => Self::new(
                "store_damaged",
                "本机数据文件损坏，程序已停止写入，损坏的文件原样保留。请不要删除任何文件，用最近的备份恢复或联系县总工会。",
                "The data file of this PC is damaged. Nothing more is written and the file is kept as it is. Delete nothing; restore the latest backup or call the county federation.",
            ),
            Some(E::SystemIoFailure | E::CannotOpen | E::ReadOnly) => Self::new(
                "store_unreachable",
                "读写本机数据文件失败，刚才的内容没有保存。请检查磁盘是否拔出、只读或已满，然后重新打开程序。",
                "The data file could not be read or written; what you just entered was not saved. Check that the disk is attached, writable and not full, then open the program again.",
            ),
            _ => Self::new(
                "store_failed",
                "保存或读取时出了程序错误，刚才的操作没有做，以前的数据完好。请重试；再次出现请把这条提示告诉县总工会。",
                "A program error occurred while reading or writing; the last step was not done and earlier data are intact. Try again; if it returns, tell the county federation.",
            ),
        };
        // The statement text carries no values; the message of SQLite may carry a column name, never its content.
        fault.because(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        let fault = if error.kind() == std::io::ErrorKind::StorageFull {
            Self::new(
                "disk_full",
                "磁盘满了，文件没有写成。请腾出空间后再试一次。",
                "The disk is full and the file was not written. Free some space and try again.",
            )
        } else {
            Self::new(
                "file_failed",
                "文件读写失败。请检查文件是否存在、是否被其他程序占用、磁盘是否可写，然后再试。",
                "A file could not be read or written. Check that it exists, is not used by another program and that the disk is writable, then try again.",
            )
        };
        fault.because(error.kind())
    }
}
