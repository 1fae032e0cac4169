//! Hexadecimal digits, as digests and random numbers are written.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Two lower-case digits a byte.
#[allow(clippy::indexing_slicing, reason = "four bits are below 16")]
pub fn to_hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.extend([byte >> 4, byte & 0xf].map(|half| DIGITS[usize::from(half)]));
    }
    // All of them are ASCII.
    String::from_utf8(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_written_as_the_formatter_writes_it() {
        for byte in 0..=u8::MAX {
            assert_eq!(to_hex(&[byte, 7]), format!("{byte:02x}07"));
        }
        assert_eq!(to_hex(&[]), "");
    }
}
