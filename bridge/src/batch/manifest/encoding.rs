//! A manifest is UTF-8. What other programs save otherwise is named, with what to do.

use super::lines::Lines;
use super::problem::Problems;

const ADVICE: &str =
    "Save it as UTF-8: \"CSV UTF-8\" in a spreadsheet, or `iconv -f ENCODING -t UTF-8`.";

/// The text, without a byte order mark.
pub(super) fn text<'a>(bytes: &'a [u8], problems: &mut Problems) -> Option<&'a str> {
    let other = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        // Without a mark: a letter and a zero byte, in either order.
        [0, other, ..] | [other, 0, ..] if *other != 0 => Some("UTF-16 without a byte order mark"),
        _ => None,
    };
    if let Some(encoding) = other {
        problems.add(
            None,
            "manifest-encoding",
            format!("the manifest is {encoding}, not UTF-8"),
            ADVICE,
        );
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            if let Some(position) = text.bytes().position(|byte| byte == 0) {
                problems.add(
                    Lines::of(bytes).at(position),
                    "manifest-encoding",
                    "the manifest holds a zero byte, which no text does",
                    ADVICE,
                );
                return None;
            }
            Some(text)
        }
        Err(error) => {
            let position = error.valid_up_to();
            let byte = bytes.get(position).copied().unwrap_or_default();
            problems.add(
                Lines::of(bytes).at(position),
                "manifest-encoding",
                format!("byte 0x{byte:02x} is not UTF-8; the file may be Windows-1252 or Latin-1"),
                ADVICE,
            );
            None
        }
    }
}
