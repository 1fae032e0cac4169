//! One profile's file. Unknown members are refused: a misspelt one would be silently absent.

use std::fmt;

use keyferry_core::{Strategy, TargetKind};
use serde::{Deserialize, Serialize};

use super::firmware::Firmware;

/// A profile's name: its file's, in lower case with hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileName(String);

impl ProfileName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// What is known of one vendor's product.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, for `--profile`.
    pub name: ProfileName,
    /// Vendor and products, as people know them.
    pub title: String,
    /// What its library belongs to, as in "found: Luna client at PATH".
    pub client: String,
    /// What it is.
    pub kind: ProfileKind,
    /// Whether Microsoft lists it.
    pub listed: ListedByMicrosoft,
    /// The vendor's own way of making the file, if there is one.
    #[serde(default)]
    pub own_tool: Option<String>,
    /// How its modules and tokens name themselves.
    #[serde(default, rename = "recognise")]
    pub marks: Vec<Mark>,
    /// Where its library is.
    #[serde(default, rename = "library")]
    pub libraries: Vec<LibraryPlace>,
    /// What its library reads from the environment.
    #[serde(default, rename = "variable")]
    pub variables: Vec<Variable>,
    /// Which strategies its tokens are expected to list.
    #[serde(default, rename = "expectation")]
    pub expectations: Vec<Expectation>,
    /// What to know before a transfer.
    #[serde(default, rename = "constraint")]
    pub constraints: Vec<Constraint>,
    /// The way that exists where PKCS#11 has none, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
}

/// What a profile is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileKind {
    /// A hardware security module.
    Hsm,
    /// A key manager over HSMs of others; it has no PKCS#11 library.
    KeyManager,
    /// A software token.
    Software,
}

/// Whether Microsoft's lists of supported HSMs name a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListedByMicrosoft {
    /// Yes.
    Yes,
    /// In the newer list alone.
    NewerList,
    /// No.
    No,
}

/// How a module or token of the vendor names itself: every part that is given has to be contained
/// in what is said, in whatever case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Part of `manufacturerID` of `CK_TOKEN_INFO` or `CK_INFO`.
    #[serde(default)]
    pub manufacturer: Option<String>,
    /// Part of `CK_TOKEN_INFO.model`.
    #[serde(default)]
    pub model: Option<String>,
    /// Part of `CK_INFO.libraryDescription`.
    #[serde(default)]
    pub description: Option<String>,
    /// True when no published output shows it.
    #[serde(default)]
    pub assumed: bool,
    /// Where that is written.
    pub source: String,
}

/// Where a library is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryPlace {
    /// On which platform.
    pub platform: Platform,
    /// An absolute path; or a file name alone, then looked for where the system keeps libraries.
    pub path: String,
    /// Where that is written.
    pub source: String,
}

/// A platform, as far as libraries' places differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl Platform {
    /// The platform that this program runs on; Linux stands for the other unixes.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::Macos
    } else {
        Self::Linux
    };
}

/// An environment variable that the library reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it says.
    pub about: String,
    /// What the library uses when it is not set: a file or folder that then has to be there.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Where that is written.
    pub source: String,
}

/// Whether the vendor's tokens are expected to list a strategy's mechanisms.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The strategy.
    pub strategy: Strategy,
    /// What is expected.
    pub listed: Listed,
    /// Under which circumstances.
    #[serde(default)]
    pub note: Option<String>,
    /// True when it is concluded from a product of the same lineage.
    #[serde(default)]
    pub assumed: bool,
    /// Where that is written; absent for what is unknown.
    #[serde(default)]
    pub source: Option<String>,
}

/// An expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listed {
    /// Its tokens list it.
    Yes,
    /// They do not.
    No,
    /// Nothing public says.
    Unknown,
}

/// Something to know, and what to do about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// Stable kebab-case name.
    pub code: String,
    /// What it is.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// Holds for tokens whose firmware is older than this alone.
    #[serde(default)]
    pub firmware_before: Option<Firmware>,
    /// Where a failed wrap shows that this is what stands in the way.
    #[serde(default)]
    pub shown_by: Option<Symptom>,
    /// True when it is concluded from a product of the same lineage.
    #[serde(default)]
    pub assumed: bool,
    /// Where that is written.
    pub source: String,
}

/// How a constraint shows itself when a wrap fails. Every part that is given has to fit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// Return values of `C_WrapKey`; any, when there are none.
    #[serde(default)]
    pub returns: Vec<u64>,
    /// The kinds of target key; any, when there are none.
    #[serde(default)]
    pub kinds: Vec<TargetKind>,
}

/// One step of the way without PKCS#11.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What to do.
    pub text: String,
    /// The command for it.
    #[serde(default)]
    pub command: Option<String>,
}

impl Profile {
    /// Reads one file.
    ///
    /// # Errors
    /// The parser's words for what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// What is expected of a strategy.
    #[must_use]
    pub fn expects(&self, strategy: Strategy) -> Listed {
        self.expectations
            .iter()
            .find(|expectation| expectation.strategy == strategy)
            .map_or(Listed::Unknown, |expectation| expectation.listed)
    }
}
