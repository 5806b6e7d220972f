//! A third code set, of invented codes, through every part of the program: quarterly releases, rows that name the last
//! valid day, no headers. It is a row of the table of code sets, a folder of the catalogue and a parser, and no more.
//!
//! The set is compiled in for this test alone: `cargo test --features toy --test toy`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a test ends at the first surprise, and says so; of the set-up of the other tests only a part is needed"
)]

#[path = "../it/served.rs"]
mod served;
#[path = "../it/world.rs"]
mod world;

use serde_json::Value;

use served::Served;
use world::{Run, World};

/// The releases, as their publisher would post them: the first is that of the catalogue.
const RELEASES: [(&str, &str); 3] = [
    (
        "toy-2025-01.txt",
        "ABC01|20240101||Kite|Kite, with tail\r\n\
         ABC02|20240101||Ball|Ball\r\n\
         BAB01|20240601|20250331|Chess|Game of chess\r\n",
    ),
    // ABC02 ends within the quarter after, and has another title; BAB02 is new in the middle of the quarter.
    (
        "toy-2025-04.txt",
        "ABC01|20240101||Kite|Kite, with tail\r\n\
         ABC02|20240101|20250815|Ball|Ball, bouncing\r\n\
         BAB01|20240601|20250331|Chess|Game of chess\r\n\
         BAB02|20250515||Cards|Deck of cards\r\n",
    ),
    // What has ended stays in the list; ABC03 is added.
    (
        "toy-2025-10.txt",
        "ABC01|20240101||Kite|Kite, with tail\r\n\
         ABC02|20240101|20250815|Ball|Ball, bouncing\r\n\
         ABC03|20251001||Rope|Skipping rope\r\n\
         BAB02|20250515||Cards|Deck of cards\r\n",
    ),
];

fn ok(run: Run) -> String {
    assert_eq!(run.exit, 0, "{run:?}");
    run.stdout
}

fn ok_or_not(run: Run) -> String {
    assert!(run.exit < 2, "{run:?}");
    run.stdout
}

/// A world with all releases, imported in some order.
fn with_releases(order: [usize; 3]) -> World {
    let world = World::empty();
    for at in order {
        let (name, text) = RELEASES[at];
        world.write(name, text);
        ok(world.run(&["import", name]));
    }
    world
}

