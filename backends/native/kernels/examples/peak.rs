//! How many binary64 operations a second the machine makes in multiply-adds alone, which no kernel can exceed:
//! `peak THREADS [SECONDS]` prints GFLOP/s, the best of several stretches.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rcmlrs_kernels::simd::{Kernel, Simd, dispatch};

/// Sums that do not wait for each other: enough to hide the latency of two units, and few enough for 16 registers.
const SUMS: usize = 12;
const STEPS: usize = 20_000;

struct MultiplyAdds;

impl Kernel for MultiplyAdds {
    /// Operations that were made.
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let (x, y) = (s.splat(black_box(0.999_999)), s.splat(black_box(1e-9)));
        let mut sums = [s.splat(black_box(1.0)); SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = s.fma(*sum, x, y);
            }
        }
        let mut lanes = [0.0; 16];
        for sum in sums {
            s.store(sum, &mut lanes);
            black_box(&lanes);
        }
        (2 * STEPS * SUMS * S::LANES) as f64
    }
}

/// GFLOP/s of this thread, the best of all stretches until `end`.
fn best_until(end: Instant) -> f64 {
    let mut best = 0.0f64;
    while Instant::now() < end {
        let began = Instant::now();
        let operations = (0..10).map(|_| dispatch(MultiplyAdds)).sum::<f64>();
        best = best.max(operations / began.elapsed().as_secs_f64() / 1e9);
    }
    best
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let threads: usize = words.first().map_or(1, |word| word.parse().expect("THREADS is a number"));
    let seconds: f64 = words.get(1).map_or(0.2, |word| word.parse().expect("SECONDS is a number"));
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let rates = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| best_until(end))).collect();
        all.into_iter().map(|thread| thread.join().expect("no panic")).sum::<f64>()
    });
    println!("{rates:.1}");
}
