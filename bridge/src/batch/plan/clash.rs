//! Two lines, or two keys of a glob, to one destination: nobody can tell which was meant, so neither travels.

use std::collections::HashMap;

use super::make::Candidate;

/// How many lines a message names.
const NAMED: usize = 5;

/// Gives every key whose name in its vault another one has too, letter case aside, the reason for staying.
pub(super) fn refuse(candidates: &mut [Candidate<'_>]) {
    let mut by_place: HashMap<(usize, String), Vec<usize>> =
        HashMap::with_capacity(candidates.len());
    for (index, candidate) in candidates.iter().enumerate() {
        if let Ok(name) = &candidate.name {
            by_place
                .entry((candidate.line.vault, name.to_ascii_lowercase()))
                .or_default()
                .push(index);
        }
    }
    for (_, places) in by_place {
        if places.len() < 2 {
            continue;
        }
        let met: Vec<&Candidate<'_>> = places
            .iter()
            .filter_map(|index| candidates.get(*index))
            .collect();
        let mut lines: Vec<u32> = met.iter().map(|one| one.line.line).collect();
        lines.dedup();
        let same_key = met.iter().all(|one| {
            met.first()
                .is_some_and(|first| std::ptr::eq(one.key, first.key))
        });
        let where_from = told(&lines);
        let reason = if same_key {
            super::reason(
                "key-twice",
                format!("{where_from} send this key to the same name"),
                "Leave one away, or let the glob not fit it.",
            )
        } else {
            super::reason(
                "name-clash",
                format!("{} keys would get this name ({where_from})", met.len()),
                "Give each a name of its own, such as with {id} in it; a vault ignores letter case.",
            )
        };
        for index in places {
            if let Some(candidate) = candidates.get_mut(index) {
                candidate.reasons.push(reason.clone());
            }
        }
    }
}

/// "line 3" or "lines 3, 5 and 2 more".
fn told(lines: &[u32]) -> String {
    let named: Vec<String> = lines.iter().take(NAMED).map(u32::to_string).collect();
    let more = lines.len().saturating_sub(NAMED);
    match (lines.len(), more) {
        (1, _) => format!("line {}", named.concat()),
        (_, 0) => format!("lines {}", named.join(", ")),
        _ => format!("lines {} and {more} more", named.join(", ")),
    }
}
