//! Guesses what columns hold from their names, where nobody names them: by the words in them, in any of their
//! abbreviations, in any order, with or without something between them.

use Word::{Admission, Claim, Code, Date, Discharge, From, No, Rank, Service, ServiceDate, Visit};

/// What a word of a name says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// It holds codes of diagnoses or procedures.
    Code,
    /// Which of the codes of a claim.
    Rank,
    /// It is of the claim or its lines, as all columns are.
    Claim,
    /// It holds dates.
    Date,
    /// The date of service, in one word.
    ServiceDate,
    Service,
    Visit,
    /// The first day of several.
    From,
    Admission,
    Discharge,
    /// It holds neither codes nor the date that a claim goes by.
    No,
}

/// The words of names and their abbreviations, those of the files of CMS among them.
const WORDS: [(&str, Word); 110] = [
    ("dx", Code),
    ("diag", Code),
    ("diagnosis", Code),
    ("diagnoses", Code),
    ("dgns", Code),
    ("icd", Code),
    ("px", Code),
    ("proc", Code),
    ("procedure", Code),
    ("prcdr", Code),
    ("pdx", Code),
    ("principal", Rank),
    ("prin", Rank),
    ("prncpal", Rank),
    ("prncpl", Rank),
    ("primary", Rank),
    ("prim", Rank),
    ("secondary", Rank),
    ("sec", Rank),
    ("other", Rank),
    ("oth", Rank),
    ("admitting", Rank),
    ("admtg", Rank),
    ("code", Rank),
    ("cd", Rank),
    ("codes", Rank),
    ("claim", Claim),
    ("clm", Claim),
    ("line", Claim),
    ("hdr", Claim),
    ("header", Claim),
    ("of", Claim),
    ("the", Claim),
    ("no", Claim),
    ("num", Claim),
    ("number", Claim),
    ("nbr", Claim),
    ("date", Date),
    ("dt", Date),
    ("dos", ServiceDate),
    ("fdos", ServiceDate),
    ("service", Service),
    ("svc", Service),
    ("srvc", Service),
    ("srv", Service),
    ("serv", Service),
    ("performed", Service),
    ("encounter", Visit),
    ("enc", Visit),
    ("visit", Visit),
    ("from", From),
    ("start", From),
    ("first", From),
    ("begin", From),
    ("admission", Admission),
    ("admissions", Admission),
    ("admit", Admission),
    ("admitted", Admission),
    ("adm", Admission),
    ("admsn", Admission),
    ("discharge", Discharge),
    ("discharged", Discharge),
    ("disch", Discharge),
    ("dschrg", Discharge),
    ("dsch", Discharge),
    ("poa", No),
    ("desc", No),
    ("description", No),
    ("name", No),
    ("text", No),
    ("type", No),
    ("version", No),
    ("ver", No),
    ("vrsn", No),
    ("qual", No),
    ("qualifier", No),
    ("ind", No),
    ("indicator", No),
    ("count", No),
    ("cnt", No),
    ("seq", No),
    ("sequence", No),
    ("drg", No),
    ("mod", No),
    ("modifier", No),
    ("cpt", No),
    ("hcpcs", No),
    ("pointer", No),
    ("ptr", No),
    ("category", No),
    ("group", No),
    ("birth", No),
    ("dob", No),
    ("paid", No),
    ("prov", No),
    ("provider", No),
    ("loc", No),
    ("location", No),
    ("place", No),
    ("unit", No),
    ("units", No),
    ("zip", No),
    ("npi", No),
    ("to", No),
    ("thru", No),
    ("through", No),
    ("end", No),
    ("last", No),
    ("status", No),
    ("time", No),
];

/// Which columns are likely to hold what, by their places from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LikelyColumns {
    /// Those with codes.
    pub codes: Vec<usize>,
    /// That with the date of service.
    pub date: Option<usize>,
    /// That with the admission date, where one of discharges is beside it.
    pub admit: Option<usize>,
    /// That with the discharge date.
    pub discharge: Option<usize>,
}

