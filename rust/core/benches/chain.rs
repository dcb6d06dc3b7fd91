//! The surface of a snapshot on one thread: 50 expiries of 250 quotes, on the scale of a whole SPX chain.

use std::hint::black_box;

use alvh_core::chain::{Form, Snapshot, fit};
use alvh_core::pricing::svi::Essvi;
use criterion::{Criterion, criterion_group, criterion_main};

const EXPIRIES: u32 = 50;
const QUOTES: usize = 250;
/// Log-moneyness of the strikes, in deviations of the expiry.
const STRIKES: [f64; 2] = [-7.0, 3.0];
/// Half-spread, and by how much quotes are off at most, in volatility.
const HALF_SPREAD: f64 = 0.001;

fn bench(criterion: &mut Criterion) {
    let (mut years, mut ends) = (Vec::new(), Vec::new());
    let (mut k, mut vol) = (Vec::new(), Vec::new());
    for expiry in 1..=EXPIRIES {
        let time = f64::from(expiry * expiry) / 2_500.0;
        let slice = Essvi { theta: 0.03 * time, rho: -0.6, zeta: 0.5 + 0.4 * time }.raw();
        let deviation = (0.03 * time).sqrt();
        for i in 0..QUOTES {
            let share = i as f64 / (QUOTES - 1) as f64;
            let at = deviation * (STRIKES[0] + share * (STRIKES[1] - STRIKES[0]));
            // a smile that is not quite of the form, and quotes that are not quite on it
            let off = 0.004 * (3.0 * share).sin() + HALF_SPREAD * (f64::from(expiry) + 1e3 * share).sin();
            k.push(at);
            vol.push((slice.total_variance(at) / time).sqrt() + off);
        }
        years.push(time);
        ends.push(k.len());
    }
    let half_spread = vec![HALF_SPREAD; k.len()];
    let kind = vec![0; years.len()];
    let snapshot =
        Snapshot { kind: &kind, years: &years, ends: &ends, k: &k, vol: &vol, half_spread: &half_spread };
    let mut group = criterion.benchmark_group("surface of 50 expiries");
    group.sample_size(20);
    for form in Form::ALL {
        group.bench_function(form.name(), |b| b.iter(|| fit(form, black_box(&snapshot), Some(1))));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
