//! What a document holds and this version does not know: kept as it stands, and named.

use crate::model::named;
use std::fmt;
use strum::{EnumString, IntoStaticStr};

named!(UnreadKind);

/// What stands in a document without being known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum UnreadKind {
    /// An attribute of a known element.
    Attribute,
    /// An element, with all that stands in it.
    Element,
}

/// One thing that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unread {
    /// The line of the file that it begins on.
    pub line: u64,
    /// The element that it stands in.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: UnreadKind,
    /// The value of an attribute; the raw text of an element, tags included.
    pub content: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, name, parent) = (self.line, &self.name, &self.parent);
        match self.kind {
            UnreadKind::Attribute => write!(f, "line {line}: attribute {name} of <{parent}>"),
            UnreadKind::Element => write!(f, "line {line}: element <{name}> in <{parent}>"),
        }
    }
}

/// All that is not known of a document, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UnreadList {
    /// What is kept.
    pub things: Vec<Unread>,
    /// How many more there are than are kept.
    pub beyond: u64,
}

impl UnreadList {
    /// How many things a description names.
    const NAMED: usize = 3;
    /// The most characters of a name that a description shows.
    const SHOWN: usize = 200;

    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.things.len() as u64 + self.beyond
    }

    /// Returns in words how many there are and what the first of them is; `None` if there are none.
    pub fn describe(&self) -> Option<String> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let mut named: Vec<String> = self
            .things
            .iter()
            .take(UnreadList::NAMED)
            .map(|thing| thing.to_string().chars().take(UnreadList::SHOWN).collect())
            .collect();
        let more = count - named.len() as u64;
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        let things = if count == 1 {
            "1 item unknown to this version is kept as it is".to_owned()
        } else {
            format!("{count} items unknown to this version are kept as they are")
        };
        let beyond = match self.beyond {
            0 => String::new(),
            beyond => format!(" ({beyond} of them counted only: too many to keep)"),
        };
        Some(format!("{things}{beyond}: {}", named.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_names_the_first_and_counts_the_rest() {
        let thing = |line, kind| Unread {
            line,
            parent: "section".to_owned(),
            name: "newid".to_owned(),
            kind,
            content: "1".to_owned(),
        };
        let mut list = UnreadList::default();
        assert_eq!(list.describe(), None);
        list.things.push(thing(812, UnreadKind::Attribute));
        assert_eq!(
            list.describe().unwrap(),
            "1 item unknown to this version is kept as it is: line 812: attribute newid of <section>"
        );
        list.things.push(thing(813, UnreadKind::Element));
        list.beyond = 5;
        assert_eq!(
            list.describe().unwrap(),
            "7 items unknown to this version are kept as they are (5 of them counted only: too many to keep): \
             line 812: attribute newid of <section>; line 813: element <newid> in <section>; and 5 more"
        );
    }
}
