//! `rcmlrs-certify`: the kernels of one argument against a second evaluation, on all 2^32 inputs or on every n-th.
//!
//! The kernels are called as anyone calls them; no number in the second evaluation comes from their code. Where its
//! interval has both ends round to the same binary32 number, that is the right result. The few inputs at which it has
//! not are printed, for the driver (`python -m tests.certify`) to settle with Arb.
//!
//! * [`elementary`]: exp, expm1 and the logarithm with proven bounds; [`mod@enclose`]: the functions as intervals.
//! * [`exact`]: the functions that integers can tell. [`mod@table`]: all of them, with their kernels.
//! * [`lanes`]: the intervals over many inputs. [`check`]: the comparison, shared out to threads.
//!
//! What it prints is one JSON object a line, the last of which has `"event": "result"`.

mod check;
mod elementary;
mod enclose;
mod exact;
mod lanes;
mod table;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use check::{ALL, List, Plan};
use rcmlrs_kernels::simd::Level;
use table::{Row, Second, table};

const USAGE: &str = "\
usage: rcmlrs-certify list
           the functions, and the levels of this machine
       rcmlrs-certify check FUNCTION LEVEL [--threads N] [--step N] [--offset N] [--digest-only] [--sabotage HEX]
           compare on every step-th input from offset on; --digest-only runs the kernel alone;
           --sabotage turns the last bit of the kernel's result at one input, to see that it is found
       rcmlrs-certify compare FUNCTION LEVEL [--sabotage HEX] HEX...
           compare on the inputs with these bits
       rcmlrs-certify enclose FUNCTION HEX...
           the second evaluation's lower and upper end, as the bits of binary64 numbers";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rcmlrs-certify: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    match words {
        ["list"] => {
            let levels = Level::ALL.into_iter().filter(|&level| level <= Level::best());
            say(format!(
                r#""event":"list","functions":{},"levels":{}"#,
                array(table().iter().map(|row| quoted(row.name))),
                array(levels.map(quoted)),
            ));
            Ok(())
        }
        ["enclose", name, inputs @ ..] => enclose(&row(name)?, inputs),
        ["compare", name, level, inputs @ ..] => {
            let row = row(name)?;
            set(level)?;
            let (sabotage, inputs) = match inputs {
                ["--sabotage", input, inputs @ ..] => (Some(bits(input)?), inputs),
                _ => (None, inputs),
            };
            inputs.iter().try_for_each(|input| {
                let plan = Plan { offset: u64::from(bits(input)?), count: 1, sabotage, ..Plan::default() };
                report(&row, level, &plan, false)
            })
        }
        ["check", name, level, options @ ..] => {
            let row = row(name)?;
            set(level)?;
            report(&row, level, &plan(options)?, true)
        }
        _ => Err(USAGE.to_owned()),
    }
}

impl Default for Plan {
    fn default() -> Self {
        Plan { step: 1, offset: 0, count: ALL, threads: 1, digest_only: false, sabotage: None }
    }
}

fn plan(options: &[&str]) -> Result<Plan, String> {
    let mut plan = Plan::default();
    let mut rest = options.iter();
    while let Some(&option) = rest.next() {
        let mut value = || rest.next().copied().ok_or_else(|| format!("{option} needs a value"));
        match option {
            "--digest-only" => plan.digest_only = true,
            "--sabotage" => plan.sabotage = Some(bits(value()?)?),
            "--threads" => plan.threads = positive(option, value()?)? as usize,
            "--step" => plan.step = positive(option, value()?)?,
            "--offset" => plan.offset = value()?.parse().map_err(|_| format!("{option} needs a number"))?,
            _ => return Err(format!("no option {option}\n{USAGE}")),
        }
    }
    if plan.offset >= ALL {
        return Err("--offset must be below 2^32".to_owned());
    }
    plan.count = (ALL - plan.offset).div_ceil(plan.step);
    Ok(plan)
}

fn positive(option: &str, text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| format!("{option} needs a positive number, not {text}"))
}

fn bits(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text.trim_start_matches("0x"), 16)
        .map_err(|_| format!("{text}: bits of binary32 are hexadecimal"))
}

fn row(name: &str) -> Result<Row, String> {
    let unknown = || {
        format!("no function {name}; there are {}", table().iter().map(|row| row.name).collect::<Vec<_>>().join(", "))
    };
    table().into_iter().find(|row| row.name == name).ok_or_else(unknown)
}

fn set(level: &str) -> Result<(), String> {
    rcmlrs_kernels::threads::set_count(1); // the threads are ours
    level.parse::<Level>()?.set()
}

fn enclose(row: &Row, inputs: &[&str]) -> Result<(), String> {
    for input in inputs {
        let x = bits(input)?;
        let (low, high) = match row.second {
            Second::Exact(exact) => {
                let y = f64::from(f32::from_bits(exact(x)));
                (y, y)
            }
            Second::Enclosed { special, enclose, .. } => match special(x) {
                Some(y) => (f64::from(f32::from_bits(y)), f64::from(f32::from_bits(y))),
                None => {
                    let (value, radius) = enclose(f64::from(f32::from_bits(x)));
                    (value - radius, value + radius)
                }
            },
        };
        let (low, high) = (low.to_bits(), high.to_bits());
        say(format!(r#""event":"interval","input":"{x:08x}","low":"{low:016x}","high":"{high:016x}""#));
    }
    Ok(())
}

fn report(row: &Row, level: &str, plan: &Plan, progress: bool) -> Result<(), String> {
    let start = Instant::now();
    let found = check::check(row, plan, &|done| {
        if progress {
            say(format!(r#""event":"progress","done":{done},"of":{}"#, plan.count));
        }
    })?;
    say(format!(
        concat!(
            r#""event":"result","function":{},"level":{},"step":{},"offset":{},"inputs":{},"decided":{},"#,
            r#""open":{},"mismatches":{},"undecided":{},"digest":"{}","seconds":{:.2}"#
        ),
        quoted(row.name),
        quoted(level),
        plan.step,
        plan.offset,
        plan.count,
        found.decided,
        list(&found.open, |(x, y)| format!(r#"["{x:08x}","{y:08x}"]"#)),
        list(&found.mismatches, |(x, y, right)| format!(r#"["{x:08x}","{y:08x}","{right:08x}"]"#)),
        list(&found.undecided, |x| format!(r#""{x:08x}""#)),
        found.digest,
        start.elapsed().as_secs_f64(),
    ));
    Ok(())
}

/// A line of output. Whoever reads it may have gone, which is no fault.
fn say(fields: String) {
    let _ = writeln!(std::io::stdout().lock(), "{{{fields}}}");
}

fn quoted(text: impl Display) -> String {
    format!("\"{text}\"")
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn list<T>(list: &List<T>, show: impl Fn(&T) -> String) -> String {
    format!(r#"{{"length":{},"first":{}}}"#, list.length, array(list.first.iter().map(show)))
}
