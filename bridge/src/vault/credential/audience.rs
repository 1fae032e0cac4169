//! A credential that asks for tokens of one audience alone.

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use std::sync::Arc;

/// Gives tokens for the vault's own audience and refuses every other that a challenge may name.
#[derive(Debug)]
pub(in crate::vault) struct ForAudience {
    inner: Arc<dyn TokenCredential>,
    scope: String,
}

impl ForAudience {
    /// `audience` such as `https://vault.azure.net`.
    pub(in crate::vault) fn new(inner: Arc<dyn TokenCredential>, audience: &str) -> Self {
        Self {
            inner,
            scope: format!("{audience}/.default"),
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for ForAudience {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if scopes != [self.scope.as_str()] {
            return Err(Error::with_message(
                ErrorKind::Credential,
                format!(
                    "the vault asks for a token of {}, not of {}",
                    scopes.join(" "),
                    self.scope
                ),
            ));
        }
        self.inner.get_token(scopes, options).await
    }
}
