//! Every operation of every level that this machine has, against plain Rust.

use super::*;

struct Everything;

/// Numbers of every kind; the last ones fill up whole vectors of any width.
const NUMBERS: [f64; 16] =
    [0.0, -0.0, 1.0, -1.5, 2.5, 3.5, -0.5, 1e-310, 1e300, -7.0, 0.1, f64::INFINITY, f64::NEG_INFINITY, 4.0, 1e15, 9.0];

impl Kernel for Everything {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (xs, ys) in NUMBERS.chunks(S::LANES).zip(NUMBERS.iter().rev().copied().collect::<Vec<_>>().chunks(S::LANES))
        {
            let (x, y) = (s.load(xs), s.load(ys));
            #[allow(clippy::type_complexity, reason = "a table is read where it stands")]
            let binary: [(S::F64, fn(f64, f64) -> f64); 6] = [
                (s.add(x, y), |x, y| x + y),
                (s.sub(x, y), |x, y| x - y),
                (s.mul(x, y), |x, y| x * y),
                (s.div(x, y), |x, y| x / y),
                (s.min(x, y), |x, y| if x < y { x } else { y }),
                (s.max(x, y), |x, y| if x > y { x } else { y }),
            ];
            for (got, want) in binary {
                check(s, got, |i| want(xs[i], ys[i]));
            }
            check(s, s.copysign(x, y), |i| xs[i].copysign(ys[i]));
            check(s, s.neg(x), |i| -xs[i]);
            check(s, s.abs(x), |i| xs[i].abs());
            check(s, s.sqrt(s.abs(x)), |i| xs[i].abs().sqrt());
            check(s, s.select(s.lt(x, y), x, y), |i| if xs[i] < ys[i] { xs[i] } else { ys[i] });
            check(s, s.widen(s.narrow(x)), |i| f64::from(xs[i] as f32));
            let small = s.select(s.lt(s.abs(x), s.splat(1e15)), x, s.splat(3.0));
            let small_of = |i: usize| if xs[i].abs() < 1e15 { xs[i] } else { 3.0 };
            check(s, s.abs(s.round(small)), |i| small_of(i).round_ties_even().abs());
            check(s, s.from_i64(s.to_i64(s.round(small))), |i| small_of(i).round_ties_even() + 0.0);
            check(s, s.scale(s.splat(1.5), s.splat(-900.0)), |_| 1.5 * 2f64.powi(-900));
            let shifted = s.shr_i64::<3>(s.shl_i64::<5>(s.bits(x)));
            check(s, s.from_bits(shifted), |i| f64::from_bits((xs[i].to_bits() << 5) >> 3));
            assert_eq!(s.bitmask(s.lt(x, y)), bits(xs, |i| xs[i] < ys[i]));
            assert_eq!(s.bitmask(s.le(x, y)), bits(xs, |i| xs[i] <= ys[i]));
            assert_eq!(s.bitmask(s.eq(x, y)), bits(xs, |i| xs[i] == ys[i]));
            assert_eq!(s.bitmask(s.is_nan(s.sub(x, x))), bits(xs, |i| xs[i].is_infinite()));
            assert_eq!(s.bitmask(s.not_mask(s.lt(x, y))) & ((1 << S::LANES) - 1), bits(xs, |i| xs[i] >= ys[i]));
            assert_eq!(s.bitmask(s.same_f32(s.narrow(x), s.narrow(x))), (1 << S::LANES) - 1);
            let gt = s.gt_i64(s.bits(x), s.bits(y));
            assert_eq!(s.bitmask(gt), bits(xs, |i| xs[i].to_bits() as i64 > ys[i].to_bits() as i64));
            let (sum, error) = s.two_sum(s.splat(1.0), s.splat(1e-20));
            check(s, sum, |_| 1.0);
            check(s, error, |_| 1e-20);
            let (product, error) = s.two_prod(s.splat(1.0 + f64::EPSILON), s.splat(1.0 - f64::EPSILON));
            check(s, product, |_| 1.0);
            check(s, error, |_| -f64::EPSILON * f64::EPSILON);
            check(s, s.polynomial(s.splat(2.0), [1.0, 2.0, 3.0]), |_| 17.0);
            let (n, rest) = s.split(s.splat(-7.25));
            check(s, rest, |_| -0.25);
            check(s, s.raise(s.splat(1.5), n), |_| 1.5 / 128.0);
            let nan = s.splat(f64::NAN);
            check(s, s.raise(s.add(s.split(nan).1, s.splat(1.0)), s.split(nan).0), |_| f64::NAN);
            assert_eq!(
                s.bitmask(s.lt(s.raise(s.splat(1.0), s.split(y).0), s.splat(1e300))),
                bits(ys, |i| ys[i] < 690.0)
            );
            let (zero, x) = (s.narrow(s.splat(0.0)), s.narrow(x));
            assert!(!s.any_bit(s.gather_unlike(zero, x, x)));
            assert!(s.any_bit(s.gather_unlike(zero, x, s.narrow(s.splat(7.5)))));
            assert!(s.any_bit(s.gather_unlike(s.narrow(s.splat(1.0)), x, x)));
        }
    }
}

struct Turned;

impl Kernel for Turned {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let from: Vec<f32> = (0..200).map(|i| i as f32).collect();
        let mut to = [-1.0; 200];
        s.turn(&from, 11, &mut to, 10);
        for (place, &got) in to.iter().enumerate() {
            let (j, i) = (place / 10, place % 10);
            let inside = i < S::LANES && j < S::LANES;
            assert_eq!(got, if inside { (11 * i + j) as f64 } else { -1.0 });
        }
    }
}

#[test]
fn rows_become_columns() {
    for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
        dispatch_at(level, Turned);
    }
}

fn bits(xs: &[f64], f: impl Fn(usize) -> bool) -> u32 {
    (0..xs.len()).map(|i| u32::from(f(i)) << i).sum()
}

#[inline(always)]
fn check<S: Simd>(s: S, got: S::F64, want: impl Fn(usize) -> f64) {
    let mut lanes = [0.0; 16];
    s.store(got, &mut lanes);
    for (i, &got) in lanes[..S::LANES].iter().enumerate() {
        let want = want(i);
        assert!(got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()), "lane {i}: {got} is not {want}");
    }
}

#[test]
fn every_level_computes_what_plain_rust_does() {
    portable::run(Everything);
    #[cfg(target_arch = "x86_64")]
    {
        if Level::best() >= Level::Avx2 {
            // SAFETY: the instructions have just been found.
            unsafe { avx2::run(Everything) };
        }
        if Level::best() >= Level::Avx512 {
            // SAFETY: likewise.
            unsafe { avx512::run(Everything) };
        }
    }
}

struct InPairs;

impl Kernel for InPairs {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        Everything.run(Pair(s));
    }
}

#[test]
fn pairs_compute_what_plain_rust_does() {
    for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
        level.set().expect("the machine has it");
        dispatch(InPairs);
    }
}

#[test]
fn levels_have_names() {
    for level in Level::ALL {
        assert_eq!(level.to_string().parse(), Ok(level));
    }
    assert!("sse9".parse::<Level>().unwrap_err().contains("the levels are"));
}
