//! Addresses of the pages. Each holds the day, so that a link that is shared says the same tomorrow.

use chrono::NaiveDate;

use codeyear_core::model::{Book, Code, CodeSet, PlaceInBook, PlaceKind};

/// Writes a text so that it can stand in an address.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Joins a path with fields; those without a value are left out.
pub(super) fn with_fields(path: &str, fields: &[(&str, &str)]) -> String {
    let written: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    if written.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", written.join("&"))
    }
}

/// Returns the address of a page on a day.
pub(super) fn on(path: &str, day: NaiveDate) -> String {
    with_fields(path, &[("on", &day.to_string())])
}

/// Returns the address of a search in a code set on a day.
pub(super) fn search(code_set: CodeSet, words: &str, day: NaiveDate) -> String {
    let day = day.to_string();
    let fields = [("q", words), ("set", code_set.facts().id), ("on", &day)];
    with_fields("/search", &fields)
}

/// Returns the path of a code's page.
pub(super) fn code_path(code_set: CodeSet, code: &Code) -> String {
    format!("{}/{}", code_set.facts().path, encode(&code.to_string()))
}

/// Returns the address of a code's page on a day.
pub fn code(code_set: CodeSet, code: &Code, day: NaiveDate) -> String {
    on(&code_path(code_set, code), day)
}

/// Returns the address of a level of the book on a day.
pub(super) fn place(code_set: CodeSet, place: &PlaceInBook, day: NaiveDate) -> String {
    let path = code_set.facts().path;
    let mut levels = book_levels(code_set).iter();
    match levels.find(|(_, kind)| kind(&place.name) == place.kind) {
        Some((level, _)) => on(&format!("{path}/{level}/{}", encode(&place.name)), day),
        None => match code_set.parse_code(&place.name) {
            Ok(found) => code(code_set, &found, day),
            Err(_) => on(path, day),
        },
    }
}

/// A level of a book: its name in addresses, and what a place of it with some name is.
pub type BookLevel = (&'static str, fn(name: &str) -> PlaceKind);

/// Lists the levels of the book of a code set that have pages.
pub fn book_levels(code_set: CodeSet) -> &'static [BookLevel] {
    match code_set.facts().book {
        Book::Tabular => &[
            ("chapter", |_| PlaceKind::Chapter),
            ("block", |_| PlaceKind::Block),
        ],
        Book::List => &[("chapter", |_| PlaceKind::Chapter)],
        // A section has one character, a body system two.
        Book::Tables => &[("section", |name| match name.len() {
            0 | 1 => PlaceKind::Chapter,
            _ => PlaceKind::Block,
        })],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_cannot_leave_its_field() {
        assert_eq!(
            with_fields("/search", &[("q", "a&b=c d/\u{e9}"), ("set", "")]),
            "/search?q=a%26b%3Dc%20d%2F%C3%A9"
        );
    }
}
