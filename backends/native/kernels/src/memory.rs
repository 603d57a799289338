//! Memory that arrays share: aligned to 64 bytes, zeroed when it comes from the system, and kept for the next array
//! when the last one lets go of it, so that a training step does not go to the allocator.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::array::Element;
use crate::error::{Error, Result};

/// Arrays begin at multiples of this: a line of the cache, and a vector of AVX-512.
pub const ALIGNMENT: usize = 64;

/// The pool keeps at most so many bytes.
pub const KEEP: usize = 256 << 20;

/// A block of bytes, written while it has one owner and read-only from then on.
pub struct Memory {
    start: NonNull<u8>,
    bytes: usize,
    owner: Owner,
}

enum Owner {
    /// A block of the pool's, of the size that `bytes` is rounded up to.
    Pool,
    /// Somebody else's memory, which lives as long as this value.
    Other(#[allow(dead_code, reason = "held for its drop")] Box<dyn Any + Send + Sync>),
}

// SAFETY: the block is written only through `&mut Memory` and read through `&Memory`, as a Vec<u8> is.
unsafe impl Send for Memory {}
// SAFETY: likewise.
unsafe impl Sync for Memory {}

impl Memory {
    /// Room for `count` elements. All bytes are initialised, to values that are of no account.
    pub fn new<T: Element>(count: usize) -> Result<Memory> {
        let bytes = count.checked_mul(size_of::<T>()).ok_or(Error::Memory { bytes: None })?;
        let size = rounded(bytes)?;
        let start = take(size).ok_or(Error::Memory { bytes: Some(bytes) })?;
        IN_USE.fetch_add(size, Ordering::Relaxed);
        Ok(Memory { start, bytes, owner: Owner::Pool })
    }

    /// Memory of somebody else, who keeps it alive and unchanged until `owner` is dropped.
    ///
    /// # Safety
    /// `start` points to `bytes` initialised bytes that nobody writes to while `owner` lives, and is aligned to whatever
    /// elements they are read as.
    pub unsafe fn borrowed(start: NonNull<u8>, bytes: usize, owner: Box<dyn Any + Send + Sync>) -> Memory {
        Memory { start, bytes, owner: Owner::Other(owner) }
    }

    /// Where the block begins.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The block as elements.
    #[inline]
    pub fn slice<T: Element>(&self) -> &[T] {
        debug_assert!(self.start.cast::<T>().is_aligned());
        // SAFETY: all bytes are initialised, every bit pattern is an element, and the start is aligned: the pool's to 64
        // bytes, and a borrowed one by the contract of `borrowed`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.bytes / size_of::<T>()) }
    }

    /// The block as elements to be written.
    #[inline]
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        assert!(matches!(self.owner, Owner::Pool), "borrowed memory is read-only");
        // SAFETY: as in `slice`; and `&mut self` is the only way to the block.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.bytes / size_of::<T>()) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Owner::Pool = self.owner {
            let size = rounded(self.bytes).expect("it was rounded when it was made");
            IN_USE.fetch_sub(size, Ordering::Relaxed);
            give(self.start, size);
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory of {} bytes", self.bytes)
    }
}

/// An empty vector with room for `count` values, or the error that there is no memory for them.
pub fn reserved<T>(count: usize) -> Result<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| Error::Memory { bytes: count.checked_mul(size_of::<T>()) })?;
    Ok(room)
}

/// `count` times `value`, or the error that there is no memory for them.
pub fn filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>> {
    let mut room = reserved(count)?;
    room.resize(count, value);
    Ok(room)
}

/// Bytes of all blocks that somebody uses.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

/// How many bytes arrays and workspaces take up now; borrowed memory and what the pool keeps are not counted.
pub fn in_use() -> usize {
    IN_USE.load(Ordering::Relaxed)
}

/// What is allocated for `bytes`: whole lines of the cache, and at least one.
fn rounded(bytes: usize) -> Result<usize> {
    let refused = Error::Memory { bytes: Some(bytes) };
    let size = bytes.max(1).checked_next_multiple_of(ALIGNMENT).ok_or(refused.clone())?;
    let allocated = size.checked_add(ALIGNMENT).ok_or(refused.clone())?;
    Layout::from_size_align(allocated, ALLOCATED).map_err(|_| refused)?;
    Ok(size)
}

/// Blocks that nobody uses, by their size.
struct Kept {
    small: [Vec<Block>; SMALL / ALIGNMENT + 1],
    large: BTreeMap<usize, Vec<Block>>,
    bytes: usize,
}

