//! The credential of a practice vault, which takes any token.

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use std::time::Duration;
use time::OffsetDateTime;

/// A token of no value: there is nobody to check it, and nothing behind it to protect.
#[derive(Debug)]
pub(in crate::vault) struct PracticeCredential;

#[async_trait::async_trait]
impl TokenCredential for PracticeCredential {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(
            "keyferry-practice",
            OffsetDateTime::now_utc() + Duration::from_secs(3600),
        ))
    }
}
