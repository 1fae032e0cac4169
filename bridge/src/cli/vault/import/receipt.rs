//! The receipt beside a file: found, checked, and written anew with what the import left.

use std::path::{Path, PathBuf};

use keyferry_core::{
    Blob, ImportRecord, MAX_RECEIPT, Receipt, RecordPlace, Verification, receipt_page,
};

use crate::Error;
use crate::cli::output_file::{Existing, OutputFile};
use crate::cli::{document, wrap};

/// A receipt and where it lies.
pub(super) struct Found {
    pub(super) receipt: Receipt,
    pub(super) path: PathBuf,
}

/// The receipt that was named, or the one beside the file; checked against the file.
pub(super) fn find_receipt(
    named: Option<&Path>,
    path: &Path,
    file: &[u8],
    blob: &Blob,
) -> Result<Option<Found>, Error> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => {
            let path = wrap::receipt_beside(path);
            if !path.exists() {
                return Ok(None);
            }
            path
        }
    };
    let receipt = Receipt::parse(&document::read(&path, MAX_RECEIPT)?)?;
    receipt.check_file(file)?;
    if receipt.kid != blob.kid().as_str() {
        return Err(Error::Core(keyferry_core::Error::Receipt {
            code: "receipt-other-kek",
            message: "the receipt names another KEK, or another version of it, than the file"
                .to_owned(),
            advice: "Take the receipt that was written beside this file, unchanged.",
        }));
    }
    Ok(Some(Found { receipt, path }))
}

/// Writes what the import left into the receipt, in place of the one that was there.
pub(super) fn note_in_receipt(
    found: Option<Found>,
    kid: &str,
    verification: Option<&Verification>,
    line: &keyferry_core::AuditLine,
) -> Result<Option<PathBuf>, Error> {
    let Some(Found { receipt, path }) = found else {
        return Ok(None);
    };
    write_import(receipt, &path, kid, verification, line)?;
    Ok(Some(path))
}

/// Writes a receipt, and the page of it to print beside it, in place of what was there.
pub(in crate::cli) fn write_receipt(receipt: &Receipt, path: &Path) -> Result<(), Error> {
    let page = wrap::page_beside(path);
    OutputFile::check(path, Existing::Replace)?.write(&receipt.to_bytes())?;
    OutputFile::check(&page, Existing::Replace)?.write(receipt_page(receipt).as_bytes())
}

pub(in crate::cli) fn write_import(
    mut receipt: Receipt,
    path: &Path,
    kid: &str,
    verification: Option<&Verification>,
    line: &keyferry_core::AuditLine,
) -> Result<(), Error> {
    receipt.import = Some(ImportRecord {
        kid: kid.to_owned(),
        verification: verification.cloned(),
        audit: RecordPlace::from(line),
    });
    write_receipt(&receipt, path)
}
