//! Batches.

use serde_json::{Value, json};

use super::{BASE, CM, Server, parameters, value};

fn batch(entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": "batch", "entry": entries })
}

#[test]
fn each_entry_has_its_own_outcome() {
    let server = Server::with_sample();
    let get = |url: &str| json!({ "request": { "method": "GET", "url": url } });
    let query = format!(
        "CodeSystem/$validate-code?url={}&code=M54.5&date=2021-10-01&abstract=false",
        "http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Ficd-10-cm"
    );
    let post = json!({
        "request": { "method": "POST", "url": "CodeSystem/$lookup" },
        "resource": parameters(&[("system", "valueUri", json!(CM)), ("code", "valueCode", json!("C7B"))]),
    });
    let (status, reply) = server.post(
        "",
        &batch(&[
            get(&query),
            post,
            get("CodeSystem/nothing"),
            get(&format!("{BASE}/metadata")),
            get("Patient/1"),
            json!({ "request": { "method": "DELETE", "url": "CodeSystem/x" } }),
            json!({}),
            get(""),
        ]),
    );
    assert_eq!(status, 200);
    assert_eq!(reply["type"], "batch-response");
    let entries = reply["entry"].as_array().unwrap();
    let statuses: Vec<&str> = entries
        .iter()
        .map(|entry| entry["response"]["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        ["200", "200", "404", "200", "404", "405", "400", "400"]
    );
    assert_eq!(value(&entries[0]["resource"], "result"), false);
    assert_eq!(
        entries[2]["response"]["outcome"]["resourceType"],
        "OperationOutcome"
    );
}

#[test]
fn a_transaction_and_a_batch_without_end_are_refused() {
    let server = Server::with_sample();
    let entry = json!({ "request": { "method": "GET", "url": "metadata" } });
    assert_eq!(server.post("", &batch(&vec![entry.clone(); 1000])).0, 200);
    assert_eq!(server.post("", &batch(&vec![entry; 1001])).0, 422);
    let transaction = json!({ "resourceType": "Bundle", "type": "transaction" });
    assert_eq!(server.post("", &transaction).0, 422);
    for body in [
        json!({}),
        json!([]),
        json!({ "resourceType": "Patient" }),
        json!({ "resourceType": "Bundle" }),
    ] {
        assert_eq!(server.post("", &body).0, 400, "{body}");
    }
}