/// Up to this size, the blocks of a size are found without a search.
const SMALL: usize = 64 * ALIGNMENT - ALIGNMENT;

struct Block(NonNull<u8>);

// SAFETY: a block in the pool is referred to from nowhere else.
unsafe impl Send for Block {}

/// Made by the compiler: what is made on first use can be caught half made by a fork.
static POOL: Mutex<Kept> =
    Mutex::new(Kept { small: [const { Vec::new() }; SMALL / ALIGNMENT + 1], large: BTreeMap::new(), bytes: 0 });

impl Kept {
    fn of_size(&mut self, size: usize) -> &mut Vec<Block> {
        if size <= SMALL { &mut self.small[size / ALIGNMENT] } else { self.large.entry(size).or_default() }
    }

    fn clear(&mut self) {
        let small = self.small.iter_mut().enumerate().map(|(i, blocks)| (i * ALIGNMENT, blocks));
        for (size, blocks) in small.chain(self.large.iter_mut().map(|(&size, blocks)| (size, blocks))) {
            blocks.drain(..).for_each(|block| free(block.0, size));
        }
        self.large.clear();
        self.bytes = 0;
    }
}

/// The alignment that the allocator is asked for. Up to this one it is `calloc`, which takes zeroed pages from the system
/// as they come; for a greater one Rust's allocator writes the zeros itself, over all of the block.
const ALLOCATED: usize = 16;

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size + ALIGNMENT, ALLOCATED).expect("sizes are checked by `rounded`")
}

/// A block of `size` bytes, which starts at the first multiple of `ALIGNMENT` behind what was allocated; before it
/// stands how far behind, at least `ALLOCATED` bytes and at most `ALIGNMENT`.
fn allocate(size: usize) -> Option<NonNull<u8>> {
    // SAFETY: the layout is not of size zero.
    let allocated = NonNull::new(unsafe { alloc_zeroed(layout(size)) })?;
    ask_for_large_pages(allocated, size);
    let skipped = ALIGNMENT - allocated.as_ptr() as usize % ALIGNMENT;
    // SAFETY: ALIGNMENT bytes more than `size` were allocated, and `skipped` is from ALLOCATED to ALIGNMENT: so the block
    // ends where what was allocated ends, and there is room for a usize before it, which is aligned as the block is.
    unsafe {
        let start = allocated.add(skipped);
        start.cast::<usize>().sub(1).write(skipped);
        Some(start)
    }
}

