//! `Parameters`, as an operation answers with them.

use serde_json::{Value, json};

/// Parameters in the order in which they are added.
#[derive(Debug, Default)]
pub(super) struct Reply {
    parameters: Vec<Value>,
}

impl Reply {
    pub(super) fn boolean(&mut self, name: &str, value: bool) -> &mut Reply {
        self.add(json!({ "name": name, "valueBoolean": value }))
    }

    pub(super) fn code(&mut self, name: &str, value: &str) -> &mut Reply {
        self.add(json!({ "name": name, "valueCode": value }))
    }

    pub(super) fn string(&mut self, name: &str, value: &str) -> &mut Reply {
        self.add(json!({ "name": name, "valueString": value }))
    }

    pub(super) fn uri(&mut self, name: &str, value: &str) -> &mut Reply {
        self.add(json!({ "name": name, "valueUri": value }))
    }

    pub(super) fn resource(&mut self, name: &str, resource: Value) -> &mut Reply {
        self.add(json!({ "name": name, "resource": resource }))
    }

    pub(super) fn parts(&mut self, name: &str, parts: Reply) -> &mut Reply {
        self.add(json!({ "name": name, "part": parts.parameters }))
    }

    pub(super) fn add(&mut self, parameter: Value) -> &mut Reply {
        self.parameters.push(parameter);
        self
    }

    pub(super) fn into_json(self) -> Value {
        json!({ "resourceType": "Parameters", "parameter": self.parameters })
    }
}
