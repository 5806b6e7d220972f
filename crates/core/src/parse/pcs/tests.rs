//! The parsers on parts of the official files.

use super::*;
use crate::model::{CodeSet, PcsPointer, PcsPointerKind, PcsReference};

/// The tables file of FY2025, cut down to table X2U.
pub(crate) const X2U: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.tabular>
  <version>2025</version>
  <title>2025 ICD-10-PCS Tables</title>
  <pcsTable>
    <axis pos="1" values="1">
      <title>Section</title>
      <label code="X">New Technology</label>
    </axis>
    <axis pos="2" values="1">
      <title>Body System</title>
      <label code="2">Cardiovascular System</label>
    </axis>
    <axis pos="3" values="1">
      <title>Operation</title>
      <label code="U">Supplement</label>
      <definition>Putting in or on biological or synthetic material that physically reinforces and/or augments the function of a portion of a body part</definition>
    </axis>
    <pcsRow codes="1">
      <axis pos="4" values="1">
        <title>Body Part</title>
        <label code="4">Coronary Artery/Arteries</label>
      </axis>
      <axis pos="5" values="1">
        <title>Approach</title>
        <label code="0">Open</label>
      </axis>
      <axis pos="6" values="1">
        <title>Device / Substance / Technology</title>
        <label code="7">Vein Graft Extraluminal Support Device(s)</label>
      </axis>
      <axis pos="7" values="1">
        <title>Qualifier</title>
        <label code="9">New Technology Group 9</label>
      </axis>
    </pcsRow>
    <pcsRow codes="2">
      <axis pos="4" values="2">
        <title>Body Part</title>
        <label code="Q">Upper Extremity Vein, Right</label>
        <label code="R">Upper Extremity Vein, Left</label>
      </axis>
      <axis pos="5" values="1">
        <title>Approach</title>
        <label code="0">Open</label>
      </axis>
      <axis pos="6" values="1">
        <title>Device / Substance / Technology</title>
        <label code="P">Synthetic Substitute, Extraluminal Support Device</label>
      </axis>
      <axis pos="7" values="1">
        <title>Qualifier</title>
        <label code="9">New Technology Group 9</label>
      </axis>
    </pcsRow>
  </pcsTable>
</ICD10PCS.tabular>
"#;

/// Parts of the definitions of FY2025.
const DEFINITIONS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.definitions>
  <version>2025</version>
  <title>2025 ICD-10-PCS Definitions</title>
  <section code="0">
    <title>Medical and Surgical</title>
    <axis pos="3">
      <title>Operation</title>
      <terms>
        <title>Alteration</title>
        <definition>Modifying the anatomic structure of a body part without affecting the function of the body part</definition>
        <explanation>Principal purpose is to improve appearance</explanation>
        <includes>Face lift, breast augmentation</includes>
      </terms>
    </axis>
    <axis pos="4">
      <title>Body Part</title>
      <terms>
        <title>1st Toe, Left</title>
        <title>1st Toe, Right</title>
        <includes>Hallux</includes>
      </terms>
    </axis>
  </section>
  <deviceAggregation>
    <aggregate>
      <device>Autologous Venous Tissue</device>
      <operation>All applicable</operation>
      <bodySys>Heart and Great Vessels</bodySys>
      <bodySys>Lower Arteries</bodySys>
      <parent value="7">Autologous Tissue Substitute</parent>
    </aggregate>
  </deviceAggregation>
</ICD10PCS.definitions>
"#;

/// Parts of the index of FY2025.
const INDEX: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.index>
  <version>2025</version>
  <title>2025 ICD-10-PCS Index</title>
  <letter>
    <title>3</title>
    <mainTerm>
      <title>3f (Aortic) Bioprosthesis valve</title>
      <use>Zooplastic Tissue in Heart and Great Vessels</use>
    </mainTerm>
  </letter>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>Abdominoplasty</title>
      <term level="1">
        <see>Alteration, Abdominal Wall<codes>0W0F</codes></see>
      </term>
    </mainTerm>
    <mainTerm>
      <title>Bypass, cardiopulmonary</title>
      <code>5A1221Z</code>
    </mainTerm>
  </letter>
</ICD10PCS.index>
"#;

#[test]
fn a_table_is_read_with_its_axes_and_rows() {
    let tables = parse_pcs_tables(X2U.as_bytes()).unwrap();
    assert_eq!(tables.title, "2025 ICD-10-PCS Tables");
    let table = &tables.tables[0];
    assert_eq!(table.code.as_str(), "X2U");
    assert!(
        table
            .definition
            .as_ref()
            .unwrap()
            .starts_with("Putting in or on")
    );
    let counts: Vec<usize> = table.rows.iter().map(PcsRow::code_count).collect();
    assert_eq!(counts, [1, 2]);
    assert_eq!(table.rows[1].axes[0].title, "Body Part");
}

