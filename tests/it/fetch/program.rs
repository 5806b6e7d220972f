//! `codeyear fetch` as a program.

use std::path::Path;
use std::process::{Command, Stdio};

use super::server::{Manner, Server};
use crate::world::{Run, World, is_on, say_not_run};

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn a_dry_run_says_what_would_be_fetched_from_where_and_makes_nothing() {
    let world = World::empty();
    let run = world.run(&["fetch", "FY2027", "--code-set", "icd10cm", "--dry-run"]);
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @"
    ICD-10-CM FY2027
      would fetch icd10cm-table-and-index-2027.zip  20,923,571 bytes, SHA-256 known (hash by others)
        tabular list, alphabetic index, index to external causes, table of drugs, table of neoplasms; https://ftp.cdc.gov/pub/Health_Statistics/NCHS/Publications/ICD10CM/2027/icd10cm-table-and-index-2027.zip
      would fetch icd10cm-code-descriptions-2027.zip  2,192,779 bytes, SHA-256 known (hash by others)
        order file; https://ftp.cdc.gov/pub/Health_Statistics/NCHS/Publications/ICD10CM/2027/icd10cm-code-descriptions-2027.zip
      would fetch 2027-conversion-table.zip  175,330 bytes, SHA-256 known (hash by others)
        conversion table; https://www.cms.gov/files/zip/2027-conversion-table.zip
      would fetch 2027-poa-exempt-codes.zip  1,654,940 bytes, SHA-256 known (hash by others)
        POA-exempt list; https://www.cms.gov/files/zip/2027-poa-exempt-codes.zip
    dry run: 4 files (24,946,620 bytes) would be fetched
    ");
    let entries = std::fs::read_dir(world.folder()).unwrap();
    assert_eq!(entries.count(), 0);
}

#[test]
fn what_has_no_known_hash_is_left_and_the_flag_that_takes_it_is_named() {
    let world = World::empty();
    let fetch = ["fetch", "FY2026", "--code-set", "icd10cm", "--dry-run"];
    let run = world.run(&fetch);
    assert_eq!(run.exit, 1);
    insta::assert_snapshot!(run.stdout, @"
    ICD-10-CM FY2026
      would fetch icd10cm-Code Descriptions-2026.zip  2,198,159 bytes, SHA-256 known
        order file, order addenda; https://ftp.cdc.gov/pub/Health_Statistics/NCHS/Publications/ICD10CM/2026/icd10cm-Code%20Descriptions-2026.zip
      would fetch ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx  164,524 bytes, SHA-256 known
        conversion table; https://ftp.cdc.gov/pub/Health_Statistics/NCHS/Publications/ICD10CM/2026/ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx
      would fetch POAexemptCodesFY26.zip  1,228,270 bytes, SHA-256 known
        POA-exempt list; https://ftp.cdc.gov/pub/Health_Statistics/NCHS/Publications/ICD10CM/2026/POAexemptCodesFY26.zip
      not fetched: tabular list, alphabetic index, index to external causes, table of drugs, table of neoplasms: no address with a known hash
        hint: --unverified accepts files whose hash is not known
    dry run: 3 files (3,590,953 bytes) would be fetched
    ");
    let run = world.run(&[&fetch[..], &["--unverified"]].concat());
    assert_eq!(run.exit, 0);
    assert!(run.stdout.contains("unverified: no known hash"));
}

#[test]
fn what_is_missing_depends_on_the_day_and_on_the_database() {
    let releases = |world: &World, day: &str| -> Vec<String> {
        let args = ["fetch", "--missing", "--dry-run", "--unverified"];
        let args = [&args[..], &["--format", "json", "--today", day]].concat();
        let run = world.run(&args);
        let releases = json(&run)["releases"].as_array().unwrap().clone();
        let names = releases.iter().map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            format!("{} {}", text("code_set"), text("release"))
        });
        names.collect()
    };
    let world = World::empty();
    assert_eq!(
        releases(&world, "2012-10-01"),
        [
            "icd10cm FY2012",
            "icd10cm FY2013",
            "icd10cm FY2014",
            "icd10pcs FY2012",
            "icd10pcs FY2013",
            "icd10pcs FY2014",
        ]
    );
    let all = releases(&world, "2026-03-01");
    let has = |releases: &[String], name: &str| releases.iter().any(|one| one == name);
    assert!(has(&all, "icd10cm FY2026") && has(&all, "icd10cm FY2023"));
    let sample = World::with_sample();
    let rest = releases(&sample, "2026-03-01");
    assert!(!has(&rest, "icd10cm FY2026") && has(&rest, "icd10cm FY2023"));
    assert!(!has(&rest, "icd10cm FY2027") && has(&rest, "icd10pcs FY2027"));
}

