//! What a claim charges, as a table writes it.

use super::claim::ProblemKind;

/// Reads an amount in dollars, in cents: `1234.5`, `$1,234.50`, `-3`.
pub(super) fn cents(text: &[u8]) -> Result<i64, ProblemKind> {
    read_cents(text).ok_or(ProblemKind::NoAmount)
}

fn read_cents(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let text = text.strip_prefix('$').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    // A comma stands before three digits; anywhere else it may be meant as a point.
    let mut groups = whole.split(',');
    let is_short = groups
        .next()
        .is_some_and(|first| (1..=3).contains(&first.len()));
    if whole.contains(',') && !(is_short && groups.all(|group| group.len() == 3)) {
        return None;
    }
    let whole: String = whole.chars().filter(|c| *c != ',').collect();
    if part.len() > 2 && part.bytes().skip(2).any(|byte| byte != b'0')
        || !part.bytes().all(|byte| byte.is_ascii_digit())
        || !whole.bytes().all(|byte| byte.is_ascii_digit())
        || (whole.is_empty() && part.is_empty())
    {
        return None;
    }
    let mut digits = part.bytes().map(|byte| i64::from(byte - b'0'));
    let part = digits.next().unwrap_or(0) * 10 + digits.next().unwrap_or(0);
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    whole.checked_mul(100)?.checked_add(part)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_cent() {
        for (text, expected) in [
            ("1234.5", Some(123_450)),
            ("$1,234.50", Some(123_450)),
            ("1,234,567", Some(123_456_700)),
            ("1200,50", None),
            ("1,50", None),
            ("1,2,3", None),
            (",123", None),
            ("-3", Some(-300)),
            (".07", Some(7)),
            ("12.500", Some(1250)),
            ("12.505", None),
            ("", None),
            ("12x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(cents(text.as_bytes()).ok(), expected, "{text}");
        }
    }
}
