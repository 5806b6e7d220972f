//! The pages of the server, rendered from the bundled sample: what a browser's strictest policy, a screen
//! reader and whoever shares an address need of them.

mod code;

use std::collections::BTreeSet;

use codeyear::answer::{self, BrowseAt, DiffScope, SearchOptions, ShowOptions};
use codeyear::ingest::import_sample;
use codeyear::model::{ChangeKind, CodeRange, CodeSet};
use codeyear::present::html::pages::{self, AuditAsk, DiffAsk, PageRequest, Site};
use codeyear::store::Store;

use crate::world::today;

const CM: CodeSet = CodeSet::Icd10Cm;
const PCS: CodeSet = CodeSet::Icd10Pcs;

fn sample() -> (Store, Site) {
    let mut store = Store::in_memory().unwrap();
    import_sample(&mut store, today()).unwrap();
    let site = Site::new(answer::releases(Some(&store), None).unwrap());
    (store, site)
}

fn code_page(store: &Store, site: &Site, code_set: CodeSet, code: &str, day: &str) -> String {
    let options = ShowOptions {
        earlier: true,
        around: true,
        ..ShowOptions::default()
    };
    let page = answer::show(
        &store.codes(code_set).unwrap(),
        code,
        day.parse().unwrap(),
        options,
    )
    .unwrap();
    pages::code(site, &page, false).unwrap()
}

fn browsed(store: &Store, site: &Site, code_set: CodeSet, at: BrowseAt, day: &str) -> String {
    let level = answer::browse(store, code_set, &at, day.parse().unwrap()).unwrap();
    pages::browse(site, &level).unwrap()
}

fn searched(store: &Store, site: &Site, words: &str) -> String {
    let asked = PageRequest {
        words,
        ..PageRequest::on(today(), CM)
    };
    let options = SearchOptions {
        most: 20,
        unlisted: false,
    };
    let report = answer::search(store, CM, words, today(), options).unwrap();
    pages::search(site, asked, Some(&report)).unwrap()
}

fn changed(store: &Store, site: &Site, ask: &DiffAsk) -> String {
    let (old, new) = (ask.old.unwrap(), ask.new.unwrap());
    let scope = DiffScope {
        notes: ask.notes,
        under: ask
            .under
            .split(',')
            .filter(|text| !text.is_empty())
            .map(|text| CodeRange::parse(CM, text).unwrap())
            .collect(),
        ..DiffScope::default()
    };
    let changes = answer::diff(store, CM, old, new, &scope).unwrap();
    pages::diff(site, PageRequest::on(today(), CM), ask, Some(&changes)).unwrap()
}

fn fy2026() -> DiffAsk {
    DiffAsk {
        old: Some("FY2025-04".parse().unwrap()),
        new: Some("FY2026".parse().unwrap()),
        ..DiffAsk::default()
    }
}

/// One page of every kind, and of codes one with each verdict.
fn every_page() -> Vec<(String, String)> {
    let (store, site) = sample();
    let asked = PageRequest::on(today(), CM);
    let mut all = vec![
        ("home".to_owned(), pages::home(&site, asked).unwrap()),
        ("help".to_owned(), pages::help(&site, asked).unwrap()),
        (
            "no release".to_owned(),
            pages::uncovered(&site, PageRequest::on("2030-01-01".parse().unwrap(), CM)).unwrap(),
        ),
        (
            "releases".to_owned(),
            pages::releases(&site, asked).unwrap(),
        ),
        (
            "error".to_owned(),
            pages::error_page(
                &site,
                asked,
                404,
                "nothing found at this address",
                Some("go to the first page"),
            )
            .unwrap(),
        ),
        ("ask".to_owned(), pages::search(&site, asked, None).unwrap()),
        (
            "search".to_owned(),
            searched(&store, &site, "carcinoid liver"),
        ),
        (
            "nothing found".to_owned(),
            searched(&store, &site, "xylophone"),
        ),
        (
            "compare, asked".to_owned(),
            pages::compare(&site, asked, None).unwrap(),
        ),
        (
            "changes, asked".to_owned(),
            pages::diff(&site, asked, &DiffAsk::default(), None).unwrap(),
        ),
        ("changes".to_owned(), changed(&store, &site, &fy2026())),
        (
            "audit".to_owned(),
            pages::audit_form(
                &site,
                asked,
                AuditAsk::default(),
                Some(("the file is empty", Some("choose another"))),
            )
            .unwrap(),
        ),
    ];
    let options = ShowOptions::default();
    let found = answer::compare(&store.codes(CM).unwrap(), "C7A", "C7B", today(), options).unwrap();
    all.push((
        "compare".to_owned(),
        pages::compare(&site, asked, Some(&found)).unwrap(),
    ));
    for (code, day) in [
        ("C7B.00", "2026-03-01"),
        ("C7B", "2026-03-01"),
        ("M54.5", "2021-09-30"),
        ("M54.5", "2026-03-01"),
        ("M54.50", "2021-09-30"),
        ("C7B.05", "2026-03-01"),
        ("C7B.00", "2015-09-30"),
        ("C7B.00", "2030-01-01"),
    ] {
        let page = code_page(&store, &site, CM, code, day);
        all.push((format!("{code} on {day}"), page));
    }
    for (code_set, at) in [
        (CM, BrowseAt::Book),
        (CM, BrowseAt::Chapter("2".to_owned())),
        (PCS, BrowseAt::Book),
    ] {
        let name = format!("{} {at:?}", code_set.name());
        let periods = store.timeline(code_set).unwrap().periods().to_vec();
        let day = periods.last().unwrap().from.to_string();
        all.push((name, browsed(&store, &site, code_set, at, &day)));
    }
    all
}

