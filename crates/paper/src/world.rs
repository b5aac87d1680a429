//! What a template may see: the house's templates, the job's data, its photos and codes. No disk, no network, no clock.

use std::collections::HashMap;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use crate::fonts::Fonts;

/// The templates, part of the program.
const TEMPLATES: [(&str, &str); 9] = [
    ("/house.typ", include_str!("../forms/house.typ")),
    ("/registration.typ", include_str!("../forms/registration.typ")),
    ("/card.typ", include_str!("../forms/card.typ")),
    ("/cards.typ", include_str!("../forms/cards.typ")),
    ("/card_sheet.typ", include_str!("../forms/card_sheet.typ")),
    ("/slip_parts.typ", include_str!("../forms/slip_parts.typ")),
    ("/slip.typ", include_str!("../forms/slip.typ")),
    ("/receipt.typ", include_str!("../forms/receipt.typ")),
    ("/handout_list.typ", include_str!("../forms/handout_list.typ")),
];

/// One document's surroundings.
pub(crate) struct Desk<'a> {
    library: LazyHash<Library>,
    fonts: &'a Fonts,
    main: FileId,
    sources: HashMap<FileId, Source>,
    files: HashMap<FileId, Bytes>,
}

/// The identity of a path inside the templates' own small world.
fn id(path: &str) -> FileId {
    let path = VirtualPath::new(path).expect("the paths are ours and have no `..`");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

impl<'a> Desk<'a> {
    /// Surroundings in which `main` is drawn.
    pub(crate) fn new(main: &str, fonts: &'a Fonts) -> Self {
        let sources =
            TEMPLATES.iter().map(|(path, text)| (id(path), Source::new(id(path), (*text).to_owned()))).collect();
        Self { library: LazyHash::new(Library::default()), fonts, main: id(main), sources, files: HashMap::new() }
    }

    /// Puts a file where a template can read it, in place of what stood there.
    pub(crate) fn put(&mut self, path: &str, bytes: Vec<u8>) {
        self.files.insert(id(path), Bytes::new(bytes));
    }
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.store.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.store.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
