//! median(x, axis, keepdims): the middle of the sorted elements along some axes, or the mean of the middle two, rounded
//! once; NaN if any is. See [`crate::order`].

use crate::array::Array;
use crate::environment;
use crate::error::Result;
use crate::memory::{filled, reserved};
use crate::order::{INFINITE, ascending, number};
use crate::parts;
use crate::reduce::{Layout, reduced_shape};

/// Elements that are worth another thread.
const PART: usize = 1 << 14;

/// The medians along `axes`, which are sorted; rows are not empty, unless there are none.
pub fn median(x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    let shape = reduced_shape(x.of::<f32>()?.shape(), axes, keepdims);
    if x.size() == 0 {
        return Array::build(&shape, |_: &mut [f32]| {});
    }
    let (from, layout) = Layout::find(x, axes)?;
    let elements = from.raw::<f32>();
    let n = layout.length();
    Array::try_build(&shape, |out: &mut [f32]| {
        let group = if layout.columns { layout.width.min(16) } else { 1 };
        let rows = if out.len() * n < 2 * PART { out.len() } else { PART.div_ceil(n * group) * group };
        parts::try_for_each_chunk(out, rows, |start, out| {
            let mut room = filled(0.0, group * n)?;
            let mut keys = reserved(n)?;
            environment::with_default(|| {
                for (i, out) in out.chunks_mut(group).enumerate() {
                    let room = &mut room[..out.len() * n];
                    layout.gather(elements, start + i * group, room);
                    for (row, to) in room.chunks_exact(n).zip(out) {
                        keys.clear();
                        keys.extend(row.iter().map(|&x| ascending(x)));
                        *to = middle(&mut keys);
                    }
                }
            });
            Ok(())
        })
    })
}

/// The median of the numbers of these integers, which are put into some order.
fn middle(keys: &mut [i32]) -> f32 {
    let n = keys.len();
    if keys.iter().fold(i32::MIN, |most, &key| most.max(key)) > INFINITE {
        return f32::NAN;
    }
    let (below, &mut upper, _) = keys.select_nth_unstable(n / 2);
    let lower = if n % 2 == 1 { upper } else { below.iter().fold(i32::MIN, |most, &key| most.max(key)) };
    // One addition and one rounding are safe to be rounded again (2 * 24 + 2 <= 53); a sum that becomes subnormal is exact.
    // It begins with +0, so that an exact zero is +0.
    ((0.0 + f64::from(number(lower)) + f64::from(number(upper))) / 2.0) as f32
}
