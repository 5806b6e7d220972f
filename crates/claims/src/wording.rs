//! How what may be stated of a file is called where it is stated: options of a command line, or fields of a form.

use codeyear_core::model::UnknownDateFormat;

/// Where an audit is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wording {
    /// On a command line, by options.
    #[default]
    Options,
    /// In a form, by its fields.
    Form,
}

impl Wording {
    /// The label of the form's field for how dates are written.
    pub const DATE_FORMAT: &str = "Date format";
    /// The label of the form's field for the code set of all codes.
    pub const CODE_SET: &str = "Code set";
    /// The label of the form's field by which cells are taken apart.
    pub const SPLIT: &str = "Split cells with several codes";
    /// The label of the form's field by which codes are cleaned.
    pub const CLEAN: &str = "Read codes with extra characters around them";

    /// Returns what to do where the form of the dates cannot be told.
    pub(super) fn of_dates(self, why: &UnknownDateFormat) -> String {
        let field = Wording::DATE_FORMAT;
        match (self, why) {
            (Wording::Options, UnknownDateFormat::Empty) => {
                "state another format with --date-format".to_owned()
            }
            (Wording::Options, UnknownDateFormat::NoForm) => "is it the right column? state the format, as in --date-format DD.MM.YYYY".to_owned(),
            (Wording::Options, UnknownDateFormat::Numbers) => "--date-format excel reads Excel serial dates, --date-format unix seconds since 1970, a pattern such as --date-format MMDDYY digits".to_owned(),
            (Wording::Options, UnknownDateFormat::DayFirst) => "state it: --date-format DD/MM/YYYY, or --date-format us to report such dates".to_owned(),
            (Wording::Options, UnknownDateFormat::Mixed) => "state which is meant: --date-format us or --date-format DD/MM/YYYY; rows with the other are reported with their lines".to_owned(),
            (Wording::Form, UnknownDateFormat::Mixed) => format!(
                "state which is meant in “{field}”: us or DD/MM/YYYY; rows with the other are reported with their lines"
            ),
            (Wording::Form, UnknownDateFormat::Empty) => format!("state another format in “{field}”"),
            (Wording::Form, UnknownDateFormat::NoForm) => {
                format!("is it the right column? state the format in “{field}”: DD.MM.YYYY")
            }
            (Wording::Form, UnknownDateFormat::Numbers) => format!(
                "in “{field}” excel reads Excel serial dates, unix seconds since 1970, a pattern such as MMDDYY digits"
            ),
            (Wording::Form, UnknownDateFormat::DayFirst) => format!(
                "state it in “{field}”: DD/MM/YYYY, or us to report such dates"
            ),
        }
    }

    /// Returns what to do where no column's name suggests codes.
    pub(super) fn of_no_codes(self, columns: usize) -> &'static str {
        match self {
            Wording::Options if columns == 1 => {
                "a list of codes, one a line, is for codeyear check - < FILE; a table has the names of its columns in its first line"
            }
            Wording::Options => "name the column: --code dx1, or --code dx1,dx2, or --code 'dx*'",
            Wording::Form => {
                "name the columns with codes, or choose them from those that the file has"
            }
        }
    }

    /// Returns what to do where no column's name suggests the date that a claim goes by.
    pub(super) fn of_no_date(self) -> &'static str {
        match self {
            Wording::Options => {
                "name the column: --date service_date; for inpatient claims --admit admitted --discharge discharged; for a file without dates use --infer"
            }
            Wording::Form => {
                "name the column with the date, or choose it from those that the file has"
            }
        }
    }

    /// Returns what to do where columns of codes hold none, one of which is this.
    pub(super) fn of_empty_columns(self, example: &str) -> String {
        match self {
            Wording::Options => {
                format!("does --code name too many columns? '!{example}' leaves one out")
            }
            Wording::Form => "are they columns of codes? leave out those that are not".to_owned(),
        }
    }
}
