//! The part of a resource that is read: a tree of the elements that some rule asks for.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{ClaimPlace, ClaimProblem, ProblemKind};

/// Declares the elements that are read. All others are passed over where they stand, whatever they hold.
macro_rules! elements {
    ($($name:literal)*) => {
        fn known(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some($name),)*
                _ => None,
            }
        }
    };
}

elements! {
    "actualPeriod" "amount" "assertedDate" "billablePeriod" "category" "class" "code" "coding" "concept" "condition"
    "contained" "context" "currency" "dateRecorded" "diagnosis" "diagnosisCodeableConcept" "diagnosisLinkId"
    "diagnosisReference" "diagnosisSequence" "encounter" "end" "entry" "fullUrl" "hospitalization" "id" "indication"
    "information" "item" "onAdmission" "occurrenceDateTime" "occurrencePeriod" "onsetDateTime" "onsetPeriod" "performedDateTime"
    "performedPeriod" "period" "procedure" "procedureCodeableConcept" "procedureLinkId" "procedureReference"
    "procedureSequence" "reason" "reasonCode" "reasonReference" "recordedDate" "reference" "resource" "resourceType"
    "sequence" "serviceDate" "servicedDate" "servicedPeriod" "start" "subType" "supportingInfo" "system" "timingPeriod"
    "total" "type" "value"
}

/// A value of JSON, without the elements that no rule asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool,
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(&'static str, Node)>),
}

/// Returns the name of an element as it is kept, if it is one that is read.
pub(super) fn kept_name(name: &str) -> Option<&'static str> {
    known(name)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bool)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members: Vec<(&'static str, Node)> = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let Some(name) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if members.iter().any(|(other, _)| *other == name) {
                return Err(serde::de::Error::custom("an element is there twice"));
            }
            members.push((name, map.next_value()?));
        }
        Ok(Node::Object(members))
    }
}

/// The name of a member, if it is one that is read.
struct Name(Option<&'static str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(known(name)))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Where in a resource something stands: `Claim.item[2].servicedDate`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    Root(&'p str),
    Member(&'p Path<'p>, &'p str),
    /// Counted from 0, as FHIRPath does.
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root(name) => f.write_str(name),
            Path::Member(parent, name) => write!(f, "{parent}.{name}"),
            Path::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// What is wrong with an element, and its path.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) path: String,
    pub(super) kind: ProblemKind,
    /// Whether the resource is not read for it.
    pub(super) is_fatal: bool,
}

impl Wrong {
    /// Returns it as the problem of a resource that is read all the same.
    pub(super) fn beside(self, place: ClaimPlace) -> ClaimProblem {
        ClaimProblem::new(place, Some(self.path), self.kind).beside_claims()
    }

    pub(super) fn new(path: &Path<'_>, what: &str) -> Wrong {
        Wrong {
            path: path.to_string(),
            kind: ProblemKind::Malformed(what.to_owned()),
            is_fatal: false,
        }
    }
}

/// An element with its path: every step checks the type of JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'n, 'p> {
    pub(super) node: &'n Node,
    pub(super) path: &'p Path<'p>,
}

impl<'n> At<'n, '_> {
    /// Returns a member of an object, if it is there.
    pub(super) fn member(&self, name: &str) -> Result<Option<&'n Node>, Wrong> {
        let Node::Object(members) = self.node else {
            return Err(Wrong::new(self.path, "expected an object"));
        };
        Ok(members
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, node)| node))
    }

    /// Reads a member with what reads its value.
    pub(super) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(At<'n, '_>) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Wrong> {
        let Some(node) = self.member(name)? else {
            return Ok(None);
        };
        let path = Path::Member(self.path, name);
        read(At { node, path: &path }).map(Some)
    }

    /// Reads each item of a member that is a list.
    pub(super) fn each(
        &self,
        name: &str,
        mut read: impl FnMut(At<'n, '_>, usize) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        self.read(name, |list| list.items(&mut read))?;
        Ok(())
    }

    /// Reads a member that is one value or a list of them.
    pub(super) fn one_or_each(
        &self,
        name: &str,
        mut read: impl FnMut(At<'n, '_>, usize) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        self.read(name, |at| match at.node {
            Node::List(_) => at.items(&mut read),
            _ => read(at, 0),
        })?;
        Ok(())
    }

    /// Reads each item of a list.
    pub(super) fn items(
        &self,
        mut read: impl FnMut(At<'n, '_>, usize) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let Node::List(items) = self.node else {
            return Err(Wrong::new(self.path, "expected an array"));
        };
        for (index, node) in items.iter().enumerate() {
            let path = Path::Item(self.path, index);
            read(At { node, path: &path }, index)?;
        }
        Ok(())
    }

    /// Reads a member that is a text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'n str>, Wrong> {
        self.read(name, |at| match at.node {
            Node::Text(text) => Ok(text.as_str()),
            _ => Err(Wrong::new(at.path, "expected a string")),
        })
    }

    /// Reads a sequence number. FHIR counts from 1; a 0 or a number in a string can be meant one way only, and is noted.
    pub(super) fn sequence(&self, remarks: &mut Vec<&'static str>) -> Result<u32, Wrong> {
        let is_whole =
            |number: &f64| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number);
        let number = match self.node {
            Node::Number(number) => Some(*number),
            Node::Text(text) => {
                remarks.push("a sequence number in a string");
                text.trim().parse().ok()
            }
            _ => None,
        };
        let number = number.filter(is_whole).map(|number| number as u32);
        if number == Some(0) {
            remarks.push("a sequence that is not counted from 1");
        }
        number.ok_or_else(|| Wrong::new(self.path, "expected a number from 1"))
    }
}
