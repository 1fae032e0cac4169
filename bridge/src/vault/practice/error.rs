//! Why the practice vault could not be started or asked; what it *answers* is a [`Refusal`].
//!
//! [`Refusal`]: super::refusal::Refusal

use super::refusal::Refusal;

/// The practice vault could not do its own part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PracticeError {
    /// Loopback could not be listened on.
    #[error("the practice vault could not listen on 127.0.0.1: {0}")]
    Listen(#[source] std::io::Error),
    /// The run's certificates could not be made.
    #[error("the practice vault's certificates could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS settings were refused.
    #[error("the practice vault's TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The listening address is not one that core takes as a practice authority.
    #[error("the practice vault's address is not a practice authority: {0}")]
    Authority(#[from] keyferry_core::Error),
    /// Another practice vault runs on this state folder.
    #[error("a practice vault runs on this state folder already")]
    Running,
    /// `STATE/practice` could not be used.
    #[error("cannot use the practice folder {path}: {source}")]
    Folder {
        /// The folder.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// `vault.json` there is not to be believed.
    #[error("the running practice vault's file vault.json is refused: {0}")]
    Document(&'static str),
    /// The vault answered no.
    #[error("{}", .0.message())]
    Refused(#[from] Refusal),
}

impl PracticeError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen(_) => "practice-listen",
            Self::Certificate(_) => "practice-certificate",
            Self::Tls(_) => "practice-tls",
            Self::Authority(_) => "practice-authority",
            Self::Running => "practice-running",
            Self::Folder { .. } => "practice-folder",
            Self::Document(_) => "practice-document",
            Self::Refused(refusal) => refusal.cause().code(),
        }
    }

    /// What to do.
    pub fn advice(&self) -> String {
        match self {
            Self::Listen(_) => "Check that this process may open a socket on 127.0.0.1.".to_owned(),
            Self::Certificate(_) | Self::Tls(_) => {
                "Check that the system's random generator and clock work, then start again."
                    .to_owned()
            }
            Self::Authority(error) => error.advice(),
            Self::Running => {
                "Use the one that runs, end it, or give another folder with --state DIR.".to_owned()
            }
            Self::Folder { .. } => "Give a folder of your own with --state DIR.".to_owned(),
            Self::Document(_) => {
                "End the practice vault, remove the file, and start it again.".to_owned()
            }
            Self::Refused(refusal) => refusal.cause().advice().to_owned(),
        }
    }
}
