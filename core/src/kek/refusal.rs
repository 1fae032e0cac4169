//! The fixed reasons for which a document is no KEK. No text here depends on the document, so
//! nothing secret in it can be echoed.

use crate::Error;

/// A reason: code, what was found, what to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal(&'static str, &'static str, &'static str);

impl From<Refusal> for Error {
    fn from(Refusal(code, message, advice): Refusal) -> Self {
        refused(code, message.to_owned(), advice)
    }
}

/// A reason whose wording depends on numbers or names that are safe to show.
pub(super) fn refused(code: &'static str, message: String, advice: &str) -> Error {
    Error::KekRefused {
        code,
        message,
        advice: advice.to_owned(),
    }
}

const SHOW: &str = "Load the output of `az keyvault key show -o json` for the KEK.";

pub(super) const TOO_LARGE: Refusal = Refusal(
    "kek-too-large",
    "the file is larger than 64 KiB, and no KEK document is",
    SHOW,
);
pub(super) const EMPTY: Refusal = Refusal(
    "kek-empty",
    "the file is empty",
    "Run the command that wrote it again and look at its messages: az prints errors apart from its output.",
);
pub(super) const BINARY: Refusal = Refusal(
    "kek-binary",
    "the file is neither text nor a public key in DER",
    SHOW,
);
pub(super) const ENCODING: Refusal = Refusal(
    "kek-encoding",
    "the text is broken UTF-16, or UTF-16 without its byte order mark",
    "Save the file as UTF-8, or let az write it: `az keyvault key show -o json > kek.json`.",
);
pub(super) const UNRECOGNISED: Refusal = Refusal(
    "kek-unrecognised",
    "the file is text, but no form in which a KEK comes",
    SHOW,
);
pub(super) const YAML: Refusal = Refusal(
    "kek-yaml",
    "this is az's yaml, which encodes the key's numbers twice",
    "Run the command again with `-o json`.",
);
pub(super) const TSV: Refusal = Refusal(
    "kek-tsv",
    "this is az's tsv, which leaves the key out",
    "Run the command again with `-o json`.",
);
pub(super) const ONLY_KID: Refusal = Refusal(
    "kek-only-kid",
    "this is a key identifier, not the key",
    "Load the output of `az keyvault key show -o json --id KID`; the identifier is in it.",
);
pub(super) const SSH: Refusal = Refusal(
    "kek-ssh",
    "this is an SSH public key, not a vault's KEK",
    SHOW,
);
pub(super) const PRIVATE_KEY: Refusal = Refusal(
    "kek-private-key",
    "this is or holds a private or secret key; a KEK is only ever a public key",
    "Take the file out of reach. If it was more than a test key, treat that key as exposed. Load the vault's public KEK: `az keyvault key show -o json`.",
);
pub(super) const CERTIFICATE: Refusal = Refusal(
    "kek-certificate",
    "this is a certificate or a request for one, not a KEK",
    SHOW,
);
pub(super) const EC: Refusal = Refusal(
    "kek-ec",
    "this is an elliptic-curve key; a KEK is an RSA-HSM key",
    "Make a KEK: `az keyvault key create --kty RSA-HSM --size 4096 --name KEKforBYOK --ops import --vault-name VAULT`.",
);
pub(super) const NOT_RSA: Refusal = Refusal(
    "kek-not-rsa",
    "this is not an RSA key; a KEK is an RSA-HSM key",
    "Make a KEK: `az keyvault key create --kty RSA-HSM --size 4096 --name KEKforBYOK --ops import --vault-name VAULT`.",
);
pub(super) const SOFTWARE_KTY: Refusal = Refusal(
    "kek-kty",
    "the key's type is not RSA-HSM: its private half is not kept in an HSM",
    "Make a KEK with `--kty RSA-HSM` in a Premium vault or a Managed HSM.",
);
pub(super) const KEY_OPS: Refusal = Refusal(
    "kek-key-ops",
    "the key's operations are not exactly `import`",
    "Make a KEK with `--ops import` and nothing else; a key that may also decrypt or unwrap could give your key away.",
);
pub(super) const DISABLED: Refusal = Refusal(
    "kek-disabled",
    "the key is disabled in its vault",
    "Enable it (`az keyvault key set-attributes --enabled true`), or use another KEK, and load it again.",
);
pub(super) const LIST: Refusal = Refusal(
    "kek-list",
    "this is a list of keys or versions, which carries no key",
    "Load one key: `az keyvault key show -o json`.",
);
pub(super) const BLOB: Refusal = Refusal(
    "kek-is-blob",
    "this is a key transfer blob, not a KEK",
    "Inspect it as a blob, and load the KEK from `az keyvault key show -o json`.",
);
pub(super) const ATTESTATION_ONLY: Refusal = Refusal(
    "kek-attestation-only",
    "this is an attestation without its key",
    "Load the file as `az keyvault key get-attestation` wrote it, or the output of `az keyvault key show -o json`.",
);
pub(super) const TRUNCATED: Refusal = Refusal(
    "kek-truncated",
    "the document ends before it is complete",
    "Copy or write the whole of it again.",
);
pub(super) const TRAILING_DATA: Refusal = Refusal(
    "kek-trailing-data",
    "something follows the document's end",
    "Load a file that holds the one document and nothing else.",
);
pub(super) const JSON_FORM: Refusal = Refusal(
    "kek-json-form",
    "a member of the JSON has another type than the vault's tools write",
    SHOW,
);
pub(super) const AMBIGUOUS: Refusal = Refusal(
    "kek-json-ambiguous",
    "the same fact stands in the JSON under two names",
    "Load the document as the tool wrote it; nothing may be added by hand.",
);
pub(super) const NUMBERS_MISSING: Refusal = Refusal(
    "kek-numbers-missing",
    "the JSON holds no modulus `n` or no exponent `e`",
    SHOW,
);
pub(super) const NUMBER_ENCODING: Refusal = Refusal(
    "kek-number-encoding",
    "`n` or `e` is neither base64 nor base64url",
    "Load the document as the tool wrote it.",
);
pub(super) const SEVERAL: Refusal = Refusal(
    "kek-several",
    "the file holds more than one PEM block",
    "Load a file that holds the KEK's public key alone.",
);
pub(super) const PEM_FORM: Refusal = Refusal(
    "kek-pem-form",
    "the PEM is incomplete or damaged, or not that of a public key",
    "Fetch it again: `az keyvault key download --encoding PEM`, or better load `az keyvault key show -o json`.",
);
pub(super) const DER_FORM: Refusal = Refusal(
    "kek-der-form",
    "the key is not strict DER of an RSA public key",
    "Fetch it again: `az keyvault key download --encoding DER`, or better load `az keyvault key show -o json`.",
);
pub(super) const MODULUS_EVEN: Refusal = Refusal(
    "kek-modulus-even",
    "the modulus is even: this is no RSA key, or a damaged one",
    "Load the KEK from the vault again.",
);
pub(super) const EXPONENT_EVEN: Refusal = Refusal(
    "kek-exponent-even",
    "the exponent is even: this is no RSA key",
    "Load the KEK from the vault again.",
);
pub(super) const EXPONENT_SMALL: Refusal = Refusal(
    "kek-exponent-small",
    "the exponent is smaller than 65537",
    "Make a new KEK in the vault; Azure makes them with 65537.",
);
pub(super) const EXPONENT_LARGE: Refusal = Refusal(
    "kek-exponent-large",
    "the exponent is not smaller than the modulus: this is no RSA key",
    "Load the KEK from the vault again.",
);
pub(super) const KID_DISAGREES: Refusal = Refusal(
    "kid-disagrees",
    "the key identifier given beside the document is not the one in it",
    "Find out which of the two is the KEK of your vault; leave the identifier out to use the document's.",
);
pub(super) const NUMBERS_DISAGREE: Refusal = Refusal(
    "kek-numbers-disagree",
    "the two documents hold different keys",
    "Find out which of the two is the KEK of your vault, and load that one.",
);
