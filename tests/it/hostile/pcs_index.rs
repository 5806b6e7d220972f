//! An index of ICD-10-PCS that is broken, or whose terms lead round and round.

use codeyear::answer::{self, SearchOptions};
use codeyear::ingest::{ImportOptions, import};
use codeyear::model::CodeSet;
use codeyear::store::Store;

use super::{file, rows_of, sample_text};
use crate::world::{World, options};

const INDEX: &str = "icd10pcs/FY2022-04-errata/icd10pcs_index_2022.xml";

/// A store with the procedures of the sample, but for the last one, as a release of 2030 with this index.
fn with_index(index: &str) -> codeyear::Result<(World, Store)> {
    let world = World::empty();
    let mut rows = rows_of("icd10pcs/FY2022-04-errata/icd10pcs_order_2022.txt");
    rows.pop();
    world.write("files/order.txt", file(&rows, "\r\n"));
    world.write("files/index.xml", index);
    let mut store = Store::open_or_create(&world.database()).unwrap();
    let options = ImportOptions {
        release: Some("FY2030".parse().unwrap()),
        strict: true,
        ..options()
    };
    import(&mut store, &[world.path("files")], &options, &mut |_| {})?;
    Ok((world, store))
}

#[test]
fn terms_that_refer_to_each_other_end() {
    let see =
        |from: &str, to: &str| format!("<mainTerm><title>{from}</title><see>{to}</see></mainTerm>");
    let terms = [
        see("Aaron", "Aaron"),
        see("Abacus", "Abbey"),
        see("Abbey", "Abacus"),
        see("Abbot", "Dilation"),
    ];
    let many: String = (0..50)
        .map(|at| see("Acorn", &format!("Acorn {at}")))
        .collect();
    let begin = sample_text(INDEX);
    let at = begin.find("<mainTerm>").unwrap();
    let index = [&begin[..at], &terms.concat(), &many, &begin[at..]].concat();
    let (_world, store) = with_index(&index).unwrap();
    let found = |words: &str| {
        let options = SearchOptions {
            most: 10,
            unlisted: false,
        };
        let day = "2030-01-01".parse().unwrap();
        let report = answer::search(&store, CodeSet::Icd10Pcs, words, day, options).unwrap();
        report.found.first().map(|one| one.code.to_string())
    };
    for words in ["aaron", "abacus", "abbey", "acorn"] {
        assert_eq!(found(words), None, "{words}");
    }
    assert_eq!(found("abbot").as_deref(), Some("02703ZZ"));
}

#[test]
fn a_broken_index_is_refused_with_its_line_and_what_is_new_in_one_is_counted() {
    let text = sample_text(INDEX);
    let line = text[..text.find("<tab>").unwrap()].matches('\n').count() + 1;
    let broken = text.replacen("<tab>027</tab>", "<tab>0270</tab>", 1);
    let error = with_index(&broken).map(drop).unwrap_err();
    let said = error.to_string();
    for part in ["index.xml", &format!("line {line}"), "3 to 3 characters"] {
        assert!(said.contains(part), "{part:?}: {said}");
    }
    let new = text.replacen("<tab>027</tab>", "<new>x</new><tab>027</tab>", 1);
    let (_world, store) = with_index(&new).unwrap();
    let documents = store.documents(codeyear::model::DocumentKind::PcsIndex);
    let unread = store.document_unread(&documents.unwrap()[0]).unwrap();
    assert_eq!(unread.count(), 1);
}
