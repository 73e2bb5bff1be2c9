//! The strongest contract: whatever is done to a store, it answers as the in-memory one does.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::operation::{Operation, operation, perform, reads};
use super::{Store, StoreUnderTest};
use crate::MemoryStore;

/// How many sequences are tried, each on a store of its own.
const SEQUENCES: usize = 12;
/// How long a sequence is at the most.
const LONGEST: usize = 120;
/// How many shorter sequences are tried after a failure, each on a store of its own.
const SHRINKS: usize = 150;

/// Does random operations to the store and to a [`MemoryStore`] and compares every answer, and all that can be read in
/// the end. The operations are the same in every run. A failure is reported with a short sequence that shows it.
pub async fn random_operations_agree_with_the_memory_store(make: impl AsyncFn() -> StoreUnderTest) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[42; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let sequences = proptest::collection::vec(operation(), 1..=LONGEST);
    for _ in 0..SEQUENCES {
        let mut tree = sequences.new_tree(&mut runner).expect("sequences can be drawn");
        if let Err(mut difference) = compare(make().await.store(), &tree.current()).await {
            let mut shortest = tree.current();
            for _ in 0..SHRINKS {
                let simpler = match compare(make().await.store(), &tree.current()).await {
                    Err(smaller) => {
                        (difference, shortest) = (smaller, tree.current());
                        tree.simplify()
                    }
                    Ok(()) => tree.complicate(),
                };
                if !simpler {
                    break;
                }
            }
            panic!("{difference}\nafter\n{shortest:#?}");
        }
    }
}

async fn compare(store: Store, operations: &[Operation]) -> Result<(), String> {
    let model: Store = Arc::new(MemoryStore::new());
    for operation in operations.iter().cloned().chain(reads()) {
        let expected = perform(&model, operation.clone()).await.expect("the memory store has no failures");
        let mut difference = format!("{operation:?}\nshould answer {expected:?}\n");
        match perform(&store, operation).await {
            Ok(answer) if answer == expected => continue,
            Ok(answer) => write!(difference, "but answered {answer:?}"),
            Err(error) => write!(difference, "but failed: {error:?}"),
        }
        .expect("text can be written");
        return Err(difference);
    }
    Ok(())
}
