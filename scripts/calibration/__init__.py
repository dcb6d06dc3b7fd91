"""The market's option parameters re-estimated on recorded chains: what docs/calibration.md reports."""
