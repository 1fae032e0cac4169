//! Why the practice vault says no, and what to do about it.

use axum::http::StatusCode;

/// Why, by a stable name: it travels as `innererror`, which Key Vault's error has room for.
///
/// Key Vault itself says far less. The practice vault is for learning, so it names the mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No `Authorization: Bearer` header.
    NoToken,
    /// No `api-version`, or one before 7.4.
    ApiVersion,
    /// No such key or version.
    KeyNotFound,
    /// No such key among the deleted ones.
    NotDeleted,
    /// The name belongs to a deleted key.
    SoftDeleted,
    /// The key is disabled.
    Disabled,
    /// Now is before the key's `nbf` or after its `exp`.
    OutOfTime,
    /// The key's operations do not have this one.
    NotPermitted,
    /// The key type has no such algorithm.
    Algorithm,
    /// A value, digest, signature or initialisation vector that the algorithm does not take.
    Value,
    /// A fault that this practice vault was told to show.
    Fault,
    /// No such path.
    PathNotFound,
    /// Another method than the path takes.
    Method,
    /// A key's name outside 1 to 127 of `[0-9A-Za-z-]`.
    KeyName,
    /// The body is not the JSON that the call takes.
    Body,
    /// The body is larger than any real request.
    BodySize,
    /// The vault is full.
    Full,
    /// A key type that this call does not take.
    KeyType,
    /// A KEK of another size than 2048, 3072 or 4096.
    KeySize,
    /// Operations that the key type does not have, or `import` together with others.
    KeyOps,
    /// An import without `key_hsm`.
    NoBlob,
    /// The `.byok` file was refused by the reader.
    Blob,
    /// The file's kid is not a key of this vault.
    ForeignKek,
    /// The file's kid is a key of this vault, but not a KEK.
    NotAKek,
    /// The ciphertext is too short for the KEK.
    Length,
    /// OAEP did not open with SHA-1.
    Oaep,
    /// OAEP opened with SHA-256.
    OaepHash,
    /// OAEP opened, but holds no AES-256 key.
    WrappingKey,
    /// The key wrap did not open.
    Unwrap,
    /// The key wrap is RFC 3394 over PKCS#7 padding.
    Padding,
    /// The plaintext is a PKCS#1 `RSAPrivateKey`.
    Pkcs1,
    /// The plaintext is a SEC 1 `ECPrivateKey` without PKCS#8 around it.
    Sec1,
    /// The plaintext is no PKCS#8 `PrivateKeyInfo`.
    Pkcs8,
    /// More follows the DER than zero padding.
    TrailingBytes,
    /// RSA numbers that do not belong together.
    RsaNumbers,
    /// An RSA modulus of another size than 2048, 3072 or 4096.
    RsaSize,
    /// EC parameters that are no named curve which Azure takes.
    EcParameters,
    /// An EC scalar out of range, or a public half that is not its own.
    EcNumbers,
    /// No AES key of 16, 24 or 32 bytes.
    AesSize,
    /// The blob holds another kind of key than the request says.
    KindMismatch,
    /// The practice vault itself failed.
    Internal,
}

