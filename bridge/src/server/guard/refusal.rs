//! Why the guard refused, as the asker may know it.

use axum::http::StatusCode;

/// A reason to refuse a request. None of them repeats anything the request said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The other end is not on this machine.
    #[error("The bridge answers to this machine only.")]
    PeerNotLoopback,
    /// The request target names an authority or a scheme.
    #[error("The request target must be a plain path.")]
    TargetNotOriginForm,
    /// `Host` is missing, repeated, or not this run's address.
    #[error("The request names another host than this bridge.")]
    HostNotAllowed,
    /// The method is not one that the path has.
    #[error("This path does not take that method.")]
    MethodNotAllowed,
    /// An API path with a query.
    #[error("The API takes no query.")]
    QueryNotAllowed,
    /// `Origin` is another page's, `null` or repeated.
    #[error("The request comes from another page than the bridge's own.")]
    OriginNotAllowed,
    /// A state-changing request without `Origin`.
    #[error("A request that changes something must carry its origin.")]
    OriginMissing,
    /// `Sec-Fetch-Site` says that another site asked.
    #[error("The browser says that another site asked.")]
    CrossSite,
    /// No `Authorization` header.
    #[error("The request does not carry this run's secret.")]
    SecretMissing,
    /// `Authorization` does not hold this run's secret.
    #[error("The request does not carry this run's secret.")]
    SecretWrong,
    /// The body is not declared as JSON.
    #[error("The body must be declared as application/json.")]
    ContentTypeNotJson,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 11] = [
        Self::PeerNotLoopback,
        Self::TargetNotOriginForm,
        Self::HostNotAllowed,
        Self::MethodNotAllowed,
        Self::QueryNotAllowed,
        Self::OriginNotAllowed,
        Self::OriginMissing,
        Self::CrossSite,
        Self::SecretMissing,
        Self::SecretWrong,
        Self::ContentTypeNotJson,
    ];

    /// Stable name of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::PeerNotLoopback => "peer-not-loopback",
            Self::TargetNotOriginForm => "target-not-origin-form",
            Self::HostNotAllowed => "host-not-allowed",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::QueryNotAllowed => "query-not-allowed",
            Self::OriginNotAllowed => "origin-not-allowed",
            Self::OriginMissing => "origin-missing",
            Self::CrossSite => "cross-site",
            Self::SecretMissing => "secret-missing",
            Self::SecretWrong => "secret-wrong",
            Self::ContentTypeNotJson => "content-type-not-json",
        }
    }

    /// What the owner of the bridge can do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::SecretMissing | Self::SecretWrong => {
                "Open the address that `keyferry serve` printed for this run."
            }
            Self::ContentTypeNotJson => "Send JSON with Content-Type: application/json.",
            Self::MethodNotAllowed | Self::QueryNotAllowed => {
                "Reload the page, so that page and bridge are of one version."
            }
            _ => "Use the page at the exact address that `keyferry serve` printed.",
        }
    }

    /// The HTTP status that says the same.
    pub fn status(self) -> StatusCode {
        match self {
            Self::TargetNotOriginForm | Self::QueryNotAllowed => StatusCode::BAD_REQUEST,
            Self::SecretMissing | Self::SecretWrong => StatusCode::UNAUTHORIZED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentTypeNotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::PeerNotLoopback
            | Self::HostNotAllowed
            | Self::OriginNotAllowed
            | Self::OriginMissing
            | Self::CrossSite => StatusCode::FORBIDDEN,
        }
    }
}
