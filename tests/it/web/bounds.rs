//! What one who asks may cost all others: answers, bodies, connections, files that are sent, and the time of a question.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Served;
use crate::world::{World, is_on};

fn is_well(served: &Served) {
    let begun = Instant::now();
    let reply = served.get("/api/check?code=C7B&on=2026-03-01");
    assert_eq!(reply.json()["answers"][0]["verdict"], "header");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// Connections that have sent this and nothing more.
fn waiting(served: &Served, count: usize, sent: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = TcpStream::connect(served.address).unwrap();
        stream.write_all(sent).unwrap();
        stream
    };
    (0..count).map(open).collect()
}

#[test]
fn ten_thousand_times_one_header_is_answered_with_the_beginning_of_its_list() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let whole = served.get("/api/check?code=M54&on=2026-03-01").json();
    let below = |answer: &serde_json::Value| answer["billable_below"].as_array().unwrap().len();
    let all = below(&whole["answers"][0]);
    assert!(all > 20, "{all}");
    assert_eq!(whole["answers"][0]["billable_below_count"], all);
    let codes = vec!["M54"; 10_000];
    let body = serde_json::json!({ "codes": codes, "on": "2026-03-01" }).to_string();
    let reply = served.post("/api/check", "application/json", body.as_bytes());
    assert_eq!(reply.status, 200);
    let json = reply.json();
    let answers = json["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 10_000);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(below(&answers[0]), 20);
    assert_eq!(answers[0]["billable_below_count"], all);
    is_well(&served);
}

#[test]
fn bodies_that_never_come_take_no_place() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--max-requests", "4", "--timeout", "20"]);
    let head = "POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{";
    let waiting = waiting(&served, 100, head.as_bytes());
    std::thread::sleep(Duration::from_millis(200));
    is_well(&served);
    assert_eq!(served.get("/healthz").status, 200);
    assert_eq!(served.get("/metrics").status, 200);
    drop(waiting);
}

#[test]
fn one_address_does_not_take_all_connections() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--max-per-address", "8"]);
    let mut open: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(served.address).unwrap())
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    let mut refused = TcpStream::connect(served.address).unwrap();
    refused
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let _ = refused.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut answer = Vec::new();
    let _ = refused.read_to_end(&mut answer);
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    // Who has a connection is answered, and who ends one makes room.
    open[0]
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    open[0].read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(open);
    std::thread::sleep(Duration::from_millis(200));
    is_well(&served);
}

#[test]
fn files_that_are_never_sent_whole_let_others_in_when_their_time_is_over() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--timeout", "3"]).warm();
    let head = "POST /audit HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 60000000\r\n\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c\"\r\n\r\n";
    let waiting = waiting(&served, 10, head.as_bytes());
    std::thread::sleep(Duration::from_millis(200));
    is_well(&served);
    let file = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c\"\r\n\r\nid,dx,dos\n1,C7B,2026-03-01\n\r\n--x--\r\n";
    let begun = Instant::now();
    loop {
        let reply = served.post("/audit", "multipart/form-data; boundary=x", file.as_bytes());
        if reply.status == 200 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{reply:?}");
    }
    drop(waiting);
}

#[test]
fn nobody_is_told_of_a_defect_in_the_first_seconds() {
    let world = World::with_sample();
    for _ in 0..3 {
        let served = Served::start(&world, &[]);
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    for at in 0..40 {
                        let target = [
                            "/api/search?q=pain",
                            "/api/show?code=C7B",
                            "/api/releases",
                            "/",
                        ][at % 4];
                        let reply = served.get(target);
                        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
                    }
                });
            }
        });
    }
}

