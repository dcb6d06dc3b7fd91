"""Re-estimation of the dynamics of L3F by moments of simulated paths, see docs/validation.md."""
