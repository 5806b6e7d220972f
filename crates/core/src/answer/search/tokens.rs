//! A text cut into words.

/// Cuts a text into words: runs of Latin letters and digits, in lower case.
///
/// Accents set apart from their letters are left out, as the full-text index leaves them out. A letter of
/// another script is a word of its own: the index knows letters by another table than this program, and
/// what it cuts in two here would have to be found as a phrase there.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        if matches!(character, '\u{300}'..='\u{36f}') {
            continue;
        }
        let is_latin = character.is_ascii_alphanumeric()
            || (character.is_alphabetic() && character <= '\u{24f}');
        if is_latin {
            word.push(character);
            continue;
        }
        all.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        all.extend(character.is_alphanumeric().then(|| character.to_string()));
    }
    all.extend((!word.is_empty()).then_some(word));
    all
}
