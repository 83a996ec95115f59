//! A competitor: code that performs jobs, and the measurement of its CPU time.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::process::{process_cpu, thread_cpu};

/// The result of a measurement, in any thread.
pub type BenchResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A competitor: code that performs jobs, some of them at the same time.
pub struct Competitor {
    name: &'static str,
    run: Box<dyn FnMut(usize) -> BenchResult<Duration>>,
}

impl Competitor {
    /// A competitor that measures its own CPU time: `run` performs this many jobs, and returns the
    /// time.
    pub fn new(
        name: &'static str,
        run: impl FnMut(usize) -> BenchResult<Duration> + 'static,
    ) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }

    /// A blocking competitor: `max_in_flight` threads, each with an equal part of the jobs. Their
    /// CPU time is measured from their first job on.
    pub(super) fn blocking(
        name: &'static str,
        max_in_flight: usize,
        job: impl Fn() -> BenchResult<()> + Sync + 'static,
    ) -> Self {
        let share = move |job: &(dyn Fn() -> BenchResult<()> + Sync), jobs: usize| {
            let start = thread_cpu();
            (0..jobs).try_for_each(|_| job())?;
            Ok(thread_cpu() - start)
        };
        Self::new(name, move |jobs| {
            if max_in_flight == 1 {
                return share(&job, jobs);
            }
            thread::scope(|scope| {
                let threads: Vec<_> = (0..max_in_flight)
                    .map(|_| scope.spawn(|| share(&job, jobs / max_in_flight)))
                    .collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().map_err(|_| "a thread panicked")?)
                    .sum()
            })
        })
    }

    /// An async competitor: `max_in_flight` tasks on one thread, each with an equal part of the
    /// jobs. `job` gets the number of its task.
    pub(super) fn asynchronous<F>(
        name: &'static str,
        max_in_flight: usize,
        runtime: Runtime,
        job: impl Fn(usize) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = BenchResult<()>> + Send,
    {
        let job = Arc::new(job);
        Self::new(name, move |jobs| {
            let start = process_cpu();
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for task in 0..max_in_flight {
                    let job = job.clone();
                    tasks.spawn(async move {
                        for _ in 0..jobs / max_in_flight {
                            job(task).await?;
                        }
                        BenchResult::Ok(())
                    });
                }
                while let Some(done) = tasks.join_next().await {
                    done??;
                }
                BenchResult::Ok(())
            })?;
            Ok(process_cpu() - start)
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Performs this many jobs, and returns their CPU time.
    ///
    /// # Errors
    ///
    /// A job had no result.
    pub fn run(&mut self, jobs: usize) -> BenchResult<Duration> {
        (self.run)(jobs).map_err(|error| format!("{}: {error}", self.name).into())
    }
}

impl fmt::Debug for Competitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Competitor")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A single-threaded runtime.
pub(super) fn runtime() -> BenchResult<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}
