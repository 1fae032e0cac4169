//! The token's keys, so that those that a line means are found without looking at all.

use std::collections::HashMap;

use keyferry_core::KeyInfo;

use crate::batch::manifest::Glob;

/// Keys by label and by id.
pub(super) struct Keys<'a> {
    /// By label, then by id.
    sorted: Vec<&'a KeyInfo>,
    by_id: HashMap<String, Vec<&'a KeyInfo>>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(keys: &'a [KeyInfo]) -> Self {
        let mut sorted: Vec<&KeyInfo> = keys.iter().collect();
        sorted.sort_by(|one, other| (&one.label, &one.id).cmp(&(&other.label, &other.id)));
        let mut by_id: HashMap<String, Vec<&KeyInfo>> = HashMap::with_capacity(keys.len());
        for key in &sorted {
            by_id
                .entry(key.id.to_ascii_lowercase())
                .or_default()
                .push(key);
        }
        Self { sorted, by_id }
    }

    /// The keys with this label, this id, or both; nothing named is no key.
    pub(super) fn named(&self, label: Option<&str>, id: Option<&str>) -> Vec<&'a KeyInfo> {
        match (label, id) {
            (None, None) => Vec::new(),
            (label, Some(id)) => {
                let with_id = self.by_id.get(&id.to_ascii_lowercase());
                let fits = |key: &&&KeyInfo| label.is_none_or(|label| key.label == label);
                with_id
                    .into_iter()
                    .flatten()
                    .filter(fits)
                    .copied()
                    .collect()
            }
            (Some(label), None) => self
                .from(label)
                .iter()
                .take_while(|key| key.label == label)
                .copied()
                .collect(),
        }
    }

    /// The keys whose label fits.
    pub(super) fn fitting(&self, glob: &Glob) -> Vec<&'a KeyInfo> {
        let (prefix, matcher) = (glob.prefix(), glob.matcher());
        self.from(prefix)
            .iter()
            .take_while(|key| key.label.starts_with(prefix))
            .filter(|key| matcher.matches(&key.label))
            .copied()
            .collect()
    }

    /// The keys whose label is `label` or sorts after it.
    fn from(&self, label: &str) -> &[&'a KeyInfo] {
        let begin = self
            .sorted
            .partition_point(|key| key.label.as_str() < label);
        self.sorted.get(begin..).unwrap_or_default()
    }
}
