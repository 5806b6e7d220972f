//! The categories that releases list in another order than that of the characters.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Code, ReleaseId};

/// The categories that releases list in an order of their own. Most of them stand as they stood in the release
/// before, so that each order is kept once: what is kept does not grow with the releases, but with what they change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// The distinct orders, ascending: each the codes of one category.
    distinct: Vec<Vec<Code>>,
    /// The places of the orders of each release that has any, ascending, and so by category.
    of_release: BTreeMap<ReleaseId, Vec<u32>>,
}

impl Orders {
    /// Gathers the orders of releases.
    pub(super) fn gather(
        releases: impl IntoIterator<Item = (ReleaseId, Vec<Vec<Code>>)>,
    ) -> Orders {
        let mut orders = Orders::default();
        for (release, own) in releases {
            orders.set(release, own);
        }
        orders.settled()
    }

    /// Returns the codes of a category as a release lists them; `None` if that is the order of their characters.
    pub fn get(&self, release: ReleaseId, category: Code) -> Option<&[Code]> {
        let numbers = self.of_release.get(&release)?;
        let at = numbers
            .binary_search_by_key(&Some(category), |number| {
                self.order(*number)?.first().map(Code::category)
            })
            .ok()?;
        self.order(*numbers.get(at)?)
    }

    /// Checks whether any release lists a category in another order than that of the characters.
    pub fn has_any(&self, category: Code) -> bool {
        // They ascend by their first codes, and so by their categories.
        let of = |order: &Vec<Code>| order.first().map(Code::category);
        let found = self.distinct.binary_search_by_key(&Some(category), of);
        found.is_ok()
    }

    /// Returns the orders of a release.
    pub(super) fn of(&self, release: ReleaseId) -> Vec<Vec<Code>> {
        let numbers = self.of_release.get(&release).into_iter().flatten();
        numbers
            .filter_map(|number| self.order(*number))
            .map(<[Code]>::to_vec)
            .collect()
    }

    /// Returns the releases of which the rule says so, with new orders for some.
    pub(super) fn update(
        mut self,
        keep: impl Fn(&ReleaseId) -> bool,
        anew: impl IntoIterator<Item = (ReleaseId, Vec<Vec<Code>>)>,
    ) -> Orders {
        self.of_release.retain(|release, _| keep(release));
        for (release, own) in anew {
            self.set(release, own);
        }
        self.settled()
    }

    /// Returns the distinct orders.
    pub(super) fn distinct(&self) -> &[Vec<Code>] {
        &self.distinct
    }

    /// Returns the releases that have orders of their own, with the places of these among the distinct ones.
    pub(super) fn releases(&self) -> &BTreeMap<ReleaseId, Vec<u32>> {
        &self.of_release
    }

    /// Makes the value of its parts; `None` if they are not as [`Orders`] has them.
    pub(super) fn from_parts(
        distinct: Vec<Vec<Code>>,
        of_release: BTreeMap<ReleaseId, Vec<u32>>,
    ) -> Option<Orders> {
        let orders = Orders {
            distinct,
            of_release,
        };
        let is_there = |number: &u32| orders.order(*number).is_some_and(|order| !order.is_empty());
        let is_sound = orders.distinct.is_sorted()
            && orders
                .of_release
                .values()
                .all(|own| own.is_sorted() && own.iter().all(is_there));
        is_sound.then_some(orders)
    }

    fn order(&self, number: u32) -> Option<&[Code]> {
        self.distinct
            .get(usize::try_from(number).ok()?)
            .map(Vec::as_slice)
    }

    /// Sets the orders of a release. What comes out is to be [settled](Orders::settled).
    fn set(&mut self, release: ReleaseId, own: Vec<Vec<Code>>) {
        let mut numbers = Vec::with_capacity(own.len());
        for order in own {
            let there = self.distinct.iter().position(|known| *known == order);
            let at = there.unwrap_or_else(|| {
                self.distinct.push(order);
                self.distinct.len() - 1
            });
            numbers.extend(u32::try_from(at));
        }
        if numbers.is_empty() {
            self.of_release.remove(&release);
        } else {
            self.of_release.insert(release, numbers);
        }
    }

    /// Drops the orders that no release has, and sorts the rest, so that the value does not tell in which order the
    /// releases came.
    fn settled(self) -> Orders {
        let used: BTreeSet<u32> = self.of_release.values().flatten().copied().collect();
        let mut sorted: Vec<(Vec<Code>, u32)> = self
            .distinct
            .into_iter()
            .zip(0u32..)
            .filter(|(_, number)| used.contains(number))
            .collect();
        sorted.sort_unstable();
        let places: BTreeMap<u32, u32> = sorted
            .iter()
            .map(|(_, number)| *number)
            .zip(0u32..)
            .collect();
        let mut of_release = self.of_release;
        for numbers in of_release.values_mut() {
            *numbers = numbers
                .iter()
                .filter_map(|number| places.get(number).copied())
                .collect();
            numbers.sort_unstable();
        }
        Orders {
            distinct: sorted.into_iter().map(|(order, _)| order).collect(),
            of_release,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodeSet;

    fn codes(text: &str) -> Vec<Code> {
        text.split(' ')
            .filter_map(|code| Code::from_plain(CodeSet::Icd10Cm, code.as_bytes()))
            .collect()
    }

    fn id(name: &str) -> ReleaseId {
        name.parse().unwrap()
    }

    #[test]
    fn an_order_that_several_releases_have_is_kept_once() {
        let (old, new) = (codes("A011 A010"), codes("A011 A012 A010"));
        let other = codes("B019 B010");
        let orders = Orders::gather([
            (id("FY2025"), vec![old.clone(), other.clone()]),
            (id("FY2026"), vec![old.clone(), other.clone()]),
            (id("FY2027"), vec![new.clone(), other.clone()]),
        ]);
        assert_eq!(orders.distinct().len(), 3);
        let category = |text: &str| Code::from_plain(CodeSet::Icd10Cm, text.as_bytes()).unwrap();
        assert_eq!(orders.get(id("FY2026"), category("A01")), Some(&old[..]));
        assert_eq!(orders.get(id("FY2027"), category("A01")), Some(&new[..]));
        assert_eq!(orders.get(id("FY2027"), category("B01")), Some(&other[..]));
        assert_eq!(orders.get(id("FY2027"), category("C01")), None);
        assert_eq!(orders.get(id("FY2024"), category("A01")), None);
    }

    #[test]
    fn the_value_does_not_tell_in_which_order_the_releases_came() {
        let (old, new) = (codes("A011 A010"), codes("A011 A012 A010"));
        let other = codes("B019 B010");
        let all = [
            (id("FY2025"), vec![old.clone()]),
            (id("FY2026"), vec![new.clone(), other.clone()]),
            (id("FY2027"), Vec::new()),
        ];
        let whole = Orders::gather(all.clone());
        assert_eq!(Orders::gather(all.clone().into_iter().rev()), whole);
        let step = Orders::gather([(id("FY2026"), vec![other])])
            .update(|_| true, [all[1].clone(), all[0].clone()]);
        assert_eq!(step, whole);
        let without = whole.update(|release| *release != id("FY2026"), []);
        assert_eq!(without, Orders::gather([(id("FY2025"), vec![old])]));
    }
}
