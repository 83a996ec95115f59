//! Somebody who performs jobs, and how its CPU time is taken.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::process::{process_cpu, thread_cpu};

/// What can go wrong in a measurement, in any of its threads.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Somebody who performs jobs, some of them at once.
pub struct Contestant {
    name: &'static str,
    run: Box<dyn FnMut(usize) -> Outcome<Duration>>,
}

impl Contestant {
    /// A contestant who takes its own time: performs so many jobs, and says what CPU time they took.
    pub fn new(name: &'static str, run: impl FnMut(usize) -> Outcome<Duration> + 'static) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }

    /// One that blocks: so many threads, each with its share of the jobs. Their CPU time is counted from their first job on.
    pub(super) fn blocking(
        name: &'static str,
        max_in_flight: usize,
        job: impl Fn() -> Outcome<()> + Sync + 'static,
    ) -> Self {
        let share = move |job: &(dyn Fn() -> Outcome<()> + Sync), jobs: usize| {
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

    /// One that does not block: so many tasks on one thread, each with its share of the jobs. `job` is handed the number of its task.
    pub(super) fn asynchronous<F>(
        name: &'static str,
        max_in_flight: usize,
        runtime: Runtime,
        job: impl Fn(usize) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Outcome<()>> + Send,
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
                        Outcome::Ok(())
                    });
                }
                while let Some(done) = tasks.join_next().await {
                    done??;
                }
                Outcome::Ok(())
            })?;
            Ok(process_cpu() - start)
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Performs so many jobs, and says what CPU time they took in all.
    ///
    /// # Errors
    ///
    /// A job did not come to its result.
    pub fn run(&mut self, jobs: usize) -> Outcome<Duration> {
        (self.run)(jobs).map_err(|error| format!("{}: {error}", self.name).into())
    }
}

impl fmt::Debug for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contestant")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A runtime on one thread.
pub(super) fn runtime() -> Outcome<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}
