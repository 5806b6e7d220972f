//! Importing: any order, one by one or at once, again, or beside another code set, gives one content.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use codeyear::answer;
use codeyear::ingest::{ImportOptions, import, import_sample};
use codeyear::model::{Added, Answer, CodeSet};
use codeyear::source::sample::{SampleFile, sample_bytes, sample_files};
use codeyear::store::Store;
use proptest::prelude::*;

use super::{
    CODES, Posted, SET, cases, days, entries_of, import_in_order, import_one, options, posted,
    render, sample_file, write_posted,
};
use crate::world::{self, today};

fn all_answers(store: &Store) -> Vec<Answer> {
    let mut answers = Vec::new();
    for code in CODES {
        for day in days() {
            answers.push(answer::check(&store.codes(SET).unwrap(), code, day).unwrap());
        }
    }
    answers
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn any_order_of_import_gives_one_content_and_equal_answers(
        posted in posted(),
        seed in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = import_in_order(folder.path(), &posted);
        let mut other = posted.clone();
        let len = other.len();
        other.rotate_left(seed as usize % len);
        other.swap(0, (seed >> 32) as usize % len);
        let second = import_in_order(folder.path(), &other);
        prop_assert_eq!(store.content_hash().unwrap(), second.content_hash().unwrap());
        prop_assert_eq!(all_answers(&store), all_answers(&second));
        for one in &posted {
            prop_assert_eq!(&store.listing(SET, one.id()).unwrap().entries, &one.book);
            prop_assert_eq!(&second.listing(SET, one.id()).unwrap().entries, &one.book);
        }
    }

    #[test]
    fn one_import_of_a_folder_gives_what_many_imports_give(posted in posted()) {
        let posted: Vec<Posted> = posted.into_iter().filter(|one| !one.is_revision).collect();
        let folder = tempfile::tempdir().unwrap();
        let one_by_one = import_in_order(folder.path(), &posted);
        let mut at_once = Store::in_memory().unwrap();
        import(&mut at_once, &[folder.path().to_path_buf()], &options(), &mut |_| {}).unwrap();
        prop_assert_eq!(at_once.compare_spans(SET).unwrap(), 0);
        prop_assert_eq!(at_once.content_hash().unwrap(), one_by_one.content_hash().unwrap());
    }

    #[test]
    fn importing_twice_is_importing_once(posted in posted()) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = import_in_order(folder.path(), &posted);
        let before = store.content_hash().unwrap();
        for one in posted.iter().rev() {
            let path = write_posted(folder.path(), one);
            for is_revision in [one.is_revision, !one.is_revision] {
                prop_assert_eq!(import_one(&mut store, &path, is_revision), Added::AlreadyThere);
            }
        }
        prop_assert_eq!(store.releases().unwrap().len(), posted.len());
        prop_assert_eq!(store.content_hash().unwrap(), before);
    }

    #[test]
    fn releases_of_another_code_set_change_no_answer(posted in posted(), at in 0usize..6) {
        let folder = tempfile::tempdir().unwrap();
        let alone = import_in_order(folder.path(), &posted);
        let path = folder.path().join("icd10pcs-FY2030.txt");
        let procedures = sample_file(CodeSet::Icd10Pcs, "FY2022-04", true);
        let mut book = entries_of(CodeSet::Icd10Pcs, sample_bytes(procedures));
        book.remove(3);
        std::fs::write(&path, render(&book, "\r\n")).unwrap();
        let mut mixed = Store::in_memory().unwrap();
        for (index, one) in posted.iter().enumerate() {
            if index == at % posted.len() {
                let paths = [path.clone()];
                let report =
                    import(&mut mixed, &paths, &world::options(), &mut |_| {}).unwrap();
                prop_assert_eq!(report.taken[0].code_set, CodeSet::Icd10Pcs);
            }
            import_one(&mut mixed, &write_posted(folder.path(), one), one.is_revision);
            prop_assert_eq!(mixed.compare_spans(SET).unwrap(), 0);
        }
        prop_assert_eq!(mixed.compare_spans(CodeSet::Icd10Pcs).unwrap(), 0);
        prop_assert_eq!(all_answers(&mixed), all_answers(&alone));
    }
}

proptest! {
    #![proptest_config(cases(12))]

    /// The sample has what small releases lack: a correction, an update of January, and codes in force
    /// before any order file lists them.
    #[test]
    fn any_order_of_importing_the_sample_gives_one_content(
        order in Just(order_files_of_the_sample()).prop_shuffle(),
    ) {
        static EXPECTED: OnceLock<String> = OnceLock::new();
        let mut store = Store::in_memory().unwrap();
        for file in &order {
            import(&mut store, &[sample_path(file)], &stated(file), &mut |_| {}).unwrap();
            for code_set in CodeSet::ALL {
                prop_assert_eq!(store.compare_spans(code_set).unwrap(), 0, "{}", &file.path);
            }
        }
        let content_hash = store.content_hash().unwrap();
        prop_assert_eq!(EXPECTED.get_or_init(|| content_hash.clone()), &content_hash);
    }
}

proptest! {
    #![proptest_config(cases(8))]

    /// All of the sample's files one by one, each after the order file of its release: what stands around
    /// an order file needs its release.
    #[test]
    fn any_order_of_importing_all_files_of_the_sample_gives_the_content_of_the_sample(
        order in Just((0..sample_files().unwrap().len()).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        static EXPECTED: OnceLock<String> = OnceLock::new();
        let expected = EXPECTED.get_or_init(|| {
            let mut store = Store::in_memory().unwrap();
            import_sample(&mut store, today()).unwrap();
            store.content_hash().unwrap()
        });
        let files = sample_files().unwrap();
        let mut store = Store::in_memory().unwrap();
        let mut there = BTreeSet::new();
        let mut waiting: Vec<usize> = Vec::new();
        for number in order {
            let release = (files[number].code_set, files[number].release);
            waiting.push(number);
            if files[number].is_order_file() {
                there.insert(release);
                // It goes before what waits for it.
                let last = waiting.len() - 1;
                waiting[..].rotate_right(usize::from(last > 0));
            }
            let (ready, rest): (Vec<usize>, Vec<usize>) = waiting
                .into_iter()
                .partition(|number| there.contains(&(files[*number].code_set, files[*number].release)));
            waiting = rest;
            for number in ready {
                let path = sample_path(&files[number]);
                let report = import(&mut store, &[path], &stated(&files[number]), &mut |_| {});
                let report = report.unwrap_or_else(|error| panic!("{}: {error}", files[number].path));
                prop_assert_eq!(report.taken[0].release, files[number].release);
                prop_assert_eq!(report.taken[0].added, Added::New, "{}", &files[number].path);
            }
        }
        prop_assert!(waiting.is_empty());
        prop_assert_eq!(&store.content_hash().unwrap(), expected);
    }
}

fn order_files_of_the_sample() -> Vec<&'static SampleFile> {
    let files = sample_files().unwrap().iter();
    files.filter(|file| file.is_order_file()).collect()
}

fn sample_path(file: &SampleFile) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("releases/sample");
    folder.join(&file.path)
}

/// States the release: some files of the sample are those of two releases.
fn stated(file: &SampleFile) -> ImportOptions {
    ImportOptions {
        release: Some(file.release.into()),
        ..world::options()
    }
}
