//! Vectors of binary64 lanes, at three levels: AVX-512, AVX2 with FMA, and portable Rust.
//!
//! A kernel is written once over [`Simd`] and run at the level of the machine by [`dispatch`]. Levels differ in width
//! and in whether [`Simd::fma`] rounds once or twice; a formula's error bound holds for both, and so the rounded result
//! is the same. `RCMLRS_NATIVE_LEVEL` (`avx512`, `avx2`, `portable`) chooses a lower one than the machine has.
//!
//! Everything here is `#[inline(always)]`: a kernel's whole body must end up in the one function of its level that has
//! the instructions enabled.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod pair;
mod portable;

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

pub use pair::Pair;

/// The environment variable that chooses a level.
pub const VARIABLE: &str = "RCMLRS_NATIVE_LEVEL";

/// Which instructions the kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Whatever the compiler makes of plain Rust on the oldest machine of this architecture.
    Portable = 1,
    /// AVX2 and FMA: four lanes.
    Avx2 = 2,
    /// AVX-512 F, DQ, BW, VL: eight lanes.
    Avx512 = 3,
}

impl Level {
    /// All of them, the fastest first.
    pub const ALL: [Level; 3] = [Level::Avx512, Level::Avx2, Level::Portable];

    /// The fastest that this machine has.
    pub fn best() -> Level {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") && has!("bmi2") && has!("lzcnt") && has!("popcnt") {
                if has!("avx512f") && has!("avx512dq") && has!("avx512bw") && has!("avx512vl") {
                    return Level::Avx512;
                }
                return Level::Avx2;
            }
        }
        Level::Portable
    }

    /// The level that kernels run at: the best, or what the environment variable or [`Level::set`] chose.
    #[inline]
    pub fn current() -> Level {
        match CURRENT.load(Ordering::Relaxed) {
            1 => Level::Portable,
            2 => Level::Avx2,
            3 => Level::Avx512,
            _ => Level::find(),
        }
    }

    #[cold]
    fn find() -> Level {
        let level = Level::chosen().ok().flatten().unwrap_or(Level::best());
        CURRENT.store(level as u8, Ordering::Relaxed);
        level
    }

    /// What the environment variable chooses, or why that cannot be.
    pub fn chosen() -> Result<Option<Level>, String> {
        let Ok(text) = std::env::var(VARIABLE) else { return Ok(None) };
        if text.is_empty() {
            return Ok(None);
        }
        let level: Level = text.parse()?;
        if level > Level::best() {
            return Err(format!("{VARIABLE}={text}: this machine has no more than {}", Level::best()));
        }
        Ok(Some(level))
    }

    /// Run kernels at this level from now on; one that the machine does not have is refused.
    pub fn set(self) -> Result<(), String> {
        if self > Level::best() {
            return Err(format!("{self}: this machine has no more than {}", Level::best()));
        }
        CURRENT.store(self as u8, Ordering::Relaxed);
        Ok(())
    }
}

static CURRENT: AtomicU8 = AtomicU8::new(0);

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        })
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        let found = Level::ALL.into_iter().find(|level| level.to_string() == text);
        found.ok_or_else(|| format!("{VARIABLE}={text}: the levels are avx512, avx2 and portable"))
    }
}

/// Room for the lanes of a vector of any level.
pub const MOST_LANES: usize = 8;

/// 1.5 * 2^52: a number below 2^51 in magnitude that is added to it has its integer in the last bits.
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// Work that is written once for all levels.
pub trait Kernel {
    /// What it returns.
    type Output;

    /// The work. Mark it, and all that it calls with `s`, `#[inline(always)]`.
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

/// Run a kernel at the current level.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: a level is current only if `Level::best` has found its instructions on this machine.
    unsafe { run_at(Level::current(), kernel) }
}

/// Run a kernel at a level that was read before: work in several parts whose layout depends on the level keeps to one,
/// whatever is set meanwhile.
#[inline]
pub fn dispatch_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    assert!(level <= Level::best(), "{level}: this machine has no more than {}", Level::best());
    // SAFETY: `Level::best` has found its instructions on this machine.
    unsafe { run_at(level, kernel) }
}

/// # Safety
/// The machine has the instructions of the level.
#[inline]
unsafe fn run_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: by this function's contract.
        Level::Avx512 => unsafe { avx512::run(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: likewise.
        Level::Avx2 => unsafe { avx2::run(kernel) },
        _ => portable::run(kernel),
    }
}

