//! The pages of the server, rendered from the bundled sample: what a browser's strictest policy, a screen
//! reader and whoever shares an address need of them.

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
    let options = ShowOptions::default();
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
fn a_code_page_leads_to_the_days_on_which_the_code_changed() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "M54.5", "2021-09-30");
    assert!(html.contains("href=\"/icd10cm/M54.5?on=2021-10-01\""));
    assert!(html.contains("became a header"));
}

#[test]
fn a_header_names_the_billable_codes_below_it_with_their_pages() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "C7B", "2026-03-01");
    assert!(html.contains("Not billable"));
    assert!(html.contains("Billable subcodes (8)"));
    assert!(html.contains("href=\"/icd10cm/C7B.00?on=2026-03-01\""));
}

#[test]
fn a_chapter_without_a_tabular_list_gives_its_categories_and_says_so() {
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
            assert_eq!(consulted, period.release);
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
fn the_page_of_a_code_that_became_a_header() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "M54.5", "2026-03-01");
    insta::assert_snapshot!(text_of(section(&html, "<section class=\"verdict header\"")), @"
    Not billable a more specific code is required on March 1, 2026
    It was billable through September 30, 2021.
    Replaced by (3, split)
    M54.50 Low back pain, unspecified billable FY2026 table row 38 from M54.5
    M54.51 Vertebrogenic low back pain billable FY2026 table row 39 from M54.5
    M54.59 Other low back pain billable FY2026 table row 40 from M54.5
    Warning: this is the bundled sample, not the whole code set.
    On the date of service, or of discharge
    Show that day
    ← Last change before, October 1, 2021: became a header
    Checked against FY2026, in force through March 31, 2026: icd10cm_order_2026.txt (SHA-256 28acdbeb85a0…), loaded on March 1, 2026. All sources
    ");
    insta::assert_snapshot!(links(&html), @"
    /icd10cm?on=2026-03-01
    /icd10cm/chapter/13?on=2026-03-01
    /icd10cm/M54?on=2026-03-01
    /icd10cm/M54.50?on=2026-03-01
    /icd10cm/M54.51?on=2026-03-01
    /icd10cm/M54.59?on=2026-03-01
    /icd10cm/M54.5?on=2021-10-01
    /icd10cm/M54.5?on=2026-03-01&#38;nearest=1
    /icd10cm/M54.0?on=2026-03-01
    /icd10cm/M54.1?on=2026-03-01
    /icd10cm/M54.2?on=2026-03-01
    /icd10cm/M54.3?on=2026-03-01
    /icd10cm/M54.4?on=2026-03-01
    /icd10cm/M54.6?on=2026-03-01
    /icd10cm/M54.8?on=2026-03-01
    /icd10cm/M54.9?on=2026-03-01
    /icd10cm/M54.5?on=2023-10-01
    /icd10cm/M54.5?on=2019-10-01
    /icd10cm/M54.5?on=2015-10-01
    /diff?set=icd10cm&#38;old=FY2025-04&#38;new=FY2026&#38;under=M54&#38;on=2026-03-01
    /api/show?code=M54.5&#38;code_set=icd10cm&#38;on=2026-03-01
    /api/history?code=M54.5&#38;code_set=icd10cm
    ");
    insta::assert_snapshot!(headings(&html), @"
    1 M54.5 Low back pain
    2 Replaced by (3, split)
    2 Notes of the tabular list
    2 Below it (3)
    2 Beside it (8)
    2 Life and titles
    2 Lineage
    3 On October 1, 2021 went to 3 codes, split
    2 Index entries that lead here
    2 Go on
    2 Who says so
    ");
    insta::assert_snapshot!(text_of(section(&html, "<table class=\"stack titles\"")), @"
    Titles as they stood, the newest first; what was new in a title is marked
    Days | State | Title |
    October 1, 2023 to September 30, 2027, the end of the loaded releases the day shown | header FY2024 to FY2027 | Low back pain |
    October 1, 2021 to September 30, 2022 | header FY2022 to FY2022-04 | Low back pain |
    October 1, 2019 to September 30, 2021 | billable FY2020 to FY2021-01 | Low back pain |
    October 1, 2015 to September 30, 2016 | billable FY2016 | Low back pain |
    ");
    insta::assert_snapshot!(text_of(section(&html, "<section class=\"sources\"")), @"
    Who says so
    The verdict and the titles: listing of FY2026
    icd10cm/FY2026/icd10cm_order_2026.txt (bundled sample), loaded on March 1, 2026
    SHA-256 28acdbeb85a09b6da53126756240c5b0dce6984165b4df2fe0dc73d6b87e2a80
    ");
    // What is missing is said where it would stand, with the way to the nearest.
    let nearest = "<a href=\"/icd10cm/M54.5?on=2026-03-01&#38;nearest=1\">Show the nearest instead";
    assert_eq!(html.matches(nearest).count(), 2);
    let notes = text_of(section(&html, "<section aria-labelledby=\"notes\""));
    assert!(
        notes.contains("No tabular list is loaded for FY2026."),
        "{notes}"
    );
    let index = text_of(section(&html, "<section aria-labelledby=\"index\""));
    assert!(
        index.contains("Not loaded for FY2026: alphabetic index"),
        "{index}"
    );
}

#[test]
fn the_life_and_the_lineage_of_a_code_are_drawn_to_scale() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "M54.5", "2026-03-01");
    let life = section(&html, "<svg class=\"life\"");
    // A cell for each release, two gaps; the flag on top of them, and the day of the page.
    for (class, number) in [("cell", 13), ("gap", 2), ("billable", 2), ("header", 2)] {
        let drawn = format!("<rect class=\"{class}\"");
        assert_eq!(life.matches(&drawn).count(), number, "{class}");
    }
    let marks = ["\"billable\"", "\"header\"", "\"here\"", "\"turn\""];
    let is_mark = |line: &&str| marks.iter().any(|mark| line.contains(mark));
    let life = life.replace("><", ">\n<");
    let drawn: Vec<&str> = life.lines().map(str::trim).filter(is_mark).collect();
    insta::assert_snapshot!(drawn.join("\n"), @r#"
    <rect class="billable" x="0.00%" y="26" width="8.35%" height="24"/>
    <rect class="billable" x="33.33%" y="26" width="16.68%" height="24"/>
    <rect class="header" x="50.01%" y="26" width="8.33%" height="24"/>
    <rect class="header" x="66.67%" y="26" width="33.33%" height="24"/>
    <line class="turn" x1="0.00%" x2="0.00%" y1="26" y2="56"/>
    <line class="turn" x1="50.01%" x2="50.01%" y1="26" y2="56"/>
    <line class="here" x1="86.79%" x2="86.79%" y1="17" y2="50"/>
    "#);
    let lineage = section(&html, "<svg class=\"lineage\"");
    assert_eq!(lineage.matches("<line class=\"way\"").count(), 3);
    insta::assert_snapshot!(text_of(lineage), @"
    came from
    this code
    went to
    M54.50
    2021-10-01
    M54.51
    2021-10-01
    M54.59
    2021-10-01
    M54.5
    nothing named
    ");
    for svg in [life.as_str(), lineage] {
        let label = attribute(svg.split('>').next().unwrap(), "aria-label");
        assert!(label.is_some_and(|label| !label.is_empty()), "{svg}");
    }
}

#[test]
fn the_results_of_a_search() {
    let (store, site) = sample();
    insta::assert_snapshot!(
        "page_of_a_search",
        main_of(&searched(&store, &site, "carcinoid liver"))
    );
}
