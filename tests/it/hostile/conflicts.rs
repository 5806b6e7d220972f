//! Code sets and releases stated wrongly, releases that come twice, the sample beside full releases.

use std::fs;

use super::{
    assert_refused, database_with_fy2030, holds_nothing, order_file, other_order_file,
    refused_as_stated, refused_in, rows, sample, taken, world,
};
use crate::world::{World, shown};

/// The import of a file as a release that it may not be.
const AS_FY2031: [&str; 5] = [
    "import",
    "--allow-incomplete",
    "order.txt",
    "--release",
    "FY2031",
];

#[test]
fn an_order_file_stated_as_another_code_set_is_refused() {
    refused_in(
        &[("order.txt", &order_file())],
        &["order.txt", "--release", "FY2031", "--code-set", "icd10pcs"],
        &["order.txt", "line 2", "ICD-10-PCS code"],
    );
}

#[test]
fn the_sample_stated_as_another_code_set_never_becomes_a_full_release() {
    // The sample holds codes XW0... only, which could be of either set by their letters.
    let bytes = sample("icd10pcs/FY2022-04/icd10pcs_order_2022.txt");
    refused_in(
        &[("order.txt", &bytes)],
        &["order.txt", "--release", "FY2031", "--code-set", "icd10cm"],
        &["order.txt"],
    );
}

#[test]
fn the_sample_stated_as_another_release_is_refused() {
    let world = World::empty();
    world.write("order.txt", sample("icd10cm/FY2026/icd10cm_order_2026.txt"));
    let run = world.run(&AS_FY2031);
    assert_refused(&run, &["order.txt", "FY2026"]);
}

#[test]
fn of_two_releases_of_the_sample_with_the_same_bytes_the_stated_one_is_taken() {
    for id in ["FY2026", "FY2026-04"] {
        let world = World::empty();
        world.write("order.txt", sample("icd10cm/FY2026/icd10cm_order_2026.txt"));
        let run = world.run(&["import", "--allow-incomplete", "order.txt"]);
        assert_refused(&run, &["FY2026 or FY2026-04", "--release FY2026"]);
        let run = taken(&world, &["order.txt", "--release", id]);
        assert!(run.stdout.contains(&format!("ICD-10-CM {id} ")), "{run:?}");
    }
}

#[test]
fn a_year_alone_does_not_tell_a_release_and_stating_it_does() {
    refused_in(
        &[("icd10cm_order_2027.txt", &order_file())],
        &["icd10cm_order_2027.txt"],
        &[
            "icd10cm_order_2027.txt",
            "FY2027 or FY2027-04",
            "--release FY2027",
        ],
    );
    let world = World::empty();
    world.write("icd10cm_order_2027.txt", order_file());
    for (id, release) in [("FY2027", "FY2027"), ("FY2027-04", "FY2027-04")] {
        let run = taken(
            &world,
            &[
                "icd10cm_order_2027.txt",
                "--release",
                id,
                "--db",
                &format!("{id}.db"),
            ],
        );
        assert!(
            run.stdout.contains(&format!("ICD-10-CM {release} ")),
            "{run:?}"
        );
    }
}

#[test]
fn a_renamed_order_file_is_taken_by_its_content() {
    for name in ["letter.doc", "README", "photo.jpg", "x.xml"] {
        let world = World::empty();
        world.write(name, order_file());
        taken(&world, &[name, "--release", "FY2031"]);
    }
}

#[test]
fn release_with_two_order_files_is_refused() {
    refused_in(
        &[
            ("a/order.txt", &order_file()),
            ("b/order.txt", &other_order_file()),
        ],
        &["a", "b", "--release", "FY2031"],
        &[
            "another file of this command",
            "order file of ICD-10-CM FY2031",
        ],
    );
}

