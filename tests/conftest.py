"""What all tests share: property tests are never judged by the clock, and a run repeats exactly."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
