//! A simulated exchange that speaks the HTTP protocol of Yahoo Finance on loopback.