#[test]
fn terms_are_defined_with_all_that_is_said_of_them() {
    let definitions = parse_pcs_definitions(DEFINITIONS.as_bytes()).unwrap();
    let [alteration, toe] = definitions.terms.as_slice() else {
        panic!("{:?}", definitions.terms);
    };
    assert_eq!(definitions.axis_title(alteration), Some("Operation"));
    assert_eq!(
        alteration.explanation.as_deref(),
        Some("Principal purpose is to improve appearance")
    );
    assert_eq!(definitions.axis_title(toe), Some("Body Part"));
    assert_eq!(toe.titles, ["1st Toe, Left", "1st Toe, Right"]);
    assert_eq!(toe.includes, ["Hallux"]);
    let aggregate = &definitions.aggregates[0];
    assert_eq!(aggregate.body_systems.len(), 2);
    assert_eq!(
        (aggregate.parent_character, aggregate.parent.as_str()),
        ('7', "Autologous Tissue Substitute")
    );
}

#[test]
fn a_term_of_the_index_leads_to_codes_and_words() {
    let index = parse_pcs_index(INDEX.as_bytes()).unwrap();
    assert_eq!(index.letters, ['3', 'A']);
    let pointer = |kind, code: &str| PcsPointer {
        kind,
        code: Code::from_plain(CodeSet::Icd10Pcs, code.as_bytes()).unwrap(),
    };
    assert_eq!(
        index.terms[2].references,
        [PcsReference::See(
            "Alteration, Abdominal Wall".into(),
            Some(pointer(PcsPointerKind::Codes, "0W0F"))
        )]
    );
    let path: Vec<Option<&str>> = index
        .path(2)
        .iter()
        .map(|term| term.title.as_deref())
        .collect();
    assert_eq!(path, [Some("Abdominoplasty"), None]);
    assert_eq!(
        index.terms[3].references,
        [PcsReference::Pointer(pointer(
            PcsPointerKind::Code,
            "5A1221Z"
        ))]
    );
}

/// Asserts of each change to a file that it is refused in these words.
fn refused<T: std::fmt::Debug>(
    file: &str,
    parse: fn(&[u8]) -> Result<T>,
    changes: &[(&str, &str, &str)],
) {
    for (from, to, part) in changes {
        assert!(file.contains(from), "{from}");
        let error = parse(file.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains(part),
            "expected {part:?} in {error}"
        );
    }
}

#[test]
fn a_count_that_does_not_hold_is_refused_with_its_line() {
    refused(
        X2U,
        parse_pcs_tables,
        &[
            (
                "codes=\"2\"",
                "codes=\"3\"",
                "line 37: the row says that it has 3 codes, and its axes give 2",
            ),
            (
                "codes=\"2\"",
                "codes=\"two\"",
                "line 37: expected a number in codes of <pcsRow>, found \"two\"",
            ),
            (
                "pos=\"4\" values=\"2\"",
                "pos=\"4\" values=\"3\"",
                "line 38: the axis says that it has 3 values, and it has 2",
            ),
            (
                "code=\"R\"",
                "code=\"Q\"",
                "line 41: expected the value Q once, found it twice",
            ),
            (
                "<pcsTable>",
                &format!("{}  <pcsTable>", table()),
                "line 57: expected one table X2U, found two",
            ),
        ],
    );
}

fn table() -> &'static str {
    let from = X2U.find("<pcsTable>").unwrap();
    let to = X2U.find("</ICD10PCS.tabular>").unwrap();
    &X2U[from..to]
}

