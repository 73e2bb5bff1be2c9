//! The thread that owns the writing connection, and how writes that wait are committed together.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use quickstocks_core::ports::StoreError;
use rusqlite::{Connection, Error, ErrorCode, ffi};
use tokio::sync::{mpsc, oneshot};

use crate::error::Failure;

/// How many writes wait at the most; whoever has one more waits to hand it over.
const QUEUE: usize = 1024;

/// How many writes are committed together at the most, so that the first of them does not wait long for the last.
const TOGETHER: usize = 256;

/// The way to the writing connection.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. It lets go of `lock` when it ends, after the connection.
    pub(crate) fn start(connection: Connection, lock: Option<File>) -> io::Result<Self> {
        let (queue, mut waiting) = mpsc::channel::<Box<dyn Job>>(QUEUE);
        let thread = std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut jobs = vec![first];
                while jobs.len() < TOGETHER
                    && let Ok(job) = waiting.try_recv()
                {
                    jobs.push(job);
                }
                commit_together(&connection, jobs);
            }
            drop(connection);
            drop(lock);
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Hands a write over and waits until it is committed. It is made even when nobody waits for it any more.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending { work: Some(work), outcome: None, reply });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread does what is in the queue, then sees its end. Waiting for it means that the file is closed, and may
        // be opened again, when this returns.
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the database had panicked");
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the thread that writes to the database has stopped".into())
}

/// A write in the queue.
trait Job: Send {
    /// Makes the change and keeps what came of it. Answers whether it is to be committed.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells the caller, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<(), Arc<Error>>);
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let outcome = self.work.take().map(|work| work(connection).map_err(|Failure(error)| error));
        let good = matches!(outcome, Some(Ok(_)));
        self.outcome = outcome;
        good
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<Error>>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(value)), Ok(())) => Ok(value),
            // Not made, or undone. Whatever the cause, the next commit may succeed.
            (_, Err(cause)) => Err(StoreError::Unavailable(cause.into())),
            (None, Ok(())) => Err(stopped()),
        };
        // Nobody may be waiting any more; the change is made all the same.
        let _ = self.reply.send(answer);
    }
}

fn commit_together(connection: &Connection, mut jobs: Vec<Box<dyn Job>>) {
    let committed = make_together(connection, &mut jobs).map_err(Arc::new);
    if committed.is_err()
        && !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(error = &error as &dyn std::error::Error, "a failed transaction could not be rolled back");
    }
    for job in jobs {
        job.answer(committed.clone());
    }
}

fn make_together(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), Error> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]).map(|_| ());
    // At once a writer: a transaction that begins as a reader can fail later, when it is too late to wait for a lock.
    run("BEGIN IMMEDIATE")?;
    for job in jobs {
        run("SAVEPOINT job")?;
        if job.run(connection) {
            run("RELEASE job")?;
        } else if connection.is_autocommit() {
            // A full disk, for one, makes SQLite give up the whole transaction, and with it the writes before this one.
            let cause = ffi::Error { code: ErrorCode::OperationAborted, extended_code: ffi::SQLITE_ABORT_ROLLBACK };
            return Err(Error::SqliteFailure(cause, Some("another write of the transaction failed".to_owned())));
        } else {
            run("ROLLBACK TO job")?;
            run("RELEASE job")?;
        }
    }
    run("COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answers = Vec<oneshot::Receiver<Result<usize, StoreError>>>;

    fn numbers() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE number (n INTEGER PRIMARY KEY) STRICT").unwrap();
        connection
    }

    fn stored(connection: &Connection) -> Vec<i64> {
        connection
            .prepare("SELECT n FROM number ORDER BY n")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    fn jobs(scripts: &'static [&'static [&'static str]]) -> (Vec<Box<dyn Job>>, Answers) {
        let job = |script: &'static [&'static str]| {
            let (reply, answer) = oneshot::channel();
            let work = move |connection: &Connection| -> Result<usize, Failure> {
                script.iter().map(|sql| Ok(connection.execute(sql, [])?)).sum()
            };
            (Box::new(Pending { work: Some(work), outcome: None, reply }) as Box<dyn Job>, answer)
        };
        scripts.iter().map(|script| job(script)).unzip()
    }

    #[test]
    fn a_write_that_fails_is_undone_whole_and_takes_no_other_with_it() {
        let connection = numbers();
        let (jobs, answers) = jobs(&[
            &["INSERT INTO number VALUES (1)"],
            &["INSERT INTO number VALUES (2)", "INSERT INTO number VALUES (1)"],
            &["INSERT INTO number VALUES (3)"],
        ]);
        commit_together(&connection, jobs);
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect();
        assert!(matches!(answers[..], [Ok(1), Err(StoreError::Refused(_)), Ok(1)]), "{answers:?}");
        assert_eq!(stored(&connection), [1, 3]);
        assert!(connection.is_autocommit());
    }

    #[test]
    fn nobody_is_told_that_a_write_was_made_when_the_transaction_was_given_up() {
        let connection = numbers();
        let (jobs, answers) =
            jobs(&[&["INSERT INTO number VALUES (1)"], &["ROLLBACK", "this fails"], &["INSERT INTO number VALUES (3)"]]);
        commit_together(&connection, jobs);
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect();
        assert!(
            matches!(
                answers[..],
                [Err(StoreError::Unavailable(_)), Err(StoreError::Refused(_)), Err(StoreError::Unavailable(_))]
            ),
            "{answers:?}"
        );
        assert_eq!(stored(&connection), [0_i64; 0]);
        assert!(connection.is_autocommit());
    }

    #[test]
    fn a_transaction_that_cannot_begin_makes_nothing() {
        let connection = numbers();
        connection.execute_batch("BEGIN").unwrap();
        let (jobs, answers) = jobs(&[&["INSERT INTO number VALUES (1)"]]);
        commit_together(&connection, jobs);
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect();
        assert!(matches!(answers[..], [Err(StoreError::Unavailable(_))]), "{answers:?}");
        assert_eq!(stored(&connection), [0_i64; 0]);
    }

    #[tokio::test]
    async fn a_write_nobody_waits_for_is_made_and_the_rest_is_done_before_the_drop_returns() {
        let writer = Writer::start(numbers(), None).unwrap();
        let insert = |n: i64| writer.write(move |connection| Ok(connection.execute("INSERT INTO number VALUES (?1)", [n])?));
        tokio::select! {
            biased;
            early = insert(1) => assert_eq!(early.unwrap(), 1),
            () = std::future::ready(()) => {}
        }
        insert(2).await.unwrap();
        assert_eq!(writer.write(|connection| Ok(stored(connection))).await.unwrap(), [1, 2]);
    }
}
