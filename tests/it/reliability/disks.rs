//! Out of space: a file that may not grow, a disk that is full.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{YEARS, hash, import_paths, leftovers, say_not_run, state, write_years};
use crate::world::{Run, World, is_on, official_releases};

#[test]
fn a_file_that_may_not_grow_leaves_the_database_as_it_was() {
    if !is_on("Unix") {
        return;
    }
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let world = World::empty();
    import_paths(&world.database(), &paths[..1]);
    let old = hash(&world.database());
    let mut refused = 0;
    // In blocks of 512 bytes or of 1024, as the shell has them.
    for blocks in [0, 1, 8, 64, 70, 100, 200, 300, 400] {
        let run = Run::from(
            Command::new("sh")
                .arg("-c")
                .arg(format!(
                    "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" import --allow-incomplete \"$@\" 2>&1"
                ))
                .arg(env!("CARGO_BIN_EXE_codeyear"))
                .args(&shown[1..])
                .env("CODEYEAR_DB", world.database())
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        );
        if run.exit == 0 {
            break;
        }
        refused += 1;
        assert_eq!(run.exit, 2, "{blocks}: {run:?}");
        for part in ["error: ", "codeyear.db", "\nhint: ", "disk"] {
            assert!(run.stdout.contains(part), "{blocks}: {part}: {run:?}");
        }
        assert_eq!(hash(&world.database()), old, "{blocks}");
        assert_eq!(leftovers(&world.database()), Vec::<PathBuf>::new());
    }
    assert!(refused >= 4, "only {refused} limits were too small");
    let mut args = vec!["import", "--allow-incomplete"];
    args.extend(shown.iter().map(String::as_str));
    let run = world.run(&args);
    assert_eq!(run.exit, 0, "{run:?}");
    let undisturbed = World::empty();
    import_paths(&undisturbed.database(), &paths);
    assert_eq!(hash(&world.database()), hash(&undisturbed.database()));
}

/// Runs a script with a small disk mounted on `$DISK`, in a mount namespace of its own. `None` where that
/// is not allowed.
fn on_a_small_disk(world: &World, kilobytes: u64, script: &str) -> Option<Run> {
    let disk = world.path("disk");
    fs::create_dir_all(&disk).unwrap();
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c"])
        .arg(format!(
            "mount -t tmpfs -o size={kilobytes}k tmpfs \"$DISK\" || exit 77\n{script}"
        ))
        .env("DISK", &disk)
        .env("PROGRAM", env!("CARGO_BIN_EXE_codeyear"))
        .env("CODEYEAR_DB", disk.join("codeyear.db"))
        .current_dir(world.folder())
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Some(Run::from(output)),
        Ok(output)
            if output.status.code() != Some(77) && !output.stderr.starts_with(b"unshare:") =>
        {
            panic!("{output:?}")
        }
        _ => {
            say_not_run("a small disk cannot be mounted here");
            None
        }
    }
}

/// Imports on a disk that is too small, asks, makes the disk larger, and imports again.
const FULL_DISK: &str = r#"
test -f base.db && cp base.db "$CODEYEAR_DB"
"$PROGRAM" import --allow-incomplete $ADDED >import.out 2>import.err; echo "import $?"
ls "$DISK" | tr '\n' ' '; echo
"$PROGRAM" releases --format json >before.json 2>before.err; echo "releases $?"
mount -o remount,size=400m "$DISK" || exit 77
"$PROGRAM" import --allow-incomplete $ADDED >again.out 2>again.err; echo "again $?"
ls "$DISK" | tr '\n' ' '; echo
cp "$CODEYEAR_DB" after.db
"#;

fn a_full_disk(base: &[PathBuf], added: &[PathBuf], room: &[u64]) {
    let undisturbed = World::empty();
    if !base.is_empty() {
        import_paths(&undisturbed.database(), base);
    }
    let base_bytes = fs::read(undisturbed.database()).unwrap_or_default();
    let old = state(&undisturbed.database());
    import_paths(&undisturbed.database(), added);
    let new = hash(&undisturbed.database());
    let added: Vec<String> = added
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let mut refused = 0;
    for kilobytes in room {
        let world = World::empty();
        if !base.is_empty() {
            world.write("base.db", &base_bytes);
        }
        let kilobytes = base_bytes.len() as u64 / 1024 + kilobytes;
        let script = format!("ADDED='{}'\n{FULL_DISK}", added.join(" "));
        let Some(run) = on_a_small_disk(&world, kilobytes, &script) else {
            return;
        };
        let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
        let told: Vec<&str> = run.stdout.lines().map(str::trim).collect();
        if told[0] == "import 0" {
            continue;
        }
        refused += 1;
        let error = read("import.err");
        assert_eq!(told[0], "import 2", "{kilobytes} KB: {run:?} {error}");
        assert!(error.starts_with("error: "), "{error}");
        assert!(
            error.contains("codeyear.db") && error.contains("disk"),
            "{error}"
        );
        assert!(error.contains("\nhint: "), "{error}");
        // SQLite's own log may stay where there is no room to read it; whoever opens the database next
        // with room for it takes it away.
        for name in told[1].split(' ').filter(|name| !name.is_empty()) {
            let own = ["codeyear.db", "codeyear.db-wal", "codeyear.db-shm"];
            assert!(own.contains(&name), "{kilobytes} KB: left behind: {name}");
        }
        // Without room for SQLite's index of the log a question may fail; it is never answered wrongly.
        let before = read("before.json");
        assert!(!before.contains(&new), "{before}");
        match &old {
            Some(old) if told[2] == "releases 0" => assert!(before.contains(old), "{before}"),
            Some(_) => assert_eq!(told[2], "releases 2", "{run:?}"),
            None => {}
        }
        assert_eq!(told[3], "again 0", "{}", read("again.err"));
        assert_eq!(told[4], "codeyear.db");
        assert_eq!(hash(&world.path("after.db")), new);
    }
    assert!(refused >= 2, "only {refused} disks were too small");
}

#[test]
fn a_full_disk_leaves_the_database_as_it_was() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    a_full_disk(&paths[..1], &paths[1..], &[0, 8, 40, 72, 100, 160, 240]);
}

#[test]
fn a_full_disk_at_the_first_import_leaves_nothing_in_the_way() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    a_full_disk(&[], &paths, &[4, 16, 60, 120, 200, 300]);
}

#[test]
fn a_full_disk_during_an_official_import_leaves_the_database_as_it_was() {
    let Some(folder) =
        official_releases("a_full_disk_during_an_official_import_leaves_the_database_as_it_was")
    else {
        return;
    };
    a_full_disk(
        &[folder.join("icd10cm/icd10cm-FY2025.zip")],
        &[folder.join("icd10pcs/icd10pcs-FY2025.zip")],
        &[64, 4096],
    );
}
