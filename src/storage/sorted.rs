//! Where something is in what is sorted.

use std::cmp::Ordering;

/// So many are looked through one after another.
const FEW: usize = 16;

/// Where the equal one is, or would be.
///
/// Among few the processor guesses where the search ends, and goes on meanwhile with what is found; halving has it wait for
/// each comparison.
#[inline]
pub fn place<T>(sorted: &[T], order: impl Fn(&T) -> Ordering) -> Result<usize, usize> {
    if sorted.len() <= FEW
        && let Some(place) = sorted.iter().position(|item| order(item).is_eq())
    {
        return Ok(place);
    }
    sorted.binary_search_by(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_what_is_not_has_a_place() {
        for count in 0..=3 * FEW {
            let sorted: Vec<_> = (0..count).map(|n| 2 * n + 1).collect();
            for wanted in 0..=2 * count {
                let expected = if wanted % 2 == 1 { Ok(wanted / 2) } else { Err(wanted / 2) };
                assert_eq!(place(&sorted, |n| n.cmp(&wanted)), expected);
            }
        }
    }
}
