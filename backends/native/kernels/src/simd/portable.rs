//! Plain Rust in arrays of four lanes, which the compiler turns into whatever vectors the architecture has.

use std::array::from_fn;

use super::{Kernel, Level, SHIFT, Simd};

/// Every machine has it.
#[derive(Clone, Copy)]
pub struct Portable;

/// As at the other levels.
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Portable)
}

const LANES: usize = 4;

type F64 = [f64; LANES];
type F32 = [f32; LANES];
type I64 = [i64; LANES];
type Mask = [bool; LANES];

#[inline(always)]
fn map<T: Copy, U>(x: [T; LANES], f: impl Fn(T) -> U) -> [U; LANES] {
    from_fn(|i| f(x[i]))
}

#[inline(always)]
fn zip<T: Copy, U>(x: [T; LANES], y: [T; LANES], f: impl Fn(T, T) -> U) -> [U; LANES] {
    from_fn(|i| f(x[i], y[i]))
}

impl Simd for Portable {
    const LANES: usize = LANES;
    const LEVEL: Level = Level::Portable;
    const FUSED: bool = false;

    type F64 = F64;
    type F32 = F32;
    type I64 = I64;
    type Mask = Mask;

    #[inline(always)]
    fn splat(self, x: f64) -> F64 {
        [x; LANES]
    }
    #[inline(always)]
    fn load(self, from: &[f64]) -> F64 {
        from_fn(|i| from[i])
    }
    #[inline(always)]
    fn store(self, x: F64, to: &mut [f64]) {
        to[..LANES].copy_from_slice(&x);
    }
    #[inline(always)]
    fn load_f32(self, from: &[f32]) -> F32 {
        from_fn(|i| from[i])
    }
    #[inline(always)]
    fn store_f32(self, x: F32, to: &mut [f32]) {
        to[..LANES].copy_from_slice(&x);
    }
    #[inline(always)]
    fn widen(self, x: F32) -> F64 {
        map(x, f64::from)
    }
    #[inline(always)]
    fn narrow(self, x: F64) -> F32 {
        map(x, |x| x as f32)
    }
    #[inline(always)]
    fn same_f32(self, x: F32, y: F32) -> Mask {
        zip(x, y, |x, y| x.to_bits() == y.to_bits())
    }
    #[inline(always)]
    fn gather_unlike(self, so_far: F32, x: F32, y: F32) -> F32 {
        from_fn(|i| f32::from_bits(so_far[i].to_bits() | (x[i].to_bits() ^ y[i].to_bits())))
    }
    #[inline(always)]
    fn any_bit(self, x: F32) -> bool {
        x.iter().fold(0, |bits, x| bits | x.to_bits()) != 0
    }

    #[inline(always)]
    fn add(self, x: F64, y: F64) -> F64 {
        zip(x, y, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, x: F64, y: F64) -> F64 {
        zip(x, y, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, x: F64, y: F64) -> F64 {
        zip(x, y, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, x: F64, y: F64) -> F64 {
        zip(x, y, |x, y| x / y)
    }
    #[inline(always)]
    fn sqrt(self, x: F64) -> F64 {
        map(x, f64::sqrt)
    }
    #[inline(always)]
    fn fma(self, x: F64, y: F64, z: F64) -> F64 {
        from_fn(|i| x[i] * y[i] + z[i])
    }
    #[inline(always)]
    fn min(self, x: F64, y: F64) -> F64 {
        zip(x, y, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn max(self, x: F64, y: F64) -> F64 {
        zip(x, y, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn neg(self, x: F64) -> F64 {
        map(x, |x| -x)
    }
    #[inline(always)]
    fn abs(self, x: F64) -> F64 {
        map(x, f64::abs)
    }
    #[inline(always)]
    fn copysign(self, x: F64, y: F64) -> F64 {
        zip(x, y, f64::copysign)
    }
    #[inline(always)]
    fn round(self, x: F64) -> F64 {
        map(x, |x| (x + SHIFT) - SHIFT)
    }

    #[inline(always)]
    fn lt(self, x: F64, y: F64) -> Mask {
        zip(x, y, |x, y| x < y)
    }
    #[inline(always)]
    fn le(self, x: F64, y: F64) -> Mask {
        zip(x, y, |x, y| x <= y)
    }
    #[inline(always)]
    fn eq(self, x: F64, y: F64) -> Mask {
        zip(x, y, |x, y| x == y)
    }
    #[inline(always)]
    fn is_nan(self, x: F64) -> Mask {
        map(x, f64::is_nan)
    }
    #[inline(always)]
    fn and_mask(self, x: Mask, y: Mask) -> Mask {
        zip(x, y, |x, y| x & y)
    }
    #[inline(always)]
    fn or_mask(self, x: Mask, y: Mask) -> Mask {
        zip(x, y, |x, y| x | y)
    }
    #[inline(always)]
    fn not_mask(self, x: Mask) -> Mask {
        map(x, |x| !x)
    }
    #[inline(always)]
    fn select(self, mask: Mask, x: F64, y: F64) -> F64 {
        from_fn(|i| if mask[i] { x[i] } else { y[i] })
    }
    #[inline(always)]
    fn bitmask(self, mask: Mask) -> u32 {
        mask.iter().enumerate().map(|(i, &m)| u32::from(m) << i).sum()
    }

    #[inline(always)]
    fn splat_i64(self, x: i64) -> I64 {
        [x; LANES]
    }
    #[inline(always)]
    fn bits(self, x: F64) -> I64 {
        map(x, |x| x.to_bits() as i64)
    }
    #[inline(always)]
    fn from_bits(self, x: I64) -> F64 {
        map(x, |x| f64::from_bits(x as u64))
    }
    #[inline(always)]
    fn from_i64(self, x: I64) -> F64 {
        map(x, |x| f64::from_bits((x + SHIFT.to_bits() as i64) as u64) - SHIFT)
    }
    #[inline(always)]
    fn add_i64(self, x: I64, y: I64) -> I64 {
        zip(x, y, i64::wrapping_add)
    }
    #[inline(always)]
    fn sub_i64(self, x: I64, y: I64) -> I64 {
        zip(x, y, i64::wrapping_sub)
    }
    #[inline(always)]
    fn and_i64(self, x: I64, y: I64) -> I64 {
        zip(x, y, |x, y| x & y)
    }
    #[inline(always)]
    fn or_i64(self, x: I64, y: I64) -> I64 {
        zip(x, y, |x, y| x | y)
    }
    #[inline(always)]
    fn xor_i64(self, x: I64, y: I64) -> I64 {
        zip(x, y, |x, y| x ^ y)
    }
    #[inline(always)]
    fn shl_i64<const N: u32>(self, x: I64) -> I64 {
        map(x, |x| x << N)
    }
    #[inline(always)]
    fn shr_i64<const N: u32>(self, x: I64) -> I64 {
        map(x, |x| (x as u64 >> N) as i64)
    }
}
