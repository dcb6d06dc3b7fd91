//! Known slices are found again, arbitrage is removed, and what is too little or too wild harms nobody else.

use proptest::prelude::*;

use super::*;

/// Quotes of slices, expiry by expiry.
#[derive(Default)]
struct Book {
    kind: Vec<u32>,
    years: Vec<f64>,
    ends: Vec<usize>,
    k: Vec<f64>,
    vol: Vec<f64>,
    half_spread: Vec<f64>,
}

impl Book {
    fn with(mut self, kind: u32, years: f64, quotes: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        for (k, vol, half_spread) in quotes {
            self.k.push(k);
            self.vol.push(vol);
            self.half_spread.push(half_spread);
        }
        self.kind.push(kind);
        self.years.push(years);
        self.ends.push(self.k.len());
        self
    }

    /// With exact quotes of a slice, from `low` to `high` deviations.
    fn of(self, years: f64, slice: &Svi, low: f64, high: f64) -> Self {
        let deviation = slice.total_variance(0.0).sqrt();
        let quotes = (0..=40).map(|i| {
            let k = deviation * (low + (high - low) * f64::from(i) / 40.0);
            (k, (slice.total_variance(k) / years).sqrt(), 0.002)
        });
        self.with(0, years, quotes.collect::<Vec<_>>())
    }

    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            kind: &self.kind,
            years: &self.years,
            ends: &self.ends,
            k: &self.k,
            vol: &self.vol,
            half_spread: &self.half_spread,
        }
    }

    fn fit(&self, form: Form) -> Vec<Option<Slice>> {
        fit(form, &self.snapshot(), Some(1)).unwrap()
    }
}

fn largest_miss(found: &Svi, slice: &Svi, years: f64) -> f64 {
    let deviation = slice.total_variance(0.0).sqrt();
    (-40..=20)
        .map(|i| {
            let k = 0.1 * f64::from(i) * deviation;
            let vol = |slice: &Svi| (slice.total_variance(k) / years).sqrt();
            (vol(found) - vol(slice)).abs()
        })
        .fold(0.0, f64::max)
}

/// An index smile.
const SLICE: Svi = Svi { a: 0.0004, b: 0.05, rho: -0.6, m: 0.01, sigma: 0.05 };

#[test]
fn an_exact_slice_is_found_again() {
    let [slice] = Book::default().of(0.1, &SLICE, -5.0, 2.5).fit(Form::Svi)[..] else { panic!() };
    let slice = slice.unwrap();
    assert_eq!(slice.repair, Repair::None);
    assert!(largest_miss(&slice.svi, &SLICE, 0.1) < 2e-4, "{:?}", slice.svi);
    assert!(slice.durrleman > 0.0 && slice.rise.is_none());
}

#[test]
fn butterfly_arbitrage_in_the_quotes_is_not_in_the_slice() {
    // Axel Vogt's smile, which has g = −0.03 near k = 0.88
    let vogt = Svi { a: -0.0410, b: 0.1331, rho: 0.3060, m: 0.3586, sigma: 0.4153 };
    let quotes = (-15..=15).map(|i| {
        let k = 0.1 * f64::from(i);
        (k, vogt.total_variance(k).sqrt(), 0.001)
    });
    let slice = Book::default().with(0, 1.0, quotes).fit(Form::Svi)[0].unwrap();
    assert_eq!(slice.repair, Repair::Butterfly);
    assert!(slice.durrleman >= 0.0);
    assert!(largest_miss(&slice.svi, &vogt, 1.0) < 0.03);
}

#[test]
fn crossed_slices_are_taken_apart_in_both_forms() {
    let near = Essvi { theta: 0.0101, rho: -0.7, zeta: 1.0 }.raw();
    let far = Essvi { theta: 0.0100, rho: -0.5, zeta: 0.7 }.raw();
    for form in Form::ALL {
        let book = Book::default().of(0.25, &near, -4.0, 2.0).of(0.26, &far, -4.0, 2.0);
        let found: Vec<Slice> = book.fit(form).into_iter().map(Option::unwrap).collect();
        assert_eq!(found[0].repair, Repair::Calendar);
        assert_eq!(found[1].repair, Repair::None);
        assert!(found[1].rise.unwrap() >= 0.0);
        assert!(found.iter().all(|slice| slice.durrleman >= 0.0));
        for i in -300..=300 {
            let k = 0.01 * f64::from(i);
            assert!(found[1].svi.total_variance(k) >= found[0].svi.total_variance(k), "{k}");
        }
        // the farther expiry keeps its quotes, the nearer one gives way
        assert!(largest_miss(&found[1].svi, &far, 0.26) < 1e-3);
        for i in -20..=10 {
            let k = 0.01 * f64::from(i);
            let wanted = near.total_variance(k).min(far.total_variance(k));
            let ratio = (found[0].svi.total_variance(k) / wanted).sqrt();
            assert!((0.9..1.2).contains(&ratio), "{form:?}: {ratio} at {k}");
        }
    }
}

