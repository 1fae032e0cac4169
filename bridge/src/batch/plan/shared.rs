//! What many lines of a plan say alike is in memory once: vaults, KEKs, wishes.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{PlanLine, PlanWishes};

/// A value that lines have in common; in text it is the value itself.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shared<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Shared<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T: ?Sized> Default for Shared<T>
where
    Arc<T>: Default,
{
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: ?Sized, V> From<V> for Shared<T>
where
    Arc<T>: From<V>,
{
    fn from(value: V) -> Self {
        Self(value.into())
    }
}

impl<T: ?Sized + Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: ?Sized> Deserialize<'de> for Shared<T>
where
    Box<T>: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(|value| Self(value.into()))
    }
}

/// Lets lines that say the same have the same value.
#[derive(Debug, Default)]
pub(in crate::batch) struct Sharing {
    texts: HashSet<Shared<str>>,
    wishes: HashSet<Shared<PlanWishes>>,
}

impl Sharing {
    /// Gives up what the line has for itself, where an earlier line has it too.
    pub(in crate::batch) fn line(&mut self, line: &mut PlanLine) {
        for text in [
            &mut line.vault,
            &mut line.kid,
            &mut line.kek_thumbprint_sha256,
        ] {
            one_of(&mut self.texts, text);
        }
        self.wishes(&mut line.wishes);
    }

    /// The same for wishes alone.
    pub(in crate::batch) fn wishes(&mut self, wishes: &mut Shared<PlanWishes>) {
        one_of(&mut self.wishes, wishes);
    }
}

fn one_of<T: ?Sized + Eq + Hash>(known: &mut HashSet<Shared<T>>, own: &mut Shared<T>) {
    match known.get(own) {
        Some(earlier) => *own = earlier.clone(),
        None => {
            known.insert(own.clone());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::batch::sample;

    #[test]
    fn lines_that_say_the_same_have_the_same_value() {
        let keys = [("one", "one"), ("two", "two")];
        let plan = sample::plan(&keys, &["https://contoso.vault.azure.net"]);
        let mut lines = plan.lines().to_vec();
        lines[1].vault = String::from(&*lines[0].vault).into();
        lines[1].wishes = PlanWishes::clone(&lines[0].wishes).into();
        assert!(!Arc::ptr_eq(&lines[0].wishes.0, &lines[1].wishes.0));
        let mut sharing = Sharing::default();
        lines.iter_mut().for_each(|line| sharing.line(line));
        assert!(Arc::ptr_eq(&lines[0].vault.0, &lines[1].vault.0));
        assert!(Arc::ptr_eq(&lines[0].wishes.0, &lines[1].wishes.0));
        assert_eq!(lines, plan.lines());
    }
}
