//! The texts that the parts of a contract have: names, descriptions, temporary ids and what is kept.

use crate::error::FieldProblem;
use crate::model::contract::{
    MAX_CONTRACT_NAME_CHARACTERS, MAX_CONTRACT_TEXT_CHARACTERS, MAX_UNIQUENESS_KEY_CHARACTERS,
};

/// What is wrong with a name that invoices show: where there is one it says something.
pub fn name(name: Option<&str>) -> Option<FieldProblem> {
    FieldProblem::of_text(name?, MAX_CONTRACT_NAME_CHARACTERS, "a name has 1 to 1,000 characters")
}

/// What is wrong with the name that a call gives a part to speak of it.
pub fn temporary_id(id: Option<&str>) -> Option<FieldProblem> {
    FieldProblem::of_text(id?, MAX_CONTRACT_NAME_CHARACTERS, "a temporary id has 1 to 1,000 characters")
}

/// What is wrong with the text of a uniqueness key.
pub fn uniqueness_key(key: Option<&str>) -> Option<FieldProblem> {
    FieldProblem::of_text(key?, MAX_UNIQUENESS_KEY_CHARACTERS, "a uniqueness key has 1 to 128 characters")
}

/// What is wrong with a description, or with a text that is only kept.
pub fn text(text: Option<&str>) -> Option<FieldProblem> {
    FieldProblem::too_long(text?, MAX_CONTRACT_TEXT_CHARACTERS)
}

/// What is wrong with the name of a property of usage events.
pub fn property(name: &str) -> Option<FieldProblem> {
    FieldProblem::of_text(name, MAX_CONTRACT_NAME_CHARACTERS, "a property has 1 to 1,000 characters")
}

/// What is wrong with the name of a part that may say nothing.
pub fn label(name: Option<&str>) -> Option<FieldProblem> {
    FieldProblem::too_long(name?, MAX_CONTRACT_NAME_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_1_to_1000_characters_and_texts_up_to_10000() {
        for check in [name, temporary_id] {
            assert_eq!(check(None), None);
            assert_eq!(check(Some("é")), None);
            assert_eq!(check(Some(&"é".repeat(1_000))), None);
            assert!(matches!(check(Some("")), Some(FieldProblem::Empty { .. })));
            let long = check(Some(&"é".repeat(1_001)));
            assert_eq!(long, Some(FieldProblem::TooLong { characters: 1_001, most: 1_000 }));
        }
        assert_eq!(text(None), None);
        assert_eq!(text(Some("")), None);
        assert_eq!(text(Some(&"é".repeat(10_000))), None);
        assert!(text(Some(&"é".repeat(10_001))).is_some());
    }
}
