//! AVX2 and FMA: four lanes.
//!
//! Every block below is `unsafe` for one reason: it calls an intrinsic of AVX, AVX2 or FMA. An [`Avx2`] is made by
//! [`run`] alone, whose caller has found those on the machine.

#![allow(clippy::undocumented_unsafe_blocks, reason = "see above: one reason for all")]

use std::arch::x86_64::*;

use super::{Kernel, Level, SHIFT, Simd};

/// Proof that the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx2(());

/// # Safety
/// The machine has AVX2, FMA, BMI2, LZCNT and POPCNT.
#[target_feature(enable = "avx2,fma,bmi2,lzcnt,popcnt")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2(()))
}

impl Simd for Avx2 {
    const LANES: usize = 4;
    const LEVEL: Level = Level::Avx2;
    const FUSED: bool = true;

    type F64 = __m256d;
    type F32 = __m128;
    type I64 = __m256i;
    type Mask = __m256d;

    #[inline(always)]
    fn splat(self, x: f64) -> __m256d {
        unsafe { _mm256_set1_pd(x) }
    }
    #[inline(always)]
    fn load(self, from: &[f64]) -> __m256d {
        let from = &from[..4];
        unsafe { _mm256_loadu_pd(from.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, x: __m256d, to: &mut [f64]) {
        let to = &mut to[..4];
        unsafe { _mm256_storeu_pd(to.as_mut_ptr(), x) }
    }
    #[inline(always)]
    fn load_f32(self, from: &[f32]) -> __m128 {
        let from = &from[..4];
        unsafe { _mm_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn store_f32(self, x: __m128, to: &mut [f32]) {
        let to = &mut to[..4];
        unsafe { _mm_storeu_ps(to.as_mut_ptr(), x) }
    }
    #[inline(always)]
    fn widen(self, x: __m128) -> __m256d {
        unsafe { _mm256_cvtps_pd(x) }
    }
    #[inline(always)]
    fn narrow(self, x: __m256d) -> __m128 {
        unsafe { _mm256_cvtpd_ps(x) }
    }
    #[inline(always)]
    fn same_f32(self, x: __m128, y: __m128) -> __m256d {
        unsafe {
            let same = _mm_cmpeq_epi32(_mm_castps_si128(x), _mm_castps_si128(y));
            _mm256_castsi256_pd(_mm256_cvtepi32_epi64(same))
        }
    }
    #[inline(always)]
    fn gather_unlike(self, so_far: __m128, x: __m128, y: __m128) -> __m128 {
        unsafe { _mm_or_ps(so_far, _mm_xor_ps(x, y)) }
    }
    #[inline(always)]
    fn any_bit(self, x: __m128) -> bool {
        unsafe { _mm_testz_si128(_mm_castps_si128(x), _mm_castps_si128(x)) == 0 }
    }

    #[inline(always)]
    fn add(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_add_pd(x, y) }
    }
    #[inline(always)]
    fn sub(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_sub_pd(x, y) }
    }
    #[inline(always)]
    fn mul(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_mul_pd(x, y) }
    }
    #[inline(always)]
    fn div(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_div_pd(x, y) }
    }
    #[inline(always)]
    fn sqrt(self, x: __m256d) -> __m256d {
        unsafe { _mm256_sqrt_pd(x) }
    }
    #[inline(always)]
    fn fma(self, x: __m256d, y: __m256d, z: __m256d) -> __m256d {
        unsafe { _mm256_fmadd_pd(x, y, z) }
    }
    #[inline(always)]
    fn min(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_min_pd(x, y) }
    }
    #[inline(always)]
    fn max(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_max_pd(x, y) }
    }
    #[inline(always)]
    fn neg(self, x: __m256d) -> __m256d {
        unsafe { _mm256_xor_pd(x, _mm256_set1_pd(-0.0)) }
    }
    #[inline(always)]
    fn abs(self, x: __m256d) -> __m256d {
        unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), x) }
    }
    #[inline(always)]
    fn copysign(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_or_pd(self.abs(x), _mm256_and_pd(y, _mm256_set1_pd(-0.0))) }
    }
    #[inline(always)]
    fn round(self, x: __m256d) -> __m256d {
        unsafe { _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x) }
    }

    #[inline(always)]
    fn lt(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_LT_OQ>(x, y) }
    }
    #[inline(always)]
    fn le(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_LE_OQ>(x, y) }
    }
    #[inline(always)]
    fn eq(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_EQ_OQ>(x, y) }
    }
    #[inline(always)]
    fn is_nan(self, x: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_UNORD_Q>(x, x) }
    }
    #[inline(always)]
    fn and_mask(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_and_pd(x, y) }
    }
    #[inline(always)]
    fn or_mask(self, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_or_pd(x, y) }
    }
    #[inline(always)]
    fn not_mask(self, x: __m256d) -> __m256d {
        unsafe { _mm256_xor_pd(x, _mm256_castsi256_pd(_mm256_set1_epi64x(-1))) }
    }
    #[inline(always)]
    fn select(self, mask: __m256d, x: __m256d, y: __m256d) -> __m256d {
        unsafe { _mm256_blendv_pd(y, x, mask) }
    }
    #[inline(always)]
    fn bitmask(self, mask: __m256d) -> u32 {
        unsafe { _mm256_movemask_pd(mask) as u32 }
    }

    #[inline(always)]
    fn splat_i64(self, x: i64) -> __m256i {
        unsafe { _mm256_set1_epi64x(x) }
    }
    #[inline(always)]
    fn bits(self, x: __m256d) -> __m256i {
        unsafe { _mm256_castpd_si256(x) }
    }
    #[inline(always)]
    fn from_bits(self, x: __m256i) -> __m256d {
        unsafe { _mm256_castsi256_pd(x) }
    }
    #[inline(always)]
    fn from_i64(self, x: __m256i) -> __m256d {
        let shift = self.splat(SHIFT);
        self.sub(self.from_bits(self.add_i64(x, self.bits(shift))), shift)
    }
    #[inline(always)]
    fn add_i64(self, x: __m256i, y: __m256i) -> __m256i {
        unsafe { _mm256_add_epi64(x, y) }
    }
    #[inline(always)]
    fn sub_i64(self, x: __m256i, y: __m256i) -> __m256i {
        unsafe { _mm256_sub_epi64(x, y) }
    }
    #[inline(always)]
    fn and_i64(self, x: __m256i, y: __m256i) -> __m256i {
        unsafe { _mm256_and_si256(x, y) }
    }
    #[inline(always)]
    fn or_i64(self, x: __m256i, y: __m256i) -> __m256i {
        unsafe { _mm256_or_si256(x, y) }
    }
    #[inline(always)]
    fn xor_i64(self, x: __m256i, y: __m256i) -> __m256i {
        unsafe { _mm256_xor_si256(x, y) }
    }
    #[inline(always)]
    fn shl_i64<const N: u32>(self, x: __m256i) -> __m256i {
        unsafe { _mm256_sllv_epi64(x, _mm256_set1_epi64x(i64::from(N))) }
    }
    #[inline(always)]
    fn shr_i64<const N: u32>(self, x: __m256i) -> __m256i {
        unsafe { _mm256_srlv_epi64(x, _mm256_set1_epi64x(i64::from(N))) }
    }
    /// Pairs of rows are interleaved, then pairs of pairs.
    #[inline(always)]
    fn turn(self, from: &[f32], stride: usize, to: &mut [f64], step: usize) {
        let row = |i: usize| self.load_f32(&from[stride * i..]);
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        unsafe {
            let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
            self.store(self.widen(_mm_movelh_ps(ab, cd)), to);
            self.store(self.widen(_mm_movehl_ps(cd, ab)), &mut to[step..]);
            self.store(self.widen(_mm_movelh_ps(ab_high, cd_high)), &mut to[2 * step..]);
            self.store(self.widen(_mm_movehl_ps(cd_high, ab_high)), &mut to[3 * step..]);
        }
    }

    /// A hint, which reads nothing: any address will do.
    #[inline(always)]
    fn prefetch(self, from: &[f64], ahead: usize) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.as_ptr().wrapping_add(ahead).cast()) }
    }
}