#[test]
fn of_files_that_disagree_on_a_release_none_is_taken_in_any_order_of_the_arguments() {
    let contents = |paths: [&str; 3]| {
        let world = World::empty();
        world.write("a/icd10cm_order_2031.txt", order_file());
        world.write("b/icd10cm_order_2031.txt", other_order_file());
        world.write("c/icd10cm_order_2032.txt", order_file());
        let run = world.run(&["import", "--allow-incomplete", paths[0], paths[1], paths[2]]);
        assert_eq!(run.exit, 1, "{run:?}");
        for name in ["a/icd10cm_order_2031.txt", "b/icd10cm_order_2031.txt"] {
            let line = format!(
                "not imported: {}: another file of this command is the order file",
                shown(name)
            );
            assert!(run.stdout.contains(&line), "{run:?}");
        }
        let releases = world.store().releases().unwrap();
        assert_eq!(releases.len(), 1, "{run:?}");
        world.store().content_hash().unwrap()
    };
    let hash = contents(["a", "b", "c"]);
    for paths in [["b", "a", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
        assert_eq!(contents(paths), hash, "{paths:?}");
    }
}

#[test]
fn other_bytes_for_a_stored_release_are_refused_and_kept_beside_it_as_a_revision() {
    let world = World::empty();
    world.write("first.txt", order_file());
    world.write("second.txt", other_order_file());
    taken(&world, &["first.txt", "--release", "FY2030-04"]);
    let before = world.store().content_hash().unwrap();

    let run = world.run(&[
        "import",
        "--allow-incomplete",
        "second.txt",
        "--release",
        "FY2030-04",
    ]);
    assert_refused(
        &run,
        &["second.txt", "FY2030-04", "already stored", "--revision"],
    );
    assert_eq!(world.store().content_hash().unwrap(), before);

    let gone = rows()[rows().len() - 1][6..13].trim().to_owned();
    let day = ["--on", "2030-05-01"];
    assert_ne!(
        world.run(&["check", &gone, day[0], day[1]]).stdout,
        "",
        "the first answers"
    );
    let run = taken(
        &world,
        &["second.txt", "--release", "FY2030-04", "--revision"],
    );
    assert!(run.stdout.contains("FY2030-04-errata"), "{run:?}");
    let ids: Vec<String> = world
        .store()
        .releases()
        .unwrap()
        .iter()
        .map(|stored| stored.release.id.to_string())
        .collect();
    assert_eq!(ids, ["FY2030-04", "FY2030-04-errata"]);
    let run = world.run(&["check", &gone, day[0], day[1]]);
    assert!(
        run.stdout.contains("unknown"),
        "the newest answers: {run:?}"
    );
    let run = world.run(&["check", "A000", day[0], day[1]]);
    assert!(run.stdout.contains("source: FY2030-04-errata"), "{run:?}");

    // Both again, in either way of saying it, change nothing.
    let after = world.store().content_hash().unwrap();
    for (name, more) in [("first.txt", None), ("second.txt", Some("--revision"))] {
        let mut args = vec![name, "--release", "FY2030-04"];
        args.extend(more);
        let run = taken(&world, &args);
        assert!(run.stdout.contains("already stored"), "{run:?}");
    }
    assert_eq!(world.store().content_hash().unwrap(), after);
}

#[test]
fn a_revision_imported_first_or_last_gives_the_same_content() {
    let hash = |order: [(&str, &str); 2]| {
        let world = World::empty();
        world.write("first.txt", order_file());
        world.write("second.txt", other_order_file());
        for (name, id) in order {
            taken(&world, &[name, "--release", id]);
        }
        world.store().content_hash().unwrap()
    };
    let (first, second) = (
        ("first.txt", "FY2030-04"),
        ("second.txt", "FY2030-04-errata"),
    );
    assert_eq!(hash([first, second]), hash([second, first]));
}

#[test]
fn other_bytes_for_a_release_that_the_catalogue_knows_are_refused_with_both_counts() {
    let count = rows().len();
    refused_as_stated(
        &[("order.txt", &order_file())],
        &["order.txt", "--release", "FY2026"],
        &[
            "order.txt",
            "it looks cut off",
            &format!("it has {count} rows and FY2026 has 98186"),
        ],
    );
    refused_as_stated(
        &[("icd10cm-order-April-2025.txt", &order_file())],
        &["icd10cm-order-April-2025.txt"],
        &[&format!("it has {count} rows and FY2025-04 has")],
    );
}

#[test]
fn the_sample_and_full_releases_never_mix() {
    // Sample into full.
    let sample_file = sample("icd10cm/FY2022/icd10cm_order_2022.txt");
    let world = world();
    world.write("icd10cm_order_2022.txt", &sample_file);
    let run = world.run(&["import", "--allow-incomplete", "icd10cm_order_2022.txt"]);
    assert_refused(&run, &["codeyear.db", "sample", "full releases", "--db"]);
    assert!(fs::read(world.database()).unwrap() == database_with_fy2030());
    // Full into sample.
    let world = World::with_sample();
    let before = fs::read(world.database()).unwrap();
    world.write("order.txt", order_file());
    let run = world.run(&AS_FY2031);
    assert_refused(&run, &["codeyear.db", "sample", "--db"]);
    assert!(fs::read(world.database()).unwrap() == before);
    // Both at once.
    refused_both_at_once(&sample_file);
}

fn refused_both_at_once(sample_file: &[u8]) {
    let world = World::empty();
    world.write("a/icd10cm_order_2022.txt", sample_file);
    world.write("b/icd10cm-order-April-2031.txt", order_file());
    for paths in [["a", "b"], ["b", "a"]] {
        let run = world.run(&["import", "--allow-incomplete", paths[0], paths[1]]);
        assert_refused(&run, &["sample"]);
        assert!(holds_nothing(&world));
    }
}
