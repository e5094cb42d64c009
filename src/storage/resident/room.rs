//! How a part of the names is laid out in lines: its filter, the tags of its groups, and their slots.

use crate::storage::lines::{LARGE_PAGE, Line};

/// The words of a line.
pub const WORDS: usize = size_of::<Line>() / 8;
/// So many slots stand together, with a byte of each name's place in one word: which of them may have a name is told by
/// that word alone.
pub const GROUP: usize = 8;
/// At most this part of the slots is used, in eighths.
const MOST_OF_8: usize = 6;
/// So many groups share a word of the filter, which tells of most names that are not there that they are not. So it takes
/// half as much memory as the tags, and more of it is in the processor's cache; that of a full part lets a tenth pass.
pub const GROUPS_OF_A_FILTER: usize = 2;

/// The lines for so many names, or as many of them as there is room for in so many lines. Of nearly a large page and more
/// they are as many whole ones.
pub fn lines_for(names: usize, most: usize) -> usize {
    let groups = names.saturating_mul(8).div_ceil(MOST_OF_8 * GROUP);
    let fewest = lines_of(groups);
    let lines = if fewest < LARGE_PAGE / 4 * 3 { fewest } else { fewest.next_multiple_of(LARGE_PAGE) };
    if lines <= most { lines } else { lines_of(groups.min(groups_in(most))) }
}

pub const fn lines_of(groups: usize) -> usize {
    groups.saturating_mul(GROUP).saturating_add(lines_of_tags(groups)).saturating_add(lines_of_filter(groups))
}

pub const fn lines_of_tags(groups: usize) -> usize {
    groups.div_ceil(WORDS)
}

pub const fn lines_of_filter(groups: usize) -> usize {
    groups.div_ceil(WORDS * GROUPS_OF_A_FILTER)
}

/// As many groups as there is room for.
pub fn groups_in(lines: usize) -> usize {
    /// So many have whole lines of filter and tags.
    const GROUPS: usize = WORDS * GROUPS_OF_A_FILTER;
    const LINES: usize = lines_of(GROUPS);
    let about = lines / LINES * GROUPS + lines % LINES * GROUPS / LINES;
    (about.saturating_sub(1)..=about).rev().find(|groups| lines_of(*groups) <= lines).unwrap_or(0)
}

/// How many names so many groups have room for.
pub const fn names_in(groups: usize) -> usize {
    groups * GROUP * MOST_OF_8 / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_room_for_the_names_it_was_made_for_and_takes_no_more_than_it_may() {
        for names in [0, 1, 6, 7, 100, 18_000, 20_000, 24_000, 25_000, 100_000] {
            let lines = lines_for(names, usize::MAX);
            let groups = groups_in(lines);
            assert!(names_in(groups) >= names, "{names} names in {lines} lines");
            assert!(lines_of(groups) <= lines);
            assert!(lines.is_multiple_of(LARGE_PAGE) || lines < LARGE_PAGE);
            for most in [0, 8, 9, 100, lines / 2, lines.saturating_sub(1), lines] {
                let within = lines_for(names, most);
                assert!(within <= most);
                let needed = (names * 8).div_ceil(GROUP * MOST_OF_8);
                assert!(
                    groups_in(within) >= needed.min(groups_in(most)),
                    "{names} names in {within} of {most}"
                );
            }
        }
        assert_eq!([0, 9, 10, 17, 18, 66, 74, 75].map(groups_in), [0, 0, 1, 1, 2, 8, 8, 9]);
        assert_eq!([65, 66].map(|most| lines_for(usize::MAX, most)), [58, 66]);
    }
}