/// The operations on vectors. A value of an implementing type exists only where its instructions do.
///
/// `F64` has `LANES` lanes of binary64, and `F32` as many of binary32; `I64` holds 64-bit integers or the bits of an
/// `F64`; `Mask` holds a truth value for each lane.
#[allow(missing_docs, reason = "the names are those of f64's methods and of IEEE 754")]
#[allow(clippy::wrong_self_convention, reason = "the self of an operation on vectors is the level")]
pub trait Simd: Copy + Send + Sync {
    const LANES: usize;
    const LEVEL: Level;
    /// Whether `fma` rounds once.
    const FUSED: bool;

    type F64: Copy;
    type F32: Copy;
    type I64: Copy;
    type Mask: Copy;

    // ------------------------------------------------------------------------------------------ memory

    fn splat(self, x: f64) -> Self::F64;
    /// The first `LANES` elements.
    fn load(self, from: &[f64]) -> Self::F64;
    fn store(self, x: Self::F64, to: &mut [f64]);
    fn load_f32(self, from: &[f32]) -> Self::F32;
    fn store_f32(self, x: Self::F32, to: &mut [f32]);
    /// Exact.
    fn widen(self, x: Self::F32) -> Self::F64;
    /// RN.
    fn narrow(self, x: Self::F64) -> Self::F32;
    /// Where both have the same bits.
    fn same_f32(self, x: Self::F32, y: Self::F32) -> Self::Mask;
    /// `so_far`, and the bits in which `x` and `y` differ.
    fn gather_unlike(self, so_far: Self::F32, x: Self::F32, y: Self::F32) -> Self::F32;
    /// Whether any bit is set.
    fn any_bit(self, x: Self::F32) -> bool;

    // -------------------------------------------------------------------------------------- arithmetic

    fn add(self, x: Self::F64, y: Self::F64) -> Self::F64;
    fn sub(self, x: Self::F64, y: Self::F64) -> Self::F64;
    fn mul(self, x: Self::F64, y: Self::F64) -> Self::F64;
    fn div(self, x: Self::F64, y: Self::F64) -> Self::F64;
    fn sqrt(self, x: Self::F64) -> Self::F64;
    /// `x * y + z`, rounded once where `FUSED`, else twice: a bound must hold for both.
    fn fma(self, x: Self::F64, y: Self::F64, z: Self::F64) -> Self::F64;
    /// The smaller; `y` where either is NaN or both are zeros.
    fn min(self, x: Self::F64, y: Self::F64) -> Self::F64;
    /// The larger; `y` where either is NaN or both are zeros.
    fn max(self, x: Self::F64, y: Self::F64) -> Self::F64;
    fn neg(self, x: Self::F64) -> Self::F64;
    fn abs(self, x: Self::F64) -> Self::F64;
    /// The magnitude of `x` with the sign of `y`.
    fn copysign(self, x: Self::F64, y: Self::F64) -> Self::F64;
    /// To the nearest integer, ties to even, for `|x| < 2^51`.
    fn round(self, x: Self::F64) -> Self::F64;

    // ------------------------------------------------------------------------------------ comparisons

    fn lt(self, x: Self::F64, y: Self::F64) -> Self::Mask;
    fn le(self, x: Self::F64, y: Self::F64) -> Self::Mask;
    fn eq(self, x: Self::F64, y: Self::F64) -> Self::Mask;
    fn is_nan(self, x: Self::F64) -> Self::Mask;
    fn and_mask(self, x: Self::Mask, y: Self::Mask) -> Self::Mask;
    fn or_mask(self, x: Self::Mask, y: Self::Mask) -> Self::Mask;
    fn not_mask(self, x: Self::Mask) -> Self::Mask;
    /// `x` where the mask is true, else `y`.
    fn select(self, mask: Self::Mask, x: Self::F64, y: Self::F64) -> Self::F64;
    /// A bit for each lane, the first lane's the lowest.
    fn bitmask(self, mask: Self::Mask) -> u32;

    // ------------------------------------------------------------------------------------------- bits

