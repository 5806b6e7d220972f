//! Forms of claims that break off, unpack without end or hold texts without end, and questions that are many in few bytes.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Served;
use crate::served::Reply;
use crate::world::World;

const KIND: &str = "multipart/form-data; boundary=cut";

/// Returns the body of a form with a table of codes and days.
fn form(file: &[u8]) -> Vec<u8> {
    form_with(&[], file)
}

fn form_with(more: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in [&[("code", "dx"), ("date", "dos")], more].concat() {
        let head = "--cut\r\ncontent-disposition: form-data; name=";
        body.extend(format!("{head}\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(
        b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"claims\"\r\n\r\n",
    );
    body.extend(file);
    body.extend(b"\r\n--cut--\r\n");
    body
}

fn packed(file: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(file).unwrap();
    packer.finish().unwrap()
}

fn served() -> (Served, World) {
    let world = World::with_sample();
    (Served::start(&world, &[]).warm(), world)
}

#[test]
fn who_breaks_off_a_form_is_told_so_in_the_form_that_was_asked_for() {
    let (served, _world) = served();
    // Pages of failures come with the first page.
    assert_eq!(served.get("/icd10cm/C7B").status, 200);
    let begin = |accept: &str, rest: &str| {
        format!(
            "POST /audit HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\nconnection: close\r\ncontent-type: {KIND}\r\n{rest}"
        )
    };
    let broken = [
        "transfer-encoding: chunked\r\n\r\nZZ\r\n",
        "transfer-encoding: chunked\r\n\r\n5\r\n--cut\r\n0\r\n\r\n",
        "content-length: 20\r\n\r\n--cut\r\nno header at all",
        "content-length: 8\r\n\r\n--cut--x",
    ];
    for rest in broken {
        let reply = served.send(&begin("application/json", rest));
        assert_eq!(reply.status, 400, "{rest:?}: {}", reply.text());
        assert_eq!(reply.json()["schema"], "codeyear/error/1", "{rest:?}");
        let reply = served.send(&begin("text/html", rest));
        assert_eq!(reply.status, 400, "{rest:?}: {}", reply.text());
        assert!(reply.text().contains("<html"), "{rest:?}: {}", reply.text());
    }
    let metrics = served.get("/metrics");
    assert!(
        !metrics.text().contains("status=\"500\""),
        "{}",
        metrics.text()
    );
}

#[test]
fn a_packed_file_unpacks_to_a_hundred_times_its_length_and_no_further() {
    let (served, _world) = served();
    let post = |file: &[u8]| -> Reply { served.post("/audit", KIND, &form(file)) };
    let table = |rows: usize| {
        let mut file = b"dx,dos,note\n".to_vec();
        let row = format!("C7B.1,2026-03-01,{}\n", " ".repeat(1000));
        (0..rows).for_each(|_| file.extend(row.bytes()));
        packed(&file)
    };
    assert_eq!(post(&table(10_000)).status, 200);
    let bomb = table(70_000);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let reply = post(&bomb);
    assert_eq!(reply.status, 413, "{}", reply.text());
    assert!(
        reply.text().contains("unpacks to more than"),
        "{}",
        reply.text()
    );
}

#[test]
fn a_text_without_end_costs_no_more_than_one_that_is_long() {
    let (served, _world) = served();
    let rows = |text: &str| {
        let mut file = b"dx,dos\n".to_vec();
        (0..300).for_each(|_| file.extend(format!("{text},2026-03-01\n").bytes()));
        file
    };
    let begun = Instant::now();
    let reply = served.post("/audit", KIND, &form(&rows(&"S".repeat(100_000))));
    assert_eq!(reply.status, 200, "{}", reply.text());
    // No beginning of a text is taken for the code that it is not.
    for behind in ["x".repeat(3_000), " ".repeat(3_000) + "I10"] {
        let rows = rows(&format!("C7B.1 {behind}"));
        let reply = served.post("/audit", KIND, &form_with(&[("rows", "1")], &rows));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let is_billable = reply.text().contains(",billable");
        assert!(
            !is_billable && reply.text().contains("unknown"),
            "{}",
            reply.text().get(..4_000).unwrap_or_default()
        );
    }
    // Each of the texts was looked at whole, several times, and took some tenths of a second in such a build.
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_range_that_is_asked_for_often_is_looked_up_once() {
    let (served, _world) = served();
    let many = format!(
        "/api/check?on=2026-03-01{}",
        "&code=C7B.0-C7B.1".repeat(500)
    );
    let reply = served.get(&many);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let once = served.get("/api/check?on=2026-03-01&code=C7B.0-C7B.1");
    let count = |reply: &Reply| reply.json()["answers"].as_array().unwrap().len();
    assert_eq!(count(&reply), 500 * count(&once));
    // More than one request may ask for.
    let reply = served.get(&format!(
        "/api/check?on=2026-03-01{}",
        "&code=A00-Z99".repeat(60)
    ));
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(reply.text().contains("codes requested"), "{}", reply.text());
}
