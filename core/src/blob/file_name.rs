//! What a blob's file is called.

/// Longest part taken from the key's name.
const MAX_NAME: usize = 100;

/// `KeyTransferPackage-NAME.byok`, where everything but letters, digits, `.`, `_` and `-` of the
/// target key's name becomes `-`.
pub fn file_name(target_key_name: &str) -> String {
    let safe = |character: char| {
        if character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-') {
            character
        } else {
            '-'
        }
    };
    let name: String = target_key_name.chars().take(MAX_NAME).map(safe).collect();
    format!("KeyTransferPackage-{name}.byok")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder_or_start_an_option() {
        assert_eq!(
            file_name("payments 2026"),
            "KeyTransferPackage-payments-2026.byok"
        );
        assert_eq!(
            file_name("../../etc/x"),
            "KeyTransferPackage-..-..-etc-x.byok"
        );
        assert_eq!(file_name("a\\b\0\u{202e}"), "KeyTransferPackage-a-b--.byok");
        assert_eq!(file_name(""), "KeyTransferPackage-.byok");
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(
            file_name(&"k".repeat(500)).len(),
            MAX_NAME + "KeyTransferPackage-.byok".len()
        );
    }
}
