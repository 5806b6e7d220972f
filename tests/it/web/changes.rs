//! What is imported while the server runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Served;
use crate::reliability::{
    Sandbox, YEARS, chmod, hash, import_paths, world_with_one_year, write_years,
};
use crate::world::{World, is_on};

fn releases(served: &Served) -> usize {
    let overview = served.get("/api/releases?code_set=icd10cm").json();
    let lines = overview["releases"].as_array().unwrap();
    lines
        .iter()
        .filter(|line| line["status"] == "loaded")
        .count()
}

#[test]
fn an_import_is_seen_without_a_restart() {
    let world = World::empty();
    let paths = write_years(&world, &YEARS);
    import_paths(&world.database(), &paths[..2]);
    let served = Served::start(&world, &[]).warm();
    assert_eq!(releases(&served), 2);
    let target = "/api/check?code=C7B.00&on=2032-03-01";
    let before = served.get(target);
    assert_eq!(before.json()["answers"][0]["verdict"], "not-covered");
    import_paths(&world.database(), &paths[2..3]);
    let after = served.wait_for(target, |reply| {
        reply.json()["answers"][0]["verdict"] != "not-covered"
    });
    assert_eq!(after.json()["answers"][0]["release"], "FY2032");
    assert_ne!(before.header("etag"), after.header("etag"));
    assert_eq!(releases(&served), 3);
    let health = served.get("/healthz");
    assert!(
        health.text().contains(&hash(&world.database())),
        "{health:?}"
    );
}

#[test]
fn a_proof_that_is_made_meanwhile_is_told() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    let target = "/api/releases";
    let before = served.get(target);
    let tag = before.header("etag").unwrap().to_owned();
    assert_eq!(
        served.get_with(target, &[("if-none-match", &tag)]).status,
        304
    );
    let run = world.run(&["verify"]);
    assert_ne!(run.exit, 2, "{run:?}");
    let after = served.wait_for(target, |reply| reply.body != before.body);
    assert_ne!(after.header("etag"), Some(tag.as_str()));
    assert_eq!(
        served.get_with(target, &[("if-none-match", &tag)]).status,
        200
    );
    assert_eq!(
        after.text(),
        world.run(&["releases", "--format", "json"]).stdout
    );
}

#[test]
fn a_half_import_is_never_seen() {
    let world = World::empty();
    let paths = write_years(&world, &YEARS);
    import_paths(&world.database(), &paths[..1]);
    let served = Served::start(&world, &[]).warm();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        // Each release of its year, and the same answer from the index and from the database.
                        let listed = releases(&served);
                        let history = served.get("/api/history?code=C7B.00").json();
                        let last =
                            history["spans"].as_array().unwrap().last().unwrap()["last_release"]
                                .clone();
                        seen.push((listed, last.as_str().unwrap().to_owned()));
                    }
                    seen
                })
            })
            .collect();
        for path in &paths[1..] {
            import_paths(&world.database(), std::slice::from_ref(path));
            std::thread::sleep(Duration::from_millis(120));
        }
        let all = format!("FY20{}", 29 + YEARS.len());
        served.wait_for("/api/history?code=C7B.00", |reply| {
            reply.text().contains(&all)
        });
        stop.store(true, Ordering::Relaxed);
        for asking in asking {
            let seen = asking.join().unwrap();
            let counts: Vec<usize> = seen.iter().map(|(count, _)| *count).collect();
            assert!(counts.is_sorted(), "no answer goes back: {counts:?}");
            assert!(
                counts.iter().all(|count| (1..=YEARS.len()).contains(count)),
                "{counts:?}"
            );
        }
    });
    assert_eq!(releases(&served), YEARS.len());
}

#[test]
fn a_database_that_is_put_in_the_place_of_another_is_taken_up() {
    // Windows lets no file be replaced that is open.
    if !is_on("Unix") {
        return;
    }
    let world = World::empty();
    let paths = write_years(&world, &YEARS);
    import_paths(&world.database(), &paths[..1]);
    let other = World::empty();
    import_paths(&other.database(), &paths);
    let served = Served::start(&world, &[]).warm();
    assert_eq!(releases(&served), 1);
    // On one disk, so that it takes the place at once; whoever reads the old file reads it on.
    let beside = world.path("new.db");
    std::fs::copy(other.database(), &beside).unwrap();
    std::fs::rename(&beside, world.database()).unwrap();
    served.wait_for("/api/releases?code_set=icd10cm", |reply| {
        let overview = reply.json();
        let lines = overview["releases"].as_array().unwrap().clone();
        lines
            .iter()
            .filter(|line| line["status"] == "loaded")
            .count()
            == YEARS.len()
    });
    // Nothing there is no reason to forget what is known.
    std::fs::remove_file(world.database()).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(releases(&served), YEARS.len());
}

#[test]
fn a_folder_that_cannot_be_written_to_is_served_and_what_is_put_there_is_taken_up() {
    let world = world_with_one_year();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    let served = Served::by(&mut sandbox.command(&["serve", "--listen", "127.0.0.1:0"])).warm();
    assert_eq!(releases(&served), 1);
    let target = "/api/show?code=C7B&on=2030-03-01";
    assert_eq!(served.get(target).status, 200);

    // Someone with more rights puts another database in its place.
    let other = World::empty();
    let paths = write_years(&other, &YEARS);
    import_paths(&other.database(), &paths);
    let data = sandbox.database().parent().unwrap().to_owned();
    chmod(&data, "755");
    let beside = data.join("new.db");
    std::fs::copy(other.database(), &beside).unwrap();
    chmod(&beside, "444");
    std::fs::rename(&beside, sandbox.database()).unwrap();
    chmod(&data, "555");
    served.wait_for("/healthz", |reply| {
        reply.text().contains(&hash(&other.database()))
    });
    assert_eq!(releases(&served), YEARS.len());
    assert_eq!(served.get(target).status, 200);
}

#[test]
fn an_import_by_someone_with_more_rights_is_seen_from_a_folder_that_cannot_be_written_to() {
    let world = world_with_one_year();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    let served = Served::by(&mut sandbox.command(&["serve", "--listen", "127.0.0.1:0"])).warm();
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let data = sandbox.database().parent().unwrap().to_owned();
    for (at, path) in paths.iter().enumerate().skip(1) {
        chmod(&data, "755");
        chmod(&sandbox.database(), "644");
        import_paths(&sandbox.database(), std::slice::from_ref(path));
        chmod(&data, "555");
        let all = hash(&sandbox.database());
        // While the file changes beneath it a question may have to be asked again, and never gets a wrong answer.
        let reply = served.get("/api/history?code=C7B.00");
        assert!(matches!(reply.status, 200 | 503), "{reply:?}");
        served.wait_for("/healthz", |reply| reply.text().contains(&all));
        assert_eq!(releases(&served), at + 1);
    }
}
