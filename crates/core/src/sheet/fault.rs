//! Faults of sheets: why a file cannot be taken, said so that a clerk knows what to do next.

use std::fmt;
use std::io;

use crate::words::Say;

/// Which bound of [`super::Limits`] a file has crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The file itself; both sizes in bytes.
    File {
        /// Size of the file.
        is: u64,
        /// Size allowed.
        may_be: u64,
    },
    /// More filled rows than this.
    Rows(u32),
    /// Something is written too far to the right: 1-based row, 0-based column.
    Columns {
        /// 1-based row of the sheet.
        row: u32,
        /// 0-based column of the cell.
        column: u32,
    },
    /// The file unpacks to far more than an honest workbook of its size holds.
    Unpacked,
}

/// What a file that is no sheet looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// A web page; many systems export one under the name `.xls`.
    WebPage,
    /// Excel 2003 XML, one plain XML file.
    Xml2003,
    /// A workbook of Excel 95 or older.
    Excel95,
    /// OpenDocument.
    OpenDocument,
    /// `.xlsb`.
    BinaryWorkbook,
    /// A Word document.
    Word,
    /// PDF.
    Pdf,
    /// A picture.
    Picture,
    /// zip, rar or 7z.
    Archive,
    /// Anything else.
    Unknown,
}

impl Looks {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::WebPage => ("网页（只是扩展名像表格）", "a web page under a sheet's name"),
            Self::Xml2003 => ("“XML 表格 2003”", "an XML Spreadsheet 2003"),
            Self::Excel95 => ("Excel 95 或更早的工作簿", "a workbook of Excel 95 or older"),
            Self::OpenDocument => ("OpenDocument 文件", "an OpenDocument file"),
            Self::BinaryWorkbook => ("二进制工作簿（.xlsb）", "a binary workbook (.xlsb)"),
            Self::Word => ("Word 文档", "a Word document"),
            Self::Pdf => ("PDF 文件", "a PDF file"),
            Self::Picture => ("图片", "a picture"),
            Self::Archive => ("压缩包", "an archive"),
            Self::Unknown => ("无法识别的文件", "a file of unknown kind"),
        }
    }

    /// Whether a spreadsheet program opens it, so that saving it anew is the way out.
    const fn can_be_saved_anew(self) -> bool {
        matches!(self, Self::WebPage | Self::Xml2003 | Self::Excel95 | Self::OpenDocument | Self::BinaryWorkbook)
    }
}

/// Header texts that were seen. They go to the screen only: a sheet without a header shows people here.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Seen(pub Vec<String>);

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seen({} texts)", self.0.len())
    }
}

