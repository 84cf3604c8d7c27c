//! The machine, in one line: what the figures depend on, and nothing that names it.

use std::fs::read_to_string;
use std::thread::available_parallelism;

/// Cores, memory, processor and kernel.
pub(crate) fn describe() -> anyhow::Result<String> {
    let field = |file: &str, name: &str| -> anyhow::Result<String> {
        let text = read_to_string(file)?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        Ok(line.trim_start_matches(|c: char| c.is_whitespace() || c == ':').to_owned())
    };
    let memory: u64 = field("/proc/meminfo", "MemTotal:")?.trim_end_matches("kB").trim().parse()?;
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    let kernel = kernel.split('-').next().unwrap_or_default().trim();
    let processor = field("/proc/cpuinfo", "model name")?;
    Ok(format!(
        "{} cores, {} GiB of memory, {processor}, Linux {kernel}",
        available_parallelism()?,
        memory / 1_024 / 1_024,
    ))
}
