//! The fixed reasons for which a file is no key transfer blob.

use crate::Error;

/// A reason: code, what was found, what to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal(&'static str, &'static str, &'static str);

impl From<Refusal> for Error {
    fn from(Refusal(code, message, advice): Refusal) -> Self {
        refused(code, message.to_owned(), advice)
    }
}

/// A reason whose wording names a place or a number.
pub(super) fn refused(code: &'static str, message: String, advice: &str) -> Error {
    Error::BlobRefused {
        code,
        message,
        advice: advice.to_owned(),
    }
}

const AGAIN: &str = "Make the file again with the HSM's tool, or with Keyferry.";

pub(super) const TOO_LARGE: Refusal = Refusal(
    "blob-too-large",
    "the file is larger than 64 KiB, and no key transfer blob is",
    "Choose the .byok file itself.",
);
pub(super) const EMPTY: Refusal = Refusal(
    "blob-empty",
    "the file is empty",
    "Look at the messages of the tool that should have written it, and run it again.",
);
pub(super) const ENCODING: Refusal = Refusal(
    "blob-encoding",
    "the text is UTF-16; a key transfer blob is UTF-8",
    "Do not let PowerShell's `>` or an editor rewrite the file; make it again, or save it as UTF-8 without BOM.",
);
pub(super) const LEGACY: Refusal = Refusal(
    "blob-legacy-ncipher",
    "the file is binary, as those of the old nCipher method were; that method ended on 2021-06-30",
    "Make a key transfer blob by the present method: a KEK from the vault, and a JSON file wrapped to it.",
);
pub(super) const COMPACT_JWE: Refusal = Refusal(
    "blob-compact-jwe",
    "this is a compact JWE; a key transfer blob is a JSON object",
    "Have the tool write Azure's BYOK form: schema_version, header, ciphertext, generator.",
);
pub(super) const SINGLE_QUOTES: Refusal = Refusal(
    "blob-single-quotes",
    "the file is written with single quotes, so it is not JSON; at least one vendor's plugin prints its result so",
    "Take the JSON output of that plugin instead of its print-out, or replace the single quotes by double ones and inspect the file again.",
);
pub(super) const NOT_JSON: Refusal = Refusal(
    "blob-not-json",
    "the file is not JSON",
    "Choose the .byok file itself.",
);
pub(super) const NOT_OBJECT: Refusal = Refusal(
    "blob-not-object",
    "the JSON is not an object",
    "Choose the .byok file itself.",
);
pub(super) const TRUNCATED: Refusal = Refusal(
    "blob-truncated",
    "the file ends before its JSON is complete",
    "Copy it again, and compare its SHA-256 with the original's.",
);
pub(super) const TRAILING_DATA: Refusal = Refusal(
    "blob-trailing-data",
    "something follows the JSON object",
    AGAIN,
);
pub(super) const IS_KEK: Refusal = Refusal(
    "blob-is-kek",
    "this is a key from a vault, not a key transfer blob",
    "Load it as the KEK, and inspect the .byok file.",
);
pub(super) const SCHEMA_VERSION: Refusal = Refusal(
    "blob-schema-version",
    "schema_version is not \"1.0.0\"",
    AGAIN,
);
pub(super) const ALG: Refusal = Refusal("blob-alg", "header.alg is not \"dir\"", AGAIN);
pub(super) const ENC: Refusal = Refusal(
    "blob-enc",
    "header.enc is not \"CKM_RSA_AES_KEY_WRAP\"",
    AGAIN,
);
pub(super) const ENC_PAD: Refusal = Refusal(
    "blob-enc",
    "header.enc ends in _PAD, which Azure does not know",
    "The name is CKM_RSA_AES_KEY_WRAP. Make the file again: a tool that writes another name may wrap in another way.",
);
pub(super) const CIPHERTEXT_PLACEHOLDER: Refusal = Refusal(
    "ciphertext-placeholder",
    "the ciphertext still has the documentation's BASE64URL(…) around it",
    "Replace the whole text by the base64url of the bytes that the HSM returned.",
);
pub(super) const CIPHERTEXT_LINES: Refusal = Refusal(
    "ciphertext-white-space",
    "the ciphertext holds line breaks or spaces",
    "Write it in one line, base64url without padding.",
);
pub(super) const CIPHERTEXT_HEX: Refusal = Refusal(
    "ciphertext-hex",
    "the ciphertext is hexadecimal",
    "Write the bytes as base64url without padding.",
);
pub(super) const CIPHERTEXT_STANDARD: Refusal = Refusal(
    "ciphertext-standard-base64",
    "the ciphertext is standard base64 (`+` or `/`)",
    "Write it as base64url: `-` for `+`, `_` for `/`, no `=`.",
);
pub(super) const CIPHERTEXT_BROKEN: Refusal = Refusal(
    "ciphertext-encoding",
    "the ciphertext is not base64url",
    AGAIN,
);
pub(super) const KEK_KID: Refusal = Refusal(
    "blob-other-kek",
    "the file names another KEK than the one given",
    "A blob can be imported only where its own KEK lives. Load that KEK, or make the file again.",
);
pub(super) const KEK_LENGTH: Refusal = Refusal(
    "blob-kek-length",
    "the ciphertext's length fits no key under a KEK of the given one's size",
    "The key was wrapped to a KEK of another size. Make the file again with this KEK.",
);
