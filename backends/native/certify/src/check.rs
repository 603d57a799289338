//! One function at one level over many inputs: kernel against second evaluation.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rcmlrs_kernels::Array;
use sha2::{Digest, Sha256};

use crate::enclose::NAN;
use crate::table::{Row, Second};

/// Which inputs, and how.
pub struct Plan {
    /// Input i is `offset + i * step`, as bits, for i below `count`.
    pub step: u64,
    /// See `step`.
    pub offset: u64,
    /// See `step`.
    pub count: u64,
    /// Threads that share the blocks.
    pub threads: usize,
    /// Leave the second evaluation out: the digest alone is wanted.
    pub digest_only: bool,
    /// At this input the kernel's last bit is turned: a check of the check.
    pub sabotage: Option<u32>,
}

/// All inputs.
pub const ALL: u64 = 1 << 32;

/// Inputs of one block, whose results have a digest of their own.
const BLOCK: u64 = 1 << 22;

/// Inputs that are computed at a time: inputs, results and both ends stay in a core's cache.
const PART: usize = 1 << 14;

/// What was found; of long lists, the first [`KEPT`].
#[derive(Default)]
pub struct Found {
    /// Inputs that the second evaluation decided.
    pub decided: u64,
    /// Inputs that it did not, and the kernel's results there.
    pub open: List<(u32, u32)>,
    /// Inputs, wrong results and right ones.
    pub mismatches: List<(u32, u32, u32)>,
    /// Inputs that the kernel left to its caller.
    pub undecided: List<u32>,
    /// SHA-256 over the blocks' digests in order, each SHA-256 over its results, little-endian, NaN as 0x7fc00000.
    pub digest: String,
}

/// The length of a list of which the start is kept.
pub struct List<T> {
    /// How many there are.
    pub length: u64,
    /// The first of them that were met.
    pub first: Vec<T>,
}

const KEPT: usize = 1 << 16;

impl<T> Default for List<T> {
    fn default() -> Self {
        List { length: 0, first: Vec::new() }
    }
}

impl<T> List<T> {
    fn push(&mut self, item: T) {
        self.length += 1;
        if self.first.len() < KEPT {
            self.first.push(item);
        }
    }

    fn extend(&mut self, other: List<T>) {
        self.length += other.length;
        let room = KEPT - self.first.len();
        self.first.extend(other.first.into_iter().take(room));
    }
}

/// Check `row`; `progress` is told how many inputs are done. An error is the kernel's.
pub fn check(row: &Row, plan: &Plan, progress: &(dyn Fn(u64) + Sync)) -> Result<Found, String> {
    let blocks = plan.count.div_ceil(BLOCK);
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let shared = Mutex::new((Found::default(), vec![[0u8; 32]; blocks as usize], None));
    std::thread::scope(|scope| {
        for _ in 0..plan.threads {
            scope.spawn(|| {
                let mut bench = Bench::new();
                loop {
                    let block = next.fetch_add(1, Ordering::Relaxed);
                    if block >= blocks {
                        break;
                    }
                    let range = block * BLOCK..plan.count.min((block + 1) * BLOCK);
                    let length = range.end - range.start;
                    let outcome = bench.block(row, plan, range);
                    let mut shared = shared.lock().expect("no panic while it is held");
                    match outcome {
                        Ok((found, digest)) => {
                            let total = &mut shared.0;
                            total.decided += found.decided;
                            total.open.extend(found.open);
                            total.mismatches.extend(found.mismatches);
                            total.undecided.extend(found.undecided);
                            shared.1[block as usize] = digest;
                        }
                        Err(error) => {
                            shared.2 = Some(error);
                            next.store(blocks, Ordering::Relaxed);
                        }
                    }
                    progress(done.fetch_add(length, Ordering::Relaxed) + length);
                }
            });
        }
    });
    let (mut found, digests, error) = shared.into_inner().expect("no panic while it is held");
    found.open.first.sort_unstable();
    found.mismatches.first.sort_unstable();
    found.undecided.first.sort_unstable();
    found.digest = hexadecimal(&Sha256::digest(digests.concat()));
    error.map_or(Ok(found), Err)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A thread's memory.
struct Bench {
    inputs: Vec<u32>,
    numbers: Vec<f32>,
    results: Vec<u32>,
    low: Vec<u32>,
    high: Vec<u32>,
    bytes: Vec<u8>,
}

impl Bench {
    fn new() -> Bench {
        let zeros = || vec![0u32; PART];
        let (numbers, bytes) = (vec![0.0; PART], vec![0; 4 * PART]);
        Bench { inputs: zeros(), numbers, results: zeros(), low: zeros(), high: zeros(), bytes }
    }

    fn block(&mut self, row: &Row, plan: &Plan, range: std::ops::Range<u64>) -> Result<(Found, [u8; 32]), String> {
        let mut found = Found::default();
        let mut digest = Sha256::new();
        let mut start = range.start;
        while start < range.end {
            let n = PART.min((range.end - start) as usize);
            for (i, (bits, x)) in self.inputs[..n].iter_mut().zip(&mut self.numbers).enumerate() {
                *bits = (plan.offset + (start + i as u64) * plan.step) as u32;
                *x = f32::from_bits(*bits);
            }
            self.part(row, plan, n, &mut found).map_err(|error| error.to_string())?;
            digest.update(&self.bytes[..4 * n]);
            start += n as u64;
        }
        Ok((found, digest.finalize().into()))
    }

    /// The first `n` inputs.
    fn part(&mut self, row: &Row, plan: &Plan, n: usize, found: &mut Found) -> rcmlrs_kernels::Result<()> {
        let rounded = (row.kernel)(&Array::from_slice(&self.numbers[..n], &[n])?)?;
        let results = rounded.array.contiguous()?;
        for (to, &y) in self.results.iter_mut().zip(results.as_slice::<f32>().expect("made contiguous")) {
            *to = if y.is_nan() { NAN } else { y.to_bits() };
        }
        if let Some(input) = plan.sabotage
            && let Some(place) = self.inputs[..n].iter().position(|&bits| bits == input)
        {
            self.results[place] ^= 1;
        }
        for (to, bits) in self.bytes.chunks_exact_mut(4).zip(&self.results[..n]) {
            to.copy_from_slice(&bits.to_le_bytes());
        }
        for &place in &rounded.undecided {
            found.undecided.push(self.inputs[place]);
        }
        if plan.digest_only {
            return Ok(());
        }
        let mut undecided = rounded.undecided.into_iter().peekable();
        let mut compare = |i: usize, input: u32, result: u32, low: u32, high: u32| {
            if undecided.next_if_eq(&i).is_some() {
                return;
            }
            if low != high {
                found.open.push((input, result));
            } else {
                found.decided += 1;
                if result != low {
                    found.mismatches.push((input, result, low));
                }
            }
        };
        match row.second {
            Second::Exact(exact) => {
                for (i, (&input, &result)) in self.inputs[..n].iter().zip(&self.results).enumerate() {
                    let right = exact(input);
                    compare(i, input, result, right, right);
                }
            }
            Second::Enclosed { lanes, special, .. } => {
                lanes(&self.inputs[..n], &mut self.low[..n], &mut self.high[..n]);
                for (i, (&input, &result)) in self.inputs[..n].iter().zip(&self.results).enumerate() {
                    let (low, high) = match special(input) {
                        Some(right) => (right, right),
                        None => (self.low[i], self.high[i]),
                    };
                    compare(i, input, result, low, high);
                }
            }
        }
        Ok(())
    }
}