    fn splat_i64(self, x: i64) -> Self::I64;
    fn bits(self, x: Self::F64) -> Self::I64;
    fn from_bits(self, x: Self::I64) -> Self::F64;
    /// Exact for `|x| < 2^51`.
    fn from_i64(self, x: Self::I64) -> Self::F64;
    fn add_i64(self, x: Self::I64, y: Self::I64) -> Self::I64;
    fn sub_i64(self, x: Self::I64, y: Self::I64) -> Self::I64;
    fn and_i64(self, x: Self::I64, y: Self::I64) -> Self::I64;
    fn or_i64(self, x: Self::I64, y: Self::I64) -> Self::I64;
    fn xor_i64(self, x: Self::I64, y: Self::I64) -> Self::I64;
    fn shl_i64<const N: u32>(self, x: Self::I64) -> Self::I64;
    /// Zeros come in from above.
    fn shr_i64<const N: u32>(self, x: Self::I64) -> Self::I64;

    // --------------------------------------------------------------------------------------- provided

    /// Say that the line of the cache which is `ahead` numbers from the first one will be read, if it exists.
    #[inline(always)]
    fn prefetch(self, from: &[f64], ahead: usize) {
        let _ = (from, ahead);
    }

    /// `LANES` rows of `LANES` numbers each, `stride` apart, become columns: `to[step * j + i] = from[stride * i + j]`.
    #[inline(always)]
    fn turn(self, from: &[f32], stride: usize, to: &mut [f64], step: usize) {
        for j in 0..Self::LANES {
            let to = &mut to[step * j..][..Self::LANES];
            for (i, to) in to.iter_mut().enumerate() {
                *to = f64::from(from[stride * i + j]);
            }
        }
    }

    /// The integer n nearest to `x`, in a form for [`Simd::raise`], and `x - n`, which is exact.
    ///
    /// Any x will do; what is outside of [-1021, 1023] may count as that end.
    #[inline(always)]
    fn split(self, x: Self::F64) -> (Self::F64, Self::F64) {
        let x = self.max(self.splat(-1021.0), self.min(self.splat(1023.0), x));
        let shifted = self.add(x, self.splat(SHIFT));
        (shifted, self.sub(x, self.sub(shifted, self.splat(SHIFT))))
    }

    /// `x * 2^n` for the n of [`Simd::split`] and x in [1/2, 2): infinite, subnormal or 0 where it says so. NaN of
    /// whatever comes from binary32 stays NaN.
    #[inline(always)]
    fn raise(self, x: Self::F64, n: Self::F64) -> Self::F64 {
        // The last bits of `n` are the integer, and zeros in such a NaN.
        self.from_bits(self.add_i64(self.bits(x), self.shl_i64::<52>(self.bits(n))))
    }

    /// The rounded sum and its exact error (Knuth, The Art of Computer Programming 2, 4.2.2).
    #[inline(always)]
    fn two_sum(self, x: Self::F64, y: Self::F64) -> (Self::F64, Self::F64) {
        let sum = self.add(x, y);
        let of_y = self.sub(sum, x);
        let error = self.add(self.sub(x, self.sub(sum, of_y)), self.sub(y, of_y));
        (sum, error)
    }

    /// The same where `|x| >= |y|` or `x = 0` (Dekker 1971).
    #[inline(always)]
    fn fast_two_sum(self, x: Self::F64, y: Self::F64) -> (Self::F64, Self::F64) {
        let sum = self.add(x, y);
        (sum, self.sub(y, self.sub(sum, x)))
    }

    /// The rounded product and its exact error, if nothing over- or underflows on the way: `|x|, |y| < 2^996`, and the
    /// error, if any, is at least 2^-1074 (Dekker 1971 where there is no FMA).
    #[inline(always)]
    fn two_prod(self, x: Self::F64, y: Self::F64) -> (Self::F64, Self::F64) {
        let product = self.mul(x, y);
        if Self::FUSED {
            return (product, self.fma(x, y, self.neg(product)));
        }
        let halves = |v| {
            let scaled = self.mul(v, self.splat(134_217_729.0)); // 2^27 + 1
            let high = self.sub(scaled, self.sub(scaled, v));
            (high, self.sub(v, high))
        };
        let ((x1, x2), (y1, y2)) = (halves(x), halves(y));
        let rest = self.sub(self.mul(x1, y1), product);
        let rest = self.add(self.add(rest, self.mul(x1, y2)), self.mul(x2, y1));
        (product, self.add(rest, self.mul(x2, y2)))
    }

    /// Whether any lane is true.
    #[inline(always)]
    fn any(self, mask: Self::Mask) -> bool {
        self.bitmask(mask) != 0
    }
}

#[cfg(test)]
mod tests;