/// Why a sheet could not be read or written. `Debug` and `Display` carry no text of any cell.
#[derive(Debug, thiserror::Error)]
pub enum SheetFault {
    /// The disk or the stick did not give the file.
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
    /// A bound of [`super::Limits`] is crossed.
    #[error("a bound is crossed: {0:?}")]
    TooLarge(Bound),
    /// Nothing in the file at all.
    #[error("the file is empty")]
    FileEmpty,
    /// Sheets without a filled cell.
    #[error("no sheet has a filled row")]
    SheetEmpty,
    /// Protected by a password; nobody but its owner can open it.
    #[error("the file is protected by a password")]
    Protected,
    /// Cut short or changed on its way. The first text names the part, the second what was wrong.
    #[error("the file is damaged: {0}: {1}")]
    Damaged(&'static str, &'static str),
    /// Not a sheet.
    #[error("not a workbook: {0:?}")]
    NotAWorkbook(Looks),
    /// A text table in no encoding that is known here.
    #[error("the encoding of the text is not known")]
    TextUnreadable,
    /// No row looks like a header.
    #[error("no known column; {0:?}")]
    NoKnownColumn(Seen),
    /// A row names a column that says who somebody is, and none of the others that are needed. Official names of columns.
    #[error("a column is missing")]
    ColumnMissing {
        /// The columns that are there.
        known: Vec<String>,
        /// The columns that are not.
        missing: Vec<String>,
    },
    /// The report or the export could not be written.
    #[error("the file cannot be written")]
    NotWritten(#[source] io::Error),
}

impl SheetFault {
    /// The stable word of this fault, for tests, statistics and translation.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "file_unreadable",
            Self::TooLarge(Bound::File { .. }) => "file_too_large",
            Self::TooLarge(Bound::Rows(_)) => "too_many_rows",
            Self::TooLarge(Bound::Columns { .. }) => "too_wide",
            Self::TooLarge(Bound::Unpacked) => "unpacks_too_large",
            Self::FileEmpty => "file_empty",
            Self::SheetEmpty => "sheet_empty",
            Self::Protected => "file_protected",
            Self::Damaged(..) => "file_damaged",
            Self::NotAWorkbook(_) => "not_a_workbook",
            Self::TextUnreadable => "text_unreadable",
            Self::NoKnownColumn(_) => "no_known_column",
            Self::ColumnMissing { .. } => "column_missing",
            Self::NotWritten(_) => "file_not_written",
        }
    }

    /// What happened, what it means, what to do.
    #[must_use]
    pub fn say(&self) -> Say {
        match self {
            Self::Unreadable(error) => unreadable(error),
            Self::TooLarge(bound) => too_large(*bound),
            Self::FileEmpty => Say::new(
                "这个文件里什么都没有（0 字节），多半是没有复制完整。请重新复制，或向对方再要一份。",
                "This file is empty (0 bytes), most likely it was not copied whole. Copy it again or ask for it again.",
            ),
            Self::SheetEmpty => Say::new(
                "工作簿可以打开，但没有一张可见的工作表有内容，没有可导入的数据。请确认选对了文件，并已填写、保存。",
                "The workbook opens, but no visible sheet has any content, so there is nothing to import. Check that it is the right file, filled in and saved.",
            ),
            Self::Protected => Say::new(
                "文件设有打开密码，本软件不能读取。请用 Excel 或 WPS 输入密码打开，取消密码后另存，再导入。",
                "The file is protected by a password and cannot be read here. Open it in Excel or WPS with the password, save it without one, then import it.",
            ),
            Self::Damaged(..) => Say::new(
                "文件不完整或已损坏，为避免漏人，没有导入任何内容。请重新复制；若仍不行，用 Excel 或 WPS 打开后另存为 .xlsx 再试。",
                "The file is incomplete or damaged; nothing was imported, so that nobody is left out. Copy it again; if that does not help, open it in Excel or WPS, save it as .xlsx and try again.",
            ),
            Self::NotAWorkbook(looks) => not_a_workbook(*looks),
            Self::TextUnreadable => Say::new(
                "这个文本表格的文字编码无法识别，导入会出现乱码。请用 Excel 或 WPS 打开，确认文字正常后另存为 .xlsx 再导入。",
                "The encoding of this text table is not known, names would be garbled. Open it in Excel or WPS, check that the text is right, save it as .xlsx and import that.",
            ),
            Self::NoKnownColumn(seen) => no_known_column(seen),
            Self::ColumnMissing { known, missing } => column_missing(&known.join("、"), &missing.join("、")),
            Self::NotWritten(error) => not_written(error),
        }
    }
}

fn unreadable(error: &io::Error) -> Say {
    match error.kind() {
        io::ErrorKind::NotFound => Say::new(
            "找不到这个文件，可能已被移动、改名，或优盘已拔出。请重新选择文件。",
            "The file is not there: it was moved, renamed, or the stick was pulled out. Choose the file again.",
        ),
        io::ErrorKind::PermissionDenied => Say::new(
            "没有权限读取这个文件，或者它正被别的程序占用。请关闭打开它的程序，或复制到“文档”文件夹后再选。",
            "This file may not be read, or another program holds it. Close that program, or copy the file to your documents and choose it there.",
        ),
        _ => Say::new(
            "读取文件时磁盘或优盘出错，没有导入任何内容。请把文件复制到本机后再试。",
            "The disk or the stick failed while reading; nothing was imported. Copy the file to this computer and try again.",
        ),
    }
}

