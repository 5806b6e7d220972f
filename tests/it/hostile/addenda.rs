//! Addenda that are broken, cut off, alone or at odds with each other.

use std::fs;

use super::{addenda, assert_refused, holds_nothing, order_file, refused_in, taken};
use crate::world::World;

/// Imports an order file with an addenda beside it, which must be refused.
fn addenda_refused(text: impl AsRef<[u8]>, parts: &[&str]) {
    let name = "icd10cm-order-addenda-April-2031.txt";
    let mut all = vec![name];
    all.extend(parts);
    refused_in(
        &[
            ("in/icd10cm-order-April-2031.txt", &order_file()),
            (&format!("in/{name}"), text.as_ref()),
        ],
        &["in"],
        &all,
    );
}

/// The number of the first line that begins so.
fn line_of(text: &str, begin: &str) -> usize {
    text.lines()
        .position(|line| line.starts_with(begin))
        .unwrap()
        + 1
}

fn without_line(text: &str, number: usize) -> String {
    text.split_inclusive('\n')
        .enumerate()
        .filter(|(index, _)| index + 1 != number)
        .map(|(_, line)| line)
        .collect()
}

#[test]
fn a_pair_of_revisions_that_is_broken_is_refused_with_its_line() {
    let text = addenda();
    let from = line_of(&text, "Revise from:");
    addenda_refused(
        without_line(&text, from + 1),
        &[&format!("line {}", from + 1), "Revise to:"],
    );
    addenda_refused(
        without_line(&text, from),
        &[&format!("line {from}"), "Revise from:"],
    );
    // The pair of another code.
    let other = text
        .lines()
        .filter(|line| line.starts_with("Revise to:"))
        .nth(1)
        .unwrap()
        .to_owned();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[from] = &other;
    addenda_refused(
        lines.join("\r\n"),
        &[&format!("line {}", from + 1), "Revise to:"],
    );
}

#[test]
fn an_addenda_that_ends_within_a_pair_is_refused() {
    let text = addenda();
    let from = line_of(&text, "Revise from:");
    let cut: String = text.split_inclusive('\n').take(from).collect();
    addenda_refused(cut, &[&format!("line {from}"), "Revise to:"]);
}

#[test]
fn a_footer_that_is_broken_is_refused_with_its_line() {
    let text = addenda();
    let headers = line_of(&text, "Headers");
    let codes = line_of(&text, "Codes");
    let lines: Vec<&str> = text.lines().collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        lines.join("\r\n")
    };
    addenda_refused(
        with(headers + 1, "many headers in icd10cm_order_2025.txt"),
        &[&format!("line {}", headers + 1), "headers in"],
    );
    addenda_refused(
        with(headers + 1, "-5 headers in icd10cm_order_2025.txt"),
        &[&format!("line {}", headers + 1), "headers in"],
    );
    addenda_refused(
        with(
            headers + 1,
            "99999999999999999999999 headers in icd10cm_order_2025.txt",
        ),
        &[&format!("line {}", headers + 1), "headers in"],
    );
    addenda_refused(
        with(headers + 3, "some additions"),
        &[&format!("line {}", headers + 3), "additions"],
    );
    addenda_refused(with(codes, "Kodes"), &[&format!("line {codes}"), "Codes"]);
    addenda_refused(
        with(codes + 6, "off which"),
        &[&format!("line {}", codes + 6), "of which"],
    );
}

#[test]
fn a_footer_that_is_cut_off_is_refused() {
    let text = addenda();
    let headers = line_of(&text, "Headers");
    let total = text.lines().filter(|line| !line.trim().is_empty()).count();
    for kept in [headers, headers + 2, headers + 8, total - 1] {
        let cut: String = text.split_inclusive('\n').take(kept).collect();
        addenda_refused(cut, &["footer", "the end of the file"]);
    }
}

#[test]
fn whatever_follows_the_footer_is_refused_with_its_line() {
    let text = addenda();
    let end = text.trim_end();
    let number = end.lines().count() + 1;
    for garbage in ["garbage", "\u{1b}[31mred", lines_first(&text), "Headers"] {
        addenda_refused(
            format!("{end}\r\n{garbage}\r\n"),
            &[&format!("line {number}"), "nothing after the footer"],
        );
    }
}

