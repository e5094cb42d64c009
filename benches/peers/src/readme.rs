//! The tables in a README, between two markers.

use std::path::Path;

use anyhow::{Context as _, Result};

const BEGIN: &str = "<!-- speed: made by benches/peers -->";
const END: &str = "<!-- end of speed -->";

/// Puts the text between the markers of the file.
pub fn update(path: &Path, text: &str) -> Result<()> {
    let before = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let after = between_markers(&before, text)
        .with_context(|| format!("{} has no {BEGIN} with {END} behind it", path.display()))?;
    Ok(std::fs::write(path, after)?)
}

fn between_markers(before: &str, text: &str) -> Option<String> {
    let (head, rest) = before.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}\n\n{text}\n\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let before = format!("# Speed\n{BEGIN}\nold\n{END}\nbehind");
        let after = between_markers(&before, "new").unwrap();
        assert_eq!(after, format!("# Speed\n{BEGIN}\n\nnew\n\n{END}\nbehind"));
        assert_eq!(between_markers(&after, "new").as_ref(), Some(&after));
        assert_eq!(between_markers(END, "new"), None);
    }

    #[test]
    fn the_readme_of_billfold_has_the_markers() {
        assert!(between_markers(include_str!("../../../README.md"), "").is_some());
    }
}
