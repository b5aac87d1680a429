//! Planted defects and cuts of power, for the simulation only: a test that cannot fail is a defect, so each of these switches
//! breaks one rule and the suite must notice; and versions of the program that lack what came later. Without the feature `planted` every switch is the word `false` and every cut is
//! nothing; a build without debug assertions refuses to contain them.

/// Whether the simulation has planted this defect.
#[cfg(feature = "planted")]
#[macro_export]
macro_rules! planted {
    ($name:literal) => {
        $crate::planted::on($name)
    };
}

/// Whether the simulation has planted this defect.
#[cfg(not(feature = "planted"))]
#[macro_export]
macro_rules! planted {
    ($name:literal) => {
        false
    };
}

/// A moment at which the simulation may cut the power: the work under way ends here and is not heard of again.
#[cfg(feature = "planted")]
#[macro_export]
macro_rules! cut {
    ($point:literal) => {
        if $crate::planted::cut($point) {
            return Err(std::io::Error::other("the power is cut").into());
        }
    };
}

/// A moment at which the simulation may cut the power: the work under way ends here and is not heard of again.
#[cfg(not(feature = "planted"))]
#[macro_export]
macro_rules! cut {
    ($point:literal) => {};
}

/// Whether the office that is being opened is one of an older version, to which this type or this field of it is unknown.
#[cfg(feature = "planted")]
#[macro_export]
macro_rules! unknown_yet {
    ($kind:expr) => {
        $crate::planted::unknown($kind, None)
    };
    ($kind:expr, $field:expr) => {
        $crate::planted::unknown($kind, Some($field))
    };
}

/// Whether the office that is being opened is one of an older version, to which this type or this field of it is unknown.
#[cfg(not(feature = "planted"))]
#[macro_export]
macro_rules! unknown_yet {
    ($($name:expr),+) => {{
        $(let _ = &$name;)+
        false
    }};
}

/// Whether this build is one for tests. Their offices are small: what is cut into parts by size is cut smaller there.
pub const SMALL_OFFICES: bool = cfg!(feature = "planted");

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("the feature planted is for the simulation; a release build must not contain it");

#[cfg(feature = "planted")]
mod switches {
    use std::cell::Cell;

    // A history runs on one thread, several histories on several.
    thread_local! {
        static DEFECT: Cell<Option<&'static str>> = const { Cell::new(None) };
        static CUT: Cell<Option<(&'static str, u32)>> = const { Cell::new(None) };
        static OLDER: Cell<&'static [&'static str]> = const { Cell::new(&[]) };
    }

    /// What is opened from now on is opened by an older version, which lacks these types (`enterprise`) and fields
    /// (`member.trade`).
    pub fn older(lacks: &'static [&'static str]) {
        OLDER.set(lacks);
    }

    /// See [`crate::unknown_yet!`].
    #[must_use]
    pub fn unknown(kind: &str, field: Option<&str>) -> bool {
        OLDER.get().iter().any(|name| match (name.split_once('.'), field) {
            (Some(named), Some(field)) => named == (kind, field),
            (None, None) => *name == kind,
            _ => false,
        })
    }

    /// Plants a defect for what runs on this thread, or takes it out.
    pub fn plant(defect: Option<&'static str>) {
        DEFECT.set(defect);
    }

    /// See [`crate::planted!`].
    #[must_use]
    pub fn on(name: &str) -> bool {
        DEFECT.get() == Some(name)
    }

    /// The power will be cut when this point is passed for the `nth` time, from 0; or not any more.
    pub fn cut_at(point: Option<(&'static str, u32)>) {
        CUT.set(point);
    }

    /// Whether a cut is still to come.
    #[must_use]
    pub fn armed() -> bool {
        CUT.get().is_some()
    }

    /// See [`crate::cut!`].
    #[must_use]
    pub fn cut(point: &str) -> bool {
        match CUT.get() {
            Some((at, 0)) if at == point => {
                CUT.set(None);
                true
            }
            Some((at, left)) if at == point => {
                CUT.set(Some((at, left - 1)));
                false
            }
            _ => false,
        }
    }
}

#[cfg(feature = "planted")]
pub use switches::{armed, cut, cut_at, older, on, plant, unknown};
