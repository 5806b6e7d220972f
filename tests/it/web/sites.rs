//! Other sites, other names, proxies: who may ask, and what answers say of the server.

use super::Served;
use crate::world::World;

const CHECK: &str = "/api/check?code=C7B&on=2026-03-01";
const QUESTION: &[u8] = br#"{"codes": ["C7B"], "on": "2026-03-01"}"#;
const FHIR: &str = "/fhir/r4/CodeSystem?url=http://hl7.org/fhir/sid/icd-10-cm";

fn get(served: &Served, target: &str, headers: &[&str]) -> super::super::served::Reply {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    served.send(&format!(
        "GET {target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n"
    ))
}

fn post(served: &Served, headers: &[&str]) -> u16 {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let length = QUESTION.len();
    let head = format!(
        "POST /api/check HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    served
        .send_bytes(&[head.as_bytes(), QUESTION].concat())
        .status
}

#[test]
fn a_server_of_this_machine_answers_for_its_own_names_alone() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let port = served.address.port();
    for host in [
        "localhost".to_owned(),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        "LOCALHOST.".to_owned(),
    ] {
        let reply = get(&served, CHECK, &[&format!("Host: {host}")]);
        assert_eq!(reply.status, 200, "{host}: {reply:?}");
    }
    for host in [
        "rebind.example",
        "rebind.example:8470",
        "localhost.rebind.example",
        "127.0.0.1.rebind.example",
        "10.0.0.1",
        "",
        "a b",
        "\u{e9}",
    ] {
        for target in [CHECK, "/", "/healthz", FHIR] {
            let reply = get(&served, target, &[&format!("Host: {host}")]);
            assert!(
                matches!(reply.status, 421 | 400),
                "{host} {target}: {reply:?}"
            );
            assert!(!reply.text().contains("header"), "{host}: {reply:?}");
        }
    }
    // A host is no user, and there is one.
    for hosts in [
        &["Host: evil@localhost"][..],
        &["Host: localhost", "Host: evil.example"],
    ] {
        let reply = get(&served, FHIR, hosts);
        assert!(matches!(reply.status, 421 | 400), "{hosts:?}: {reply:?}");
    }
    // The name that is checked is the one that is written.
    let reply = get(
        &served,
        &format!("http://localhost{FHIR}"),
        &["Host: evil.example"],
    );
    assert!(
        !String::from_utf8_lossy(&reply.body).contains("evil"),
        "{reply:?}"
    );
    // An address that is written whole is the one that counts.
    let reply = get(
        &served,
        &format!("http://rebind.example{CHECK}"),
        &["Host: localhost"],
    );
    assert_eq!(reply.status, 421, "{reply:?}");
    assert_eq!(
        reply.json()["error"]["hint"],
        "start it with --host NAME to allow it"
    );

    let named = Served::start(&world, &["--host", "codes.example"]);
    for (host, status) in [
        ("codes.example", 200),
        ("Codes.Example:80", 200),
        ("localhost", 200),
        ("other.example", 421),
    ] {
        assert_eq!(
            get(&named, CHECK, &[&format!("Host: {host}")]).status,
            status,
            "{host}"
        );
    }
}

#[test]
fn a_page_of_another_site_cannot_send_anything() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let own = format!("Host: {}", served.address);
    let origin = format!("Origin: http://{}", served.address);
    for headers in [
        vec![own.as_str()],
        vec![&own, &origin],
        vec![&own, &origin, "Sec-Fetch-Site: same-origin"],
        vec![&own, "Sec-Fetch-Site: none"],
    ] {
        assert_eq!(post(&served, &headers), 200, "{headers:?}");
    }
    for headers in [
        vec![own.as_str(), "Origin: https://evil.example"],
        vec![&own, "Origin: null"],
        vec![&own, "Origin: http://localhost:1"],
        vec![&own, "Sec-Fetch-Site: cross-site"],
        vec![&own, "Sec-Fetch-Site: same-site"],
        vec![&own, &origin, "Sec-Fetch-Site: cross-site"],
    ] {
        assert_eq!(post(&served, &headers), 403, "{headers:?}");
    }
    // The name that counts is the one that is written whole, and one site asks.
    let length = QUESTION.len();
    for (target, headers, status) in [
        (
            "http://localhost/api/check",
            "Host: evil.example\r\nOrigin: http://evil.example",
            403,
        ),
        (
            "http://localhost/api/check",
            "Host: evil.example\r\nOrigin: http://localhost",
            200,
        ),
        (
            "/api/check",
            "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: https://evil.example",
            400,
        ),
        (
            "/api/check",
            "Host: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site",
            400,
        ),
    ] {
        let head = format!(
            "POST {target} HTTP/1.1\r\n{headers}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        let reply = served.send_bytes(&[head.as_bytes(), QUESTION].concat());
        assert_eq!(reply.status, status, "{target} {headers}: {reply:?}");
    }
    // What it asks a browser to read the browser keeps from it.
    let reply = get(&served, CHECK, &[&own, "Origin: https://evil.example"]);
    assert_eq!(reply.header("access-control-allow-origin"), None);
    assert_eq!(
        reply.header("cross-origin-resource-policy"),
        Some("same-origin")
    );
}

