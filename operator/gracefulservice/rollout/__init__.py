"""The heart: what a rollout is and what it does next, as pure functions of what was seen and remembered."""
