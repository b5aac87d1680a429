//! Fonts: found on the system, chosen for each kind of lettering, and told when one is missing. None is brought along.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use typst::text::FontBook;
use typst_kit::fonts::FontStore;

/// A kind of lettering that official papers ask for (GB/T 9704), and who can stand in for it.
struct Kind {
    /// Name in the templates.
    key: &'static str,
    /// Its name as clerks know it.
    wanted: &'static str,
    /// Families that are this lettering, as Windows, macOS and Linux name them; less `CN`, which typst takes for a style.
    own: &'static [&'static str],
    /// Families that stand in for it, nearest first.
    instead: &'static [&'static str],
}

const SERIF: &[&str] = &[
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Noto Serif SC",
    "SimSun",
    "NSimSun",
    "STSong",
    "Songti SC",
    "CESI_SS_GB18030",
    "AR PL UMing",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
];
const SANS: &[&str] = &[
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Noto Serif CJK SC",
    "SimSun",
];

const KINDS: [Kind; 5] = [
    Kind {
        key: "title",
        wanted: "小标宋",
        own: &["FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "CESI_XBS_GB18030", "方正小标宋简体", "方正小标宋_GBK"],
        instead: SERIF,
    },
    Kind {
        key: "body",
        wanted: "仿宋",
        own: &[
            "FangSong_GB2312",
            "FangSong",
            "仿宋_GB2312",
            "CESI_FS_GB18030",
            "CESI_FS_GB2312",
            "STFangsong",
            "FZFangSong-Z02S",
            "FZFangSong-Z02",
            "FandolFang",
        ],
        instead: SERIF,
    },
    Kind {
        key: "head",
        wanted: "黑体",
        own: &["SimHei", "CESI_HT_GB18030", "CESI_HT_GB2312", "STHeiti", "Heiti SC", "FZHei-B01S", "FandolHei"],
        instead: SANS,
    },
    Kind {
        key: "note",
        wanted: "楷体",
        own: &[
            "KaiTi_GB2312",
            "KaiTi",
            "楷体_GB2312",
            "CESI_KT_GB18030",
            "CESI_KT_GB2312",
            "STKaiti",
            "Kaiti SC",
            "FZKai-Z03S",
            "FZKai-Z03",
            "AR PL UKai",
            "LXGW WenKai",
            "FandolKai",
        ],
        instead: SERIF,
    },
    Kind {
        key: "song",
        wanted: "宋体",
        own: &[
            "SimSun",
            "NSimSun",
            "CESI_SS_GB18030",
            "STSong",
            "Songti SC",
            "FZShuSong-Z01S",
            "FZShuSong-Z01",
            "AR PL UMing",
            "FandolSong",
        ],
        instead: SERIF,
    },
];

/// Families with the characters of names that common fonts lack; asked before any other font of the system.
const RARE: [&str; 13] = [
    "SimSun-ExtB",
    "SimSun-ExtG",
    "Noto Serif CJK SC",
    "Noto Sans CJK SC",
    "Source Han Serif SC",
    "Plangothic P1",
    "Plangothic P2",
    "Jigmo",
    "Jigmo2",
    "Jigmo3",
    "BabelStone Han",
    "HanaMinA",
    "HanaMinB",
];

/// A wanted family that this PC does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingFont {
    /// The lettering as clerks know it, such as `仿宋`.
    pub wanted: &'static str,
    /// The family that would be it, as it is called where it can be had.
    pub family: &'static str,
    /// The family that is drawn with; `None` when the PC has no Chinese font at all.
    pub instead: Option<&'static str>,
}

/// The fonts of this PC, and which of them draw what.
pub struct Fonts {
    pub(crate) store: FontStore,
    /// Families by the key of their kind, best first.
    pub(crate) chosen: BTreeMap<&'static str, Vec<&'static str>>,
    missing: Vec<MissingFont>,
}

impl Fonts {
    /// The fonts of the system, and those in a folder beside it. Takes some tenths of a second with many fonts.
    #[must_use]
    pub fn system(beside: Option<&Path>) -> Self {
        let mut store = FontStore::new();
        if let Some(folder) = beside {
            store.extend(typst_kit::fonts::scan(folder));
        }
        store.extend(typst_kit::fonts::system());
        Self::of(store)
    }

    /// Only the fonts of one folder.
    #[must_use]
    pub fn folder(folder: &Path) -> Self {
        let mut store = FontStore::new();
        store.extend(typst_kit::fonts::scan(folder));
        Self::of(store)
    }

    fn of(store: FontStore) -> Self {
        let (mut chosen, mut missing) = (BTreeMap::new(), Vec::new());
        for kind in &KINDS {
            let (families, lack) = choose(kind, store.book());
            chosen.insert(kind.key, families);
            missing.extend(lack);
        }
        Self { store, chosen, missing }
    }

    /// The wanted families that are missing, and what replaces them.
    #[must_use]
    pub fn missing(&self) -> &[MissingFont] {
        &self.missing
    }

    /// How many fonts were found.
    #[must_use]
    pub fn count(&self) -> usize {
        self.store.book().families().map(|(_, fonts)| fonts.count()).sum()
    }
}

fn choose(kind: &Kind, book: &FontBook) -> (Vec<&'static str>, Option<MissingFont>) {
    let there = |family: &&&'static str| book.contains_family(&family.to_lowercase());
    let own = kind.own.iter().find(there).copied();
    let instead = kind.instead.iter().find(there).copied();
    let first = own.or(instead);
    let mut families: Vec<&'static str> = first.into_iter().collect();
    families.extend(RARE.iter().filter(there).filter(|family| Some(**family) != first));
    let lack = own.is_none().then_some(MissingFont { wanted: kind.wanted, family: kind.own[0], instead });
    (families, lack)
}

#[cfg(test)]
mod tests {
    use super::{Fonts, KINDS};

    #[test]
    fn a_pc_without_fonts_is_told_and_not_refused() {
        let empty = tempfile::tempdir().unwrap();
        let fonts = Fonts::folder(empty.path());
        assert_eq!(fonts.count(), 0);
        assert_eq!(fonts.missing().len(), KINDS.len());
        assert!(fonts.missing().iter().all(|font| font.instead.is_none()));
    }
}
