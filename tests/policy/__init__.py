"""The policy pack: each rule as a function, the pack as a whole; tests/e2e has it on the real engine."""