fn json(world: &World, args: &[&str]) -> Value {
    let run = world.run(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

/// The changes of a report, each as code and kind.
fn kinds(found: &Value) -> Vec<String> {
    let changes = found["changes"].as_array().unwrap().iter();
    changes
        .map(|change| {
            let text = |name: &str| change[name].as_str().unwrap().to_owned();
            format!("{} {}", text("code"), text("kind"))
        })
        .collect()
}

fn verdict(world: &World, code: &str, day: &str) -> String {
    let answer = json(world, &["check", code, "--on", day]);
    answer["answers"][0]["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_release_is_told_by_its_name_and_known_by_the_catalogue() {
    let world = with_releases([0, 1, 2]);
    let releases = json(&world, &["releases", "--code-set", "toy"]);
    let text = releases.to_string();
    for id in ["2025-01", "2025-04", "2025-10"] {
        assert!(text.contains(&format!("\"{id}\"")), "{id}: {text}");
    }
    let shown = ok(world.run(&["releases"]));
    assert!(shown.contains("Toy"), "{shown}");
    // The rows of the catalogue's release are its own; the others it does not know.
    let verified = ok(world.run(&["verify"]));
    assert!(verified.contains("2025-01"), "{verified}");
    let status = world.run(&["status", "--code-set", "toy", "--today", "2025-11-01"]);
    assert_eq!(status.exit, 0, "{status:?}");
}

#[test]
fn the_last_day_is_valid_and_the_newest_release_tells_it() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let world = with_releases(order);
        for (code, day, expected) in [
            ("ABC01", "2024-12-31", "not-covered"),
            ("ABC01", "2023-12-31", "not-in-force"),
            ("ABC01", "2025-01-01", "billable"),
            // No release for July is loaded; that of October tells its days too.
            ("ABC01", "2025-08-01", "billable"),
            ("ABC01", "2025-12-31", "billable"),
            ("ABC01", "2026-01-01", "not-covered"),
            ("ABC02", "2025-08-15", "billable"),
            ("ABC02", "2025-08-16", "deleted"),
            ("BAB01", "2025-03-31", "billable"),
            ("BAB01", "2025-04-01", "deleted"),
            ("BAB02", "2025-05-14", "not-yet-effective"),
            ("BAB02", "2025-05-15", "billable"),
            ("ABC03", "2025-09-30", "not-yet-effective"),
            ("ABC03", "2025-10-01", "billable"),
            ("ABC99", "2025-10-01", "unknown"),
        ] {
            assert_eq!(
                verdict(&world, code, day),
                expected,
                "{code} on {day}, {order:?}"
            );
        }
        let answer = json(&world, &["check", "ABC02", "--on", "2025-09-01"]);
        assert_eq!(answer["answers"][0]["last_day"], "2025-08-15");
        let before = json(&world, &["check", "ABC02", "--on", "2025-03-31"]);
        assert_eq!(before["answers"][0]["entry"]["long_title"], "Ball");
        let after = json(&world, &["check", "ABC02", "--on", "2025-04-01"]);
        assert_eq!(after["answers"][0]["entry"]["long_title"], "Ball, bouncing");
        assert!(ok(world.run(&["verify"])).contains("2025-04"));
    }
}

#[test]
fn a_patch_of_the_catalogue_a_correction_and_a_removed_release_are_told_as_of_any_set() {
    let world = with_releases([0, 1, 2]);
    // The catalogue's, which the list of April does not have.
    assert_eq!(verdict(&world, "ABC09", "2025-02-09"), "not-yet-effective");
    assert_eq!(verdict(&world, "ABC09", "2025-02-10"), "billable");
    assert_eq!(verdict(&world, "ABC09", "2025-03-31"), "billable");
    assert_eq!(verdict(&world, "ABC09", "2025-04-01"), "deleted");
    // October posted again: the ball goes on, and the rope is gone.
    let corrected = RELEASES[2].1.replace("|20250815|", "||");
    let corrected: String = corrected
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("ABC03"))
        .collect();
    world.write("toy-2025-10.txt", &corrected);
    assert_eq!(world.run(&["import", "toy-2025-10.txt"]).exit, 2);
    ok(world.run(&["import", "toy-2025-10.txt", "--revision"]));
    assert_eq!(verdict(&world, "ABC02", "2025-09-01"), "billable");
    assert_eq!(verdict(&world, "ABC03", "2025-10-01"), "unknown");
    let found = json(
        &world,
        &["diff", "2025-10", "2025-10-errata", "--code-set", "toy"],
    );
    assert_eq!(
        kinds(&found),
        ["ABC03 deleted", "ABC02 new"],
        "each by its own word: {found}"
    );
    ok(world.run(&["remove", "2025-10-errata"]));
    assert_eq!(verdict(&world, "ABC02", "2025-09-01"), "deleted");
    ok(world.run(&["remove", "2025-04", "--code-set", "toy"]));
    // Of the releases that are left the newest tells the days.
    assert_eq!(verdict(&world, "BAB02", "2025-05-15"), "billable");
    assert_eq!(verdict(&world, "ABC02", "2025-08-16"), "deleted");
    ok(world.run(&["verify"]));
}

#[test]
fn what_ended_before_the_first_day_that_is_covered_is_deleted_and_not_unknown() {
    let world = World::empty();
    world.write(RELEASES[1].0, RELEASES[1].1);
    ok(world.run(&["import", RELEASES[1].0]));
    let answer = json(&world, &["check", "BAB01", "--on", "2025-05-01"]);
    assert_eq!(answer["answers"][0]["verdict"], "deleted");
    assert_eq!(answer["answers"][0]["last_day"], "2025-03-31");
    let before = ok_or_not(world.run(&["check", "BAB01", "--on", "2023-05-01"]));
    assert!(
        before.contains("Toy is in force from 2024-01-01"),
        "{before}"
    );
    assert!(!before.contains("ICD-9"), "{before}");
    ok(world.run(&["verify"]));
}

