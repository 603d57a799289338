//! AVX-512: eight lanes.
//!
//! Every block below is `unsafe` for one reason: it calls an intrinsic of AVX-512 F, DQ, BW or VL, or of FMA. An
//! [`Avx512`] is made by [`run`] alone, whose caller has found those on the machine.

#![allow(clippy::undocumented_unsafe_blocks, reason = "see above: one reason for all")]

use std::arch::x86_64::*;

use super::{Kernel, Level, Simd};

/// Proof that the machine has the instructions.
#[derive(Clone, Copy)]
pub struct Avx512(());

/// # Safety
/// The machine has AVX-512 F, DQ, BW, VL, AVX2, FMA, BMI2, LZCNT and POPCNT.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi2,lzcnt,popcnt")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

impl Simd for Avx512 {
    const LANES: usize = 8;
    const LEVEL: Level = Level::Avx512;
    const FUSED: bool = true;

    type F64 = __m512d;
    type F32 = __m256;
    type I64 = __m512i;
    type Mask = __mmask8;

    #[inline(always)]
    fn splat(self, x: f64) -> __m512d {
        unsafe { _mm512_set1_pd(x) }
    }
    #[inline(always)]
    fn load(self, from: &[f64]) -> __m512d {
        let from = &from[..8];
        unsafe { _mm512_loadu_pd(from.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, x: __m512d, to: &mut [f64]) {
        let to = &mut to[..8];
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), x) }
    }
    #[inline(always)]
    fn load_f32(self, from: &[f32]) -> __m256 {
        let from = &from[..8];
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn store_f32(self, x: __m256, to: &mut [f32]) {
        let to = &mut to[..8];
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), x) }
    }
    #[inline(always)]
    fn widen(self, x: __m256) -> __m512d {
        unsafe { _mm512_cvtps_pd(x) }
    }
    #[inline(always)]
    fn narrow(self, x: __m512d) -> __m256 {
        unsafe { _mm512_cvtpd_ps(x) }
    }
    #[inline(always)]
    fn same_f32(self, x: __m256, y: __m256) -> __mmask8 {
        unsafe { _mm256_cmpeq_epi32_mask(_mm256_castps_si256(x), _mm256_castps_si256(y)) }
    }
    #[inline(always)]
    fn gather_unlike(self, so_far: __m256, x: __m256, y: __m256) -> __m256 {
        unsafe { _mm256_or_ps(so_far, _mm256_xor_ps(x, y)) }
    }
    #[inline(always)]
    fn any_bit(self, x: __m256) -> bool {
        unsafe { _mm256_testz_si256(_mm256_castps_si256(x), _mm256_castps_si256(x)) == 0 }
    }

    #[inline(always)]
    fn add(self, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_add_pd(x, y) }
    }
    #[inline(always)]
    fn sub(self, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_sub_pd(x, y) }
    }
    #[inline(always)]
    fn mul(self, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_mul_pd(x, y) }
    }
    #[inline(always)]
    fn div(self, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_div_pd(x, y) }
    }
    #[inline(always)]
    fn sqrt(self, x: __m512d) -> __m512d {
        unsafe { _mm512_sqrt_pd(x) }
    }
    #[inline(always)]
    fn fma(self, x: __m512d, y: __m512d, z: __m512d) -> __m512d {
        unsafe { _mm512_fmadd_pd(x, y, z) }
    }
    #[inline(always)]
    fn min(self, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_min_pd(x, y) }
    }
    #[inline(always)]
    fn max(self, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_max_pd(x, y) }
    }
    #[inline(always)]
    fn neg(self, x: __m512d) -> __m512d {
        unsafe { _mm512_xor_pd(x, _mm512_set1_pd(-0.0)) }
    }
    #[inline(always)]
    fn abs(self, x: __m512d) -> __m512d {
        unsafe { _mm512_andnot_pd(_mm512_set1_pd(-0.0), x) }
    }
    #[inline(always)]
    fn copysign(self, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_or_pd(self.abs(x), _mm512_and_pd(y, _mm512_set1_pd(-0.0))) }
    }
    #[inline(always)]
    fn round(self, x: __m512d) -> __m512d {
        unsafe { _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x) }
    }

    #[inline(always)]
    fn lt(self, x: __m512d, y: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(x, y) }
    }
    #[inline(always)]
    fn le(self, x: __m512d, y: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_LE_OQ>(x, y) }
    }
    #[inline(always)]
    fn eq(self, x: __m512d, y: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(x, y) }
    }
    #[inline(always)]
    fn is_nan(self, x: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(x, x) }
    }
    #[inline(always)]
    fn and_mask(self, x: __mmask8, y: __mmask8) -> __mmask8 {
        x & y
    }
    #[inline(always)]
    fn or_mask(self, x: __mmask8, y: __mmask8) -> __mmask8 {
        x | y
    }
    #[inline(always)]
    fn not_mask(self, x: __mmask8) -> __mmask8 {
        !x
    }
    #[inline(always)]
    fn select(self, mask: __mmask8, x: __m512d, y: __m512d) -> __m512d {
        unsafe { _mm512_mask_blend_pd(mask, y, x) }
    }
    #[inline(always)]
    fn bitmask(self, mask: __mmask8) -> u32 {
        u32::from(mask)
    }

    #[inline(always)]
    fn splat_i64(self, x: i64) -> __m512i {
        unsafe { _mm512_set1_epi64(x) }
    }
    #[inline(always)]
    fn bits(self, x: __m512d) -> __m512i {
        unsafe { _mm512_castpd_si512(x) }
    }
    #[inline(always)]
    fn from_bits(self, x: __m512i) -> __m512d {
        unsafe { _mm512_castsi512_pd(x) }
    }
    #[inline(always)]
    fn from_i64(self, x: __m512i) -> __m512d {
        unsafe { _mm512_cvtepi64_pd(x) }
    }
    #[inline(always)]
    fn add_i64(self, x: __m512i, y: __m512i) -> __m512i {
        unsafe { _mm512_add_epi64(x, y) }
    }
    #[inline(always)]
    fn sub_i64(self, x: __m512i, y: __m512i) -> __m512i {
        unsafe { _mm512_sub_epi64(x, y) }
    }
    #[inline(always)]
    fn and_i64(self, x: __m512i, y: __m512i) -> __m512i {
        unsafe { _mm512_and_si512(x, y) }
    }
    #[inline(always)]
    fn or_i64(self, x: __m512i, y: __m512i) -> __m512i {
        unsafe { _mm512_or_si512(x, y) }
    }
    #[inline(always)]
    fn xor_i64(self, x: __m512i, y: __m512i) -> __m512i {
        unsafe { _mm512_xor_si512(x, y) }
    }
    #[inline(always)]
    fn shl_i64<const N: u32>(self, x: __m512i) -> __m512i {
        unsafe { _mm512_slli_epi64::<N>(x) }
    }
    #[inline(always)]
    fn shr_i64<const N: u32>(self, x: __m512i) -> __m512i {
        unsafe { _mm512_srli_epi64::<N>(x) }
    }

    #[inline(always)]
    fn split(self, x: __m512d) -> (__m512d, __m512d) {
        // Of an infinite x the difference is 0, and so n infinite.
        let rest = unsafe { _mm512_reduce_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x) };
        (self.sub(x, rest), rest)
    }
    #[inline(always)]
    fn raise(self, x: __m512d, n: __m512d) -> __m512d {
        unsafe { _mm512_scalef_pd(x, n) }
    }

    /// Pairs of rows are interleaved, then pairs of pairs, each in both halves of the vectors; then halves are joined.
    #[inline(always)]
    fn turn(self, from: &[f32], stride: usize, to: &mut [f64], step: usize) {
        let row = |i: usize| self.load_f32(&from[stride * i..]);
        let (a, b, c, d, e, f, g, h) = (row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7));
        let columns = unsafe {
            let (ab, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (cd, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            let (ef, ef_high) = (_mm256_unpacklo_ps(e, f), _mm256_unpackhi_ps(e, f));
            let (gh, gh_high) = (_mm256_unpacklo_ps(g, h), _mm256_unpackhi_ps(g, h));
            let (first, fifth) = (_mm256_shuffle_ps::<0x44>(ab, cd), _mm256_shuffle_ps::<0x44>(ef, gh));
            let (second, sixth) = (_mm256_shuffle_ps::<0xee>(ab, cd), _mm256_shuffle_ps::<0xee>(ef, gh));
            let (third, seventh) =
                (_mm256_shuffle_ps::<0x44>(ab_high, cd_high), _mm256_shuffle_ps::<0x44>(ef_high, gh_high));
            let (fourth, eighth) =
                (_mm256_shuffle_ps::<0xee>(ab_high, cd_high), _mm256_shuffle_ps::<0xee>(ef_high, gh_high));
            [
                _mm256_permute2f128_ps::<0x20>(first, fifth),
                _mm256_permute2f128_ps::<0x20>(second, sixth),
                _mm256_permute2f128_ps::<0x20>(third, seventh),
                _mm256_permute2f128_ps::<0x20>(fourth, eighth),
                _mm256_permute2f128_ps::<0x31>(first, fifth),
                _mm256_permute2f128_ps::<0x31>(second, sixth),
                _mm256_permute2f128_ps::<0x31>(third, seventh),
                _mm256_permute2f128_ps::<0x31>(fourth, eighth),
            ]
        };
        let mut i = 0;
        while i < 8 {
            self.store(self.widen(columns[i]), &mut to[step * i..]);
            i += 1;
        }
    }

    /// A hint, which reads nothing: any address will do.
    #[inline(always)]
    fn prefetch(self, from: &[f64], ahead: usize) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.as_ptr().wrapping_add(ahead).cast()) }
    }
}
