//! A small linear programme: minimise c·x over x ≥ 0 with rows a·x ≥ b, where no cost is negative.
//!
//! The requirement of a book is the least cost of pairing its longs with its shorts, and every cost there is a
//! price, a rate or a width. With c ≥ 0 the origin is dual feasible, so the dual simplex method (Lemke 1954)
//! starts at once. Tableaus have some tens of rows: dense, row by row, in memory that is kept between books.

/// Size below which a slack or a reduced cost is rounding: numbers are to be of the order of one.
const ROUNDING: f64 = 1e-10;
/// Smaller pivots magnify rounding.
const LEAST_PIVOT: f64 = 1e-7;
/// Pivots per row and column after which ties are broken by Bland's rule, which cannot cycle.
const PATIENCE: usize = 8;

/// The tableau; emptied and filled again for each book.
#[derive(Clone, Debug, Default)]
pub(super) struct Programme {
    variables: usize,
    /// Rows of `variables + 1`: the slack of the row, −b + a·x, in terms of what is not in the basis.
    rows: Vec<f64>,
    costs: Vec<f64>,
    /// What stands in each row and in each column: a variable, or beyond them the slack of a row.
    basic: Vec<u32>,
    free: Vec<u32>,
    solution: Vec<f64>,
}

impl Programme {
    /// Begins a programme with these costs, none negative.
    pub(super) fn begin(&mut self, costs: impl Iterator<Item = f64>) {
        self.costs.clear();
        self.costs.extend(costs);
        debug_assert!(self.costs.iter().all(|cost| *cost >= 0.0), "dual feasible at the origin");
        self.variables = self.costs.len();
        // The last cell is the value.
        self.costs.push(0.0);
        self.rows.clear();
    }

    /// Adds the row a·x ≥ `bound` and returns its coefficients, zeros, to be filled.
    pub(super) fn at_least(&mut self, bound: f64) -> &mut [f64] {
        let from = self.rows.len();
        self.rows.resize(from + self.variables, 0.0);
        self.rows.push(-bound);
        &mut self.rows[from..from + self.variables]
    }

    /// The least cost, and where: `None` where no x satisfies the rows, or rounding hides it.
    pub(super) fn solve(&mut self) -> Option<(f64, &[f64])> {
        let width = self.variables + 1;
        let height = self.rows.len() / width;
        // Rows of one size: what is rounding in one is so in all.
        for row in self.rows.chunks_exact_mut(width) {
            let largest = row[..width - 1].iter().fold(0.0, |most: f64, a| most.max(a.abs()));
            if largest > 0.0 {
                for a in row {
                    *a /= largest;
                }
            }
        }
        self.free.clear();
        self.free.extend(0..self.variables as u32);
        self.basic.clear();
        self.basic.extend((0..height).map(|row| (self.variables + row) as u32));
        let patience = PATIENCE * (width + height);
        let mut pivots = 0;
        while let Some(row) = self.leaving(pivots >= patience) {
            let column = self.entering(row, pivots >= patience)?;
            self.pivot(row, column);
            pivots += 1;
            if pivots > 1000 * (width + height) {
                return None;
            }
        }
        self.solution.clear();
        self.solution.resize(self.variables, 0.0);
        for (row, &name) in self.basic.iter().enumerate() {
            if let Some(value) = self.solution.get_mut(name as usize) {
                *value = self.rows[row * width + width - 1].max(0.0);
            }
        }
        Some((self.costs[width - 1], &self.solution))
    }

