//! What the kernel says of this process, for `/metrics`, under the names that all Prometheus clients use.

use std::fs;

/// The kernel's clock ticks per second, as `/proc` shows them: 100 on every architecture that Rust supports on Linux
/// (`USER_HZ`), whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// A snapshot. What the system does not tell is `None`: all of it where there is no `/proc`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Process {
    /// User and system time, seconds.
    pub(super) cpu_seconds: Option<f64>,
    /// Resident memory.
    pub(super) resident_bytes: Option<u64>,
    /// Largest resident memory so far.
    pub(super) resident_bytes_max: Option<u64>,
    /// Mapped memory.
    pub(super) virtual_bytes: Option<u64>,
    /// Threads.
    pub(super) threads: Option<u64>,
    /// Open file descriptors.
    pub(super) open_fds: Option<u64>,
    /// How many may be open.
    pub(super) max_fds: Option<u64>,
}

impl Process {
    /// Reads `/proc/self`.
    pub(super) fn now() -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let open_fds = fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64);
        Self { open_fds, ..Self::parse(&read("stat"), &read("status"), &read("limits")) }
    }

    fn parse(stat: &str, status: &str, limits: &str) -> Self {
        // The second field is the command in parentheses and may hold anything, so count from the last parenthesis.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
        let kilobytes = |name: &str| number(status, name).map(|kilobytes| kilobytes * 1024);
        Self {
            cpu_seconds: ticks(11).zip(ticks(12)).map(|(user, system)| (user + system) / TICKS_PER_SECOND),
            resident_bytes: kilobytes("VmRSS:"),
            resident_bytes_max: kilobytes("VmHWM:"),
            virtual_bytes: kilobytes("VmSize:"),
            threads: number(status, "Threads:"),
            open_fds: None,
            max_fds: number(limits, "Max open files"),
        }
    }
}

/// The number after `name` on the line that begins with it.
fn number(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 9 0 100 1000 20 18446744073709551615";
        let status = "Name:\ta\nVmSize:\t 2048 kB\nVmHWM:\t  4 kB\nVmRSS:\t  3 kB\nThreads:\t9\n";
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024       4096     files\n";
        let process = Process::parse(stat, status, limits);
        assert_eq!(process.cpu_seconds, Some(2.0));
        assert_eq!(process.resident_bytes, Some(3072));
        assert_eq!(process.resident_bytes_max, Some(4096));
        assert_eq!(process.virtual_bytes, Some(2 * 1024 * 1024));
        assert_eq!((process.threads, process.max_fds), (Some(9), Some(1024)));
    }

    #[test]
    fn what_is_missing_or_unlimited_is_left_out() {
        assert_eq!(Process::parse("", "", "Max open files   unlimited  unlimited files"), Process::default());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_memory_and_files() {
        let process = Process::now();
        assert!(process.resident_bytes.unwrap() > 100_000, "{process:?}");
        assert!(process.open_fds.unwrap() > 2, "{process:?}");
        assert!(process.cpu_seconds.is_some(), "{process:?}");
    }
}
