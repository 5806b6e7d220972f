//! What went wrong or is to be noticed, as issues of an `OperationOutcome`; and resources as bytes.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use codeyear_core::error::{Error, ErrorKind, printable, printable_json};

/// The code system of the kinds of issues that terminology servers agree on.
const ISSUE_TYPES: &str = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type";
/// The most characters of a request that an answer repeats.
const MAX_ECHOED: usize = 100;

/// A resource, or why there is none.
pub(super) type Answered<T = Value> = Result<T, FhirFailure>;

/// How much an issue weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IssueSeverity {
    Error,
    Warning,
    Information,
}

/// One issue of an `OperationOutcome`.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) severity: IssueSeverity,
    /// A code of FHIR's own list of issue types.
    pub(super) code: &'static str,
    /// A code of the issue types that terminology servers agree on.
    pub(super) kind: Option<&'static str>,
    pub(super) text: String,
    /// Which element it speaks of.
    pub(super) expression: Option<String>,
}

impl Issue {
    pub(super) fn new(
        severity: IssueSeverity,
        code: &'static str,
        kind: &'static str,
        text: impl Into<String>,
    ) -> Issue {
        Issue {
            severity,
            code,
            kind: Some(kind),
            text: text.into(),
            expression: None,
        }
    }

    pub(super) fn at(mut self, expression: impl Into<String>) -> Issue {
        self.expression = Some(expression.into());
        self
    }

    pub(super) fn is_error(&self) -> bool {
        self.severity == IssueSeverity::Error
    }

    fn to_json(&self) -> Value {
        let severity = match self.severity {
            IssueSeverity::Error => "error",
            IssueSeverity::Warning => "warning",
            IssueSeverity::Information => "information",
        };
        let mut details = json!({ "text": self.text });
        if let Some(kind) = self.kind {
            set(
                &mut details,
                "coding",
                json!([{ "system": ISSUE_TYPES, "code": kind }]),
            );
        }
        let mut issue = json!({ "severity": severity, "code": self.code, "details": details });
        if let Some(expression) = &self.expression {
            set(&mut issue, "expression", json!([expression]));
        }
        issue
    }
}

/// Returns issues as an `OperationOutcome`.
pub(super) fn operation_outcome(issues: &[Issue]) -> Value {
    let issues: Vec<Value> = issues.iter().map(Issue::to_json).collect();
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

/// Why a request has no other answer.
#[derive(Debug, Clone)]
pub(super) struct FhirFailure {
    pub(super) status: u16,
    issue: Box<Issue>,
}

impl FhirFailure {
    pub(super) fn new(status: u16, code: &'static str, text: impl Into<String>) -> FhirFailure {
        FhirFailure {
            status,
            issue: Box::new(Issue {
                severity: IssueSeverity::Error,
                code,
                kind: None,
                text: text.into(),
                expression: None,
            }),
        }
    }

    /// The request is not one that could be understood.
    pub(super) fn invalid(text: impl Into<String>) -> FhirFailure {
        FhirFailure::new(400, "invalid", text).of_kind("invalid-data")
    }

    /// What is asked for is not here.
    pub(super) fn not_found(text: impl Into<String>) -> FhirFailure {
        FhirFailure::new(404, "not-found", text).of_kind("not-found")
    }

    pub(super) fn of_kind(mut self, kind: &'static str) -> FhirFailure {
        self.issue.kind = Some(kind);
        self
    }

    pub(super) fn to_json(&self) -> Value {
        operation_outcome(std::slice::from_ref(&*self.issue))
    }
}

impl From<Error> for FhirFailure {
    fn from(error: Error) -> FhirFailure {
        let (status, code) = match error.kind() {
            ErrorKind::NotFound => (404, "not-found"),
            ErrorKind::Usage => (400, "invalid"),
            ErrorKind::Busy => (503, "transient"),
            _ => (500, "exception"),
        };
        FhirFailure::new(status, code, error.to_string())
    }
}

/// Returns text of a request: no longer than need be, and with nothing that would not be seen.
pub(super) fn clip(text: &str) -> String {
    let mut shown: String = printable(text).chars().take(MAX_ECHOED).collect();
    if text.chars().nth(MAX_ECHOED).is_some() {
        shown.push('\u{2026}');
    }
    shown
}

/// Sets a field of an object.
pub(super) fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}

/// Writes a resource, compact.
pub(super) fn to_bytes(resource: &Value) -> Vec<u8> {
    // A value of strings, numbers and lists can always be written.
    let text = serde_json::to_string(&InOrder(resource)).unwrap_or_default();
    printable_json(text).into_bytes()
}

/// JSON with what tells what it is first: the type of a resource before all else, then its name.
struct InOrder<'a>(&'a Value);

/// What comes first in an object, in this order.
const FIRST: [&str; 8] = [
    "resourceType",
    "id",
    "meta",
    "url",
    "name",
    "severity",
    "system",
    "code",
];

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for key in FIRST {
                    if let Some(value) = object.get(key) {
                        map.serialize_entry(key, &InOrder(value))?;
                    }
                }
                for (key, value) in object {
                    if !FIRST.contains(&key.as_str()) {
                        map.serialize_entry(key, &InOrder(value))?;
                    }
                }
                map.end()
            }
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&InOrder(item))?;
                }
                list.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_says_is_repeated_clipped_and_visible() {
        assert_eq!(clip("C7B"), "C7B");
        assert_eq!(clip(&"x".repeat(5000)).chars().count(), MAX_ECHOED + 1);
        assert!(!clip("a\u{202e}\n\0").contains(['\n', '\0', '\u{202e}']));
    }

    #[test]
    fn the_type_of_a_resource_is_written_first() {
        let outcome = FhirFailure::not_found("no").to_json();
        let text = String::from_utf8(to_bytes(&outcome)).unwrap();
        assert!(
            text.starts_with(r#"{"resourceType":"OperationOutcome""#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), outcome);
    }
}