#[test]
fn a_site_that_may_asks_and_reads() {
    let world = World::with_sample();
    let served = Served::start(&world, &["--allow-origin", "https://ehr.example"]);
    let own = format!("Host: {}", served.address);
    let guest = "Origin: https://ehr.example";
    let reply = get(&served, CHECK, &[&own, guest]);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("https://ehr.example")
    );
    assert!(
        reply
            .headers
            .iter()
            .any(|(name, value)| name == "vary" && value.contains("origin")),
        "{reply:?}"
    );
    assert_eq!(
        post(&served, &[&own, guest, "Sec-Fetch-Site: cross-site"]),
        200
    );
    let asked = served.send(&format!(
        "OPTIONS /api/check HTTP/1.1\r\n{own}\r\n{guest}\r\naccess-control-request-method: POST\r\naccess-control-request-headers: content-type\r\nconnection: close\r\n\r\n"
    ));
    assert_eq!(asked.status, 200, "{asked:?}");
    assert!(
        asked
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    let other = get(&served, CHECK, &[&own, "Origin: https://evil.example"]);
    assert_eq!(other.header("access-control-allow-origin"), None);
    assert_eq!(post(&served, &[&own, "Origin: https://evil.example"]), 403);
}

#[test]
fn a_get_with_a_body_is_refused() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    for (length, body) in [
        ("content-length: 5", "hello"),
        ("transfer-encoding: chunked", "0\r\n\r\n"),
    ] {
        for target in [CHECK, FHIR] {
            let request = format!(
                "GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{length}\r\n\r\n{body}"
            );
            let reply = served.send(&request);
            assert_eq!(reply.status, 400, "{length} {target}: {reply:?}");
        }
    }
    let empty = "GET /api/check?code=C7B HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(served.send(empty).status, 200);
}

#[test]
fn what_an_answer_says_of_the_server_is_told_to_who_keeps_answers() {
    let world = World::with_sample();
    let served = Served::start(
        &world,
        &["--trusted-proxy", "127.0.0.0/8", "--host", "codes.example"],
    )
    .warm();
    let asked = |headers: &[&str]| get(&served, FHIR, headers);
    let plain = asked(&["Host: localhost"]);
    let named = asked(&["Host: codes.example"]);
    let secure = asked(&["Host: codes.example", "X-Forwarded-Proto: https"]);
    let tags: Vec<&str> = [&plain, &named, &secure]
        .into_iter()
        .map(|reply| reply.header("etag").unwrap())
        .collect();
    assert!(
        tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2],
        "{tags:?}"
    );
    for reply in [&plain, &named, &secure] {
        let varies = reply.headers.iter().filter(|(name, _)| name == "vary");
        let varies: String = varies.map(|(_, value)| value.as_str()).collect();
        assert!(
            varies.contains("host") && varies.contains("x-forwarded-proto"),
            "{reply:?}"
        );
    }
    assert!(
        secure.text().contains("https://codes.example/fhir/r4"),
        "{}",
        secure.text()
    );
    // A tag of one name is none of another.
    let again = asked(&["Host: localhost", &format!("If-None-Match: {}", tags[1])]);
    assert_eq!(again.status, 200);
    let same = asked(&[
        "Host: codes.example",
        &format!("If-None-Match: {}", tags[1]),
    ]);
    assert_eq!(same.status, 304);
    assert!(
        same.headers
            .iter()
            .any(|(name, value)| name == "vary" && value.contains("host")),
        "{same:?}"
    );

    let stranger = Served::start(&world, &[]);
    let reply = get(
        &stranger,
        FHIR,
        &[
            "Host: localhost",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: evil.example",
        ],
    );
    assert!(
        reply.text().contains("http://localhost/fhir/r4"),
        "{}",
        reply.text()
    );
    assert!(!reply.text().contains("evil.example"));

    let fixed = Served::start(&world, &["--base-url", "https://codes.example"]);
    let reply = get(&fixed, FHIR, &["Host: localhost"]);
    assert!(
        reply.text().contains("https://codes.example/fhir/r4"),
        "{}",
        reply.text()
    );
}