#[test]
fn kinds_have_calendars_of_their_own() {
    let slice = Essvi { theta: 0.01, rho: -0.5, zeta: 0.7 }.raw();
    let mut book = Book::default().of(0.25, &slice, -4.0, 2.0).of(0.26, &slice, -4.0, 2.0);
    book.kind[1] = 1;
    assert!(book.fit(Form::Svi).iter().all(|slice| slice.unwrap().rise.is_none()));
}

#[test]
fn too_few_strikes_are_no_slice_and_harm_no_other() {
    let few = [(-0.02, 0.2, 0.001), (0.0, 0.19, 0.001), (0.0, 0.19, 0.001), (0.02, 0.18, 0.001)];
    let book = Book::default().with(0, 0.05, few).with(0, 0.08, []).of(0.1, &SLICE, -5.0, 2.5);
    let found = book.fit(Form::Svi);
    assert!(found[0].is_none() && found[1].is_none());
    assert!(found[2].unwrap().rise.is_none());
    let found = book.fit(Form::Essvi);
    assert!(found[0].is_some() && found[2].unwrap().rise.unwrap() >= 0.0);
}

#[test]
fn equal_vols_and_one_side_are_slices_without_arbitrage() {
    let flat = (-10..=10).map(|i| (0.02 * f64::from(i), 0.2, 0.001));
    let side = (-10..=-3).map(|i| (0.02 * f64::from(i), 0.2 - 0.01 * f64::from(i), 0.001));
    for form in Form::ALL {
        let book = Book::default().with(0, 0.1, flat.clone()).with(1, 0.1, side.clone());
        let found: Vec<Slice> = book.fit(form).into_iter().map(Option::unwrap).collect();
        assert!((found[0].svi.total_variance(0.1) - 0.004).abs() < 1e-5);
        assert!(found.iter().all(|slice| slice.durrleman >= 0.0));
    }
}

#[test]
fn a_wild_quote_has_little_say() {
    let mut book = Book::default().of(0.1, &SLICE, -5.0, 2.5);
    book.vol[20] *= 3.0;
    let slice = book.fit(Form::Svi)[0].unwrap();
    assert!(largest_miss(&slice.svi, &SLICE, 0.1) < 3e-3);
}

#[test]
fn threads_do_not_matter() {
    let mut book = Book::default();
    for i in 1..=12 {
        let years = 0.02 * f64::from(i);
        let slice = Essvi { theta: 0.04 * years, rho: -0.4 - 0.02 * f64::from(i), zeta: 0.8 }.raw();
        book = book.of(years, &slice, -6.0, 3.0);
    }
    let print = |threads| format!("{:?}", fit(Form::Svi, &book.snapshot(), threads).unwrap());
    assert_eq!(print(Some(1)), print(Some(2)));
    assert_eq!(print(Some(1)), print(None));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let good = || Book::default().of(0.1, &SLICE, -5.0, 2.5);
    let message = |book: Book| fit(Form::Svi, &book.snapshot(), None).unwrap_err().to_string();
    let mut book = good();
    book.years[0] = 0.0;
    assert!(message(book).starts_with("years = 0"));
    let mut book = good();
    book.vol[3] = f64::NAN;
    assert!(message(book).starts_with("vol = NaN"));
    let mut book = good();
    book.k[3] = f64::INFINITY;
    assert!(message(book).starts_with("k = inf"));
    let mut book = good();
    book.half_spread[3] = -1.0;
    assert!(message(book).starts_with("half_spread = -1"));
    let mut book = good();
    book.ends[0] = 7;
    assert!(message(book).starts_with("ends = 7"));
    let mut book = good();
    book.kind.clear();
    assert!(message(book).starts_with("kind: 0 elements"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_quoted_no_slice_has_arbitrage(
        quotes in proptest::collection::vec((-0.6..0.4, 0.02..2.0, 0.0..0.3, 0..3usize), 10..60),
        form in 0..2usize,
    ) {
        let mut book = Book::default();
        for (expiry, years) in [0.01, 0.011, 0.4].into_iter().enumerate() {
            let mine = quotes.iter().filter(|quote| quote.3 == expiry).map(|&(k, vol, half, _)| (k, vol, half));
            book = book.with(0, years, mine.collect::<Vec<(f64, f64, f64)>>());
        }
        let found: Vec<Slice> = book.fit(Form::ALL[form]).into_iter().flatten().collect();
        for slice in &found {
            prop_assert!(slice.durrleman >= 0.0);
            prop_assert!(slice.rise.is_none_or(|rise| rise >= 0.0));
            prop_assert!(slice.svi.minimum() > 0.0 && slice.svi.wings().iter().all(|slope| *slope < 2.0));
        }
        for pair in found.windows(2) {
            for i in -40..=40 {
                let k = 0.05 * f64::from(i);
                prop_assert!(pair[1].svi.total_variance(k) >= pair[0].svi.total_variance(k));
            }
        }
    }
}
