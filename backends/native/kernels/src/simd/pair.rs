//! Two vectors as one: their operations alternate, so that the latency of one is hidden behind the other.
//!
//! A processor does this by itself only as far as it looks ahead, which is less than a long formula. A pair of pairs
//! is four vectors: exp takes 0.30 ns an element by four at the AVX-512 level of a Zen 5, 0.37 by two and 0.45 by one.
//! No closures in kernels that are run so: they are not sure to be inlined.

use super::{Level, Simd};

/// Two vectors of `S` as one.
#[derive(Clone, Copy)]
pub struct Pair<S>(pub S);

macro_rules! both {
    ($($name:ident($($x:ident: $of:ident),*) -> $result:ident;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($x: Self::$of),*) -> Self::$result {
                (self.0.$name($($x.0),*), self.0.$name($($x.1),*))
            }
        )*
    };
}

impl<S: Simd> Simd for Pair<S> {
    const LANES: usize = 2 * S::LANES;
    const LEVEL: Level = S::LEVEL;
    const FUSED: bool = S::FUSED;

    type F64 = (S::F64, S::F64);
    type F32 = (S::F32, S::F32);
    type I64 = (S::I64, S::I64);
    type Mask = (S::Mask, S::Mask);

    #[inline(always)]
    fn splat(self, x: f64) -> Self::F64 {
        (self.0.splat(x), self.0.splat(x))
    }
    #[inline(always)]
    fn load(self, from: &[f64]) -> Self::F64 {
        let (first, second) = from[..Self::LANES].split_at(S::LANES);
        (self.0.load(first), self.0.load(second))
    }
    #[inline(always)]
    fn store(self, x: Self::F64, to: &mut [f64]) {
        let (first, second) = to[..Self::LANES].split_at_mut(S::LANES);
        self.0.store(x.0, first);
        self.0.store(x.1, second);
    }
    #[inline(always)]
    fn load_f32(self, from: &[f32]) -> Self::F32 {
        let (first, second) = from[..Self::LANES].split_at(S::LANES);
        (self.0.load_f32(first), self.0.load_f32(second))
    }
    #[inline(always)]
    fn store_f32(self, x: Self::F32, to: &mut [f32]) {
        let (first, second) = to[..Self::LANES].split_at_mut(S::LANES);
        self.0.store_f32(x.0, first);
        self.0.store_f32(x.1, second);
    }
    #[inline(always)]
    fn any_bit(self, x: Self::F32) -> bool {
        self.0.any_bit(x.0) | self.0.any_bit(x.1)
    }
    #[inline(always)]
    fn bitmask(self, mask: Self::Mask) -> u32 {
        self.0.bitmask(mask.0) | self.0.bitmask(mask.1) << S::LANES
    }
    #[inline(always)]
    fn splat_i64(self, x: i64) -> Self::I64 {
        (self.0.splat_i64(x), self.0.splat_i64(x))
    }
    #[inline(always)]
    fn shl_i64<const N: u32>(self, x: Self::I64) -> Self::I64 {
        (self.0.shl_i64::<N>(x.0), self.0.shl_i64::<N>(x.1))
    }
    #[inline(always)]
    fn shr_i64<const N: u32>(self, x: Self::I64) -> Self::I64 {
        (self.0.shr_i64::<N>(x.0), self.0.shr_i64::<N>(x.1))
    }
    #[inline(always)]
    fn split(self, x: Self::F64) -> (Self::F64, Self::F64) {
        let (first, second) = (self.0.split(x.0), self.0.split(x.1));
        ((first.0, second.0), (first.1, second.1))
    }

    both! {
        widen(x: F32) -> F64;
        narrow(x: F64) -> F32;
        same_f32(x: F32, y: F32) -> Mask;
        gather_unlike(so_far: F32, x: F32, y: F32) -> F32;
        add(x: F64, y: F64) -> F64;
        sub(x: F64, y: F64) -> F64;
        mul(x: F64, y: F64) -> F64;
        div(x: F64, y: F64) -> F64;
        sqrt(x: F64) -> F64;
        fma(x: F64, y: F64, z: F64) -> F64;
        min(x: F64, y: F64) -> F64;
        max(x: F64, y: F64) -> F64;
        neg(x: F64) -> F64;
        abs(x: F64) -> F64;
        copysign(x: F64, y: F64) -> F64;
        round(x: F64) -> F64;
        lt(x: F64, y: F64) -> Mask;
        le(x: F64, y: F64) -> Mask;
        eq(x: F64, y: F64) -> Mask;
        is_nan(x: F64) -> Mask;
        and_mask(x: Mask, y: Mask) -> Mask;
        or_mask(x: Mask, y: Mask) -> Mask;
        not_mask(x: Mask) -> Mask;
        select(mask: Mask, x: F64, y: F64) -> F64;
        bits(x: F64) -> I64;
        from_bits(x: I64) -> F64;
        from_i64(x: I64) -> F64;
        add_i64(x: I64, y: I64) -> I64;
        sub_i64(x: I64, y: I64) -> I64;
        and_i64(x: I64, y: I64) -> I64;
        or_i64(x: I64, y: I64) -> I64;
        xor_i64(x: I64, y: I64) -> I64;
        raise(x: F64, n: F64) -> F64;
    }
}
