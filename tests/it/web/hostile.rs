//! Whoever means harm, or does not know better: the server stays up, answers others, and shows nothing that
//! it should not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Served;
use crate::world::World;

fn is_well(served: &Served) {
    let reply = served.get("/api/check?code=C7B&on=2026-03-01");
    assert_eq!(reply.json()["answers"][0]["verdict"], "header");
}

#[test]
fn a_body_that_is_too_long_is_refused_and_others_are_answered() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--max-body", "1000"]);
    let body = vec![b' '; 2_000_000];
    let reply = served.post("/api/check", "application/json", &body);
    // A client that still sends may see the connection closed before it reads the answer.
    assert!(matches!(reply.status, 413 | 0), "{reply:?}");
    let reply = served.post("/api/check", "application/json", &body[..1001]);
    assert_eq!(reply.status, 413, "{reply:?}");
    assert_eq!(
        reply.json()["error"]["message"],
        "the body is longer than this server reads"
    );
    is_well(&served);
}

#[test]
fn deep_broken_and_odd_json_is_refused() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let deep = format!(
        "{{\"codes\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for body in [
        deep.as_bytes(),
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{\"codes\": []}",
        b"{\"codes\": [1]}",
        b"{\"codes\": [\"C7B\"], \"when\": \"2026-03-01\"}",
        b"{\"codes\": [{\"code\": \"C7B\", \"on\": \"someday\"}]}",
        b"{\"codes\": [\"C7B\"",
        b"\xff\xfe\x00",
    ] {
        let reply = served.post("/api/check", "application/json", body);
        assert_eq!(
            reply.status,
            400,
            "{:?}: {reply:?}",
            String::from_utf8_lossy(&body[..body.len().min(40)])
        );
        assert!(reply.json()["error"]["hint"].is_string());
    }
    let many = format!("{{\"codes\": [{}\"C7B\"]}}", "\"C7B\",".repeat(20_000));
    let reply = served.post("/api/check", "application/json", many.as_bytes());
    assert_eq!(reply.status, 400);
    assert!(
        reply.text().contains("expected 1 to 10000"),
        "{}",
        reply.text()
    );
    is_well(&served);
}

#[test]
fn odd_addresses_reach_nothing() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    for target in [
        "/../../../etc/passwd",
        "/static/../../Cargo.toml",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/%00",
        "/icd10cm/%00",
        "/icd10cm/..%2f..%2fetc%2fpasswd",
        "/api/show?code=%00&on=2026-03-01",
        "/api/show?code=..%2F..%2Fetc%2Fpasswd&on=2026-03-01",
        "/api/show?code=%ff%fe&on=2026-03-01",
        "/api/search?q=%00&on=2026-03-01",
        "/api/search?q=%22%20OR%20%2A%20NEAR%28&on=2026-03-01",
        "/api/search?q=';DROP%20TABLE%20entry;--&on=2026-03-01",
        "/api/diff?old=FY2025&new=FY2026&under=%27%27",
        "/api/check?code=%F0%9F%92%A9",
        "//",
        "/api//check?code=C7B",
        "/api/check/?code=C7B",
    ] {
        let reply = served.get(target);
        assert!((200..500).contains(&reply.status), "{target}: {reply:?}");
        let text = String::from_utf8_lossy(&reply.body);
        assert!(
            !text.contains("root:") && !text.contains("[package]"),
            "{target}"
        );
        assert!(
            !text.contains(&world.folder().display().to_string()),
            "{target}: {text}"
        );
    }
    let long = format!("/api/check?code={}", "A".repeat(20_000));
    assert_eq!(served.get(&long).status, 400);
    let longer = format!("/api/check?code={}", "A".repeat(200_000));
    assert!(matches!(served.get(&longer).status, 431 | 414 | 0));
    is_well(&served);
}

#[test]
fn script_in_a_parameter_comes_back_as_text_or_not_at_all() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let script = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for target in [
        format!("/api/check?code={script}"),
        format!("/api/show?code={script}"),
        format!("/api/search?q={script}"),
        format!("/api/diff?old={script}&new={script}"),
        format!("/{script}"),
        format!("/search?q={script}&on={script}"),
        format!("/icd10cm/{script}?on=2026-03-01"),
        format!("/icd10cm/chapter/{script}"),
        format!("/compare?left={script}&right={script}"),
        format!("/diff?set=icd10cm&old={script}&new={script}&under={script}"),
    ] {
        for accept in ["text/html", "application/json"] {
            let reply = served.get_with(&target, &[("accept", accept)]);
            let media = reply.header("content-type").unwrap_or_default();
            assert!(reply.status < 500, "{target}: {reply:?}");
            if media.starts_with("text/html") {
                assert!(!reply.text().contains("<script>alert"), "{target}");
            }
        }
    }
}

