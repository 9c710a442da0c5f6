//! The kernel: processes, signals, descriptors and clocks; the only unsafe code.
