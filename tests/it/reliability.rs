//! Killed, crowded, out of space, without permission: the old state or the new one, never a third.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use codeyear::ErrorKind;
use codeyear::ingest::{ImportOptions, import};
use codeyear::store::Store;

use crate::world::{Run, World, official_releases, options};

// ---------------------------------------------------------------------------------------------
// Releases made of the sample's rows.

/// The rows of a file of the sample, but for some last ones, so that no one knows the bytes.
fn made_up(path: &str, dropped: usize) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample");
    let text = fs::read_to_string(folder.join(path)).unwrap();
    let rows: Vec<&str> = text.split_inclusive('\n').collect();
    rows[..rows.len() - dropped].concat().into_bytes()
}

/// Made-up releases of several years, each with other rows.
const YEARS: [(&str, &str); 6] = [
    ("FY2030", "icd10cm/FY2016/icd10cm_order_2016.txt"),
    ("FY2031", "icd10cm/FY2020/icd10cm_order_2020.txt"),
    ("FY2032", "icd10cm/FY2022/icd10cm_order_2022.txt"),
    ("FY2033", "icd10cm/FY2024/icd10cm-order-2024.txt"),
    ("FY2034", "icd10cm/FY2025/icd10cm_order_2025.txt"),
    ("FY2035", "icd10cm/FY2026/icd10cm_order_2026.txt"),
];

/// Writes the made-up releases as files whose names tell them.
fn write_years(world: &World, years: &[(&str, &str)]) -> Vec<PathBuf> {
    years
        .iter()
        .map(|(id, path)| world.write(&format!("in/icd10cm-{id}.txt"), made_up(path, 1)))
        .collect()
}

fn import_paths(database: &Path, paths: &[PathBuf]) {
    let mut store = Store::open_or_create(database).unwrap();
    import(&mut store, paths, &options(), &mut |_| {}).unwrap();
}

fn hash(database: &Path) -> String {
    Store::open(database).unwrap().content_hash().unwrap()
}

/// The content hash, or nothing if there is no database or no release in it.
fn state(database: &Path) -> Option<String> {
    match Store::open(database) {
        Ok(store) => Some(store.content_hash().unwrap()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            None
        }
    }
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(end);
    PathBuf::from(path)
}

/// What lies in the database's folder beside it.
fn leftovers(database: &Path) -> Vec<PathBuf> {
    ["-wal", "-shm", "-journal"]
        .iter()
        .map(|end| beside(database, end))
        .filter(|path| path.exists())
        .collect()
}

fn assert_refused(run: &Run, parts: &[&str]) {
    assert_eq!(run.exit, 2, "{run:?}");
    for part in parts {
        assert!(run.stderr.contains(part), "expected {part:?} in {run:?}");
    }
    assert!(
        run.stderr.contains("\nhint: "),
        "expected a hint in {run:?}"
    );
    assert!(!run.stderr.contains("panicked"), "{run:?}");
}

