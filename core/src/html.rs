//! Foreign text in pages that are made here.

use crate::visible;

/// Foreign text as HTML, in content and in quoted attributes: made visible, then escaped.
pub fn html_text(text: &str) -> String {
    let text = visible(text);
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_neither_markup_nor_hidden() {
        assert_eq!(
            html_text("<b title='x'>&\u{202e}\"</b>"),
            "&lt;b title=&#39;x&#39;&gt;&amp;\\u{202e}&quot;&lt;/b&gt;"
        );
    }
}
