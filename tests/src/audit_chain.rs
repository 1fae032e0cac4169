//! Reads an audit log as its documentation describes it, sharing nothing with what wrote it.
//!
//! One compact JSON object a line, members in order, `hash` the last of them: SHA-256 over
//! `keyferry audit line 1\n` and the line without `hash`. `prev` is the hash of the line before,
//! zeros before the first; `seq` counts from 1. `head.json` names the last line.

use std::path::Path;

use serde_json::Value;

use crate::kek::sha256;

const DOMAIN: &str = "keyferry audit line 1\n";

/// The record of a state folder, full files first, checked line by line.
///
/// # Errors
/// The first line that does not hold.
pub fn read(state: &Path) -> Result<Vec<Value>, String> {
    let folder = state.join("audit");
    let mut text = String::new();
    for name in names(&folder) {
        text += &std::fs::read_to_string(folder.join(name)).map_err(|e| e.to_string())?;
    }
    let head = std::fs::read_to_string(folder.join("head.json")).map_err(|e| e.to_string())?;
    check(&text, &head)
}

/// The files of a record, the oldest first; a full one is named by its first and last line.
#[must_use]
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("log-") && name.ends_with(".jsonl"))
        .collect();
    names.sort();
    names.push("log.jsonl".to_owned());
    names
}

/// Where the record in `folder` first does not hold: file and line in it, from 1. Behind the last line when only the
/// head file says that something is missing; the last line itself when it is not the one that the head file names.
#[must_use]
pub fn first_failure(folder: &Path) -> Option<(String, usize)> {
    let head: Value =
        serde_json::from_slice(&std::fs::read(folder.join("head.json")).unwrap()).unwrap();
    let (mut prev, mut seq) = ("0".repeat(64), 0);
    let mut end = (String::new(), 0);
    for name in names(folder) {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let torn = lines.pop().is_some_and(|rest| !rest.is_empty());
        end = (name.clone(), 0);
        for (index, line) in lines.iter().enumerate() {
            let here = (name.clone(), index + 1);
            match std::str::from_utf8(line)
                .ok()
                .and_then(|line| hash_of(line, &prev, seq + 1))
            {
                Some(hash) => {
                    (prev, seq) = (hash, seq + 1);
                    end = here;
                }
                None => return Some(here),
            }
        }
        if torn {
            return Some((name, lines.len() + 1));
        }
    }
    match head["seq"].as_u64().unwrap() {
        told if told > seq => Some((end.0, end.1 + 1)),
        told if told == seq && head["hash"] == prev.as_str() => None,
        _ => Some(end),
    }
}

/// The line's hash, if it is the line `seq` that follows `prev`.
fn hash_of(line: &str, prev: &str, seq: u64) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    let hash = value["hash"].as_str()?.to_owned();
    let bare = line.strip_suffix(&format!(",\"hash\":\"{hash}\"}}"))?;
    let holds = sha256(format!("{DOMAIN}{bare}}}").as_bytes()) == hash
        && value["prev"] == prev
        && value["seq"] == seq;
    holds.then_some(hash)
}

/// The lines of `text`, whose last one `head` has to name.
///
/// # Errors
/// The first line that does not hold.
pub fn check(text: &str, head: &str) -> Result<Vec<Value>, String> {
    if !text.ends_with('\n') {
        return Err("the last line is torn".to_owned());
    }
    let mut prev = "0".repeat(64);
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let hash = value["hash"].as_str().ok_or("no hash")?.to_owned();
        let bare = line
            .strip_suffix(&format!(",\"hash\":\"{hash}\"}}"))
            .ok_or("hash is not last")?;
        if sha256(format!("{DOMAIN}{bare}}}").as_bytes()) != hash {
            return Err(format!("line {}: its hash is another", index + 1));
        }
        if value["prev"] != prev.as_str() || value["seq"] != index + 1 {
            return Err(format!("line {} does not follow", index + 1));
        }
        prev = hash;
        lines.push(value);
    }
    let head: Value = serde_json::from_str(head).map_err(|error| error.to_string())?;
    if head["hash"] == prev.as_str() && head["seq"] == lines.len() {
        Ok(lines)
    } else {
        Err(format!(
            "head.json is at {head}, the log at {} {prev}",
            lines.len()
        ))
    }
}
