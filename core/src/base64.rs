//! Base64 (RFC 4648 §4 and §5), strict: one spelling for each value, so no stray bits at the end.
//!
//! It works by tables, in a time that depends on what is read: for public keys, ciphertexts and documents alone, never
//! for a secret.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A character's six bits, and above them who does not have it: `ONLY_URL` for `-` and `_`, `ONLY_STANDARD` for `+` and
/// `/`, both for what is no base64.
const VALUES: [u8; 256] = values();
const SIX_BITS: u8 = 0x3f;
const ONLY_URL: u8 = 0x40;
const ONLY_STANDARD: u8 = 0x80;

/// Base64url without padding.
pub fn to_base64url(bytes: &[u8]) -> String {
    encode(bytes, URL)
}

/// Base64 with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    let mut text = encode(bytes, STANDARD);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Reads base64url without padding.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let (bytes, seen) = decode(text)?;
    (seen & ONLY_STANDARD == 0).then_some(bytes)
}

/// Reads base64 with padding.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bare = without_padding(text)?;
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let (bytes, seen) = decode(bare)?;
    (seen & ONLY_URL == 0).then_some(bytes)
}

/// Reads base64 or base64url, not both in one, with padding or without.
pub(crate) fn from_either(text: &str) -> Option<Vec<u8>> {
    let (bytes, seen) = decode(without_padding(text)?)?;
    (seen & ONLY_URL == 0 || seen & ONLY_STANDARD == 0).then_some(bytes)
}

/// The text before its padding. None where padding does not fill the last group of four.
pub(crate) fn without_padding(text: &str) -> Option<&str> {
    let bare = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    (bare.len() == text.len() || text.len().is_multiple_of(4)).then_some(bare)
}

const fn values() -> [u8; 256] {
    let mut values = [ONLY_URL | ONLY_STANDARD; 256];
    let mut value = 0;
    while value < 62 {
        values[STANDARD[value as usize] as usize] = value;
        value += 1;
    }
    values[b'-' as usize] = 62 | ONLY_URL;
    values[b'_' as usize] = 63 | ONLY_URL;
    values[b'+' as usize] = 62 | ONLY_STANDARD;
    values[b'/' as usize] = 63 | ONLY_STANDARD;
    values
}

/// The bytes, and above six bits in which alphabets the text is not.
fn decode(text: &str) -> Option<(Vec<u8>, u8)> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    let mut bytes = vec![0; groups.len() * 3];
    let mut seen = 0;
    for (group, bytes) in groups.iter().zip(bytes.as_chunks_mut::<3>().0) {
        let (three, also) = decode_group(*group);
        *bytes = three;
        seen |= also;
    }
    let group = match *rest {
        [] => return Some((bytes, seen)),
        [one, two] => [one, two, b'A', b'A'],
        [one, two, three] => [one, two, three, b'A'],
        _ => return None,
    };
    let (three, also) = decode_group(group);
    let (whole, stray) = three.split_at_checked(rest.len() - 1)?;
    bytes.extend_from_slice(whole);
    let is_one_spelling = stray.iter().all(|byte| *byte == 0);
    is_one_spelling.then_some((bytes, seen | also))
}

// Inlined and without a loop also where the page is built for size: this is most of the work on a file.
#[inline(always)]
fn decode_group([one, two, three, four]: [u8; 4]) -> ([u8; 3], u8) {
    let (one, two, three, four) = (value(one), value(two), value(three), value(four));
    let bits = u32::from(one & SIX_BITS) << 18
        | u32::from(two & SIX_BITS) << 12
        | u32::from(three & SIX_BITS) << 6
        | u32::from(four & SIX_BITS);
    let [_, high, middle, low] = bits.to_be_bytes();
    ([high, middle, low], one | two | three | four)
}

#[allow(clippy::indexing_slicing, reason = "a byte is below 256")]
fn value(character: u8) -> u8 {
    VALUES[usize::from(character)]
}

#[allow(clippy::indexing_slicing, reason = "a group has four characters")]
fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let (groups, rest) = bytes.as_chunks::<3>();
    let mut text = vec![0; groups.len() * 4];
    for (group, text) in groups.iter().zip(text.as_chunks_mut::<4>().0) {
        *text = encode_group(*group, alphabet);
    }
    match *rest {
        [one] => text.extend_from_slice(&encode_group([one, 0, 0], alphabet)[..2]),
        [one, two] => text.extend_from_slice(&encode_group([one, two, 0], alphabet)[..3]),
        _ => {}
    }
    // It is ASCII.
    String::from_utf8(text).unwrap_or_default()
}

#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "six bits are below 64")]
fn encode_group([high, middle, low]: [u8; 3], alphabet: &[u8; 64]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, high, middle, low]);
    let character = |shift: u32| alphabet[(bits >> shift) as usize & usize::from(SIX_BITS)];
    [character(18), character(12), character(6), character(0)]
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
