//! What a process used, as the kernel counts it.

use std::fs::read_to_string;
use std::time::Duration;

use anyhow::{Context, ensure};

/// The kernel's unit of processor time in `/proc`, on every Linux of today.
const TICKS_A_SECOND: u64 = 100;
/// A process that took less than this within [`LOOK`] is idle.
const IDLE: Duration = Duration::from_millis(10);
/// How long a look at a process takes.
const LOOK: Duration = Duration::from_millis(400);
/// Looks after which a process that is still busy is broken.
const LOOKS_MAX: usize = 300;

/// The processor time of all threads of a process so far.
pub(crate) fn processor_time(id: u32) -> anyhow::Result<Duration> {
    let stat = read_to_string(format!("/proc/{id}/stat"))?;
    // The second field, the name in brackets, may hold anything; user and system time are the 14th and 15th.
    let (_, rest) = stat.rsplit_once(')').context("an unknown form of /proc/PID/stat")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_A_SECOND))
}

/// Waits until a process has nothing more to do; gives its processor time.
pub(crate) async fn when_idle(id: u32) -> anyhow::Result<Duration> {
    let mut before = processor_time(id)?;
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(LOOK).await;
        let now = processor_time(id)?;
        if now - before <= IDLE {
            return Ok(now);
        }
        before = now;
    }
    ensure!(false, "the process {id} doesn't come to rest");
    Ok(before)
}

/// The most memory that a process ever held.
pub(crate) fn peak_memory_mb(id: u32) -> anyhow::Result<f64> {
    let status = read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u32 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(f64::from(kib) / 1_024.0)
}
