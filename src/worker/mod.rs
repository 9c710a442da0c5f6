//! One worker: listen, dequeue, run, settle.