#[test]
fn what_is_no_list_of_the_set_is_refused_with_the_place() {
    for (text, part) in [
        (
            "ABC01|20240101||Kite|Kite\r\nABC02|20240101||Ball\r\n",
            "line 2",
        ),
        (
            "ABC01|20240101||Kite|Kite\r\nABC02|20241301||Ball|Ball\r\n",
            "no date",
        ),
        (
            "ABC01|20240101||Kite|Kite\r\nABC02|20240102|20240101|Ball|Ball\r\n",
            "before the first",
        ),
        (
            "ABC01|20240101||Kite|Kite\r\nABC01|20240101||Ball|Ball\r\n",
            "twice",
        ),
        (
            "ABC01|20240101||Kite|Kite\r\nABC02|20240101||Ball|Ball",
            "no end",
        ),
    ] {
        let world = World::empty();
        world.write("toy-2025-07.txt", text);
        let run = world.run(&["import", "toy-2025-07.txt"]);
        assert_eq!(run.exit, 2, "{text}");
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        // Nothing of it is stored.
        let releases = world.run(&["releases", "--format", "json"]).stdout;
        assert!(!releases.contains("2025-07"), "{releases}");
    }
    // A month without a release, and a part of the one that the catalogue knows.
    let world = World::empty();
    world.write("list.txt", RELEASES[0].1);
    let run = world.run(&["import", "list.txt", "--release", "2025-02"]);
    assert!(run.stderr.contains("July 1"), "{run:?}");
    world.write(
        "toy-2025-01.txt",
        RELEASES[0].1.split_inclusive('\n').next().unwrap(),
    );
    let run = world.run(&["import", "toy-2025-01.txt"]);
    assert_eq!(run.exit, 2, "{run:?}");
}

#[test]
fn releases_are_compared_by_what_is_valid_on_their_first_days() {
    let world = with_releases([0, 1, 2]);
    let found = json(&world, &["diff", "2025-01", "2025-10", "--code-set", "toy"]);
    // A deleted code stands behind the last one before it that is still there.
    assert_eq!(
        kinds(&found),
        ["ABC02 deleted", "BAB01 deleted", "ABC03 new", "BAB02 new"]
    );
    // What had ended is no row of either side.
    assert_eq!(found["new"]["rows"], 3, "{found}");
    let page = ok(world.run(&[
        "diff",
        "2025-01",
        "2025-04",
        "--code-set",
        "toy",
        "--format",
        "html",
    ]));
    assert!(page.contains("Ball, bouncing"), "{page}");
}

#[test]
fn codes_are_found_by_their_words_and_shown_with_their_history() {
    let world = with_releases([0, 1, 2]);
    let found = ok(world.run(&["search", "cards", "--on", "2025-06-01", "--code-set", "toy"]));
    assert!(found.contains("BAB02"), "{found}");
    let shown = ok(world.run(&["show", "BAB02", "--on", "2025-06-01"]));
    assert!(shown.contains("Deck of cards"), "{shown}");
    let history = ok(world.run(&["history", "ABC02"]));
    assert!(history.contains("2025-08-15"), "{history}");
    // Without the set it is told by the code.
    assert_eq!(
        json(&world, &["check", "abc01", "--on", "2025-06-01"])["answers"][0]["code_set"],
        "toy"
    );
}

