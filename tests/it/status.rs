//! `codeyear status`: whether a day is covered, and what is missing.

use codeyear::store::Store;
use serde_json::Value;

use crate::official::everything;
use crate::world::{World, official_releases};

fn status(world: &World, args: &[&str]) -> (i32, Value) {
    let mut all = vec!["status", "--format", "json"];
    all.extend(args);
    let run = world.run(&all);
    let json = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    (run.exit, json)
}

#[test]
fn without_a_database_nothing_is_covered_and_the_addresses_are_told() {
    let world = World::empty();
    let run = world.run(&["status", "--today", "2026-11-28"]);
    assert_eq!(run.exit, 1, "{run:?}");
    for line in [
        "ICD-10-CM on 2026-11-28: not covered; no release is loaded",
        "ICD-10-PCS on 2026-11-28: not covered; no release is loaded",
        "missing: FY2027 is not loaded: codeyear fetch FY2027 --code-set icd10pcs",
    ] {
        assert!(run.stdout.contains(line), "{run:?}");
    }
    assert!(run.stderr.contains("No release is loaded yet"), "{run:?}");
    assert!(!world.database().exists());
    let (exit, json) = status(&world, &["--today", "2026-11-28"]);
    assert_eq!((exit, &json["complete"]), (1, &Value::Bool(false)));
}

#[test]
fn the_sample_is_called_one() {
    let world = World::with_sample();
    let run = world.run(&["status", "--today", "2026-03-01", "--code-set", "icd10cm"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .starts_with("This database has the bundled sample"),
        "{run:?}"
    );
    assert!(
        run.stdout
            .contains("ICD-10-CM on 2026-03-01: covered by FY2026 through 2026-03-31"),
        "{run:?}"
    );
    // The newest release of the sample.
    let run = world.run(&["status", "--today", "2026-11-28", "--code-set", "icd10cm"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("ICD-10-CM on 2026-11-28: covered by FY2027 through 2027-09-30"),
        "{run:?}"
    );
    // The sample's last day is past.
    let run = world.run(&["status", "--today", "2027-10-01", "--code-set", "icd10cm"]);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stdout.contains("not covered"), "{run:?}");
}

#[test]
fn with_the_official_releases_status_tells_what_is_covered_and_what_is_missing() {
    let Some(releases) = official_releases("the status of a day") else {
        return;
    };
    let store: Store = everything(&releases);
    let world = World::empty();
    store
        .back_up(&world.database(), false, &mut |_, _| {})
        .unwrap();
    let day = |json: &Value, at: usize| json["days"][at].clone();
    let (exit, json) = status(&world, &["--today", "2026-11-28"]);
    assert_eq!(exit, 1);
    let (cm, pcs) = (day(&json, 0), day(&json, 1));
    assert_eq!(
        (&cm["covered"], &cm["release"]),
        (&true.into(), &"FY2027".into())
    );
    assert_eq!(cm["through"], "2027-09-30");
    assert_eq!(cm["possible_unknown"], Value::Null);
    assert_eq!(pcs["covered"], false);
    assert_eq!(pcs["latest_date"], "2026-09-30");
    assert_eq!(pcs["missing"][0]["release"], "FY2027");
    assert!(
        pcs["missing"][0]["urls"][0]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    let one = ["--today", "2026-11-28", "--code-set", "icd10cm"];
    assert_eq!(status(&world, &one).0, 0);
    // Past the newest update that is known.
    let (_, json) = status(&world, &["--today", "2027-04-02"]);
    let cm = day(&json, 0);
    assert_eq!(
        (&cm["covered"], &cm["release"]),
        (&true.into(), &"FY2027".into())
    );
    assert_eq!(cm["possible_unknown"], "FY2027-04");
    // Before an update that is known and not loaded.
    let (exit, json) = status(&world, &["--today", "2026-06-01", "--code-set", "icd10pcs"]);
    assert_eq!(exit, 1);
    let pcs = day(&json, 0);
    assert_eq!(
        (&pcs["covered"], &pcs["release"]),
        (&true.into(), &"FY2026".into())
    );
    assert_eq!(pcs["missing"][0]["release"], "FY2026-04");
}
