//! The floating-point environment that the results depend on: rounding to nearest, subnormals kept.
//!
//! Another library in the process may have set flush-to-zero for this thread. [`with_default`] sets the default for the
//! time of a kernel, and puts back what was there.

use std::hint::black_box;

/// Run `work` with rounding to nearest and subnormals kept, whatever the thread has set.
///
/// The compiler knows nothing of the register, and moves arithmetic past the guard if it can: a conversion of a number
/// that `work` has captured, say. So it is not to see what goes in, nor what comes out.
#[inline(always)]
pub fn with_default<T>(work: impl FnOnce() -> T) -> T {
    let _guard = Guard::new();
    black_box(black_box(work)())
}

#[cfg(target_arch = "x86_64")]
mod register {
    //! MXCSR: bits 0-5 are flags, 6 is denormals-are-zero, 7-12 mask exceptions, 13-14 round, 15 flushes to zero.

    const FLAGS: u32 = 0x3f;
    pub const DEFAULT: u32 = 0x1f80;

    pub struct Guard(u32);

    impl Guard {
        #[inline(always)]
        pub fn new() -> Guard {
            let mut found = 0u32;
            // SAFETY: stmxcsr stores the register to the four bytes given and changes nothing.
            unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut found, options(nostack, preserves_flags)) };
            if found & !FLAGS != DEFAULT {
                load(DEFAULT);
            }
            Guard(found)
        }
    }

    impl Drop for Guard {
        #[inline(always)]
        fn drop(&mut self) {
            if self.0 & !FLAGS != DEFAULT {
                load(self.0);
            }
        }
    }

    #[cold]
    pub fn load(value: u32) {
        // SAFETY: the value is the architecture's default or what the register held before: no reserved bit is set.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod register {
    /// Elsewhere the environment is left as it is; the backend's probe looks at it when it is loaded.
    pub struct Guard;

    impl Guard {
        pub fn new() -> Guard {
            Guard
        }
    }
}

use register::Guard;

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn arithmetic_on_what_is_captured_stays_inside() {
        use super::{black_box, register, with_default};
        const FLUSHES: u32 = 1 << 15 | 1 << 6;
        let (tiny, subnormal) = (black_box(2f64.powi(-149)), black_box(f32::from_bits(1)));
        register::load(register::DEFAULT | FLUSHES);
        let found = with_default(|| (tiny as f32, f64::from(subnormal)));
        register::load(register::DEFAULT);
        assert_eq!((found.0.to_bits(), found.1), (1, tiny));
    }
}
