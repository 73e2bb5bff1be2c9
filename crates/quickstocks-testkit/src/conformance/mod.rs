//! The contract of the store ports, sentence by sentence, as tests that any store can be put to.
