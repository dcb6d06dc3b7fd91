//! Tables of reference values, and their columns as arguments: what the accuracy tests share.

use crate::math::broadcast::Broadcast;

/// The numbers of a table, column by column.
pub(super) fn columns<const N: usize>(csv: &str) -> [Vec<f64>; N] {
    let mut columns = [const { Vec::new() }; N];
    for line in csv.lines().skip(1) {
        let numbers = line.split(',').filter_map(|cell| cell.parse().ok());
        columns.iter_mut().zip(numbers).for_each(|(column, x): (_, f64)| column.push(x));
    }
    columns
}

/// Hands columns of one length to `work` as the named arguments.
pub(super) fn with_broadcast<T>(
    names: [&str; 6],
    columns: &[Vec<f64>],
    work: impl FnOnce(&Broadcast<'_, 6>) -> T,
) -> T {
    let shape = [columns[0].len()];
    work(&Broadcast::new(std::array::from_fn(|i| (names[i], &columns[i][..], &shape[..]))).unwrap())
}

/// One row of columns.
pub(super) fn row(columns: &[Vec<f64>], i: usize) -> [f64; 6] {
    std::array::from_fn(|k| columns[k][i])
}