impl LikelyColumns {
    /// Returns what columns of these names are likely to hold. Letters and digits count, whatever their case.
    ///
    /// ```
    /// use codeyear_claims::LikelyColumns;
    /// let names = ["Member", "DX1", "dx1_poa", "Date of service"].map(str::to_owned);
    /// let likely = LikelyColumns::of(&names);
    /// assert_eq!((likely.codes, likely.date), (vec![1], Some(3)));
    /// ```
    pub fn of(names: &[String]) -> LikelyColumns {
        let words: Vec<Vec<Option<Word>>> = names.iter().map(|name| words_of(name)).collect();
        let codes = words.iter().enumerate();
        let codes = codes.filter_map(|(at, words)| are_of_codes(words).then_some(at));
        let mut codes: Vec<usize> = codes.collect();
        // The column of a list is called no more than that.
        if codes.is_empty() {
            let is_code =
                |name: &String| ["code", "codes"].contains(&name.trim().to_lowercase().as_str());
            codes.extend(names.iter().position(is_code));
        }
        // Of columns that are as likely the first.
        let likeliest = |likelihood: fn(&[Option<Word>]) -> Option<u8>| {
            let all = words.iter().enumerate();
            let found = all.filter_map(|(at, words)| Some((likelihood(words)?, at)));
            found.min().map(|(_, at)| at)
        };
        let discharge = likeliest(|words| are_of_day(words, Discharge));
        LikelyColumns {
            codes,
            date: likeliest(service_date),
            // Without a discharge a claim of an admission has no day yet: none would be judged.
            admit: discharge.and_then(|_| likeliest(|words| are_of_day(words, Admission))),
            discharge,
        }
    }

    /// Checks whether any column is likely to hold the date that claims go by.
    pub fn has_date(&self) -> bool {
        self.date.is_some() || self.discharge.is_some()
    }
}

/// Checks whether a name is made of known words and small numbers alone. Any other may be a value of a claim, in a file
/// whose first line is no header, and is not shown.
pub(super) fn is_plain_name(name: &str) -> bool {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _.-[]()/#".contains(c);
    // A name has a letter at least.
    let has_letter = name.contains(|c: char| c.is_ascii_alphabetic());
    has_letter
        && digits <= 3
        && name.chars().all(is_plain)
        && words_of(name).iter().all(Option::is_some)
}

/// Splits a name into its words; `None` stands for one that is not known. Numbers are no words.
fn words_of(name: &str) -> Vec<Option<Word>> {
    let mut words = Vec::new();
    for part in name.split(|c: char| !c.is_ascii_alphabetic()) {
        let mut rest = part;
        // A capital letter begins a word, unless all are capital letters.
        while !rest.is_empty() {
            let small = rest.find(|c: char| c.is_ascii_lowercase());
            let end = small.and_then(|small| {
                let behind = rest.get(small..)?.find(|c: char| c.is_ascii_uppercase())?;
                Some(small + behind)
            });
            let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let word = word.to_ascii_lowercase();
            match split_words(&word) {
                Some(known) => words.extend(known.into_iter().map(Some)),
                None => words.push(None),
            }
            rest = behind;
        }
    }
    words
}

/// Splits words that are written in one; `None` if not all of it is known.
fn split_words(text: &str) -> Option<Vec<Word>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let whole = WORDS.iter().find(|(word, _)| *word == text);
    if let Some((_, word)) = whole {
        return Some(vec![*word]);
    }
    WORDS.iter().find_map(|(word, is)| {
        let rest = text.strip_prefix(word).filter(|rest| !rest.is_empty())?;
        let mut words = vec![*is];
        words.extend(split_words(rest)?);
        Some(words)
    })
}

/// Checks whether a column of these words holds codes: of what, before anything else that is not known.
fn are_of_codes(words: &[Option<Word>]) -> bool {
    let is_before = |word: &&Option<Word>| matches!(word, Some(Rank | Claim | Admission));
    let first = words.iter().find(|word| !is_before(word));
    first == Some(&Some(Code)) && !words.iter().any(|word| matches!(word, Some(No | Date)))
}

