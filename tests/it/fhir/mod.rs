//! The operations of a FHIR terminology server, on the bundled sample.

mod batches;
mod code_systems;
mod concept_maps;
mod exports;
mod hostile;
mod validation;
mod value_sets;

use chrono::NaiveDate;
use codeyear::fhir::{self, FhirVersion, Method, Request, Terminology};
use codeyear::ingest::import_sample;
use codeyear::store::Store;
use serde_json::{Value, json};

use crate::world::today;

pub const CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
pub const PCS: &str = "http://www.cms.gov/Medicare/Coding/ICD10";
pub const BASE: &str = "http://localhost:8080/fhir/r4";

/// A store and the day on which it is asked.
pub struct Server {
    pub store: Store,
    pub today: NaiveDate,
    pub version: FhirVersion,
}

impl Server {
    pub fn with_sample() -> Server {
        let mut store = Store::in_memory().unwrap();
        import_sample(&mut store, today()).unwrap();
        Server::over(store)
    }

    pub fn over(store: Store) -> Server {
        Server {
            store,
            today: today(),
            version: FhirVersion::R4,
        }
    }

    pub fn r5(mut self) -> Server {
        self.version = FhirVersion::R5;
        self
    }

    pub fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> (u16, Value) {
        let terminology = Terminology::of(&self.store, self.today).unwrap();
        let query: Vec<(String, String)> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let request = Request {
            version: self.version,
            method,
            path,
            query: &query,
            body,
            base: BASE,
            ends: None,
        };
        let response = fhir::answer(&request, &terminology);
        let json: Value = serde_json::from_slice(&response.body).unwrap();
        if response.status != 200 {
            assert_eq!(json["resourceType"], "OperationOutcome", "{json}");
        }
        (response.status, json)
    }

    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let (status, json) = self.send(Method::Get, path, query, None);
        assert_eq!(status, 200, "{path} {query:?}: {json}");
        json
    }

    /// The status and the text of a refusal.
    pub fn refused(&self, path: &str, query: &[(&str, &str)]) -> (u16, String) {
        let (status, json) = self.send(Method::Get, path, query, None);
        assert_ne!(status, 200, "{path} {query:?}: {json}");
        (status, text_of(&json))
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::Post, path, &[], Some(body.to_string().as_bytes()))
    }
}

/// The text of the first issue.
pub fn text_of(outcome: &Value) -> String {
    outcome["issue"][0]["details"]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{outcome}"))
        .to_owned()
}

/// The value of a parameter of an answer; null if it has none.
pub fn value(parameters: &Value, name: &str) -> Value {
    let found = parameters["parameter"]
        .as_array()
        .unwrap_or_else(|| panic!("{parameters}"))
        .iter()
        .find(|parameter| parameter["name"] == name);
    found.map_or(Value::Null, own_value)
}

fn own_value(parameter: &Value) -> Value {
    let object = parameter.as_object().unwrap();
    object
        .iter()
        .find(|(key, _)| key.starts_with("value") || *key == "resource")
        .map_or(Value::Null, |(_, value)| value.clone())
}

/// The parts of each parameter of a name, as pairs.
pub fn parts(parameters: &Value, name: &str) -> Vec<Vec<(String, Value)>> {
    parameters["parameter"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|parameter| parameter["name"] == name)
        .map(|parameter| {
            let parts = parameter["part"].as_array().unwrap();
            let pair = |part: &Value| (part["name"].as_str().unwrap().to_owned(), own_value(part));
            parts.iter().map(pair).collect()
        })
        .collect()
}

/// The values of a property of a `$lookup`.
pub fn property(parameters: &Value, code: &str) -> Vec<Value> {
    let of = |parts: &Vec<(String, Value)>, name: &str| {
        let found = parts.iter().find(|(part, _)| part == name);
        found.map_or(Value::Null, |(_, value)| value.clone())
    };
    parts(parameters, "property")
        .iter()
        .filter(|parts| of(parts, "code") == code)
        .map(|parts| of(parts, "value"))
        .collect()
}

/// The kinds and severities of the issues of a validation.
pub fn issues(parameters: &Value) -> Vec<(String, String)> {
    let found = value(parameters, "issues");
    let issues = found["issue"].as_array().cloned().unwrap_or_default();
    issues
        .iter()
        .map(|issue| {
            let kind = issue["details"]["coding"][0]["code"].as_str().unwrap();
            (
                issue["severity"].as_str().unwrap().to_owned(),
                kind.to_owned(),
            )
        })
        .collect()
}

/// `Parameters` of names, types and values.
pub fn parameters(given: &[(&str, &str, Value)]) -> Value {
    let list: Vec<Value> = given
        .iter()
        .map(|(name, kind, value)| {
            let mut parameter = json!({ "name": name });
            parameter[*kind] = value.clone();
            parameter
        })
        .collect();
    json!({ "resourceType": "Parameters", "parameter": list })
}
