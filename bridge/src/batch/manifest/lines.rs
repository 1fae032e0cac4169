//! Which line a byte is in.

/// Where the lines of a text begin.
pub(super) struct Lines {
    begins: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &[u8]) -> Self {
        let breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self {
            begins: std::iter::once(0)
                .chain(breaks.map(|(index, _)| index + 1))
                .collect(),
        }
    }

    /// The line of the byte at `position`, from 1.
    pub(super) fn at(&self, position: usize) -> u32 {
        let line = self.begins.partition_point(|begin| *begin <= position);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}