/// Every start tag of a page: name and attributes, as they are written.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .filter(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|tag| tag.split('>').next().unwrap())
        .collect()
}

fn name(tag: &str) -> &str {
    tag.split([' ', '\n', '/']).next().unwrap()
}

/// The value of an attribute.
fn attribute<'t>(tag: &'t str, wanted: &str) -> Option<&'t str> {
    let begin = format!(" {wanted}=\"");
    let at = tag.find(&begin)? + begin.len();
    tag[at..].split('"').next()
}

#[test]
fn no_page_holds_a_style_a_script_or_a_handler_of_its_own() {
    for (page, html) in every_page() {
        for tag in tags(&html) {
            assert!(name(tag) != "style", "{page}: <{tag}>");
            assert!(attribute(tag, "style").is_none(), "{page}: <{tag}>");
            assert!(!tag.contains(" on") || !is_handler(tag), "{page}: <{tag}>");
            for address in ["href", "src", "action"] {
                let address = attribute(tag, address).unwrap_or_default();
                assert!(!address.starts_with("javascript:"), "{page}: <{tag}>");
            }
            if name(tag) == "script" {
                assert!(attribute(tag, "src").is_some(), "{page}: <{tag}>");
            }
        }
        let between = html.split("<script").nth(1).unwrap();
        let between = between.split("</script").next().unwrap();
        assert!(between.ends_with('>'), "{page}: a script with words in it");
    }
}

fn is_handler(tag: &str) -> bool {
    let attributes = tag.split(' ').filter_map(|part| part.split_once('='));
    attributes
        .into_iter()
        .any(|(name, _)| name.starts_with("on") && name.len() > 2 && !name.contains('"'))
}

#[test]
fn a_page_loads_its_assets_and_nothing_else() {
    for (page, html) in every_page() {
        for tag in tags(&html) {
            let loaded = match name(tag) {
                "link" => attribute(tag, "href"),
                "script" | "img" | "iframe" => attribute(tag, "src"),
                _ => None,
            };
            let Some(loaded) = loaded else { continue };
            let asset = loaded.strip_prefix("/assets/").unwrap();
            assert!(pages::asset(asset).is_some(), "{page}: {loaded}");
        }
    }
}

#[test]
fn every_link_to_another_page_holds_its_day() {
    for (page, html) in every_page() {
        let anchors: BTreeSet<&str> = tags(&html)
            .iter()
            .filter_map(|tag| attribute(tag, "id"))
            .collect();
        for tag in tags(&html) {
            if name(tag) != "a" {
                continue;
            }
            let href = attribute(tag, "href").unwrap();
            let href = href.replace("&amp;", "&").replace("&#38;", "&");
            // The official file, at its publisher's.
            if href.starts_with("https://") {
                continue;
            }
            if let Some(anchor) = href.strip_prefix('#') {
                assert!(anchors.contains(anchor), "{page}: {href}");
                continue;
            }
            assert!(
                href.chars().all(|c| c.is_ascii_graphic()) && !href.contains("//"),
                "{page}: {href}"
            );
            let is_for_programs = href.starts_with("/api/") || href.starts_with("/fhir/");
            assert!(
                is_for_programs || href.contains("?on=") || href.contains("&on="),
                "{page}: {href}"
            );
        }
    }
}