/// Returns how likely a column of these words is that of the date of service, the likeliest first.
fn service_date(words: &[Option<Word>]) -> Option<u8> {
    let has = |wanted: Word| words.contains(&Some(wanted));
    if [No, Code, Admission, Discharge].into_iter().any(has) {
        return None;
    }
    let is_known = words.iter().all(Option::is_some);
    match words {
        _ if has(ServiceDate) => Some(0),
        _ if has(Service) && (has(Date) || has(From)) => Some(1),
        _ if has(From) && has(Date) => Some(2),
        _ if has(Visit) && has(Date) => Some(3),
        [Some(Date)] => Some(4),
        _ if is_known && has(Service) => Some(5),
        [Some(From)] => Some(6),
        _ => None,
    }
}

/// Checks whether a column of these words holds the date of an admission or a discharge.
fn are_of_day(words: &[Option<Word>], what: Word) -> Option<u8> {
    let has = |wanted: Word| words.contains(&Some(wanted));
    let is_day = has(what) && (has(Date) || words.len() == 1);
    (is_day && !has(No) && !has(Code)).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_by_their_names() {
        for (name, is) in [
            ("dx", true),
            ("DX_1", true),
            ("Diagnosis Code 2", true),
            ("icd10", true),
            ("ICD_DGNS_CD1", true),
            ("PRNCPAL_DGNS_CD", true),
            ("px1", true),
            ("proc_code", true),
            ("dx[].code", true),
            ("PRNCPL_DGNS_CD", true),
            ("ADMTG_DGNS_CD", true),
            ("ICD_PRCDR_CD25", true),
            ("LINE_ICD_DGNS_CD", true),
            ("principalDiagnosisCode", true),
            ("otherdx12", true),
            ("admitdx", true),
            ("ICD_DGNS_VRSN_CD1", false),
            ("PRNCPAL_DGNS_VRSN_CD", false),
            ("process_id", false),
            ("processor", false),
            ("diagnosis_pointer", false),
            ("dx1_poa", false),
            ("icd_version", false),
            ("proc_date", false),
            ("processed_at", false),
            ("proc_cpt", false),
            ("provider", false),
            ("diagnosis_description", false),
            ("member", false),
            ("", false),
        ] {
            let likely = LikelyColumns::of(&[name.to_owned()]);
            assert_eq!(!likely.codes.is_empty(), is, "{name}");
        }
    }

    #[test]
    fn the_likeliest_date_is_chosen_and_an_admission_only_beside_a_discharge() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let likely = LikelyColumns::of(&names);
            (likely.date, likely.admit, likely.discharge)
        };
        assert_eq!(of(&["date", "from_date", "DOS"]), (Some(2), None, None));
        assert_eq!(of(&["admit_date", "dos"]), (Some(1), None, None));
        assert_eq!(
            of(&["Admission Date", "Discharge Date", "Service Date"]),
            (Some(2), Some(0), Some(1))
        );
        assert_eq!(of(&["discharge_date"]), (None, None, Some(0)));
        for others in [
            "discharge_status",
            "update",
            "date_of_birth",
            "service_type",
            "Discharged to",
        ] {
            assert_eq!(of(&[others]), (None, None, None), "{others}");
        }
        assert_eq!(of(&["service", "from"]), (Some(0), None, None));
        for name in [
            "svc_dt",
            "SRVC_DATE",
            "srvcdt",
            "FDOS",
            "line_from_dt",
            "CLM_FROM_DT",
            "visitDate",
            "first_service_date",
            "Date of service",
            "dateofservice",
            "dosfrom",
        ] {
            assert_eq!(of(&["dosage", name]), (Some(1), None, None), "{name}");
        }
        for other in [
            "dosage",
            "dose",
            "CLM_THRU_DT",
            "dos_to",
            "created_date",
            "proc_date",
        ] {
            assert_eq!(of(&[other]), (None, None, None), "{other}");
        }
        assert_eq!(
            of(&["CLM_ADMSN_DT", "NCH_BENE_DSCHRG_DT"]),
            (None, Some(0), Some(1))
        );
    }
}
