//! What rounding a product loses.

/// 2²⁷ + 1 splits a double into two halves of 26 bits (Veltkamp).
const SPLITTER: f64 = 134217729.0;

/// ab = product + error, exactly, where `product` is a·b rounded (Dekker's product where there is no fused
/// multiply-add). Domain: magnitudes below 2⁹⁹⁵, and an error that is not subnormal.
#[inline(always)]
pub fn product_error<const FMA: bool>(a: f64, b: f64, product: f64) -> f64 {
    if FMA {
        return a.mul_add(b, -product);
    }
    let (a_high, a_low) = halves(a);
    let (b_high, b_low) = halves(b);
    ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
}

#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    let shifted = SPLITTER * x;
    let high = shifted - (shifted - x);
    (high, x - high)
}
