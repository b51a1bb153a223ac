"""What every test of this suite has in common: properties are about values, never about the speed of a machine that others use, too; and what a test
starts hears the signals that it is sent, also where whoever started the suite ignores them (`nohup`, or a script that goes on without waiting)."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("gate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