#[test]
fn a_refusal_is_named_with_its_address_and_the_next_address_is_asked() {
    let server = Server::start();
    let nchs = "/icd10cm-code-descriptions-2027.zip";
    server.put(nchs, "", Manner::Status(403, usize::MAX));
    let cms = "/2027-code-descriptions-tabular-order.zip";
    server.put(cms, "", Manner::Page);
    let world = World::empty();
    let mirror = server.address();
    let args = ["fetch", "FY2027", "--code-set", "icd10cm", "--to", "files"];
    let args = [&args[..], &["--mirror", &mirror]].concat();
    let run = world.run(&args);
    assert_eq!(run.exit, 1, "{run:?}");
    for expected in [
        &format!("failed: {mirror}{nchs}: the server refuses it (403 Forbidden)"),
        &format!("failed: {mirror}{cms}: a web page instead of the file"),
        "not fetched: order file",
        "0 files (0 bytes) fetched; kept in files",
    ] {
        assert!(run.stdout.contains(expected), "{expected} not in {run:?}");
    }
    assert!(!world.database().exists(), "--to imports nothing");
    let asked: Vec<String> = server.requests().into_iter().map(|one| one.path).collect();
    assert!(
        !asked.iter().any(|path| path.ends_with(".pdf")),
        "{asked:?}"
    );
}

#[test]
fn a_wrong_request_is_told_before_anything_is_asked() {
    let world = World::empty();
    for (args, expected) in [
        (&["fetch"][..], "--missing"),
        (&["fetch", "FY2022-01"], "there is no release FY2022-01"),
        (&["fetch", "FY2026", "--missing"], "cannot be used with"),
        (
            &["fetch", "FY2026", "--mirror", "ftp://x"],
            "http:// or https://",
        ),
        (&["fetch", "--missing", "--timeout", "0"], "--timeout"),
    ] {
        let run = world.run(args);
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(expected), "{run:?}");
    }
}

#[test]
fn a_release_to_come_is_looked_for_and_nothing_is_fetched() {
    let server = Server::start();
    let mirror = server.address();
    let world = World::empty();
    let check = [
        "fetch",
        "--check",
        "--code-set",
        "icd10cm",
        "--mirror",
        &mirror,
    ];
    let on = |day: &str| world.run(&[&check[..], &["--today", day]].concat());
    let run = on("2026-11-28");
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("ICD-10-CM FY2027-04  not posted at any of")
    );
    assert!(
        run.stdout
            .contains("ICD-10-CM FY2028  not posted at any of")
    );

    let path = "/files/zip/april-1-2027-code-descriptions-tabular-order.zip";
    server.put(path, vec![0; 1234], Manner::Well);
    let run = on("2026-11-28");
    assert_eq!(run.exit, 1, "{run:?}");
    let expected = format!("{mirror}{path}  (order file, 1,234 bytes)");
    assert!(run.stdout.contains(&expected), "{run:?}");
    assert!(run.stdout.contains("codeyear fetch FY2027-04 --unverified"));
    let gets = server.requests().into_iter();
    assert_eq!(gets.filter(|one| one.method == "GET").count(), 0);

    // Servers that know no HEAD are asked for one byte; a refusal is no answer.
    server.put(path, "", Manner::Status(403, usize::MAX));
    let run = on("2026-03-01");
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stdout.contains("not determined: 1 address of"),
        "{run:?}"
    );
    let last = server.ranges(path).pop().unwrap();
    assert_eq!(last.as_deref(), Some("bytes=0-0"));
}

#[test]
fn a_release_that_the_catalogue_does_not_know_is_fetched_from_where_it_is_likely() {
    let server = Server::start();
    let mirror = server.address();
    let path = "/files/zip/2028-code-descriptions-tabular-order.zip";
    server.put(path, super::zip("not an order file"), Manner::Well);
    let world = World::empty();
    let args = [
        "fetch",
        "FY2028",
        "--code-set",
        "icd10cm",
        "--mirror",
        &mirror,
    ];
    let run = world.run(&args);
    assert_eq!(run.exit, 1);
    assert!(
        run.stdout.contains("--check looks at likely addresses"),
        "{run:?}"
    );
    assert_eq!(server.requests().len(), 0);
    let run = world.run(&[&args[..], &["--unverified"]].concat());
    assert_eq!(run.exit, 1, "{run:?}");
    let fetched = "fetched 2028-code-descriptions-tabular-order.zip";
    assert!(run.stdout.contains(fetched), "{run:?}");
    assert!(run.stdout.contains("the address is a guess"), "{run:?}");
    assert!(run.stdout.contains("skipped: "), "{run:?}");
    assert!(run.stdout.contains("nothing stored"), "{run:?}");
    let kept = ".local/share/codeyear/downloads/2028-code-descriptions-tabular-order.zip";
    assert!(world.path(kept).is_file());
}

