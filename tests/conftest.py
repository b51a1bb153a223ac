"""What every test of this suite has in common: properties are about values, never about the speed of a machine that others use, too."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("gate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")
