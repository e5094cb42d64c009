//! The tables in a README, between two markers.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Puts the text between the markers of that section of the file.
pub fn update(path: &Path, section: &str, text: &str) -> Result<()> {
    let before = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let after = between_markers(&before, section, text).with_context(|| {
        let [begin, end] = markers(section);
        format!("{} has no {begin} with {end} behind it", path.display())
    })?;
    Ok(std::fs::write(path, after)?)
}

fn markers(section: &str) -> [String; 2] {
    [format!("<!-- {section}: made by benches/peers -->"), format!("<!-- end of {section} -->")]
}

fn between_markers(before: &str, section: &str, text: &str) -> Option<String> {
    let [begin, end] = markers(section);
    let (head, rest) = before.split_once(&begin)?;
    let (_, tail) = rest.split_once(&end)?;
    Some(format!("{head}{begin}\n\n{text}\n\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let [begin, end] = markers("speed");
        let before = format!("# Speed\n{begin}\nold\n{end}\nbehind");
        let after = between_markers(&before, "speed", "new").unwrap();
        assert_eq!(after, format!("# Speed\n{begin}\n\nnew\n\n{end}\nbehind"));
        assert_eq!(between_markers(&after, "speed", "new").as_ref(), Some(&after));
        assert_eq!(between_markers(&before, "size", "new"), None);
        assert_eq!(between_markers(&end, "speed", "new"), None);
    }

    #[test]
    fn the_readme_of_billfold_has_the_markers() {
        let readme = include_str!("../../../README.md");
        for section in ["speed", "speed at 10 million"] {
            assert!(between_markers(readme, section, "").is_some(), "{section}");
        }
    }
}
