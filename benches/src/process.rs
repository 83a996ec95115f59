//! What the kernel says about this process.

use std::time::Duration;
use std::{fs, io};

use rustix::time::{ClockId, clock_gettime};

/// The most memory this process ever had resident, in bytes (`VmHWM`).
///
/// # Errors
///
/// The kernel does not tell, as on anything but Linux.
pub fn peak() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse::<u64>().ok());
    kibibytes
        .map(|kibibytes| kibibytes * 1024)
        .ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))
}

/// The CPU time this thread has used, in the kernel and outside of it.
pub fn thread_cpu() -> Duration {
    cpu(ClockId::ThreadCPUTime)
}

/// The CPU time all threads of this process have used, in the kernel and outside of it.
pub fn process_cpu() -> Duration {
    cpu(ClockId::ProcessCPUTime)
}

/// Keeps this thread, and what it starts, to one of the processors it may use: the first, or the last. Without effect where there is one, or the system knows no such thing.
pub fn keep_to(last: bool) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(all) = sched_getaffinity(None) else {
            return;
        };
        let mut usable = (0..CpuSet::MAX_CPU).filter(|processor| all.is_set(*processor));
        let processor = if last {
            usable.next_back()
        } else {
            usable.next()
        };
        if let Some(processor) = processor {
            let mut one = CpuSet::new();
            one.set(processor);
            let _ = sched_setaffinity(None, &one);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = last;
}

fn cpu(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}