fn lines_first(text: &str) -> &str {
    text.lines().next().unwrap()
}

#[test]
fn a_row_of_an_addenda_that_breaks_its_layout_is_refused_with_its_line() {
    let text = addenda();
    let lines: Vec<&str> = text.lines().collect();
    let with = |line: String| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[2] = line;
        lines.join("\r\n")
    };
    let row = lines[2];
    addenda_refused(
        with(format!("Change:      {}", &row[13..])),
        &["line 3", "columns 1-13"],
    );
    addenda_refused(
        with(format!("{}2{}", &row[..13], &row[14..])),
        &["line 3", "column 14"],
    );
    addenda_refused(with(format!("{} {}", &row[..15], &row[15..])), &["line 3"]);
    addenda_refused(
        with(row[..50].to_owned()),
        &["line 3", "at least 85 columns"],
    );
    addenda_refused(
        with(format!("{}zzz9999{}", &row[..15], &row[22..])),
        &["line 3", "ICD-10-CM code"],
    );
}

#[test]
fn control_characters_and_bad_utf8_in_an_addenda_are_refused_with_their_line() {
    let text = addenda();
    let start: usize = text.split_inclusive('\n').take(2).map(str::len).sum();
    for (byte, part) in [
        (0xff, "UTF-8"),
        (0x1b, "control character"),
        (0, "control character"),
    ] {
        let mut bytes = text.clone().into_bytes();
        bytes[start + 90] = byte;
        addenda_refused(bytes, &["line 3", part]);
    }
}

/// The sample's addenda, with the years of its footer moved.
fn addenda_of_fy2031() -> String {
    addenda()
        .replace("_2025.txt", "_2031.txt")
        .replace("_2026.txt", "_2031.txt")
}

#[test]
fn an_addenda_without_its_release_is_refused() {
    let name = "icd10cm-order-addenda-April-2031.txt";
    // The sample's own, into an empty database.
    let world = World::empty();
    world.write(name, addenda());
    let run = world.run(&["import", "--allow-incomplete", name]);
    assert_refused(&run, &[name, "ICD-10-CM FY2026", "which is not stored"]);
    assert!(holds_nothing(&world));
    let made_up = without_line(&addenda_of_fy2031(), 1);
    refused_in(
        &[(name, made_up.as_bytes())],
        &[name],
        &[name, "FY2031-04", "which is not stored"],
    );
    // A footer of another year than that of the name.
    let made_up = without_line(&addenda(), 1);
    refused_in(
        &[(name, made_up.as_bytes())],
        &[name],
        &[name, "FY2031-04", "FY2026 or FY2026-04"],
    );
}

#[test]
fn two_different_addenda_for_one_release_are_refused() {
    let own = addenda_of_fy2031();
    let (one, two) = (without_line(&own, 1), without_line(&own, 2));
    refused_in(
        &[
            ("in/icd10cm-order-April-2031.txt", &order_file()),
            ("in/icd10cm-order-addenda-April-2031.txt", one.as_bytes()),
            ("in/icd10cm-order-addenda-April-2031-b.txt", two.as_bytes()),
        ],
        &["in"],
        &[
            "addenda-April-2031",
            "another file of this command is the order addenda of ICD-10-CM FY2031-04",
        ],
    );
    // One after the other.
    let world = World::empty();
    world.write("in/icd10cm-order-April-2031.txt", order_file());
    world.write("in/icd10cm-order-addenda-April-2031.txt", &one);
    taken(&world, &["in"]);
    let before = fs::read(world.database()).unwrap();
    world.write("icd10cm-order-addenda-April-2031.txt", &two);
    let run = world.run(&[
        "import",
        "--allow-incomplete",
        "icd10cm-order-addenda-April-2031.txt",
    ]);
    assert_refused(&run, &["FY2031-04", "another order addenda"]);
    assert!(fs::read(world.database()).unwrap() == before);
}