fn spawn(world: &World, args: &[&str]) -> Child {
    world
        .command(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(child: Child) -> Run {
    Run::from(child.wait_with_output().unwrap())
}

// ---------------------------------------------------------------------------------------------
// Killed.

/// Kills an import at twenty moments spread over its run time. After each the database answers as before
/// (or, if the import had just ended, as after it); repeated, it gives what an undisturbed import gives.
fn kill_at_twenty_moments(base: &[PathBuf], added: &[PathBuf], questions: &[&str]) {
    let world = World::empty();
    let database = world.database();
    if !base.is_empty() {
        import_paths(&database, base);
    }
    let pristine = world.path("pristine.db");
    if database.exists() {
        fs::copy(&database, &pristine).unwrap();
    }
    let old = state(&database);
    let ask = || {
        let mut args = vec!["check"];
        args.extend(questions);
        world.run(&args)
    };
    let old_answer = ask();

    let mut args = vec!["import"];
    let paths: Vec<String> = added
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    args.extend(paths.iter().map(String::as_str));
    let start = Instant::now();
    let run = world.run(&args);
    let whole = start.elapsed();
    assert_eq!(run.exit, 0, "{run:?}");
    let new = state(&database);
    let new_answer = ask();
    assert_ne!(old, new);
    assert_ne!(old_answer.stdout, new_answer.stdout, "the question tells");

    let mut killed = 0;
    for moment in 1..=20 {
        // Every fourth time from the start; else upon what the last kill left.
        if moment % 4 == 1 || state(&database) == new {
            for path in leftovers(&database) {
                fs::remove_file(path).unwrap();
            }
            if pristine.exists() {
                fs::copy(&pristine, &database).unwrap();
            } else {
                fs::remove_file(&database).unwrap();
            }
        }
        let mut child = spawn(&world, &args);
        std::thread::sleep(whole * moment / 20);
        let had_ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        let ended = end(child);
        let answer = ask();
        let found = state(&database);
        if had_ended {
            assert_eq!(ended.exit, 0, "{ended:?}");
            assert_eq!(found, new);
        } else {
            killed += 1;
            assert!(
                found == old || found == new,
                "moment {moment}: a third state"
            );
        }
        if found == old {
            assert_eq!(answer.stdout, old_answer.stdout, "moment {moment}");
            assert_eq!(answer.exit, old_answer.exit);
        } else {
            assert_eq!(answer.stdout, new_answer.stdout, "moment {moment}");
        }
        if moment % 5 == 0 {
            let run = world.run(&args);
            assert_eq!(run.exit, 0, "moment {moment}: {run:?}");
            assert_eq!(state(&database), new, "moment {moment}");
            assert_eq!(ask().stdout, new_answer.stdout);
            assert_eq!(leftovers(&database), Vec::<PathBuf>::new());
        }
    }
    assert!(killed >= 5, "only {killed} of 20 were killed in time");
    let verify = world.run(&["verify"]);
    assert_eq!(verify.exit, 0, "{verify:?}");
}

#[test]
fn an_import_that_is_killed_leaves_the_old_state_and_can_be_repeated() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    kill_at_twenty_moments(
        &paths[..1],
        &paths[1..],
        &["A000", "C7B", "--on", "2032-11-01"],
    );
}

#[test]
fn a_first_import_that_is_killed_leaves_nothing_and_can_be_repeated() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    kill_at_twenty_moments(&[], &paths, &["A000", "C7B", "--on", "2032-11-01"]);
}

#[test]
fn an_import_of_official_releases_that_is_killed_leaves_the_old_state() {
    let Some(folder) =
        official_releases("an_import_of_official_releases_that_is_killed_leaves_the_old_state")
    else {
        return;
    };
    kill_at_twenty_moments(
        &[folder.join("icd10cm/icd10cm-FY2025.zip")],
        &[folder.join("icd10cm/icd10cm-FY2026.zip")],
        &["G35A", "--on", "2025-11-01"],
    );
}