fn not_written(error: &io::Error) -> Say {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Say::new(
            "不能写入这个位置，或者同名文件正在 Excel、WPS 中打开。请关闭它，或换一个文件夹保存。",
            "This place cannot be written to, or a file of that name is open in Excel or WPS. Close it, or save to another folder.",
        ),
        io::ErrorKind::StorageFull => Say::new(
            "磁盘已满，文件没有保存。请清理磁盘或换一个位置保存。",
            "The disk is full, the file was not saved. Free some space or save elsewhere.",
        ),
        _ => Say::new(
            "文件没有保存成功，原文件没有改动。请换一个位置再保存。",
            "The file was not saved; the original is unchanged. Save it to another place.",
        ),
    }
}

fn too_large(bound: Bound) -> Say {
    match bound {
        Bound::File { is, may_be } => {
            let (is, may_be) = (is.div_ceil(1 << 20), may_be >> 20);
            Say::owned(
                format!(
                    "文件有 {is} MB，超过 {may_be} MB 的上限，没有读取。请删去图片和用不到的工作表，或分成几个文件导入。"
                ),
                format!(
                    "The file has {is} MB, more than the {may_be} MB allowed, and was not read. Remove pictures and unused sheets, or import it in several files."
                ),
            )
        }
        Bound::Rows(rows) => Say::owned(
            format!("表格超过 {rows} 行，没有导入任何内容。请分成几个文件导入。"),
            format!("The sheet has more than {rows} rows; nothing was imported. Import it in several files."),
        ),
        Bound::Columns { row, column } => {
            let at = format!("{}{row}", super::cell::column_letters(column));
            Say::owned(
                format!("单元格 {at} 离名册太远，多半是误填的。请删去这个单元格的内容再导入。"),
                format!(
                    "Cell {at} is far away from the roster, most likely filled in by mistake. Clear it and import again."
                ),
            )
        }
        Bound::Unpacked => Say::new(
            "这个文件解开后大得不正常，可能已损坏或有人做了手脚，已停止读取。请向提供文件的人核实，并用 Excel 或 WPS 另存后再试。",
            "This file unpacks to an abnormal size: it is damaged or was made to harm, and reading was stopped. Check with whoever gave it to you, and save it anew in Excel or WPS.",
        ),
    }
}

fn not_a_workbook(looks: Looks) -> Say {
    let (zh, en) = looks.words();
    let (next_zh, next_en) = if looks.can_be_saved_anew() {
        (
            "请用 Excel 或 WPS 打开它，另存为“Excel 工作簿（.xlsx）”再导入。",
            "Open it in Excel or WPS, save it as an Excel workbook (.xlsx) and import that.",
        )
    } else if looks == Looks::Archive {
        ("请先解压，再选择里面的表格。", "Unpack it first, then choose the sheet inside.")
    } else {
        ("请选择 .xlsx、.xls 或 .csv 表格。", "Choose a sheet: .xlsx, .xls or .csv.")
    };
    Say::owned(
        format!("这不是本软件能读取的表格，而是{zh}，没有导入任何内容。{next_zh}"),
        format!("This is not a sheet that can be read here but {en}; nothing was imported. {next_en}"),
    )
}

fn no_known_column(seen: &Seen) -> Say {
    let list = seen.0.join("、");
    let (zh, en) = if list.is_empty() {
        ("没有看到表头。".to_owned(), "No header was seen.".to_owned())
    } else {
        (format!("看到的表头是：{list}。"), format!("The headers seen are: {list}."))
    };
    Say::owned(
        format!(
            "在前 30 行里没有找到认识的表头，无法知道哪一列是什么。{zh}请点“下载模板”对照，或把表头改成模板上的名称再导入。"
        ),
        format!(
            "No known header was found in the first 30 rows, so it is unclear which column is what. {en} Download the template and compare, or name the columns as the template does, and import again."
        ),
    )
}

fn column_missing(known: &str, missing: &str) -> Say {
    Say::owned(
        format!(
            "表里认出了“{known}”，但没有“{missing}”这一列，无法确定每一行是谁，没有导入任何内容。请在表头里加上“{missing}”并填好，或下载模板填写后再导入。"
        ),
        format!(
            "The sheet has the column “{known}” but not “{missing}”, so it is not certain who each row is; nothing was imported. Add “{missing}” to the header and fill it in, or fill in the template, and import again."
        ),
    )
}
