"""The profiles of hypothesis: the same texts on every run, unless HYPOTHESIS_PROFILE=search asks for others."""

import os

from hypothesis import HealthCheck, settings

# time is bounded by the number of texts: a machine under load would fail a deadline for nothing
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "search",
    deadline=None,
    print_blob=True,
    max_examples=int(os.environ.get("EXAMPLES", "5000")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
