//! `/fhir/r4` and `/fhir/r5` of a running server.

use serde_json::json;

use super::Served;
use crate::fhir::{CM, parameters, property, value};
use crate::world::World;

#[test]
fn a_server_answers_as_of_a_day_from_memory_and_from_the_database_alike() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let asked = format!("/fhir/r4/CodeSystem/$lookup?system={CM}&code=M54.5&date=2021-10-01");
    // The first answers come before the titles are read, the last after.
    let mut answers = Vec::new();
    for _ in 0..50 {
        let reply = served.get(&asked);
        assert_eq!(reply.status, 200);
        assert!(
            reply
                .header("content-type")
                .unwrap()
                .starts_with("application/fhir+json")
        );
        answers.push(reply.json());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let new = [json!("M54.50"), json!("M54.51"), json!("M54.59")];
    assert_eq!(property(&answers[0], "successor"), new);
    for (version, number) in [("r4", "4.0.1"), ("r5", "5.0.0")] {
        let statement = served.get(&format!("/fhir/{version}/metadata")).json();
        assert_eq!(statement["fhirVersion"], number);
        assert_eq!(
            statement["implementation"]["url"],
            format!("http://localhost/fhir/{version}")
        );
    }
}

#[test]
fn bodies_batches_and_failures_are_fhir() {
    let world = World::with_sample();
    let served = Served::start(&world, &[]);
    let media = "application/fhir+json";
    let body = parameters(&[
        ("url", "valueUri", json!(CM)),
        ("code", "valueCode", json!("Z28.3")),
        ("date", "valueDate", json!("2022-04-01")),
        ("abstract", "valueBoolean", json!(false)),
    ]);
    let path = "/fhir/r5/CodeSystem/$validate-code";
    let reply = served.post(path, media, body.to_string().as_bytes());
    assert_eq!(value(&reply.json(), "result"), false);
    let batch = json!({
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{ "request": { "method": "GET", "url": "CodeSystem/icd-10-cm-2026" } }],
    });
    for path in ["/fhir/r4", "/fhir/r4/"] {
        let reply = served.post(path, media, batch.to_string().as_bytes());
        assert_eq!(reply.json()["entry"][0]["resource"]["count"], 505);
    }
    let form = "application/x-www-form-urlencoded";
    let found = served.post(
        "/fhir/r4/CodeSystem/_search",
        form,
        b"version=2026&_count=1",
    );
    assert_eq!(found.json()["total"], 1);
    for (reply, status) in [
        (served.get("/fhir/r4/CodeSystem/none"), 404),
        (served.get("/fhir/r3/metadata"), 404),
        (served.get("/fhir"), 404),
        (served.get("/fhir/r4/CodeSystem/$lookup"), 400),
        (served.post(path, media, b"{"), 400),
        (served.post(path, media, &vec![b' '; 2 << 20]), 413),
        (
            served.send(
                "DELETE /fhir/r4/CodeSystem/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            ),
            405,
        ),
    ] {
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(reply.json()["resourceType"], "OperationOutcome");
    }
}
