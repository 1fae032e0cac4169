//! What can go wrong with a ledger.

/// Why the ledger refused or failed. What it was asked to write is then not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be opened, or is no ledger.
    #[error("cannot use the ledger {place}: {reason}")]
    Unusable {
        /// Where it is, without a password.
        place: String,
        /// Why.
        reason: String,
    },
    /// It could be opened, and a transaction failed.
    #[error("cannot write the ledger {place}: {reason}")]
    Unwritable {
        /// Where it is, without a password.
        place: String,
        /// Why.
        reason: String,
    },
    /// Others write it without a pause.
    #[error("the ledger {place} stayed locked by others")]
    Busy {
        /// Where it is.
        place: String,
    },
    /// The server did not answer for as long as it is waited for.
    #[error("the ledger {place} did not answer for {seconds} seconds: {reason}")]
    Unreachable {
        /// Where it is, without a password.
        place: String,
        /// How long it was waited for.
        seconds: u64,
        /// What the last try said.
        reason: String,
    },
    /// What is in it does not fit together.
    #[error("the ledger {place} is damaged: {reason}")]
    Damaged {
        /// Where it is, without a password.
        place: String,
        /// What does not fit.
        reason: String,
    },
    /// The folder or file belongs to another plan.
    #[error("{place} belongs to the plan {found}, not to {wanted}")]
    OtherPlan {
        /// The folder or file.
        place: String,
        /// The plan that is there.
        found: String,
        /// The plan that was meant.
        wanted: String,
    },
    /// There is no such plan.
    #[error("the ledger {place} has no plan {wanted}")]
    PlanUnknown {
        /// Where it is, without a password.
        place: String,
        /// The plan's hash; "at all" when there is none.
        wanted: String,
    },
    /// Nothing was heard of this seat for its lease, and its lines were given to others.
    #[error("the lease of this bridge ran out, and others may have taken up its lines")]
    LeaseLost,
    /// A line was to be written by one who does not hold it.
    #[error("line {number} of the plan is not held here")]
    NotHeld {
        /// The line's number.
        number: u32,
    },
    /// Somebody else works in this folder.
    #[error("another batch has this folder {folder}: {holder}")]
    FolderHeld {
        /// The folder.
        folder: String,
        /// Who has it: process, host, since when.
        holder: String,
    },
    /// The folder cannot be used.
    #[error("cannot use the batch's folder {folder}: {reason}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        reason: String,
    },
    /// Imports are asked for, and lines of the plan were done without.
    #[error("keys of this plan were wrapped without being imported, says the ledger {place}")]
    NotImported {
        /// Where the ledger is, without a password.
        place: String,
    },
    /// Imports are not asked for, and the plan was begun with them.
    #[error("this plan was begun with its imports, says the ledger {place}")]
    Imports {
        /// Where it is, without a password.
        place: String,
    },
    /// Not an address of a ledger.
    #[error("this is no address of a ledger: {reason}")]
    Address {
        /// What is wrong with it; never the address itself, which may hold a password.
        reason: String,
    },
}

impl LedgerError {
    /// Stable kebab-case name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unusable { .. } => "ledger-unusable",
            Self::Unwritable { .. } => "ledger-unwritable",
            Self::Busy { .. } => "ledger-busy",
            Self::Unreachable { .. } => "ledger-unreachable",
            Self::Damaged { .. } => "ledger-damaged",
            Self::OtherPlan { .. } => "ledger-other-plan",
            Self::PlanUnknown { .. } => "ledger-plan-unknown",
            Self::LeaseLost => "ledger-lease-lost",
            Self::NotHeld { .. } => "ledger-not-held",
            Self::FolderHeld { .. } => "batch-folder-held",
            Self::Folder { .. } => "batch-folder",
            Self::NotImported { .. } => "batch-not-imported",
            Self::Imports { .. } => "batch-imports",
            Self::Address { .. } => "ledger-address",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unusable { .. } => {
                "Check the path or address and your rights to it; a ledger of a newer Keyferry needs that version."
            }
            Self::Unwritable { .. } => {
                "What was not written does not count as done. Make room or have the server looked at, then go on with --resume."
            }
            Self::Busy { .. } => {
                "End other programs that have the file open, then go on with --resume."
            }
            Self::Unreachable { .. } => {
                "Start the server or mend the network, then go on with --resume: nothing is lost."
            }
            Self::Damaged { .. } => {
                "Keep a copy of it. Begin anew in another folder: lines that arrived are found by their tag in the vault."
            }
            Self::OtherPlan { .. } => {
                "Give each plan a folder of its own, or go on with the plan that this one belongs to (--resume)."
            }
            Self::PlanUnknown { .. } => "Begin the batch from its manifest.",
            Self::LeaseLost => {
                "Nothing more was written. Go on with --resume: it takes what is left and settles what has an unknown end."
            }
            Self::NotHeld { .. } => {
                "This is a defect of Keyferry; report it with the steps that led here."
            }
            Self::FolderHeld { .. } => {
                "Wait until that one has ended, or stop it there; then go on with --resume."
            }
            Self::Folder { .. } => "Choose a folder of your own that can be written.",
            Self::NotImported { .. } => {
                "Import the files with `keyferry vault import`; or choose another name or tag, which makes it another plan."
            }
            Self::Imports { .. } => {
                "Go on with it by `keyferry batch --resume`, which imports too, or say --import."
            }
            Self::Address { .. } => {
                "Give a file's path, or postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full; the password may stand in PGPASSWORD."
            }
        }
    }
}
