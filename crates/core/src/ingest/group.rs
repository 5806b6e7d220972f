//! Files that were posted together, put together.

use crate::model::{CodeSet, DocumentKind};
use crate::source::archive::FoundFile;
use crate::source::kind::FileKind;
use crate::source::names::NameHints;

use super::report::Skipped;

/// An order file with what was posted with it, or such files alone.
#[derive(Default, Clone)]
pub(super) struct Package {
    pub(super) order: Option<(CodeSet, FoundFile)>,
    pub(super) addenda: Option<(CodeSet, FoundFile)>,
    /// The files around the order file, of one code set.
    pub(super) documents: Vec<(DocumentKind, FoundFile)>,
}

impl Package {
    pub(super) fn files(&self) -> usize {
        usize::from(self.order.is_some())
            + usize::from(self.addenda.is_some())
            + self.documents.len()
    }

    /// Checks whether a file of a code set was posted with the order file of this package.
    fn has_order_file_beside(&self, code_set: CodeSet, file: &FoundFile) -> bool {
        self.order
            .as_ref()
            .is_some_and(|(order_set, order)| *order_set == code_set && order.group == file.group)
    }
}

/// Groups files that were posted together into packages: order files first, because what was posted
/// without one needs its release.
pub(super) fn group_files(found: Vec<FoundFile>) -> (Vec<Package>, Vec<Skipped>) {
    let mut packages: Vec<Package> = Vec::new();
    let mut addenda = Vec::new();
    let mut documents = Vec::new();
    let mut left = Vec::new();
    for file in found {
        match file.kind {
            FileKind::OrderFile(code_set) => packages.push(Package {
                order: Some((code_set, file)),
                ..Package::default()
            }),
            FileKind::OrderAddenda(code_set) => addenda.push((code_set, file)),
            FileKind::Document(kind) => documents.push((kind, file)),
            FileKind::Zip | FileKind::Broken(_) => {}
            FileKind::Other(why) => left.push(Skipped {
                file: file.shown,
                why: why.to_owned(),
            }),
        }
    }
    let mut alone = Vec::new();
    for (code_set, file) in addenda {
        let is_alone = packages
            .iter()
            .filter(|package| package.has_order_file_beside(code_set, &file))
            .count()
            == 1;
        let beside = packages
            .iter_mut()
            .filter(|package| package.has_order_file_beside(code_set, &file));
        // Of the order files of several years in one folder it is beside the one that is named after its year.
        let calendar = code_set.facts().calendar;
        let named = |name: &str| NameHints::read(name, calendar).candidates(calendar);
        let own = named(&file.name);
        let year = |package: &&mut Package| {
            let order = package.order.as_ref();
            order.is_some_and(|(_, order)| named(&order.name) == own)
        };
        let mut beside = beside.filter(|package| is_alone || year(package));
        match (beside.next(), beside.next()) {
            // Posted with exactly one order file, which has no addenda yet.
            (Some(package), None) if package.addenda.is_none() => {
                package.addenda = Some((code_set, file));
            }
            _ => alone.push(Package {
                addenda: Some((code_set, file)),
                ..Package::default()
            }),
        }
    }
    // Of one table in two formats the workbook is the original: the other is seen to be its copy.
    documents.sort_by_key(|(kind, file)| {
        *kind == DocumentKind::ConversionTable && !file.name.to_ascii_lowercase().ends_with(".xlsx")
    });
    let mut groups: Vec<Package> = Vec::new();
    for (kind, file) in documents {
        let code_set = kind.code_set();
        let mut beside = packages
            .iter_mut()
            .filter(|package| package.has_order_file_beside(code_set, &file));
        let fits = |package: &Package| package.documents.iter().all(|(other, _)| *other != kind);
        match (beside.next(), beside.next()) {
            // Two of one kind are a table and its copy, or disagree: that shows when they are read.
            (Some(package), None) => package.documents.push((kind, file)),
            _ => {
                // Without an order file, what was posted together is of one release all the same.
                let together = groups.iter_mut().find(|package| {
                    fits(package)
                        && package.documents.iter().all(|(other, beside)| {
                            other.code_set() == code_set && beside.group == file.group
                        })
                });
                match together {
                    Some(package) => package.documents.push((kind, file)),
                    None => groups.push(Package {
                        documents: vec![(kind, file)],
                        ..Package::default()
                    }),
                }
            }
        }
    }
    // A release without order file is made from its tabular list, which the rest of it needs.
    groups.sort_by_key(|package| {
        !package
            .documents
            .iter()
            .any(|(kind, _)| *kind == DocumentKind::Tabular)
    });
    packages.extend(alone);
    packages.extend(groups);
    for package in &mut packages {
        package.documents.sort_by_key(|(kind, _)| *kind);
    }
    (packages, left)
}
