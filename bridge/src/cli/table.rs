//! Columns for people.

/// Rows as lines, each column as wide as its widest cell, two spaces between.
pub(super) fn lines<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters_and_not_by_bytes() {
        let rows = [
            ["ü".to_owned(), "1".to_owned()],
            ["abc".to_owned(), "2".to_owned()],
        ];
        assert_eq!(lines(&rows), ["ü    1", "abc  2"]);
    }
}
