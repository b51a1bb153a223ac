"""CVSS 3.0 and 3.1 base scores from their vectors (FIRST, CVSS v3.1 specification, section 7.1).

Knows the formula; does not know who gives vectors.
"""

from __future__ import annotations

from gatekeeper.model.finding import Severity

_ATTACK = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY = {"L": 0.77, "H": 0.44}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_INTERACTION = {"N": 0.85, "R": 0.62}
_LOSS = {"H": 0.56, "L": 0.22, "N": 0.0}


def base_score(vector: str) -> float | None:
    """The base score, 0.0 to 10.0, or None for anything that is no CVSS 3 vector."""
    parts = dict(part.partition(":")[::2] for part in vector.split("/"))
    if parts.pop("CVSS", "") not in {"3.0", "3.1"}:
        return None
    try:
        scope = parts["S"]
        exploit = 8.22 * _ATTACK[parts["AV"]] * _COMPLEXITY[parts["AC"]] * _PRIVILEGES[scope][parts["PR"]] * _INTERACTION[parts["UI"]]
        loss = 1 - (1 - _LOSS[parts["C"]]) * (1 - _LOSS[parts["I"]]) * (1 - _LOSS[parts["A"]])
    except KeyError:
        return None
    impact = 6.42 * loss if scope == "U" else 7.52 * (loss - 0.029) - 3.25 * (loss - 0.02) ** 15
    if impact <= 0:
        return 0.0
    return _round_up(min(exploit + impact if scope == "U" else 1.08 * (exploit + impact), 10.0))


def severity_from(vector: str) -> Severity | None:
    """The severity of a vector, in the words of the specification (section 5)."""
    score = base_score(vector)
    if score is None:
        return None
    steps = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
    return next((severity for least, severity in steps if score >= least), Severity.INFO)


def _round_up(value: float) -> float:
    """To one decimal, upwards, as appendix A of the specification does it."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10
