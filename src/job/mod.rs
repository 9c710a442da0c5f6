//! Jobs as values: nothing here does anything.
