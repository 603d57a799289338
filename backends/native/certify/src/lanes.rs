//! An interval function over many inputs, compiled for the vectors that the machine has.
//!
//! The compiler makes the vectors: the same operations of binary64 on more lanes at a time (Rust never contracts a
//! product and a sum), and so the same bits. This does not depend on the level at which the kernels run.

use crate::enclose::Enclosed;

/// `lanes(inputs, low, high)`: for every input's bits, what the lower and the upper end of the interval round to.
pub type Lanes = fn(&[u32], &mut [u32], &mut [u32]);

#[inline(always)]
fn all<E: Enclosed>(inputs: &[u32], low: &mut [u32], high: &mut [u32]) {
    for ((&bits, low), high) in inputs.iter().zip(low).zip(high) {
        let (value, radius) = E::enclose(f64::from(f32::from_bits(bits)));
        *low = ((value - radius) as f32).to_bits();
        *high = ((value + radius) as f32).to_bits();
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn with_avx512<E: Enclosed>(inputs: &[u32], low: &mut [u32], high: &mut [u32]) {
    all::<E>(inputs, low, high);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<E: Enclosed>(inputs: &[u32], low: &mut [u32], high: &mut [u32]) {
    all::<E>(inputs, low, high);
}

/// For this machine.
pub fn best<E: Enclosed>() -> Lanes {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") && has!("avx2") {
            // SAFETY: the machine has the instructions.
            return |inputs, low, high| unsafe { with_avx512::<E>(inputs, low, high) };
        }
        if has!("avx2") {
            // SAFETY: the machine has the instructions.
            return |inputs, low, high| unsafe { with_avx2::<E>(inputs, low, high) };
        }
    }
    all::<E>
}