/// Makes what a killed import leaves: a database whose newest release is in the log alone. Gives the
/// content hash with that release.
fn leave_a_log(world: &World, with_index: bool) -> String {
    let source = World::empty();
    let paths = write_years(&source, &YEARS);
    import_paths(&source.database(), &paths[..1]);
    // A reader that stays keeps the log from being emptied.
    let reader = rusqlite::Connection::open(source.database()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM release")
        .unwrap();
    import_paths(&source.database(), &paths[1..2]);
    let new = hash(&source.database());
    for end in ["", "-wal", "-shm"] {
        if end != "-shm" || with_index {
            let from = beside(&source.database(), end);
            fs::copy(from, beside(&world.database(), end)).unwrap();
        }
    }
    assert!(
        fs::metadata(beside(&world.database(), "-wal"))
            .unwrap()
            .len()
            > 0
    );
    new
}

const IN_THE_LOG: [&str; 4] = ["check", "A000", "--on", "2030-11-01"];

#[test]
fn a_log_that_a_killed_import_left_is_read_by_the_next_reader() {
    for with_index in [true, false] {
        let world = World::empty();
        let new = leave_a_log(&world, with_index);
        let run = world.run(&IN_THE_LOG);
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(run.stdout.contains("rests on FY2031"), "{run:?}");
        assert_eq!(hash(&world.database()), new);
        assert_eq!(leftovers(&world.database()), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_log_in_a_folder_that_may_not_be_written_is_read_or_refused_and_never_ignored() {
    for with_index in [true, false] {
        let world = World::empty();
        leave_a_log(&world, with_index);
        let Some(sandbox) = Sandbox::read_only(&world) else {
            return;
        };
        let run = sandbox.run(&IN_THE_LOG);
        if run.exit == 0 {
            assert!(run.stdout.contains("rests on FY2031"), "{run:?}");
        } else {
            assert_refused(&run, &["codeyear.db"]);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Crowded.

#[test]
fn two_imports_at_once_both_end_well() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let undisturbed = World::empty();
    import_paths(&undisturbed.database(), &paths);
    let expected = hash(&undisturbed.database());
    let one = ["import", &shown[0], &shown[2], &shown[4]];
    let two = ["import", &shown[1], &shown[3], &shown[5]];
    for round in 0..16 {
        let world = World::empty();
        // Into no database, and into one with a release.
        if round % 4 == 3 {
            import_paths(&world.database(), &paths[..1]);
        }
        let children = [spawn(&world, &one), spawn(&world, &two)];
        for (child, args) in children.into_iter().zip([one, two]) {
            let run = end(child);
            if run.exit != 0 {
                assert_refused(&run, &["another program is writing"]);
                let again = world.run(&args);
                assert_eq!(again.exit, 0, "{again:?}");
            }
        }
        assert_eq!(hash(&world.database()), expected, "round {round}");
        assert_eq!(leftovers(&world.database()), Vec::<PathBuf>::new());
    }
}

#[test]
fn the_same_import_twice_at_once_is_stored_once() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS[..3]);
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let args = ["import", &shown[0], &shown[1], &shown[2]];
    for _ in 0..4 {
        let world = World::empty();
        let children = [spawn(&world, &args), spawn(&world, &args)];
        let runs = children.map(end);
        assert!(runs.iter().any(|run| run.exit == 0), "{runs:?}");
        let told: Vec<bool> = runs
            .iter()
            .map(|run| run.stdout.contains("nothing new"))
            .collect();
        if runs.iter().all(|run| run.exit == 0) {
            assert_eq!(told.iter().filter(|told| **told).count(), 1, "{runs:?}");
        }
        assert_eq!(world.store().releases().unwrap().len(), 3);
    }
}

#[test]
fn a_first_import_that_fails_never_takes_away_what_another_one_stored() {
    // Both find no database; one has a good file and one a broken file.
    for round in 0..20 {
        let world = World::empty();
        write_years(&world, &YEARS[..2]);
        let broken = String::from_utf8(made_up(YEARS[2].1, 1))
            .unwrap()
            .replacen("00009 ", "00010 ", 1);
        world.write("bad/icd10cm-FY2032.txt", broken);
        let (good, bad) = if round % 2 == 0 {
            let bad = spawn(&world, &["import", "bad"]);
            (spawn(&world, &["import", "in"]), bad)
        } else {
            let good = spawn(&world, &["import", "in"]);
            (good, spawn(&world, &["import", "bad"]))
        };
        let (good, bad) = (end(good), end(bad));
        assert_eq!(bad.exit, 2, "{bad:?}");
        if good.exit == 0 {
            assert!(
                world.database().exists(),
                "round {round}: stored and gone again: {good:?}"
            );
            assert_eq!(world.store().releases().unwrap().len(), 2, "round {round}");
        } else {
            assert_refused(&good, &["another program is writing"]);
        }
    }
}

#[test]
fn a_reader_during_an_import_gets_the_old_state_or_the_new_one() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let world = World::empty();
    import_paths(&world.database(), &paths[..1]);
    let old = hash(&world.database());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = Vec::new();
            loop {
                let last = done.load(Ordering::SeqCst);
                let run = world.run(&["check", "A000", "C7B", "--on", "2032-11-01"]);
                seen.push((hash(&world.database()), run));
                if last {
                    return seen;
                }
            }
        });
        import_paths(&world.database(), &paths[1..]);
        done.store(true, Ordering::SeqCst);
        let new = hash(&world.database());
        let seen = reader.join().unwrap();
        assert!(seen.iter().all(|(hash, _)| *hash == old || *hash == new));
        assert_eq!(seen.last().unwrap().0, new);
        let first_new = seen.iter().position(|(hash, _)| *hash == new).unwrap();
        assert!(
            seen[first_new..].iter().all(|(hash, _)| *hash == new),
            "the old state came back"
        );
        let answers: std::collections::BTreeSet<&str> =
            seen.iter().map(|(_, run)| run.stdout.as_str()).collect();
        assert!(answers.len() <= 2, "a third answer: {answers:?}");
        assert!(
            seen.iter().all(|(_, run)| run.stderr.is_empty()),
            "{seen:?}"
        );
    });
}

