//! Products against exact sums in fixed point, at every level and with any number of threads.

use super::*;
use crate::exact::Exact;
use crate::simd::{Kernel, Simd};
use std::sync::Mutex;

/// Levels and thread counts are the process's: tests that set them take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Numbers from a linear congruential generator (Knuth, TAOCP 2, 3.3.4), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n
    }

    /// In [-1, 1), with 24 bits.
    fn number(&mut self) -> f32 {
        (self.next() & 0xff_ffff) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Data on which rounding is hard in different ways.
const KINDS: [fn(&mut Random) -> f32; 9] = [
    |r| r.number(),
    |r| r.number() * 2f32.powi(r.below(60) as i32 - 30),       // wide
    |r| (r.below(17) as f32) - 8.0,                            // small integers
    |r| f32::from_bits(r.number().to_bits() & 0xffff_0000),    // a bf16 grid
    |r| if r.below(50) == 0 { r.number() } else { 0.0 },       // sparse
    |r| [1e30, -1e30, 1.0, 1e-30][r.below(4)],                 // cancellation
    |r| [4097.0, 1.0, -1.0, 0.0, 2f32.powi(-149)][r.below(5)], // ties and hairs
    |r| f32::from_bits(r.next() as u32 & 0x80ff_ffff | r.below(4) as u32), // tiny and subnormal
    |r| match r.below(60) {
        0 => f32::INFINITY,
        1 => f32::NEG_INFINITY,
        2 => f32::NAN,
        3..30 => 0.0,
        _ => r.number(),
    },
];

fn reference(a: Vectors, b: Vectors, addend: Option<Addend>, i: usize, j: usize) -> f32 {
    let mut terms: Vec<f64> = (0..a.depth).map(|p| f64::from(a.at(i, p)) * f64::from(b.at(j, p))).collect();
    terms.extend(addend.map(|addend| addend.at(j)));
    let plain: f64 = terms.iter().sum();
    if !plain.is_finite() {
        return plain as f32;
    }
    let mut sum = Exact::new();
    terms.iter().for_each(|&x| sum.add(x));
    sum.round()
}

fn same(x: f32, y: f32) -> bool {
    x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan())
}

/// A matrix of `count` vectors in one of four orders, with a gap and an offset.
fn vectors(elements: &[f32], count: usize, depth: usize, order: usize) -> Vectors<'_> {
    let (count_, depth_) = (count as isize, depth as isize);
    let (across, along) = [(depth_ + 1, 1), (1, count_ + 2), (-depth_, 1), (2 * depth_, 2)][order];
    let offset = 3 + if across < 0 { (count_ - 1) * depth_ } else { 0 };
    Vectors { elements, offset, count, depth, across, along }
}

#[test]
fn every_element_is_the_nearest_number() {
    let _turn = TURN.lock();
    let mut random = Random(1);
    for trial in 0..500 {
        let large = trial % 25 == 0;
        let most = if large { [70, 70, 700] } else { [20, 40, 40] };
        let [mut m, mut n, mut k] = most.map(|most| random.below(most));
        match trial % 7 {
            0 => m = 1,
            1 => n = 1,
            2 => k = random.below(3),
            _ => (),
        }
        let (x, y) = (KINDS[random.below(KINDS.len())], KINDS[random.below(KINDS.len())]);
        let mut draw = |count: usize, kind: fn(&mut Random) -> f32| -> Vec<f32> {
            (0..2 * (count + 100) + 800).map(|_| kind(&mut random)).collect()
        };
        let (xs, ys, bias) = (draw((m + 2) * (k + 2), x), draw((n + 2) * (k + 2), y), draw(n, x));
        let (a, b) = (vectors(&xs, m, k, random.below(4)), vectors(&ys, n, k, random.below(4)));
        let addend = (random.below(2) == 0).then_some(Addend { elements: &bias, offset: 1, stride: 2 });
        for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
            level.set().unwrap();
            let mut out = vec![7.0; m * n];
            strided_product(a, b, addend, &mut out).unwrap();
            for (place, &got) in out.iter().enumerate() {
                let (i, j) = (place / n, place % n);
                let want = reference(a, b, addend, i, j);
                assert!(same(got, want), "{level}, trial {trial}, {m} x {k} x {n}, ({i}, {j}): {got} is not {want}");
            }
        }
    }
    Level::best().set().unwrap();
}

