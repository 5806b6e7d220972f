//! Where a command line that cannot be read was meant to go.

use std::path::Path;

use clap::Command;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{in_quotes, printable};
use crate::model::{CodeSet, TypedCode, TypedRelease, typed_codes};

/// Options of other programs, and what they are called here.
const CALLED_HERE: [(&str, &str); 12] = [
    ("json", "--format json"),
    ("database", "--db"),
    ("port", "--listen 127.0.0.1:PORT"),
    ("pcs", "--code-set icd10pcs"),
    ("cm", "--code-set icd10cm"),
    ("output", "> FILE"),
    ("dx", "--code"),
    ("list", "--only"),
    ("set", "--code-set"),
    ("chapter", "--under"),
    ("bind", "--listen"),
    ("o", "> FILE"),
];

/// What other programs call a verb, and what it is called here.
const VERBS_HERE: [(&str, &str); 12] = [
    ("find", "search"),
    ("query", "search"),
    ("lookup", "show"),
    ("info", "show"),
    ("view", "show"),
    ("changes", "diff"),
    ("list", "releases"),
    ("validate", "check"),
    ("download", "fetch"),
    ("delete", "remove"),
    ("update", "fetch --missing"),
    ("version", "--version"),
];

/// Adds to what is wrong with arguments the command that may have been meant.
pub(super) fn lead(error: &mut clap::Error, command: &Command, args: &[String]) {
    let tips = match error.kind() {
        ErrorKind::InvalidSubcommand => of_no_verb(error, command, args),
        ErrorKind::UnknownArgument => of_unknown_option(error, command),
        _ => Vec::new(),
    };
    if tips.is_empty() {
        return;
    }
    // A name that is known from elsewhere is like no other by chance.
    if tips.iter().any(|tip| tip.starts_with("it is called")) {
        let _ = error.remove(ContextKind::SuggestedSubcommand);
    }
    let tips = tips.into_iter().map(StyledStr::from);
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(tips.collect()),
    );
}

fn text_of(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Returns what to ask with what stands where a verb should.
fn of_no_verb(error: &clap::Error, command: &Command, args: &[String]) -> Vec<String> {
    let Some(word) = text_of(error, ContextKind::InvalidSubcommand) else {
        return Vec::new();
    };
    let from = args.iter().skip_while(|arg| **arg != word);
    let rest: Vec<String> = from.map(|arg| quoted(arg)).collect();
    let lower = word.to_lowercase();
    let here = VERBS_HERE.iter().find(|(other, _)| *other == lower);
    let here = here.map(|(_, here)| *here);
    let here = here.or_else(|| command.find_subcommand(&lower).map(Command::get_name));
    // Words are looked up by a search, and codes by their page.
    let asked = args.iter().skip_while(|arg| **arg != word).nth(1);
    let here = match asked {
        Some(asked) if here == Some("show") && !are_codes(asked) => Some("search"),
        _ => here,
    };
    if let (Some(here), [_, after @ ..]) = (here, rest.as_slice()) {
        let written = [&["codeyear".to_owned(), here.to_owned()], after].concat();
        return vec![format!("it is called {here} here: {}", written.join(" "))];
    }
    let rest = rest.join(" ");
    let is_release = word.parse::<TypedRelease>().is_ok();
    let is_fiscal = word
        .get(..2)
        .is_some_and(|head| head.eq_ignore_ascii_case("fy"));
    let verbs: &[(&str, &str)] = if is_release && is_fiscal {
        &[("diff", "for what it changed")]
    } else if are_codes(&word) {
        match typed_codes(&word).as_slice() {
            [TypedCode::One(_)] => &[("check", "to check it"), ("show", "for its page")],
            _ => &[("check", "to check them")],
        }
    } else if Path::new(&word).exists() {
        &[
            ("audit", "to check the claims in it"),
            ("import", "to take official files from it"),
        ]
    } else {
        &[("search", "to search for words")]
    };
    let tip = |(verb, what): &(&str, &str)| format!("{what}: codeyear {verb} {rest}");
    verbs.iter().map(tip).collect()
}

/// Checks whether a text is made of what can be codes, and not of words.
fn are_codes(text: &str) -> bool {
    let typed = typed_codes(text);
    let is_code = |typed: &TypedCode| match typed {
        TypedCode::Range(..) => true,
        TypedCode::One(code) => {
            let can_be = |set: CodeSet| set.read_typed(code).is_ok();
            code.contains(|c: char| c.is_ascii_digit()) && CodeSet::ALL.into_iter().any(can_be)
        }
    };
    !typed.is_empty() && typed.iter().all(is_code)
}

/// Returns what an unknown option is called here, or which verbs have it.
fn of_unknown_option(error: &clap::Error, command: &Command) -> Vec<String> {
    let Some(option) = text_of(error, ContextKind::InvalidArg) else {
        return Vec::new();
    };
    let name = option.trim_start_matches('-');
    let name = name.split('=').next().unwrap_or_default().to_owned();
    let known = CALLED_HERE.iter().find(|(other, _)| *other == name);
    if let Some((_, here)) = known {
        return vec![format!("it is called '{here}' here")];
    }
    if !option.starts_with("--") || name.is_empty() {
        return Vec::new();
    }
    let has = |verb: &&Command| {
        let mut options = verb.get_arguments();
        options.any(|option| {
            let aliases = option.get_all_aliases().unwrap_or_default();
            option.get_long() == Some(&name) || aliases.contains(&name.as_str())
        })
    };
    let verbs: Vec<&str> = command
        .get_subcommands()
        .filter(has)
        .map(Command::get_name)
        .collect();
    if verbs.is_empty() {
        return Vec::new();
    }
    let verbs: Vec<String> = verbs
        .iter()
        .map(|verb| format!("codeyear {verb}"))
        .collect();
    vec![format!("'--{name}' is an option of {}", verbs.join(", "))]
}

/// Writes an argument as a shell reads it.
fn quoted(arg: &str) -> String {
    let arg = printable(arg);
    let is_plain =
        |c: char| c.is_alphanumeric() || std::path::is_separator(c) || "-_./,:=@%+".contains(c);
    match !arg.is_empty() && arg.chars().all(is_plain) {
        true => arg,
        false => in_quotes(&arg),
    }
}
