//! The page of a code.

use codeyear::answer::{self, ShowOptions};
use codeyear::present::html::pages::{self, PageRequest};

use super::{CM, attribute, code_page, headings, links, sample, section, text_of};

#[test]
fn a_code_page_leads_to_the_days_on_which_the_code_changed() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "M54.5", "2021-09-30");
    assert!(html.contains("href=\"/icd10cm/M54.5?on=2021-10-01\""));
    assert!(html.contains("became not billable"));
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
fn the_page_of_a_code_that_became_a_header() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "M54.5", "2026-03-01");
    insta::assert_snapshot!(text_of(section(&html, "<section class=\"verdict header\"")), @"
    Not billable a more specific code is required, March 1, 2026
    It was billable through September 30, 2021.
    Warning: this is the bundled sample, not the whole code set.
    Date of service, or of discharge
    Show that date
    ← Earlier, October 1, 2021: became not billable
    ");
    insta::assert_snapshot!(links(&html), @"
    /icd10cm?on=2026-03-01
    /icd10cm/chapter/13?on=2026-03-01
    /icd10cm/block/M50-M54?on=2026-03-01
    /icd10cm/M54?on=2026-03-01
    /icd10cm/M54.5?on=2021-10-01
    /icd10cm/M54.50?on=2026-03-01
    /icd10cm/M54.51?on=2026-03-01
    /icd10cm/M54.59?on=2026-03-01
    /icd10cm/M51.360?on=2026-03-01
    /icd10cm/M51.370?on=2026-03-01
    /icd10cm/S39.012?on=2026-03-01
    /icd10cm/M51.2?on=2026-03-01
    /icd10cm/M54.4?on=2026-03-01
    /icd10cm/F45.41?on=2026-03-01
    /icd10cm/M54.6?on=2026-03-01
    /compare?left=M54.5&#38;right=M54.6&#38;set=icd10cm&#38;on=2026-03-01
    /icd10cm/M54.0?on=2026-03-01
    /icd10cm/M54.1?on=2026-03-01
    /icd10cm/M54.2?on=2026-03-01
    /icd10cm/M54.3?on=2026-03-01
    /icd10cm/M54.8?on=2026-03-01
    /icd10cm/M54.9?on=2026-03-01
    /icd10cm/M35?on=2026-03-01
    /compare?left=M54.5&#38;right=M35&#38;set=icd10cm&#38;on=2026-03-01
    /icd10cm/O10?on=2026-03-01
    /compare?left=M54.5&#38;right=O10&#38;set=icd10cm&#38;on=2026-03-01
    /icd10cm/block/M40-M54?on=2026-03-01
    /icd10cm/M46.4?on=2026-03-01
    /icd10cm/L40.5?on=2026-03-01
    /icd10cm/P04?on=2026-03-01
    /icd10cm/P96?on=2026-03-01
    /icd10cm/A00?on=2026-03-01
    /icd10cm/B99?on=2026-03-01
    /icd10cm/T79.A?on=2026-03-01
    /icd10cm/O00?on=2026-03-01
    /icd10cm/O9A?on=2026-03-01
    /icd10cm/Q00?on=2026-03-01
    /icd10cm/Q99?on=2026-03-01
    /icd10cm/E00?on=2026-03-01
    /icd10cm/E88?on=2026-03-01
    /icd10cm/S00?on=2026-03-01
    /icd10cm/T88?on=2026-03-01
    /icd10cm/C00?on=2026-03-01
    /icd10cm/D49?on=2026-03-01
    /icd10cm/R00?on=2026-03-01
    /icd10cm/R94?on=2026-03-01
    /icd10cm/M54.5?on=2023-10-01
    /icd10cm/M54.5?on=2019-10-01
    /icd10cm/M54.5?on=2015-10-01
    /icd10cm/M54.5?on=2026-03-01
    /icd10cm/M54.5?on=2026-03-01&#38;nearest=1
    /diff?set=icd10cm&#38;old=FY2021-01&#38;new=FY2022&#38;under=M54&#38;on=2026-03-01
    /api/show?code=M54.5&#38;code_set=icd10cm&#38;on=2026-03-01
    /api/history?code=M54.5&#38;code_set=icd10cm
    ");
    insta::assert_snapshot!(headings(&html), @"
    1 M54.5 Low back pain
    2 Questions
    3 Replaced by (3, split)
    3 Excludes1 – not coded here
    3 Excludes1 – not coded here
    2 Related codes in the same category (8)
    2 Before and after
    2 Notes of the levels above
    3 Block M50-M54 Other dorsopathies (M50-M54)
    4 Excludes1 – not coded here
    3 Chapter 13 Diseases of the musculoskeletal system and connective tissue (M00-M99)
    4 Note
    4 Excludes2 – not included here; code both if both are documented
    2 History
    2 Lineage
    2 Named in notes of other codes (1)
    2 Index entries
    2 More
    2 Sources
    ");
    insta::assert_snapshot!(text_of(section(&html, "<table class=\"stack titles\"")), @"
    Titles over time, newest first; changes marked
    Dates | Status | Title |
    October 1, 2023 to September 30, 2027 (latest loaded release) selected date | not billable FY2024 to FY2027 | Low back pain |
    October 1, 2021 to September 30, 2022 | not billable FY2022 to FY2022-04 | Low back pain |
    October 1, 2019 to September 30, 2021 | billable FY2020 to FY2021-01 | Low back pain |
    October 1, 2015 to September 30, 2016 | billable FY2016 | Low back pain |
    ");
    insta::assert_snapshot!(text_of(section(&html, "<section class=\"sources\"")), @"
    Sources
    Verdict and titles: order file of FY2026
    icd10cm/FY2026/icd10cm_order_2026.txt (bundled sample), loaded on March 1, 2026
    SHA-256 28acdbeb85a09b6da53126756240c5b0dce6984165b4df2fe0dc73d6b87e2a80
    Tabular list of FY2026-04
    icd10cm/FY2026-04/icd10c-tabular-April-1-2026.xml, loaded on March 1, 2026
    SHA-256 4b3ed1f323828769d2339521fef50eb7effb1ff6f6ac1edf0217ae81758724ea
    ");
    // Notes are those of the fiscal year, with the file that has them.
    let questions = text_of(section(&html, "<section aria-labelledby=\"questions\""));
    assert!(questions.contains("Source: FY2026-04, "), "{questions}");
    let index = text_of(section(&html, "<section aria-labelledby=\"index\""));
    assert!(
        index.contains("Not loaded for FY2026: alphabetic index"),
        "{index}"
    );
    // Each replacement is named once, as what to use instead.
    for code in ["M54.50", "M54.51", "M54.59"] {
        assert_eq!(html.matches(&format!(">{code}</a>")).count(), 1, "{code}");
    }
}

#[test]
fn the_questions_of_a_coder_are_answered_with_their_sources() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "C7B", "2026-03-01");
    let questions = section(&html, "<section aria-labelledby=\"questions\"");
    let asked: Vec<String> = questions
        .split("<dt>")
        .skip(1)
        .map(|part| text_of(part.split("</dt>").next().unwrap()))
        .collect();
    insta::assert_snapshot!(asked.join("\n"), @"
    May I bill C7B on March 1, 2026?
    What do I use instead?
    What does it cover?
    Since when, and what changed last?
    What must or must not be coded with it?
    How does it differ from C7A?
    Is it POA-exempt?
    What is the source, and when was it last verified?
    ");
    insta::assert_snapshot!(text_of(questions), @"
    Questions
    May I bill C7B on March 1, 2026?
    No: a more specific code is required.
    Source: FY2026, icd10cm_order_2026.txt (bundled sample)
    What do I use instead?
    Billable subcodes (8)
    C7B.00 Secondary carcinoid tumors, unspecified site
    C7B.01 Secondary carcinoid tumors of distant lymph nodes
    C7B.02 Secondary carcinoid tumors of liver
    C7B.03 Secondary carcinoid tumors of bone
    C7B.04 Secondary carcinoid tumors of peritoneum
    C7B.09 Secondary carcinoid tumors of other sites
    C7B.1 Secondary Merkel cell carcinoma
    C7B.8 Other secondary neuroendocrine tumors
    Source: FY2026, icd10cm_order_2026.txt (bundled sample)
    What does it cover?
    What its title says; the tabular list adds no terms.
    Source: FY2026-04, icd10c-tabular-April-1-2026.xml; FY2026&#39;s is not loaded
    Since when, and what changed last?
    Not billable since October 1, 2015.
    No release is loaded for October 1, 2016 to September 30, 2019.
    No release is loaded for October 1, 2022 to September 30, 2023.
    Unchanged in all loaded releases (since FY2016).
    Source: order files of FY2016 to FY2027
    What must or must not be coded with it?
    The notes of its block and chapter apply too.
    Use additional codecode to identify any functional activity
    Source: FY2026-04, icd10c-tabular-April-1-2026.xml; FY2026&#39;s is not loaded
    How does it differ from C7A?
    C7A is Malignant neuroendocrine tumors.
    Both are in Chapter 2 Neoplasms (C00-D49).
    C7B is in Block C7B Secondary neuroendocrine tumors (C7B), C7A is in Block C7A Malignant neuroendocrine tumors (C7A).
    No note of either names the other.
    Source: FY2026-04, icd10c-tabular-April-1-2026.xml; FY2026&#39;s is not loaded. Compare side by side
    Is it POA-exempt?
    Not applicable: a POA indicator is reported with a billable code.
    What is the source, and when was it last verified?
    FY2026, icd10cm_order_2026.txt (bundled sample).
    Not verified.
    All sources
    ");
    // Of a code that is billable nothing else is to be used, and inpatient claims may need its POA indicator.
    let html = code_page(&store, &site, CM, "C7B.00", "2026-03-01");
    assert!(!html.contains("What do I use instead?"));
    assert!(html.contains("Is it POA-exempt?"));
    let html = code_page(&store, &site, CM, "C7B", "2026-03-01");
    assert!(html.contains("Not applicable: a POA indicator is reported with a billable code."));
}

#[test]
fn notes_of_an_earlier_year_are_folded_under_its_name() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "C7B.02", "2026-10-01");
    let label = "<summary>Notes of FY2026-04; FY2027&#39;s are not loaded</summary>";
    assert!(html.contains(label));
    let of_year = code_page(&store, &site, CM, "C7B.02", "2026-04-01");
    assert!(!of_year.contains("are not loaded</summary>"));
    // The comparison has none of them.
    let codes = store.codes(CM).unwrap();
    let day = "2026-10-01".parse().unwrap();
    let found = answer::compare(&codes, "C7B.02", "C7B.03", day, ShowOptions::default()).unwrap();
    let asked = PageRequest::on(day, CM);
    let compared = pages::compare(&site, asked, Some(&found)).unwrap();
    assert!(compared.contains("Notes not available for this date."));
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
    // What became of M54.5 is named above, so that a code with several previous ones is drawn.
    assert!(!html.contains("<svg class=\"lineage\""));
    let html = code_page(&store, &site, CM, "I60.2", "2026-03-01");
    let lineage = section(&html, "<svg class=\"lineage\"");
    assert_eq!(lineage.matches("<line class=\"way\"").count(), 3);
    insta::assert_snapshot!(text_of(lineage), @"
    previous
    this code
    later
    I60.20
    FY2026 row 20
    I60.21
    FY2026 row 20
    I60.22
    FY2026 row 20
    I60.2
    none listed
    ");
    for svg in [life.as_str(), lineage] {
        let label = attribute(svg.split('>').next().unwrap(), "aria-label");
        assert!(label.is_some_and(|label| !label.is_empty()), "{svg}");
    }
}

#[test]
fn a_code_that_no_release_lists_has_no_answers_from_the_tabular_list() {
    let (store, site) = sample();
    let html = code_page(&store, &site, CM, "Z99.99", "2026-05-01");
    assert!(html.contains("May I bill Z99.99 on May 1, 2026?"));
    for question in [
        "What does it cover?",
        "What must or must not be coded with it?",
    ] {
        assert!(!html.contains(question), "{question}");
    }
}