#[test]
fn a_page_has_one_first_heading_and_a_name_for_every_field_and_picture() {
    for (page, html) in every_page() {
        let tags = tags(&html);
        let count = |wanted: &str| tags.iter().filter(|tag| name(tag) == wanted).count();
        assert_eq!(count("h1"), 1, "{page}");
        assert_eq!(count("main"), 1, "{page}");
        let labels: BTreeSet<&str> = tags
            .iter()
            .filter(|tag| name(tag) == "label")
            .filter_map(|tag| attribute(tag, "for"))
            .collect();
        let mut ids = BTreeSet::new();
        for tag in &tags {
            if let Some(id) = attribute(tag, "id") {
                assert!(ids.insert(id), "{page}: {id} stands twice");
            }
            let is_field = matches!(name(tag), "input" | "select" | "textarea");
            let kind = attribute(tag, "type").unwrap_or_default();
            // A box to tick stands within its label.
            if is_field && kind != "hidden" && kind != "checkbox" {
                let id = attribute(tag, "id").unwrap_or_default();
                assert!(labels.contains(id), "{page}: <{tag}>");
            }
            if name(tag) == "svg" {
                assert!(
                    attribute(tag, "aria-hidden") == Some("true")
                        || attribute(tag, "aria-label").is_some()
                        || attribute(tag, "overflow").is_some(),
                    "{page}: <{tag}>"
                );
            }
        }
    }
}

#[test]
fn the_sample_says_on_every_page_that_it_is_one() {
    for (page, html) in every_page() {
        assert!(
            html.contains("Bundled sample, not the whole code sets."),
            "{page}"
        );
    }
}

#[test]
fn what_is_typed_is_written_as_text() {
    let (store, site) = sample();
    let html = searched(&store, &site, "liver\" onfocus=\"x <b>carcinoid</b>");
    assert!(!html.contains("onfocus=\"x"));
    assert!(!html.contains("<b>carcinoid"));
    let hint = Some("<script>alert(1)</script>");
    let asked = PageRequest::on(today(), CM);
    let html = pages::error_page(&site, asked, 400, "<i>no</i>", hint).unwrap();
    assert!(!html.contains("<i>") && !html.contains("<script>alert"));
}

#[test]
fn a_chapter_without_a_tabular_list_of_its_year_gives_its_categories_and_says_so() {
    let (store, _) = sample();
    let chapter = BrowseAt::Chapter("2".to_owned());
    let mut seen = BTreeSet::new();
    for period in store.timeline(CM).unwrap().periods() {
        let level = answer::browse(&store, CM, &chapter, period.from).unwrap();
        let has_list = level.consulted.as_ref().unwrap().release().is_some();
        seen.insert(has_list);
        assert_eq!(level.places.is_empty(), !has_list, "{}", period.release);
        assert_eq!(level.categories.is_empty(), has_list, "{}", period.release);
        if let Some(consulted) = level.consulted.unwrap().release() {
            assert_eq!(consulted.year(), period.release.year());
        }
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn every_code_that_a_release_lists_is_counted_once_when_the_book_is_browsed() {
    let (store, _) = sample();
    for code_set in CodeSet::ALL {
        for period in store.timeline(code_set).unwrap().periods() {
            let book = answer::browse(&store, code_set, &BrowseAt::Book, period.from).unwrap();
            let listing = store.listing(code_set, period.release).unwrap();
            let counted: u64 = book.places.iter().map(|place| place.holds.codes).sum();
            assert_eq!(counted, listing.entries.len() as u64, "{}", period.release);
            let billable: u64 = book.places.iter().map(|place| place.holds.billable).sum();
            let listed = listing.entries.iter().filter(|entry| entry.billable);
            assert_eq!(billable, listed.count() as u64, "{}", period.release);
        }
    }
}

#[test]
fn the_rows_of_a_change_page_are_those_of_the_kind_that_was_asked_for() {
    let (store, site) = sample();
    let ask = DiffAsk {
        kind: Some(ChangeKind::BecameHeader),
        ..fy2026()
    };
    let html = changed(&store, &site, &ask);
    assert!(html.contains("href=\"/icd10cm/G35?on=2025-10-01\""));
    assert!(!html.contains("<li class=\"new\">"));
}

/// What stands between the header and the footer, a tag a line: the frame changes with every style.
fn main_of(html: &str) -> String {
    let main = html.split("<main").nth(1).unwrap();
    let main = main.split("</main>").next().unwrap();
    format!("<main{main}").replace("><", ">\n<")
}

/// What stands between a tag and the end of its element.
fn section<'h>(html: &'h str, tag: &str) -> &'h str {
    let from = html.find(tag).unwrap_or_else(|| panic!("no {tag}"));
    let name = tag[1..].split(' ').next().unwrap();
    html[from..].split(&format!("</{name}>")).next().unwrap()
}

