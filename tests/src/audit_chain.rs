//! Reads an audit log as its documentation describes it, sharing nothing with what wrote it.
//!
//! One compact JSON object a line, members in order, `hash` the last of them: SHA-256 over
//! `keyferry audit line 1\n` and the line without `hash`. `prev` is the hash of the line before,
//! zeros before the first; `seq` counts from 1. `head.json` names the last line.

use std::path::Path;

use serde_json::Value;

use crate::kek::sha256;

const DOMAIN: &str = "keyferry audit line 1\n";

/// The log of a state folder, checked line by line.
///
/// # Errors
/// The first line that does not hold.
pub fn read(state: &Path) -> Result<Vec<Value>, String> {
    let text = std::fs::read_to_string(state.join("audit/log.jsonl")).map_err(|e| e.to_string())?;
    let head = std::fs::read_to_string(state.join("audit/head.json")).map_err(|e| e.to_string())?;
    check(&text, &head)
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
