//! Words that are no words, in the language of the full-text index or in none.

use super::{assert_refused, rows, run_patiently};
use crate::world::World;

#[test]
fn words_in_the_language_of_the_full_text_index_are_words_and_nothing_else() {
    let world = World::with_sample();
    let long = "merkel ".repeat(1_500);
    let one = "m".repeat(10_000);
    for words in [
        "\"",
        "\"merkel",
        "merkel\"",
        "*",
        "merkel*",
        "merkel AND",
        "AND merkel OR NOT",
        "NEAR(",
        "NEAR(merkel cell, 2)",
        "merkel - cell",
        "-merkel",
        "--",
        "^merkel",
        "words : merkel",
        "{words} : merkel",
        "merkel + cell",
        "(((",
        ")",
        "'; DROP TABLE entry; --",
        "%",
        "_",
        "\\",
        "merkel\ncell",
        "merkel\tcell",
        "\u{200b}merkel\u{200b}",
        "\u{feff}",
        "🦠",
        "merkel 🦠",
        "a\u{24b6}b",
        "मर्केल",
        "メルケル",
        "\u{301}",
        "½",
        "ﬁ",
        "İ",
        long.as_str(),
        one.as_str(),
    ] {
        for extra in [
            &[][..],
            &["--unlisted"],
            &["--format", "json"],
            &["--code-set", "icd10pcs", "--on", "2022-05-01"],
        ] {
            let mut args = vec!["search", "--on", "2026-03-01"];
            if extra.contains(&"--on") {
                args.truncate(1);
            }
            args.extend(extra);
            args.extend(["--", words]);
            let run = run_patiently(&mut world.command(&args));
            let shown: String = words.chars().take(60).collect();
            assert!(matches!(run.exit, 0..=2), "{shown:?}: {run:?}");
            for word in [
                "fts5",
                "SQL",
                "database",
                "defect of codeyear",
                "syntax",
                "no such",
            ] {
                assert!(!run.stderr.contains(word), "{shown:?}: {run:?}");
            }
            if run.exit == 2 {
                assert!(
                    run.stderr.starts_with("error: no words to search for"),
                    "{shown:?}: {run:?}"
                );
                assert!(run.stderr.contains("hint: "), "{shown:?}: {run:?}");
            }
            assert!(
                !run.stdout.chars().any(|c| c.is_control() && c != '\n'),
                "{shown:?}: {run:?}"
            );
        }
    }
    for words in ["", " ", " \t ", "...", "-"] {
        let run = world.run(&["search", "--on", "2026-03-01", "--", words]);
        assert_refused(&run, &["no words to search for"]);
    }
    // Signs between words are blanks, and none of them makes a word of its own.
    let plain = world.run(&["search", "--on", "2026-03-01", "merkel cell"]);
    assert_eq!(plain.exit, 0, "{plain:?}");
    for words in [
        "\"merkel\" (cell)",
        "merkel-cell",
        "merkel/cell",
        "*merkel* AND cell",
    ] {
        let run = world.run(&["search", "--on", "2026-03-01", "--", words]);
        assert_eq!(run.stdout, plain.stdout, "{words}");
    }
}

#[test]
fn wrong_numbers_and_dates_of_a_search_are_refused() {
    let world = World::with_sample();
    for args in [
        &["--most", "-1"][..],
        &["--most", "many"],
        &["--limit", "0"],
        &["--on", "2026-02-30"],
        &["--code-set", "icd9"],
    ] {
        let mut all = vec!["search", "merkel"];
        all.extend(args);
        let run = world.run(&all);
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stdout.is_empty(), "{run:?}");
    }
    let most = "18446744073709551615";
    let run = world.run(&["search", "merkel", "--on", "2026-03-01", "--most", most]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(rows().len() > 100);
}
