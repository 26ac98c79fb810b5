//! What leaves an array.

/// One output word of one output channel at one position.
///
/// Executors list the words of a layer by column tile, then position, then column, and leave out the
/// words of idle columns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OutputWord {
    /// The column tile; the output channel is column_tile·columns + column. In a max-pool the rows take the
    /// place of the columns.
    pub column_tile: u32,
    /// The output position, row by row; 0 for a pooled layer.
    pub position: u32,
    /// The column of the array; in a max-pool the row.
    pub column: u32,
    /// A code, or in raw layers the signed difference of accumulator and mean (`total_bits` wide).
    pub value: i64,
}
