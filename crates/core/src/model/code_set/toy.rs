//! A set of invented codes in the table of code sets: quarterly releases, rows that name the last valid day, a list
//! without headers. It shows what a row has to say, and is in no program that is released.

use super::facts::{
    Book, CodeSetFacts, DaysOf, FhirSystem, LevelName, Levels, LossLimits, X12Qualifiers,
};
use crate::model::calendar::day;
use crate::model::chapter::Chapter;
use crate::model::{Calendar, CodeSet, Malformed};

pub(super) static TOY: CodeSetFacts = CodeSetFacts {
    id: "toy",
    path: "/toy",
    short_name: "toy",
    name: "Toy",
    labels: &[],
    number: 99,
    in_force_from: day(2024, 1, 1),
    predecessor: None,
    calendar: Calendar::Quarters,
    days: DaysOf::Rows,
    dot_after: None,
    dot_rule: "a toy code has no dot",
    category_length: 5,
    counted_by: 1,
    begins_with_digit: false,
    has_seventh_characters: false,
    check_shape: three_letters_and_two_digits,
    looks_usual: |text| text.iter().any(u8::is_ascii_digit),
    is_in_order: |_| true,
    is_directly_above: |_, _| true,
    losses: LossLimits {
        rows: None,
        rows_of_category: None,
        categories: 0,
        can_go: |_| false,
    },
    documents: &[],
    book: Book::List,
    levels: Levels {
        chapter: LevelName::new("Shelf", "Shelves"),
        block: LevelName::new("Box", "Boxes"),
        category: LevelName::new("Code", "Codes"),
        document: "list",
    },
    chapters: &SHELVES,
    chapter_of: |code| {
        SHELVES
            .iter()
            .find(|shelf| code.as_str().starts_with(shelf.label))
    },
    vocabulary: "Toy",
    domain: "Observation",
    class: |_, _| "Toy".to_owned(),
    displaced: &[],
    fhir: FhirSystem {
        code_set: CodeSet::Toy,
        uri: "http://example.org/toy",
        prefix: "toy",
        name: "Toy",
        oid: "urn:oid:2.999.1",
        other_uris: &[],
        publisher: "Nobody",
    },
    x12: X12Qualifiers {
        pointed_to: &[],
        others: &["TOY"],
    },
    example: "ABC01, kite \u{2026}",
    range_example: "ABC01",
    word_files: &[],
};

static SHELVES: [Chapter; 2] = [
    Chapter {
        label: "A",
        title: "Outdoors",
        range: "",
    },
    Chapter {
        label: "B",
        title: "Indoors",
        range: "",
    },
];

fn three_letters_and_two_digits(bytes: &[u8]) -> Result<(), Malformed> {
    let is_one = bytes.len() == 5
        && bytes.iter().take(3).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(3).all(u8::is_ascii_digit);
    match is_one {
        true => Ok(()),
        false => Err(Malformed::Shape(
            "a toy code has three letters and two digits",
        )),
    }
}
