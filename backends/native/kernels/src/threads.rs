//! The threads that share out long work: a pool made on first use, of `RCMLRS_NUM_THREADS` (1 means none).
//!
//! The results do not depend on their number. A process that forks gets a new pool in the child on its first long
//! kernel: threads do not survive a fork.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::environment;

/// The environment variable that says how many threads work.
pub const VARIABLE: &str = "RCMLRS_NUM_THREADS";

static COUNT: AtomicUsize = AtomicUsize::new(0);
static POOL: Mutex<Option<Pool>> = Mutex::new(None);

struct Pool {
    process: u32,
    count: usize,
    threads: Arc<ThreadPool>,
}

/// How many threads work on a long kernel, the calling one not counted apart.
pub fn count() -> usize {
    match COUNT.load(Ordering::Relaxed) {
        0 => {
            let found = std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse().ok()).filter(|&n| n > 0);
            let count = found.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()));
            COUNT.store(count, Ordering::Relaxed);
            count
        }
        count => count,
    }
}

/// Set how many threads work from now on; at least one.
pub fn set_count(count: usize) {
    COUNT.store(count.max(1), Ordering::Relaxed);
}

fn pool() -> Option<Arc<ThreadPool>> {
    let count = count();
    if count == 1 {
        return None;
    }
    let process = std::process::id();
    // A lock that another thread held during a fork is never given back in the child: then there is no pool.
    let mut kept = POOL.try_lock().ok()?;
    if let Some(pool) = kept.as_ref()
        && pool.process == process
        && pool.count == count
    {
        return Some(pool.threads.clone());
    }
    let threads = ThreadPoolBuilder::new().num_threads(count).thread_name(|i| format!("rcmlrs-{i}")).build();
    let threads = Arc::new(threads.ok()?); // no threads to be had: the calling one does it all
    if let Some(old) = kept.replace(Pool { process, count, threads: threads.clone() })
        && old.process != process
    {
        std::mem::forget(old); // its threads are the parent's: there is nobody here to be stopped
    }
    Some(threads)
}

/// Run `work` on every part of `0..length`, in parts of `step` (the last may be shorter), on all threads where there
/// is more than one part.
pub fn for_each_part(length: usize, step: usize, work: impl Fn(Range<usize>) + Sync) {
    let step = step.max(1);
    let parts = length.div_ceil(step);
    let run = |i: usize| work(i * step..length.min((i + 1) * step));
    if parts > 1
        && let Some(pool) = pool()
    {
        pool.install(|| {
            (0..parts).into_par_iter().with_max_len(1).for_each(|i| environment::with_default(|| run(i)));
        });
    } else {
        (0..parts).for_each(run);
    }
}

/// Run `work(start, chunk)` on every chunk of `step` elements of `out`, on all threads where there is more than one.
pub fn for_each_chunk<T: Send>(out: &mut [T], step: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let step = step.max(1);
    if out.len() > step
        && let Some(pool) = pool()
    {
        pool.install(|| {
            out.par_chunks_mut(step)
                .enumerate()
                .with_max_len(1)
                .for_each(|(i, chunk)| environment::with_default(|| work(i * step, chunk)));
        });
    } else {
        out.chunks_mut(step).enumerate().for_each(|(i, chunk)| work(i * step, chunk));
    }
}