#[test]
fn an_answer_that_is_not_sent_again_says_on_what_it_rests() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    let tag = get(&served, CHECK, &["Host: localhost"]);
    let tag = format!("If-None-Match: {}", tag.header("etag").unwrap());
    let same = get(&served, CHECK, &["Host: localhost", &tag]);
    assert_eq!(same.status, 304);
    let mut varies = same.headers.iter().filter(|(name, _)| name == "vary");
    assert!(
        varies.any(|(_, value)| value.contains("accept-encoding")),
        "{same:?}"
    );
    // Whoever has any answer gets the one that there is.
    for (target, status) in [
        (CHECK, 200),
        ("/api/diff?old=FY2017&new=FY2018", 404),
        ("/nothing", 404),
    ] {
        let reply = get(&served, target, &["Host: localhost", "If-None-Match: *"]);
        assert_eq!(reply.status, status, "{target}: {reply:?}");
    }
}

#[test]
fn an_answer_that_can_be_sent_in_no_coding_is_refused_in_the_one_shape() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]).warm();
    for (target, is_json) in [(CHECK, true), ("/about", true), (FHIR, true)] {
        let coding = "Accept-Encoding: identity;q=0";
        let reply = get(&served, target, &["Host: localhost", coding]);
        assert_eq!(reply.status, 406, "{target}: {reply:?}");
        assert_eq!(reply.header("etag"), None);
        assert_eq!(reply.json().is_object(), is_json, "{target}");
    }
    let coding = "Accept-Encoding: gzip, identity;q=0";
    assert_eq!(
        get(&served, CHECK, &["Host: localhost", coding]).status,
        200
    );
}

#[test]
fn behind_a_proxy_each_user_has_a_rate_of_their_own() {
    let world = World::with_sample();
    let refused = |served: &Served, of: &[&str]| {
        let status = |of: &&str| {
            let forwarded = format!("X-Forwarded-For: {of}");
            get(served, CHECK, &["Host: localhost", &forwarded]).status
        };
        of.iter().map(status).any(|status| status == 429)
    };
    let again = |of| vec![of; 30];
    // So many requests of one are more than one a second, however slow the machine.
    let users: Vec<String> = (0..30).map(|at| format!("203.0.113.{at}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let served = Served::start(&world, &["--rate", "1", "--trusted-proxy", "127.0.0.1"]);
    assert!(!refused(&served, &users));
    assert!(refused(&served, &again("203.0.113.99")));
    // What a user adds to the front, or what stands before an entry that cannot be read, says nothing.
    let front: Vec<String> = (0..30)
        .map(|at| format!("10.9.9.{at}, 203.0.113.100"))
        .collect();
    assert!(refused(
        &served,
        &front.iter().map(String::as_str).collect::<Vec<_>>()
    ));
    let port: Vec<String> = (0..30)
        .map(|at| format!("10.9.9.{at}, 203.0.113.101:{}", 4000 + at))
        .collect();
    assert!(refused(
        &served,
        &port.iter().map(String::as_str).collect::<Vec<_>>()
    ));
    let unknown: Vec<String> = (0..30).map(|at| format!("10.9.9.{at}, unknown")).collect();
    assert!(refused(
        &served,
        &unknown.iter().map(String::as_str).collect::<Vec<_>>()
    ));
    // All of a network of IPv6 are one.
    let network: Vec<String> = (0..30).map(|at| format!("2001:db8::{at:x}")).collect();
    assert!(refused(
        &served,
        &network.iter().map(String::as_str).collect::<Vec<_>>()
    ));
    let direct = Served::start(&world, &["--rate", "1"]);
    assert!(
        refused(&direct, &users),
        "nobody is believed who is no proxy"
    );
}

#[test]
fn names_that_are_none_are_refused_at_the_start() {
    let world = World::with_sample();
    for (args, said) in [
        (
            ["--trusted-proxy", "proxy"],
            "is not an address: expected one such as 10.0.0.1",
        ),
        (
            ["--base-url", "codes.example"],
            "is not the address of a server",
        ),
        (
            ["--allow-origin", "https://ehr.example/path"],
            "is not the address of a server",
        ),
    ] {
        let run = world.run(&["serve", args[0], args[1]]);
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(said), "{run:?}");
    }
}