/// What is read of a part of a page, without its tags: a line for each line of the page.
fn text_of(html: &str) -> String {
    let mut broken = html
        .replace("</th>", " |</th> ")
        .replace("</td>", " |</td> ");
    for end in ["</li>", "</tr>", "</dt>", "</dd>", "</text>"] {
        broken = broken.replace(end, "\n");
    }
    let mut lines: Vec<String> = Vec::new();
    let mut depth = 0;
    let plain: String = broken
        .chars()
        .filter(|character| {
            depth += usize::from(*character == '<');
            let is_text = depth == 0;
            depth -= usize::from(*character == '>' && depth > 0);
            is_text
        })
        .collect();
    for line in plain.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !words.is_empty() {
            lines.push(words.join(" "));
        }
    }
    lines.join("\n")
}

/// The headings of a page, each by its level.
fn headings(html: &str) -> String {
    let mut found = Vec::new();
    for part in html.split("<h").skip(1) {
        if let Some(level) = part.chars().next().and_then(|level| level.to_digit(10)) {
            let part = format!("<h{part}");
            let text = text_of(section(&part, &format!("<h{level}")));
            found.push(format!("{level} {}", text.replace('\n', " ")));
        }
    }
    found.join("\n")
}

/// Where the links of what stands between header and footer lead, each once and in their order.
fn links(html: &str) -> String {
    let main = main_of(html);
    let mut found: Vec<&str> = Vec::new();
    for tag in tags(&main) {
        let href = attribute(tag, "href").filter(|href| !href.starts_with('#'));
        found.extend(href.filter(|href| !found.contains(href)));
    }
    found.join("\n")
}

#[test]
fn a_release_has_a_page_with_its_files_and_the_list_says_what_was_not_verified() {
    let (store, site) = sample();
    let asked = PageRequest::on(today(), CM);
    let all = pages::releases(&site, asked).unwrap();
    assert!(all.contains("Not verified: all 13 releases."), "{all}");
    assert!(all.contains("href=\"/releases/icd10cm/FY2026-04?on="));
    let id = "FY2026-04".parse().unwrap();
    let one = pages::release(&site, asked, id).unwrap().unwrap();
    let files = text_of(section(&one, "<section class=\"sources\""));
    assert!(files.contains("SHA-256"), "{files}");
    drop(store);
    let missing = "FY2019".parse().unwrap();
    assert_eq!(pages::release(&site, asked, missing).unwrap(), None);
}

#[test]
fn a_filtered_change_page_begins_with_the_changes_that_fit() {
    let (store, site) = sample();
    let at = |html: &str, id: &str| html.find(&format!("id=\"{id}\"")).unwrap();
    let whole = changed(&store, &site, &fy2026());
    assert!(at(&whole, "summary") < at(&whole, "changes"));
    let ask = DiffAsk {
        kind: Some(ChangeKind::New),
        ..fy2026()
    };
    let filtered = changed(&store, &site, &ask);
    assert!(at(&filtered, "changes") < at(&filtered, "summary"));
    assert!(filtered.contains("from FY2025-04 to FY2026, new</h1>"));
}

#[test]
fn the_results_of_a_search() {
    let (store, site) = sample();
    insta::assert_snapshot!(
        "page_of_a_search",
        main_of(&searched(&store, &site, "carcinoid liver"))
    );
}
