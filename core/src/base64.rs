//! Base64 (RFC 4648 §4 and §5), strict: one spelling for each value, so no stray bits at the end.
//!
//! It takes a time that depends on what is read: for public keys, ciphertexts and documents alone, never for a secret.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Base64url without padding.
pub fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Base64 with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64url without padding.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads base64 with padding.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads base64 or base64url, not both in one, with padding or without.
pub(crate) fn from_either(text: &str) -> Option<Vec<u8>> {
    let bare = without_padding(text)?;
    // A text of the other alphabet is found out by its first character that is not in both.
    let standard = STANDARD_NO_PAD.decode(bare);
    standard.or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()
}

/// The text before its padding. None where padding does not fill the last group of four.
pub(crate) fn without_padding(text: &str) -> Option<&str> {
    let bare = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    (bare.len() == text.len() || text.len().is_multiple_of(4)).then_some(bare)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let bytes = bytes.as_bytes();
            let bare = text.trim_end_matches('=');
            assert_eq!(to_base64(bytes), text);
            assert_eq!(to_base64url(bytes), bare);
            assert_eq!(from_base64(text).unwrap(), bytes);
            assert_eq!(from_base64url(bare).unwrap(), bytes);
        }
    }

    #[test]
    fn refuses_what_is_not_the_one_spelling() {
        for text in [
            "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Z===", "=", "====", "Zg==Zg==",
            "Zm-v", "Zm 9", "Zm9v\n", "Zmé=",
        ] {
            assert_eq!(from_base64(text), None, "{text}");
        }
        for text in ["Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm9v ", "Zm9vZ"] {
            assert_eq!(from_base64url(text), None, "{text}");
        }
        for text in ["ab+/", "ab-_", "Zg==", "Zg"] {
            assert!(from_either(text).is_some(), "{text}");
        }
        for text in ["ab+_", "ab-/", "Zg=", "Zm9="] {
            assert_eq!(from_either(text), None, "{text}");
        }
    }

    /// Texts that are nearly base64, and some that are.
    fn texts() -> impl Strategy<Value = String> {
        "[AQgw/+_-]{0,3}([A-Za-z0-9+/]{4}|[A-Za-z0-9_-]{4}|[A-Za-z0-9 +=/_-]{0,5}){0,6}(={0,3}|.)"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn bytes_are_written_as_another_library_writes_them(bytes: Vec<u8>) {
            let (url, standard) = (to_base64url(&bytes), to_base64(&bytes));
            prop_assert_eq!(&url, &Base64UrlUnpadded::encode_string(&bytes));
            prop_assert_eq!(&standard, &Base64::encode_string(&bytes));
            prop_assert_eq!(from_base64url(&url).unwrap(), bytes.clone());
            prop_assert_eq!(from_base64(&standard).unwrap(), bytes);
        }

        #[test]
        fn texts_are_read_as_another_library_reads_them(text in texts()) {
            prop_assert_eq!(from_base64url(&text), Base64UrlUnpadded::decode_vec(&text).ok());
            prop_assert_eq!(from_base64(&text), Base64::decode_vec(&text).ok());
            let either = without_padding(&text).and_then(|bare| {
                Base64UrlUnpadded::decode_vec(bare).or_else(|_| Base64Unpadded::decode_vec(bare)).ok()
            });
            prop_assert_eq!(from_either(&text), either);
        }
    }
}