#[test]
fn what_the_layout_of_the_tables_does_not_allow_is_refused_with_its_line() {
    refused(
        X2U,
        parse_pcs_tables,
        &[
            (
                "<label code=\"4\">",
                "<label code=\"O\">",
                "line 22: expected in code one character of an ICD-10-PCS code, found \"O\"",
            ),
            (
                "<label code=\"4\">",
                "<label code=\"44\">",
                "line 22: expected in code one character",
            ),
            (
                "<title>Body Part</title>",
                "<title>Body Part</title><definition>x</definition>",
                "line 21: unexpected element <definition> in <axis>",
            ),
            (
                "<title>Body Part</title>",
                "",
                "line 20: expected a title in <axis>, found none",
            ),
            (
                "<axis pos=\"5\"",
                "<axis pos=\"6\"",
                "line 24: expected the axes in their order, and here axis 5",
            ),
            (
                "<axis pos=\"3\" values=\"1\">",
                "<axis pos=\"3\" values=\"1\"><label code=\"U\"/>",
                "line 16: expected the value U once",
            ),
            (
                "<axis pos=\"1\" values=\"1\">",
                "<axis pos=\"1\" values=\"2\"><label code=\"0\"/>",
                "line 9: expected one value of axis 1, found 2",
            ),
            (
                "<pcsRow codes=\"1\">",
                "<pcsRow codes=\"1\"><title/>",
                "line 19: unexpected element <title> in <pcsRow>",
            ),
            (
                "</pcsRow>",
                "</pcsRow><axis pos=\"4\" values=\"1\"/>",
                "line 36: expected three axes and then rows in <pcsTable>",
            ),
            (
                "<pcsTable>",
                "<pcsTable><pcsRow codes=\"1\"/>",
                "line 5: expected four axes in <pcsRow>, found 0",
            ),
            (
                "<pcsTable>",
                "<pcsTable/><pcsTable>",
                "line 5: expected three axes and at least one row in <pcsTable>",
            ),
            (
                "<pcsTable>",
                "&lol9;<pcsTable>",
                "line 5: expected elements only in <ICD10PCS.tabular>, found text",
            ),
            ("Cardiovascular", "&lol9;", "line 12: unknown entity &lol9;"),
            (
                "<ICD10PCS.tabular>",
                "<!DOCTYPE x [<!ENTITY a \"b\">]><ICD10PCS.tabular>",
                "line 2: expected no document type",
            ),
            (table(), "", "the file has no tables"),
        ],
    );
}

#[test]
fn what_the_layout_of_the_definitions_does_not_allow_is_refused_with_its_line() {
    refused(
        DEFINITIONS,
        parse_pcs_definitions,
        &[
            (
                "<axis pos=\"4\">",
                "<axis pos=\"8\">",
                "line 16: expected a position from 1 to 7 in pos of <axis>, found \"8\"",
            ),
            (
                "<axis pos=\"4\">",
                "<axis pos=\"3\">",
                "line 16: expected one axis 3, found two",
            ),
            (
                "<section code=\"0\">",
                "<section code=\"i\">",
                "line 5: expected in code one character",
            ),
            (
                "<title>Alteration</title>",
                "",
                "line 9: expected a title in <terms>, found none",
            ),
            ("<includes>Hallux", "<include>Hallux", "malformed XML"),
            (
                "<explanation>",
                "<definition>x</definition><explanation>",
                "line 12: expected one <definition>, found two",
            ),
            ("<bodySys>Heart", "<body>Heart", "malformed XML"),
            (
                "<device>Autologous Venous Tissue</device>",
                "",
                "line 26: expected <device>, <operation>, <bodySys> and <parent> in <aggregate>",
            ),
            (
                "<parent value=\"7\">",
                "<parent>",
                "line 31: expected the attribute value of <parent>",
            ),
            (
                "<deviceAggregation>",
                "<section code=\"0\"/><deviceAggregation>",
                "line 25: expected one section 0, found two",
            ),
            (
                "</deviceAggregation>",
                "</deviceAggregation><deviceAggregation/>",
                "line 33: expected one <deviceAggregation>, found two",
            ),
        ],
    );
}

#[test]
fn what_the_layout_of_the_index_does_not_allow_is_refused_with_its_line() {
    refused(
        INDEX,
        parse_pcs_index,
        &[
            (
                "<codes>0W0F",
                "<codes>0W0",
                "line 17: expected 4 to 6 characters of an ICD-10-PCS code in <codes>, found \"0W0\"",
            ),
            (
                "<code>5A1221Z",
                "<code>5A1221O",
                "line 22: expected 7 to 7 characters",
            ),
            (
                "</codes>",
                "</codes> or",
                "line 17: expected nothing after the code in <see>, found text",
            ),
            (
                "</codes>",
                "</codes><tab>0W0</tab>",
                "line 17: expected one <tab>, found two",
            ),
            (
                "<codes>0W0F</codes>",
                "<term/>",
                "line 17: unexpected element <term> in <see>",
            ),
            (
                "<term level=\"1\">",
                "<term level=\"3\">",
                "line 16: expected level 1 of <term>, found 3",
            ),
            (
                "<title>Abdominoplasty</title>",
                "",
                "line 14: expected a title in <mainTerm>, found none",
            ),
            (
                "<title>3</title>",
                "<title>3f</title>",
                "line 6: expected one letter, found \"3f\"",
            ),
            ("<use>", "<uses>", "malformed XML"),
        ],
    );
}
