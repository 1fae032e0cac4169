//! Foreign text (labels, key identifiers, generators, token names) made safe to show.

use std::fmt::Write;

/// Longest foreign text shown, in characters; the rest is replaced by an ellipsis.
const MAX_SHOWN: usize = 512;

/// `text` with every control, escape, bidirectional and invisible character written as `\u{…}`.
///
/// A label may try to move the cursor, to reverse the line or to hide a part of itself where a
/// person decides whether to approve; after this it can only look odd. A backslash is doubled,
/// so that nothing printable can pass for an escape.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (count, character) in text.chars().enumerate() {
        if count == MAX_SHOWN {
            shown.push('…');
            break;
        }
        match character {
            '\\' => shown.push_str("\\\\"),
            character if is_hidden(character) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:04x}}}", u32::from(character));
            }
            character => shown.push(character),
        }
    }
    shown
}

/// Characters that a terminal or browser acts on, or draws as nothing.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0x00a0 | 0x00ad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
            | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x2800 | 0x3000 | 0x3164
            | 0xd800..=0xdfff | 0xe000..=0xf8ff | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0x1d173..=0x1d17a | 0xe0000..=0x10ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        assert_eq!(visible("Schlüssel 1 (RSA) 鍵"), "Schlüssel 1 (RSA) 鍵");
    }

    #[test]
    fn escape_sequences_and_newlines_become_text() {
        assert_eq!(
            visible("a\u{1b}[2Jb\r\n"),
            "a\\u{001b}[2Jb\\u{000d}\\u{000a}"
        );
        assert_eq!(visible("\u{9b}31m"), "\\u{009b}31m");
    }

    #[test]
    fn bidirectional_overrides_become_text() {
        assert_eq!(
            visible("\u{202e}gpj.exe\u{2066}"),
            "\\u{202e}gpj.exe\\u{2066}"
        );
    }

    #[test]
    fn invisible_characters_become_text() {
        for hidden in [
            '\u{200b}',
            '\u{feff}',
            '\u{00ad}',
            '\u{3164}',
            '\u{e0041}',
            '\u{fe0f}',
        ] {
            assert!(
                visible(&hidden.to_string()).starts_with("\\u{"),
                "{hidden:?} stayed"
            );
        }
    }

    #[test]
    fn a_written_escape_cannot_pass_for_a_real_one() {
        assert_eq!(visible("\\u{202e}"), "\\\\u{202e}");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(visible(&"x".repeat(10_000)).chars().count(), MAX_SHOWN + 1);
    }
}