#[test]
fn a_database_that_is_gone_cut_off_or_damaged_is_not_well() {
    if !is_on("Unix") {
        return;
    }
    let well = |served: &Served| served.get("/healthz").status == 200;
    type Damage = fn(&std::path::Path);
    let damages: [(&str, Damage); 6] = [
        ("was not found", |path| std::fs::remove_file(path).unwrap()),
        ("is empty", |path| std::fs::write(path, "").unwrap()),
        ("damaged", |path| {
            // As a disk does it that loses what it holds: the time of the file stays.
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            let metadata = file.metadata().unwrap();
            let mut bytes = std::fs::read(path).unwrap();
            bytes[8192..12_288].fill(0xff);
            (&file).write_all(&bytes).unwrap();
            file.set_modified(metadata.modified().unwrap()).unwrap();
        }),
        ("not a file any more", |path| {
            std::fs::remove_file(path).unwrap();
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        }),
        ("cut off", |path| {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            let length = file.metadata().unwrap().len();
            file.set_len(length / 2 / 4096 * 4096).unwrap();
        }),
        ("", |path| {
            let mut bytes = std::fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[4096..middle].fill(0xff);
            std::fs::write(path, bytes).unwrap();
        }),
    ];
    for (said, damage) in damages {
        let world = World::with_sample();
        let served = Served::start(&world, &[]).warm();
        std::thread::sleep(Duration::from_millis(2_100));
        assert!(well(&served));
        damage(&world.database());
        let reply = served.wait_for("/healthz", |reply| reply.status == 503);
        assert!(reply.text().starts_with("not ok: the "), "{reply:?}");
        assert!(reply.text().contains(said), "{said}: {reply:?}");
    }
}

#[test]
fn a_database_that_is_whole_again_is_well_again() {
    let world = World::with_sample();
    let path = world.database();
    let served = Served::start(&world, &[]).warm();
    std::thread::sleep(Duration::from_millis(2_100));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    served.wait_for("/healthz", |reply| reply.status == 503);
    std::fs::write(&path, whole).unwrap();
    served.wait_for("/healthz", |reply| reply.status == 200);
    is_well(&served);
}

#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--timeout", "2"]).warm();
    let body = serde_json::json!({ "codes": vec!["M54"; 10_000], "on": "2026-03-01" }).to_string();
    let head = format!(
        "POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let idle = waiting(&served, 6, format!("{head}{body}").as_bytes());
    is_well(&served);
    let open = |served: &Served| {
        let text = served.get("/metrics").text().to_owned();
        let line = text
            .lines()
            .find(|line| line.starts_with("codeyear_connections "))
            .unwrap();
        line.rsplit(' ').next().unwrap().parse::<i64>().unwrap()
    };
    let begun = Instant::now();
    // The one that asks is there too.
    while open(&served) > 1 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{}",
            open(&served)
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(idle);
}

#[test]
fn what_is_posted_is_answered_anew_and_kept_by_nobody() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    let get = served.get("/api/check?code=C7B&on=2026-03-01");
    let tag = get.header("etag").unwrap();
    for code in ["C7B", "M54.5"] {
        let body = format!(r#"{{"codes": ["{code}"], "on": "2026-03-01"}}"#);
        let request = format!(
            "POST /api/check HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nif-none-match: {tag}, *\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let reply = served.send(&request);
        assert_eq!(reply.json()["answers"][0]["asked"], code, "{reply:?}");
        assert_eq!(reply.header("etag"), None);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn every_refusal_has_the_one_shape() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let send = |head: &str| served.send(&format!("{head}\r\nconnection: close\r\n\r\n"));
    let post = "content-length: 2\r\ncontent-type: text/plain\r\nhost: localhost\r\nconnection: close\r\n\r\n{}";
    for (reply, status) in [
        (send("DELETE /api/check HTTP/1.1\r\nhost: localhost"), 405),
        (send("PUT /api/diff HTTP/1.1\r\nhost: localhost"), 405),
        (
            served.send(&format!("POST /search HTTP/1.1\r\n{post}")),
            405,
        ),
        (served.send(&format!("POST /audit HTTP/1.1\r\n{post}")), 400),
        (send("GET /nothing HTTP/1.1\r\nhost: localhost"), 404),
        (send("GET /api/check HTTP/1.1\r\nhost: other.example"), 421),
    ] {
        assert_eq!(reply.status, status, "{reply:?}");
        let json = reply.json();
        assert_eq!(json["schema"], "codeyear/error/1", "{json}");
        assert_eq!(json["error"]["status"], status, "{json}");
        assert!(json["error"]["hint"].is_string(), "{json}");
    }
}

#[test]
fn who_leaves_before_the_answer_is_counted() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    let head = b"POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{";
    drop(waiting(&served, 5, head));
    let begun = Instant::now();
    loop {
        let text = served.get("/metrics").text().to_owned();
        // The one that asks is being worked on.
        let gone = text.contains("route=\"/api/check\",status=\"499\"} 5")
            || text.contains("route=\"/api/check\",status=\"400\"} 5");
        if gone && text.contains("\ncodeyear_requests_working 1\n") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