#[test]
fn claims_are_audited_by_the_column_and_by_the_code() {
    let world = with_releases([0, 1, 2]);
    world.write(
        "claims.csv",
        "id,day,code\n1,2025-08-15,ABC02\n2,2025-08-16,ABC02\n3,2025-08-16,ABC01\n",
    );
    for columns in ["code", "code=toy"] {
        let run = world.run(&[
            "audit",
            "claims.csv",
            "--code",
            columns,
            "--date",
            "day",
            "--format",
            "json",
        ]);
        assert_eq!(run.exit, 1, "{run:?}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let counts: Vec<String> = report["verdicts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| format!("{} {}", one["verdict"].as_str().unwrap(), one["codes"]))
            .collect();
        assert_eq!(counts, ["billable 2", "deleted 1"], "{report}");
    }
    world.write(
        "claims.ndjson",
        "{\"day\":\"2025-05-15\",\"code\":\"BAB02\",\"system\":\"http://example.org/toy\"}\n",
    );
    let run = world.run(&[
        "audit",
        "claims.ndjson",
        "--code",
        "code",
        "--date",
        "day",
        "--code-set-by",
        "system",
    ]);
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn exports_hold_true_dates_and_the_file_is_written_back() {
    let world = with_releases([0, 1, 2]);
    let spans = ok(world.run(&["export", "spans", "--code-set", "toy"]));
    assert!(
        spans.contains("2025-08-16"),
        "the day after the last one: {spans}"
    );
    let list = ok(world.run(&[
        "export",
        "order",
        "--code-set",
        "toy",
        "--release",
        "2025-04",
    ]));
    assert_eq!(list, RELEASES[1].1);
    ok(world.run(&["export", "ohdsi", "--code-set", "toy", "-o", "ohdsi"]));
    let concepts = std::fs::read_to_string(world.path("ohdsi/CONCEPT.csv")).unwrap();
    assert!(
        concepts.contains("ABC02") && concepts.contains("20250815"),
        "{concepts}"
    );
    let resource = ok(world.run(&[
        "export",
        "fhir",
        "--code-set",
        "toy",
        "--release",
        "2025-04",
    ]));
    let resource: Value = serde_json::from_str(&resource).unwrap();
    let codes: Vec<&str> = resource["concept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|concept| concept["code"].as_str().unwrap())
        .collect();
    // What had ended before stands in the file, and is no code of the release.
    assert_eq!(codes, ["ABC01", "ABC02"], "{resource}");
}

#[test]
fn pages_the_interface_and_fhir_know_the_set() {
    let world = with_releases([0, 1, 2]);
    let served = Served::start(&world, &[]).warm();
    for (target, part) in [
        ("/?on=2025-06-01", "2025-04"),
        ("/toy?on=2025-06-01", "Outdoors"),
        ("/toy/chapter/A?on=2025-06-01", "ABC02"),
        ("/toy/BAB02?on=2025-06-01", "Deck of cards"),
        ("/search?q=cards&set=toy&on=2025-06-01", "BAB02"),
        ("/diff?set=toy&old=2025-01&new=2025-10", "ABC03"),
        (
            "/api/check?code=ABC02&on=2025-08-15",
            "\"verdict\": \"billable\"",
        ),
        ("/api/search?q=kite&code_set=toy&on=2025-06-01", "ABC01"),
        (
            "/fhir/r4/CodeSystem/$lookup?system=http://example.org/toy&code=ABC01&date=2025-06-01",
            "Kite, with tail",
        ),
        (
            "/fhir/r4/CodeSystem/$validate-code?url=http://example.org/toy&code=ABC02&date=2025-08-16",
            "\"valueBoolean\":false",
        ),
        (
            "/fhir/r4/ValueSet/$expand?url=http://example.org/toy?fhir_vs&date=2025-06-01&filter=cards",
            "BAB02",
        ),
        ("/fhir/r4/CodeSystem/toy-2025-04", "2025-09-30"),
        (
            "/fhir/r4/metadata?mode=terminology",
            "http://example.org/toy",
        ),
    ] {
        let reply = served.get(target);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        assert!(
            reply.text().contains(part),
            "{target}: {part:?} not in {}",
            reply.text()
        );
    }
}
