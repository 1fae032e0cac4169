//! The key transfer blob, the `.byok` file: its only writer and its only reader
//! (BYOK specification, "Key Transfer Blob").

mod ciphertext_text;
mod file_name;
mod generator;
mod inspect;
mod members;
mod reading;
mod refusal;
#[cfg(test)]
mod tests;
mod text;

pub use file_name::file_name;
pub use generator::Generator;
pub use inspect::{Inspection, MAX_BLOB, inspect};
pub use reading::Reading;

use crate::{Admission, Ciphertext, Error, Kek, Kid};

/// A key transfer blob, made for a KEK or read from a file.
#[derive(Debug, Clone)]
pub struct Blob {
    kid: Kid,
    ciphertext: Ciphertext,
    generator: Option<String>,
}

impl Blob {
    /// Puts a blob together; the kid is the examined KEK's.
    pub fn assemble(kek: &Kek, ciphertext: &Ciphertext, generator: &Generator) -> Self {
        Self {
            kid: kek.kid().clone(),
            ciphertext: ciphertext.clone(),
            generator: Some(generator.as_str().to_owned()),
        }
    }

    /// The file: UTF-8 without BOM, base64url without padding, members in the specification's order.
    pub fn to_bytes(&self) -> Vec<u8> {
        use serde_json::Value;
        let text = |text: &str| Value::from(text).to_string();
        let generator = self.generator.as_deref().map_or_else(String::new, |name| {
            format!(",\n  \"generator\": {}", text(name))
        });
        format!(
            "{{\n  \"schema_version\": \"1.0.0\",\n  \"header\": {{\n    \"kid\": {},\n    \"alg\": \"dir\",\n    \"enc\": \"CKM_RSA_AES_KEY_WRAP\"\n  }},\n  \"ciphertext\": \"{}\"{generator}\n}}\n",
            text(self.kid.as_str()),
            self.ciphertext.to_base64url(),
        )
        .into_bytes()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The first error of its inspection: [`Error::BlobRefused`] or [`Error::Kid`].
    pub fn parse(bytes: &[u8], admission: &Admission) -> Result<Self, Error> {
        inspect::read(bytes, None, admission).1
    }

    /// The KEK's identifier.
    pub fn kid(&self) -> &Kid {
        &self.kid
    }

    /// The ciphertext.
    pub fn ciphertext(&self) -> &Ciphertext {
        &self.ciphertext
    }

    /// What says it made the file. Foreign text: show it through [`crate::visible`].
    pub fn generator(&self) -> Option<&str> {
        self.generator.as_deref()
    }
}