#[test]
fn one_answer_rests_on_one_state_though_an_import_ends_meanwhile() {
    let files = World::empty();
    let paths = write_years(&files, &YEARS);
    let lines = "A000\n".repeat(20_000);
    let base = World::empty();
    import_paths(&base.database(), &paths[..1]);
    for round in 1..=3 {
        let world = World::empty();
        fs::copy(base.database(), world.database()).unwrap();
        world.write("codes.txt", &lines);
        let child = world
            .command(&["check", "-", "--on", "2030-11-01", "--format", "json"])
            .stdin(fs::File::open(world.path("codes.txt")).unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100 * round));
        import_paths(&world.database(), &paths[1..2]);
        let run = end(child);
        let covered = run.stdout.matches("\"billable\"").count() > 0;
        let not_covered = run.stdout.matches("\"not-covered\"").count();
        assert!(
            !covered || not_covered == 0,
            "round {round}: {not_covered} of 20000 lines of one answer are of the state before"
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Out of space.

#[test]
fn a_file_that_may_not_grow_leaves_the_database_as_it_was() {
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
                    "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" import \"$@\" 2>&1"
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
    let mut args = vec!["import"];
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

fn say_not_run(why: &str) {
    // Written past the test runner, which hides what a passing test prints.
    let text = format!("\nNOT RUN: {why}\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

/// Imports on a disk that is too small, asks, makes the disk larger, and imports again.
const FULL_DISK: &str = r#"
test -f base.db && cp base.db "$CODEYEAR_DB"
"$PROGRAM" import $ADDED >import.out 2>import.err; echo "import $?"
ls "$DISK" | tr '\n' ' '; echo
"$PROGRAM" releases --format json >before.json 2>before.err; echo "releases $?"
mount -o remount,size=400m "$DISK" || exit 77
"$PROGRAM" import $ADDED >again.out 2>again.err; echo "again $?"
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

// ---------------------------------------------------------------------------------------------
// Without permission.

/// A copy of a world's database in a folder where the program runs as a user without rights.
struct Sandbox {
    folder: tempfile::TempDir,
    program: PathBuf,
    as_root: bool,
}

impl Sandbox {
    /// Neither the folder nor the files in it may be written.
    fn read_only(world: &World) -> Option<Sandbox> {
        Sandbox::with_modes(world, "555", "444")
    }

    fn with_modes(world: &World, folder_mode: &str, file_mode: &str) -> Option<Sandbox> {
        let folder = tempfile::tempdir().unwrap();
        chmod(folder.path(), "755");
        let program = folder.path().join("codeyear");
        fs::hard_link(env!("CARGO_BIN_EXE_codeyear"), &program)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_codeyear"), &program).map(drop))
            .unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        for end in ["", "-wal", "-shm"] {
            let from = beside(&world.database(), end);
            let to = beside(&data.join("codeyear.db"), end);
            if from.exists() {
                fs::copy(from, &to).unwrap();
                chmod(&to, file_mode);
            }
        }
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        chmod(&open, "777");
        for (id, path) in YEARS {
            let file = open.join(format!("icd10cm-{id}.txt"));
            fs::write(&file, made_up(path, 1)).unwrap();
            chmod(&file, "644");
        }
        chmod(&data, folder_mode);
        let sandbox = Sandbox {
            folder,
            program,
            as_root: is_root(),
        };
        let works = sandbox
            .command(&["--version"])
            .output()
            .is_ok_and(|output| output.status.success());
        if !works {
            say_not_run("no other user can be become here");
        }
        works.then_some(sandbox)
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("data/codeyear.db")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = if self.as_root {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        command
            .args(args)
            .current_dir(self.folder.path().join("open"))
            .env("HOME", self.folder.path().join("open"))
            .env("CODEYEAR_DB", self.database())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::from(self.command(args).output().unwrap())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // So that the folder can be removed.
        chmod(&self.folder.path().join("data"), "755");
    }
}

fn chmod(path: &Path, mode: &str) {
    let status = Command::new("chmod").arg(mode).arg(path).status().unwrap();
    assert!(status.success());
}

fn world_with_one_year() -> World {
    let world = World::empty();
    let paths = write_years(&world, &YEARS[..1]);
    import_paths(&world.database(), &paths);
    world
}

#[test]
fn every_question_is_answered_from_a_folder_that_may_not_be_written() {
    let world = world_with_one_year();
    let before = fs::read(world.database()).unwrap();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    for args in [
        &["check", "A000", "--on", "2029-11-01"][..],
        &["history", "A000"],
        &["releases"],
        &["diff", "FY2030", "FY2030"],
    ] {
        let run = sandbox.run(args);
        let expected = world.run(args);
        assert_eq!(run.exit, 0, "{args:?}: {run:?}");
        assert_eq!(run.stdout, expected.stdout);
    }
    assert_eq!(leftovers(&sandbox.database()), Vec::<PathBuf>::new());
    assert!(fs::read(sandbox.database()).unwrap() == before);
}

#[test]
fn an_import_into_what_may_not_be_written_is_refused() {
    let world = world_with_one_year();
    for (folder_mode, file_mode) in [("555", "444"), ("555", "666"), ("777", "444")] {
        let Some(sandbox) = Sandbox::with_modes(&world, folder_mode, file_mode) else {
            return;
        };
        let run = sandbox.run(&["import", "icd10cm-FY2031.txt"]);
        assert_refused(&run, &["codeyear.db"]);
        assert!(
            run.stderr.contains("read-only") || run.stderr.contains("cannot be opened"),
            "{folder_mode} {file_mode}: {run:?}"
        );
        assert!(run.stderr.contains("permission"), "{run:?}");
        let copy = World::empty();
        fs::copy(sandbox.database(), copy.database()).unwrap();
        assert_eq!(hash(&copy.database()), hash(&world.database()));
        let run = sandbox.run(&["check", "A000", "--on", "2029-11-01"]);
        assert_eq!(run.exit, 0, "{folder_mode} {file_mode}: {run:?}");
    }
}

#[test]
fn an_import_into_a_new_file_of_a_folder_that_may_not_be_written_is_refused() {
    let world = world_with_one_year();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    for name in ["new.db", "new/folder/new.db"] {
        let database = sandbox.folder.path().join("data").join(name);
        let shown = database.display().to_string();
        let run = sandbox.run(&["import", "icd10cm-FY2031.txt", "--db", &shown]);
        assert_refused(&run, &["new"]);
        assert!(!database.exists());
    }
}

#[test]
fn a_file_that_may_not_be_read_is_refused() {
    let world = world_with_one_year();
    let Some(sandbox) = Sandbox::with_modes(&world, "555", "400") else {
        return;
    };
    if sandbox.as_root {
        assert_refused(
            &sandbox.run(&["check", "A000"]),
            &["codeyear.db", "cannot be opened"],
        );
    }
    let secret = sandbox.folder.path().join("open/icd10cm-FY2031.txt");
    chmod(&secret, "000");
    let run = sandbox.run(&["import", "icd10cm-FY2031.txt", "--db", "own.db"]);
    assert_refused(&run, &["icd10cm-FY2031.txt", "ermission"]);
}

#[test]
fn verify_without_permission_to_write_says_so() {
    let world = world_with_one_year();
    let Some(sandbox) = Sandbox::read_only(&world) else {
        return;
    };
    let run = sandbox.run(&["verify"]);
    if run.exit != 0 {
        assert_refused(&run, &["codeyear.db", "read-only"]);
    }
}

// ---------------------------------------------------------------------------------------------
// What is no database.

/// Runs every kind of verb on a path that is no database of this program, and checks that the path is as
/// it was.
fn refused_as_a_database(world: &World, parts: &[&str]) {
    let database = world.database();
    let before = fs::read(&database).ok();
    write_years(world, &YEARS[..1]);
    for args in [
        &["check", "A000"][..],
        &["history", "A000"],
        &["diff", "FY2025", "FY2026"],
        &["verify"],
        &["import", "in"],
    ] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db"]);
        assert_eq!(run.stdout, "");
        for part in parts {
            assert!(run.stderr.contains(part), "{args:?}: {part:?} in {run:?}");
        }
        assert!(fs::read(&database).ok() == before, "{args:?} touched it");
        assert_eq!(leftovers(&database), Vec::<PathBuf>::new(), "{args:?}");
    }
}

#[test]
fn a_database_of_a_newer_schema_is_refused() {
    let world = world_with_one_year();
    let connection = rusqlite::Connection::open(world.database()).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    drop(connection);
    refused_as_a_database(&world, &["schema version 999", "update"]);
}

#[test]
fn a_sqlite_file_of_another_program_is_refused() {
    for sql in [
        "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept')",
        "PRAGMA user_version = 1; CREATE TABLE release (id INTEGER)",
        "PRAGMA application_id = 7",
    ] {
        let world = World::empty();
        let connection = rusqlite::Connection::open(world.database()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        refused_as_a_database(&world, &["not made by codeyear"]);
    }
}

#[test]
fn a_text_file_is_refused_as_a_database() {
    for text in ["x", "just a text\n", &"a longer text\n".repeat(1000)] {
        let world = World::empty();
        world.write("codeyear.db", text);
        refused_as_a_database(&world, &["not a database", "--db"]);
    }
}

#[test]
fn a_damaged_database_is_refused() {
    let world = world_with_one_year();
    let mut bytes = fs::read(world.database()).unwrap();
    let length = bytes.len();
    for byte in &mut bytes[4096..length] {
        *byte = 0x5a;
    }
    world.write("codeyear.db", bytes);
    for args in [&["check", "A000"][..], &["import", "in"]] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db", "damaged"]);
    }
}

#[test]
fn a_database_that_is_cut_off_is_refused() {
    let world = world_with_one_year();
    let bytes = fs::read(world.database()).unwrap();
    for kept in [100, 4096, bytes.len() / 2] {
        world.write("codeyear.db", &bytes[..kept]);
        let run = world.run(&["check", "A000", "--on", "2029-11-01"]);
        assert_refused(&run, &["codeyear.db"]);
    }
}

#[test]
fn a_folder_is_refused_as_a_database() {
    let world = World::empty();
    fs::create_dir(world.database()).unwrap();
    refused_as_a_database(&world, &["cannot be opened", "path"]);
}

#[test]
fn an_empty_file_is_an_empty_database() {
    let world = World::empty();
    world.write("codeyear.db", "");
    for args in [&["check", "A000"][..], &["history", "A000"], &["verify"]] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db", "empty", "import"]);
        assert_eq!(fs::metadata(world.database()).unwrap().len(), 0);
    }
    write_years(&world, &YEARS[..1]);
    let run = world.run(&["import", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn a_database_that_is_not_there_is_told_and_not_made() {
    let world = World::empty();
    for args in [
        &["check", "A000"][..],
        &["history", "A000"],
        &["diff", "FY2025", "FY2026"],
        &["verify"],
    ] {
        let run = world.run(args);
        assert_refused(&run, &["codeyear.db", "no database", "import"]);
    }
    assert_eq!(world.run(&["releases"]).exit, 0);
    assert!(!world.database().exists());
}

#[test]
fn a_database_in_a_folder_that_does_not_exist_is_made() {
    let world = World::empty();
    write_years(&world, &YEARS[..1]);
    let run = world.run(&["import", "in", "--db", "a/b/c/codes.db"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let run = world.run(&[
        "check",
        "A000",
        "--on",
        "2029-11-01",
        "--db",
        "a/b/c/codes.db",
    ]);
    assert_eq!(run.exit, 0, "{run:?}");
}

#[test]
fn a_database_path_that_is_none_is_refused_and_nothing_is_lost() {
    let world = World::empty();
    write_years(&world, &YEARS[..1]);
    for path in ["", ":memory:"] {
        let run = world.run(&["import", "in", "--db", path]);
        // An import that says that it is stored must be found again.
        if run.exit == 0 {
            let run = world.run(&["check", "A000", "--on", "2029-11-01", "--db", path]);
            assert_eq!(run.exit, 0, "{path:?}: imported and lost: {run:?}");
        }
    }
}

#[test]
fn a_database_path_with_odd_characters_is_one_file() {
    for name in [
        "with blank.db",
        "quer?y=1#x.db",
        "50%25.db",
        "file:name.db",
        "é.db",
    ] {
        let world = World::empty();
        write_years(&world, &YEARS[..1]);
        let path = world.path(name);
        let shown = path.display().to_string();
        let run = world.run(&["import", "in", "--db", &shown]);
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(path.exists());
        let run = world.run(&["check", "A000", "--on", "2029-11-01", "--db", &shown]);
        assert_eq!(run.exit, 0, "{name}: {run:?}");
        // And where it may not be written.
        let copy = World::empty();
        fs::copy(&path, copy.database()).unwrap();
        let Some(sandbox) = Sandbox::read_only(&copy) else {
            continue;
        };
        chmod(&sandbox.folder.path().join("data"), "755");
        let renamed = sandbox.database().with_file_name(name);
        fs::rename(sandbox.database(), &renamed).unwrap();
        chmod(&sandbox.folder.path().join("data"), "555");
        let shown = renamed.display().to_string();
        let run = sandbox.run(&["check", "A000", "--on", "2029-11-01", "--db", &shown]);
        assert_eq!(run.exit, 0, "{name}: {run:?}");
    }
}

// ---------------------------------------------------------------------------------------------
// Nobody listens.

/// Runs a line of shell with `$PROGRAM` and gives its outcome.
fn shell(world: &World, line: &str) -> Run {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(world.folder())
        .env("PROGRAM", env!("CARGO_BIN_EXE_codeyear"))
        .env("HOME", world.folder())
        .env("CODEYEAR_DB", world.database())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run::from(output)
}

#[test]
fn a_report_that_is_read_in_part_ends_without_an_error() {
    let world = World::with_sample();
    for format in ["text", "csv", "json", "html", "markdown"] {
        let run = shell(
            &world,
            &format!(
                "{{ \"$PROGRAM\" diff FY2016 FY2026 --format {format}; echo $? >status; }} | head -n 1"
            ),
        );
        assert_eq!(run.exit, 0, "{run:?}");
        assert_eq!(run.stderr, "", "{format}");
        assert!(run.stdout.lines().count() <= 1, "{format}");
        let status = fs::read_to_string(world.path("status")).unwrap();
        assert_eq!(status.trim(), "0", "{format}");
    }
}

#[test]
fn a_reader_that_is_gone_before_the_first_word_is_no_error() {
    let world = World::with_sample();
    for args in [
        "diff FY2016 FY2026",
        "check C7B",
        "history C7B",
        "releases",
        "verify",
        "completions bash",
        "--help",
        "diff --help",
        "--version",
    ] {
        let run = shell(
            &world,
            &format!("{{ sleep 0.1; \"$PROGRAM\" {args}; echo $? >status; }} | true"),
        );
        assert_eq!(run.stderr, "", "{args}");
        let status = fs::read_to_string(world.path("status")).unwrap();
        assert_ne!(status.trim(), "2", "{args}: {run:?}");
        assert_ne!(status.trim(), "101", "{args}: {run:?}");
    }
}

#[test]
fn a_closed_stdout_is_no_panic() {
    let world = World::with_sample();
    for (line, exit) in [
        ("\"$PROGRAM\" diff FY2025 FY2026 >&-", 0),
        ("\"$PROGRAM\" check C7B --on 2026-03-01 >&-", 1),
        ("\"$PROGRAM\" check C7B --on 2026-03-01 >&- 2>&- <&-", 1),
        ("\"$PROGRAM\" check C7B --on nonsense 2>&-", 2),
        ("\"$PROGRAM\" diff FY2025 FY2099 2>&-", 2),
    ] {
        let run = shell(&world, line);
        assert_eq!(run.exit, exit, "{line}: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{line}: {run:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let world = World::with_sample();
    for args in ["diff FY2025 FY2026", "check C7B", "releases"] {
        let run = shell(&world, &format!("\"$PROGRAM\" {args} >/dev/full"));
        assert_refused(&run, &["cannot write the output"]);
    }
}

#[test]
fn an_import_whose_report_nobody_reads_is_stored_all_the_same() {
    let world = World::empty();
    write_years(&world, &YEARS[..2]);
    shell(&world, "{ sleep 0.1; \"$PROGRAM\" import in; } | true");
    assert_eq!(world.store().releases().unwrap().len(), 2);
    let world = World::empty();
    write_years(&world, &YEARS[..2]);
    shell(&world, "\"$PROGRAM\" import in >&- 2>&-");
    assert_eq!(world.store().releases().unwrap().len(), 2);
}

#[test]
fn import_options_of_the_library_are_those_of_the_program() {
    // The hashes above compare the two ways of importing: both must give the same.
    let world = World::empty();
    let paths = write_years(&world, &YEARS[..2]);
    let run = world.run(&["import", "in"]);
    assert_eq!(run.exit, 0, "{run:?}");
    let library = World::empty();
    let mut store = Store::open_or_create(&library.database()).unwrap();
    let options = ImportOptions::on("2031-01-01".parse().unwrap());
    import(&mut store, &paths, &options, &mut |_| {}).unwrap();
    assert_eq!(store.content_hash().unwrap(), hash(&world.database()));
}
