//! Why a plan cannot be used.

/// A plan that was read is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is no plan of this version of Keyferry.
    #[error("this is no plan: {reason}")]
    Form {
        /// What is wrong with it.
        reason: String,
    },
    /// Too many globs would look at every key.
    #[error("line {line}: more than {most} globs begin with a wildcard")]
    OpenGlobs {
        /// The manifest's line.
        line: u32,
        /// How many there may be.
        most: usize,
    },
    /// Its content is not what its hash says.
    #[error("the plan's hash is {actual}, where {stated} was stated")]
    Hash {
        /// What its content hashes to.
        actual: String,
        /// What it says of itself.
        stated: String,
    },
}

impl PlanError {
    /// Stable kebab-case name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "plan-form",
            Self::OpenGlobs { .. } => "plan-open-globs",
            Self::Hash { .. } => "plan-hash",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Form { .. } => "Make the plan again from its manifest.",
            Self::OpenGlobs { .. } => "Let globs begin with what the labels begin with.",
            Self::Hash { .. } => {
                "Nothing was done with it. Find out who changed it, and make the plan again from its manifest."
            }
        }
    }
}
