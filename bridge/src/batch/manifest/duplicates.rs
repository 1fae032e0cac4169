//! Lines that say the same twice.

use std::collections::HashMap;

use super::line::ManifestLine;
use super::problem::Problems;
use super::selector::Selector;

/// Refuses two lines that send the same selection to the same name, naming both; letter case of names does not count,
/// as in a vault. That different lines can meet in one name is for the plan to find, which knows the keys.
pub(super) fn refuse(lines: &[ManifestLine], problems: &mut Problems) {
    let mut seen: HashMap<(&Selector, usize, String), u32> = HashMap::with_capacity(lines.len());
    for line in lines {
        let name = line.name.to_string().to_ascii_lowercase();
        let first = *seen
            .entry((&line.selector, line.vault, name))
            .or_insert(line.line);
        if first != line.line {
            problems.add(
                line.line,
                "manifest-duplicate",
                format!(
                    "lines {first} and {} both send {} to the same place",
                    line.line, line.selector
                ),
                "Leave one away.",
            );
        }
    }
}
