//! Receipts as pages for the auditor's folder, each beside its receipt. They are made when a run has ended, from the
//! receipts on disk: no key waits for its page.

use std::path::Path;
use std::sync::Arc;

use keyferry_core::{MAX_RECEIPT, Receipt, receipt_page};

use super::folder::BatchFolder;
use super::plan::Plan;
use crate::Error;

/// Pages that are put on disk together.
const GROUP: usize = 256;

/// Which pages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// One for each receipt.
    All,
    /// Those that lie there already: their receipts may have gone on since.
    Kept,
}

/// Writes pages beside the receipts of `plan` that lie in `folder`.
///
/// # Errors
/// [`Error::OutputUnwritable`].
pub async fn write_pages(
    folder: &BatchFolder,
    plan: &Arc<Plan>,
    pages: Pages,
) -> Result<(), Error> {
    let (folder, plan) = (folder.clone(), Arc::clone(plan));
    tokio::task::spawn_blocking(move || write(&folder, &plan, pages))
        .await
        .map_err(|_| Error::Internal("the writer of a batch's pages stopped"))?
}

fn write(folder: &BatchFolder, plan: &Plan, pages: Pages) -> Result<(), Error> {
    for lines in plan.lines().chunks(GROUP) {
        let mut group = Vec::new();
        for line in lines {
            let names = folder.files(line);
            let wanted = pages == Pages::All || folder.path().join(&names.page).exists();
            if wanted && let Some(receipt) = read(folder, &names.receipt) {
                group.push((names.page, receipt_page(&receipt).into_bytes()));
            }
        }
        if !group.is_empty() {
            folder.write_group(&group)?;
        }
    }
    Ok(())
}

/// A receipt that is there and is one; a line that was not wrapped has none.
fn read(folder: &BatchFolder, name: &Path) -> Option<Receipt> {
    Receipt::parse(&folder.read(name, MAX_RECEIPT)?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::batch::sample;

    #[test]
    fn a_page_is_made_where_it_is_wanted_or_was_and_follows_its_receipt() {
        let temp = tempfile::tempdir().unwrap();
        let keys = [("one", "one"), ("two", "two"), ("three", "three")];
        let plan = sample::plan(&keys, &["https://contoso.vault.azure.net"]);
        let folder = BatchFolder::open(temp.path()).unwrap();
        let put = |number: u32, receipt: &[u8]| {
            let names = folder.files(plan.line(number).unwrap());
            fs::write(temp.path().join(names.receipt), receipt).unwrap();
            temp.path().join(names.page)
        };
        let receipt = crate::sample::receipt();
        let (one, two) = (put(1, &receipt.to_bytes()), put(2, b"no receipt"));
        write(&folder, &plan, Pages::Kept).unwrap();
        assert!(!one.exists() && !two.exists());
        write(&folder, &plan, Pages::All).unwrap();
        assert_eq!(fs::read_to_string(&one).unwrap(), receipt_page(&receipt));
        assert!(!two.exists());
        let mut later = receipt;
        later.key_label = "another".into();
        put(1, &later.to_bytes());
        write(&folder, &plan, Pages::Kept).unwrap();
        assert_eq!(fs::read_to_string(&one).unwrap(), receipt_page(&later));
    }
}
