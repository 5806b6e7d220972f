//! One value for each code set.

use std::ops::{Index, IndexMut};

use crate::model::CodeSet;

/// How many code sets there are.
const COUNT: usize = CodeSet::ALL.len();

/// One value for each code set.
///
/// ```
/// use codeyear_core::model::{CodeSet, Sets};
/// let mut counts = Sets::new(|_| 0);
/// counts[CodeSet::Icd10Pcs] += 1;
/// assert_eq!(counts[CodeSet::Icd10Cm], 0);
/// assert_eq!(counts.iter().map(|(_, count)| count).sum::<i32>(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sets<T>([T; COUNT]);

impl<T> Sets<T> {
    /// Makes the value of each code set.
    pub fn new(mut value: impl FnMut(CodeSet) -> T) -> Sets<T> {
        Sets(CodeSet::ALL.map(&mut value))
    }

    /// Makes the value of each code set, up to the first that cannot be made.
    ///
    /// # Errors
    /// That of the value.
    pub fn try_new<E>(value: impl FnMut(CodeSet) -> Result<T, E>) -> Result<Sets<T>, E> {
        let values = CodeSet::ALL.into_iter().map(value);
        let mut values = values.collect::<Result<Vec<T>, E>>()?.into_iter();
        // There are as many as code sets.
        Ok(Sets::new(|_| match values.next() {
            Some(value) => value,
            None => unreachable!("a value for each code set was made"),
        }))
    }

    /// Lists the values, in the order of the code sets.
    pub fn iter(&self) -> impl Iterator<Item = (CodeSet, &T)> {
        CodeSet::ALL.into_iter().zip(&self.0)
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "the place of a code set is one of as many as there are"
)]
impl<T> Index<CodeSet> for Sets<T> {
    type Output = T;

    fn index(&self, code_set: CodeSet) -> &T {
        &self.0[code_set as usize]
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "the place of a code set is one of as many as there are"
)]
impl<T> IndexMut<CodeSet> for Sets<T> {
    fn index_mut(&mut self, code_set: CodeSet) -> &mut T {
        &mut self.0[code_set as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_set_has_the_place_that_the_list_of_all_gives_it() {
        for (place, code_set) in CodeSet::ALL.into_iter().enumerate() {
            assert_eq!(code_set as usize, place, "{code_set}");
        }
        let named = Sets::new(CodeSet::id);
        for code_set in CodeSet::ALL {
            assert_eq!(named[code_set], code_set.id());
        }
        let failed = Sets::try_new(|code_set| match code_set {
            CodeSet::Icd10Cm => Ok(()),
            other => Err(other),
        });
        assert_eq!(failed, Err(CodeSet::Icd10Pcs));
    }
}
