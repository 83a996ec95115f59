//! Connections that read what has arrived before they report that a time limit has passed.

use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// How long is read after a time limit: 100 ms.
const MAX_LATE_READ: Duration = Duration::from_millis(100);

/// Makes the connections of the connector before it read what has arrived before they report that
/// a time limit has passed.
///
/// ureq looks at the time before it reads. A process that was stopped continues when the limit has
/// passed, and the response may be in the socket by then.
#[derive(Debug)]
pub(super) struct LateReads;

impl<C: Transport> Connector<C> for LateReads {
    type Out = LateReader<C>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        connection: Option<C>,
    ) -> Result<Option<LateReader<C>>, Error> {
        Ok(connection.map(LateReader::new))
    }
}

/// A connection of [`LateReads`].
#[derive(Debug)]
pub(super) struct LateReader<C> {
    connection: C,
    /// Since when a limit has passed and what arrived is read.
    late_since: Option<Instant>,
}

impl<C: Transport> LateReader<C> {
    fn new(connection: C) -> Self {
        Self {
            connection,
            late_since: None,
        }
    }

    /// Reads although the limit has passed.
    fn read_late(&mut self, timeout: NextTimeout, passed: Error) -> Result<bool, Error> {
        let late_since = *self.late_since.get_or_insert_with(Instant::now);
        let left = MAX_LATE_READ.saturating_sub(late_since.elapsed());
        if left.is_zero() {
            return Err(passed);
        }
        let timeout = NextTimeout {
            after: left.into(),
            per_read: None,
            ..timeout
        };
        match self.connection.await_input(timeout) {
            Err(Error::Timeout(_)) => Err(passed),
            read => read,
        }
    }
}

impl<C: Transport> Transport for LateReader<C> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.late_since = None;
        self.connection.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        match self.connection.await_input(timeout) {
            Err(passed @ Error::Timeout(_)) => self.read_late(timeout, passed),
            read => {
                self.late_since = None;
                read
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.connection.is_open()
    }

    fn is_tls(&self) -> bool {
        self.connection.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use ureq::Timeout;
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    /// What a read brings, and the timeout it has.
    #[derive(Debug)]
    struct Scripted {
        reads: VecDeque<Result<bool, Timeout>>,
        timeouts: Vec<NextTimeout>,
        buffers: LazyBuffers,
    }

    impl Scripted {
        fn new(reads: impl Into<VecDeque<Result<bool, Timeout>>>) -> Self {
            Self {
                reads: reads.into(),
                timeouts: Vec::new(),
                buffers: LazyBuffers::new(1, 1),
            }
        }
    }

    impl Transport for Scripted {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
            Ok(())
        }

        fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
            self.timeouts.push(timeout);
            let read = self.reads.pop_front().expect("no more reads");
            read.map_err(Error::Timeout)
        }

        fn is_open(&mut self) -> bool {
            true
        }
    }

    fn passed() -> NextTimeout {
        NextTimeout {
            after: Duration::ZERO.into(),
            reason: Timeout::Global,
            per_read: Some(Duration::from_secs(60).into()),
            per_write: None,
        }
    }

    #[test]
    fn what_has_arrived_is_read_although_the_limit_has_passed() {
        let timed_out = || Err(Timeout::Global);
        let reads = [
            timed_out(),
            Ok(true),
            timed_out(),
            Ok(true),
            timed_out(),
            timed_out(),
        ];
        let mut reader = LateReader::new(Scripted::new(reads));
        assert!(reader.await_input(passed()).expect("it has arrived"));
        assert!(reader.await_input(passed()).expect("the rest as well"));
        let error = reader.await_input(passed()).expect_err("nothing else has");
        assert!(matches!(error, Error::Timeout(Timeout::Global)), "{error}");
        let late = reader.connection.timeouts[1];
        assert!(
            !late.after.is_zero() && *late.after <= MAX_LATE_READ,
            "{late:?}"
        );
        assert_eq!((late.reason, late.per_read), (Timeout::Global, None));
    }

    #[test]
    fn bytes_that_keep_arriving_do_not_extend_a_limit_for_long() {
        let timed_out = || Err(Timeout::Global);
        let mut reader = LateReader::new(Scripted::new([timed_out(), Ok(true), timed_out()]));
        assert!(reader.await_input(passed()).expect("it has arrived"));
        reader.late_since = Instant::now().checked_sub(MAX_LATE_READ);
        let error = reader.await_input(passed()).expect_err("it is over");
        assert!(matches!(error, Error::Timeout(Timeout::Global)), "{error}");
        // The next exchange on this connection begins again.
        reader.connection.reads.extend([timed_out(), Ok(true)]);
        reader.transmit_output(0, passed()).expect("sent");
        assert!(reader.await_input(passed()).expect("it has arrived"));
    }
}