/// What is read from many places at once finds them sooner in pages of 2 MiB; a system may give those only where it is
/// asked to.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn ask_for_large_pages(start: NonNull<u8>, size: usize) {
    const PAGE: usize = 2 << 20;
    const MADV_HUGEPAGE: i32 = 14;
    unsafe extern "C" {
        fn madvise(address: *mut u8, length: usize, advice: i32) -> i32;
    }
    let skipped = start.as_ptr() as usize % PAGE;
    let skipped = if skipped == 0 { 0 } else { PAGE - skipped };
    if size >= skipped + PAGE {
        // SAFETY: the whole pages of `size` bytes that were allocated; advice changes no byte of them, and where it is not
        // taken nothing is lost.
        unsafe { madvise(start.as_ptr().add(skipped), (size - skipped) / PAGE * PAGE, MADV_HUGEPAGE) };
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn ask_for_large_pages(_: NonNull<u8>, _: usize) {}

fn free(start: NonNull<u8>, size: usize) {
    // SAFETY: the block came from `allocate` with this size, and nobody uses it any more.
    unsafe {
        let skipped = start.cast::<usize>().sub(1).read();
        dealloc(start.as_ptr().sub(skipped), layout(size));
    }
}

fn take(size: usize) -> Option<NonNull<u8>> {
    // A lock that another thread held during a fork is never given back in the child: then the system allocates.
    if let Ok(mut kept) = POOL.try_lock()
        && let Some(block) = kept.of_size(size).pop()
    {
        kept.bytes -= size;
        return Some(block.0);
    }
    allocate(size)
}

fn give(start: NonNull<u8>, size: usize) {
    if size <= KEEP
        && let Ok(mut kept) = POOL.try_lock()
    {
        if kept.bytes + size > KEEP {
            kept.clear();
        }
        kept.bytes += size;
        kept.of_size(size).push(Block(start));
    } else {
        free(start, size);
    }
}

/// Give all memory that nobody uses back to the system; returns how many bytes that was.
pub fn trim() -> usize {
    let Ok(mut kept) = POOL.try_lock() else { return 0 };
    let bytes = kept.bytes;
    kept.clear();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pool is one for all tests: those that look at what it keeps take turns.
    static TURN: Mutex<()> = Mutex::new(());

    #[test]
    fn a_block_is_aligned_and_used_again() {
        let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for count in [0usize, 1, 15, 16, 17, 1000, 1009, 1 << 20] {
            let mut memory = Memory::new::<f32>(count).unwrap();
            assert_eq!(memory.start().as_ptr() as usize % ALIGNMENT, 0);
            assert_eq!((memory.len(), memory.is_empty()), (4 * count, count == 0));
            assert_eq!(memory.slice::<f32>().len(), count);
            memory.slice_mut::<f32>().fill(7.0);
            assert!(memory.slice::<f32>().iter().all(|&x| x == 7.0));
        }
        // Of a size that no other test has. While another test has the pool, a block goes back to the system.
        let used_again = || {
            let start = Memory::new::<f32>(123_457).unwrap().start();
            Memory::new::<f32>(123_457).unwrap().start() == start
        };
        assert!((0..100).any(|_| used_again()));
    }

    #[test]
    fn a_block_from_the_system_is_zeroed() {
        let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let memory = Memory::new::<f32>(234_567).unwrap();
        assert!(memory.slice::<f32>().iter().all(|&x| x.to_bits() == 0));
    }

    #[test]
    fn four_bytes_for_an_element_and_less_than_a_line_more() {
        for count in [0usize, 1, 16, 17, 1000, 1 << 20] {
            let size = rounded(4 * count).unwrap();
            assert!(size >= 4 * count && size < 4 * count + ALIGNMENT + 1, "{size} bytes for {count} elements");
        }
    }

    #[test]
    fn the_pool_keeps_no_more_than_its_cap_and_gives_all_back() {
        let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        trim();
        let size = KEEP / 4 - 2 * ALIGNMENT; // of all zeros, so that no page of them is ever touched
        let blocks: Vec<Memory> = (0..6).map(|_| Memory::new::<u8>(size).unwrap()).collect();
        assert!(in_use() >= 6 * size);
        drop(blocks);
        let kept = trim();
        assert!(kept <= KEEP, "{kept} bytes");
        assert!(kept >= size, "{kept} bytes: what came last is kept");
        let more_than_all = Memory::new::<u8>(KEEP + 1).unwrap();
        drop(more_than_all);
        assert!(trim() < size);
    }

    #[test]
    fn threads_never_share_a_block() {
        let work = |mark: u32| {
            for round in 0..2000u32 {
                let bits = mark << 16 | round;
                let count = 1 + (round * 37 % 500) as usize;
                let mut held: Vec<Memory> = (0..3).map(|_| Memory::new::<i32>(count).unwrap()).collect();
                held.iter_mut().for_each(|memory| memory.slice_mut().fill(bits as i32));
                std::thread::yield_now();
                assert!(held.iter().all(|memory| memory.slice::<i32>().iter().all(|&x| x == bits as i32)));
            }
        };
        std::thread::scope(|scope| {
            for mark in 1..=4 {
                scope.spawn(move || work(mark));
            }
        });
    }

    #[test]
    fn borrowed_memory_lets_go_of_its_owner_and_is_never_written() {
        let owner = std::sync::Arc::new(vec![1.0f32, 2.0, 3.0]);
        let start = NonNull::new(owner.as_ptr() as *mut u8).unwrap();
        // SAFETY: the vector lives as long as the Arc, and nobody writes to it.
        let mut memory = unsafe { Memory::borrowed(start, 12, Box::new(owner.clone())) };
        assert_eq!(memory.slice::<f32>(), [1.0, 2.0, 3.0]);
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| memory.slice_mut::<f32>()[0] = 0.0));
        assert!(written.is_err());
        drop(memory);
        assert_eq!(std::sync::Arc::strong_count(&owner), 1);
    }

    #[test]
    fn requests_that_cannot_be_met_are_refused() {
        assert_eq!(Memory::new::<f32>(usize::MAX).unwrap_err(), Error::Memory { bytes: None });
        for bytes in [isize::MAX as usize / 4 * 4, usize::MAX / 4 * 4, 0usize.wrapping_sub(100), 1 << 52] {
            assert_eq!(Memory::new::<f32>(bytes / 4).unwrap_err(), Error::Memory { bytes: Some(bytes) });
        }
        assert_eq!(filled(0u32, 1 << 60).unwrap_err(), Error::Memory { bytes: Some(1 << 62) });
        assert_eq!(reserved::<u64>(usize::MAX).unwrap_err(), Error::Memory { bytes: None });
        assert_eq!(filled(7u32, 3).unwrap(), [7, 7, 7]);
    }
}