impl Cause {
    /// A stable name.
    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::NoToken => (
                "no-token",
                "Send a bearer token; the practice vault takes any.",
            ),
            Self::ApiVersion => ("api-version", "Ask with api-version=7.4 or newer."),
            Self::KeyNotFound => (
                "key-not-found",
                "Check the key's name and version in this vault.",
            ),
            Self::NotDeleted => ("not-deleted", "Only a deleted key is recovered or purged."),
            Self::SoftDeleted => (
                "soft-deleted",
                "Recover the deleted key, purge it, or use another name.",
            ),
            Self::Disabled => ("disabled", "Enable the key first."),
            Self::OutOfTime => ("out-of-time", "Look at the key's nbf and exp."),
            Self::NotPermitted => (
                "not-permitted",
                "Use an operation that stands in the key's key_ops.",
            ),
            Self::Algorithm => (
                "algorithm",
                "RSA: RS256…, PS256…, RSA-OAEP, RSA-OAEP-256, RSA1_5. EC: that of the curve. AES: A…CBC, A…CBCPAD, A…KW.",
            ),
            Self::Value => (
                "value",
                "Send values in base64url without padding, in the algorithm's length.",
            ),
            Self::Fault => (
                "fault",
                "The practice vault was started with --fault; start it without.",
            ),
            Self::PathNotFound => (
                "path-not-found",
                "The practice vault knows the keys of Key Vault's interface, without backup, rotation and release.",
            ),
            Self::Method => (
                "method",
                "Create is a POST, get a GET, import a PUT, update a PATCH.",
            ),
            Self::KeyName => ("key-name", "Use 1 to 127 letters, digits and hyphens."),
            Self::Body => ("body", "Send the call's JSON as Azure documents it."),
            Self::BodySize => (
                "body-size",
                "A .byok file has a few kilobytes; check which file was sent.",
            ),
            Self::Full => (
                "vault-full",
                "Start a new practice vault: it forgets everything.",
            ),
            Self::KeyType => (
                "key-type",
                "Create takes RSA-HSM; import takes RSA-HSM, EC-HSM or oct-HSM.",
            ),
            Self::KeySize => ("key-size", "Make the KEK with 2048, 3072 or 4096 bits."),
            Self::KeyOps => (
                "key-ops",
                "A KEK has import alone. RSA: encrypt decrypt sign verify wrapKey unwrapKey. EC: sign verify. \
                 AES: encrypt decrypt wrapKey unwrapKey.",
            ),
            Self::NoBlob => (
                "no-blob",
                "Send the whole .byok file as key_hsm, base64url.",
            ),
            Self::Blob => (
                "blob",
                "Run keyferry inspect on the file: it names each rule that it breaks.",
            ),
            Self::ForeignKek => (
                "foreign-kek",
                "Wrap to a KEK of the vault that you import into.",
            ),
            Self::NotAKek => (
                "not-a-kek",
                "Make a KEK with the operation import alone, and wrap to that.",
            ),
            Self::Length => (
                "length",
                "The file was wrapped to a larger KEK, or is cut short.",
            ),
            Self::Oaep => (
                "oaep",
                "It was wrapped to another KEK, or changed on the way.",
            ),
            Self::OaepHash => (
                "oaep-hash",
                "Wrap with RSA-OAEP and SHA-1 for hash and MGF1; Azure takes no other.",
            ),
            Self::WrappingKey => (
                "wrapping-key",
                "The ephemeral key has to be AES with 256 bits.",
            ),
            Self::Unwrap => (
                "unwrap",
                "Wrap the target with AES key wrap with padding (RFC 5649).",
            ),
            Self::Padding => (
                "padding",
                "Wrap with RFC 5649 (KWP), not with PKCS#7 padding and RFC 3394.",
            ),
            Self::Pkcs1 => (
                "pkcs1",
                "Wrap PKCS#8, not PKCS#1 (openssl pkcs8 -topk8 -nocrypt converts).",
            ),
            Self::Sec1 => (
                "sec1",
                "Wrap PKCS#8, not a bare ECPrivateKey (openssl pkcs8 -topk8 -nocrypt converts).",
            ),
            Self::Pkcs8 => (
                "pkcs8",
                "RSA and EC keys are wrapped as PKCS#8 PrivateKeyInfo; AES keys as raw bytes.",
            ),
            Self::TrailingBytes => (
                "trailing-bytes",
                "Wrap the PKCS#8 DER and nothing after it.",
            ),
            Self::RsaNumbers => (
                "rsa-numbers",
                "The wrapped RSA key is damaged, or no plain two-prime key: wrap it again.",
            ),
            Self::RsaSize => (
                "rsa-size",
                "Azure takes RSA keys of 2048, 3072 and 4096 bits.",
            ),
            Self::EcParameters => (
                "ec-parameters",
                "Use a named curve: P-256, P-384, P-521 or P-256K.",
            ),
            Self::EcNumbers => (
                "ec-numbers",
                "The wrapped EC key is damaged: wrap it again.",
            ),
            Self::AesSize => (
                "aes-size",
                "Azure takes AES keys of 128, 192 and 256 bits, wrapped as raw bytes.",
            ),
            Self::KindMismatch => (
                "kind-mismatch",
                "Say the wrapped key's own type: RSA-HSM, EC-HSM with its curve, or oct-HSM.",
            ),
            Self::Internal => ("internal", "Start the practice vault again."),
        }
    }

    /// Key Vault's HTTP status and `error.code`.
    pub(super) fn status(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::KeyNotFound | Self::NotDeleted => (StatusCode::NOT_FOUND, "KeyNotFound"),
            Self::SoftDeleted => (StatusCode::CONFLICT, "Conflict"),
            Self::Disabled | Self::OutOfTime | Self::NotPermitted => {
                (StatusCode::FORBIDDEN, "Forbidden")
            }
            Self::PathNotFound => (StatusCode::NOT_FOUND, "NotFound"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            Self::BodySize => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            Self::Full => (StatusCode::TOO_MANY_REQUESTS, "Throttled"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
            _ => (StatusCode::BAD_REQUEST, "BadParameter"),
        }
    }

    /// The `innererror.code` that Azure itself gives, where it is known.
    pub(super) fn azures_inner_code(self) -> Option<&'static str> {
        match self {
            Self::SoftDeleted => Some("ObjectIsDeletedButRecoverable"),
            Self::Disabled => Some("KeyDisabled"),
            Self::OutOfTime => Some("KeyNotYetValidOrExpired"),
            Self::NotPermitted => Some("KeyOperationForbidden"),
            _ => None,
        }
    }
}
