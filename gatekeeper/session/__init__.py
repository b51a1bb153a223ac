"""The composition root: wires the rooms for one run. The only place that knows them all; it decides nothing itself."""

from gatekeeper.session.equip import equipment, setup
from gatekeeper.session.look import look, make_plan
from gatekeeper.session.run import run

__all__ = ["equipment", "look", "make_plan", "run", "setup"]
