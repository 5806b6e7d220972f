//! What clients that do not read, and requests that do not end, may fill of the memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Served;
use crate::world::World;

/// The bytes of memory of the server, in MB; `None` where the system does not tell.
fn memory(served: &Served) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

fn is_well(served: &Served) {
    let reply = served.get("/api/check?code=C7B&on=2026-03-01");
    assert_eq!(reply.json()["answers"][0]["verdict"], "header");
}

/// Sends a request on connections of their own, and reads nothing but the status of each.
fn unread(served: &Served, count: usize, request: &[u8]) -> Vec<(TcpStream, String)> {
    let open = |_| {
        let mut stream = TcpStream::connect(served.address).unwrap();
        let timeout = Some(Duration::from_secs(60));
        stream.set_read_timeout(timeout).unwrap();
        let _ = stream.write_all(request);
        stream
    };
    let streams: Vec<TcpStream> = (0..count).map(open).collect();
    let status = |mut stream: TcpStream| {
        let mut head = [0; 12];
        let read = stream.read_exact(&mut head);
        let status = read.map(|()| String::from_utf8_lossy(&head[9..]).into_owned());
        (stream, status.unwrap_or_default())
    };
    streams.into_iter().map(status).collect()
}

#[test]
fn rows_that_nobody_reads_keep_their_room_until_they_are_given_up() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--timeout", "600"]).warm();
    let before = memory(&served);
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    file.write_all(b"dx,dos\n").unwrap();
    for _ in 0..120_000 {
        file.write_all(b"C7B,2026-03-01\n").unwrap();
    }
    let file = file.finish().unwrap();
    let mut body = b"--x\r\ncontent-disposition: form-data; name=\"rows\"\r\n\r\n1\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c\"\r\n\r\n".to_vec();
    body.extend(file);
    body.extend(b"\r\n--x--\r\n");
    let head = format!(
        "POST /audit HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), &body].concat();
    let closing = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let closing = [closing.as_bytes(), &body].concat();
    let waiting = unread(&served, 8, &request);
    let given = waiting.iter().filter(|(_, status)| status == "200").count();
    let busy = waiting.iter().filter(|(_, status)| status == "503").count();
    assert_eq!(given + busy, 8, "{waiting:?}");
    // Eight are three times the room, and the system takes some MB of each.
    assert!(given >= 1 && busy >= 1, "{given} given, {busy} refused");
    is_well(&served);
    if let (Some(before), Some(now)) = (before, memory(&served)) {
        assert!(now < before + 250, "{before} MB, then {now}");
    }
    // Once they have gone there is room again.
    drop(waiting);
    let free = std::iter::repeat_with(|| served.send_bytes(&closing).status);
    assert!(free.take(50).any(|status| status == 200));
}

#[test]
fn answers_that_nobody_reads_take_no_more_than_their_room_packed_or_not() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--timeout", "600"]).warm();
    let before = memory(&served);
    // No two are the same: what comes again is in memory once.
    let codes: Vec<String> = (0..4_000).map(|at| format!("Z{at:04}")).collect();
    let body = serde_json::json!({ "codes": codes, "on": "2026-03-01" }).to_string();
    for coding in ["identity", "GZIP"] {
        let request = format!(
            "POST /api/check HTTP/1.1\r\nhost: localhost\r\naccept-encoding: {coding}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let waiting = unread(&served, 150, request.as_bytes());
        let count = |of: &str| waiting.iter().filter(|(_, status)| status == of).count();
        assert!(count("200") > 0);
        assert_eq!(count("200") + count("503"), 150);
        if coding == "identity" {
            assert!(count("503") > 0, "all found room");
        }
        is_well(&served);
        if let (Some(before), Some(now)) = (before, memory(&served)) {
            assert!(now < before + 250, "{coding}: {before} MB, then {now}");
        }
    }
}

#[test]
fn heads_that_never_end_take_no_more_than_their_room() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--timeout", "600"]).warm();
    let refused = |served: &Served| {
        let text = served.get("/metrics").text().to_owned();
        let line = text
            .lines()
            .find(|line| line.starts_with("codeyear_connections_refused_total "));
        let count = line.and_then(|line| line.rsplit(' ').next());
        count.unwrap().parse::<u64>().unwrap()
    };
    let head = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: {}",
        "y".repeat(60_000)
    );
    let send = |_| {
        let mut stream = TcpStream::connect(served.address).unwrap();
        let _ = stream.write_all(head.as_bytes());
        stream
    };
    let waiting: Vec<TcpStream> = (0..450).map(send).collect();
    is_well(&served);
    // Those that found room, and no more of them, are waited for.
    let begun = std::time::Instant::now();
    while refused(&served) < 100 {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(waiting);
    // A long head that ends is read.
    let whole = format!("{head}\r\nconnection: close\r\n\r\n");
    let free = std::iter::repeat_with(|| served.send(&whole).status);
    assert!(free.take(50).any(|status| status == 200));
}

#[test]
fn a_request_that_cannot_be_read_is_told_so_in_the_one_shape() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let many: String = (0..100).map(|at| format!("x{at}: y\r\n")).collect();
    let long = "y".repeat(200_000);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nhost localhost\r\n\r\n".to_owned(), 400),
        (
            "GET /\u{1} HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(),
            400,
        ),
        ("G\u{0}T / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), 431),
        (
            format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
            414,
        ),
        (
            "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nbroken\r\n\r\n".to_owned(),
            200,
        ),
    ] {
        let reply = served.send(&request);
        let shown = &request[..request.len().min(40)];
        if status == 200 {
            // What is wrong with the second request follows the first answer.
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            assert!(text.contains("HTTP/1.1 400"), "{text}");
            assert!(text.contains("codeyear/error/1"), "{text}");
            continue;
        }
        assert!(
            reply.status == status || status == 414 && reply.status == 431,
            "{shown:?}: {reply:?}"
        );
        let json = reply.json();
        assert_eq!(json["schema"], "codeyear/error/1", "{json}");
        assert_eq!(json["error"]["status"], reply.status, "{json}");
        assert!(json["error"]["hint"].is_string(), "{json}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        let length = reply.header("content-length").unwrap();
        assert_eq!(length, reply.body.len().to_string());
    }
    is_well(&served);
}

#[test]
fn a_field_of_a_form_that_stalls_is_not_waited_for() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    let head = "POST /audit HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n\r\n--x\r\ncontent-disposition: form-data; name=\"code\"\r\n\r\ndx";
    let begun = std::time::Instant::now();
    let reply = served.send(head);
    assert_eq!(reply.status, 408, "{reply:?}");
    // Ten seconds, and not the thirty of the whole request.
    assert!(begun.elapsed() < Duration::from_secs(25));
}
