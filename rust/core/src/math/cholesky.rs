//! The Cholesky factor of a small matrix.

/// The lower triangle L with L Lᵀ = `matrix`, of which only the lower triangle is read; `None` if there is none, because
/// the matrix is not positive definite.
pub fn cholesky<const N: usize>(matrix: &[[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut lower = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let explained: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let left = matrix[i][j] - explained;
            if i != j {
                lower[i][j] = left / lower[j][j];
            } else if left > 0.0 {
                lower[i][i] = left.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_squares_to_its_matrix() {
        let matrix = [[4.0, 2.0, -1.0], [2.0, 5.0, 0.5], [-1.0, 0.5, 3.0]];
        let lower = cholesky(&matrix).expect("positive definite");
        for i in 0..3 {
            for j in 0..3 {
                let product: f64 = (0..3).map(|k| lower[i][k] * lower[j][k]).sum();
                assert!((product - matrix[i][j]).abs() < 1e-15);
                assert!(j <= i || lower[i][j] == 0.0);
            }
        }
    }

    #[test]
    fn singular_and_indefinite_matrices_have_none() {
        assert_eq!(cholesky(&[[1.0, 1.0], [1.0, 1.0]]), None);
        assert_eq!(cholesky(&[[1.0, 2.0], [2.0, 1.0]]), None);
        assert_eq!(cholesky(&[[f64::NAN]]), None);
    }
}
