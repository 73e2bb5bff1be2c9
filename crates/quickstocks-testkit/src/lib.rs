//! Fakes, fault decorators and the store conformance suite. A dev-dependency only.