    /// A row whose slack is negative: the most negative one, or by Bland's rule the first by name.
    fn leaving(&self, bland: bool) -> Option<usize> {
        let width = self.variables + 1;
        let slacks = self.rows.chunks_exact(width).map(|row| row[width - 1]).enumerate();
        let negative = slacks.filter(|(_, slack)| *slack < -ROUNDING);
        if bland {
            return negative.min_by_key(|(row, _)| self.basic[*row]).map(|(row, _)| row);
        }
        negative.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(row, _)| row)
    }

    /// The column that mends the row and costs least for it. Of those that cost as much but for rounding the one
    /// with the largest pivot (Harris 1973), which keeps rounding small; by Bland's rule the first by name.
    fn entering(&self, row: usize, bland: bool) -> Option<usize> {
        let width = self.variables + 1;
        let row = &self.rows[row * width..][..self.variables];
        let open = || row.iter().zip(&self.costs).enumerate().filter(|(_, (a, _))| **a > LEAST_PIVOT);
        if bland {
            let ratio = |a: f64, cost: f64| cost.max(0.0) / a;
            let least = open().map(|(_, (&a, &cost))| ratio(a, cost)).fold(f64::INFINITY, f64::min);
            let equal = open().filter(|(_, (a, cost))| ratio(**a, **cost) <= least);
            return equal.min_by_key(|(column, _)| self.free[*column]).map(|(column, _)| column);
        }
        let bound = open().map(|(_, (a, cost))| (cost.max(0.0) + ROUNDING) / a).fold(f64::INFINITY, f64::min);
        let mut best: Option<(f64, usize)> = None;
        for (column, (&a, &cost)) in open() {
            if cost.max(0.0) <= bound * a && best.is_none_or(|(pivot, _)| a > pivot) {
                best = Some((a, column));
            }
        }
        best.map(|(_, column)| column)
    }

    /// Solves the row for the column's variable and puts that in all the others.
    fn pivot(&mut self, row: usize, column: usize) {
        let width = self.variables + 1;
        let Self { rows, costs, .. } = self;
        let (before, rest) = rows.split_at_mut(row * width);
        let (chosen, after) = rest.split_at_mut(width);
        // slack = Σ a x  ⇒  x = slack / a − Σ' (a' / a) x'
        let inverse = 1.0 / chosen[column];
        for a in chosen.iter_mut() {
            *a *= -inverse;
        }
        chosen[column] = inverse;
        let chosen = &*chosen;
        let substitute = |other: &mut [f64]| {
            let factor = other[column];
            if factor != 0.0 {
                other[column] = 0.0;
                for (value, a) in other.iter_mut().zip(chosen) {
                    *value += factor * a;
                }
            }
        };
        before.chunks_exact_mut(width).for_each(substitute);
        after.chunks_exact_mut(width).for_each(substitute);
        substitute(costs);
        std::mem::swap(&mut self.basic[row], &mut self.free[column]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_diet() {
        // min 2x + 3y with x + y ≥ 4, x + 3y ≥ 6: both hold with equality at (3, 1).
        let mut programme = Programme::default();
        programme.begin([2.0, 3.0].into_iter());
        programme.at_least(4.0).copy_from_slice(&[1.0, 1.0]);
        programme.at_least(6.0).copy_from_slice(&[1.0, 3.0]);
        let (cost, x) = programme.solve().expect("feasible");
        assert!((cost - 9.0).abs() < 1e-12);
        assert!((x[0] - 3.0).abs() < 1e-12 && (x[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rows_that_contradict_have_no_solution() {
        let mut programme = Programme::default();
        programme.begin([1.0].into_iter());
        programme.at_least(2.0)[0] = 1.0;
        programme.at_least(-1.0)[0] = -1.0;
        assert!(programme.solve().is_none());
    }

    proptest! {
        /// Two variables: the optimum is the best of all vertices.
        #[test]
        fn the_best_vertex(
            costs in proptest::array::uniform2(0.0..5.0f64),
            rows in proptest::collection::vec((-3.0..5.0f64, -3.0..5.0f64, -4.0..6.0f64), 1..7),
        ) {
            let mut lines: Vec<[f64; 3]> = rows.iter().map(|&(a, b, c)| [a, b, c]).collect();
            lines.extend([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
            let holds = |x: f64, y: f64| lines.iter().all(|[a, b, c]| a * x + b * y >= c - 1e-9);
            let mut best = f64::INFINITY;
            for (i, [a, b, c]) in lines.iter().enumerate() {
                for [d, e, f] in &lines[..i] {
                    let det = a * e - b * d;
                    if det.abs() > 1e-6 {
                        let (x, y) = ((c * e - b * f) / det, (a * f - c * d) / det);
                        if holds(x, y) {
                            best = best.min(costs[0] * x + costs[1] * y);
                        }
                    }
                }
            }
            let mut programme = Programme::default();
            programme.begin(costs.into_iter());
            for [a, b, c] in &lines[..rows.len()] {
                programme.at_least(*c).copy_from_slice(&[*a, *b]);
            }
            match programme.solve() {
                Some((cost, x)) => {
                    prop_assert!(holds(x[0], x[1]));
                    prop_assert!(cost <= best + 1e-7 * (1.0 + best.abs()));
                    prop_assert!((costs[0] * x[0] + costs[1] * x[1] - cost).abs() < 1e-7 * (1.0 + cost));
                }
                None => prop_assert!(best.is_infinite()),
            }
        }
    }
}
