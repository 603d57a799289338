//! Where threads run: one that is woken to help must not wait for the core of the one that wakes it.
//!
//! A scheduler likes to put a thread that is woken on the core of its waker, and moves it to an idle one at its next tick,
//! some milliseconds later: by then the work is done. So the helpers are kept off the core that their caller is on, by
//! their affinity, which is set anew where the caller has moved. It is advice: where it cannot be given, nothing is lost.

use std::thread::JoinHandle;

/// A processor, or none that is known.
pub type Processor = i32;

/// No processor that is known.
pub const UNKNOWN: Processor = -1;

#[cfg(all(target_os = "linux", target_endian = "little"))]
mod linux {
    use std::os::unix::thread::{JoinHandleExt, RawPthread};
    use std::thread::JoinHandle;

    use super::Processor;

    /// A bit for each of 1,024 processors, as the C library's `cpu_set_t` has them.
    type Mask = [u8; 128];

    unsafe extern "C" {
        fn sched_getcpu() -> i32;
        fn sched_getaffinity(process: i32, size: usize, mask: *mut u8) -> i32;
        fn pthread_setaffinity_np(thread: RawPthread, size: usize, mask: *const u8) -> i32;
    }

    pub fn here() -> Processor {
        // SAFETY: it takes nothing, and returns a number, below zero where it knows none.
        unsafe { sched_getcpu() }
    }

    pub fn keep_off(threads: &[JoinHandle<()>], processor: Processor) {
        let Ok(processor) = usize::try_from(processor) else { return };
        let mut mask: Mask = [0; 128];
        // SAFETY: `mask` is writable for the size that is told; 0 is the calling thread.
        if unsafe { sched_getaffinity(0, mask.len(), mask.as_mut_ptr()) } != 0 || processor >= 8 * mask.len() {
            return;
        }
        mask[processor / 8] &= !(1 << (processor % 8));
        if mask.iter().all(|byte| *byte == 0) {
            return; // there is no other
        }
        for thread in threads {
            // SAFETY: `mask` is readable for the size that is told; the thread is known, as its handle is held, whether it
            // runs or has ended.
            unsafe { pthread_setaffinity_np(thread.as_pthread_t(), mask.len(), mask.as_ptr()) };
        }
    }
}

/// The processor that the calling thread is on.
#[cfg(all(target_os = "linux", target_endian = "little"))]
pub fn here() -> Processor {
    linux::here()
}

/// Have `threads` run on any processor that the calling thread may use, but for this one, if there is another.
#[cfg(all(target_os = "linux", target_endian = "little"))]
pub fn keep_off(threads: &[JoinHandle<()>], processor: Processor) {
    linux::keep_off(threads, processor);
}

/// The processor that the calling thread is on.
#[cfg(not(all(target_os = "linux", target_endian = "little")))]
pub fn here() -> Processor {
    UNKNOWN
}

/// Have `threads` run on any processor that the calling thread may use, but for this one, if there is another.
#[cfg(not(all(target_os = "linux", target_endian = "little")))]
pub fn keep_off(_threads: &[JoinHandle<()>], _processor: Processor) {}

#[cfg(all(test, target_os = "linux", target_endian = "little"))]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_that_is_kept_off_is_elsewhere() {
        if thread::available_parallelism().map_or(1, |n| n.get()) == 1 {
            return;
        }
        let (ask, asked) = channel::<()>();
        let (tell, told) = channel();
        let threads = [thread::spawn(move || {
            for () in asked {
                tell.send(here()).unwrap();
            }
        })];
        for processor in [here(), 0, 1, here(), UNKNOWN, 1 << 20] {
            keep_off(&threads, processor);
            ask.send(()).unwrap();
            assert_ne!(told.recv().unwrap(), processor);
        }
        drop(ask);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
