//! How the server is run: its start, its end, its log, its counts, its headers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Served;
use crate::world::{World, is_on};

#[test]
fn every_answer_forbids_what_a_page_does_not_need() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    for target in [
        "/healthz",
        "/metrics",
        "/api/check?code=C7B",
        "/api/check",
        "/nothing",
        "/api/openapi.json",
    ] {
        let reply = served.get(target);
        let policy = reply.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none';"),
            "{target}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{target}: {policy}");
        assert_eq!(
            reply.header("x-content-type-options"),
            Some("nosniff"),
            "{target}"
        );
        assert_eq!(
            reply.header("referrer-policy"),
            Some("no-referrer"),
            "{target}"
        );
        assert_eq!(reply.header("set-cookie"), None, "{target}");
        assert_eq!(reply.header("server"), None, "{target}");
    }
}

#[test]
fn the_log_says_what_happened_and_not_what_was_asked() {
    if !is_on("Unix") {
        return;
    }
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    assert_eq!(served.get("/api/check?code=C7B&on=2026-03-01").status, 200);
    assert_eq!(served.get("/SECRET/address?code=SECRET").status, 404);
    served.tell_to_stop();
    let (exit, said) = served.end();
    assert_eq!(exit, Some(0), "{said}");
    assert!(!said.contains("SECRET") && !said.contains("C7B"), "{said}");
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let check = lines
        .iter()
        .find(|line| line["route"] == "/api/check")
        .unwrap();
    assert_eq!(
        (&check["method"], &check["status"]),
        (&"GET".into(), &200.into())
    );
    assert!(
        check["microseconds"].is_u64() && check["timestamp"].is_string(),
        "{check}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line["route"] == "none" && line["status"] == 404)
    );

    let served = Served::start(&world, &["--log", "text", "--log-queries"]);
    served.get("/api/check?code=C7B&on=2026-03-01");
    served.tell_to_stop();
    let (_, said) = served.end();
    assert!(said.contains("/api/check?code=C7B&on=2026-03-01"), "{said}");
}

#[test]
fn requests_that_have_begun_are_answered_before_the_end() {
    if !is_on("Unix") {
        return;
    }
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let mut slow = TcpStream::connect(served.address).unwrap();
    let body = br#"{"codes": ["C7B"], "on": "2026-03-01"}"#;
    let head = format!(
        "POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    slow.write_all(&body[..10]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    served.tell_to_stop();
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        TcpStream::connect(served.address).is_err(),
        "nobody new is let in"
    );
    slow.write_all(&body[10..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"verdict\": \"header\""), "{answer}");
    assert_eq!(served.end().0, Some(0));
}

#[test]
fn requests_are_counted_by_route_and_status() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    for _ in 0..3 {
        served.get("/api/check?code=C7B&on=2026-03-01");
    }
    served.get("/api/check?code=C7B&on=never");
    let metrics = served.get("/metrics");
    let text = metrics.text();
    for line in [
        "codeyear_requests_total{method=\"GET\",route=\"/api/check\",status=\"200\"} 3",
        "codeyear_requests_total{method=\"GET\",route=\"/api/check\",status=\"400\"} 1",
        "codeyear_request_duration_seconds_count{route=\"/api/check\"} 4",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(
        text.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let world = World::empty();
    let run = world.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains("there is no database here yet") && run.stderr.contains("hint: "),
        "{run:?}"
    );

    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let taken = served.address.to_string();
    let run = world.run(&["serve", "--listen", &taken]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(
        run.stderr.contains(&format!("cannot listen on {taken}")),
        "{run:?}"
    );
    assert!(
        run.stderr
            .contains("hint: name another address with --listen"),
        "{run:?}"
    );
    let run = world.run(&["serve", "--max-body", "0"]);
    assert!(
        run.exit == 2 && run.stderr.contains("--max-body is 0"),
        "{run:?}"
    );
}

#[test]
fn the_first_answer_comes_before_everything_is_in_memory() {
    let world = World::with_sample();
    let begun = std::time::Instant::now();
    let served = Served::start(&world, &[]);
    let reply = served.get("/api/check?code=C7B&on=2026-03-01");
    assert_eq!(reply.json()["answers"][0]["verdict"], "header");
    // No target, which the benchmark holds: only that nothing waits for its time to run out.
    assert!(begun.elapsed() < Duration::from_secs(10));
}