#[test]
fn what_is_no_http_is_refused_and_forgotten() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello".to_vec(),
        b"POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n".to_vec(),
        [b"GET / HTTP/1.1\r\n".to_vec(), b"a: b\r\n".repeat(10_000), b"\r\n".to_vec()].concat(),
        vec![0; 100_000],
    ] {
        let mut stream = TcpStream::connect(served.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"), "{answer}");
    }
    is_well(&served);
}

#[test]
fn too_many_requests_from_one_address_wait() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--rate", "5"]);
    let statuses: Vec<u16> = (0..20)
        .map(|_| served.get("/api/releases").status)
        .collect();
    assert!(
        statuses.contains(&200) && statuses.contains(&429),
        "{statuses:?}"
    );
    let refused = std::iter::repeat_with(|| served.get("/api/releases"))
        .take(20)
        .find(|reply| reply.status == 429)
        .unwrap();
    assert_eq!(refused.header("retry-after"), Some("1"));
    served.wait_for("/api/releases", |reply| reply.status == 200);
    // Whether it is well is told as often as anyone asks.
    for _ in 0..20 {
        assert_eq!(served.get("/healthz").status, 200);
    }
}

#[test]
fn a_body_that_never_comes_is_given_up() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--timeout", "1"]);
    let begun = Instant::now();
    let reply = served.send(
        "POST /api/check HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{",
    );
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    is_well(&served);
}

#[test]
fn ten_thousand_slow_connections_leave_room_for_others() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    // As many as this machine lets one process open.
    let most = std::process::Command::new("sh")
        .args(["-c", "ulimit -n"])
        .output()
        .map(|output| String::from_utf8(output.stdout).unwrap())
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok())
        .unwrap_or(1024);
    let many = 10_000.min(most.saturating_sub(100));
    if many < 10_000 {
        crate::world::say_not_run(&format!(
            "only {many} of ten thousand slow connections fit the limit of open files here"
        ));
    }
    let mut slow = Vec::with_capacity(many);
    for at in 0..many {
        let Ok(mut stream) = TcpStream::connect(served.address) else {
            panic!("connection {at} was refused");
        };
        let _ = stream.write_all(b"GET /api/check?code=C7B HTTP/1.1\r\nx-slow: ");
        slow.push(stream);
        if at % 1000 == 0 {
            is_well(&served);
        }
    }
    let begun = Instant::now();
    for _ in 0..20 {
        is_well(&served);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "others wait {:?}",
        begun.elapsed()
    );
    // In the end they are shown the door: the head has not come.
    let last = slow.last_mut().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut answer = Vec::new();
    let _ = last.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
    is_well(&served);
}

#[test]
fn a_packed_file_of_endless_claims_is_given_up_in_time() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--timeout", "2"]);
    let row = b"C7B.00,2026-03-01\n".repeat(1 << 16);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(b"dx,dos\n").unwrap();
    // More than any machine judges in the time that it has.
    for _ in 0..800 {
        packed.write_all(&row).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 16 << 20, "{} bytes", packed.len());
    let mut body = Vec::new();
    for (name, value) in [("code", "dx"), ("date", "dos")] {
        body.extend(
            format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .bytes(),
        );
    }
    body.extend(b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"claims.csv.gz\"\r\n\r\n");
    body.extend(packed);
    body.extend(b"\r\n--cut--\r\n");
    let begun = Instant::now();
    let reply = served.post("/audit", "multipart/form-data; boundary=cut", &body);
    assert_eq!(
        reply.status,
        503,
        "{:?}",
        String::from_utf8_lossy(&reply.body)
    );
    assert!(begun.elapsed() < Duration::from_secs(30));
    // Its place is free again.
    std::thread::sleep(Duration::from_millis(500));
    let small = b"--cut\r\ncontent-disposition: form-data; name=\"code\"\r\n\r\ndx\r\n--cut\r\ncontent-disposition: form-data; name=\"date\"\r\n\r\ndos\r\n--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"claims.csv\"\r\n\r\ndx,dos\nC7B,2026-03-01\n\r\n--cut--\r\n";
    let reply = served.post("/audit", "multipart/form-data; boundary=cut", small);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.text().contains("C7B"), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}
