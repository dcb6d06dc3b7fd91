//! Runtime choice of the instruction set: the only module of the crate with `unsafe`.
//!
//! A kernel is a value that owns its slices and whose [`Kernel::run`] is a branch-free body marked
//! `#[inline(always)]`. [`dispatch`] inlines that one body into three functions compiled for the baseline,
//! for AVX2 with FMA, and for AVX-512, and calls the best that the processor has. Bodies are generic over
//! `const FMA: bool`, because `f64::mul_add` without the instruction is a slow library call.

use std::sync::OnceLock;

use crate::{Error, Result};

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// What the target guarantees (SSE2 on x86-64): no fused multiply-add.
    Baseline,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512 (F, DQ, VL, BW, CD).
    Avx512,
}

impl Variant {
    /// The name used in manifests and in the environment variable `ALVH_SIMD`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// A body that is stamped once per instruction set.
pub trait Kernel {
    /// What the body returns.
    type Output;
    /// The body; implementations must be `#[inline(always)]`.
    fn run<const FMA: bool>(self) -> Self::Output;
}

/// `a * b + c`, fused where the instruction set has it.
#[inline(always)]
pub fn fma<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// The best instruction set of this processor.
pub fn detected() -> Variant {
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        let avx512 = avx2
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd");
        if avx512 {
            return Variant::Avx512;
        }
        if avx2 {
            return Variant::Avx2;
        }
    }
    Variant::Baseline
}

/// The instruction sets of this processor, the best last.
pub fn available() -> impl Iterator<Item = Variant> {
    let best = detected();
    [Variant::Baseline, Variant::Avx2, Variant::Avx512].into_iter().filter(move |variant| *variant <= best)
}

/// The instruction set asked for: the best detected one, or a lower one forced by `ALVH_SIMD`.
///
/// # Errors
/// If `ALVH_SIMD` names no variant, or one that this processor lacks: results would silently differ from
/// those of the variant asked for.
pub fn requested() -> Result<Variant> {
    let name = std::env::var("ALVH_SIMD").unwrap_or_default();
    if name.is_empty() {
        return Ok(detected());
    }
    available().find(|variant| variant.name() == name).ok_or_else(|| {
        let names: Vec<_> = available().map(Variant::name).collect();
        Error::domain("ALVH_SIMD", format!("{name:?}"), format!("this processor has {}", names.join(", ")))
    })
}

/// The instruction set in use, decided once.
///
/// # Panics
/// If `ALVH_SIMD` cannot be honoured; callers that face users ask [`requested`] first.
pub fn variant() -> Variant {
    static CHOICE: OnceLock<Variant> = OnceLock::new();
    *CHOICE.get_or_init(|| requested().unwrap_or_else(|error| panic!("{error}")))
}

/// Runs the kernel on the instruction set in use.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_on(variant(), kernel)
}

/// Runs the kernel on a given instruction set, which the processor must have (tests compare variants).
///
/// # Panics
/// If the processor lacks the variant.
#[inline]
pub fn dispatch_on<K: Kernel>(on: Variant, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    match on {
        Variant::Baseline => kernel.run::<false>(),
        // SAFETY: the features were detected, or `on` is checked against the detected best.
        Variant::Avx2 => {
            assert!(on <= variant_ceiling(), "this processor has no AVX2");
            unsafe { x86::avx2(kernel) }
        }
        // SAFETY: as above.
        Variant::Avx512 => {
            assert!(on <= variant_ceiling(), "this processor has no AVX-512");
            unsafe { x86::avx512(kernel) }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        assert!(on == Variant::Baseline, "only the baseline variant exists on this processor");
        kernel.run::<false>()
    }
}

#[cfg(target_arch = "x86_64")]
fn variant_ceiling() -> Variant {
    static BEST: OnceLock<Variant> = OnceLock::new();
    *BEST.get_or_init(detected)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Kernel;

    #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
    pub(super) fn avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run::<true>()
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx512cd,avx2,fma,bmi1,bmi2,popcnt")]
    pub(super) fn avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run::<true>()
    }
}