#[test]
fn another_release_under_the_address_of_the_one_asked_for_is_named() {
    let server = Server::start();
    let mirror = server.address();
    let path = "/files/zip/2028-code-descriptions-tabular-order.zip";
    let order = include_str!("../../../releases/sample/icd10cm/FY2016/icd10cm_order_2016.txt");
    server.put(path, super::zip(order), Manner::Well);
    let world = World::empty();
    let mut args = vec!["fetch", "FY2028", "--code-set", "icd10cm"];
    args.extend(["--unverified", "--mirror", &mirror]);
    let run = world.run(&args);
    assert_eq!(run.exit, 1, "{run:?}");
    let said = "another release: received FY2016 instead of FY2028";
    assert!(run.stdout.contains(said), "{run:?}");
}

#[test]
fn init_without_a_pack_says_what_it_would_fetch_and_fetches_only_if_it_may() {
    let server = Server::start();
    let world = World::empty();
    let mirror = server.address();
    let init = ["init", "--mirror", &mirror, "--today", "2014-10-01"];
    let run = world.run(&init);
    assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{run:?}");
    let said = run.stderr.replace(&mirror, "MIRROR");
    insta::assert_snapshot!(said, @"
    There is no pack here. From MIRROR: 16 files (23,489,082 bytes and 2 files of unknown size) of 10 releases
    error: nothing was fetched
    hint: codeyear init --yes fetches without asking; with a pack (--pack FILE or CODEYEAR_PACK) nothing is fetched; codeyear demo shows the sample
    ");
    assert_eq!(server.requests().len(), 0);
    assert!(!world.database().exists());
    let run = world.run(&[&init[..], &["--yes"]].concat());
    assert_eq!(run.exit, 1, "the server has none of them: {run:?}");
    assert!(run.stdout.contains("not fetched: order file"), "{run:?}");
    assert_ne!(server.requests().len(), 0);
    assert!(!world.database().exists());
}

#[test]
fn what_came_and_cannot_be_taken_leaves_no_empty_database() {
    let server = Server::start();
    let path = "/files/zip/2028-code-descriptions-tabular-order.zip";
    server.put(path, super::zip("not an order file"), Manner::Well);
    let world = World::empty();
    let mirror = server.address();
    let mut args = vec!["fetch", "FY2028", "--code-set", "icd10cm"];
    args.extend(["--unverified", "--mirror", &mirror]);
    assert_eq!(world.run(&args).exit, 1);
    let beside = std::fs::read_dir(world.folder()).unwrap();
    let names: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
    let is_database = |name: &&std::ffi::OsString| name.to_string_lossy().contains("codeyear.db");
    assert_eq!(names.iter().find(is_database), None, "{names:?}");
}

#[test]
fn a_host_that_gives_no_answer_is_not_asked_for_the_next_file() {
    let world = World::empty();
    // A port that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mirror = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let begun = std::time::Instant::now();
    let mut args = vec!["init", "--yes", "--today", "2014-10-01"];
    args.extend(["--timeout", "1", "--mirror", &mirror]);
    let run = world.run(&args);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(
        run.stdout.contains("its host is not asked again"),
        "{run:?}"
    );
    // Of one file the retries take seven seconds.
    assert!(begun.elapsed().as_secs() < 25, "{:?}", begun.elapsed());
    assert!(!world.database().exists());
}

#[test]
fn a_pack_is_written_from_what_is_fetched() {
    let server = Server::start();
    let world = World::empty();
    let mirror = server.address();
    let pack = ["pack", "-o", "a.pack", "--fetch", "--mirror", &mirror];
    let run = world.run(&[&pack[..], &["--today", "2014-10-01"]].concat());
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("not fetched: order file"), "{run:?}");
    assert_ne!(server.requests().len(), 0);
    assert!(!world.path("a.pack").exists());
}

/// The calls to the system that a run of the program makes to open sockets; `None` where they cannot be traced.
fn sockets(world: &World, args: &[&str]) -> Option<String> {
    let trace = world.path("trace.txt");
    let command = world.command(args);
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-qq", "-e", "trace=socket,connect", "-o"])
        .arg(&trace)
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(world.folder())
        .env_clear()
        .env("HOME", world.folder())
        .env("CODEYEAR_DB", world.database())
        .stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        traced.env("PATH", path);
    }
    let Ok(output) = traced.output() else {
        say_not_run("the trace of sockets needs strace");
        return None;
    };
    if String::from_utf8_lossy(&output.stderr).contains("ptrace") {
        say_not_run("the trace of sockets: this machine does not let strace trace");
        return None;
    }
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{args:?}: {output:?}"
    );
    let calls = std::fs::read_to_string(&trace).unwrap();
    let inet = calls.lines().filter(|line| line.contains("AF_INET"));
    Some(inet.collect::<Vec<_>>().join("\n"))
}

