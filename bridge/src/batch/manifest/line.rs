//! A line of a manifest: which key, where to, as what.

use std::collections::HashMap;
use std::path::Path;

use keyferry_core::{KeyName, MAX_RELEASE_POLICY, MAX_TAGS, visible};

use super::member::Members;
use super::name::NameTemplate;
use super::problem::Problems;
use super::selector::{Glob, Selector};
use crate::Error;
use crate::batch::plan::{PlanWishes, Shared};

/// The tag by which a transfer is found again (`vault::MARK_TAG`); its place among the tags is taken.
pub(in crate::batch) const MARK_TAG: &str = "keyferry-transfer";

/// What is to be done with one key, or with those that fit a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestLine {
    /// Where it stands in the file, from 1.
    pub line: u32,
    /// Which key.
    pub selector: Selector,
    /// The vault's place among [`super::Manifest::vaults`].
    pub vault: usize,
    /// The name that the key gets.
    pub name: NameTemplate,
    /// What is asked of the new key.
    pub wishes: Shared<PlanWishes>,
}

/// Reads files that lines name, each once.
pub(super) struct Policies<'a> {
    pub(super) read: &'a dyn Fn(&Path) -> Result<Vec<u8>, Error>,
    known: HashMap<String, Option<String>>,
}

impl<'a> Policies<'a> {
    pub(super) fn new(read: &'a dyn Fn(&Path) -> Result<Vec<u8>, Error>) -> Self {
        Self {
            read,
            known: HashMap::new(),
        }
    }

    /// The policy's text; its problem is told at the first line that names it.
    fn text(&mut self, file: &str, line: u32, problems: &mut Problems) -> Option<String> {
        if let Some(known) = self.known.get(file) {
            return known.clone();
        }
        let text = match (self.read)(Path::new(file)) {
            Ok(bytes) if bytes.len() > MAX_RELEASE_POLICY => {
                problems.add(
                    line,
                    "manifest-release-policy",
                    format!("{} is larger than 64 KiB", visible(file)),
                    "Give the policy's JSON alone.",
                );
                None
            }
            Ok(bytes) => String::from_utf8(bytes).ok().or_else(|| {
                problems.add(
                    line,
                    "manifest-release-policy",
                    format!("{} is not UTF-8", visible(file)),
                    "Save it as UTF-8.",
                );
                None
            }),
            Err(error) => {
                problems.add(line, error.code(), error.to_string(), error.advice());
                None
            }
        };
        self.known.insert(file.to_owned(), text.clone());
        text
    }
}

/// Reads a line; `vault` is its vault's place. None when something is wrong with it.
pub(super) fn read(
    members: Members<'_>,
    vault: Option<usize>,
    policies: &mut Policies<'_>,
    problems: &mut Problems,
) -> Option<ManifestLine> {
    let selector = selector(members, problems);
    let name = name(members, problems);
    let wishes = wishes(members, policies, problems);
    Some(ManifestLine {
        line: members.line(),
        selector: selector?,
        vault: vault?,
        name: name?,
        wishes: wishes.into(),
    })
}

fn selector(members: Members<'_>, problems: &mut Problems) -> Option<Selector> {
    let line = members.line();
    let mut text = |name| members.text(name, problems).map(str::to_owned);
    let (label, id, glob) = (text("label"), text("id"), text("glob"));
    match (label, id, glob) {
        (None, None, Some(glob)) => Glob::new(&glob).map(Selector::Glob),
        (None, None, None) => {
            problems.add(
                line,
                "manifest-key",
                "the line says no key",
                "Give label, id or both, or glob for all whose label fits (tenant-*).",
            );
            None
        }
        (label, id, None) => {
            let hex =
                |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            if let Some(id) = id.as_ref().filter(|id| !hex(id)) {
                problems.add(
                    line,
                    "manifest-id",
                    format!("the id {} is not hexadecimal", visible(id)),
                    "Write CKA_ID as `keyferry keys` lists it.",
                );
                return None;
            }
            Some(Selector::Key {
                label,
                id: id.map(|id| id.to_ascii_lowercase()),
            })
        }
        (_, _, Some(_)) => {
            problems.add(
                line,
                "manifest-key",
                "the line gives a glob beside a label or an id",
                "Give either one key or a glob.",
            );
            None
        }
    }
}

fn name(members: Members<'_>, problems: &mut Problems) -> Option<NameTemplate> {
    let line = members.line();
    let Some(text) = members.text("name", problems) else {
        return Some(NameTemplate::label());
    };
    let template = match NameTemplate::parse(text) {
        Ok(template) => template,
        Err(reason) => {
            problems.add(
                line,
                "manifest-name",
                format!("in the name {}, {reason}", visible(text)),
                "In a name stand {label}, {name} (the label with hyphens for what a vault does not take), {id} and {kind}.",
            );
            return None;
        }
    };
    if let Some(fixed) = template.fixed()
        && let Err(error) = KeyName::parse(fixed)
    {
        problems.add_core(line, fixed, &error);
        return None;
    }
    Some(template)
}

fn wishes(
    members: Members<'_>,
    policies: &mut Policies<'_>,
    problems: &mut Problems,
) -> PlanWishes {
    let line = members.line();
    let exportable = members.flag("exportable", problems);
    let file = members.text("release_policy", problems);
    // One without the other is told here, where the line is known; the policy's content by the plan, by core's rule.
    match (exportable.unwrap_or(false), file) {
        (true, None) => problems.add(
            line,
            "import-exportable",
            "an exportable key needs a release policy (the service answers AKV.SKR.1004)",
            "Give release_policy, a file, or leave exportable away.",
        ),
        (false, Some(_)) => problems.add(
            line,
            "import-policy",
            "a release policy belongs to an exportable key alone",
            "Add exportable = true, or leave release_policy away.",
        ),
        _ => {}
    }
    let tags = members.pairs("tags", problems).unwrap_or_default();
    if tags.contains_key(MARK_TAG) {
        problems.add(
            line,
            "manifest-tag",
            format!("the tag {MARK_TAG} is Keyferry's own"),
            "Use another name.",
        );
    } else if tags.len() >= MAX_TAGS {
        problems.add(
            line,
            "import-tags",
            format!(
                "{} tags, where a key has at most {MAX_TAGS}, Keyferry's own among them",
                tags.len()
            ),
            "Leave some away.",
        );
    }
    PlanWishes {
        ops: members.words("ops", problems),
        tags,
        enabled: members.flag("enabled", problems).unwrap_or(true),
        not_before: members.moment("not_before", problems),
        expires: members.moment("expires", problems),
        release_policy: file.and_then(|file| policies.text(file, line, problems)),
    }
}
