//! References in a call script: `${name}` in a string stands for something an earlier call answered.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;

use super::lines::too_long;
use super::script::MAX_SCRIPT_LINE_BYTES;
use crate::error::short;
use crate::wire::Answer;
use crate::wire::body::kind;

/// A line of JSON with the references in its strings replaced; what is no string stays as it was written.
/// The reason where it is not JSON, or a reference leads nowhere.
pub fn resolved<'l>(line: &'l str, answers: &HashMap<String, Answer>) -> Result<Cow<'l, str>, String> {
    // A dollar sign may be written as an escape.
    if !line.contains("${") && !line.contains("\\u") {
        return Ok(Cow::Borrowed(line));
    }
    // From here on a quote is known to begin or to end a string.
    serde_json::from_str::<&RawValue>(line).map_err(|error| format!("it is not JSON: {error}"))?;
    let mut resolved = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(quote) = rest.find('"') {
        let (before, string) = rest.split_at(quote);
        let (string, after) = string.split_at(end_of_string(string));
        resolved.push_str(before);
        match replaced(string, answers)? {
            Some(text) => resolved.push_str(&serde_json::Value::String(text).to_string()),
            None => resolved.push_str(string),
        }
        checked_length(&resolved)?;
        rest = after;
    }
    resolved.push_str(rest);
    Ok(Cow::Owned(resolved))
}

/// Refuses a line that has become too long before it becomes any longer: an answer is as long as it likes.
fn checked_length(resolved: &str) -> Result<(), String> {
    if resolved.len() > MAX_SCRIPT_LINE_BYTES { Err(too_long(MAX_SCRIPT_LINE_BYTES).0) } else { Ok(()) }
}

/// How many bytes the string takes that `json` begins with, quotes included.
fn end_of_string(json: &str) -> usize {
    let mut escaped = false;
    let end = json.bytes().enumerate().skip(1).find(|(_, byte)| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |(place, _)| place + 1)
}

/// The text of a JSON string with its references replaced; `None` where it has none.
fn replaced(string: &str, answers: &HashMap<String, Answer>) -> Result<Option<String>, String> {
    // A string that is no text is left for the call to refuse.
    let Ok(text) = serde_json::from_str::<String>(string) else { return Ok(None) };
    if !text.contains("${") {
        return Ok(None);
    }
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        let reference = reference.get(2..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            replaced.push_str(before);
            replaced.push_str("${");
            rest = reference;
            continue;
        }
        let Some((reference, after)) = reference.split_once('}') else {
            return Err(format!("{} has a ${{ without its }}; a plain ${{ is written $${{", short(&text)));
        };
        replaced.push_str(before);
        replaced.push_str(&referred(reference, answers)?);
        checked_length(&replaced)?;
        rest = after;
    }
    replaced.push_str(rest);
    Ok(Some(replaced))
}

/// What a reference stands for: `name` for the id in that call's answer, `name.a.b.0` for a place in it.
fn referred(reference: &str, answers: &HashMap<String, Answer>) -> Result<String, String> {
    let (name, place) = match reference.split_once('.') {
        Some((name, place)) => (name, Some(place)),
        None => (reference, None),
    };
    let Some(answer) = answers.get(name) else {
        return Err(format!("{} is the name of no call before this line", short(name)));
    };
    let found = match place {
        Some(place) => at(&answer.body, place),
        None => at(&answer.body, "data.id").or_else(|| at(&answer.body, "id")),
    };
    let Some(found) = found else {
        let place = place.map_or_else(|| "id".to_owned(), short);
        return Err(format!("the answer of {} has no {place}", short(name)));
    };
    match found.as_bytes() {
        [b'"', ..] => serde_json::from_str(found).map_err(|error| error.to_string()),
        [b'{' | b'[' | b'n', ..] => {
            Err(format!("{} leads to {}, which is no text", short(reference), kind(found)))
        }
        _ => Ok(found.to_owned()),
    }
}

/// The JSON at a place such as `data.commits.0.id`.
fn at<'a>(json: &'a str, place: &str) -> Option<&'a str> {
    place.split('.').try_fold(json, |json, step| {
        let found = if json.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            items.get(step.parse::<usize>().ok()?).copied()
        } else {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            fields.get(step).copied()
        };
        found.map(RawValue::get)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(line: &str) -> Result<String, String> {
        let body = r#"{"data":{"id":"ID","parts":[{"n":1.50},{"n":2,"q":"a\"b\\"}],"none":null}}"#;
        let answer = Answer { status: 200, body: body.to_owned() };
        let plain = Answer { status: 200, body: r#"{"id":"PLAIN"}"#.to_owned() };
        let answers = HashMap::from([("made".to_owned(), answer), ("plain".to_owned(), plain)]);
        resolved(line, &answers).map(Cow::into_owned)
    }

    #[test]
    fn references_are_replaced_in_strings_alone() {
        let line = r#"{"a\\":"${made}", "n": 1.10e+2, "${plain}" : ["x${made.data.parts.0.n}y${made}"]}"#;
        let after = r#"{"a\\":"ID", "n": 1.10e+2, "PLAIN" : ["x1.50yID"]}"#;
        assert_eq!(with(line), Ok(after.to_owned()));
        assert_eq!(
            with(r#"["\u0024{made}", "\"${made.data.parts.1.q}"]"#),
            Ok(r#"["ID", "\"a\"b\\"]"#.into())
        );
    }

    #[test]
    fn a_plain_dollar_and_brace_can_be_written() {
        assert_eq!(
            with(r#"["$${made}", "$", "$$", "{}", "\u00e9"]"#),
            Ok(r#"["${made}", "$", "$$", "{}", "\u00e9"]"#.into())
        );
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_refused() {
        let cases = [
            ("${}", r#""" is the name of no call before this line"#),
            ("${other}", r#""other" is the name of no call before this line"#),
            ("${made.data.parts.2.n}", r#"the answer of "made" has no "data.parts.2.n""#),
            ("${made.data.parts.n}", r#"the answer of "made" has no "data.parts.n""#),
            ("${made.}", r#"the answer of "made" has no """#),
            ("${made.data.none}", r#""made.data.none" leads to null, which is no text"#),
            ("${made.data.parts}", r#""made.data.parts" leads to an array, which is no text"#),
            ("${made", r#""${made" has a ${ without its }; a plain ${ is written $${"#),
        ];
        for (text, reason) in cases {
            assert_eq!(with(&format!("[{text:?}]")), Err(reason.to_owned()));
        }
    }
}