#[test]
fn neither_threads_nor_levels_change_a_bit() {
    let _turn = TURN.lock();
    let mut random = Random(2);
    for (m, n, k) in [(300, 130, 300), (3, 3000, 1000), (3000, 5, 600), (1, 1500, 800), (257, 100, 513)] {
        for kind in [KINDS[0], KINDS[3]] {
            let xs: Vec<f32> = (0..m * k).map(|_| kind(&mut random)).collect();
            let ys: Vec<f32> = (0..n * k).map(|_| kind(&mut random)).collect();
            let a = Vectors { elements: &xs, offset: 0, count: m, depth: k, across: k as isize, along: 1 };
            let b = Vectors { elements: &ys, offset: 0, count: n, depth: k, across: 1, along: n as isize };
            let mut expected: Option<Vec<u32>> = None;
            for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
                level.set().unwrap();
                for threads in 1..=4 {
                    threads::set_count(threads);
                    let mut out = vec![0.0f32; m * n];
                    strided_product(a, b, None, &mut out).unwrap();
                    let bits: Vec<u32> = out.iter().map(|x| x.to_bits()).collect();
                    match &expected {
                        Some(expected) => assert!(*expected == bits, "{level}, {threads} threads, {m} x {k} x {n}"),
                        None => expected = Some(bits),
                    }
                }
            }
            for place in (0..m * n).step_by(97) {
                let want = reference(a, b, None, place / n, place % n).to_bits();
                assert_eq!(expected.as_ref().unwrap()[place], want);
            }
        }
    }
    threads::set_count(1);
    Level::best().set().unwrap();
}

#[test]
fn a_hair_beyond_the_grid_counts() {
    // 2^54 + 2^30 is a midpoint of binary32; in binary64 the one is lost beside it.
    let (large, small) = (2f32.powi(27), 2f32.powi(15));
    for hair in [1.0, -1.0] {
        let want = if hair > 0.0 { 2f32.powi(54) + 2f32.powi(31) } else { 2f32.powi(54) };
        let (a, b, bias) = ([large, small, 1.0].repeat(40), [large, small, hair].repeat(40), [hair; 40]);
        for (depth, addend) in [(3, None), (2, Some(Addend { elements: &bias, offset: 0, stride: 1 }))] {
            let side = |elements| Vectors { elements, offset: 0, count: 40, depth, across: 3, along: 1 };
            let mut out = vec![0.0; 1600];
            product(side(&a), side(&b), addend, &mut out).unwrap();
            assert!(out.iter().all(|&x| x == want), "{hair}, {depth}");
        }
    }
}

/// An operand that is computed while it is packed.
#[derive(Clone, Copy)]
struct Counted {
    count: usize,
    depth: usize,
}

impl Operand for Counted {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.depth
    }

    #[inline(always)]
    fn pack<S: Simd, const V: usize>(&self, _: S, first: usize, start: usize, panel: &mut [f64]) {
        let width = V * S::LANES;
        for (place, to) in panel.iter_mut().enumerate() {
            let (p, i) = (start + place / width, first + place % width);
            *to = if i < self.count { (i + p) as f64 } else { 0.0 };
        }
    }
}

#[test]
fn whatever_packs_itself_can_be_multiplied() {
    let (a, b) = (Counted { count: 11, depth: 5 }, Counted { count: 30, depth: 5 });
    let mut out = vec![0.0; 330];
    product(a, b, None, &mut out).unwrap();
    for (place, &got) in out.iter().enumerate() {
        let (i, j) = (place / 30, place % 30);
        assert_eq!(got, (0..5).map(|p| ((i + p) * (j + p)) as f32).sum::<f32>());
    }
}

#[test]
fn grids_divide_their_numbers() {
    struct Widths;
    impl Kernel for Widths {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let data = [1.5, 0.0, f64::from(f32::from_bits(3)), 10.0, 1.5, 0.0, 1.0, 10.0];
            let mut grids = [0.0; 8];
            let data: Vec<f64> = [data, data.map(|x| -x / 2.0)].concat();
            pack::Grids { data: &data, grids: &mut grids }.run(s);
            assert_eq!(grids[..4], [0.25, 2f64.powi(200), 2f64.powi(-150), 1.0]);
            assert!(grids[6] <= 0.5 && grids[7] == 1.0);
        }
    }
    for level in Level::ALL.into_iter().filter(|&level| level <= Level::best()) {
        dispatch_at(level, Widths);
    }
}
