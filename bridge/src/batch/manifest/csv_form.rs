//! A manifest in CSV (RFC 4180): a header, then a record for each line.

use csv::{ReaderBuilder, StringRecord};
use keyferry_core::visible;

use super::lines::Lines;
use super::problem::Problems;
use super::raw::{OF_KEK, RawLine, RawValue, SELECTORS, WISHES, known, names};
use super::reading::Reading;

const COLUMNS: [&[&str]; 3] = [&SELECTORS, &WISHES, &OF_KEK];

/// Reads records as far as they can be read; none when there are none and the header is wrong.
pub(super) fn read(text: &str, reading: &mut Reading<'_>) -> Option<()> {
    // Records of another length are told by us, with what is missing, and do not end the reading.
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let lines = Lines::of(text.as_bytes());
    let mut record = StringRecord::new();
    let mut columns: Option<Vec<Option<&'static str>>> = None;
    let mut last = 1;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            // The text is UTF-8 and no record has a fixed length: nothing is left to go wrong but the crate's own limits.
            Err(error) => {
                reading.problems.add(
                    None,
                    "manifest-csv",
                    visible(&error.to_string()),
                    "Write it as RFC 4180 says.",
                );
                break;
            }
        }
        let line = lines.at(begin(text, &record));
        last = line;
        let Some(columns) = &columns else {
            columns = Some(header(&record, line, &mut reading.problems));
            continue;
        };
        if record.len() != columns.len() {
            reading.problems.add(
                line,
                "manifest-csv-cells",
                format!(
                    "{} cells, where the header has {}",
                    record.len(),
                    columns.len()
                ),
                "Put a comma for each empty cell, and quotes around a cell that holds a comma.",
            );
            continue;
        }
        let filled = record.iter().zip(columns).filter_map(|(cell, column)| {
            let column = (*column)?;
            // Spaces belong to a cell (RFC 4180 §2.4); where they cannot mean anything they are let go.
            let cell = match column {
                "label" | "glob" => cell,
                _ => cell.trim(),
            };
            (!cell.is_empty()).then(|| (column, RawValue::Text(cell.to_owned())))
        });
        let own = RawLine {
            line,
            members: filled.collect(),
        };
        if reading.line(&own).is_break() {
            return Some(());
        }
    }
    // A quote that is never closed makes one cell of all the rest; the reader takes that as it comes.
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        reading.problems.add(
            last,
            "manifest-csv-quote",
            "a quote is not closed, at the latest in the record that begins here",
            "Close it; a quote within quotes is written twice.",
        );
    }
    if columns.is_none() {
        reading.problems.add(
            None,
            "manifest-empty",
            "the manifest is empty",
            format!("Its first line names the columns, of {}.", names(&COLUMNS)),
        );
    }
    (!reading.is_empty() || reading.problems.is_empty()).then_some(())
}

/// Where a record's first byte is: the reader's own count stands before the rest of the break that ended the last one.
fn begin(text: &str, record: &StringRecord) -> usize {
    let position = record.position().map_or(0, |position| position.byte());
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(position..).unwrap_or_default();
    let breaks = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position + breaks.count()
}

fn header(record: &StringRecord, line: u32, problems: &mut Problems) -> Vec<Option<&'static str>> {
    if let (1, Some(only)) = (record.len(), record.get(0))
        && let Some(separator) = only
            .chars()
            .find(|character| matches!(character, ';' | '\t'))
    {
        problems.add(
            line,
            "manifest-csv-separator",
            format!("the columns are separated by {separator:?}"),
            "Save it with commas between the cells.",
        );
        return vec![None];
    }
    let mut columns: Vec<Option<&'static str>> = Vec::with_capacity(record.len());
    for cell in record {
        let name = cell.trim();
        let column = known(name, &COLUMNS);
        if column.is_none() {
            problems.add(
                line,
                "manifest-column-unknown",
                format!("there is no column {:?}", visible(name)),
                format!("The columns are {}.", names(&COLUMNS)),
            );
        } else if columns.contains(&column) {
            problems.add(
                line,
                "manifest-column-twice",
                format!("the column {name} is there twice"),
                "Leave one away.",
            );
        }
        columns.push(column);
    }
    if !columns
        .iter()
        .flatten()
        .any(|column| SELECTORS.contains(column))
    {
        problems.add(
            line,
            "manifest-header",
            "the first line names no column that says which key: label, id or glob",
            "Begin with a line that names the columns.",
        );
    }
    columns
}
