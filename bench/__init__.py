"""What the judge and the ramp do to simulated services, measured: the same figures for every seed and machine."""
