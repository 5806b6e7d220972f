//! Requests to the server, byte for byte.

use super::fuzz;
use crate::served::Served;
use crate::world::{World, is_on};

/// How many requests are sent at a time: fewer than an address may have connections.
const AT_ONCE: usize = 48;

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").into_bytes()
}

fn post(target: &str, media_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

#[test]
fn requests_are_answered_or_refused_and_none_is_a_defect() {
    let world = World::with_sample();
    // What a request leaves unsaid is not waited for.
    let limits = ["--timeout", "1"];
    let served = Served::start(&world, &limits).warm();
    let parameters = r#"{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":"C7B"},{"name":"system","valueUri":"http://hl7.org/fhir/sid/icd-10-cm"}]}"#;
    let batch = r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"CodeSystem/$lookup?system=http://hl7.org/fhir/sid/icd-10-cm&code=C7B"}}]}"#;
    let claims = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c.csv\"\r\n\r\ndx,dos\nC7B,2026-03-01\n\r\n--b\r\ncontent-disposition: form-data; name=\"code\"\r\n\r\ndx\r\n--b--\r\n";
    let seeds = [
        get("/api/check?code=C7B&on=2026-03-01"),
        get("/api/diff?from=FY2025&to=FY2026&limit=3"),
        get("/api/search?q=low+back+pain"),
        get("/code/icd10cm/M54.5?on=2021-10-01"),
        get("/compare?code=C7A&code=C7B"),
        get("/fhir/r4/ValueSet/$expand?url=http://hl7.org/fhir/sid/icd-10-cm?fhir_vs&count=3"),
        get("/fhir/r5/CodeSystem/$lookup?system=http://hl7.org/fhir/sid/icd-10-cm&code=C7B"),
        post(
            "/api/check",
            "application/json",
            r#"{"codes":["C7B",{"code":"M54.5","on":"2021-10-01"}],"on":"2026-03-01"}"#,
        ),
        post(
            "/fhir/r4/CodeSystem/$lookup",
            "application/fhir+json",
            parameters,
        ),
        post("/fhir/r4", "application/fhir+json", batch),
        post("/audit", "multipart/form-data; boundary=b", claims),
    ];
    let words = [
        "\r\n",
        "\r\n\r\n",
        "%00",
        "%e2%80%ae",
        "%",
        "&",
        "=",
        "?",
        "code=",
        "on=",
        "2026-13-45",
        "host: localhost\r\n",
        "host: x\r\n",
        "content-length: 4\r\n",
        "transfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        "expect: 100-continue\r\n",
        "HEAD",
        "PUT",
        "accept-encoding: gzip\r\n",
        "if-none-match: *\r\n",
        "$expand",
        "$translate",
        "[",
        "{",
        "}",
        "null",
        "\"",
    ];
    let mut asked = Vec::new();
    fuzz("requests", &seeds, &words, |request| {
        // Many at once: most of what is no request is waited for.
        asked.push(request.to_vec());
        if asked.len() < AT_ONCE {
            return true;
        }
        std::thread::scope(|scope| {
            for request in asked.drain(..) {
                let served = &served;
                scope.spawn(move || {
                    // 0 is a connection that was closed without an answer: what was sent is no request, or has no end.
                    let status = served.send_bytes(&request).status;
                    assert_ne!(status, 500, "{}", String::from_utf8_lossy(&request));
                });
            }
        });
        let well = served.get("/api/check?code=C7B&on=2026-03-01");
        well.json()["answers"][0]["verdict"] == "header"
    });
    // How it ends is told where it can be told to.
    if !is_on("Unix") {
        return;
    }
    served.tell_to_stop();
    let (exit, said) = served.end();
    assert_eq!(exit, Some(0), "{said}");
    assert!(!said.contains("defect of codeyear"), "{said}");
}