#[test]
fn only_a_fetch_opens_a_socket() {
    let world = World::with_sample();
    let claims = world.write("claims.csv", "dx,day\nG35,2026-03-01\n");
    let claims = claims.to_str().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample/icd10cm/FY2026");
    for args in [
        &["check", "G35", "--on", "2026-03-01"][..],
        &["history", "G35"],
        &["show", "G35", "--on", "2026-03-01"],
        &["compare", "G35", "C7B", "--on", "2026-03-01"],
        &["search", "sclerosis", "--on", "2026-03-01"],
        &["diff", "FY2025", "FY2026"],
        &["audit", claims, "--code", "dx", "--date", "day"],
        &["export", "spans", "-o", "spans.csv"],
        &["releases"],
        &["status"],
        &["verify"],
        &["import", sample.to_str().unwrap(), "--allow-incomplete"],
        &["backup", "copy.db"],
        &["demo"],
        &["remove", "FY2016", "--code-set", "icd10cm"],
        &["fetch", "--missing", "--dry-run"],
        &["completions", "bash"],
        &["man", "man"],
    ] {
        let Some(calls) = sockets(&world, args) else {
            return;
        };
        assert_eq!(calls, "", "{args:?}");
    }
    let server = Server::start();
    let mirror = server.address();
    let check = ["fetch", "--check", "--mirror", &mirror];
    let calls = sockets(&world, &check).unwrap();
    assert!(calls.contains("127.0.0.1"), "{calls}");
}

/// Runs `openssl` in a folder. `None` where there is none.
fn openssl(folder: &Path, args: &[&str]) -> Option<()> {
    let mut command = Command::new("openssl");
    let output = command.args(args).current_dir(folder).output().ok()?;
    assert!(output.status.success(), "{args:?}: {output:?}");
    Some(())
}

#[test]
fn the_certificates_that_the_system_is_told_of_are_trusted_and_no_others() {
    // Others are not told of certificates by a variable.
    if !is_on("Linux") {
        return;
    }
    let world = World::empty();
    let folder = world.path("server");
    std::fs::create_dir(&folder).unwrap();
    let days = ["-days", "2", "-nodes", "-newkey", "rsa:2048"];
    let ca = [
        "req", "-x509", "-subj", "/CN=Test", "-keyout", "ca.key", "-out", "ca.pem",
    ];
    if openssl(&folder, &[&ca[..], &days].concat()).is_none() {
        say_not_run("the test of certificates needs openssl");
        return;
    }
    let leaf = [
        "req",
        "-subj",
        "/CN=127.0.0.1",
        "-keyout",
        "leaf.key",
        "-out",
        "leaf.csr",
    ];
    openssl(&folder, &[&leaf[..], &days[2..]].concat()).unwrap();
    std::fs::write(
        folder.join("ext"),
        "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    let sign = [
        "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
    ];
    let sign = [
        &sign[..],
        &[
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "ext",
            "-out",
            "leaf.pem",
        ],
    ];
    openssl(&folder, &sign.concat()).unwrap();

    let file = "2027-conversion-table.zip";
    std::fs::write(folder.join(file), super::bytes(5000)).unwrap();
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port().to_string()
    };
    let serve = [
        "s_server", "-quiet", "-WWW", "-cert", "leaf.pem", "-key", "leaf.key", "-accept",
    ];
    let mut server = Command::new("openssl")
        .args(serve)
        .arg(format!("127.0.0.1:{port}"))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mirror = format!("https://127.0.0.1:{port}");
    let args = ["fetch", "FY2027", "--code-set", "icd10cm", "--to", "files"];
    let args = [&args[..], &["--mirror", &mirror, "--format", "json"]].concat();
    let reason = |command: &mut Command| {
        let run = Run::from(command.output().unwrap());
        let attempts = json(&run)["releases"][0]["attempts"].clone();
        let of_it = |one: &&serde_json::Value| one["url"].as_str().unwrap().contains(file);
        attempts
            .as_array()
            .unwrap()
            .iter()
            .find(of_it)
            .unwrap()
            .clone()
    };
    let trusted = reason(
        world
            .command(&args)
            .env("SSL_CERT_FILE", folder.join("ca.pem")),
    );
    let untrusted = reason(&mut world.command(&args));
    server.kill().unwrap();
    server.wait().unwrap();
    // Trusted, the bytes come, and are not the official ones.
    let is_read =
        ["wrong-size", "wrong-hash", "not-a-zip"].contains(&trusted["reason"].as_str().unwrap());
    assert!(is_read, "{trusted}");
    assert_eq!(untrusted["reason"], "no-answer");
    assert!(
        untrusted["text"].as_str().unwrap().contains("certificate"),
        "{untrusted}"
    );
}
